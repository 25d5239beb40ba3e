package store_test

import (
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/limit"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

const day = 24 * time.Hour

func rows(t testing.TB, d *storetest.Database, table string) (n int) {
	t.Helper()
	if err := raw(t, d).QueryRow(`SELECT count(*) FROM ` + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSweepForgetsWhatIsOverAndNothingElse(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		f, slow := w.flow("f", 1), w.flow("slow", 1)
		w.list(append(splits(0, 300), connector.Split{ID: "for ever", Stream: "s", Time: w.clock.Now()})...)
		l, ls := w.takeLane(f), w.takeLane(slow)
		w.deliver(l, w.due(l, 1000)...)
		all := w.due(ls, 1000)
		byID := map[string]store.Delivery{}
		for _, one := range all {
			byID[one.Split.ID] = one
		}
		w.ok(w.s.SetBack(w.ctx(), ls, w.source.ID, []store.Setback{{Delivery: byID["blob-0"], State: store.Failed}, {Delivery: byID["blob-1"], State: store.Lost}, {Delivery: byID["blob-2"], State: store.Discarded}}))
		delete(byID, "blob-0")
		var done []store.Delivery
		for n := range 200 { // 200 … 299 stay pending for slow
			if one, ok := byID[split(n).ID]; ok && n > 2 {
				done = append(done, one)
			}
		}
		w.deliver(ls, done...)
		w.deliver(ls, byID["for ever"])
		w.clock.Add(8*day - time.Hour)
		if n, err := w.s.Sweep(w.ctx(), store.DefaultRetention()); err != nil || rows(t, d, "split") != 301 {
			t.Fatalf("before its time %d rows went, %v", n, err)
		}
		w.clock.Add(7 * time.Hour)
		_, err := w.s.Sweep(w.ctx(), store.DefaultRetention())
		w.ok(err)
		// What stays: 100 pending, 1 failed, the one that never expires.
		if got := rows(t, d, "split"); got != 102 {
			t.Errorf("%d splits left", got)
		}
		if got := rows(t, d, "delivery"); got != 204 {
			t.Errorf("%d deliveries left", got)
		}
		if got := pending(w, slow); got != 100 {
			t.Errorf("%d pending left", got)
		}
		if n, _ := w.s.RetryDeliveries(w.ctx(), slow.ID); n != 1 {
			t.Error("the failed one went")
		}
		if c, _ := w.s.Counts(w.ctx(), f.ID, 0); c.Delivered != 301 {
			t.Errorf("the counts went with the rows: %+v", c)
		}
	})
}

func TestSweepOfTheRest(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		f := w.flow("f", 1)
		l := w.takeLane(f)
		noon := w.clock.Now()
		keep := 400 * day
		put := func(hour int64) {
			w.ok(w.s.CommitBatch(w.ctx(), l, store.Committed{Keep: keep, Seen: []store.SeenBlock{{Hour: hour, Hashes: hashes(int(noon.Unix()), int(noon.Unix())+5)}}}))
		}
		for range 20 { // so that some stand by the hour and some as they came
			put(1)
			put(2)
		}
		put(3)
		known := func(hour int64) int {
			got, err := w.s.Seen(w.ctx(), f.ID, 0, hour, hashes(int(noon.Unix()), int(noon.Unix())+5))
			w.ok(err)
			return len(got)
		}
		w.letters(l, store.DeadLetter{FlowID: f.ID, Key: "open"}, store.DeadLetter{FlowID: f.ID, Key: "replayed"})
		all, err := w.s.DeadLetters(w.ctx(), store.LetterFilter{})
		w.ok(err)
		_, err = w.s.MarkLetters(w.ctx(), []string{all[1].UID}, store.LetterReplayed, store.LetterOpen)
		w.ok(err)
		gap := connector.Gap{Range: connector.Range{Stream: "s", From: noon.Add(-time.Hour), To: noon}, Reason: "x"}
		_, err = w.s.CommitListing(w.ctx(), w.takeListing(), store.Listed{Enumeration: connector.Enumeration{Lost: []connector.Gap{gap}, Listed: []connector.Range{{Stream: "s", From: noon, To: noon.Add(time.Hour)}}}, Due: noon})
		w.ok(err)
		run, err := w.s.CreateRun(w.ctx(), store.Run{Kind: store.Backfill, FlowID: f.ID, Spec: []byte(`{}`)}, &store.RunListing{SourceID: w.source.ID})
		w.ok(err)
		w.listAs(w.takeRunListing())
		w.ok(w.s.EndRun(w.ctx(), run.ID, store.RunSucceeded, ""))
		_, err = w.s.CreateRun(w.ctx(), store.Run{Kind: store.Replay, FlowID: f.ID, Spec: []byte(`{}`)}, nil) // does not end
		w.ok(err)
		w.ok(w.s.Quotas().Update(w.ctx(), "q", func(now time.Time, r limit.Row) limit.Row { r.Free = now; return r }))

		w.clock.Add(7 * day)
		put(2) // a late record of the second hour keeps it
		steps := []struct {
			after time.Duration // from noon
			keys  [3]int        // known of each hour
			left  map[string]int
		}{
			{7 * day, [3]int{5, 5, 5}, map[string]int{"dead_letter": 2, "run": 2, "coverage": 1, "gap": 1, "quota": 0, "listing": 1}},
			{8*day + time.Minute, [3]int{0, 5, 0}, map[string]int{"dead_letter": 2}},
			{15*day + time.Minute, [3]int{}, map[string]int{"seen": 0, "seen_recent": 0, "dead_letter": 2}},
			{30*day + time.Minute, [3]int{}, map[string]int{"dead_letter": 1}},
			{91 * day, [3]int{}, map[string]int{"dead_letter": 0, "run": 1, "coverage": 0, "gap": 0, "flow_count": 2}},
		}
		for _, step := range steps {
			w.clock.Add(noon.Add(step.after).Sub(w.clock.Now()))
			_, err := w.s.Sweep(w.ctx(), store.DefaultRetention())
			w.ok(err)
			if got := [3]int{known(1), known(2), known(3)}; got != step.keys {
				t.Errorf("after %v: %v keys of the hours are known, want %v", step.after, got, step.keys)
			}
			for table, want := range step.left {
				if got := rows(t, d, table); got != want {
					t.Errorf("after %v: %d rows in %s, want %d", step.after, got, table, want)
				}
			}
		}
	})
}

