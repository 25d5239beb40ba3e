package store_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

func TestALeaseIsOneWorkersUntilItEnds(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		w.list(splits(0, 3)...)
		mine := w.takeLane(f)
		if _, ok, err := w.s.TakeLane(w.ctx(), "other", 0, lease); ok || err != nil {
			t.Fatalf("a second taker got it: %v, %v", ok, err)
		}
		w.clock.Add(lease - time.Second)
		w.ok(w.s.Renew(w.ctx(), mine.Lease, lease))
		w.clock.Add(2 * time.Second)
		if _, ok, _ := w.s.TakeLane(w.ctx(), "other", 0, lease); ok {
			t.Fatal("a renewed lease was taken")
		}
		if next, err := w.s.NextDue(w.ctx()); err != nil || !next.Equal(w.clock.Now().Add(lease-2*time.Second)) && next.After(w.clock.Now().Add(time.Minute)) {
			t.Errorf("NextDue %v, %v", next, err)
		}
		w.clock.Add(lease)
		w.ok(w.s.Renew(w.ctx(), mine.Lease, 0)) // run out, but nobody took it: still ours
		other, ok, err := w.s.TakeLane(w.ctx(), "other", mine.ID, lease)
		if !ok || err != nil {
			t.Fatalf("a lease that ran out: %v, %v", ok, err)
		}
		d := w.due(other, 10)
		wantLeaseLost(t, "Renew", w.s.Renew(w.ctx(), mine.Lease, lease))
		wantLeaseLost(t, "CommitBatch", w.s.CommitBatch(w.ctx(), mine, w.batch(d[0])))
		wantLeaseLost(t, "SetBack", w.s.SetBack(w.ctx(), mine, w.source.ID, []store.Setback{{Delivery: d[0], State: store.Failed}}))
		wantLeaseLost(t, "MarkSending", w.s.MarkSending(w.ctx(), mine, []store.InventoryItem{{DestinationID: 1, Key: "k"}}))
		wantLeaseLost(t, "ReleaseLane", w.s.ReleaseLane(w.ctx(), mine, time.Time{}, nil))
		if got := w.due(other, 10); len(got) != 3 || got[0].Attempts != 0 {
			t.Errorf("the loser changed something: %+v", got)
		}
		if all, _, _ := w.s.InventorySize(w.ctx(), store.Crawled{DestinationID: 1, Number: 1}); all != 0 {
			t.Error("the loser marked an item")
		}
		if c, _ := w.s.Counts(w.ctx(), f.ID, 0); c.Delivered != 0 {
			t.Errorf("the loser counted %+v", c)
		}
	})
}

func TestAListingsLease(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.flow("f", 1)
		mine := w.takeListing()
		if _, ok, _ := w.s.TakeListing(w.ctx(), "other", 0, lease); ok {
			t.Fatal("a second taker got it")
		}
		w.clock.Add(lease)
		other := w.takeListing()
		_, err := w.s.CommitListing(w.ctx(), mine, store.Listed{Due: w.clock.Now(), Lanes: w.lanes(), Enumeration: enumeration(split(1))})
		wantLeaseLost(t, "CommitListing", err)
		wantLeaseLost(t, "FailListing", w.s.FailListing(w.ctx(), mine, store.Trouble{}, w.clock.Now()))
		wantLeaseLost(t, "PutOff", w.s.PutOff(w.ctx(), mine, w.clock.Now()))
		if fresh := w.listAs(other, split(1)); fresh != 1 {
			t.Errorf("the loser's splits were kept: %d fresh", fresh)
		}
	})
}

func TestTakeOverEndsAllLeasesOfTheEmbeddedDatabase(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		w.list(split(1))
		l := w.takeLane(f)
		w.ok(w.s.TakeOver(w.ctx()))
		_, ok := w.tryLane(f)
		if ok == w.s.Shared() {
			t.Errorf("taken after TakeOver: %v, shared %v", ok, w.s.Shared())
		}
		if err := w.s.Renew(w.ctx(), l.Lease, lease); (err == nil) != w.s.Shared() {
			t.Errorf("Renew after TakeOver: %v", err)
		}
	})
}

