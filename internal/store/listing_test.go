package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
)

func TestKnownSplitsAreListedAgainForNothing(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		a, b := w.flow("a", 1), w.flow("b", 3)
		if fresh := w.list(splits(0, 250)...); fresh != 250 {
			t.Fatalf("%d fresh of 250", fresh)
		}
		twice := append(splits(200, 300), splits(200, 300)...) // a source may also name a split twice
		if fresh := w.list(twice...); fresh != 50 {
			t.Fatalf("%d fresh of 50", fresh)
		}
		for _, f := range []store.Object{a, b} {
			if got, err := w.s.Backlog(w.ctx(), f.ID); err != nil || got.Pending != 300 || got.Ready != 300 || !got.Oldest.Equal(split(0).Time) || !got.Expires.Equal(split(0).Expires) {
				t.Errorf("%s: backlog %+v, %v", f.Name, got, err)
			}
			if c, err := w.s.Counts(w.ctx(), f.ID, 0); err != nil || c.Listed != 300 {
				t.Errorf("%s: counts %+v, %v", f.Name, c, err)
			}
		}
		d := w.due(w.takeLane(a), 1)[0]
		want := split(299)
		if d.Split.ID != want.ID || string(d.Split.Locator) != string(want.Locator) || d.Split.Stream != want.Stream || !d.Split.Time.Equal(want.Time) ||
			!d.Split.Expires.Equal(want.Expires) || !d.Split.Ready.IsZero() {
			t.Errorf("the newest came back as %+v", d.Split)
		}
	})
}

func TestAListingKeepsCursorTroubleAndLease(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.flow("a", 1)
		l := w.takeListing()
		if len(l.Cursor) != 0 || l.Tenant != "contoso" || l.SourceID != w.source.ID || l.RunID != 0 {
			t.Errorf("first listing %+v", l)
		}
		due := w.clock.Now().Add(time.Minute)
		_, err := w.s.CommitListing(w.ctx(), l, store.Listed{Enumeration: connector.Enumeration{Cursor: []byte("half"), Pending: 7}, Keep: true, Due: w.clock.Now()})
		w.ok(err)
		if _, ok, _ := w.s.TakeListing(w.ctx(), "other", 0, lease); ok {
			t.Fatal("a kept lease was taken")
		}
		_, err = w.s.CommitListing(w.ctx(), l, store.Listed{Enumeration: connector.Enumeration{Cursor: []byte("end")}, Due: due, Failures: 2,
			Trouble: &store.Trouble{Class: "denied", Text: "no permission", Since: w.clock.Now()}})
		w.ok(err)
		all, err := w.s.Listings(w.ctx(), 0)
		w.ok(err)
		if len(all) != 1 || !all[0].Due.Equal(due) || all[0].Failures != 2 || all[0].Trouble.Class != "denied" || !all[0].Listed.Equal(w.clock.Now()) || all[0].Pending != 0 {
			t.Errorf("status %+v", all)
		}
		if next, err := w.s.NextDue(w.ctx()); err != nil || next.After(due) {
			t.Errorf("NextDue %v, %v", next, err)
		}
		l = w.takeListing()
		if string(l.Cursor) != "end" || l.Failures != 2 {
			t.Errorf("next listing %+v", l)
		}
		w.ok(w.s.FailListing(w.ctx(), l, store.Trouble{Text: "down"}, due))
		l = w.takeListing()
		if string(l.Cursor) != "end" || l.Failures != 3 {
			t.Errorf("after a failure %+v", l)
		}
	})
}

func TestGapsAreReportedOnce(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		noon := w.clock.Now()
		gap := func(stream string, hours int) connector.Gap {
			return connector.Gap{Range: connector.Range{Stream: stream, From: noon.Add(time.Duration(hours) * time.Hour), To: noon.Add(time.Duration(hours+1) * time.Hour)}, Reason: "too late"}
		}
		for range 2 {
			l := w.takeListing()
			_, err := w.s.CommitListing(w.ctx(), l, store.Listed{Enumeration: connector.Enumeration{Lost: []connector.Gap{gap("a", -3), gap("b", -3), gap("a", -5)}}, Due: noon})
			w.ok(err)
		}
		all, err := w.s.Gaps(w.ctx(), w.source.ID)
		w.ok(err)
		if len(all) != 3 || !all[0].From.Equal(noon.Add(-5*time.Hour)) || !all[0].To.Equal(noon.Add(-4*time.Hour)) || all[0].Reason != "too late" || all[2].Stream != "b" {
			t.Errorf("gaps %+v", all)
		}
		if none, _ := w.s.Gaps(w.ctx(), w.source.ID+1); len(none) != 0 {
			t.Errorf("another source's gaps %+v", none)
		}
	})
}

