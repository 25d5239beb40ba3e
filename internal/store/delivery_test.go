package store_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

func TestDueGivesNewestAndOldestSideBySide(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		w.list(splits(0, 6)...)
		l := w.takeLane(f)
		if got, want := ids(w.due(l, 4)), []string{"blob-5", "blob-0", "blob-4", "blob-1"}; !slices.Equal(got, want) {
			t.Errorf("4 of 6: %v, want %v", got, want)
		}
		if got, want := ids(w.due(l, 100)), []string{"blob-5", "blob-0", "blob-4", "blob-1", "blob-3", "blob-2"}; !slices.Equal(got, want) {
			t.Errorf("all: %v, want %v", got, want)
		}
		if got := ids(w.due(l, 1)); !slices.Equal(got, []string{"blob-5"}) {
			t.Errorf("one: %v", got)
		}
		skip := map[int64]bool{}
		for _, d := range w.due(l, 4) {
			skip[d.SplitID] = true
		}
		got, err := w.s.Due(w.ctx(), l, 4, skip)
		w.ok(err)
		if !slices.Equal(ids(got), []string{"blob-3", "blob-2"}) {
			t.Errorf("without those in hand: %v", ids(got))
		}
	})
}

func TestLanesShareAFlowsSplits(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 3)
		w.list(splits(0, 60)...)
		seen := map[string]int{}
		for range 3 {
			l := w.takeLane(f)
			all := w.due(l, 100)
			if len(all) < 5 {
				t.Errorf("lane %d has %d of 60", l.Number, len(all))
			}
			for _, d := range all {
				seen[d.Split.ID]++
			}
		}
		if len(seen) != 60 || slices.Max(values(seen)) != 1 {
			t.Errorf("%d splits, one in %d lanes", len(seen), slices.Max(values(seen)))
		}
	})
}

func values(m map[string]int) []int {
	var all []int
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

func TestCommitBatchRemembersProgressAndReceipt(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		w.list(split(0))
		l := w.takeLane(f)
		d := w.due(l, 1)[0]
		c := w.batch(d)
		c.Receipt, c.Deliveries[0].Done, c.Deliveries[0].Read, c.Deliveries[0].Revision = []byte("offset 17"), false, 40, 3
		w.ok(w.s.CommitBatch(w.ctx(), l, c))
		d = w.due(l, 1)[0]
		if d.Progress != 40 || d.Revision != 3 || d.State != store.Pending {
			t.Errorf("after a part: %+v", d)
		}
		w.release(l)
		if l = w.takeLane(f); string(l.Receipt) != "offset 17" {
			t.Errorf("receipt %q", l.Receipt)
		}
		c = w.batch(d)
		c.Deliveries[0].Revision = 4 // it keeps the one of its first attempt
		w.ok(w.s.CommitBatch(w.ctx(), l, c))
		if got := w.due(l, 1); len(got) != 0 {
			t.Errorf("a delivered one is due: %+v", got)
		}
		if delivered, open, _ := w.s.RangeState(w.ctx(), f.ID, "Audit.Exchange", split(0).Time, split(1).Time); delivered != 1 || open != 0 {
			t.Errorf("delivered %d, open %d", delivered, open)
		}
	})
}

func TestCommitBatchCounts(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		_, err := w.s.CreateRun(w.ctx(), store.Run{Kind: store.Backfill, FlowID: f.ID, Spec: []byte(`{}`)}, &store.RunListing{SourceID: w.source.ID})
		w.ok(err)
		run := w.takeRunListing()
		w.listAs(run, split(0), split(1))
		w.list(split(0), split(1), split(60))
		l := w.takeLane(f)
		c := w.batch(w.due(l, 10)...)
		for i := range c.Deliveries {
			c.Deliveries[i].Counts = store.Counts{Fetched: 10, Delivered: 6, Repeats: 2, Dropped: 1, Dead: 1, Deleted: 3, Bytes: 100, Newest: split(i).Time}
		}
		w.ok(w.s.CommitBatch(w.ctx(), l, c))
		all, err := w.s.Counts(w.ctx(), f.ID, 0)
		w.ok(err)
		want := store.Counts{Listed: 3, Splits: 3, Fetched: 30, Delivered: 18, Repeats: 6, Dropped: 3, Dead: 3, Deleted: 9, Bytes: 300, Newest: split(2).Time, Last: w.clock.Now()}
		if all != want {
			t.Errorf("counts %+v\nwant   %+v", all, want)
		}
		ofRun, err := w.s.Counts(w.ctx(), f.ID, run.RunID)
		w.ok(err)
		if ofRun.Listed != 2 || ofRun.Splits != 2 || ofRun.Delivered != 12 || !ofRun.Last.Equal(w.clock.Now()) {
			t.Errorf("the run's counts %+v", ofRun)
		}
		rows, err := w.s.Coverage(w.ctx(), w.source.ID, split(0).Time, split(119).Time)
		w.ok(err)
		got := map[[2]int64]store.Coverage{}
		for _, row := range rows {
			got[[2]int64{row.FlowID, row.Hour - split(0).Time.Unix()/3600}] = row
		}
		if len(rows) != 4 || got[[2]int64{0, 0}].Splits != 2 || got[[2]int64{0, 1}].Splits != 1 || got[[2]int64{f.ID, 0}].Splits != 2 || got[[2]int64{f.ID, 0}].Records != 12 ||
			got[[2]int64{f.ID, 1}].Repeats != 2 || got[[2]int64{f.ID, 1}].Dead != 1 {
			t.Errorf("coverage %+v", rows)
		}
	})
}

