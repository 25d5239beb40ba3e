package item

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
)

// known finds the item in the inventory: by its ID, by its record's key, or by the ID that the destination makes of what
// was asked for. The inventory keeps of a record's key a hash alone, so a key is known only if somebody says it.
func (l *look) known(ctx context.Context) error {
	entry, err := l.byID(ctx, l.query.ID)
	if entry == nil && err == nil {
		entry, err = l.byKey(ctx)
	}
	if entry == nil && err == nil && l.query.ID != "" {
		if l.ask(ctx, l.query.ID, nil); l.shown != nil && l.shown.ID != l.query.ID {
			l.whole.ID = l.shown.ID
			entry, err = l.byID(ctx, l.shown.ID)
		}
	}
	if err != nil {
		return err
	}
	l.entry, l.sought = entry, connector.Sought{Key: l.query.SourceKey}
	if entry == nil {
		l.miss(PartInventory, &fault.Error{Code: "not_in_inventory", Title: "the inventory does not have it: no crawl has sent it, or it was deleted"})
		l.sought.Key = cmp.Or(l.sought.Key, l.query.ID)
		return nil
	}
	l.whole.ID, l.whole.Inventory = entry.Key, &Entry{State: entry.State.String(), Crawl: entry.Crawl, Error: entry.Error}
	if l.sought.Key != "" {
		return nil
	}
	l.sought.Is = func(key string) bool { return store.KeyHash(key) == entry.SourceHash }
	for _, key := range []string{l.query.ID, entry.Key} {
		if l.sought.Is(key) {
			l.sought.Key = key
		}
	}
	return nil
}

func (l *look) byID(ctx context.Context, id string) (*store.InventoryItem, error) {
	if id == "" {
		return nil, nil
	}
	found, err := l.Store.Items(ctx, l.destination.ID, []string{id})
	if entry, ok := found[id]; ok {
		return &entry, err
	}
	return nil, err
}

// byKey finds what a record has become.
func (l *look) byKey(ctx context.Context) (*store.InventoryItem, error) {
	all, err := l.Store.ItemsOf(ctx, l.destination.ID, cmp.Or(l.query.SourceKey, l.query.ID))
	if err != nil || len(all) == 0 {
		return nil, err
	}
	slices.SortFunc(all, func(a, b store.InventoryItem) int { return strings.Compare(a.Key, b.Key) })
	if len(all) > 1 {
		var ids []string
		for _, i := range all[:min(len(all), 20)] {
			ids = append(ids, i.Key)
		}
		l.note("its record became %d items, of which the first is shown: %s", len(all), strings.Join(ids, ", "))
	}
	return &all[0], nil
}

// record asks the source.
func (l *look) record(ctx context.Context) error {
	if l.flow.ID == 0 {
		l.unfound = &fault.Error{Code: "no_flow", Title: "no flow fills the destination, so nobody knows its source"}
	} else {
		found, err := l.Sources.Find(ctx, l.source, l.sought)
		if err == nil {
			l.whole.Record = &found
		}
		l.unfound = err
	}
	if l.unfound != nil {
		l.miss(PartRecord, l.unfound)
	}
	return nil
}

// made takes the record through the flow's transform and what the destination makes of it.
func (l *look) made(ctx context.Context) error {
	if l.whole.Record == nil {
		l.miss(PartMade, &fault.Error{Code: "no_record", Title: "there is no record to make it of"})
		return nil
	}
	tried, err := l.Flows.Try(ctx, flow.TryRequest{Flow: l.flow.Name, Own: true, Records: []source.Sample{*l.whole.Record}, Destination: l.destination.Name})
	if err == nil && len(tried.Mistakes) > 0 {
		err = fault.New(fault.Invalid, "the flow's transform does not compile: %s", tried.Mistakes[0].Text)
	}
	if err != nil {
		l.miss(PartMade, err)
		return nil
	}
	one := tried.Records[0]
	switch one.Outcome {
	case flow.Dropped:
		l.miss(PartMade, &fault.Error{Code: "dropped", Title: "the flow's transform drops the record" + stepOf(one), Hint: "The next crawl deletes the item, if the flow deletes by absence."})
		return nil
	case flow.Refused:
		l.miss(PartMade, &fault.Error{Code: "refused", Title: "the record would be a dead letter" + stepOf(one) + ": " + one.Error, Hint: one.Hint})
		return nil
	case flow.NotTried:
		l.miss(PartMade, &fault.Error{Code: "not_tried", Title: "the transform took too long"})
		return nil
	}
	l.choose(one)
	return nil
}

