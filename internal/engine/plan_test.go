package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

func (r *rig) plan() engine.Plan {
	r.t.Helper()
	e := r.start()
	defer func() { r.ok(e.Close()) }()
	p, err := e.Plan(r.ctx(), r.flow, 3)
	r.ok(err)
	return p
}

func (r *rig) inventory() string {
	r.t.Helper()
	items, err := r.store.Inventory(r.ctx(), r.to.ID, -1<<63, 1000)
	r.ok(err)
	return fmt.Sprintf("%+v", items)
}

// wantPlan compares the sums of a plan.
func wantPlan(t testing.TB, what string, p engine.Plan, want engine.Plan) {
	t.Helper()
	got := p
	got.Samples, got.Doubt, got.Waits = nil, nil, ""
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("%s: plan %+v, want %+v", what, got, want)
	}
}

// A plan says what the next crawl then does, and changes nothing.
func TestAPlanIsWhatTheCrawlDoes(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		r.change = func(_ context.Context, rec connector.Record, emit func(connector.Record) error) error {
			if strings.Contains(string(rec.Body), `"drop"`) {
				return nil
			}
			return emit(rec)
		}
		r.many(0, 200, 1)
		wantPlan(t, "at first", r.plan(), engine.Plan{Creates: 200})
		if len(r.keyed.Items()) != 0 || r.inventory() != "[]" {
			t.Fatal("the plan sent something")
		}
		r.crawl()
		wantPlan(t, "in step", r.plan(), engine.Plan{Unchanged: 200})

		r.file("f3", 2, item("i3", 2))
		r.file("f4", 2, record("i4", `{"id":"i4","v":1,"acl":["some"]}`))
		r.file("f5", 2, item("i5", 1)) // touched
		r.file("f6", 2, record("i6", `{"id":"i6","v":7}`))
		r.file("new", 1, item("n", 1), record("d", `{"id":"d","drop":1,"acl":["all"]}`))
		r.unfile("f7")
		before := r.inventory()
		p := r.plan()
		wantPlan(t, "changed", p, engine.Plan{Creates: 1, Updates: 2, Deletes: 1, Refused: 1, Dropped: 1, Unchanged: 197})
		if before != r.inventory() || p.Waits != "" || len(p.Doubt) != 0 {
			t.Errorf("inventory changed, or %q, %q", p.Waits, p.Doubt)
		}
		words := fmt.Sprintf("%+v", p.Samples)
		for _, want := range []string{"its content changed", "who may see it changed", "no acl", "Item:i7", "no longer has it", "create"} {
			if !strings.Contains(words, want) {
				t.Errorf("no sample says %q: %s", want, words)
			}
		}
		run := r.crawl()
		if c := r.countsOf(r.flow, run.ID); c.Delivered != p.Creates+p.Updates+p.Deletes || c.Deleted != p.Deletes || c.Dead != p.Refused || c.Dropped != p.Dropped {
			t.Errorf("the crawl did %+v, the plan was %+v", c, p)
		}
	})
}

// A plan tells what would wait for approval, and why nothing would be deleted.
func TestAPlanTellsItsDoubts(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		r.many(0, 40, 1)
		r.crawl()
		for n := range 20 {
			r.unfile(fmt.Sprint("f", n))
		}
		if p := r.plan(); p.Deletes != 20 || p.Unchanged != 20 || !strings.Contains(p.Waits, "20 of 40") || len(p.Samples) != 3 {
			t.Errorf("plan %+v", p)
		}
		r.file("bad", 1, connector.Record{Time: r.store.Now(), Body: []byte(`{"id":"x"}`)})
		if p := r.plan(); p.Deletes != 0 || p.Unchanged != 40 || len(p.Doubt) != 1 || p.Refused != 1 {
			t.Errorf("with a record that nobody knows: %+v", p)
		}
		r.unfile("bad")
		r.rules.Deletes = "never"
		if p := r.plan(); p.Deletes != 0 || p.Unchanged != 40 || len(p.Doubt) != 1 {
			t.Errorf("deletes: never: %+v", p)
		}
		r.rules.Deletes = "tombstone"
		r.file("dead", 1, connector.Record{Key: "i30", Op: connector.Delete, Time: r.store.Now()}, connector.Record{Key: "nobody", Op: connector.Delete, Time: r.store.Now()})
		if p := r.plan(); p.Deletes != 1 {
			t.Errorf("a tombstone: %+v", p)
		}
		r.d.Clock.Add(time.Minute)
		flow := r.create(store.Object{Kind: store.Flow, Name: "appends", Spec: []byte(`{"mode":"append"}`), SourceID: r.from.ID, DestinationID: r.to.ID})
		if _, err := r.start().Plan(r.ctx(), flow, 1); fault.ClassOf(err) != fault.Invalid || err == nil {
			t.Errorf("a plan of an append flow: %v", err)
		}
	})
}
