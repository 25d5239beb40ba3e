package m365sim

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/m365sim/graph"
)

const (
	runbooksBody = `{"id":"runbooks","name":"Operations runbooks","description":"How to restart things"}`
	schemaBody   = `{"baseType":"microsoft.graph.externalItem","properties":[{"name":"title","type":"string","isSearchable":true,"isRetrievable":true,"labels":["title"]}]}`
	itemBody     = `{"acl":[{"type":"everyone","value":"everyone","accessType":"grant"}],"properties":{"title":"Renew"},"content":{"type":"text","value":"Check the date"}}`
	connections  = "/v1.0/external/connections"
)

// newConnector signs the tenant's second app in for Graph.
func newConnector(t *testing.T, sim *Simulator) *client {
	t.Helper()
	c := newClient(t, sim, "")
	c.token = c.graphToken("https://graph.microsoft.com/.default")
	return c
}

func (c *client) graphToken(scope string) string {
	c.t.Helper()
	app := c.tenant.Apps[1]
	form := c.form()
	form.Set("client_id", app.ClientID)
	form.Set("client_secret", app.Secrets[0].Value)
	form.Set("scope", scope)
	answer := c.post("/"+c.tenant.ID+"/oauth2/v2.0/token", form)
	if answer.status != 200 {
		c.t.Fatalf("sign in: %d %s", answer.status, answer.body)
	}
	return answer.object()["access_token"].(string)
}

// graph asks Microsoft Graph.
func (c *client) graph(method, path, body string) answer {
	c.t.Helper()
	header := map[string]string{}
	if body != "" {
		header["Content-Type"] = "application/json"
	}
	return c.do(method, c.sim.GraphURL()+path, strings.NewReader(body), header)
}

// ready makes the connection runbooks ready for items.
func (c *client) ready() {
	c.t.Helper()
	for _, step := range []struct{ method, path, body string }{
		{"POST", connections, runbooksBody}, {"PATCH", connections + "/runbooks/schema", schemaBody},
	} {
		if got := c.graph(step.method, step.path, step.body); got.status > 202 {
			c.t.Fatalf("%s %s: %d %s", step.method, step.path, got.status, got.body)
		}
	}
	c.sim.Clock().Advance(2 * time.Second)
}

