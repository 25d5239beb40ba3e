package copilot

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/m365sim"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// steady is a game without chance: so many documents, and nothing that goes wrong by itself.
func steady(t *testing.T, documents int, change func(*m365sim.Scenario)) *filling {
	t.Helper()
	d := storetest.SQLite(t)
	g := newFilling(t, d, d.Open(t), 0, 1, change)
	g.batch = 5
	for i := range documents {
		g.edits++
		g.document(fmt.Sprintf("d/p%02d.md", i), fmt.Sprintf("Text %d.", i))
	}
	return g
}

// rests works until the lane rests, for a reason that has these words.
func (g *filling) rests(why string) {
	g.t.Helper()
	g.said.clear()
	g.ok(g.engine.StartCrawls(g.t.Context()))
	for range 200 {
		for g.turn() {
			if text := g.said.String(); strings.Contains(text, "a lane rests") && strings.Contains(text, why) {
				return
			}
		}
		g.d.Clock.Add(5 * time.Second)
		g.ok(g.engine.FinishRuns(g.t.Context()))
	}
	g.t.Fatalf("the lane never rested for %s\n%s", why, g.said)
}

func (g *filling) letters() int {
	g.t.Helper()
	all, err := g.store.DeadLettersWhole(g.t.Context(), store.LetterFilter{Limit: 1000})
	g.ok(err)
	return len(all)
}

// One value of the wrong type among many is one dead letter, which says which; the others go.
func TestOneWrongValueAmongMany(t *testing.T) {
	t.Parallel()
	g := steady(t, 0, func(s *m365sim.Scenario) { s.Graph.SchemaTime = 0 })
	g.batch = 400
	g.cfg.Schema = json.RawMessage(`[{"name":"title","type":"String","isSearchable":true,"isRetrievable":true,"labels":["title"]},{"name":"price","type":"Double","isRetrievable":true}]`)
	g.cfg.Item.Properties = map[string]string{"title": ".Name", "price": ".Text"}
	rows := map[string]string{}
	for i := range 1000 {
		rows[fmt.Sprintf("r%04d", i)] = fmt.Sprint(i)
	}
	rows["r0500"] = "cheap"
	g.table("prices.csv", rows)
	g.crawl()
	items, err := g.tenant.Items(g.cfg.Connection.ID)
	g.ok(err)
	n := 0
	for range items {
		n++
	}
	all, err := g.store.DeadLettersWhole(t.Context(), store.LetterFilter{Limit: 10})
	g.ok(err)
	if n != 999 || len(all) != 1 || all[0].Key != "r0500" || !strings.Contains(all[0].Reason, `price: the text "cheap" is no number`) || all[0].Hint == "" {
		t.Errorf("%d items, dead letters %+v", n, all)
	}
}

// A service that wants an hour's rest gets it: nothing is sent before, nothing fails and nothing counts as an attempt.
func TestThrottlingForAnHour(t *testing.T) {
	t.Parallel()
	g := steady(t, 20, func(s *m365sim.Scenario) { s.Graph.SchemaTime = 0 })
	g.faults(m365sim.Fault{On: "item-put", Do: "throttle", Nth: 8, RetryAfter: m365sim.Duration(time.Hour)})
	g.start()
	g.rests("429")
	sent, since := g.outcomes("item-put 200"), g.store.Now()
	next, err := g.store.NextDue(g.t.Context())
	g.ok(err)
	for next.Sub(since) < 50*time.Minute { // the listing's polls are due before
		g.d.Clock.Add(max(next.Sub(g.store.Now()), time.Second))
		for g.turn() {
		}
		next, err = g.store.NextDue(g.t.Context())
		g.ok(err)
	}
	if n := g.outcomes("item-put 200"); n != sent {
		t.Errorf("%d items were sent within the hour", n-sent)
	}
	g.start() // the process was started anew meanwhile
	g.crawl()
	g.compare()
	if n := g.letters(); n > 0 {
		t.Errorf("%d dead letters", n)
	}
}

// Killed while Microsoft provisions the schema, it goes on waiting for the same change, and sends then.
func TestKilledWhileTheSchemaIsProvisioned(t *testing.T) {
	t.Parallel()
	g := steady(t, 7, func(s *m365sim.Scenario) { s.Clock, s.Graph.SchemaTime = "standing", m365sim.Duration(10*time.Minute) })
	for range 3 {
		g.start() // as after a kill
		g.rests("schema")
		g.d.Clock.Add(3 * time.Minute)
	}
	if n := g.outcomes("item-put 200"); n > 0 {
		t.Errorf("%d items were sent without a schema", n)
	}
	g.sim.Clock().Advance(11 * time.Minute)
	g.crawl()
	g.compare()
	if n := g.outcomes("schema-change 202"); n != 1 {
		t.Errorf("the schema was sent %d times", n)
	}
}

// An admin deletes the connection in mid-crawl: the lane stops and says so, nothing is made anew or becomes a dead letter, and
// the inventory stands as it was.
func TestTheConnectionIsDeletedInMidCrawl(t *testing.T) {
	t.Parallel()
	g := steady(t, 20, func(s *m365sim.Scenario) { s.Graph.SchemaTime, s.Graph.DeleteTime = 0, 0 })
	g.faults(m365sim.Fault{On: "item-put", Do: "connection-gone", Nth: 12})
	g.start()
	g.rests("is gone from the tenant")
	if all := g.tenant.Connections(); len(all) != 0 {
		t.Errorf("it was made anew: %+v", all)
	}
	size, _, err := g.store.InventorySize(g.t.Context(), store.Crawled{DestinationID: g.to.ID, Number: 0})
	g.ok(err)
	last, ok, err := g.store.LastCrawl(g.t.Context(), g.flow.ID)
	g.ok(err)
	if n := g.letters(); n > 0 || size == 0 || !ok || last.State != store.RunGoing {
		t.Errorf("%d dead letters, %d items in the inventory, crawl %+v", n, size, last)
	}
}
