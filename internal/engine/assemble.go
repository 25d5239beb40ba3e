package engine

import (
	"bytes"
	"context"
	"encoding/hex"
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

	now recognised // of the chunk that is being taken; its memory serves every chunk

	// A mirror's:
	keys  []string                       // of the chunk's items, but those in hand
	known map[string]store.InventoryItem // what the inventory says of them
}

const (
	// missesToRest splits in a row that could not be read mean that the source has trouble, not the splits.
	missesToRest = 8
	// batchSplits bounds the splits of a batch, since each is written down in its commit.
	batchSplits = 2000
	// leastBatch is how much of BatchBytes a lane has at least, however many share it: a commit must be worth its cost.
	leastBatch = 2 << 20
)

// run takes the readings in their order until there are no more, and hands over each batch that is full or has
// waited long enough.
func (a *assembler) run(ctx context.Context) error {
	a.turn.engine.working.Add(1)
	defer a.turn.engine.working.Add(-1)
	a.batch = a.newBatch()
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
			if a.pressing() {
				if err := a.flush(ctx); err != nil {
					return err
				}
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
			if a.pressing() {
				if err := a.flush(ctx); err != nil {
					return err
				}
				a.batch.open(r)
			}
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
		if a.turn.careful || a.full() || len(a.batch.splits) >= batchSplits {
			return a.flush(ctx)
		}
		return nil
	}
	if stopped(ctx, r.err) {
		return context.Cause(ctx)
	}
	back := a.turn.engine.setback(r.delivery, r.err)
	if a.misses++; back.State == store.Pending && (stopsLane(r.err) || a.misses >= missesToRest) {
		a.turn.halt(r.err)
	}
	a.batch.backs = append(a.batch.backs, back)
	a.turn.sayBack(back, r.err)
	return nil
}

// sayBack logs a setback: loudly if a person should know.
func (t *turn) sayBack(back store.Setback, err error) {
	log := t.engine.log.With("flow", t.flow.Object.Name, "stream", back.Split.Stream, "split", back.Split.ID, "class", fault.ClassOf(err), "err", err)
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
	a.turn.feed.took(c)
	if !isOwn(r.delivery.Split) {
		a.turn.engine.sample(a.turn.source, c.records)
	}
	if !a.turn.flow.Mirror { // a mirror's chunk is judged by who made more of it
		a.turn.judge(c)
	}
	known, err := a.recognise(ctx, r, c)
	if err != nil {
		return err
	}
	if a.turn.flow.Mirror {
		if err := a.look(ctx, c); err != nil {
			return err
		}
	}
	for i := range c.records {
		at := a.batch.last()
		r.taken++
		at.read++
		at.upTo++
		at.counts.Fetched++
		if known.repeat(i) {
			at.counts.Repeats++
			at.leans = at.leans || known.leans[i]
			continue
		}
		from := len(a.batch.records)
		switch {
		case c.refused[i] != nil:
			a.bury(r.delivery, c.records[i], "source", known.place(c.records[i]), c.refused[i])
		case a.turn.flow.Mirror:
			err = a.mirror(ctx, r.delivery, c.records[i], c.made[i])
		default:
			err = a.record(ctx, r.delivery, c.records[i])
		}
		if err != nil {
			return err
		}
		if !a.turn.flow.Spec.Keyed {
			a.batch.remember(r.delivery.Generation, c.records[i].Time, known.hashes[i], from)
			a.inHand.add(known.hashes[i])
		}
		if len(a.batch.records) > from {
			a.batch.use(c)
		}
		if a.full() {
			if err := a.flush(ctx); err != nil {
				return err
			}
			a.batch.open(r)
		}
	}
	a.turn.engine.drop(c)
	return nil
}

// judge refuses what no destination takes, beside what the source refused.
func (t *turn) judge(c *chunk) {
	for i, r := range c.records {
		if c.refused[i] == nil {
			c.refused[i] = t.unfit(r)
		}
	}
}