func TestGraphWantsItsOwnToken(t *testing.T) {
	t.Parallel()
	sim := open(t, nil)
	c := newConnector(t, sim)
	good := c.token
	for scope, audience := range map[string]string{sim.GraphURL() + "/.default": sim.GraphURL(), graphAppID + "/.default": graphAppID} {
		c.token = c.graphToken(scope)
		if got := c.graph("GET", connections, ""); got.status != 200 {
			t.Errorf("a token for %s meets %d %s", audience, got.status, got.body)
		}
	}
	management := c.graphToken("https://manage.office.com/.default")
	for name, token := range map[string]string{
		"Access token is empty.": "",
		"no dots":                "nonsense",
		"Invalid signature.":     good[:len(good)-8] + "AAAAAAAA",
		"Access token validation failure. Invalid audience.": management,
	} {
		c.token = token
		got := c.graph("GET", connections, "")
		if got.status != 401 || got.code() != "InvalidAuthenticationToken" || !strings.Contains(string(got.body), name) ||
			!strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
	c.token = good
	sim.Clock().Advance(2 * time.Hour)
	if got := c.graph("GET", connections, ""); got.status != 401 || !strings.Contains(string(got.body), "expired") {
		t.Errorf("an old token meets %d %s", got.status, got.body)
	}
}

func TestGraphRolesAreTheApps(t *testing.T) {
	t.Parallel()
	sim := open(t, nil)
	c := newConnector(t, sim)
	c.ready()
	if err := sim.SetRoles("", c.tenant.Apps[1].ClientID, "ExternalConnection.ReadWrite.OwnedBy"); err != nil {
		t.Fatal(err)
	}
	put := func() answer { return c.graph("PUT", connections+"/runbooks/items/one", itemBody) }
	if got := put(); got.status != 200 {
		t.Errorf("a token issued before keeps its roles; got %d %s", got.status, got.body)
	}
	c.token = c.graphToken("https://graph.microsoft.com/.default")
	if got := put(); got.status != 403 || got.code() != "Forbidden" {
		t.Errorf("without the role: %d %s", got.status, got.body)
	}
}

func TestGraphOverTheWire(t *testing.T) {
	t.Parallel()
	sim := open(t, nil)
	c := newConnector(t, sim)
	c.ready()
	if got := c.graph("PUT", connections+"/runbooks/items/one", itemBody); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := c.do("GET", sim.URL()+"/_sim/graph/items?connection=runbooks", nil, nil); got.object()["id"] != "one" {
		t.Errorf("items: %s", got.body)
	}
	compare := func(lines string) string {
		return string(c.do("POST", sim.URL()+"/_sim/graph/compare?connection=runbooks", strings.NewReader(lines), nil).body)
	}
	if got := compare(`{"id":"one","body":` + itemBody + `}`); got != `{"want":1,"have":1}` {
		t.Errorf("compared: %s", got)
	}
	if got := compare(`{"id":"two"}`); got != `{"want":1,"have":1,"missing":["two"],"extra":["one"]}` {
		t.Errorf("compared: %s", got)
	}
	var shown struct {
		Connections []graph.Connection
		Requests    Requests
	}
	got := c.do("GET", sim.URL()+"/_sim/graph", nil, nil)
	if err := json.Unmarshal(got.body, &shown); err != nil || len(shown.Connections) != 1 || shown.Connections[0].Writes.Created != 1 ||
		shown.Requests.Outcome["item-put 200"] != 1 {
		t.Errorf("%v: %s", err, got.body)
	}
	change := func(body string) int {
		return c.do("POST", sim.URL()+"/_sim/graph/connection", strings.NewReader(body), nil).status
	}
	if status := change(`{"connection":"runbooks","obsolete":true}`); status != 200 || c.graph("DELETE", connections+"/runbooks/items/one", "").status != 400 {
		t.Errorf("made obsolete: %d", status)
	}
	if status := change(`{"connection":"runbooks","delete":true}`); status != 200 || c.graph("GET", connections+"/runbooks", "").status != 404 {
		t.Errorf("deleted: %d", status)
	}
	if status := change(`{"connection":"runbooks","delete":true}`); status != 400 {
		t.Errorf("deleted twice: %d", status)
	}
}

func TestGraphInProcess(t *testing.T) {
	t.Parallel()
	scenario := DefaultScenario()
	scenario.Content.Events = 0
	sim, err := Open(Options{Scenario: &scenario})
	if err != nil {
		t.Fatal(err)
	}
	app := sim.tenants[0].Apps[1]
	token, _, err := sim.issue(sim.tenants[0], app, "https://graph.microsoft.com", app.Roles, "1")
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(context.Background(), "POST", "https://graph.microsoft.com"+connections, strings.NewReader(runbooksBody))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{Transport: sim.Transport()}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != 201 {
		t.Errorf("got %s", response.Status)
	}
}

func TestGraphFaults(t *testing.T) {
	t.Parallel()
	sim := open(t, nil)
	c := newConnector(t, sim)
	c.ready()
	const item = connections + "/runbooks/items/one"
	put := func() answer { return c.graph("PUT", item, itemBody) }
	seconds := func(n int) Duration { return Duration(time.Duration(n) * time.Second) }
	cases := []struct {
		name   string
		fault  Fault
		status int // 0: no answer
		retry  string
	}{
		{"throttled", Fault{On: "item-put", Do: "throttle"}, 429, "10"},
		{"throttled for long", Fault{On: "item", Do: "throttle", RetryAfter: seconds(90)}, 429, "90"},
		{"throttled without the header", Fault{On: "graph", Do: "throttle", NoHeader: true}, 429, ""},
		{"this item alone", Fault{On: "item", Item: "one", Do: "invalid"}, 400, ""},
		{"another item", Fault{On: "item", Item: "two", Do: "invalid"}, 200, ""},
		{"another connection", Fault{On: "item", Connection: "other", Do: "invalid"}, 200, ""},
		{"another operation", Fault{On: "item-delete", Do: "503"}, 200, ""},
		{"a fault of the feed", Fault{On: "any", Do: "af50000"}, 200, ""},
		{"unavailable", Fault{On: "any", Do: "503", RetryAfter: seconds(3)}, 503, "3"},
		{"another status", Fault{On: "graph", Do: "500", Status: 520}, 520, ""},
		{"reset", Fault{On: "item-put", Do: "reset"}, 0, ""},
		{"lost", Fault{On: "item-put", Do: "lost-answer"}, 0, ""},
		{"truncated", Fault{On: "item-put", Do: "truncate"}, 0, ""},
	}
	for _, x := range cases {
		x.fault.Times = 1
		if err := sim.SetFaults(x.fault); err != nil {
			t.Fatal(x.name, err)
		}
		got := put()
		if (got.err != nil) != (x.status == 0) || got.err == nil && (got.status != x.status || got.header.Get("Retry-After") != x.retry) {
			t.Errorf("%s: got %d %s (Retry-After %q, %v), want %d", x.name, got.status, got.body, got.header.Get("Retry-After"), got.err, x.status)
		}
	}
	held, err := sim.Graph("")
	if err != nil {
		t.Fatal(err)
	}
	if item, err := held.Item("runbooks", "one"); err != nil || item.Puts != 6 { // four that were answered, one lost, one truncated
		t.Errorf("%+v, %v", item, err)
	}
	if err := sim.SetFaults(Fault{On: "item-put", Do: "connection-gone", Nth: 2}); err != nil {
		t.Fatal(err)
	}
	if first, second, third := put().status, put().status, put().status; first != 200 || second != 404 || third != 404 {
		t.Errorf("around the deletion: %d %d %d", first, second, third)
	}
}

func TestGraphFaultsAreChecked(t *testing.T) {
	t.Parallel()
	sim := open(t, nil)
	for want, fault := range map[string]Fault{
		"does not happen on Microsoft Graph": {On: "item-put", Do: "af50000"},
		"happens on Microsoft Graph only":    {On: "blob", Do: "lost-answer"},
		"is not one of":                      {On: "item", Do: "vanish"},
	} {
		if err := sim.SetFaults(fault); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", fault, err, want)
		}
	}
}

