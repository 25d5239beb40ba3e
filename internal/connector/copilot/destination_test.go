package copilot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/m365sim"
)

// kinds counts outcomes: stored, rejected, not tried.
func kinds(res connector.Result) string {
	n := map[connector.OutcomeKind]int{}
	for _, o := range res.Outcomes {
		n[o.Kind]++
	}
	return fmt.Sprintf("%d %d %d", n[connector.Stored], n[connector.Rejected], n[connector.NotTried])
}

func codeOf(err error) string {
	f, ok := fault.As(err)
	if !ok {
		return ""
	}
	return f.Code
}

func TestTheFirstWriteMakesConnectionAndSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cfg.Connection.ContentCategory = "knowledgeBase"
	w.cfg.Connection.Resolvers = []Resolver{{BaseURLs: []string{"https://intranet.contoso.com"}, URLPattern: "/(?<slug>.+)", ItemID: "{slug}", Priority: 1}}
	d := w.open()
	items := w.prepared(documents(0, 30)...)
	first, err := d.Write(t.Context(), connector.Batch{Records: items})
	if err != nil || codeOf(first.Stopped) != "schema_pending" || fault.ClassOf(first.Stopped) != fault.Throttled || kinds(first) != "0 0 30" {
		t.Fatalf("%s, %v, %v", kinds(first), first.Stopped, err)
	}
	if text := first.Stopped.Error(); !strings.Contains(text, "Microsoft usually takes 5–15 minutes") {
		t.Errorf("it says %q", text)
	}
	res := w.write(w.open(), first.Receipt, items...) // another process goes on with the receipt
	if res.Stopped != nil || kinds(res) != "30 0 0" {
		t.Fatalf("%s, %v", kinds(res), res.Stopped)
	}
	w.holds(items...)
	c, err := w.tenant.Connection(w.cfg.Connection.ID)
	if err != nil || c.State != "ready" || c.ContentCategory != "knowledgeBase" || !strings.Contains(string(c.ActivitySettings), "itemIdResolver") {
		t.Errorf("%+v, %v", c, err)
	}
	if n := w.outcomes("schema-change 202"); n != 1 {
		t.Errorf("%d schema changes", n)
	}
	var schema struct{ Properties []Property }
	if err := json.Unmarshal(c.Schema, &schema); err != nil || withLabel(schema.Properties, "title") == nil || withLabel(schema.Properties, "url") == nil {
		t.Errorf("the inferred schema is %s", c.Schema)
	}
}

// outcomes is how many requests ended so: operation and status.
func (w *world) outcomes(op string) int {
	w.t.Helper()
	r, err := w.sim.Requests(w.sim.Tenants()[0].Name)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.Outcome[op]
}

func TestASchemaChangeWhoseOperationGotLostIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *m365sim.Scenario) { s.Clock, s.Graph.SchemaTime = "standing", m365sim.Duration(10*time.Minute) })
	items := w.prepared(documents(0, 3)...)
	for range 2 { // the first receipt was never committed
		if res, err := w.open().Write(t.Context(), connector.Batch{Records: items}); err != nil || codeOf(res.Stopped) != "schema_pending" {
			t.Fatalf("%v, %v", res.Stopped, err)
		}
	}
	w.sim.Clock().Advance(11 * time.Minute)
	res := w.write(w.open(), nil, items...)
	if res.Stopped != nil || w.outcomes("schema-change 202") != 1 {
		t.Errorf("%v, %d schema changes", res.Stopped, w.outcomes("schema-change 202"))
	}
	w.holds(items...)
}

func TestASchemaThatFailsIsSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.faults(m365sim.Fault{On: "schema-change", Do: "schema-fails", Times: 1})
	d, items := w.open(), w.prepared(documents(0, 2)...)
	res := w.write(d, nil, items...)
	if codeOf(res.Stopped) != "schema_failed" || !strings.Contains(res.Stopped.Error(), "could not be provisioned") {
		t.Fatalf("%v", res.Stopped)
	}
	if res = w.write(d, res.Receipt, items...); res.Stopped != nil {
		t.Errorf("%v", res.Stopped)
	}
	w.holds(items...)
}

func TestSettingsThatChangeAreApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	items := w.prepared(documents(0, 2)...)
	after := w.write(w.open(), nil, items...).Receipt
	w.cfg.Connection.Name = "Policies of Contoso"
	w.cfg.Item.Properties["size"] = "7"
	items = w.prepared(documents(0, 2)...)
	if res := w.write(w.open(), after, items...); res.Stopped != nil {
		t.Fatal(res.Stopped)
	}
	c, _ := w.tenant.Connection(w.cfg.Connection.ID)
	if c.Name != "Policies of Contoso" || !strings.Contains(string(c.Schema), `"size"`) {
		t.Errorf("%s %s", c.Name, c.Schema)
	}
	w.holds(items...)

	w.cfg.Schema = json.RawMessage(`[{"name":"title","type":"string"},{"name":"url","type":"string"},{"name":"size","type":"string"}]`)
	res := w.write(w.open(), after, items...)
	if codeOf(res.Stopped) != "schema_change_refused" || !strings.Contains(fault.HintOf(res.Stopped), "new connection") || !strings.Contains(res.Stopped.Error(), "size is registered as int64") {
		t.Errorf("%v (%s)", res.Stopped, fault.HintOf(res.Stopped))
	}
}

func TestAnItemThatDoesNotFitTheRegisteredSchemaIsRefusedAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cfg.Item.Properties["size"] = ".size"
	records := documents(0, 100)
	for i := range records {
		size := fmt.Sprint(i)
		if i == 57 {
			size = `"many"`
		}
		if i > 80 {
			size = fmt.Sprintf("%d.0", i)
		}
		records[i].Body = json.RawMessage(strings.Replace(string(records[i].Body), "{", `{"size":`+size+`,`, 1))
	}
	items := w.prepared(records...)
	d := w.open()
	after := w.write(d, nil, items[:10]...).Receipt // infers int64
	res := w.write(d, after, items...)
	if res.Stopped != nil || kinds(res) != "99 1 0" || !strings.Contains(res.Outcomes[57].Err.Error(), "size") {
		t.Errorf("%s, %v, %v", kinds(res), res.Stopped, res.Outcomes[57].Err)
	}
	if n := len(w.bodies()); n != 99 {
		t.Errorf("%d items", n)
	}
}

func TestRefusalsOfItems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ do, code string }{
		"malformed": {"invalid", "item_refused"},
		"too large": {"too-large", "item_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			d, items := w.open(), w.prepared(documents(0, 40)...)
			after := w.write(d, nil, items[:1]...).Receipt
			w.faults(m365sim.Fault{On: "item-put", Item: items[20].Key, Do: c.do})
			res := w.write(d, after, items...)
			if res.Stopped != nil || kinds(res) != "39 1 0" || res.Outcomes[20].Kind != connector.Rejected || codeOf(res.Outcomes[20].Err) != c.code || fault.HintOf(res.Outcomes[20].Err) == "" {
				t.Errorf("%s, %v, %v", kinds(res), res.Stopped, res.Outcomes[20].Err)
			}
		})
	}
}

