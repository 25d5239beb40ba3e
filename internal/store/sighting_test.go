package store_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// a mirror with keys whose rows tell of its first crawl.
func (w *world) mirror(keys int) (store.Object, []string) {
	w.t.Helper()
	to := w.make(store.Object{Kind: store.Destination, Name: "to"})
	f := w.make(store.Object{Kind: store.Flow, Name: "mirror", Spec: []byte(`{"mode":"mirror"}`), SourceID: w.source.ID, DestinationID: to.ID, Lanes: 1})
	w.flows = append(w.flows, f)
	names := make([]string, keys)
	for n := range names {
		names[n] = fmt.Sprintf("key-%d", n)
	}
	return f, names
}

// reads has the pending splits of a mirror's crawl read: each holds the keys unchanged.
func (w *world) reads(f store.Object, keys ...string) []store.Delivery {
	w.t.Helper()
	l := w.takeLane(f)
	defer w.release(l)
	all := w.due(l, 100)
	c := w.batch(all...)
	for _, d := range all {
		s := store.Sighting{DestinationID: f.DestinationID, SplitID: d.SplitID, Crawl: d.Crawl}
		for _, key := range keys {
			s.Hashes = append(s.Hashes, store.KeyHash(key))
		}
		c.Sightings = append(c.Sightings, s)
	}
	w.ok(w.s.CommitBatch(w.ctx(), l, c))
	return all
}

func (w *world) unseen(f store.Object, crawl int64) []string {
	w.t.Helper()
	crawled := store.Crawled{DestinationID: f.DestinationID, FlowID: f.ID, Number: crawl}
	page, err := w.s.Unseen(w.ctx(), crawled, math.MinInt64, math.MaxInt64, 100_000)
	w.ok(err)
	_, n, err := w.s.InventorySize(w.ctx(), crawled)
	w.ok(err)
	if int(n) != len(page) {
		w.t.Errorf("%d are counted, %d are given", n, len(page))
	}
	names := []string{}
	for _, i := range page {
		names = append(names, i.Key)
	}
	slices.Sort(names)
	return names
}

func (w *world) wantUnseen(f store.Object, crawl int64, want ...string) {
	w.t.Helper()
	if got := w.unseen(f, crawl); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		w.t.Errorf("crawl %d did not see %d keys, want %d: %.200v", crawl, len(got), len(want), got)
	}
}

// endCrawl ends a crawl that went well.
func (w *world) endCrawl(r store.Run) {
	w.t.Helper()
	w.ok(w.s.EndRun(w.ctx(), r.ID, store.RunSucceeded, ""))
}

func TestWhatASplitHoldsStaysSeen(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f, keys := w.mirror(3000)
		one, two := split(1), split(2)
		first := w.crawl(f, one)
		l := w.takeLane(f)
		d := w.due(l, 1)[0]
		var items []store.InventoryItem
		for _, key := range keys {
			i := item(f.DestinationID, key, store.Sent, first.Number)
			i.SplitID = d.SplitID
			items = append(items, i)
		}
		w.inventory(l, items...)
		w.deliver(l, d)
		w.release(l)
		w.wantUnseen(f, 1)
		w.endCrawl(first)

		second := w.crawl(f, two) // another version, without the first hundred
		w.wantUnseen(f, 2, keys...)
		w.reads(f, keys[100:]...)
		w.wantUnseen(f, 2, keys[:100]...)
		w.endCrawl(second)

		third := w.crawl(f, two) // unchanged: nothing is read
		if l, ok := w.tryLane(f); ok {
			if due := w.due(l, 1); len(due) > 0 {
				t.Errorf("what is unchanged is read again: %v", ids(due))
			}
			w.release(l)
		}
		w.wantUnseen(f, 3, keys[:100]...)
		w.endCrawl(third)

		fourth := w.crawl(f, one) // back at the first: read once more, since the second was delivered in between
		if all := w.reads(f, keys[50:]...); len(all) != 1 {
			t.Errorf("%v was read", ids(all))
		}
		w.wantUnseen(f, 4, keys[:50]...) // the rows of these tell of the same split, but as an older crawl read it
		w.endCrawl(fourth)
	})
}

