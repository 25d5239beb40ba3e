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

// rows makes the rows from to to of a table.
func rows(from, to int) []connector.Record {
	var all []connector.Record
	for n := from; n < to; n++ {
		all = append(all, item(fmt.Sprint("r", n), 1))
	}
	return all
}

// A table is read as a whole for one row that changed: of the others nothing is sent, and no row of the inventory is written.
func TestATableThatIsReadAgain(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := rows(0, 300)
		r.file("table", 1, all...)
		r.crawl()
		at := func() int64 {
			known, err := r.store.Items(r.ctx(), r.to.ID, []string{"r7"})
			r.ok(err)
			return known["r7"].Crawl
		}
		if n := at(); n != 1 {
			t.Fatalf("r7 was sent by crawl %d", n)
		}
		all[3] = item("r3", 2)
		all = append(all[:290], rows(300, 302)...) // two are new, ten are gone
		r.file("table", 2, all...)
		r.crawl()
		r.mirrors(all...)
		r.crawl() // nothing changed: the table's own row says that all are there
		r.mirrors(all...)
		if n := at(); n != 1 || r.keyed.Puts("r7") != 1 || r.keyed.Puts("r3") != 2 || r.source.Reads("table@2") != 1 {
			t.Errorf("r7 is of crawl %d, puts %d and %d, reads %d", n, r.keyed.Puts("r7"), r.keyed.Puts("r3"), r.source.Reads("table@2"))
		}
		wantPlan(t, "in step", r.plan(), engine.Plan{Unchanged: int64(len(all))})

		_, err := r.store.DoubtItems(r.ctx(), r.to.ID, []string{"r7"})
		r.ok(err) // its row still tells of the first version
		r.crawl()
		if r.keyed.Puts("r7") != 2 || r.keyed.Puts("r8") != 1 {
			t.Errorf("r7 was put %d times, r8 %d times", r.keyed.Puts("r7"), r.keyed.Puts("r8"))
		}
		all = all[1:]
		r.file("table", 3, all...)
		wantPlan(t, "one gone", r.plan(), engine.Plan{Deletes: 1, Unchanged: int64(len(all))})
		r.crawl()
		r.mirrors(all...)
	})
}

// A thing that goes back to what it was is read again: another version of it was delivered in between.
func TestAThingThatGoesBack(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		other, first, second := r.many(0, 20, 1), rows(0, 5), rows(0, 3)
		second[1] = item("r1", 2)
		for _, items := range [][]connector.Record{first, second} {
			r.file("table", len(items), items...)
			r.crawl()
			r.mirrors(append(items, other...)...)
		}
		r.file("table", len(first), first...)
		r.crawl()
		r.mirrors(append(first, other...)...)
		if n := r.source.Reads("f3@1"); n != 1 {
			t.Errorf("another file was read %d times", n)
		}
	})
}

// What a filter drops in a new revision goes, though a crawl of the old one saw it in the very same version.
func TestWhatANewFilterDrops(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := rows(0, 40)
		r.file("table", 1, all...)
		r.crawl()
		r.file("table", 2, all...)
		r.crawl()
		r.flow.Spec = []byte(`{"mode":"mirror","keep":"not r7"}`)
		var err error
		r.flow, err = r.store.UpdateObject(r.ctx(), r.flow, nil)
		r.ok(err)
		r.change = func(_ context.Context, rec connector.Record, emit func(connector.Record) error) error {
			if rec.Key == "r7" {
				return nil
			}
			return emit(rec)
		}
		r.crawl()
		r.mirrors(append(all[:7:7], all[8:]...)...)
		r.crawl()
		if n := r.source.Reads("table@2"); n != 2 {
			t.Errorf("the table was read %d times", n)
		}
	})
}

// A crawl that was canceled when it had read half of a table with a new revision: the next one reads it again.
func TestACanceledCrawlLeavesNothingHalfDone(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		all := rows(0, 40)
		r.file("table", 1, all...)
		r.crawl()
		r.flow.Spec = []byte(`{"mode":"mirror","x":1}`)
		var err error
		r.flow, err = r.store.UpdateObject(r.ctx(), r.flow, nil)
		r.ok(err)
		r.change = func(_ context.Context, rec connector.Record, emit func(connector.Record) error) error {
			rec.Body = []byte(strings.ReplaceAll(string(rec.Body), `"v":`, `"w":`))
			return emit(rec)
		}
		r.small(5)
		r.fails("table@1", 1, 20, fault.New(fault.Unavailable, "503"))
		r.d.Clock.Add(2 * time.Hour)
		r.start()
		r.crawlNow()
		for range 3 {
			r.turn()
		}
		last, _, err := r.store.LastCrawl(r.ctx(), r.flow.ID)
		r.ok(err)
		if c := r.countsOf(r.flow, last.ID); c.Delivered != 20 {
			t.Fatalf("%+v", c)
		}
		r.ok(r.store.EndRun(r.ctx(), last.ID, store.RunCanceled, ""))
		r.crawl()
		for i := range all {
			all[i].Body = []byte(strings.ReplaceAll(string(all[i].Body), `"v":`, `"w":`))
		}
		r.mirrors(all...)
	})
}

// Thousands of deletes are looked up range by range; each is sent once.
func TestManyDeletes(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		r.rules.GuardPercent = 100
		all := rows(0, 3300)
		r.file("table", 1, all...)
		r.crawl()
		r.file("table", 2, all[:50]...)
		run := r.crawl()
		r.mirrors(all[:50]...)
		if c := r.countsOf(r.flow, run.ID); run.State != store.RunSucceeded || c.Deleted != 3250 || r.keyed.Deletes("r3299") != 1 {
			t.Errorf("%s; deleted %d, r3299 %d times", run.State, c.Deleted, r.keyed.Deletes("r3299"))
		}
	})
}

// A delivery that failed and is tried again when the next crawl is under way is that crawl's: it does not end, and
// deletes nothing, before what the delivery brings is there.
func TestARetriedDeliveryIsTheNextCrawls(t *testing.T) {
	each(t, true, func(t *testing.T, r *rig) {
		r.rules.GuardPercent = 100
		all := append(r.many(0, 3, 1), rows(0, 30)...)
		r.file("table", 1, all[3:]...)
		r.crawl()
		r.file("table", 2, all[3:]...)
		r.fails("table@2", 5, 0, fault.New(fault.Internal, "a bug"))
		if run := r.crawl(); run.State != store.RunFailed {
			t.Fatalf("%s", run.State)
		}
		_, err := r.store.RetryDeliveries(r.ctx(), r.flow.ID)
		r.ok(err)
		run := r.crawl()
		r.mirrors(all...)
		if c := r.countsOf(r.flow, run.ID); run.State != store.RunSucceeded || r.keyed.Deletes("r1") != 0 {
			t.Errorf("%s, %+v; r1 was deleted %d times", run.State, c, r.keyed.Deletes("r1"))
		}
	})
}
