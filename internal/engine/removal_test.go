package engine_test

import (
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

func (r *rig) hasFlow() bool {
	r.t.Helper()
	_, err := r.store.ObjectByID(r.ctx(), store.Flow, r.flow.ID)
	if err != nil && fault.ClassOf(err) != fault.NotFound {
		r.t.Fatal(err)
	}
	return err == nil
}

// A mirror removed with its items leaves nothing at the destination, whatever dies in between; the guard does not ask.
func TestAFlowIsRemovedWithItsItems(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		r.many(0, 50, 1)
		r.crawl()
		r.small(7)
		r.hooks(nil, func(n int) {
			if n%3 == 0 {
				r.usurp()
			}
		})
		run, err := r.store.StartRemoval(r.ctx(), r.flow)
		r.ok(err)
		if _, err := r.store.StartCrawl(r.ctx(), r.flow, false); fault.ClassOf(err) != fault.Conflict || err == nil {
			t.Errorf("a crawl beside the removal: %v", err)
		}
		r.d.Clock.Add(2 * time.Hour)
		r.once()
		if r.hasFlow() || len(r.keyed.Items()) != 0 || r.inventory() != "[]" {
			t.Errorf("flow there: %v, items %v, inventory %s", r.hasFlow(), r.keyed.Keys(), r.inventory())
		}
		if !run.Removal() || run.Number != 2 {
			t.Errorf("run %+v", run)
		}
	})
}

// What can't be deleted keeps its flow, which no longer crawls on its own; a second try ends it, and a crawl brings all back.
func TestARemovalThatFailsKeepsTheFlow(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 5, 1)
		r.crawl()
		r.keyed.Refuse("i3", fault.New(fault.Invalid, "not this one"))
		_, err := r.store.StartRemoval(r.ctx(), r.flow)
		r.ok(err)
		r.once()
		if keys := r.keyed.Keys(); !r.hasFlow() || len(keys) != 1 || keys[0] != "i3" {
			t.Fatalf("flow there: %v, items %v", r.hasFlow(), keys)
		}
		r.d.Clock.Add(5 * time.Hour)
		r.once()
		if len(r.keyed.Items()) != 1 {
			t.Error("the flow went on crawling")
		}
		r.keyed.Refuse("i3", nil)
		r.crawlNow()
		r.once()
		r.mirrors(all...)
		_, err = r.store.StartRemoval(r.ctx(), r.flow)
		r.ok(err)
		r.once()
		if r.hasFlow() || len(r.keyed.Items()) != 0 {
			t.Errorf("flow there: %v, items %v", r.hasFlow(), r.keyed.Keys())
		}
	})
}
