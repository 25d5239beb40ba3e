package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// foreseen is what one record becomes.
type foreseen struct {
	outs []out
	err  error // of the transform: the record is refused, nothing of it is sent
}

// out is one record after the transform, as it will be sent.
type out struct {
	connector.Record
	prepared []connector.Prepared
	err      error // of Prepare
}

// foresee transforms and prepares a chunk's records for a mirror. Readers do it, so that it goes on beside the comparing
// and writing of what came before.
func (t *turn) foresee(ctx context.Context, c *chunk) error {
	if !t.flow.Mirror {
		return nil
	}
	t.judge(c)
	for i, r := range c.records {
		var f foreseen
		if c.refused[i] == nil {
			f = t.make(ctx, r)
		}
		c.made = append(c.made, f)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// look looks all items of a chunk up at once: a question to the inventory for each record would cost more than all the
// rest.
func (a *assembler) look(ctx context.Context, c *chunk) error {
	a.keys = a.keys[:0]
	for _, f := range c.made {
		for _, o := range f.outs {
			for _, p := range o.prepared {
				// What is in hand will have replaced what the inventory knows now.
				if !a.inHand.has(itemHash(p.Key)) {
					a.keys = append(a.keys, p.Key)
				}
			}
		}
	}
	var err error
	a.known, err = a.turn.engine.store.Items(ctx, a.turn.flow.Object.DestinationID, a.keys)
	return err
}

// make transforms and prepares one record.
func (t *turn) make(ctx context.Context, r connector.Record) foreseen {
	var f foreseen
	emit := func(o connector.Record) error { f.outs = append(f.outs, out{Record: o}); return nil }
	if t.flow.Transform == nil || r.Op == connector.Delete {
		_ = emit(r)
	} else {
		f.err = t.flow.Transform(ctx, r, emit)
	}
	for i := range f.outs {
		if o := &f.outs[i]; f.err == nil && o.Op != connector.Delete && r.Key != "" {
			o.prepared, o.err = t.flow.Prepare(o.Record)
		}
	}
	return f
}

// mirror compares what a record became with the inventory: only what changed is sent.
func (a *assembler) mirror(ctx context.Context, d store.Delivery, source connector.Record, made foreseen) error {
	if made.err == nil {
		for _, o := range made.outs {
			if err := a.mirrorOne(ctx, d, source, o); err != nil {
				return err
			}
		}
	}
	return a.transformed(ctx, d, source, len(a.batch.records), len(made.outs), made.err)
}

func (a *assembler) mirrorOne(ctx context.Context, d store.Delivery, source connector.Record, o out) error {
	switch {
	case strings.HasPrefix(d.Split.ID, store.DeletePrefix):
		return a.deleteUnseen(ctx, d, o.Record)
	case o.Op == connector.Delete:
		return a.delete(ctx, d, o.Record)
	case source.Key == "":
		a.bury(d, source, "prepare", "", errNoKey())
		return nil
	case o.err != nil:
		return a.unprepared(d, source, o.err)
	}
	a.turn.sayNotes(source, o.prepared)
	a.compare(d, source, o.prepared)
	return nil
}

func errNoKey() error {
	return fault.New(fault.Invalid, "the record has no key, so its item could not be found again").
		WithHint("name the field that tells records apart with key: in the source's settings")
}

// prepare makes of one record what a keyed destination is sent that is no mirror.
func (a *assembler) prepare(d store.Delivery, source, r connector.Record) error {
	prepared, err := a.turn.flow.Prepare(r)
	if err != nil {
		return a.unprepared(d, source, err)
	}
	a.turn.sayNotes(source, prepared)
	for _, p := range prepared {
		a.batch.put(p.Record, source)
	}
	return nil
}

// sayNotes logs what was left out of a record on its way.
func (t *turn) sayNotes(source connector.Record, prepared []connector.Prepared) {
	for _, p := range prepared {
		if len(p.Notes) > 0 {
			t.engine.log.Warn("an item is not all that its record says", "flow", t.flow.Object.Name, "item", p.Key, "record", source.Key, "notes", p.Notes)
		}
	}
}

// unprepared buries a record of which the destination can make nothing.
func (a *assembler) unprepared(d store.Delivery, source connector.Record, err error) error {
	if fault.ClassOf(err) != fault.Invalid {
		return fmt.Errorf("prepare for %s: %w", a.turn.flow.Object.Name, err)
	}
	a.bury(d, source, "prepare", "", err)
	return nil
}

// compare sends what is new or changed. Of what is neither, a crawl only remembers that the split holds it.
func (a *assembler) compare(d store.Delivery, source connector.Record, prepared []connector.Prepared) {
	for _, p := range prepared {
		item, ok := a.known[p.Key]
		if !ok || item.State != store.Sent || item.Content != p.Content || item.ACL != p.ACL {
			a.send(d, source, p.Record, store.InventoryItem{Content: p.Content, ACL: p.ACL})
			continue
		}
		a.batch.last().counts.Repeats++
		if d.Crawl != 0 && item.SourceHash == store.KeyHash(source.Key) {
			a.batch.holds(store.KeyHash(p.Key))
			continue
		}
		item.SourceKey, item.SplitID, item.Crawl = source.Key, d.SplitID, max(item.Crawl, a.crawl(d))
		a.batch.kept[p.Key] = item
	}
}

// crawl is the number under which an item is marked as seen: of the crawl that wants the split, else of the newest.
func (a *assembler) crawl(d store.Delivery) int64 {
	if d.Crawl != 0 {
		return d.Crawl
	}
	return a.turn.crawl
}

// send puts a record into the batch with the inventory item that it will be. What was known of the key no longer counts: a
// later record with it is sent too.
func (a *assembler) send(d store.Delivery, source, r connector.Record, item store.InventoryItem) {
	item.DestinationID, item.Key, item.SourceKey, item.SplitID, item.Crawl = a.turn.flow.Object.DestinationID, r.Key, source.Key, d.SplitID, a.crawl(d)
	a.batch.put(r, source)
	a.batch.items = append(a.batch.items, item)
	delete(a.batch.kept, r.Key)
	delete(a.known, r.Key)
	if !a.batch.sending[r.Key] {
		a.batch.sending[r.Key] = true
		a.inHand.add(itemHash(r.Key))
	}
}

// itemHash recognises an item's key among what is in hand.
func itemHash(key string) connector.Hash { return hashOf("item", []byte(key)) }

// delete sends deletes for every item that a key of the source has become.
func (a *assembler) delete(ctx context.Context, d store.Delivery, r connector.Record) error {
	if a.turn.flow.Rules.Deletes == "never" {
		a.batch.last().counts.Dropped++
		return nil
	}
	items, err := a.turn.engine.store.ItemsOf(ctx, a.turn.flow.Object.DestinationID, r.Key)
	if err != nil {
		return err
	}
	for _, item := range items {
		gone := r
		gone.Key, gone.Body = item.Key, nil
		a.send(d, r, gone, store.InventoryItem{Delete: true})
	}
	return nil
}

// deleteUnseen deletes an item that a crawl did not see, unless it has been seen since.
func (a *assembler) deleteUnseen(ctx context.Context, d store.Delivery, r connector.Record) error {
	inHand := a.inHand.has(itemHash(r.Key)) // asked first: what is committed in between is known then
	known, err := a.turn.engine.store.Items(ctx, a.turn.flow.Object.DestinationID, []string{r.Key})
	if err != nil {
		return err
	}
	if item, ok := known[r.Key]; !ok || item.Crawl >= d.Crawl || inHand {
		a.batch.last().counts.Repeats++
		return nil
	}
	a.send(d, r, r, store.InventoryItem{Delete: true})
	return nil
}

// saw keeps the items of a refused record from being deleted as absent. Without a key nobody knows which they are: then
// its crawl deletes nothing.
func (a *assembler) saw(d store.Delivery, sourceKey string) {
	if sourceKey == "" {
		a.batch.last().doubt = true
		return
	}
	a.batch.saw = append(a.batch.saw, store.SawKey{DestinationID: a.turn.flow.Object.DestinationID, SourceKey: sourceKey, SplitID: d.SplitID, Crawl: a.crawl(d)})
}

// sentItem is what an inventory item is after its record's outcome.
func sentItem(item store.InventoryItem, r connector.Record, o connector.Outcome) store.InventoryItem {
	switch {
	case o.Kind == connector.Stored && r.Op == connector.Delete:
		item.Gone = true
	case o.Kind == connector.Stored:
		item.State = store.Sent
	case o.Kind == connector.Rejected:
		item.State = store.SendFailed
		if o.Err != nil {
			item.Error = o.Err.Error()
		}
	default:
		item.State = store.Sending
	}
	return item
}

// isOwn tells whether we made a split ourselves: deletes of a crawl, or a dead letter that is tried again.
func isOwn(split connector.Split) bool {
	return strings.HasPrefix(split.ID, store.DeletePrefix) || strings.HasPrefix(split.ID, store.ReplayPrefix)
}

// ownSplit reads a split that we made ourselves; nil: it is the source's.
func (t *turn) ownSplit(ctx context.Context, d store.Delivery) iter.Seq2[connector.Record, error] {
	split := d.Split
	switch {
	case strings.HasPrefix(split.ID, store.DeletePrefix):
		return t.unseen(ctx, d)
	case strings.HasPrefix(split.ID, store.ReplayPrefix):
		return func(yield func(connector.Record, error) bool) {
			var r store.ReplayedRecord
			if err := json.Unmarshal(split.Inline, &r); err != nil {
				yield(connector.Record{}, fmt.Errorf("read the dead letter: %w", err))
				return
			}
			yield(connector.Record{Key: r.Key, Op: r.Op, Time: r.Time, Body: r.Body, Stream: r.Stream}, nil)
		}
	}
	return nil
}

// unseen gives deletes of what a crawl did not see, of the range of the inventory that a split of ours names.
func (t *turn) unseen(ctx context.Context, d store.Delivery) iter.Seq2[connector.Record, error] {
	const page = 1000
	crawled := store.Crawled{DestinationID: t.flow.Object.DestinationID, FlowID: d.FlowID, Number: d.Crawl}
	return func(yield func(connector.Record, error) bool) {
		var among store.DeleteRange
		if err := json.Unmarshal(d.Split.Inline, &among); err != nil {
			yield(connector.Record{}, fmt.Errorf("read the deletes: %w", err))
			return
		}
		for after := among.After; after < among.UpTo; {
			items, err := t.engine.store.Unseen(ctx, crawled, after, among.UpTo, page)
			if err != nil {
				yield(connector.Record{}, fmt.Errorf("look for what the crawl did not see: %w", err))
				return
			}
			for _, item := range items {
				if !yield(connector.Record{Key: item.Key, Op: connector.Delete}, nil) {
					return
				}
				after = store.KeyHash(item.Key)
			}
			if len(items) < page {
				return
			}
		}
	}
}