func TestASplitsBodyGoesWhenNoFlowWantsIt(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		a, b := w.flow("a", 1), w.flow("b", 1)
		inline := split(0)
		inline.Inline = []byte(`{"event":"of a webhook"}`)
		w.list(inline, split(1))
		la, lb := w.takeLane(a), w.takeLane(b)
		w.deliver(la, w.due(la, 5)...)
		got := w.due(lb, 5)
		if len(got) != 2 || string(got[1].Split.Inline) != string(inline.Inline) {
			t.Fatalf("b's, after a has delivered: %+v", got)
		}
		w.ok(w.s.SetBack(w.ctx(), lb, w.source.ID, []store.Setback{{Delivery: got[0], State: store.Failed, Count: true, Error: store.Trouble{Text: "x"}}, {Delivery: got[1], State: store.Lost}}))
		w.release(lb)
		n, err := w.s.RetryDeliveries(w.ctx(), b.ID)
		if n != 1 || err != nil {
			t.Fatalf("retried %d, %v: a lost one can't be", n, err)
		}
		lb = w.takeLane(b)
		if got = w.due(lb, 5); len(got) != 1 || got[0].Split.ID != "blob-1" || got[0].Attempts != 0 {
			t.Errorf("a failed delivery keeps its split: %+v", got)
		}
		w.deliver(lb, got...)
		trials, err := w.s.Trials(w.ctx(), b.ID, 10)
		w.ok(err)
		if len(trials) != 1 || trials[0].State != "lost" || trials[0].Split != "" {
			t.Errorf("the lost one's body is still there: %+v", trials)
		}
	})
}

func TestSetBack(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		w.list(splits(0, 4)...)
		l := w.takeLane(f)
		d := map[string]store.Delivery{}
		for _, one := range w.due(l, 10) {
			d[one.Split.ID] = one
		}
		later := w.clock.Now().Add(time.Minute)
		backs := []store.Setback{
			{Delivery: d["blob-0"], State: store.Pending, Due: later, Count: true, Error: store.Trouble{Class: "invalid", Text: "no array"}},
			{Delivery: d["blob-1"], State: store.Pending, Due: later, Error: store.Trouble{Class: "throttled", Text: "slow down"}},
			{Delivery: d["blob-2"], State: store.Failed, Count: true, Error: store.Trouble{Class: "invalid", Text: "no array"}},
			{Delivery: d["blob-3"], State: store.Lost, Error: store.Trouble{Class: "lost", Text: "expired"}},
		}
		w.ok(w.s.SetBack(w.ctx(), l, w.source.ID, backs))
		w.ok(w.s.SetBack(w.ctx(), l, w.source.ID, nil))
		w.ok(w.s.SetBack(w.ctx(), l, w.source.ID, backs[3:])) // twice said, once lost
		if got := w.due(l, 10); len(got) != 0 {
			t.Errorf("due at once: %v", ids(got))
		}
		w.release(l)
		b, err := w.s.Backlog(w.ctx(), f.ID)
		w.ok(err)
		if b.Pending != 2 || b.Ready != 0 || b.Failed != 1 || b.Lost != 1 {
			t.Errorf("backlog %+v", b)
		}
		if lanes, _ := w.s.Lanes(w.ctx(), f.ID); !lanes[0].Due.Equal(later) {
			t.Errorf("the lane is due %v, not when its first delivery is", lanes[0].Due)
		}
		trials, err := w.s.Trials(w.ctx(), f.ID, 3)
		w.ok(err)
		if len(trials) != 3 || trials[0].Split != "blob-0" || trials[0].State != "pending" || trials[0].Attempts != 1 || trials[1].Trouble.Text != "slow down" || trials[2].State != "failed" || trials[2].Attempts != 1 {
			t.Errorf("trials %+v", trials)
		}
		if c, _ := w.s.Counts(w.ctx(), f.ID, 0); c.Lost != 1 {
			t.Errorf("lost %d", c.Lost)
		}
		rows, _ := w.s.Coverage(w.ctx(), w.source.ID, split(0).Time, split(5).Time)
		if len(rows) != 2 || rows[1].FlowID != f.ID || rows[1].Lost != 1 {
			t.Errorf("coverage %+v", rows)
		}
		w.clock.Add(time.Minute)
		l = w.takeLane(f)
		for _, one := range w.due(l, 10) {
			if one.Attempts+one.Waits != 1 || (one.Split.ID == "blob-0") != (one.Attempts == 1) {
				t.Errorf("%s: %d attempts, %d waits", one.Split.ID, one.Attempts, one.Waits)
			}
		}
	})
}