// unfit tells why no destination takes a record; nil: it may.
func (t *turn) unfit(r connector.Record) error {
	bound := t.flow.MaxRecord
	if bound == 0 {
		bound = t.engine.set.MaxRecord
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

// record adds one record, transformed if the flow says so.
func (a *assembler) record(ctx context.Context, d store.Delivery, r connector.Record) error {
	if a.turn.flow.Transform == nil || r.Op == connector.Delete {
		return a.add(d, r, r)
	}
	return a.transform(ctx, d, r)
}

// transform adds what the flow's transform makes of one record. Apart from record, where each record would be allocated for
// the function that is here.
func (a *assembler) transform(ctx context.Context, d store.Delivery, r connector.Record) error {
	from, emitted := len(a.batch.records), 0
	err := a.turn.flow.Transform(ctx, r, func(out connector.Record) error {
		emitted++
		return a.add(d, r, out)
	})
	return a.transformed(ctx, d, r, from, emitted, err)
}

// transformed settles a record of which the transform made so many, from that place of the batch on.
func (a *assembler) transformed(ctx context.Context, d store.Delivery, r connector.Record, from, emitted int, err error) error {
	switch {
	case err == nil && emitted == 0:
		a.batch.last().counts.Dropped++
		return nil
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case fault.ClassOf(err) == fault.Invalid:
		a.batch.cutBack(from)
		a.bury(d, r, "transform", "", err)
		return nil
	}
	return fmt.Errorf("transform for %s: %w", a.turn.flow.Object.Name, err)
}

// add puts one record into the batch, as it will be written. source is what it was made of.
func (a *assembler) add(d store.Delivery, source, out connector.Record) error {
	if a.turn.flow.Prepare != nil {
		return a.prepare(d, source, out)
	}
	a.batch.put(out, source)
	return nil
}

// bury makes a dead letter of a record.
func (a *assembler) bury(d store.Delivery, r connector.Record, stage, place string, reason error) {
	letter := letterOf(d, r, stage, reason)
	letter.Place = place
	a.batch.letters = append(a.batch.letters, letter)
	a.batch.bytes += len(letter.Body)
	a.batch.last().counts.Dead++
	if a.turn.flow.Mirror {
		a.saw(d, r.Key)
	}
}

func letterOf(d store.Delivery, r connector.Record, stage string, reason error) store.DeadLetter {
	return store.DeadLetter{FlowID: d.FlowID, SplitID: d.SplitID, RunID: d.RunID, Key: r.Key, Op: r.Op, Time: r.Time, Stream: r.Stream, Tenant: r.Tenant,
		Body: bytes.Clone(r.Body), Stage: stage, Class: fault.ClassOf(reason).String(), Reason: reason.Error(), Hint: fault.HintOf(reason)}
}

// place tells letters apart that have neither key nor body.
func (k *recognised) place(r connector.Record) string {
	if r.Key != "" || len(r.Body) > 0 || len(k.places) == 0 {
		return ""
	}
	first := k.places[0]
	k.places = k.places[1:]
	return hex.EncodeToString(first[:])
}

// full tells whether a batch should hold no more. What it keeps in memory beside its records counts too: the chunks
// that they stand in, and what is only remembered. Large batches cost less, but a process with many lanes at work must
// not need many times the memory.
func (a *assembler) full() bool {
	set, spec := a.turn.engine.set, a.turn.flow.Spec
	records, size := set.BatchCount, max(set.BatchBytes/int(a.turn.engine.working.Load()), min(set.BatchBytes, leastBatch))
	held := 2 * size
	if spec.BatchRecords > 0 {
		records = min(records, spec.BatchRecords)
	}
	if spec.BatchBytes > 0 {
		size = min(size, spec.BatchBytes)
	}
	b := a.batch
	return len(b.records) >= records || b.bytes >= size || b.held >= held || b.memory() >= 4*set.BatchCount
}

// pressing tells whether a batch has waited long enough. One that only says that items were seen does not press: the more
// of them are written down together, the less it takes for each.
func (a *assembler) pressing() bool {
	b := a.batch
	return b.sighted == 0 || len(b.records)+len(b.letters)+len(b.backs) > 0
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
		a.batch = a.newBatch()
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// newBatch takes the memory of a batch that was written, if there is one.
func (a *assembler) newBatch() *batch {
	select {
	case b := <-a.turn.written:
		b.reset()
		return b
	default:
		return newBatch(a.turn.flow.Transform != nil || a.turn.flow.Prepare != nil)
	}
}
