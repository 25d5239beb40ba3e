// Package item tells the whole of one item of a mirror: what the inventory knows of it, the source's record as it is now,
// what would be sent of that, what the destination has, and what differs. Nothing is remembered and nothing is sent.
//
// Each side is asked by itself, and one that can't be had says why; start at Service.Show.
package item

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/destination"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
)

// Service looks at items.
type Service struct {
	Store        *store.Store
	Connectors   object.Connectors
	Sources      *source.Service
	Destinations *destination.Service
	Flows        *flow.Service
}

// A Query picks an item.
type Query struct {
	Destination string
	ID          string // the item's, or a key that it was made of
	SourceKey   string // its record's key at the source; either is enough
}

// The parts that a Whole may lack.
const (
	PartInventory = "inventory"
	PartRecord    = "record"
	PartMade      = "made"
	PartStored    = "stored"
)

// A Whole is an item from its source to its destination. A part that is not there is told in Missing.
type Whole struct {
	ID          string `json:"id"`
	Destination string `json:"destination"`
	Flow        string `json:"flow,omitempty"`   // the mirror that fills the destination; "": none does
	Source      string `json:"source,omitempty"` // what that reads

	Inventory *Entry          `json:"inventory,omitempty"`
	Record    *source.Sample  `json:"record,omitempty"` // the source's, as it is now
	After     json.RawMessage `json:"after,omitempty"`  // the record after the transform, where that changes it
	Made      json.RawMessage `json:"made,omitempty"`   // what would be sent now
	Stored    json.RawMessage `json:"stored,omitempty"` // what the destination has

	Current   *bool    `json:"current,omitempty"`   // what was sent last is what would be sent now
	Found     *bool    `json:"found,omitempty"`     // the destination has it
	Same      *bool    `json:"same,omitempty"`      // what it has is what would be sent now
	Different []string `json:"different,omitempty"` // the members that differ between the two
	Notes     []string `json:"notes,omitempty"`     // what else is to be known, for people
	URL       string   `json:"url,omitempty"`       // where people find what the item is about

	Missing []Missing `json:"missing,omitempty"`
}

// An Entry is what the inventory knows.
type Entry struct {
	State string `json:"state"`           // sent; sending: nobody knows what of it arrived; failed: the destination refused it
	Crawl int64  `json:"crawl"`           // the last one that sent it, or found it elsewhere in the source
	Error string `json:"error,omitempty"` // of a failed one
}

// A Missing is a part that could not be had, and why.
type Missing struct {
	Part   string `json:"part"` // inventory, record, made, stored
	Code   string `json:"code"` // of the reason, for programs
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"`
}

// askTime is how long the destination is waited for.
const askTime = 30 * time.Second

// Show tells all that can be had of an item. NotFound: there is no such destination, or nobody has ever heard of the
// item; Invalid: the destination has no items.
func (s *Service) Show(ctx context.Context, q Query) (Whole, error) {
	d, err := s.Store.Object(ctx, store.Destination, q.Destination)
	if err != nil {
		return Whole{}, err
	}
	if q.ID == "" && q.SourceKey == "" {
		return Whole{}, fault.Problems{{Field: "id", Text: "is missing: name the item by its ID, or its record with source_key"}}.Err()
	}
	use, err := destination.Read(s.Connectors, d)
	if err != nil {
		return Whole{}, err
	}
	if use.Connector.Destination.Prepare == nil {
		return Whole{}, &fault.Error{Class: fault.Invalid, Code: "no_items", Title: fmt.Sprintf("destination %q has no items: %s does not write by key", d.Name, use.Connector.Name),
			Hint: "headrace destination list shows the others"}
	}
	l := &look{Service: s, query: q, destination: d, use: use, whole: Whole{ID: q.ID, Destination: d.Name}}
	for _, step := range []func(context.Context) error{l.fed, l.known, l.record, l.made, l.stored} {
		if err := step(ctx); err != nil {
			return Whole{}, err
		}
		if ctx.Err() != nil {
			return Whole{}, ctx.Err()
		}
	}
	return l.whole, l.unheard()
}

// look is one look at an item.
type look struct {
	*Service
	query       Query
	destination store.Object
	use         object.Use
	whole       Whole

	flow, source store.Object         // of ID 0: none
	entry        *store.InventoryItem // nil: the inventory does not have it
	sought       connector.Sought
	prepared     *flow.PreparedRecord // what would be sent now
	shown        *connector.ShownItem // nil: not asked yet
	unasked      error                // why the destination did not answer
	unfound      error                // why there is no record
}

// miss notes that a part can't be had.
func (l *look) miss(part string, why error) {
	m := Missing{Part: part, Code: fault.ClassOf(why).String(), Reason: why.Error(), Hint: fault.HintOf(why)}
	if e, ok := fault.As(why); ok && e.Code != "" {
		m.Code = e.Code
	}
	l.whole.Missing = append(l.whole.Missing, m)
}

func (l *look) note(format string, args ...any) {
	l.whole.Notes = append(l.whole.Notes, fmt.Sprintf(format, args...))
}

// fed finds the mirror that fills the destination, or else what flow writes to it.
func (l *look) fed(ctx context.Context) error {
	flows, err := l.Store.Uses(ctx, l.destination)
	if err != nil {
		return err
	}
	for _, f := range flows {
		settings, err := flow.Read(f)
		if mirrors := err == nil && settings.Mode == flow.Mirror; mirrors || l.flow.ID == 0 {
			l.flow = f
		}
	}
	if l.flow.ID == 0 {
		return nil
	}
	if l.source, err = l.Store.ObjectByID(ctx, store.Source, l.flow.SourceID); err != nil {
		return err
	}
	l.whole.Flow, l.whole.Source = l.flow.Name, l.source.Name
	return nil
}

// unheard is the error for what nobody knows.
func (l *look) unheard() error {
	w := l.whole
	if w.Inventory != nil || w.Record != nil || w.Found == nil || *w.Found {
		return nil
	}
	if e, ok := fault.As(l.unfound); ok && e.Class == fault.Invalid && e.Code != "find_unsupported" {
		return nil // there is a record, and it is refused
	}
	title := fmt.Sprintf("destination %q has no item %.200q: neither the inventory nor the remote knows it", l.destination.Name, cmp.Or(l.query.ID, l.query.SourceKey))
	if fault.ClassOf(l.unfound) != fault.NotFound {
		title += fmt.Sprintf("; its record could not be looked for: %v", l.unfound)
	}
	return &fault.Error{Class: fault.NotFound, Code: "item_unknown", Title: title, Err: l.unfound,
		Hint: "headrace copilot item list " + l.destination.Name + " shows what there is"}
}