func TestSchemaOperationsFailAndHang(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Faults = []Fault{{On: "schema-change", Do: "schema-fails", Nth: 1}, {On: "schema-change", Do: "schema-stuck"}}
	})
	c := newConnector(t, sim)
	c.graph("POST", connections, runbooksBody)
	operation := func() map[string]any {
		location := c.graph("PATCH", connections+"/runbooks/schema", schemaBody).header.Get("Location")
		sim.Clock().Advance(time.Hour / 4)
		return c.do("GET", location, nil, nil).object()
	}
	if got := operation(); got["status"] != "failed" || got["error"] == nil {
		t.Errorf("the first: %v", got)
	}
	if got := operation(); got["status"] != "inprogress" {
		t.Errorf("the second: %v", got)
	}
}

func TestGraphProfiles(t *testing.T) {
	t.Parallel()
	s, err := ParseScenario([]byte("graph: { profile: realistic, scale: 60, inFlight: 10 }"))
	if err != nil {
		t.Fatal(err)
	}
	want := RealisticGraph(60)
	want.InFlight = 10
	if s.Graph != want || time.Duration(s.Graph.SchemaTime) != 10*time.Second || s.Graph.WritesPerSecond != 1800 {
		t.Errorf("got  %+v\nwant %+v", s.Graph, want)
	}
	if s, err = ParseScenario([]byte("graph: { schemaTime: 0 }")); err != nil || s.Graph.SchemaTime != 0 || s.Graph.InFlight != 25 {
		t.Errorf("%+v, %v", s.Graph, err)
	}
	_, err = ParseScenario([]byte("graph:\n  profile: slow\n  scale: 0\n  items: 0\n  retryAfter: -1s\n"))
	for _, want := range []string{"line 2: graph.profile", "line 3: graph.scale", "line 4: graph.items", "line 5: graph.retryAfter"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v says nothing of %s", err, want)
		}
	}
}