func TestCoverageMinutes(t *testing.T) {
	at := func(text string) time.Time {
		got, err := time.Parse("2006-01-02 15:04:05", text)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	cases := map[string]struct {
		from, to string
		want     []int // minutes of each hour
	}{
		"a whole hour":                        {"2026-11-22 12:00:00", "2026-11-22 13:00:00", []int{60}},
		"across hours":                        {"2026-11-22 12:50:00", "2026-11-22 14:05:00", []int{10, 60, 5}},
		"the minute that it begins in counts": {"2026-11-22 12:00:30", "2026-11-22 12:02:59", []int{2}},
		"what ends no minute covers nothing":  {"2026-11-22 12:00:01", "2026-11-22 12:00:59", nil},
		"backwards covers nothing":            {"2026-11-22 12:10:00", "2026-11-22 12:05:00", nil},
		"the last minute of an hour":          {"2026-11-22 12:59:00", "2026-11-22 13:00:00", []int{1}},
		"a fraction of a second counts not":   {"2026-11-22 12:00:00", "2026-11-22 12:00:59", nil},
		"a day across a month has its hours":  {"2026-11-30 23:00:00", "2026-12-01 01:00:00", []int{60, 60}},
		"minutes listed twice are not double": {"2026-11-22 12:10:00", "2026-11-22 12:20:00", []int{10}},
	}
	worlds(t, func(t *testing.T, w *world) {
		for name, c := range cases {
			ranges := []connector.Range{{Stream: name, From: at(c.from), To: at(c.to)}}
			for range 2 {
				_, err := w.s.CommitListing(w.ctx(), w.takeListing(), store.Listed{Enumeration: connector.Enumeration{Listed: ranges}, Due: w.clock.Now()})
				w.ok(err)
			}
			all, err := w.s.Coverage(w.ctx(), w.source.ID, at("1969-01-01 00:00:00"), at("2027-01-01 00:00:00"))
			w.ok(err)
			var got []int
			for _, row := range all {
				if row.Stream == name {
					got = append(got, row.ListedMinutes())
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: minutes %v, want %v", name, got, c.want)
			}
		}
	})
}

func TestCoverageOfHoursBefore1970(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		now := w.clock.Add(time.Unix(600, 0).Sub(w.clock.Now()))
		_, err := w.s.CommitListing(w.ctx(), w.takeListing(), store.Listed{Enumeration: connector.Enumeration{
			Listed: []connector.Range{{Stream: "a", From: now.Add(-100 * time.Minute), To: now}}}, Due: now})
		w.ok(err)
		all, err := w.s.Coverage(w.ctx(), w.source.ID, now.Add(-24*time.Hour), now)
		w.ok(err)
		var got []int
		for _, row := range all {
			got = append(got, row.ListedMinutes())
		}
		if !slices.Equal(got, []int{30, 60, 10}) {
			t.Errorf("minutes %v", got)
		}
	})
}

func TestCoverageAddsUpTwoHalves(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		noon := w.clock.Now()
		for _, half := range [][2]time.Duration{{0, 30 * time.Minute}, {20 * time.Minute, time.Hour}} {
			_, err := w.s.CommitListing(w.ctx(), w.takeListing(), store.Listed{Enumeration: connector.Enumeration{
				Listed: []connector.Range{{Stream: "a", From: noon.Add(half[0]), To: noon.Add(half[1])}}}, Due: noon})
			w.ok(err)
		}
		all, err := w.s.Coverage(w.ctx(), w.source.ID, noon, noon.Add(time.Hour))
		if err != nil || len(all) != 1 || all[0].ListedMinutes() != 60 || !all[0].Start().Equal(noon) {
			t.Errorf("coverage %+v, %v", all, err)
		}
	})
}