func TestWhatStopsABatch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault m365sim.Fault
		class fault.Class
		code  string
		least int // not tried
	}{
		"no permission":             {m365sim.Fault{On: "item-put", Do: "no-permission"}, fault.Denied, "refused", 40},
		"the service has trouble":   {m365sim.Fault{On: "item-put", Do: "503"}, fault.Unavailable, "", 8},
		"connections break":         {m365sim.Fault{On: "item-put", Do: "reset"}, fault.Unavailable, "", 8},
		"a long throttling":         {m365sim.Fault{On: "item-put", Do: "throttle", RetryAfter: m365sim.Duration(time.Hour)}, fault.Throttled, "", 40},
		"the connection is deleted": {m365sim.Fault{On: "item-put", Do: "connection-gone", Nth: 10}, fault.Denied, "connection_deleted", 20},
		"no room":                   {m365sim.Fault{On: "item-put", Do: "507", Every: 4}, fault.Denied, "quota_used_up", 5},
		"one item's trouble":        {m365sim.Fault{On: "item-put", Do: "504", Item: "docs-k7-md"}, fault.Unavailable, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.cfg.Item.ID = `.path | gsub("[/.]"; "-")`
			d, items := w.open(), w.prepared(documents(0, 40)...)
			after := w.write(d, nil, w.prepared(documents(90, 91)...)...).Receipt
			w.faults(c.fault)
			res := w.write(d, after, items...)
			untried := 0
			for _, o := range res.Outcomes {
				if o.Kind == connector.Rejected {
					t.Errorf("an item was refused: %v", o.Err)
				}
				if o.Kind == connector.NotTried {
					untried++
				}
			}
			if res.Stopped == nil || fault.ClassOf(res.Stopped) != c.class || untried < c.least || c.code != "" && codeOf(res.Stopped) != c.code {
				t.Fatalf("%s: class %s, %v", kinds(res), fault.ClassOf(res.Stopped), res.Stopped)
			}
			if fault.HintOf(res.Stopped) == "" {
				t.Error("there is no hint")
			}
			if c.class == fault.Throttled {
				if at := fault.RetryAt(res.Stopped); at.Sub(w.env.Now()) < 59*time.Minute || at.Sub(w.env.Now()) > time.Hour {
					t.Errorf("it comes again in %s", at.Sub(w.env.Now()))
				}
			}
			w.faults()
			if name == "the connection is deleted" {
				if again := w.write(d, res.Receipt, items...); codeOf(again.Stopped) != "connection_deleted" || len(w.tenant.Connections()) != 0 {
					t.Errorf("it was made anew: %v", again.Stopped)
				}
				return
			}
			if c.class == fault.Throttled {
				return
			}
			if again := w.write(d, res.Receipt, items...); again.Stopped != nil || kinds(again) != "40 0 0" {
				t.Errorf("afterwards %s, %v", kinds(again), again.Stopped)
			}
		})
	}
}

func TestAShortThrottlingIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d, items := w.open(), w.prepared(documents(0, 60)...)
	after := w.write(d, nil, items[:1]...).Receipt
	w.faults(m365sim.Fault{On: "item-put", Do: "throttle", RetryAfter: m365sim.Duration(time.Second), Nth: 20})
	began := time.Now()
	res := w.write(d, after, items...)
	if res.Stopped != nil || kinds(res) != "60 0 0" || time.Since(began) < time.Second {
		t.Errorf("%s, %v after %s", kinds(res), res.Stopped, time.Since(began))
	}
	var r receipt
	if err := json.Unmarshal(res.Receipt, &r); err != nil || r.Rate <= 0 || r.Rate >= 1000 {
		t.Errorf("the receipt %s does not remember the rate", res.Receipt)
	}
	w.holds(items...)
}

func TestTheLastRecordOfAKeyWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.open()
	var batch []connector.Record
	for version := range 20 {
		records := documents(0, 10)
		for i := range records {
			records[i].Body = json.RawMessage(strings.Replace(string(records[i].Body), "Text", fmt.Sprintf("Version %d", version), 1))
			if version == 10 {
				records[i].Op, records[i].Body = connector.Delete, nil
			}
		}
		batch = append(batch, w.prepared(records...)...)
	}
	if res := w.write(d, nil, batch...); res.Stopped != nil || kinds(res) != "200 0 0" {
		t.Fatalf("%s, %v", kinds(res), res.Stopped)
	}
	w.holds(batch[190:]...)
}

func TestAtMostSoManyAreInFlight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *m365sim.Scenario) { s.Graph.Latency = m365sim.Duration(5 * time.Millisecond) })
	w.cfg.Concurrency = 7
	var now, most atomic.Int64
	w.env.Transport = &counting{base: w.env.Transport.(*http.Transport), now: &now, most: &most}
	w.env.Credential.Endpoints.CA = ""
	base := w.env.Transport.(*counting).base
	base.TLSClientConfig = w.sim.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	items := w.prepared(documents(0, 200)...)
	if res := w.write(w.open(), nil, items...); res.Stopped != nil {
		t.Fatal(res.Stopped)
	}
	if most.Load() > 7 || most.Load() < 3 {
		t.Errorf("%d were in flight", most.Load())
	}
}

