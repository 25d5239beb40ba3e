package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// write writes batches one at a time and commits each. A batch that has begun may end within the grace period after a
// stop request.
func (t *turn) write(ctx context.Context, batches <-chan *batch, inHand *inHand) error {
	for b := range batches {
		if ctx.Err() != nil {
			continue // somebody failed: this batch was never begun
		}
		grace, cancel := graceful(ctx, t.engine.set.Grace)
		err := t.writeOne(grace, b, inHand)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// graceful gives a context that outlives a stop request by the grace period, but not a lost lease.
func graceful(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if isLeaseLost(context.Cause(ctx)) {
			cancel(store.ErrLeaseLost)
			return
		}
		timer := time.AfterFunc(grace, func() { cancel(context.Canceled) })
		context.AfterFunc(out, func() { timer.Stop() })
	})
	return out, func() { stop(); cancel(context.Canceled) }
}

// writeOne writes one batch and commits what became of it.
func (t *turn) writeOne(ctx context.Context, b *batch, inHand *inHand) error {
	if t.flow.Mirror && len(b.items) > 0 {
		if err := t.engine.store.MarkSending(ctx, t.lane, b.items); err != nil {
			return fmt.Errorf("mark what is being sent: %w", err)
		}
	}
	result := connector.Result{Receipt: t.lane.Receipt}
	if len(b.records) > 0 {
		var err error
		result, err = t.flow.Write(ctx, connector.Batch{ID: b.id, Lane: t.lane.Number, After: t.lane.Receipt, Records: b.records})
		if err == nil && len(result.Outcomes) != len(b.records) {
			err = fault.New(fault.Internal, "the destination gave %d outcomes for %d records", len(result.Outcomes), len(b.records))
		}
		if err != nil {
			return t.notWritten(ctx, b, fmt.Errorf("write to %s: %w", t.flow.Object.Name, err))
		}
	}
	t.settle(b, result)
	if err := t.commit(ctx, b, result); err != nil {
		return err
	}
	t.lane.Receipt = result.Receipt
	for key, hashes := range b.seen {
		t.engine.memory.add(key, hashes)
		inHand.remove(hashes)
	}
	for _, c := range b.chunks {
		t.engine.drop(c)
	}
	for _, s := range b.splits {
		if s.done {
			t.feed.ended(s.delivery.SplitID)
		}
	}
	if result.Stopped != nil {
		return fmt.Errorf("write to %s: %w", t.flow.Object.Name, result.Stopped)
	}
	return nil
}

// notWritten settles a batch of which nothing counts. An error that trying again won't mend counts against its
// deliveries; the lane rests in any case.
func (t *turn) notWritten(ctx context.Context, b *batch, err error) error {
	switch fault.ClassOf(err) {
	case fault.Invalid, fault.Internal:
		backs := b.backs
		for _, s := range b.splits {
			backs = append(backs, t.engine.setback(s.delivery, err))
		}
		if back := t.engine.store.SetBack(ctx, t.lane, t.source.Object.ID, backs); back != nil {
			return back
		}
	}
	return err
}

// settle turns outcomes into counts, dead letters and inventory.
func (t *turn) settle(b *batch, result connector.Result) {
	for i := range b.records {
		part, outcome, r := b.splits[b.owner[i]], result.Outcomes[i], b.records[i]
		switch outcome.Kind {
		case connector.Stored:
			part.counts.Delivered++
			part.counts.Bytes += int64(len(r.Body))
			if r.Op == connector.Delete {
				part.counts.Deleted++
			}
			if r.Time.After(part.counts.Newest) {
				part.counts.Newest = r.Time
			}
		case connector.Rejected:
			part.counts.Dead++
			b.letters = append(b.letters, letter(part.delivery, r, "destination", outcome.Err))
		case connector.NotTried:
			part.failed = true
		}
		if t.flow.Mirror {
			b.items[i] = sentItem(b.items[i], r, outcome)
		}
	}
	b.forgetUntried(result.Outcomes)
}

// commit remembers a batch in one transaction, and then what could not be read.
func (t *turn) commit(ctx context.Context, b *batch, result connector.Result) error {
	done := store.Committed{Receipt: result.Receipt, SourceID: t.source.Object.ID, Keep: t.engine.set.Lease, Letters: b.letters}
	for _, s := range b.splits {
		if s.read == 0 && !s.done && s.counts == (store.Counts{}) {
			continue
		}
		p := store.Progressed{Delivery: s.delivery, Done: s.done && !s.failed, Revision: t.flow.Object.Revision, Counts: s.counts, Read: s.delivery.Progress}
		if t.source.Spec.StableOrder && !s.failed {
			p.Read = s.upTo
		}
		done.Deliveries = append(done.Deliveries, p)
	}
	for key, hashes := range b.seen {
		done.Seen = append(done.Seen, store.SeenBlock{Generation: key.generation, Hour: key.hour, Hashes: hashes})
	}
	done.Inventory = append(b.items, b.unchanged...)
	if len(done.Deliveries) > 0 {
		if err := t.engine.store.CommitBatch(ctx, t.lane, done); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
	}
	if err := t.engine.store.SetBack(ctx, t.lane, t.source.Object.ID, b.backs); err != nil {
		return fmt.Errorf("put deliveries off: %w", err)
	}
	for _, back := range b.backs {
		t.feed.ended(back.SplitID)
	}
	return nil
}
