package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// write writes batches one at a time and commits each. A batch that has begun may end within the grace period after a
// stop request, as long as the lease is ours.
func (t *turn) write(ctx, lease context.Context, batches <-chan *batch, inHand *inHand) error {
	for b := range batches {
		if ctx.Err() != nil {
			continue // somebody failed: this batch was never begun
		}
		grace, cancel := graceful(ctx, lease, t.engine.set.Grace)
		err := t.writeOne(grace, b, inHand)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// graceful gives a context that outlives ctx by the grace period, but not the lease.
func graceful(ctx, lease context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(lease)
	unlink := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(out, func() { timer.Stop() })
	})
	return out, func() { unlink(); cancel() }
}

// writeOne writes one batch and commits what became of it.
func (t *turn) writeOne(ctx context.Context, b *batch, inHand *inHand) error {
	if len(b.items) > 0 {
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
	delivered := b.seen // with those that were not tried: they leave our hands too
	t.settle(b, &result)
	if err := t.commit(ctx, b, result); err != nil {
		return err
	}
	t.lane.Receipt = result.Receipt
	t.letGo(b, delivered, inHand)
	if result.Stopped != nil {
		return fmt.Errorf("write to %s: %w", t.flow.Object.Name, result.Stopped)
	}
	return nil
}

// letGo frees what a committed batch held. Its keys are in the filters before they are no longer in hand, so that
// nobody takes them for new in between.
func (t *turn) letGo(b *batch, keys map[hourKey][]connector.Hash, inHand *inHand) {
	for key, hashes := range b.seen {
		t.engine.memory.add(key, hashes)
	}
	for _, hashes := range keys {
		for _, h := range hashes {
			inHand.remove(h)
		}
	}
	for key := range b.sending {
		inHand.remove(itemHash(key))
	}
	for _, c := range b.chunks {
		t.engine.drop(c)
	}
	for _, s := range b.splits {
		if s.done && !s.failed {
			t.feed.ended(s.delivery.SplitID)
		}
	}
	select {
	case t.written <- b:
	default: // there are enough
	}
}

// poisonRest bounds how long a lane rests because of one split: as if so many writes had failed in a row.
const poisonRest = 3

// notWritten settles a batch of which nothing counts. The lane rests. Trying an Invalid or Internal error again does not mend
// it, so the split counts the attempt if it was alone in its batch; if it was not, nobody knows whose fault it is, and the
// lane's next turn writes each split alone.
func (t *turn) notWritten(ctx context.Context, b *batch, err error) error {
	backs := b.backs
	switch fault.ClassOf(err) {
	case fault.Invalid, fault.Internal:
		if s, alone := b.alone(); alone {
			back := t.engine.setback(s.delivery, err)
			if back.State == store.Pending { // the others of the lane have their turn before
				back.Due = back.Due.Add(pause(t.engine.store.Now(), nil, poisonRest+1).Sub(t.engine.store.Now()))
			}
			backs = append(backs, back)
			t.sayBack(back, err)
			t.poisoned = true
		}
	}
	if back := t.engine.store.SetBack(ctx, t.lane, t.source.Object.ID, backs); back != nil {
		return fmt.Errorf("put deliveries off: %w", back)
	}
	return err
}

// settle turns outcomes into counts, dead letters and inventory.
func (t *turn) settle(b *batch, result *connector.Result) {
	untried := 0
	for i, r := range b.records {
		part, outcome := b.splits[b.owner[i]], result.Outcomes[i]
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
			b.letters = append(b.letters, letterOf(part.delivery, b.source(i), "destination", refusal(outcome)))
		default:
			untried++
		}
		if t.flow.Mirror {
			b.items[i] = sentItem(b.items[i], r, outcome)
		}
	}
	if untried > 0 {
		b.forgetUntried(result.Outcomes)
	}
	if untried == 0 && t.versioned() {
		b.seen = nil // the deliveries' progress, committed with it, says as much
	}
	if untried > 0 && result.Stopped == nil { // what follows must not be written as if these were
		result.Stopped = fault.New(fault.Internal, "the destination did not try %d records and gave no reason", untried)
	}
}

// versioned tells whether each record has its place in one version of a thing, which is never read again once progress has
// passed it.
func (t *turn) versioned() bool { return t.source.Spec.Mutable && t.source.Spec.StableOrder }

func refusal(o connector.Outcome) error {
	if o.Err == nil {
		return fault.New(fault.Invalid, "the destination refused the record and gave no reason")
	}
	return o.Err
}

// stuck tells that the destination took nothing and said why.
func stuck(result connector.Result) bool {
	return result.Stopped != nil && !slices.ContainsFunc(result.Outcomes, func(o connector.Outcome) bool { return o.Kind != connector.NotTried })
}

// commit remembers a batch in one transaction, and then what could not be read.
func (t *turn) commit(ctx context.Context, b *batch, result connector.Result) error {
	done := store.Committed{Receipt: result.Receipt, SourceID: t.source.Object.ID, Keep: t.engine.set.Lease, Letters: b.letters, Saw: b.saw, Stuck: stuck(result)}
	for _, s := range b.splits {
		if s.read == 0 && !s.done && s.counts == (store.Counts{}) {
			continue
		}
		if len(s.holds) > 0 {
			done.Sightings = append(done.Sightings, store.Sighting{DestinationID: t.flow.Object.DestinationID, SplitID: s.delivery.SplitID, Crawl: s.delivery.Crawl, Hashes: s.holds})
		}
		p := store.Progressed{Delivery: s.delivery, Done: s.done && !s.failed, Revision: t.flow.revision, Counts: s.counts, Read: s.delivery.Progress, Doubt: s.doubt}
		if t.source.Spec.StableOrder {
			if p.Read = s.upTo; s.failed {
				p.Read = s.upTo - s.read
			}
		}
		done.Deliveries = append(done.Deliveries, p)
	}
	for key, hashes := range b.seen {
		done.Seen = append(done.Seen, store.SeenBlock{Generation: key.generation, Hour: key.hour, Hashes: hashes})
	}
	done.Inventory = slices.AppendSeq(slices.Clone(b.items), maps.Values(b.kept))
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
