package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// crawlNow begins a crawl that nobody waited for, unless one is open.
func (r *rig) crawlNow() {
	r.t.Helper()
	if _, err := r.store.StartCrawl(r.ctx(), r.flow, false); err != nil && fault.ClassOf(err) != fault.Conflict {
		r.t.Fatal(err)
	}
}

// A full crawl finds what changed behind the back of its version; the crawls between do not look.
func TestAFullCrawlReadsEverything(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		r.rules.Full = 24 * time.Hour
		all := r.many(0, 3, 1)
		if first := r.crawl(); !first.All {
			t.Error("the first crawl is not a full one")
		}
		all[1] = item("i1", 2)
		r.file("f1", 1, all[1]) // the version stays
		for range 5 {
			if next := r.crawl(); next.All {
				t.Fatalf("crawl %d is a full one", next.Number)
			}
		}
		if r.source.Reads("f1@1") != 1 {
			t.Errorf("f1 was read %d times", r.source.Reads("f1@1"))
		}
		r.d.Clock.Add(20 * time.Hour)
		if next := r.crawl(); !next.All || next.State != store.RunSucceeded {
			t.Errorf("a day later: %+v", next)
		}
		r.mirrors(all...)
		if r.keyed.Puts("i1") != 2 || r.keyed.Puts("i0") != 1 || r.source.Reads("f0@1") != 2 {
			t.Errorf("puts %d and %d, reads %d", r.keyed.Puts("i1"), r.keyed.Puts("i0"), r.source.Reads("f0@1"))
		}
	})
}

// The items of a removed flow belong to the destination: the next flow into it sends none that is right, and deletes
// what its source does not have.
func TestANewFlowTakesTheItemsOver(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 12, 1)
		r.crawl()
		r.crawl()
		flow, err := r.store.ObjectByID(r.ctx(), store.Flow, r.flow.ID)
		r.ok(err)
		r.ok(r.store.DeleteObject(r.ctx(), flow))
		r.unfile("f3")
		r.flow = r.newFlow("next", true)
		if next := r.crawl(); next.Number <= 1 || next.State != store.RunSucceeded {
			t.Errorf("%+v", next)
		}
		r.mirrors(append(all[:3:3], all[4:]...)...)
		if r.keyed.Puts("i0") != 1 || r.keyed.Deletes("i3") != 1 {
			t.Errorf("i0 was put %d times, i3 deleted %d times", r.keyed.Puts("i0"), r.keyed.Deletes("i3"))
		}
	})
}

// A file that was away and comes back as it was is there again.
func TestAThingThatComesBackUnchanged(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 12, 1)
		r.crawl()
		r.unfile("f5")
		r.crawl()
		if _, there := r.keyed.Items()["i5"]; there {
			t.Fatal("i5 was not deleted")
		}
		r.file("f5", 1, all[5])
		r.crawl()
		r.mirrors(all...)
		if r.source.Reads("f4@1") != 1 {
			t.Errorf("another file was read %d times", r.source.Reads("f4@1"))
		}
	})
}

// What somebody deleted at the destination is sent again once that is known, and nothing else is.
func TestWhatIsMissingIsSentAgain(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 5, 1)
		r.crawl()
		if known, err := r.store.DoubtItems(r.ctx(), r.to.ID, []string{"i2", "nobody"}); err != nil || known != 1 {
			t.Errorf("%d of them are known: %v", known, err)
		}
		r.crawl()
		r.mirrors(all...)
		if r.keyed.Puts("i2") != 2 || r.keyed.Puts("i1") != 1 {
			t.Errorf("i2 was put %d times, i1 %d times", r.keyed.Puts("i2"), r.keyed.Puts("i1"))
		}
	})
}

// A paused destination gets no crawl: what it listed would be old when it may be written.
func TestNoCrawlForAPausedDestination(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 3, 1)
		r.to.Paused = true
		var err error
		r.to, err = r.store.UpdateObject(r.ctx(), r.to, nil)
		r.ok(err)
		r.once()
		if _, any, _ := r.store.LastCrawl(r.ctx(), r.flow.ID); any {
			t.Error("a crawl began")
		}
		r.to.Paused = false
		_, err = r.store.UpdateObject(r.ctx(), r.to, nil)
		r.ok(err)
		r.crawl()
		r.mirrors(all...)
	})
}