func TestTurnsGoRoundByTenant(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		tenants := map[int64]string{}
		for _, f := range []struct {
			tenant string
			lanes  int
		}{{"big", 4}, {"small", 1}, {"tiny", 1}} {
			o := w.make(store.Object{Kind: store.Flow, Name: f.tenant, SourceID: w.source.ID, Tenant: f.tenant, Lanes: f.lanes})
			tenants[o.ID] = f.tenant
			w.flows = append(w.flows, o)
		}
		w.list(splits(0, 40)...)
		var got []string
		for range 9 {
			l, ok, err := w.s.TakeLane(w.ctx(), "n", 0, lease)
			w.ok(err)
			if !ok {
				t.Fatalf("nothing due after %v", got)
			}
			got = append(got, tenants[l.FlowID])
			w.clock.Add(time.Second)
			w.release(l) // with work left: due again at once
		}
		for i := 3; i < len(got); i++ {
			if got[i] != got[i-3] {
				t.Fatalf("turns %v", got)
			}
		}
		if first := slices.Sorted(slices.Values(got[:3])); !slices.Equal(first, []string{"big", "small", "tiny"}) {
			t.Fatalf("turns %v", got)
		}
		lanes, err := w.s.DueLanes(w.ctx(), 1)
		w.ok(err)
		l, ok, err := w.s.TakeLane(w.ctx(), "n", lanes[0].ID, lease)
		if !ok || err != nil || tenants[l.FlowID] != got[0] {
			t.Errorf("DueLanes' first is of %s, want %s", tenants[l.FlowID], got[0])
		}
	})
}

func TestALaneSleepsUntilItsWorkIsDue(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		first := w.takeLane(f) // a new flow has one turn, to recover
		w.release(first)
		if _, ok := w.tryLane(f); ok {
			t.Fatal("a lane without work is due")
		}
		if all, _ := w.s.Lanes(w.ctx(), f.ID); len(all) != 1 || !all[0].Due.IsZero() || all[0].Held {
			t.Errorf("lanes %+v", all)
		}
		late := split(5)
		late.Ready = w.clock.Now().Add(time.Hour)
		w.list(late)
		if _, ok := w.tryLane(f); ok {
			t.Fatal("a split that is not ready makes its lane due")
		}
		w.clock.Add(time.Hour)
		l := w.takeLane(f)
		if got := w.due(l, 5); len(got) != 1 {
			t.Fatalf("due %v", ids(got))
		}
		// blocked: neither the work at hand nor a listing wakes it before
		until := w.clock.Now().Add(10 * time.Minute)
		w.ok(w.s.ReleaseLane(w.ctx(), l, until, &store.Trouble{Class: "throttled", Text: "slow down"}))
		w.list(split(6))
		if _, ok := w.tryLane(f); ok {
			t.Fatal("a listing woke a blocked lane")
		}
		all, err := w.s.Lanes(w.ctx(), f.ID)
		w.ok(err)
		if !all[0].Due.Equal(until) || all[0].Failures != 1 || all[0].Trouble == nil || all[0].Trouble.Text != "slow down" {
			t.Errorf("blocked: %+v", all[0])
		}
		w.clock.Add(10 * time.Minute)
		l = w.takeLane(f)
		w.deliver(l, w.due(l, 10)...)
		w.release(l)
		if all, _ = w.s.Lanes(w.ctx(), f.ID); all[0].Failures != 0 || all[0].Trouble != nil {
			t.Errorf("after a commit the trouble stands: %+v", all[0])
		}
		// blocked with nothing to do: new work waits for the same time
		until = w.clock.Now().Add(time.Hour)
		w.ok(w.s.ReleaseLane(w.ctx(), w.takeAnyLane(f), until, nil))
		w.list(split(7))
		if all, _ = w.s.Lanes(w.ctx(), f.ID); !all[0].Due.Equal(until) {
			t.Errorf("new work of a blocked lane is due %v, want %v", all[0].Due, until)
		}
	})
}

func TestAPausedFlowAndSourceSleepOn(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 4)
		w.list(splits(0, 30)...)
		f.Paused, f.Lanes = true, 2 // lanes that it no longer has may still hold deliveries
		f, err := w.s.UpdateObject(w.ctx(), f, nil)
		w.ok(err)
		w.list(splits(30, 60)...)
		if _, ok := w.tryLane(f); ok {
			t.Fatal("a paused flow's lane was taken")
		}
		if n, err := w.s.RetryDeliveries(w.ctx(), f.ID); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		f.Paused = false
		_, err = w.s.UpdateObject(w.ctx(), f, nil)
		w.ok(err)
		got := 0
		for {
			l, ok := w.tryLane(f)
			if !ok {
				break
			}
			all := w.due(l, 100)
			got += len(all)
			w.deliver(l, all...)
			w.release(l)
		}
		if got != 60 {
			t.Errorf("%d of 60 delivered after the pause", got)
		}

		l := w.takeListing()
		w.source.Paused = true
		w.source, err = w.s.UpdateObject(w.ctx(), w.source, nil)
		w.ok(err)
		w.listAs(l, split(100)) // ends while the source is paused: it does not wake it
		w.clock.Add(time.Hour)
		w.ok(w.s.ListNow(w.ctx()))
		w.ok(w.s.WakeSource(w.ctx(), w.source.ID))
		if _, ok, _ := w.s.TakeListing(w.ctx(), "n", 0, lease); ok {
			t.Error("a paused source is listed")
		}
		if all, _ := w.s.Listings(w.ctx(), w.source.ID); len(all) != 1 || !all[0].Due.IsZero() {
			t.Errorf("listings %+v", all)
		}
		w.source.Paused = false
		_, err = w.s.UpdateObject(w.ctx(), w.source, nil)
		w.ok(err)
		w.takeListing()
	})
}