// A flow's backfill may list a split before the source's own listing does; the other flows must still get it.
func TestWhatARunListsFirstReachesTheOtherFlows(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		a, b := w.flow("a", 1), w.flow("b", 1)
		_, err := w.s.CreateRun(w.ctx(), store.Run{Kind: store.Backfill, FlowID: a.ID, Spec: []byte(`{}`)}, &store.RunListing{SourceID: w.source.ID, Tenant: "contoso"})
		w.ok(err)
		run := w.takeRunListing()
		if fresh := w.listAs(run, split(1)); fresh != 1 {
			t.Fatalf("%d fresh", fresh)
		}
		if got := pending(w, b); got != 0 {
			t.Fatalf("a's backfill gave b %d deliveries", got)
		}
		l := w.takeLane(a)
		w.deliver(l, w.due(l, 5)...) // and the body goes
		w.release(l)
		w.list(split(1))
		if got := pending(w, a); got != 0 {
			t.Errorf("a gets it again: %d", got)
		}
		l = w.takeLane(b)
		got := w.due(l, 5)
		if len(got) != 1 || got[0].Split.ID != "blob-1" || len(got[0].Split.Locator) == 0 {
			t.Fatalf("b got %+v", got)
		}
		w.deliver(l, got...)
		w.release(l)
		w.list(split(1))
		if pending(w, a)+pending(w, b) != 0 {
			t.Error("a third listing asks again")
		}
	})
}

// takeRunListing takes a listing of a run.
func (w *world) takeRunListing() store.Listing {
	w.t.Helper()
	turns, err := w.s.DueListings(w.ctx(), 100)
	w.ok(err)
	for _, turn := range turns {
		l, ok, err := w.s.TakeListing(w.ctx(), "n", turn.ID, lease)
		w.ok(err)
		if ok && l.RunID != 0 {
			return l
		}
		if ok {
			w.ok(w.s.PutOff(w.ctx(), l, w.clock.Now()))
		}
	}
	w.t.Fatal("no run has a listing that is due")
	return store.Listing{}
}

func pending(w *world, f store.Object) int64 {
	w.t.Helper()
	b, err := w.s.Backlog(w.ctx(), f.ID)
	w.ok(err)
	return b.Pending
}

func TestABackfillWantsWhatIsNotDelivered(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		w.list(splits(0, 5)...)
		l := w.takeLane(f)
		byID := map[string]store.Delivery{}
		for _, d := range w.due(l, 10) {
			byID[d.Split.ID] = d
		}
		w.deliver(l, byID["blob-0"])
		w.ok(w.s.SetBack(w.ctx(), l, w.source.ID, []store.Setback{
			{Delivery: byID["blob-1"], State: store.Failed, Error: store.Trouble{Text: "bad"}},
			{Delivery: byID["blob-2"], State: store.Lost, Error: store.Trouble{Text: "gone"}},
			{Delivery: byID["blob-3"], State: store.Discarded, Error: store.Trouble{Text: "changed"}},
		})) // blob-4 stays pending
		w.release(l)
		backfill := func(again bool) (store.Run, []string) {
			r, err := w.s.CreateRun(w.ctx(), store.Run{Kind: store.Backfill, FlowID: f.ID, Spec: []byte(`{}`)}, &store.RunListing{SourceID: w.source.ID, Tenant: "contoso", Again: again})
			w.ok(err)
			w.listAs(w.takeRunListing(), splits(0, 6)...)
			l := w.takeLane(f)
			var got []string
			for _, d := range w.due(l, 10) {
				if d.RunID == r.ID {
					if len(d.Split.Locator) == 0 || d.Revision != 0 || (d.Generation != 0) != again {
						t.Errorf("wanted again: %+v", d)
					}
					got = append(got, d.Split.ID)
				}
			}
			w.release(l)
			slices.Sort(got)
			return r, got
		}
		first, got := backfill(false)
		if want := []string{"blob-1", "blob-2", "blob-3", "blob-5"}; !slices.Equal(got, want) {
			t.Fatalf("a backfill wants %v, not %v", want, got)
		}
		if c, _ := w.s.Counts(w.ctx(), f.ID, first.ID); c.Listed != 4 {
			t.Errorf("the run listed %d", c.Listed)
		}
		w.ok(w.s.EndRun(w.ctx(), first.ID, store.RunCanceled, "by a person"))
		b, err := w.s.Backlog(w.ctx(), f.ID)
		w.ok(err)
		if b.Pending != 1 || b.Failed != 1 || b.Lost != 1 {
			t.Fatalf("after the run was canceled: %+v", b)
		}
		second, got := backfill(true)
		if want := []string{"blob-0", "blob-1", "blob-2", "blob-3", "blob-5"}; !slices.Equal(got, want) {
			t.Fatalf("--again wants %v, not %v", want, got)
		}
		w.ok(w.s.EndRun(w.ctx(), second.ID, store.RunCanceled, ""))
		if delivered, open, err := w.s.RangeState(w.ctx(), f.ID, "Audit.Exchange", split(0).Time, split(10).Time); err != nil || delivered != 1 || open != 5 {
			t.Errorf("delivered %d, open %d, %v: what had been delivered stays so", delivered, open, err)
		}
	})
}