func TestTheGuardHoldsACrawlUntilItIsApproved(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 40, 1)
		r.crawl()
		for i := range 11 {
			r.unfile(fmt.Sprint("f", i))
		}
		r.file("f39", 2, item("i39", 2))
		all[39] = item("i39", 2)
		held := r.crawl()
		r.mirrors(all...) // updates are done, deletes wait
		if held.State != store.RunHolding || !strings.Contains(held.Error, "11 of 40") {
			t.Errorf("run %+v", held)
		}
		if again := r.crawl(); again.ID != held.ID {
			t.Errorf("crawl %d began beside the one that waits", again.Number)
		}
		r.ok(r.store.ApproveCrawl(r.ctx(), held.UID))
		r.once()
		r.mirrors(all[11:]...)
		if got := r.run(held); got.State != store.RunSucceeded || r.countsOf(r.flow, held.ID).Deleted != 11 {
			t.Errorf("run %+v", got)
		}
		for i := 11; i < 21; i++ { // ten are never too many
			r.unfile(fmt.Sprint("f", i))
		}
		r.crawl()
		r.mirrors(all[21:]...)
	})
}

func TestACrawlThatSawNothingDeletesNothing(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 3, 1)
		r.crawl()
		for i := range 3 {
			r.unfile(fmt.Sprint("f", i))
		}
		if run := r.crawl(); run.State != store.RunHolding || !strings.Contains(run.Error, "saw nothing") {
			t.Errorf("run %+v", run)
		}
		r.mirrors(all...)
	})
}

// Nothing is deleted on a doubt: a stream that could not be listed, a split that failed or is lost.
func TestAnIncompleteCrawlDeletesNothing(t *testing.T) {
	doubts := map[string]struct{ set, unset func(r *rig) }{
		"a stream could not be listed": {
			func(r *rig) { r.source.FailStream("other", fault.New(fault.Denied, "no")) },
			func(r *rig) { r.source.FailStream("other", nil) },
		},
		"a split failed": {
			func(r *rig) { r.file("f2", 2, item("i2", 1)); r.fails("f2@2", 5, 0, fmt.Errorf("bug")) },
			func(*rig) {},
		},
		"a split is lost": {
			func(r *rig) { r.file("f2", 3, item("i2", 1)); r.fails("f2@3", 1, 0, fault.New(fault.Lost, "gone")) },
			func(*rig) {},
		},
	}
	for name, doubt := range doubts {
		t.Run(name, func(t *testing.T) {
			each(t, true, func(t *testing.T, r *rig) {
				all := r.many(0, 5, 1)
				r.source.Put(connector.Split{ID: "o", Stream: "other", Time: r.store.Now()}, item("o", 1))
				r.crawl()
				r.unfile("f1")
				doubt.set(r)
				r.crawl()
				r.mirrors(append(all, item("o", 1))...)
				doubt.unset(r)
				r.crawl()
				r.mirrors(all[0], all[2], all[3], all[4], item("o", 1))
			})
		})
	}
}

// A thing that changes while it is read is listed again by the same crawl; it is not taken for gone.
func TestAThingThatChangesWhileItIsReadIsNotDeleted(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 5, 1)
		r.crawl()
		r.file("f1", 2, item("i1", 2))
		r.unfile("f4")
		listed := false
		r.wrapSource = func(s connector.Source) connector.Source {
			return listHook{s, func() {
				if !listed {
					listed = true
					r.file("f1", 3, item("i1", 3))
				}
			}}
		}
		run := r.crawl()
		r.mirrors(all[0], item("i1", 3), all[2], all[3])
		if run.Number != 2 || run.State != store.RunSucceeded {
			t.Errorf("run %+v", run)
		}
	})
}

// A thing that changes faster than it can be read keeps the crawl from deleting, and from going on for ever.
func TestAThingThatNeverHoldsStill(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := r.many(0, 5, 1)
		r.crawl()
		r.unfile("f4")
		version := 1
		r.wrapSource = func(s connector.Source) connector.Source {
			return listHook{s, func() { version++; r.file("f1", version, item("i1", version)) }}
		}
		r.file("f1", 100, item("i1", 100))
		version = 100
		run := r.crawl()
		r.mirrors(all...)
		if run.State == store.RunGoing {
			t.Errorf("run %+v", run)
		}
	})
}

// Crawls rise in number and only one is open at a time, whoever asks.
func TestOneCrawlAtATime(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		r.many(0, 2, 1)
		e := r.start()
		r.ok(e.StartCrawls(r.ctx()))
		r.crawlNow()
		r.ok(e.StartCrawls(r.ctx()))
		runs, err := r.store.Runs(r.ctx(), store.RunQuery{FlowID: r.flow.ID, Limit: 10})
		r.ok(err)
		if len(runs) != 1 {
			t.Fatalf("%d crawls are open", len(runs))
		}
		r.goOn()
		r.ok(e.StartCrawls(r.ctx())) // not due yet
		r.ok(e.CrawlNow(r.ctx()))
		r.ok(e.CrawlNow(r.ctx()))
		r.goOn()
		runs, err = r.store.Runs(r.ctx(), store.RunQuery{FlowID: r.flow.ID, Limit: 10})
		r.ok(err)
		if len(runs) != 2 || runs[0].Number != 2 || runs[0].State != store.RunSucceeded {
			t.Errorf("runs %+v", runs)
		}
	})
}
