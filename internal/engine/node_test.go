package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/dispatch"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// A worker that lost its lease in the middle of a write commits nothing, and what it wrote is undone by who has the lane.
func TestALostLeaseCommitsNothing(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.small(10)
		first := r.start()
		inner := r.append.Open()
		taken := false
		r.faulty(afterWrite{inner, func(connector.Batch) {}, func(b connector.Batch) {
			if taken {
				return
			}
			taken = true
			r.usurp()
			second := engine.New(engine.Options{Store: r.store, Opener: r, Settings: r.set, Node: "second"})
			if did, err := second.DeliverNext(context.Background(), 0); !did || err != nil {
				t.Errorf("the second could not take the lane: %v, %v", did, err)
			}
		}})
		for i := range 5 {
			r.put(fmt.Sprint("s", i), i*10, i*10+10)
		}
		r.list()
		if _, err := first.DeliverNext(r.ctx(), 0); err != nil {
			t.Fatalf("who lost the lease is told an error: %v", err)
		}
		r.holds(connectortest.Records(0, 50)...)
		if r.append.Undone() != 1 {
			t.Errorf("%d undone, want the first one's write", r.append.Undone())
		}
		// The first engine's filters know nothing of what the second delivered; it must not rely on them.
		for i := range 5 {
			r.put(fmt.Sprint("t", i), i*10, i*10+12)
		}
		r.goOn()
		r.holds(connectortest.Records(0, 52)...)
	})
}

// What another node delivered while the lane was its own is a repeat here too.
func TestWhatAnotherNodeDeliveredIsARepeat(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		first := r.start()
		second := engine.New(engine.Options{Store: r.store, Opener: r, Settings: r.set, Node: "second"})
		work := func(e *engine.Engine, id string, from, to int) {
			t.Helper()
			r.put(id, from, to)
			r.d.Clock.Add(time.Minute)
			for _, next := range []func(context.Context, int64) (bool, error){e.ListNext, e.DeliverNext} {
				if did, err := next(r.ctx(), 0); !did || err != nil {
					t.Fatalf("%v, %v", did, err)
				}
			}
		}
		work(first, "a", 0, 10)
		work(second, "b", 5, 20)
		work(first, "c", 0, 30)
		work(first, "d", 25, 40)
		work(second, "e", 20, 50)
		r.holds(connectortest.Records(0, 50)...)
	})
}

// A lease that can't be renewed in time is given up before another takes it.
func TestALeaseThatCannotBeRenewed(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.set.Renew = 10 * time.Millisecond
		ended := make(chan error, 1)
		r.put("a", 0, 10)
		e := r.start()
		r.list()
		r.faulty(connectortest.OnWrite(r.append.Open(), func(ctx context.Context, b connector.Batch) error {
			if len(b.Records) == 0 {
				return nil
			}
			r.usurp()
			<-ctx.Done() // the renewer finds out
			ended <- ctx.Err()
			return ctx.Err()
		}))
		if _, err := e.DeliverNext(r.ctx(), 0); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil {
			t.Error("the write was not stopped")
		}
		r.wrap = nil
		r.once()
		r.holds(connectortest.Records(0, 10)...)
	})
}

// A machine that slept gives a lane out again before the earlier turn has noticed that its lease ran out. The
// destination is called by one of them at a time all the same.
func TestALaneHasOneTurnAtATime(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.small(10)
		r.put("a", 0, 50)
		e := r.start()
		r.list()
		var inside, most, writes atomic.Int32
		entered, slept := make(chan struct{}), make(chan struct{})
		inner := r.append.Open()
		r.faulty(connectortest.OnWrite(inner, func(ctx context.Context, b connector.Batch) error {
			most.Store(max(most.Load(), inside.Add(1)))
			defer inside.Add(-1)
			if len(b.Records) > 0 && writes.Add(1) == 2 {
				close(entered)
				<-slept
				<-ctx.Done() // the second turn takes the lease away from us
			}
			return nil
		}))
		first := make(chan error, 1)
		go func() {
			_, err := e.DeliverNext(r.ctx(), 0)
			first <- err
		}()
		<-entered
		r.d.Clock.Add(time.Hour)
		close(slept)
		if did, err := e.DeliverNext(r.ctx(), 0); !did || err != nil {
			t.Fatalf("the lane was not given out again: %v, %v", did, err)
		}
		if err := <-first; err != nil {
			t.Errorf("the first turn is told an error: %v", err)
		}
		if most.Load() != 1 {
			t.Errorf("%d writes at the same time", most.Load())
		}
		r.goOn()
		r.holds(connectortest.Records(0, 50)...)
	})
}

// A lister that lost its lease remembers nothing of what it found.
func TestAListingThatLostItsLease(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.put("a", 0, 10)
		lost := false
		r.wrapSource = func(s connector.Source) connector.Source {
			return listHook{s, func() {
				if !lost {
					lost = true
					r.usurp()
				}
			}}
		}
		e := r.start()
		if did, err := e.ListNext(r.ctx(), 0); !did || err != nil {
			t.Fatalf("%v, %v", did, err)
		}
		if b := r.backlog(); b.Pending != 0 {
			t.Errorf("backlog %+v", b)
		}
		r.goOn()
		r.holds(connectortest.Records(0, 10)...)
	})
}

type listHook struct {
	connector.Source
	hook func()
}

func (l listHook) Enumerate(ctx context.Context, cursor connector.Cursor) (connector.Enumeration, error) {
	found, err := l.Source.Enumerate(ctx, cursor)
	l.hook()
	return found, err
}

