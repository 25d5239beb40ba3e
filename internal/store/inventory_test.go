package store_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

func item(destination int64, key string, state store.ItemState, crawl int64) store.InventoryItem {
	return store.InventoryItem{DestinationID: destination, Key: key, SourceKey: "row-" + key, SplitID: 5, State: state, Content: hashOf(1), ACL: hashOf(2), Crawl: crawl}
}

func (w *world) inventory(l store.Lane, items ...store.InventoryItem) {
	w.t.Helper()
	w.ok(w.s.CommitBatch(w.ctx(), l, store.Committed{Keep: lease, Inventory: items}))
}

func TestInventoryStates(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		l := w.takeLane(w.flow("f", 1))
		const dest = 42
		w.ok(w.s.MarkSending(w.ctx(), l, []store.InventoryItem{item(dest, "a", store.Sent, 1), item(dest, "b", store.Sent, 1), item(dest, "c", store.Sent, 1)}))
		got, err := w.s.Items(w.ctx(), dest, []string{"a", "b", "none"})
		w.ok(err)
		if len(got) != 2 || got["a"].State != store.Sending || got["a"].Crawl != 1 || got["a"].Content != hashOf(1) || got["a"].ACL != hashOf(2) || got["a"].SplitID != 5 {
			t.Errorf("sending %+v", got)
		}
		failed := item(dest, "b", store.SendFailed, 0)
		failed.Error = "no ACL"
		gone := item(dest, "c", store.Sent, 1)
		gone.Gone = true
		w.inventory(l, item(dest, "a", store.Sent, 2), failed, gone)
		got, err = w.s.Items(w.ctx(), dest, []string{"a", "b", "c"})
		w.ok(err)
		if len(got) != 2 || got["a"].State != store.Sent || got["a"].Crawl != 2 || got["b"].State != store.SendFailed || got["b"].Error != "no ACL" || got["b"].Crawl != 1 {
			t.Errorf("committed %+v", got)
		}
		of, err := w.s.ItemsOf(w.ctx(), dest, "row-a")
		w.ok(err)
		if len(of) != 1 || of[0].Key != "a" {
			t.Errorf("items of row-a: %+v", of)
		}
		if all, unseen, err := w.s.InventorySize(w.ctx(), store.Crawled{DestinationID: dest, Number: 2}); all != 2 || unseen != 1 || err != nil {
			t.Errorf("%d items, %d unseen, %v", all, unseen, err)
		}
		saw := func(crawl int64, keys ...string) {
			var all []store.SawKey
			for _, key := range keys {
				all = append(all, store.SawKey{DestinationID: dest, SourceKey: key, SplitID: 5, Crawl: crawl})
			}
			w.ok(w.s.CommitBatch(w.ctx(), l, store.Committed{Keep: lease, Saw: all}))
		}
		saw(2, "row-b", "row-nobody")
		if _, unseen, _ := w.s.InventorySize(w.ctx(), store.Crawled{DestinationID: dest, Number: 2}); unseen != 0 {
			t.Errorf("%d unseen", unseen)
		}
		saw(1, "row-b") // an older crawl takes nothing back
		if _, unseen, _ := w.s.InventorySize(w.ctx(), store.Crawled{DestinationID: dest, Number: 2}); unseen != 0 {
			t.Errorf("%d unseen after an older crawl", unseen)
		}
		if all, _, _ := w.s.InventorySize(w.ctx(), store.Crawled{DestinationID: dest + 1, Number: 9}); all != 0 {
			t.Errorf("another destination has %d", all)
		}
	})
}

