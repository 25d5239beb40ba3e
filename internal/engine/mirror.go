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

// mirror prepares one record for a keyed destination and compares it with the inventory: only what changed is sent.
func (a *assembler) mirror(ctx context.Context, d store.Delivery, source, out connector.Record) error {
	if strings.HasPrefix(d.Split.ID, store.DeletePrefix) {
		a.send(d, source.Key, connector.Prepared{Record: out})
		return nil
	}
	if out.Op == connector.Delete {
		return a.delete(ctx, d, out)
	}
	prepared, err := a.turn.flow.Prepare(out)
	if err != nil {
		if fault.ClassOf(err) != fault.Invalid {
			return err
		}
		a.bury(d, source, "prepare", err)
		return a.saw(ctx, source.Key)
	}
	if !a.turn.flow.Mirror {
		for _, p := range prepared {
			a.batch.put(p.Record)
		}
		return nil
	}
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
		if ok && item.State == store.Sent && item.Content == p.Content && item.ACL == p.ACL && !a.batch.has(p.Key) {
			a.batch.last().counts.Repeats++
			item.SourceKey, item.SplitID, item.Crawl = source.Key, d.SplitID, max(item.Crawl, a.turn.crawl)
			a.batch.unchanged = append(a.batch.unchanged, item)
			continue
		}
		a.send(d, source.Key, p)
	}
	return nil
}

// send puts a prepared record into the batch with the inventory item that it will be.
func (a *assembler) send(d store.Delivery, sourceKey string, p connector.Prepared) {
	a.batch.put(p.Record)
	if !a.turn.flow.Mirror {
		return
	}
	a.batch.keys[p.Key] = true
	a.batch.items = append(a.batch.items, store.InventoryItem{
		DestinationID: a.turn.flow.Object.DestinationID, Key: p.Key, SourceKey: sourceKey, SplitID: d.SplitID, Content: p.Content, ACL: p.ACL, Crawl: a.turn.crawl,
	})
}

// delete sends deletes for every item that a key of the source has become.
func (a *assembler) delete(ctx context.Context, d store.Delivery, r connector.Record) error {
	if !a.turn.flow.Mirror {
		a.batch.put(r)
		return nil
	}
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
		a.send(d, r.Key, connector.Prepared{Record: gone, Content: item.Content, ACL: item.ACL})
	}
	return nil
}

// saw keeps the items of a refused record from being deleted as absent.
func (a *assembler) saw(ctx context.Context, sourceKey string) error {
	if !a.turn.flow.Mirror {
		return nil
	}
	return a.turn.engine.store.SawKeys(ctx, a.turn.flow.Object.DestinationID, []string{sourceKey}, a.turn.crawl)
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