// A listing that adds deliveries while the lane is given back must leave the lane due, whichever comes first.
func TestNoWakeUpIsLost(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		f := w.flow("f", 1)
		other := w.s
		if d.Shared {
			other = d.Open(t)
		}
		const rounds = 150
		for round := range rounds {
			lane, ok := w.tryLane(f)
			if !ok {
				t.Fatalf("round %d: work is pending (%d) and the lane sleeps", round, pending(w, f))
			}
			listing := w.takeListing()
			for len(w.due(lane, 10)) > 0 {
				w.deliver(lane, w.due(lane, 10)...)
			}
			var both sync.WaitGroup
			both.Go(func() {
				if err := other.ReleaseLane(t.Context(), lane, time.Time{}, nil); err != nil {
					t.Error(err)
				}
			})
			both.Go(func() {
				found := store.Listed{Enumeration: enumeration(split(round)), Lanes: w.lanes(), Due: w.clock.Now()}
				if _, err := w.s.CommitListing(t.Context(), listing, found); err != nil {
					t.Error(err)
				}
			})
			both.Wait()
		}
	})
}

// Two flows that end the deliveries of the same splits together must not each leave the splits' bodies to the other.
func TestTwoFlowsEndTogether(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		a, b := w.flow("a", 1), w.flow("b", 1)
		w.list(splits(0, 200)...)
		la, lb := w.takeLane(a), w.takeLane(b)
		for len(w.due(la, 1)) > 0 {
			var both sync.WaitGroup
			start := make(chan struct{})
			for _, l := range []store.Lane{la, lb} {
				all := w.due(l, 2)
				if l.ID == lb.ID {
					slices.Reverse(all)
				}
				both.Go(func() {
					<-start
					if err := w.s.CommitBatch(t.Context(), l, w.batch(all...)); err != nil {
						t.Error(err)
					}
				})
			}
			close(start)
			both.Wait()
		}
		if left := bodies(t, d); left != 0 {
			t.Errorf("%d of 200 splits kept their body", left)
		}
		for n := range 200 {
			w.ok(w.s.SetBack(w.ctx(), la, w.source.ID, []store.Setback{{Delivery: store.Delivery{FlowID: a.ID, SplitID: int64(n + 1)}, State: store.Lost}}))
		}
		if trials, err := w.s.Trials(w.ctx(), a.ID, 1000); err != nil || len(trials) != 0 {
			t.Errorf("a delivered one was set back: %d, %v", len(trials), err)
		}
	})
}

func TestAReadyTimeIsKept(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		young := split(3)
		young.Ready = w.clock.Now().Add(15 * time.Minute).Truncate(time.Microsecond)
		w.list(connector.Split{ID: "old", Stream: "s", Time: w.clock.Now()}, young)
		l := w.takeLane(f)
		if got := ids(w.due(l, 5)); !slices.Equal(got, []string{"old"}) {
			t.Fatalf("due %v", got)
		}
		w.deliver(l, w.due(l, 5)...)
		w.release(l)
		if lanes, _ := w.s.Lanes(w.ctx(), f.ID); !lanes[0].Due.Equal(young.Ready) {
			t.Errorf("the lane is due %v, want %v", lanes[0].Due, young.Ready)
		}
		w.clock.Add(15 * time.Minute)
		if got := w.due(w.takeLane(f), 5); len(got) != 1 || !got[0].Split.Ready.Equal(young.Ready) {
			t.Errorf("later %+v", got)
		}
	})
}
