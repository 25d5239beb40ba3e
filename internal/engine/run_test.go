package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// backfill begins one over the hours from and to before now.
func (r *rig) backfill(flow store.Object, from, to time.Duration, again bool) store.Run {
	r.t.Helper()
	spec := r.source.Spec().Source
	now := r.store.Now()
	cursor, err := spec.Range(spec.Config(), now.Add(-from), now.Add(-to))
	r.ok(err)
	run, err := r.store.CreateRun(r.ctx(), store.Run{Kind: store.Backfill, FlowID: flow.ID, Spec: []byte(`{}`)},
		&store.RunListing{SourceID: flow.SourceID, Cursor: cursor, Tenant: "t1", Again: again})
	r.ok(err)
	return run
}

// hourly puts a split for each of the last n hours, with ten records each.
func (r *rig) hourly(n int) {
	for h := range n {
		r.source.Put(connector.Split{ID: fmt.Sprint("h", h), Stream: "s", Time: r.store.Now().Add(-time.Duration(h)*time.Hour - time.Minute)}, connectortest.Records(h*10, h*10+10)...)
	}
}

// A new flow on a source that was listed before gets its past by a backfill, and no more than was asked for.
func TestANewFlowGetsItsPastByABackfill(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.hourly(10)
		r.once()
		second := connectortest.NewMemoryDestination(connectortest.DestinationOptions{})
		late := r.newFlow("late", false)
		r.openTo = func(f store.Object) connector.Destination {
			if f.ID == late.ID {
				return second.Open()
			}
			return r.append.Open()
		}
		r.once()
		if n := len(second.Records()); n != 0 {
			t.Fatalf("%d records of before the flow", n)
		}
		run := r.backfill(late, 5*time.Hour, 0, false)
		r.once()
		sameBodies(t, second.Bodies(), connectortest.Bodies(connectortest.Records(0, 50)))
		r.holds(connectortest.Records(0, 100)...)
		if got := r.run(run); got.State != store.RunSucceeded || got.Finished.IsZero() {
			t.Errorf("run %+v", got)
		}
		if c := r.countsOf(late, run.ID); c.Delivered != 50 || c.Splits != 5 || c.Listed != 5 {
			t.Errorf("counts %+v", c)
		}
		r.hourly(11) // what comes now reaches both
		r.source.Put(connector.Split{ID: "new", Stream: "s", Time: r.store.Now()}, connectortest.Records(500, 510)...)
		r.once()
		if n := len(second.Records()); n != 70 {
			t.Errorf("%d records", n)
		}
	})
}

// A stream that can't be listed for a while is waited for; a backfill that had to leave one out has not succeeded.
func TestABackfillTellsWhatItCouldNotList(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.source.Put(connector.Split{ID: "a", Stream: "a", Time: r.store.Now().Add(-time.Hour)}, connectortest.Records(0, 10)...)
		r.source.Put(connector.Split{ID: "b", Stream: "b", Time: r.store.Now().Add(-time.Hour)}, connectortest.Records(10, 20)...)
		r.source.FailStream("b", fault.New(fault.Unavailable, "away"))
		waits := r.backfill(r.flow, 3*time.Hour, 0, false)
		r.start()
		defer func() { r.ok(r.engine.Close()) }()
		for r.turn() {
		}
		if got := r.run(waits); got.State != store.RunGoing {
			t.Errorf("while a stream is away the run is %s", got.State)
		}
		r.source.FailStream("b", nil)
		r.goOn()
		if got := r.run(waits); got.State != store.RunSucceeded {
			t.Errorf("when it was back: %+v", got)
		}
		r.holds(connectortest.Records(0, 20)...)

		r.source.FailStream("b", fault.New(fault.Denied, "no permission"))
		fails := r.backfill(r.flow, 3*time.Hour, 0, false)
		r.goOn()
		if got := r.run(fails); got.State != store.RunFailed || !strings.Contains(got.Error, "no permission") {
			t.Errorf("refused for good: %+v", got)
		}
	})
}

