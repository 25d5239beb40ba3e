package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/limit"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

func TestRunsBeginGoOnAndEnd(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f, g := w.flow("f", 1), w.flow("g", 1)
		create := func(kind string, flow store.Object, listing *store.RunListing) store.Run {
			r, err := w.s.CreateRun(w.ctx(), store.Run{Kind: kind, FlowID: flow.ID, Spec: []byte(`{"from":"x"}`)}, listing)
			w.ok(err)
			return r
		}
		first := create(store.Backfill, f, &store.RunListing{SourceID: w.source.ID, Cursor: []byte("from"), Tenant: "contoso"})
		create(store.Replay, g, nil)
		a := create(store.Crawl, f, nil)
		_, err := w.s.CreateRun(w.ctx(), store.Run{Kind: store.Crawl, FlowID: f.ID, Spec: []byte(`{}`)}, nil)
		wantFault(t, err, fault.Conflict, "crawl_open")
		w.ok(w.s.EndRun(w.ctx(), a.ID, store.RunSucceeded, ""))
		if b := create(store.Crawl, f, nil); a.Number != 1 || b.Number != 2 {
			t.Errorf("crawls %d, %d", a.Number, b.Number)
		}
		got, err := w.s.Run(w.ctx(), first.UID)
		w.ok(err)
		if got.State != store.RunGoing || string(got.Spec) != `{"from":"x"}` || !got.Created.Equal(w.clock.Now()) || !got.Finished.IsZero() {
			t.Errorf("run %+v", got)
		}
		if byID, err := w.s.RunByID(w.ctx(), first.ID); err != nil || byID.UID != first.UID {
			t.Errorf("by ID %+v, %v", byID, err)
		}
		_, err = w.s.Run(w.ctx(), "run_none")
		wantFault(t, err, fault.NotFound, "run_not_found")
		_, err = w.s.RunByID(w.ctx(), 999)
		wantFault(t, err, fault.NotFound, "run_not_found")

		l := w.takeRunListing()
		if string(l.Cursor) != "from" || l.RunID != first.ID || l.FlowID != f.ID {
			t.Errorf("listing %+v", l)
		}
		w.listAs(l, splits(0, 4)...)
		if p, err := w.s.Progress(w.ctx(), first); err != nil || p != (store.RunProgress{Pending: 4}) {
			t.Errorf("progress %+v, %v", p, err)
		}
		lane := w.takeLane(f)
		all := w.due(lane, 4)
		w.deliver(lane, all[0])
		w.ok(w.s.SetBack(w.ctx(), lane, w.source.ID, []store.Setback{{Delivery: all[1], State: store.Failed}, {Delivery: all[2], State: store.Lost}}))
		if p, err := w.s.Progress(w.ctx(), first); err != nil || p != (store.RunProgress{Pending: 1, Failed: 1, Lost: 1}) {
			t.Errorf("progress %+v, %v", p, err)
		}
		w.clock.Add(time.Hour)
		w.ok(w.s.EndRun(w.ctx(), first.ID, store.RunFailed, "1 failed"))
		w.ok(w.s.EndRun(w.ctx(), first.ID, store.RunSucceeded, "")) // too late
		got, _ = w.s.Run(w.ctx(), first.UID)
		if got.State != store.RunFailed || got.Error != "1 failed" || !got.Finished.Equal(w.clock.Now()) {
			t.Errorf("ended %+v", got)
		}
		for _, c := range []struct {
			flow  int64
			state string
			want  int
		}{{0, "", 4}, {f.ID, "", 3}, {f.ID, store.RunGoing, 1}, {0, store.RunFailed, 1}} {
			if all, err := w.s.Runs(w.ctx(), store.RunQuery{FlowID: c.flow, State: c.state, Limit: 10}); err != nil || len(all) != c.want {
				t.Errorf("%+v: %d runs, %v", c, len(all), err)
			}
		}
		if newest, _ := w.s.Runs(w.ctx(), store.RunQuery{Limit: 1}); len(newest) != 1 || newest[0].Number != 2 {
			t.Errorf("newest %+v", newest)
		}
	})
}

func TestARunOfAPausedSourceWaits(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		w.source.Paused = true
		var err error
		w.source, err = w.s.UpdateObject(w.ctx(), w.source, nil)
		w.ok(err)
		_, err = w.s.CreateRun(w.ctx(), store.Run{Kind: store.Backfill, FlowID: f.ID, Spec: []byte(`{}`)}, &store.RunListing{SourceID: w.source.ID})
		w.ok(err)
		if _, ok, _ := w.s.TakeListing(w.ctx(), "n", 0, lease); ok {
			t.Error("a paused source is listed for a run")
		}
	})
}

func TestADeletedFlowLeavesNothing(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		f := w.flow("f", 2)
		w.list(splits(0, 20)...)
		_, err := w.s.CreateRun(w.ctx(), store.Run{Kind: store.Backfill, FlowID: f.ID, Spec: []byte(`{}`)}, &store.RunListing{SourceID: w.source.ID})
		w.ok(err)
		l := w.takeLane(f)
		c := w.batch(w.due(l, 3)...)
		c.Seen = []store.SeenBlock{{Hour: 1, Hashes: hashes(0, 3)}}
		c.Letters = []store.DeadLetter{{FlowID: f.ID, Key: "k"}}
		w.ok(w.s.CommitBatch(w.ctx(), l, c))
		w.ok(w.s.DeleteObject(w.ctx(), f))
		wantLeaseLost(t, "CommitBatch of a deleted flow", w.s.CommitBatch(w.ctx(), l, c))
		for _, table := range []string{"lane", "delivery", "seen", "seen_recent", "dead_letter", "flow_count", "run"} {
			var n int
			if err := raw(t, d).QueryRow(`SELECT count(*) FROM ` + table).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s: %d rows, %v", table, n, err)
			}
		}
		if n := bodies(t, d); n != 0 {
			t.Errorf("%d splits that nobody wants kept their body", n)
		}
		w.ok(w.s.DeleteObject(w.ctx(), w.source))
		if all, _ := w.s.Listings(w.ctx(), 0); len(all) != 0 {
			t.Errorf("listings %+v", all)
		}
	})
}

func TestQuotaRowsAreChangedOneAfterTheOther(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		nodes := []*store.Store{w.s}
		if d.Shared {
			nodes = append(nodes, d.Open(t))
		}
		first := true
		w.ok(w.s.Quotas().Update(w.ctx(), "zero", func(now time.Time, row limit.Row) limit.Row {
			if row != (limit.Row{}) || !now.Equal(w.clock.Now()) {
				t.Errorf("a scope without a row: %+v at %v", row, now)
			}
			return row
		}))
		const workers, rounds = 4, 20
		var all sync.WaitGroup
		for _, s := range nodes {
			for range workers {
				all.Go(func() {
					for range rounds {
						if err := s.Quotas().Update(t.Context(), "o365/t", func(now time.Time, row limit.Row) limit.Row {
							if row.Free.IsZero() {
								row.Free = now
							}
							row.Free = row.Free.Add(time.Millisecond)
							row.Pace = 0.5
							return row
						}); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		all.Wait()
		w.ok(w.s.Quotas().Update(w.ctx(), "o365/t", func(now time.Time, row limit.Row) limit.Row {
			if got := row.Free.Sub(now); first && got != time.Duration(len(nodes)*workers*rounds)*time.Millisecond || row.Pace != 0.5 || !row.Blocked.IsZero() || !row.Paced.IsZero() {
				t.Errorf("after all: %v, %+v", got, row)
			}
			first = false
			return row
		}))
	})
}
