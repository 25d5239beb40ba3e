package api

import (
	"context"
	"math"
	"strconv"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/item"
	"github.com/headrace/headrace/internal/store"
)

// ItemQuery asks for a page of what a mirror's destination holds.
type ItemQuery struct {
	Name  string `json:"name"` // the destination's
	State string `json:"state,omitempty" doc:"only in this state" enum:"sent,sending,failed"`
	After string `json:"after,omitempty"` // Next of the page before; "": from the beginning
	Limit int    `json:"limit,omitempty"` // items that are looked at; 0: 1000
}

// An Item is one thing that a mirror's destination holds, as the inventory knows it.
type Item struct {
	ID    string `json:"id"`
	State string `json:"state"`           // sent; sending: nobody knows what of it arrived; failed: the destination refused it
	Crawl int64  `json:"crawl"`           // the last one that sent it, or found it elsewhere in the source
	Error string `json:"error,omitempty"` // of a failed one
}

// ItemPage is some items in the order of their hashes. Next is empty after the last page.
type ItemPage struct {
	Items []Item `json:"items"`
	Next  string `json:"next,omitempty"`
}

// DestinationItems lists what a mirror's destination holds, from the inventory: the remote itself may not be able to.
var DestinationItems = Operation[ItemQuery, ItemPage]{Name: "destination.items", Route: "GET /destinations/{name}/items", Summary: "List the items of a mirror's destination", Do: func(ctx context.Context, s *Services, in ItemQuery) (ItemPage, error) {
	const (
		most       = 1000
		mostLooked = 50_000 // few are refused: a page without one is gone past, within what an answer may take
	)
	page := ItemPage{Items: []Item{}}
	o, err := s.Store.Object(ctx, store.Destination, in.Name)
	if err != nil {
		return page, err
	}
	after := int64(math.MinInt64)
	if in.After != "" {
		if after, err = strconv.ParseInt(in.After, 16, 64); err != nil {
			return page, &fault.Error{Class: fault.Invalid, Code: "bad_page", Title: "after is not what a page before gave as next", Hint: "leave it out to begin anew"}
		}
	}
	limit := in.Limit
	if limit <= 0 || limit > most {
		limit = most
	}
	for looked := 0; looked < mostLooked; looked += limit {
		items, err := s.Store.Inventory(ctx, o.ID, after, limit)
		if err != nil {
			return page, err
		}
		for _, i := range items {
			after = store.KeyHash(i.Key)
			if state := i.State.String(); in.State == "" || in.State == state {
				page.Items = append(page.Items, Item{ID: i.Key, State: state, Crawl: i.Crawl, Error: i.Error})
			}
		}
		if len(items) < limit {
			return page, nil
		}
		if len(page.Items) > 0 {
			break
		}
	}
	page.Next = strconv.FormatInt(after, 16)
	return page, nil
}}

// MissingItems names items that the inventory has and the remote has not.
type MissingItems struct {
	Name string   `json:"name"` // the destination's
	IDs  []string `json:"ids"`
}

// Doubted tells what became of MissingItems.
type Doubted struct {
	Known int64 `json:"known"` // how many of the items the inventory has: those the next crawl sends again
}

// DestinationMissing has items sent again by the next crawl, because they are not at the destination though they were sent.
var DestinationMissing = Operation[MissingItems, Doubted]{Name: "destination.missing", Route: "POST /destinations/{name}/items/missing", Of: store.Destination, Summary: "Send items of a mirror again", Changes: true, Do: func(ctx context.Context, s *Services, in MissingItems) (Doubted, error) {
	o, err := s.Store.Object(ctx, store.Destination, in.Name)
	if err != nil {
		return Doubted{}, err
	}
	known, err := s.Store.DoubtItems(ctx, o.ID, in.IDs)
	return Doubted{Known: known}, err
}}

// WholeItemQuery picks one item, by its ID or by its record's key at the source.
type WholeItemQuery struct {
	Name      string `json:"name"` // the destination's
	ID        string `json:"id,omitempty" doc:"the item's ID, or the key that it was made of"`
	SourceKey string `json:"source_key,omitempty" doc:"its record's key at the source, in place of the ID or beside it"`
}

// DestinationItem shows the whole of one item. The source is asked for its record and the remote for the item, so that it may
// take a minute.
var DestinationItem = Operation[WholeItemQuery, item.Whole]{Name: "destination.item", Route: "GET /destinations/{name}/item", Summary: "Show one item: its record at the source, what would be sent, what the destination has", Do: func(ctx context.Context, s *Services, in WholeItemQuery) (item.Whole, error) {
	return s.Items.Show(ctx, item.Query{Destination: in.Name, ID: in.ID, SourceKey: in.SourceKey})
}}