// A backfill fetches what is not delivered, and nothing else; with Again everything, once more, and remembers it apart.
func TestABackfillFetchesWhatIsMissing(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.hourly(4)
		r.fails("h2", 5, 0, fmt.Errorf("poison"))
		r.once()
		if b := r.backlog(); b.Failed != 1 {
			t.Fatalf("backlog %+v", b)
		}
		run := r.backfill(r.flow, 10*time.Hour, 0, false)
		r.once()
		r.holds(connectortest.Records(0, 40)...)
		if r.source.Reads("h0") != 1 || r.source.Reads("h2") != 6 {
			t.Errorf("h0 was read %d times, h2 %d", r.source.Reads("h0"), r.source.Reads("h2"))
		}
		if got := r.run(run); got.State != store.RunSucceeded {
			t.Errorf("run %+v", got)
		}

		again := r.backfill(r.flow, 2*time.Hour, 0, true)
		r.small(3)
		r.hooks(nil, func(n int) {
			if n == 4 {
				r.usurp()
			}
		})
		r.once()
		r.holds(append(connectortest.Records(0, 40), connectortest.Records(0, 20)...)...)
		if got := r.run(again); got.State != store.RunSucceeded || r.countsOf(r.flow, again.ID).Delivered != 20 {
			t.Errorf("run %+v, counts %+v", got, r.countsOf(r.flow, again.ID))
		}
	})
}

// A canceled backfill delivers no more, and takes nothing away that the flow wants anyhow.
func TestACanceledBackfill(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.hourly(6)
		r.once()
		run := r.backfill(r.flow, 10*time.Hour, 0, true)
		r.start()
		r.list()
		r.source.Put(connector.Split{ID: "new", Stream: "s", Time: r.store.Now()}, connectortest.Records(100, 110)...)
		r.ok(r.store.EndRun(r.ctx(), run.ID, store.RunCanceled, "by a person"))
		r.goOn()
		r.holds(append(connectortest.Records(0, 60), connectortest.Records(100, 110)...)...)
		if got := r.run(run); got.State != store.RunCanceled {
			t.Errorf("run %+v", got)
		}
		if b := r.backlog(); b.Pending != 0 {
			t.Errorf("backlog %+v", b)
		}
	})
}

// A run whose worker died after its last batch was committed comes to its end all the same.
func TestARunEndsThoughItsWorkerDied(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.hourly(2)
		r.once()
		run := r.backfill(r.flow, 10*time.Hour, 0, true)
		r.start()
		r.list()
		l, ok, err := r.store.TakeLane(r.ctx(), "other", 0, time.Minute)
		if err != nil || !ok {
			t.Fatalf("%v, %v", ok, err)
		}
		due, err := r.store.Due(r.ctx(), l, 10, nil)
		r.ok(err)
		var done []store.Progressed
		for _, d := range due {
			done = append(done, store.Progressed{Delivery: d, Done: true})
		}
		r.ok(r.store.CommitBatch(r.ctx(), l, store.Committed{Receipt: l.Receipt, Deliveries: done}))
		r.ok(r.store.ReleaseLane(r.ctx(), l, time.Time{}, nil)) // and here it dies
		if got := r.run(run); got.State != store.RunGoing || len(due) != 2 {
			t.Fatalf("run %+v after %d deliveries", got, len(due))
		}
		r.once()
		if got := r.run(run); got.State != store.RunSucceeded {
			t.Errorf("run %+v", got)
		}
	})
}

// Nobody waits for a run whose source or flow sleeps.
func TestNobodyWaitsForARunOfAPausedFlow(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.hourly(2)
		r.once()
		r.backfill(r.flow, 10*time.Hour, 0, true)
		r.flow.Paused = true
		var err error
		r.flow, err = r.store.UpdateObject(r.ctx(), r.flow, nil)
		r.ok(err)
		r.once()
	})
}