// Whatever one commit says of a key, the last word counts, and no crawl is taken back.
func TestSeveralWordsOnOneKey(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		l := w.takeLane(w.flow("f", 1))
		var all []store.InventoryItem
		for n := range 600 { // more than one statement takes
			all = append(all, item(1, fmt.Sprintf("key-%d", n), store.Sent, 3))
		}
		w.inventory(l, all...)
		gone, failed, deleting := all[0], all[1], all[2]
		gone.Gone, failed.State, failed.Error = true, store.SendFailed, "too large"
		deleting.Delete, deleting.State = true, store.Sending
		got, err := w.s.Items(w.ctx(), 1, []string{"key-3"})
		w.ok(err)
		same := got["key-3"]
		if same.SourceHash != store.KeyHash("row-key-3") {
			t.Errorf("the source's key is not %d: %+v", store.KeyHash("row-key-3"), same)
		}
		same.SourceKey, same.SplitID, same.Crawl = "row-key-3", 77, 2
		back := all[4]
		vanished := back
		vanished.Gone, back.Crawl = true, 1
		w.inventory(l, all[0], gone, failed, deleting, same, vanished, back)
		got, err = w.s.Items(w.ctx(), 1, []string{"key-0", "key-1", "key-2", "key-3", "key-4", "key-599"})
		w.ok(err)
		if _, there := got["key-0"]; there || len(got) != 5 {
			t.Errorf("items %+v", got)
		}
		if i := got["key-1"]; i.State != store.SendFailed || i.Error != "too large" {
			t.Errorf("failed %+v", i)
		}
		if i := got["key-2"]; i.State != store.Sending || i.Content != hashOf(1) || i.Crawl != 3 {
			t.Errorf("being deleted %+v", i)
		}
		if i := got["key-3"]; i.SplitID != 77 || i.Crawl != 3 || i.State != store.Sent || i.SourceHash != store.KeyHash("row-key-3") {
			t.Errorf("the same %+v", i)
		}
		if i := got["key-4"]; i.Crawl != 3 || i.State != store.Sent {
			t.Errorf("back again %+v", i)
		}
		if all, unseen, err := w.s.InventorySize(w.ctx(), store.Crawled{DestinationID: 1, Number: 3}); all != 599 || unseen != 0 || err != nil {
			t.Errorf("%d items, %d unseen, %v", all, unseen, err)
		}
	})
}

func TestUnseenPagesThroughAll(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		l := w.takeLane(w.flow("f", 1))
		var items []store.InventoryItem
		for n := range 1000 {
			items = append(items, item(1, fmt.Sprintf("key-%d", n), store.Sent, int64(1+n%2)))
		}
		w.inventory(l, items...)
		got := map[string]bool{}
		after := int64(math.MinInt64)
		for {
			page, err := w.s.Unseen(w.ctx(), store.Crawled{DestinationID: 1, Number: 2}, after, math.MaxInt64, 7)
			w.ok(err)
			if len(page) == 0 {
				break
			}
			if len(page) > 7 {
				t.Fatalf("a page of 7 has %d", len(page))
			}
			for _, i := range page {
				if got[i.Key] || i.Crawl != 1 {
					t.Fatalf("%s came twice, or was seen", i.Key)
				}
				got[i.Key], after = true, store.KeyHash(i.Key)
			}
		}
		if len(got) != 500 {
			t.Errorf("%d of 500", len(got))
		}
		many := make([]string, 1000)
		for n := range many {
			many[n] = fmt.Sprintf("key-%d", n)
		}
		if all, err := w.s.Items(w.ctx(), 1, many); err != nil || len(all) != 1000 {
			t.Errorf("%d items, %v", len(all), err)
		}
	})
}

// Two keys with the same 64-bit hash can't be made here, so that their rows are written by hand.
func TestKeysWithOneHashAreTwoItems(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		l := w.takeLane(w.flow("f", 1))
		w.inventory(l, item(1, "real", store.Sent, 1))
		h := store.KeyHash("real")
		if _, err := raw(t, d).Exec(fmt.Sprintf(`INSERT INTO inventory (destination_id, hash, key, source_key, split_id, state, content, acl, crawl)
			SELECT destination_id, %d, 'twin', 9, 6, state, content, acl, crawl FROM inventory`, h)); err != nil {
			t.Fatal(err)
		}
		got, err := w.s.Items(w.ctx(), 1, []string{"real"})
		w.ok(err)
		if got["real"].SplitID != 5 {
			t.Errorf("real is %+v", got["real"])
		}
		page, err := w.s.Unseen(w.ctx(), store.Crawled{DestinationID: 1, Number: 2}, math.MinInt64, math.MaxInt64, 1)
		w.ok(err)
		var keys []string
		for _, i := range page {
			keys = append(keys, i.Key)
		}
		slices.Sort(keys)
		if !slices.Equal(keys, []string{"real", "twin"}) {
			t.Errorf("a page of one parts them: %v", keys)
		}
		gone := item(1, "real", store.Sent, 1)
		gone.Gone = true
		w.inventory(l, gone)
		if all, _, _ := w.s.InventorySize(w.ctx(), store.Crawled{DestinationID: 1, Number: 2}); all != 1 {
			t.Errorf("%d items left of two", all)
		}
	})
}