func TestACanceledRunsListingLosesItsLease(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		r, err := w.s.CreateRun(w.ctx(), store.Run{Kind: store.Backfill, FlowID: f.ID, Spec: []byte(`{}`)}, &store.RunListing{SourceID: w.source.ID})
		w.ok(err)
		l := w.takeRunListing()
		w.ok(w.s.EndRun(w.ctx(), r.ID, store.RunCanceled, ""))
		_, err = w.s.CommitListing(w.ctx(), l, store.Listed{Enumeration: enumeration(split(1)), Lanes: w.lanes(), Due: w.clock.Now()})
		wantLeaseLost(t, "CommitListing", err)
		if pending(w, f) != 0 {
			t.Error("a canceled run goes on")
		}
	})
}

func TestASourceThatOnlyCrawlsListWasListed(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("mirror", 1)
		standing := w.takeListing()
		w.ok(w.s.FailListing(w.ctx(), standing, store.Trouble{Text: "not yet"}, w.clock.Now().Add(time.Hour)))
		_, err := w.s.CreateRun(w.ctx(), store.Run{Kind: store.Backfill, FlowID: f.ID, Spec: []byte(`{}`)}, &store.RunListing{SourceID: w.source.ID})
		w.ok(err)
		_, err = w.s.CommitListing(w.ctx(), w.takeListing(), store.Listed{Ended: true, Enumeration: connector.Enumeration{Complete: true}})
		w.ok(err)
		all, err := w.s.Listings(w.ctx(), w.source.ID)
		w.ok(err)
		if len(all) != 1 || all[0].RunID != 0 || !all[0].Listed.Equal(w.clock.Now()) {
			t.Errorf("status %+v", all)
		}
	})
}

func TestATroubleKeepsWhenItBegan(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		flow := w.flow("a", 1)
		began := func() time.Time {
			all, err := w.s.Listings(w.ctx(), 0)
			w.ok(err)
			return all[0].Trouble.Since
		}
		fail := func() time.Time {
			at := w.clock.Now()
			w.ok(w.s.FailListing(w.ctx(), w.takeListing(), store.Trouble{Class: "unavailable", Text: "no", Since: at}, at))
			w.clock.Add(time.Hour)
			return at
		}
		first := fail()
		fail()
		w.ok(w.s.ListNow(w.ctx())) // trying at once mends nothing
		fail()
		if got := began(); !got.Equal(first) {
			t.Errorf("it began at %s, want %s", got, first)
		}
		part := store.Trouble{Class: "unavailable", Text: "no", Since: w.clock.Now(), Streams: []string{"b"}}
		_, err := w.s.CommitListing(w.ctx(), w.takeListing(), store.Listed{Due: w.clock.Now(), Failures: 4, Trouble: &part})
		w.ok(err)
		if got := began(); !got.Equal(first) {
			t.Errorf("after a listing in part it began at %s, want %s", got, first)
		}
		_, err = w.s.CommitListing(w.ctx(), w.takeListing(), store.Listed{Enumeration: enumeration(split(1)), Lanes: map[int64]int{flow.ID: 1}, Due: w.clock.Now()})
		w.ok(err)
		if again := fail(); !began().Equal(again) {
			t.Errorf("after it was well it began at %s, want %s", began(), again)
		}

		lane := func() time.Time {
			at := w.clock.Now()
			w.ok(w.s.ReleaseLane(w.ctx(), w.takeLane(flow), at, &store.Trouble{Class: "denied", Text: "no", Since: at}))
			w.clock.Add(time.Hour)
			return at
		}
		first = lane()
		lane()
		if all, err := w.s.Lanes(w.ctx(), flow.ID); err != nil || !all[0].Trouble.Since.Equal(first) {
			t.Errorf("the lane's began at %v, want %s: %v", all[0].Trouble.Since, first, err)
		}
	})
}
