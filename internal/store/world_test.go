package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// A world is a store with one source, and what tests do with it again and again.
type world struct {
	t      testing.TB
	s      *store.Store
	clock  *storetest.Clock
	source store.Object
	flows  []store.Object
}

const lease = 45 * time.Second

func newWorld(t testing.TB, d *storetest.Database) *world {
	t.Helper()
	w := &world{t: t, s: d.Open(t), clock: d.Clock}
	w.source = w.make(store.Object{Kind: store.Source, Name: "audit", Tenant: "contoso"})
	return w
}

// worlds runs a test in a fresh world on each database.
func worlds(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		test(t, newWorld(t, d))
		if !t.Failed() {
			wantSums(t, d)
		}
	})
}

// wantSums holds the sums that are kept against what they sum up.
func wantSums(t *testing.T, d *storetest.Database) {
	t.Helper()
	for what, q := range map[string]string{
		"dead letters by group": `SELECT count(*) FROM (SELECT state, flow_id, alike, count(*) FROM dead_letter GROUP BY state, flow_id, alike EXCEPT SELECT state, flow_id, alike, letters FROM letter_count) missing`,
		"groups of none":        `SELECT count(*) FROM (SELECT state, flow_id, alike, letters FROM letter_count WHERE letters <> 0 EXCEPT SELECT state, flow_id, alike, count(*) FROM dead_letter GROUP BY state, flow_id, alike) more`,
		"requests": `SELECT count(*) FROM (SELECT width, minute, sum(allowed), sum(asked), sum(throttled), sum(refused), sum(failed) FROM request WHERE scope <> '' AND scope NOT LIKE 'credential/%' GROUP BY width, minute
			EXCEPT SELECT width, minute, allowed, asked, throttled, refused, failed FROM request WHERE scope = '') wrong`,
	} {
		var n int
		if err := raw(t, d).QueryRow(q).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d sums are wrong, %v", what, n, err)
		}
	}
}

func (w *world) ctx() context.Context { return w.t.Context() }

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%v", err)
	}
}

func (w *world) make(o store.Object) store.Object {
	w.t.Helper()
	if o.Spec == nil {
		o.Spec = []byte(`{}`)
	}
	o, err := w.s.CreateObject(w.ctx(), o, nil)
	w.ok(err)
	return o
}

// flow makes a flow of the source.
func (w *world) flow(name string, lanes int) store.Object {
	w.t.Helper()
	f := w.make(store.Object{Kind: store.Flow, Name: name, SourceID: w.source.ID, Tenant: w.source.Tenant, Lanes: lanes})
	w.flows = append(w.flows, f)
	return f
}

func (w *world) lanes() map[int64]int {
	lanes := map[int64]int{}
	for _, f := range w.flows {
		lanes[f.ID] = max(f.Lanes, 1)
	}
	return lanes
}

// split makes a split n minutes after noon of the world's first day.
func split(n int) connector.Split {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
	return connector.Split{ID: fmt.Sprintf("blob-%d", n), Locator: []byte(fmt.Sprintf(`{"n":%d}`, n)), Stream: "Audit.Exchange", Time: at, Expires: at.Add(7 * 24 * time.Hour)}
}

func splits(from, to int) []connector.Split {
	var all []connector.Split
	for n := from; n < to; n++ {
		all = append(all, split(n))
	}
	return all
}

func enumeration(all ...connector.Split) connector.Enumeration {
	return connector.Enumeration{Splits: all, Cursor: []byte("c")}
}

// takeListing wakes the source's listings and takes one.
func (w *world) takeListing() store.Listing {
	w.t.Helper()
	w.ok(w.s.WakeSource(w.ctx(), w.source.ID))
	l, ok, err := w.s.TakeListing(w.ctx(), "node", 0, lease)
	w.ok(err)
	if !ok {
		w.t.Fatal("no listing is due")
	}
	return l
}

// list commits what a listing found and gives it back, due in a minute.
func (w *world) list(all ...connector.Split) int {
	w.t.Helper()
	return w.listAs(w.takeListing(), all...)
}

