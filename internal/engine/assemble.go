package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// assembler makes batches of what was read: it drops repeats, transforms, and for a mirror prepares and compares.
type assembler struct {
	turn   *turn
	inHand *inHand
	out    chan<- *batch
	batch  *batch
	count  int
	misses int // splits in a row that could not be read
}

// missesToRest splits in a row that could not be read mean that the source has trouble, not the splits.
const missesToRest = 8

// run takes the readings in their order until there are no more, and hands over each batch that is full or has
// waited long enough.
func (a *assembler) run(ctx context.Context) error {
	a.batch = newBatch()
	linger := time.NewTimer(a.turn.engine.set.Linger)
	defer linger.Stop()
	for {
		select {
		case r, ok := <-a.turn.feed.readings:
			if !ok {
				return a.flush(ctx)
			}
			if err := a.take(ctx, r, linger); err != nil {
				return err
			}
		case <-linger.C:
			if err := a.flush(ctx); err != nil {
				return err
			}
			linger.Reset(a.turn.engine.set.Linger)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// take puts one split's records into batches.
func (a *assembler) take(ctx context.Context, r *reading, linger *time.Timer) error {
	a.batch.open(r)
	for {
		select {
		case c, ok := <-r.chunks:
			if !ok {
				return a.endSplit(ctx, r)
			}
			if err := a.chunk(ctx, r, c); err != nil {
				return err
			}
		case <-linger.C:
			if err := a.flush(ctx); err != nil {
				return err
			}
			a.batch.open(r)
			linger.Reset(a.turn.engine.set.Linger)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// endSplit settles a split that was read to its end, or that could not be.
func (a *assembler) endSplit(ctx context.Context, r *reading) error {
	if r.err == nil {
		a.batch.last().done = true
		a.misses = 0
		return a.flushIfFull(ctx)
	}
	if stopped(ctx, r.err) {
		return context.Cause(ctx)
	}
	back := a.turn.engine.setback(r.delivery, r.err)
	if a.misses++; back.State == store.Pending && (stopsLane(r.err) || a.misses >= missesToRest) {
		a.turn.halt(r.err)
	}
	a.batch.backs = append(a.batch.backs, back)
	a.sayBack(back, r.err)
	return nil
}

func (a *assembler) sayBack(back store.Setback, err error) {
	log := a.turn.engine.log.With("flow", a.turn.flow.Object.Name, "stream", back.Split.Stream, "split", back.Split.ID, "class", fault.ClassOf(err), "err", err)
	switch back.State {
	case store.Lost:
		log.Error("content is lost", "hint", fault.HintOf(err))
	case store.Failed:
		log.Error("a delivery has failed", "hint", fault.HintOf(err), "attempts", back.Attempts+1)
	default:
		log.Debug("a delivery waits", "state", back.State, "again", back.Due)
	}
}

// chunk takes some records of a split.
func (a *assembler) chunk(ctx context.Context, r *reading, c *chunk) error {
	c.users.Add(1) // ours
	repeats, hashes, err := a.repeats(ctx, r, c)
	if err != nil {
		return err
	}
	a.batch.use(c)
	for i := range c.records {
		at := a.batch.last()
		r.taken++
		at.read++
		at.upTo++
		at.counts.Fetched++
		if repeats != nil && repeats[i] {
			at.counts.Repeats++
			continue
		}
		from := len(a.batch.records)
		if err := a.record(ctx, r.delivery, c.records[i], c.refused[i]); err != nil {
			return err
		}
		if hashes != nil {
			a.batch.remember(r.delivery.Generation, c.records[i].Time, hashes[i], from)
			a.inHand.add(hashes[i])
		}
		if a.full() {
			if err := a.flush(ctx); err != nil {
				return err
			}
			a.batch.open(r)
			a.batch.use(c)
		}
	}
	a.turn.engine.drop(c)
	return nil
}

// record refuses, transforms and adds one record.
func (a *assembler) record(ctx context.Context, d store.Delivery, r connector.Record, refused error) error {
	if refused == nil {
		refused = a.unfit(r)
	}
	if refused != nil {
		a.bury(d, r, "source", refused)
		return nil
	}
	if a.turn.flow.Transform == nil || r.Op == connector.Delete {
		return a.add(ctx, d, r, r)
	}
	emitted := 0
	err := a.turn.flow.Transform(ctx, r, func(out connector.Record) error {
		emitted++
		return a.add(ctx, d, r, out)
	})
	switch {
	case err == nil && emitted == 0:
		a.batch.last().counts.Dropped++
		return nil
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case fault.ClassOf(err) == fault.Invalid:
		a.batch.cutBack(emitted)
		a.bury(d, r, "transform", err)
		return nil
	}
	return err
}

// unfit refuses what no destination takes.
func (a *assembler) unfit(r connector.Record) error {
	bound := a.turn.flow.MaxRecord
	if bound == 0 {
		bound = a.turn.engine.set.MaxRecord
	}
	if int64(len(r.Body)) > bound {
		return &fault.Error{Class: fault.Invalid, Code: "record_too_large", Title: fmt.Sprintf("the record has %d bytes, at most %d are taken", len(r.Body), bound),
			Hint: "raise maxRecord of the destination and replay"}
	}
	if r.Op == connector.Upsert {
		if body := bytes.TrimLeft(r.Body, " \t\r\n"); len(body) == 0 || body[0] != '{' {
			return &fault.Error{Class: fault.Invalid, Code: "not_an_object", Title: "the record is not a JSON object", Hint: "look at it with `headrace deadletter show`; nothing else is affected"}
		}
	}
	return nil
}

// add puts one record into the batch, as it will be written.
func (a *assembler) add(ctx context.Context, d store.Delivery, source, out connector.Record) error {
	if a.turn.flow.Prepare != nil {
		return a.mirror(ctx, d, source, out)
	}
	a.batch.put(out)
	return nil
}

// bury makes a dead letter of a record.
func (a *assembler) bury(d store.Delivery, r connector.Record, stage string, reason error) {
	a.batch.letters = append(a.batch.letters, letter(d, r, stage, reason))
	a.batch.last().counts.Dead++
}

func letter(d store.Delivery, r connector.Record, stage string, reason error) store.DeadLetter {
	return store.DeadLetter{FlowID: d.FlowID, SplitID: d.SplitID, RunID: d.RunID, Key: r.Key, Op: r.Op, Time: r.Time, Stream: r.Stream, Tenant: r.Tenant,
		Body: bytes.Clone(r.Body), Stage: stage, Class: fault.ClassOf(reason).String(), Reason: reason.Error(), Hint: fault.HintOf(reason)}
}

// repeats tells which records of a chunk were delivered before, or are in hand. nil, nil for destinations that
// recognise a key themselves.
func (a *assembler) repeats(ctx context.Context, r *reading, c *chunk) ([]bool, []connector.Hash, error) {
	if a.turn.flow.Spec.Keyed {
		return nil, nil, nil
	}
	d := r.delivery
	hashes := make([]connector.Hash, len(c.records))
	repeat := make([]bool, len(c.records))
	hours := map[int64][]int{}
	here := make(map[connector.Hash]bool, len(c.records))
	for i := range c.records {
		hashes[i] = recordHash(c.records[i])
		if c.records[i].Key == "" && len(c.records[i].Body) == 0 {
			hashes[i] = placeHash(d, r.taken+int64(i))
		}
		if here[hashes[i]] || a.inHand.has(hashes[i]) {
			repeat[i] = true
			continue
		}
		here[hashes[i]] = true
		hours[hourOf(c.records[i].Time)] = append(hours[hourOf(c.records[i].Time)], i)
	}
	for hour, at := range hours {
		key := hourKey{d.FlowID, d.Generation, hour}
		ask := make([]connector.Hash, len(at))
		for k, i := range at {
			ask[k] = hashes[i]
		}
		maybe, err := a.turn.engine.memory.maybe(ctx, a.turn.engine.store, key, ask)
		if err != nil {
			return nil, nil, err
		}
		if len(maybe) == 0 {
			continue
		}
		seen, err := a.turn.engine.store.Seen(ctx, key.flow, key.generation, key.hour, maybe)
		if err != nil {
			return nil, nil, err
		}
		for _, i := range at {
			repeat[i] = seen[hashes[i]]
		}
	}
	return repeat, hashes, nil
}

// recordHash recognises a record: by its key, or by its bytes if it has none.
func recordHash(r connector.Record) connector.Hash {
	var sum [32]byte
	if r.Key != "" {
		sum = sha256.Sum256([]byte(r.Key))
	} else {
		sum = sha256.Sum256(r.Body)
		sum[0] ^= 0xff // no key's hash, even of the same bytes
	}
	return connector.Hash(sum[:16])
}

// hourOf is the hour under which a record is remembered.
func hourOf(t time.Time) int64 {
	s := t.Unix()
	if s < 0 {
		return (s - 3599) / 3600
	}
	return s / 3600
}

// placeHash recognises a record that has neither key nor bytes by where it stands.
func placeHash(d store.Delivery, position int64) connector.Hash {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", d.Split.ID, position))
	return connector.Hash(sum[:16])
}

func (a *assembler) full() bool {
	set, spec := a.turn.engine.set, a.turn.flow.Spec
	records, size := set.BatchCount, set.BatchBytes
	if spec.BatchRecords > 0 {
		records = min(records, spec.BatchRecords)
	}
	if spec.BatchBytes > 0 {
		size = min(size, spec.BatchBytes)
	}
	return len(a.batch.records) >= records || a.batch.bytes >= size
}

func (a *assembler) flushIfFull(ctx context.Context) error {
	if !a.full() && len(a.batch.splits) < 2000 {
		return nil
	}
	return a.flush(ctx)
}

// flush hands the batch over and begins a new one. It waits while the one before is still being written.
func (a *assembler) flush(ctx context.Context) error {
	if a.batch.empty() {
		return nil
	}
	a.count++
	a.batch.id = a.turn.batchID(a.count)
	select {
	case a.out <- a.batch:
		a.batch = newBatch()
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