// A paused destination is written to by none of its flows, however they change meanwhile; a paused flow sleeps on when
// its destination goes on.
func TestAPausedDestinationRestsItsLanes(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		to := w.make(store.Object{Kind: store.Destination, Name: "to"})
		flow := func(name string, destination int64) store.Object {
			f := w.make(store.Object{Kind: store.Flow, Name: name, SourceID: w.source.ID, DestinationID: destination, Lanes: 2})
			w.flows = append(w.flows, f)
			return f
		}
		f, other := flow("f", to.ID), flow("other", 0)
		w.list(splits(0, 10)...)
		change := func(o store.Object, paused bool) store.Object {
			t.Helper()
			o.Paused = paused
			o, err := w.s.UpdateObject(w.ctx(), o, nil)
			w.ok(err)
			return o
		}
		sleeps := func(what string, f store.Object) {
			t.Helper()
			w.clock.Add(time.Minute)
			if _, ok := w.tryLane(f); ok {
				t.Errorf("%s: a lane was taken", what)
			}
			lanes, err := w.s.Lanes(w.ctx(), f.ID)
			w.ok(err)
			for _, l := range lanes {
				if !l.Due.IsZero() {
					t.Errorf("%s: a lane is due at %v", what, l.Due)
				}
			}
		}
		to = change(to, true)
		sleeps("paused destination", f)
		w.list(splits(10, 20)...)
		sleeps("new work", f)
		f = change(f, false)
		sleeps("changed flow", f)
		late := flow("late", to.ID)
		w.list(splits(20, 30)...)
		sleeps("new flow", late)
		w.release(w.takeLane(other))
		available := func(what string, want bool) {
			t.Helper()
			if st, err := w.s.Standing(w.ctx(), w.clock.Now()); err != nil || st.Available != want {
				t.Errorf("%s: something is to be delivered now: %v, %v", what, st.Available, err)
			}
		}
		available("the other flow", true)
		change(other, true)
		available("all paused", false)
		f = change(f, true)
		to = change(to, false)
		sleeps("paused flow", f)
		w.release(w.takeLane(late))
		to = change(change(to, true), false)
		f = change(f, false)
		got := 0
		for range 2 {
			l := w.takeLane(f)
			got += len(w.due(l, 100))
			w.deliver(l, w.due(l, 100)...)
			w.release(l)
		}
		if got != 30 {
			t.Errorf("%d of 30 were due after the pause", got)
		}
	})
}

// Many workers of several nodes take, work and give back; a lane must never have two.
func TestNoLaneHasTwoWorkers(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		w.flow("a", 3)
		w.flow("b", 2)
		w.list(splits(0, 50)...)
		nodes := []*store.Store{w.s}
		if d.Shared {
			nodes = append(nodes, d.Open(t))
		}
		var (
			held   sync.Map
			turns  atomic.Int64
			twice  atomic.Int64
			worker sync.WaitGroup
		)
		for _, s := range nodes {
			for range 6 {
				worker.Go(func() {
					for range 40 {
						l, ok, err := s.TakeLane(t.Context(), "n", 0, lease)
						if err != nil {
							t.Error(err)
							return
						}
						if !ok {
							continue
						}
						turns.Add(1)
						if _, there := held.LoadOrStore(l.ID, true); there {
							twice.Add(1)
						}
						if err := s.Renew(t.Context(), l.Lease, lease); err != nil {
							t.Error(err)
						}
						held.Delete(l.ID)
						if err := s.ReleaseLane(t.Context(), l, time.Time{}, nil); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		worker.Wait()
		if twice.Load() > 0 || turns.Load() < 20 {
			t.Errorf("%d turns, %d with two workers on one lane", turns.Load(), twice.Load())
		}
	})
}