// stepOf names the transform's step that is to blame.
func stepOf(one flow.TriedRecord) string {
	if one.Step == nil {
		return ""
	}
	return fmt.Sprintf(" in step %d", *one.Step+1)
}

// choose takes, of what a record becomes, what has the item's ID: as in a batch the last one counts.
func (l *look) choose(one flow.TriedRecord) {
	var ids []string
	for i, p := range one.Prepared {
		ids = append(ids, p.Key)
		if p.Key == l.whole.ID {
			l.prepared = &one.Prepared[i]
		}
	}
	if l.prepared == nil && l.entry == nil && (l.shown == nil || !l.shown.Found) && len(ids) > 0 {
		l.prepared, l.shown = &one.Prepared[len(ids)-1], nil
		l.whole.ID = l.prepared.Key
	}
	if l.prepared == nil {
		l.miss(PartMade, &fault.Error{Code: "other_item", Title: fmt.Sprintf("the record no longer makes this item; it makes: %s", strings.Join(ids[:min(len(ids), 20)], ", ")),
			Hint: "The transform or item.id has changed, or the record has. The next crawl sends what it makes now, and deletes what nothing makes any more."})
		return
	}
	l.whole.Made = l.prepared.Body
	l.whole.Notes = append(l.whole.Notes, l.prepared.Notes...)
	if after := one.After[l.prepared.Of]; !bytes.Equal(after, l.whole.Record.Body) {
		l.whole.After = after
	}
	if l.entry != nil && l.entry.State == store.Sent {
		current := l.entry.Content == l.prepared.Content && l.entry.ACL == l.prepared.ACL
		l.whole.Current = &current
	}
}

// stored asks the destination, and has it compare.
func (l *look) stored(ctx context.Context) error {
	if l.shown == nil && l.unasked == nil || len(l.whole.Made) > 0 {
		l.ask(ctx, cmp.Or(l.whole.ID, l.query.SourceKey), l.whole.Made)
	}
	if l.shown == nil {
		l.miss(PartStored, l.unasked)
		return nil
	}
	v := l.shown
	l.whole.ID, l.whole.Stored, l.whole.Found, l.whole.Same, l.whole.Different, l.whole.URL = v.ID, v.Stored, &v.Found, v.Same, v.Different, v.URL
	if len(v.Made) > 0 { // as the destination's own types have it
		l.whole.Made = v.Made
	}
	if !v.Found {
		l.miss(PartStored, &fault.Error{Code: "not_stored", Title: "it is not at the destination", Hint: l.absent()})
	}
	return nil
}

// absent says what to do about an item that the destination does not have.
func (l *look) absent() string {
	if l.entry != nil && l.entry.State == store.Sent {
		return "It was sent, so somebody else deleted it: headrace copilot item verify " + l.destination.Name + " --mend has what is missing sent again."
	}
	return ""
}

// ask has the destination show the item.
func (l *look) ask(ctx context.Context, id string, made []byte) {
	l.shown, l.unasked = nil, nil
	if !slices.ContainsFunc(l.use.Connector.Destination.Actions, func(a connector.Action) bool { return a.Name == connector.ItemShow }) {
		l.unasked = &fault.Error{Code: "show_unsupported", Title: fmt.Sprintf("a destination of the connector %s can't be asked for an item", l.use.Connector.Name)}
		return
	}
	input := config.Mapping()
	config.Put(input, "id", config.Text(id))
	config.Put(input, "made", config.Text(string(made)))
	within, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	raw, err := l.Destinations.Act(within, l.destination.Name, connector.ItemShow, input)
	if err != nil && within.Err() != nil {
		err = &fault.Error{Class: fault.Unavailable, Code: "show_timeout", Title: fmt.Sprintf("the destination did not answer within %s", connector.Duration(askTime)), Err: err,
			Hint: "It may be holding us back for its limits. Try again."}
	}
	var v connector.ShownItem
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		l.unasked = err
		return
	}
	l.shown = &v
}