func (w *world) listAs(l store.Listing, all ...connector.Split) int {
	w.t.Helper()
	fresh, err := w.s.CommitListing(w.ctx(), l, store.Listed{Enumeration: enumeration(all...), Lanes: w.lanes(), Due: w.clock.Now().Add(time.Minute), Ended: l.RunID != 0})
	w.ok(err)
	return fresh
}

// takeLane takes a due lane of a flow.
func (w *world) takeLane(flow store.Object) store.Lane {
	w.t.Helper()
	l, ok := w.tryLane(flow)
	if !ok {
		w.t.Fatalf("no lane of %s is due", flow.Name)
	}
	return l
}

func (w *world) tryLane(flow store.Object) (store.Lane, bool) {
	w.t.Helper()
	turns, err := w.s.DueLanes(w.ctx(), 1000)
	w.ok(err)
	for _, turn := range turns {
		l, ok, err := w.s.TakeLane(w.ctx(), "node", turn.ID, lease)
		w.ok(err)
		if ok && l.FlowID == flow.ID {
			return l, true
		}
		if ok {
			w.ok(w.s.ReleaseLane(w.ctx(), l, time.Time{}, nil))
		}
	}
	return store.Lane{}, false
}

// crawl begins a crawl of a mirror and lists all that there is.
func (w *world) crawl(f store.Object, all ...connector.Split) store.Run {
	w.t.Helper()
	r, err := w.s.StartCrawl(w.ctx(), f, false)
	w.ok(err)
	w.listCrawl(f, r, all...)
	return r
}

// listCrawl lists once more for a crawl that is under way.
func (w *world) listCrawl(f store.Object, r store.Run, all ...connector.Split) {
	w.t.Helper()
	_, err := w.s.CommitListing(w.ctx(), w.takeRunListing(), store.Listed{Enumeration: connector.Enumeration{Splits: all, Complete: true}, Lanes: w.lanes(),
		Due: w.clock.Now(), Ended: true, Crawl: &store.CrawlListing{Number: r.Number, DestinationID: f.DestinationID, Revision: 1, All: r.All}})
	w.ok(err)
}

func (w *world) due(l store.Lane, n int) []store.Delivery {
	w.t.Helper()
	all, err := w.s.Due(w.ctx(), l, n, nil)
	w.ok(err)
	return all
}

func ids(all []store.Delivery) []string {
	names := []string{}
	for _, d := range all {
		names = append(names, d.Split.ID)
	}
	return names
}

// deliver commits deliveries as done, with one record each.
func (w *world) deliver(l store.Lane, all ...store.Delivery) {
	w.t.Helper()
	w.ok(w.s.CommitBatch(w.ctx(), l, w.batch(all...)))
}

func (w *world) batch(all ...store.Delivery) store.Committed {
	c := store.Committed{Receipt: []byte("r"), SourceID: w.source.ID, Keep: lease}
	for _, d := range all {
		c.Deliveries = append(c.Deliveries, store.Progressed{Delivery: d, Done: true, Revision: 1, Read: 1, Counts: store.Counts{Fetched: 1, Delivered: 1, Bytes: 10}})
	}
	return c
}

func (w *world) release(l store.Lane) {
	w.t.Helper()
	w.ok(w.s.ReleaseLane(w.ctx(), l, time.Time{}, nil))
}

// wantFault checks an error's class, its code and that it helps.
func wantFault(t testing.TB, err error, class fault.Class, code string) {
	t.Helper()
	e, ok := fault.As(err)
	switch {
	case err == nil:
		t.Fatalf("no error; want %s", code)
	case !ok:
		t.Fatalf("%v (%T) is not classified; want %s", err, err, code)
	case e.Class != class || e.Code != code:
		t.Fatalf("%v: class %s, code %q; want %s, %q", err, e.Class, e.Code, class, code)
	}
}

func wantLeaseLost(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("%s after a take-over: %v; want ErrLeaseLost", what, err)
	}
}