// One lane's slow destination holds many readers; the others go on with what is left to each.
func TestASlowDestinationStarvesNobody(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.set.Readers, r.set.ReadAhead = 2, 8
		slow := r.newFlow("slow", false)
		release, writing := make(chan struct{}), make(chan struct{}, 1)
		second := connectortest.NewMemoryDestination(connectortest.DestinationOptions{})
		r.small(1)
		r.openTo = func(f store.Object) connector.Destination {
			if f.ID != slow.ID {
				return r.append.Open()
			}
			return connectortest.OnWrite(second.Open(), func(ctx context.Context, b connector.Batch) error {
				if len(b.Records) == 0 {
					return nil
				}
				select {
				case writing <- struct{}{}:
				default:
				}
				select {
				case <-release:
				case <-ctx.Done():
				}
				return nil
			})
		}
		var want []connector.Record
		for i := range 12 { // each is more than its reader may hand over before anybody takes it
			var some []connector.Record
			for k := range 8 {
				some = append(some, record(fmt.Sprintf("%d-%d", i, k), fmt.Sprintf(`{"i":%d,"k":%d,"x":%q}`, i, k, strings.Repeat("y", 150_000))))
			}
			want = append(want, some...)
			r.source.Put(connector.Split{ID: fmt.Sprint("s", i), Stream: "s", Time: r.store.Now()}, some...)
		}
		e := r.start()
		r.list()
		lanes, err := r.store.DueLanes(r.ctx(), 10)
		r.ok(err)
		if len(lanes) != 2 {
			t.Fatalf("lanes %+v", lanes)
		}
		done := make(chan error)
		go func() {
			_, err := e.DeliverNext(r.ctx(), lanes[1].ID) // the slow one was made later
			done <- err
		}()
		<-writing
		if _, err := e.DeliverNext(r.ctx(), lanes[0].ID); err != nil {
			t.Fatal(err)
		}
		r.holds(want...)
		close(release)
		r.ok(<-done)
	})
}

// Two nodes share the lanes of one database. One is killed; its lanes' leases run out and the other goes on.
func TestTwoNodesShareTheLanesAndOneIsKilled(t *testing.T) {
	t.Parallel()
	d := storetest.Postgres(t)
	d.Options.Now = nil // the server's own
	r := newRig(t, d, connectortest.SourceOptions{Interval: 10 * time.Millisecond}, false)
	r.set.Lease, r.set.Renew, r.set.Turn = 2*time.Second, 200*time.Millisecond, 100*time.Millisecond
	r.small(5)
	flows := map[int64]*connectortest.MemoryDestination{r.flow.ID: r.append}
	for i := range 5 {
		flows[r.newFlow(fmt.Sprint("f", i), false).ID] = connectortest.NewMemoryDestination(connectortest.DestinationOptions{})
	}
	for i := range 40 {
		r.put(fmt.Sprint("s", i), i*20, i*20+20)
	}
	var killed atomic.Bool
	var writes atomic.Int64
	began := make(chan struct{})
	dead, kill := context.WithCancel(context.Background())
	defer kill()
	first, second := d.Open(t), d.Open(t)
	node := func(name string, s *store.Store, mortal bool) (*dispatch.Local, *engine.Engine) {
		o := &nodeOpener{rig: r, open: func(f store.Object) connector.Destination {
			inner := flows[f.ID].Open()
			if !mortal {
				return inner
			}
			return afterWrite{inner, func(connector.Batch) {}, func(connector.Batch) {
				switch writes.Add(1) {
				case 1:
					close(began)
					return
				case 2:
					killed.Store(true)
				}
				<-dead.Done() // it does nothing any more, and gives nothing back
			}}
		}}
		log := slog.New(slog.NewTextHandler(t.Output(), nil)).With("node", name)
		local := dispatch.NewLocal(log)
		local.Store, local.Engine = s, engine.New(engine.Options{Store: s, Opener: o, Settings: r.set, Node: name, Wake: local.Wake, Log: log})
		return local, local.Engine
	}
	one, _ := node("one", first, true)
	two, engine2 := node("two", second, false)
	ctx, stop := context.WithTimeout(r.ctx(), 50*time.Second)
	defer stop()
	ended := make(chan error, 2)
	go func() { ended <- one.Run(ctx) }()
	<-began
	twoCtx, stopTwo := context.WithCancel(ctx)
	go func() { ended <- two.Run(twoCtx) }()
	for all := false; !all && ctx.Err() == nil; {
		tick := time.NewTimer(50 * time.Millisecond)
		<-tick.C
		if killed.Load() {
			// A killed process renews nothing: its store is gone.
			_ = first.Close()
		}
		all = killed.Load()
		for _, dst := range flows {
			all = all && len(dst.Records()) >= 800
		}
	}
	stopTwo()
	r.ok(<-ended)
	for _, dst := range flows {
		sameBodies(t, dst.Bodies(), connectortest.Bodies(connectortest.Records(0, 800)))
	}
	if !killed.Load() {
		t.Error("nobody was killed")
	}
	kill()
	stop()
	<-ended
	_ = engine2.Close()
}

type nodeOpener struct {
	*rig
	open func(store.Object) connector.Destination
}

func (n *nodeOpener) OpenFlow(_ context.Context, flow, _, _ store.Object) (*engine.Flow, error) {
	f := &engine.Flow{Destination: n.open(flow), Spec: *n.append.Spec().Destination}
	f.Spec.BatchRecords = 5
	return f, nil
}
