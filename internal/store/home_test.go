package store_test

import (
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// at opens the database as a node with a disk of its own.
func at(t *testing.T, d *storetest.Database, home string) *store.Store {
	t.Helper()
	s := d.Open(t)
	if err := s.Settle(t.Context(), home); err != nil {
		t.Fatal(err)
	}
	return s
}

// settled is a world on PostgreSQL with the nodes a and b, and a lane that belongs to a.
func settled(t *testing.T) (w *world, a, b *store.Store, flow store.Object) {
	t.Helper()
	d := storetest.Postgres(t)
	w = newWorld(t, d)
	a, b = at(t, d, "a"), at(t, d, "b")
	flow = w.flow("f", 1)
	w.list(splits(0, 3)...)
	l, ok, err := a.TakeLane(w.ctx(), "node", 0, lease)
	w.ok(err)
	if !ok {
		t.Fatal("a lane without a home is not given out")
	}
	w.ok(a.SettleLane(w.ctx(), l, "a", []byte("receipt")))
	w.ok(a.ReleaseLane(w.ctx(), l, time.Time{}, nil))
	return w, a, b, flow
}

// takes tells whether a node gets the lane, and gives it back.
func takes(t *testing.T, s *store.Store) bool {
	t.Helper()
	l, ok, err := s.TakeLane(t.Context(), "node", 0, lease)
	if err != nil {
		t.Fatal(err)
	}
	if ok {
		if err := s.ReleaseLane(t.Context(), l, time.Time{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	return ok
}

func TestALaneStaysAtHomeWhileThatIsAlive(t *testing.T) {
	t.Parallel()
	w, a, b, flow := settled(t)
	sees := func(s *store.Store) (home, anywhere, all int, next bool) {
		t.Helper()
		h, err := s.DueAtHome(w.ctx(), 10)
		w.ok(err)
		y, err := s.DueAnywhere(w.ctx(), 10)
		w.ok(err)
		l, err := s.DueLanes(w.ctx(), 10)
		w.ok(err)
		at, err := s.NextLane(w.ctx())
		w.ok(err)
		return len(h), len(y), len(l), !at.IsZero()
	}
	if h, y, l, next := sees(a); h != 1 || y != 0 || l != 1 || !next {
		t.Errorf("at home: %d, %d, %d, %v", h, y, l, next)
	}
	if h, y, l, next := sees(b); h != 0 || y != 0 || l != 0 || next {
		t.Errorf("elsewhere: %d, %d, %d, %v", h, y, l, next)
	}
	w.clock.Add(store.HomeGone - time.Second)
	if takes(t, b) {
		t.Error("another node took the lane of a home that is alive")
	}
	if !takes(t, a) {
		t.Error("its own node did not get it")
	}
	w.clock.Add(2 * time.Second)
	w.ok(b.ReportNode(w.ctx(), "b-1", 1))
	if h, y, l, next := sees(b); h != 0 || y != 1 || l != 1 || !next {
		t.Errorf("elsewhere, the home gone: %d, %d, %d, %v", h, y, l, next)
	}
	if !takes(t, b) {
		t.Error("nobody may try the lane of a home that is gone")
	}
	w.ok(a.ReportNode(w.ctx(), "a-1", 1))
	if takes(t, b) {
		t.Error("another node took the lane though its home is back")
	}
	lanes, err := b.Lanes(w.ctx(), flow.ID)
	w.ok(err)
	if lanes[0].Home != "a" || lanes[0].HomeGone || !lanes[0].HomeSeen.Equal(w.clock.Now()) {
		t.Errorf("shown as %+v", lanes[0])
	}
}

func TestALaneThatRestedAwayFromHomeIsDueWhenThatIsBack(t *testing.T) {
	t.Parallel()
	w, a, b, _ := settled(t)
	w.clock.Add(store.HomeGone + time.Second)
	l, ok, err := b.TakeLane(w.ctx(), "node", 0, lease)
	w.ok(err)
	if !ok {
		t.Fatal("not taken")
	}
	w.ok(b.ReleaseLane(w.ctx(), l, w.clock.Now().Add(time.Hour), &store.Trouble{Class: "unavailable", Text: "its files are not here"}))
	if takes(t, b) {
		t.Error("it does not rest")
	}
	w.ok(a.Settle(w.ctx(), "a"))
	if !takes(t, a) {
		t.Error("it is not due at home")
	}
}

func TestMovingAFlow(t *testing.T) {
	t.Parallel()
	w, a, b, flow := settled(t)
	wantFault(t, a.MoveFlow(w.ctx(), flow, "c"), fault.NotFound, "node_not_found")
	wantFault(t, a.MoveFlow(w.ctx(), flow, "a"), fault.Conflict, "at_home")
	homeless := w.flow("homeless", 1)
	wantFault(t, a.MoveFlow(w.ctx(), homeless, "a"), fault.Conflict, "no_home")
	w.ok(w.s.DeleteObject(w.ctx(), homeless))
	w.ok(a.MoveFlow(store.Rehearse(w.ctx()), flow, "b"))
	if takes(t, b) {
		t.Fatal("a rehearsal moved it")
	}
	w.ok(a.MoveFlow(w.ctx(), flow, "b"))
	if !takes(t, b) {
		t.Fatal("it is not due where it was moved to")
	}
	l, _, err := b.TakeLane(w.ctx(), "node", 0, lease)
	w.ok(err)
	if l.Home != "b" || !l.Moved || string(l.Receipt) != "receipt" {
		t.Errorf("taken as %+v", l)
	}
	w.ok(b.SettleLane(w.ctx(), l, "b", []byte("new")))
	w.ok(b.ReleaseLane(w.ctx(), l, time.Time{}, nil))
	again, _, err := b.TakeLane(w.ctx(), "node", 0, lease)
	w.ok(err)
	if again.Moved || string(again.Receipt) != "new" {
		t.Errorf("taken again as %+v", again)
	}
	wantLeaseLost(t, "SettleLane", b.SettleLane(w.ctx(), l, "a", nil))
}

func TestEachNodeHoldsWhatItsOwnLanesWant(t *testing.T) {
	t.Parallel()
	w, a, b, _ := settled(t)
	w.flow("anywhere", 1)
	w.list(splits(10, 15)...) // both flows want these; the first three only f
	w.clock.Add(4 * 24 * time.Hour)
	perish := func(s *store.Store, want int) {
		t.Helper()
		all, err := s.Perishable(w.ctx(), w.source.ID, 100)
		w.ok(err)
		if len(all) != want {
			t.Errorf("node %s is to hold %d, want %d", s.Home(), len(all), want)
		}
	}
	alive := func(all ...*store.Store) {
		for _, s := range all {
			w.ok(s.ReportNode(w.ctx(), s.Home()+"-1", 1))
		}
	}
	alive(b)
	perish(b, 8) // a is gone: somebody must
	all, err := b.Perishable(w.ctx(), w.source.ID, 1)
	w.ok(err)
	w.ok(b.HoldSplit(w.ctx(), all[0], "1/1.zst", 10))
	if _, home, err := b.HeldAs(w.ctx(), all[0].SplitID); home != "b" || err != nil {
		t.Errorf("held at %q, %v", home, err)
	}
	alive(a)
	perish(a, 7) // its own flow's
	perish(b, 5) // that of no home's flow, since b has begun to hold for this source
}

// A home of which nothing is left is forgotten, others are not.
func TestHomesAreForgotten(t *testing.T) {
	t.Parallel()
	w, _, b, _ := settled(t)
	w.clock.Add(31 * 24 * time.Hour)
	at := func() (names []string) {
		all, err := b.Homes(w.ctx())
		w.ok(err)
		for _, h := range all {
			one, err := b.HomeOf(w.ctx(), h.Name)
			w.ok(err)
			if one != h {
				t.Errorf("%+v is also %+v", h, one)
			}
			names = append(names, h.Name)
		}
		return names
	}
	w.ok(b.ReportNode(w.ctx(), "b-1", 1))
	if got := at(); len(got) != 2 {
		t.Errorf("homes %v; a lane's is needed", got)
	}
	w.ok(b.MoveFlow(w.ctx(), w.flows[0], "b"))
	w.ok(b.ReportNode(w.ctx(), "b-1", 1))
	if got := at(); len(got) != 1 || got[0] != "b" {
		t.Errorf("homes %v", got)
	}
}
