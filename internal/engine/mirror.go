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

// prepare makes of one record what a keyed destination is sent, and for a mirror compares it with the inventory: only
// what changed is sent.
func (a *assembler) prepare(ctx context.Context, d store.Delivery, source, out connector.Record) error {
	switch {
	case strings.HasPrefix(d.Split.ID, store.DeletePrefix):
		return a.deleteUnseen(ctx, d, out)
	case out.Op == connector.Delete && a.turn.flow.Mirror:
		return a.delete(ctx, d, out)
	case a.turn.flow.Mirror && source.Key == "":
		a.bury(d, source, "prepare", "", fault.New(fault.Invalid, "the record has no key, so its item could not be found again").
			WithHint("name the field that tells records apart with key: in the source's settings"))
		return nil
	}
	prepared, err := a.turn.flow.Prepare(out)
	if fault.ClassOf(err) == fault.Invalid && err != nil {
		a.bury(d, source, "prepare", "", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("prepare for %s: %w", a.turn.flow.Object.Name, err)
	}
	for _, p := range prepared {
		if len(p.Notes) > 0 {
			a.turn.engine.log.Warn("an item is not all that its record says", "flow", a.turn.flow.Object.Name, "item", p.Key, "record", source.Key, "notes", p.Notes)
		}
	}
	if !a.turn.flow.Mirror {
		for _, p := range prepared {
			a.batch.put(p.Record, source)
		}
		return nil
	}
	return a.compare(ctx, d, source, prepared)
}

// compare sends what is new or changed.
func (a *assembler) compare(ctx context.Context, d store.Delivery, source connector.Record, prepared []connector.Prepared) error {
	keys := make([]string, len(prepared))
	for i, p := range prepared {
		keys[i] = p.Key
	}
	known, err := a.turn.engine.store.Items(ctx, a.turn.flow.Object.DestinationID, keys)
	if err != nil {
		return err
	}
	for _, p := range prepared {
		item, ok := known[p.Key]
		// What is in hand will have replaced what the inventory knows.
		if ok && item.State == store.Sent && item.Content == p.Content && item.ACL == p.ACL && !a.inHand.has(itemHash(p.Key)) {
			a.batch.last().counts.Repeats++
			item.SourceKey, item.SplitID, item.Crawl = source.Key, d.SplitID, max(item.Crawl, a.crawl(d))
			a.batch.unchanged[p.Key] = item
			continue
		}
		a.send(d, source, p.Record, store.InventoryItem{Content: p.Content, ACL: p.ACL})
	}
	return nil
}

// crawl is the number under which an item is marked as seen: of the crawl that wants the split, else of the newest.
func (a *assembler) crawl(d store.Delivery) int64 {
	if d.Crawl != 0 {
		return d.Crawl
	}
	return a.turn.crawl
}

// send puts a record into the batch with the inventory item that it will be.
func (a *assembler) send(d store.Delivery, source, r connector.Record, item store.InventoryItem) {
	item.DestinationID, item.Key, item.SourceKey, item.SplitID, item.Crawl = a.turn.flow.Object.DestinationID, r.Key, source.Key, d.SplitID, a.crawl(d)
	a.batch.put(r, source)
	a.batch.items = append(a.batch.items, item)
	delete(a.batch.unchanged, r.Key)
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
	known, err := a.turn.engine.store.Items(ctx, a.turn.flow.Object.DestinationID, []string{r.Key})
	if err != nil {
		return err
	}
	if item, ok := known[r.Key]; !ok || item.Crawl >= d.Crawl || a.inHand.has(itemHash(r.Key)) {
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

// ownSplit reads a split that we made ourselves; nil: it is the source's.
func ownSplit(split connector.Split) iter.Seq2[connector.Record, error] {
	switch {
	case strings.HasPrefix(split.ID, store.DeletePrefix):
		return func(yield func(connector.Record, error) bool) {
			var keys []string
			if err := json.Unmarshal(split.Inline, &keys); err != nil {
				yield(connector.Record{}, fmt.Errorf("read the deletes: %w", err))
				return
			}
			for _, key := range keys {
				if !yield(connector.Record{Key: key, Op: connector.Delete}, nil) {
					return
				}
			}
		}
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