// Of a mirror's source, versions that its last crawl did not list are forgotten after a time; of one that also appends,
// nothing is, since it would be delivered again.
func TestSweepForgetsOldVersionsOfAMirror(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		to := w.make(store.Object{Kind: store.Destination, Name: "to"})
		f := w.make(store.Object{Kind: store.Flow, Name: "f", Spec: []byte(`{"mode":"mirror"}`), SourceID: w.source.ID, DestinationID: to.ID, Lanes: 1})
		w.flows = append(w.flows, f)
		var all []connector.Split
		for n := range 1200 {
			s := split(n)
			s.Expires = time.Time{}
			all = append(all, s)
		}
		first := w.crawl(f, all...)
		l := w.takeLane(f)
		due := w.due(l, 2000)
		w.deliver(l, due[:1100]...) // the other hundred stay pending
		w.release(l)
		w.ok(w.s.EndRun(w.ctx(), first.ID, store.RunFailed, ""))
		all = all[:0]
		for _, one := range due[:100] {
			all = append(all, one.Split)
		}
		w.ok(w.s.EndRun(w.ctx(), w.crawl(f, all...).ID, store.RunSucceeded, ""))
		sweep := func(want int, what string) {
			t.Helper()
			for range 2 {
				_, err := w.s.Sweep(w.ctx(), store.DefaultRetention())
				w.ok(err)
			}
			if got := rows(t, d, "split"); got != want {
				t.Errorf("%s: %d splits left, want %d", what, got, want)
			}
		}
		w.clock.Add(29 * day)
		sweep(1200, "before its time")
		w.clock.Add(2 * day)
		other := w.make(store.Object{Kind: store.Flow, Name: "appends", Spec: []byte(`{"mode":"append"}`), SourceID: w.source.ID, DestinationID: to.ID, Lanes: 1})
		sweep(1200, "beside a flow that appends")
		w.ok(w.s.DeleteObject(w.ctx(), other))
		sweep(200, "a mirror's")
		if got := rows(t, d, "delivery"); got != 200 {
			t.Errorf("%d deliveries left", got)
		}
		if got := pending(w, f); got != 100 {
			t.Errorf("%d pending", got)
		}
	})
}