// Two destinations of one connection have the 25 operations together that Microsoft allows an app on it.
func TestTwoDestinationsShareWhatMayBeInFlight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *m365sim.Scenario) { s.Graph.Latency = m365sim.Duration(20 * time.Millisecond) })
	w.cfg.Concurrency = mostInFlight
	first, second := w.open(), w.open()
	if res := w.write(first, nil, w.prepared(documents(0, 1)...)...); res.Stopped != nil {
		t.Fatal(res.Stopped)
	}
	var both sync.WaitGroup
	for i, d := range []*destination{first, second} {
		items := w.prepared(documents(i*300, i*300+300)...)
		both.Go(func() {
			if res := w.write(d, nil, items...); res.Stopped != nil {
				t.Errorf("destination %d: %v", i, res.Stopped)
			}
		})
	}
	both.Wait()
	w.holds(w.prepared(documents(0, 600)...)...)
	c, err := w.tenant.Connection(w.cfg.Connection.ID)
	if err != nil || c.MostInFlight > mostInFlight || c.MostInFlight < 2 {
		t.Errorf("%d were in flight, %v", c.MostInFlight, err)
	}
	if refused, stored := w.outcomes("item-put 429 TooManyRequests"), w.outcomes("item-put 200"); refused > 0 || stored < 600 {
		t.Errorf("%d writes were refused, %d went through", refused, stored)
	}
}

// Who waits for a place goes when it is stopped, and nothing is kept of those that are gone.
func TestFlightsAreForgotten(t *testing.T) {
	t.Parallel()
	list := flightList{of: map[string]*flight{}}
	var arrivals []func()
	for range mostInFlight {
		arrive, err := list.depart(t.Context(), "graph/t/a/c")
		if err != nil {
			t.Fatal(err)
		}
		arrivals = append(arrivals, arrive)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := list.depart(ctx, "graph/t/a/c"); !errors.Is(err, context.Canceled) {
		t.Errorf("one more departed: %v", err)
	}
	if arrive, err := list.depart(t.Context(), "graph/t/a/other"); err != nil {
		t.Error(err)
	} else {
		arrive()
	}
	for _, arrive := range arrivals {
		arrive()
	}
	if len(list.of) > 0 {
		t.Errorf("%d are kept", len(list.of))
	}
}

type counting struct {
	base      *http.Transport
	now, most *atomic.Int64
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	n := c.now.Add(1)
	defer c.now.Add(-1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	return c.base.RoundTrip(r)
}

func TestAConnectionOfAnotherAppIsExplained(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if res := w.write(w.open(), nil, w.prepared(documents(0, 1)...)...); res.Stopped != nil {
		t.Fatal(res.Stopped)
	}
	other := w.sim.Tenants()[0].Apps[0]
	if err := w.sim.SetRoles("", other.ClientID, connectionRight, itemRight); err != nil {
		t.Fatal(err)
	}
	w.app = other
	w.env.Credential.ClientID = other.ClientID
	res := w.write(w.open(), nil, w.prepared(documents(0, 1)...)...)
	if codeOf(res.Stopped) != "connection_refused" || !strings.Contains(fault.HintOf(res.Stopped), "another app's") {
		t.Errorf("%v (%s)", res.Stopped, fault.HintOf(res.Stopped))
	}
	w.cfg.Connection.Create = false
	if res = w.write(w.open(), nil, w.prepared(documents(0, 1)...)...); codeOf(res.Stopped) != "connection_missing" {
		t.Errorf("%v", res.Stopped)
	}
}

func TestStatesOfAConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *m365sim.Scenario) { s.Graph.Items = 3 })
	d, items := w.open(), w.prepared(documents(0, 5)...)
	after := w.write(d, nil, items[:3]...).Receipt
	d = w.open() // looks at the connection, whose state is limitExceeded
	items[0].Body = w.prepared(connector.Record{Key: "k0", Body: []byte(`{"title":"new","path":"x"}`)})[0].Body
	res := w.write(d, after, items...)
	if codeOf(res.Stopped) != "quota_used_up" || kinds(res) != "3 0 2" {
		t.Errorf("full: %s, %v", kinds(res), res.Stopped)
	}
	if err := w.tenant.SetObsolete(w.cfg.Connection.ID, true); err != nil {
		t.Fatal(err)
	}
	if res = w.write(w.open(), after, items...); codeOf(res.Stopped) != "connection_obsolete" {
		t.Errorf("obsolete: %v", res.Stopped)
	}
}

func TestAReceiptOfAnotherConnectionIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	after := w.write(w.open(), nil, w.prepared(documents(0, 1)...)...).Receipt
	w.cfg.Connection.ID = "otherpolicies"
	_, err := w.open().Write(context.Background(), connector.Batch{After: after})
	if codeOf(err) != "connection_changed" || fault.ClassOf(err) != fault.Denied {
		t.Errorf("%v", err)
	}
}

func TestAConnectionThatSomebodyMadeAnewIsNotFilledInPart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	items := w.prepared(documents(0, 3)...)
	after := w.write(w.open(), nil, items...).Receipt
	w.tenant.RemoveConnection(w.cfg.Connection.ID)
	if _, err := w.act("connection-create", `{}`); err != nil {
		t.Fatal(err)
	}
	if res := w.write(w.open(), after, items...); codeOf(res.Stopped) != "connection_deleted" {
		t.Errorf("%v", res.Stopped)
	}
}

func TestDeletes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d, items := w.open(), w.prepared(documents(0, 10)...)
	after := w.write(d, nil, items...).Receipt
	gone := slices.Clone(items[3:7])
	for i := range gone {
		gone[i].Op, gone[i].Body = connector.Delete, nil
	}
	for range 2 { // what is gone already is gone
		res := w.write(d, after, gone...)
		if res.Stopped != nil || kinds(res) != "4 0 0" {
			t.Errorf("%s, %v", kinds(res), res.Stopped)
		}
	}
	w.holds(slices.Concat(items[:3], items[7:])...)
}

// A turn begins with an empty batch. What changed of the connection goes to the tenant then, since often there is no item to send.
func TestAnEmptyBatchKeepsTheConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if res := w.write(w.open(), nil); len(res.Receipt) > 0 || len(w.tenant.Connections()) > 0 {
		t.Errorf("an empty batch made %v", w.tenant.Connections())
	}
	after := w.write(w.open(), nil, w.prepared(documents(0, 1)...)...).Receipt
	w.cfg.Connection.Description = "Something else is in it now, as you can see from this longer text."
	w.write(w.open(), after)
	if got := w.tenant.Connections()[0].Description; got != w.cfg.Connection.Description {
		t.Errorf("its description is %q", got)
	}
	w.tenant.RemoveConnection(w.cfg.Connection.ID)
	if _, err := w.open().Write(t.Context(), connector.Batch{After: after}); fault.ClassOf(err) != fault.Denied || codeOf(err) != "connection_deleted" {
		t.Errorf("a deleted connection: %v", err)
	}
}

// A missing permission is named where it is missed.
func TestAMissingPermissionIsNamed(t *testing.T) {
	t.Parallel()
	for missing, granted := range map[string]string{connectionRight: itemRight, itemRight: connectionRight} {
		w := newWorld(t, nil)
		if err := w.sim.SetRoles("", w.app.ClientID, granted); err != nil {
			t.Fatal(err)
		}
		res := w.write(w.open(), nil, w.prepared(documents(0, 1)...)...)
		if hint := fault.HintOf(res.Stopped); fault.ClassOf(res.Stopped) != fault.Denied || !strings.Contains(hint, missing) || strings.Contains(hint, granted) || !strings.Contains(hint, "credential test contoso") {
			t.Errorf("without %s: %v (%s)", missing, res.Stopped, hint)
		}
	}
}