// A crawl does not read again what was delivered by the same revision and is surely there; it marks it as seen.
func TestACrawlMarksWhatIsSound(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("mirror", 1)
		crawl := func() (store.Run, []string) {
			r, err := w.s.CreateRun(w.ctx(), store.Run{Kind: store.Crawl, FlowID: f.ID, Spec: []byte(`{}`)}, &store.RunListing{SourceID: w.source.ID})
			w.ok(err)
			_, err = w.s.CommitListing(w.ctx(), w.takeRunListing(), store.Listed{Enumeration: connector.Enumeration{Splits: splits(0, 3), Complete: true}, Lanes: w.lanes(),
				Due: w.clock.Now(), Ended: true, Crawl: &store.CrawlListing{Number: r.Number, DestinationID: 1, Revision: 1}})
			w.ok(err)
			if complete, err := w.s.CrawlComplete(w.ctx(), r.ID); err != nil || !complete {
				t.Errorf("complete %v, %v", complete, err)
			}
			l, ok := w.tryLane(f)
			if !ok {
				return r, nil
			}
			all := w.due(l, 10)
			w.deliver(l, all...)
			for _, d := range all {
				i := item(1, d.Split.ID, store.Sent, r.Number)
				i.SplitID = d.SplitID
				w.inventory(l, i)
			}
			w.release(l)
			names := ids(all)
			slices.Sort(names)
			return r, names
		}
		first, got := crawl()
		if first.Number != 1 || len(got) != 3 {
			t.Fatalf("crawl %d read %v", first.Number, got)
		}
		w.ok(w.s.EndRun(w.ctx(), first.ID, store.RunSucceeded, ""))
		w.release(w.takeAnyLane(f))
		second, got := crawl()
		if second.Number != 2 || len(got) != 0 {
			t.Fatalf("crawl %d read %v though nothing changed", second.Number, got)
		}
		if all, unseen, _ := w.s.InventorySize(w.ctx(), store.Crawled{DestinationID: 1, FlowID: f.ID, Number: 2}); all != 3 || unseen != 0 {
			t.Errorf("%d items, %d unseen", all, unseen)
		}
		w.ok(w.s.EndRun(w.ctx(), second.ID, store.RunSucceeded, ""))
		l := w.takeAnyLane(f)
		doubtful, err := w.s.Items(w.ctx(), 1, []string{"blob-1"})
		w.ok(err)
		w.ok(w.s.MarkSending(w.ctx(), l, []store.InventoryItem{doubtful["blob-1"]}))
		w.release(l)
		third, got := crawl()
		if !slices.Equal(got, []string{"blob-1"}) {
			t.Errorf("crawl 3 read %v, not what is in doubt", got)
		}
		if n, err := w.s.OpenCrawl(w.ctx(), f.ID); n != 3 || err != nil {
			t.Errorf("OpenCrawl %d, %v", n, err)
		}
		if last, ok, err := w.s.LastCrawl(w.ctx(), f.ID); !ok || err != nil || last.UID != third.UID {
			t.Errorf("LastCrawl %+v", last)
		}
	})
}

// takeAnyLane takes a flow's lane after waking it.
func (w *world) takeAnyLane(f store.Object) store.Lane {
	w.t.Helper()
	if l, ok := w.tryLane(f); ok {
		return l
	}
	f, err := w.s.ObjectByID(w.ctx(), store.Flow, f.ID)
	w.ok(err)
	_, err = w.s.UpdateObject(w.ctx(), f, nil)
	w.ok(err)
	return w.takeLane(f)
}