func TestConnectionsThatAreThereAtTheStart(t *testing.T) {
	t.Parallel()
	const text = `
content: { events: 0 }
tenants:
  - name: contoso
    apps:
      - { name: connector, roles: [ExternalConnection.ReadWrite.OwnedBy, ExternalItem.ReadWrite.OwnedBy] }
    connections:
      - id: ours
        owner: connector
        schema:
          - { name: title, type: string, isSearchable: true, isRetrievable: true, labels: [title] }
          - { name: tags, type: stringCollection }
          - { name: when, type: dateTime }
          - { name: who, type: principal, isRetrievable: true, labels: [closedBy] }
        items: 3
      - { id: theirs }
`
	parse := func(from, to string) (*Simulator, error) {
		scenario, err := ParseScenario([]byte(strings.Replace(text, from, to, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return Open(Options{Scenario: &scenario})
	}
	sim, err := parse("", "")
	if err != nil {
		t.Fatal(err)
	}
	held, err := sim.Graph("")
	if err != nil {
		t.Fatal(err)
	}
	shown := held.Connections()
	if len(shown) != 2 || shown[0].State != graph.StateReady || shown[0].Items != 3 || shown[1].State != graph.StateDraft ||
		shown[0].Owner != sim.Tenants()[0].Apps[0].ClientID || shown[1].Owner == shown[0].Owner || shown[0].Writes != (graph.Writes{}) {
		t.Errorf("there are %+v", shown)
	}
	item, err := held.Item("ours", "item-000003")
	if err != nil || !strings.Contains(string(item.Body), `"title":"title 3","tags@odata.type":"Collection(String)","tags":["tags 3"]`) {
		t.Errorf("the third item is %s (%v)", item.Body, err)
	}
	for _, bad := range [][3]string{
		{"id: ours", "id: o-urs", "other characters"},
		{"owner: connector", "owner: nobody", `no app "nobody"`},
		{"labels: [title]", "labels: [headline]", "which there is not"},
		{"{ id: theirs }", "{ id: theirs, items: 5 }", "without a schema"},
	} {
		if _, err := parse(bad[0], bad[1]); err == nil || !strings.Contains(err.Error(), bad[2]) {
			t.Errorf("%s: %v, want %s", bad[1], err, bad[2])
		}
	}
}

func TestGraphLatency(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		latency string
		want    [3]time.Duration // of item-put, item-read, schema-read
	}{
		{"{}", [3]time.Duration{}},
		{"{ any: 1s }", [3]time.Duration{time.Second, time.Second, time.Second}},
		{"{ any: 1s, graph: 2s }", [3]time.Duration{2 * time.Second, 2 * time.Second, 2 * time.Second}},
		{"{ graph: 2s, item: 3s, item-put: 4s }", [3]time.Duration{4 * time.Second, 3 * time.Second, 2 * time.Second}},
		{"{ any: 1s, item-put: 0s }\ngraph: { latency: 5s }", [3]time.Duration{0, 5 * time.Second, 5 * time.Second}},
	} {
		scenario, err := ParseScenario([]byte("content: { events: 0 }\nlatency: " + x.latency))
		if err != nil {
			t.Fatal(err)
		}
		sim, err := Open(Options{Scenario: &scenario})
		if err != nil {
			t.Fatal(err)
		}
		for i, op := range []string{graph.OpItemPut, graph.OpItemRead, graph.OpSchemaRead} {
			if got := sim.graphLatency(op); got != x.want[i] {
				t.Errorf("%s: %s takes %v, want %v", x.latency, op, got, x.want[i])
			}
		}
	}
}

// A service that throttles for an hour, and a client that waits as it is told.
func TestThrottlingForAnHour(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.TokenLifetime = Duration(2 * time.Hour)
		s.Faults = []Fault{{On: "item", Connection: "Runbooks", Do: "throttle", From: Duration(time.Minute), Until: Duration(61 * time.Minute), RetryAfter: Duration(5 * time.Minute)}}
	})
	c := newConnector(t, sim)
	c.ready()
	put := func() answer { return c.graph("PUT", connections+"/runbooks/items/one", itemBody) }
	if got := put(); got.status != 200 {
		t.Fatalf("before it: %d %s", got.status, got.body)
	}
	sim.Clock().Advance(time.Minute)
	waits := 0
	for put().status == 429 && waits < 100 {
		sim.Clock().Advance(5 * time.Minute)
		waits++
	}
	if waits != 12 {
		t.Errorf("waited %d times five minutes, want 12", waits)
	}
}