// Nothing of what a flow's crawls saw counts for the flow that follows it.
func TestANewFlowHasSeenNothing(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f, keys := w.mirror(10)
		var last int64
		for n := range 3 {
			r := w.crawl(f, split(n))
			last = r.Number
			w.reads(f, keys...)
			w.endCrawl(r)
		}
		l := w.takeAnyLane(f)
		w.inventory(l, item(f.DestinationID, keys[0], store.Sent, 1))
		w.release(l)
		w.wantUnseen(f, last)
		f, err := w.s.ObjectByID(w.ctx(), store.Flow, f.ID)
		w.ok(err)
		w.ok(w.s.DeleteObject(w.ctx(), f))
		next := w.make(store.Object{Kind: store.Flow, Name: "next", Spec: []byte(`{"mode":"mirror"}`), SourceID: w.source.ID, DestinationID: f.DestinationID, Lanes: 1})
		w.flows = []store.Object{next}
		r := w.crawl(next, split(2))
		if r.Number <= 1 {
			t.Errorf("crawl %d has the number of one that wrote an item", r.Number)
		}
		w.wantUnseen(next, r.Number, keys[0])
	})
}

func TestSweepForgetsSightingsThatCountNoMore(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		f, keys := w.mirror(500)
		left := func(want int, what string) {
			t.Helper()
			for range 2 {
				_, err := w.s.Sweep(w.ctx(), store.DefaultRetention())
				w.ok(err)
			}
			if got := rows(t, d, "sighting"); got != want {
				t.Errorf("%s: %d sightings, want %d", what, got, want)
			}
		}
		first := w.crawl(f, split(1))
		w.reads(f, keys...)
		left(32, "while the crawl goes on")
		w.endCrawl(first)
		left(32, "after it")
		second := w.crawl(f, split(1), split(2))
		left(32, "while the next one goes on")
		w.reads(f, keys...)
		w.endCrawl(second)
		left(64, "of two splits")
		third := w.crawl(f, split(2))
		left(64, "while the third goes on")
		w.endCrawl(third)
		left(32, "of the one that is left")
		w.wantUnseen(f, third.Number)
		w.ok(w.s.DeleteObject(w.ctx(), f))
		left(0, "without a flow")
	})
}

// However many there are to delete, the ranges cover the inventory once, and each has about a thousand.
func TestDeletesAreRanges(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f, _ := w.mirror(0)
		r := w.crawl(f, []connector.Split{}...)
		if first, err := w.s.StartDeletes(w.ctx(), r, w.source.ID, 2001); !first || err != nil {
			t.Fatalf("%v, %v", first, err)
		}
		if again, err := w.s.StartDeletes(w.ctx(), r, w.source.ID, 2001); again || err != nil {
			t.Errorf("a second time: %v, %v", again, err)
		}
		all := w.due(w.takeLane(f), 10)
		if len(all) != 3 {
			t.Fatalf("%d splits", len(all))
		}
		slices.SortFunc(all, func(a, b store.Delivery) int { return int(a.SplitID - b.SplitID) })
		after := int64(math.MinInt64)
		for _, d := range all {
			among := rangeOf(t, d)
			if among.After != after || among.UpTo <= after {
				t.Errorf("%+v after %d", among, after)
			}
			after = among.UpTo
		}
		if after != math.MaxInt64 {
			t.Errorf("the last one ends at %d", after)
		}
	})
}

func rangeOf(t *testing.T, d store.Delivery) (among store.DeleteRange) {
	t.Helper()
	if err := json.Unmarshal(d.Split.Inline, &among); err != nil {
		t.Fatal(err)
	}
	return among
}
