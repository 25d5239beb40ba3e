package engine_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// site is a node with a disk of its own.
type site struct {
	*engine.Engine
	store *store.Store
	disk  *connectortest.MemoryDestination
}

// sites are nodes on one PostgreSQL that write on their own disks, or on one that they share.
type sites struct {
	*rig
	shared atomic.Bool
	local  bool
}

func newSites(t *testing.T) *sites {
	t.Helper()
	return &sites{rig: newRig(t, storetest.Postgres(t), connectortest.SourceOptions{}, false), local: true}
}

// node gives one; its hold is in a folder of its own.
func (r *sites) node(name string) *site {
	r.t.Helper()
	s := &site{store: r.d.Open(r.t), disk: connectortest.NewMemoryDestination(connectortest.DestinationOptions{})}
	r.ok(s.store.Settle(r.ctx(), name))
	s.Engine = engine.New(engine.Options{Store: s.store, Opener: siteOpener{r, s}, Settings: r.set, Node: name, HoldDir: r.t.TempDir(),
		Log: slog.New(slog.NewTextHandler(r.log, nil))})
	r.t.Cleanup(func() { _ = s.Close() })
	return s
}

// siteOpener opens a flow on the node's own disk.
type siteOpener struct {
	*sites
	at *site
}

func (o siteOpener) OpenFlow(ctx context.Context, flow, source, destination store.Object) (*engine.Flow, error) {
	f, err := o.rig.OpenFlow(ctx, flow, source, destination)
	if err != nil || !o.local {
		return f, err
	}
	if !o.shared.Load() {
		f.Destination = o.at.disk.Open()
	}
	f.Holds = func(connector.Receipt) (bool, error) { return o.shared.Load() || o.at.disk.Writes() > 0, nil }
	return f, err
}

// work lets a node do what is due for it.
func (r *sites) work(s *site) {
	r.t.Helper()
	r.ok(s.store.ReportNode(r.ctx(), s.store.Home()+"-1", 1))
	for {
		listed, err := s.ListNext(r.ctx(), 0)
		r.ok(err)
		delivered, err := s.DeliverNext(r.ctx(), 0)
		r.ok(err)
		if !listed && !delivered {
			return
		}
	}
}

func (r *sites) trouble() string {
	r.t.Helper()
	lanes, err := r.store.Lanes(r.ctx(), r.flow.ID)
	r.ok(err)
	if lanes[0].Trouble == nil {
		return ""
	}
	return lanes[0].Trouble.Text + "\n" + lanes[0].Trouble.Hint
}

func TestFilesOfALocalDiskBelongToTheirNode(t *testing.T) {
	t.Parallel()
	r := newSites(t)
	a, b := r.node("a"), r.node("b")
	r.put("1", 0, 10)
	r.work(a)
	r.d.Clock.Add(time.Minute)
	r.put("2", 10, 20)
	r.ok(a.store.ReportNode(r.ctx(), "a-1", 1))
	r.work(b)
	if n := b.disk.Writes(); n > 0 {
		t.Fatalf("the other node wrote %d batches", n)
	}
	r.d.Clock.Add(store.HomeGone + time.Minute)
	r.work(b) // it may try now
	text := r.trouble()
	for _, want := range []string{"waits for node a", "has not reported for", "headrace flow move flow --to b"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q: %s", want, text)
		}
	}
	if n := b.disk.Writes(); n > 0 {
		t.Fatalf("the other node wrote %d batches though it does not have the files", n)
	}
	standing, err := b.store.Standing(r.ctx(), r.store.Now().Add(-time.Hour))
	r.ok(err)
	if !standing.Idle() || len(standing.Troubles) == 0 {
		t.Errorf("a run that ends would wait for a node that is gone: %+v", standing)
	}
	r.ok(a.store.Settle(r.ctx(), "a")) // it is started again
	r.work(a)
	sameBodies(t, a.disk.Bodies(), connectortest.Bodies(connectortest.Records(0, 20)))
	if text := r.trouble(); text != "" {
		t.Errorf("the trouble stays: %s", text)
	}

	r.ok(r.store.MoveFlow(r.ctx(), r.flow, "b"))
	r.d.Clock.Add(time.Minute)
	r.put("3", 15, 30)
	r.work(a) // b has not reported for long: it has not begun there, and a has the files, but a person has spoken
	r.ok(b.store.Settle(r.ctx(), "b"))
	r.work(b)
	sameBodies(t, b.disk.Bodies(), connectortest.Bodies(connectortest.Records(20, 30)))
}

// A disk that another node reaches too, or that was carried to it, needs nobody's word.
func TestASharedDiskIsTakenOver(t *testing.T) {
	t.Parallel()
	r := newSites(t)
	r.shared.Store(true)
	a, b := r.node("a"), r.node("b")
	r.put("1", 0, 10)
	r.work(a)
	r.d.Clock.Add(store.HomeGone + time.Minute)
	r.put("2", 10, 20)
	r.work(b)
	r.holds(connectortest.Records(0, 20)...)
	if lanes, err := r.store.Lanes(r.ctx(), r.flow.ID); err != nil || lanes[0].Home != "b" {
		t.Errorf("%+v, %v", lanes, err)
	}
	if !r.log.has("the files of a node that is gone are here too") {
		t.Errorf("nobody is told:\n%s", r.log)
	}
}

// What one node holds and the source no longer has is delivered by that node, whoever has the lane's turn first.
func TestALaneGoesToTheNodeThatHoldsItsContent(t *testing.T) {
	t.Parallel()
	d := storetest.Postgres(t)
	r := &sites{rig: newRig(t, d, connectortest.SourceOptions{Hold: 1 << 20}, false)}
	a, b := r.node("a"), r.node("b")
	r.stopLane()
	r.perish("x", connectortest.Records(0, 10)...)
	for range 6 {
		r.d.Clock.Add(time.Hour)
		r.work(a)
		r.ok(a.Hold(r.ctx()))
	}
	r.d.Clock.Add(30 * time.Hour) // it has expired
	r.wrap = nil
	for _, s := range []*site{a, b} { // flows are opened anew for each turn
		r.ok(s.store.ReportNode(r.ctx(), s.store.Home()+"-1", 1))
	}
	r.work(b)
	r.holds()
	if told := r.trials(); !strings.Contains(told, "is held by node a") {
		t.Errorf("nobody is told who holds it: %s", told)
	}
	r.d.Clock.Add(5 * time.Minute)
	r.work(a)
	r.holds(connectortest.Records(0, 10)...)
	if lanes, err := r.store.Lanes(r.ctx(), r.flow.ID); err != nil || lanes[0].Home != "" {
		t.Errorf("the lane stays at %+v, %v", lanes, err)
	}
}

func (r *sites) trials() string {
	r.t.Helper()
	all, err := r.store.Trials(r.ctx(), r.flow.ID, 10)
	r.ok(err)
	var text strings.Builder
	for _, one := range all {
		if one.Trouble != nil {
			text.WriteString(one.Trouble.Text + one.Trouble.Hint)
		}
	}
	return text.String()
}
