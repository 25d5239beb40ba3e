package copilot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/m365sim"
)

// reading is a tenant with two connections, some items and a group, and a source of it all.
func reading(t *testing.T, items int) (*world, *SourceConfig) {
	t.Helper()
	w := newWorld(t, nil)
	w.cfg.Connection.ID = "second"
	w.write(w.open(), nil, w.prepared(documents(0, 1)...)...)
	w.cfg.Connection.ID = "companypolicies"
	d := w.open()
	w.write(d, nil, w.prepared(documents(0, items)...)...)
	if _, err := d.graph.sendJSON(t.Context(), http.MethodPost, d.graph.path("groups"), map[string]string{"id": "oncall", "displayName": "On call"}); err != nil {
		t.Fatal(err)
	}
	cfg := newSourceConfig().(*SourceConfig)
	cfg.Connections = []string{"companypolicies"}
	cfg.Read = []string{readConnections, readSchemas, readQuota, readItems, readGroups, readGet}
	for i := range items {
		cfg.Items = append(cfg.Items, fmt.Sprintf("k%d", i))
	}
	cfg.Items = append(cfg.Items, "never-sent")
	cfg.Groups = []string{"oncall", "nobody"}
	cfg.Get = []Get{{Name: "all", Path: "/external/connections"}, {Name: "properties", Follows: "all", Path: "/external/connections/{id}/schema", Records: ".properties"}}
	return w, cfg
}

func (w *world) source(cfg *SourceConfig) connector.Source {
	w.t.Helper()
	src, err := openSource(cfg, w.env)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = src.Close() })
	return src
}

func TestSourceContract(t *testing.T) {
	t.Parallel()
	connectortest.Source(t, connectortest.SourceCase{
		Spec: *Spec().Source,
		Remote: func(t *testing.T) connectortest.Remote {
			w, cfg := reading(t, 25)
			return connectortest.Remote{
				Open: func(*testing.T) connector.Source { return w.source(cfg) }, Config: cfg, Splits: 28, Records: 31,
				Change: func(t *testing.T, _ connector.Split) {
					w.cfg.Connection.Description = "Something else is in it now, as you can see from this longer text."
					if res := w.write(w.open(), nil, w.prepared(documents(0, 1)...)...); res.Stopped != nil {
						t.Fatal(res.Stopped)
					}
				},
				Stall: func(t *testing.T) {
					if err := w.sim.SetFaults(m365sim.Fault{On: "graph", Do: "delay", Delay: m365sim.Duration(10 * time.Second)}); err != nil {
						t.Fatal(err)
					}
				},
			}
		},
	})
}

// all reads everything a source lists, by key.
func all(t *testing.T, src connector.Source) (map[string]json.RawMessage, []connector.StreamError) {
	t.Helper()
	got, failed := map[string]json.RawMessage{}, []connector.StreamError{}
	var cursor connector.Cursor
	for {
		e, err := src.Enumerate(t.Context(), cursor)
		if err != nil {
			t.Fatalf("%v (%s)", err, fault.HintOf(err))
		}
		failed = append(failed, e.Failed...)
		for _, s := range e.Splits {
			for rec, err := range src.Read(t.Context(), s, 0) {
				if err != nil {
					t.Fatalf("read %s: %v", s.ID, err)
				}
				got[rec.Key+strings.Repeat("+", strings.Count(rec.Key, " "))] = slices.Clone(rec.Body)
				if rec.Key == "" {
					got[s.Stream+" "+fieldOf(rec.Body, "name")] = slices.Clone(rec.Body)
				}
			}
		}
		if cursor = e.Cursor; !e.More {
			return got, failed
		}
	}
}

func TestWhatIsReadBack(t *testing.T) {
	t.Parallel()
	w, cfg := reading(t, 3)
	got, failed := all(t, w.source(cfg))
	for key, want := range map[string]string{
		"connections/companypolicies": `"state":"ready"`, "schema/companypolicies": `"labels":["title"]`, "quota/companypolicies": "itemsRemaining",
		"items/companypolicies/k2": "Text of k2.", "groups/companypolicies/oncall": "On call", "all/second": "Company policies", "properties title": "isRetrievable",
	} {
		if !strings.Contains(string(got[key]), want) {
			t.Errorf("%s is %s, want %q in it", key, got[key], want)
		}
	}
	if len(failed) > 0 || got["connections/second"] != nil || got["items/companypolicies/never-sent"] != nil {
		t.Errorf("failed %v, got %d", failed, len(got))
	}
	if err := w.sim.SetRoles("", w.app.ClientID, connectionRight); err != nil {
		t.Fatal(err)
	}
	got, failed = all(t, w.source(cfg))
	if len(failed) != 2 || fault.ClassOf(failed[0].Err) != fault.Denied || got["connections/companypolicies"] == nil {
		t.Errorf("without the right to items: %d failed, %d read", len(failed), len(got))
	}
}

// remembered is an inventory of some keys, in the order that they have here.
func remembered(cfg connector.Config, keys ...string) func(context.Context, string) (connector.Inventory, error) {
	return func(_ context.Context, name string) (connector.Inventory, error) {
		if name != "policies-in-copilot" {
			return connector.Inventory{}, fault.New(fault.NotFound, "there is no destination %q", name)
		}
		return connector.Inventory{Connector: "file", Config: cfg, Keys: func(_ context.Context, after string, limit int) ([]string, error) {
			from := slices.Index(keys, after) + 1
			return keys[from:min(from+limit, len(keys))], nil
		}}, nil
	}
}

func TestItemsAreReadByTheInventory(t *testing.T) {
	t.Parallel()
	w, _ := reading(t, 45)
	var keys []string
	for i := range 45 {
		keys = append(keys, fmt.Sprintf("k%d", i))
	}
	keys = append(keys, "deleted-by-somebody")
	cfg := newSourceConfig().(*SourceConfig)
	cfg.Read, cfg.Inventory = []string{readItems}, "policies-in-copilot"
	if p := cfg.Validate(); len(p) > 0 {
		t.Fatal(p)
	}
	w.env.Inventory = remembered(w.cfg, keys...)
	got, failed := all(t, w.source(cfg))
	if len(got) != 45 || len(failed) > 0 || !strings.Contains(string(got["items/companypolicies/k44"]), "Text of k44.") {
		t.Errorf("%d read, failed %v", len(got), failed)
	}
	cfg.Read = []string{readConnections, readItems}
	if got, _ = all(t, w.source(cfg)); len(got) != 47 {
		t.Errorf("%d read with the connections", len(got))
	}
	for name, c := range map[string]struct {
		inventory string
		cfg       connector.Config
	}{"no such destination": {"polices", w.cfg}, "another connector's": {"policies-in-copilot", newSourceConfig()}} {
		cfg.Inventory, w.env.Inventory = c.inventory, remembered(c.cfg, keys...)
		src := w.source(cfg)
		e, err := src.Enumerate(t.Context(), nil)
		if err != nil || !e.More {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err = src.Enumerate(t.Context(), e.Cursor); fault.ClassOf(err) != fault.Invalid || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
		if rows := checkSource(t.Context(), cfg, w.env); rows[len(rows)-1].Result.OK() {
			t.Errorf("%s: %+v", name, rows[len(rows)-1])
		}
	}
}

func TestWhatIsNamedAndNotThereIsTold(t *testing.T) {
	t.Parallel()
	w, cfg := reading(t, 1)
	cfg.Connections, cfg.Get = []string{"typo"}, []Get{{Name: "wrong", Path: "/external/connections/typo/schema"}}
	cfg.Operations, cfg.Read = []string{"1.weu.gone"}, append(cfg.Read, readOperations)
	_, failed := all(t, w.source(cfg))
	var streams []string
	for _, f := range failed {
		streams = append(streams, f.Stream)
		if fault.ClassOf(f.Err) != fault.NotFound || fault.HintOf(f.Err) == "" {
			t.Errorf("%s: %v, hint %q", f.Stream, f.Err, fault.HintOf(f.Err))
		}
	}
	if want := []string{readSchemas, readQuota, readItems, readGroups, "wrong", readOperations}; !slices.Equal(streams, want) {
		t.Errorf("failed %q, want %q", streams, want)
	}
	cfg.Connections = []string{"companypolicies"}
	missing := map[string]bool{}
	for _, row := range checkSource(t.Context(), cfg, w.env) {
		missing[row.Name] = row.Result == connector.Missing && row.Fix != ""
	}
	if !missing[readItems] || !missing[readGroups] || !missing[readOperations] || missing["Connection companypolicies"] {
		t.Errorf("the check says %v", missing)
	}
}

func TestAChainGoesOnWhereOneLeadsToNothing(t *testing.T) {
	t.Parallel()
	w, cfg := reading(t, 1)
	w.cfg.Connection.ID = "adraft"
	if _, err := w.open().graph.sendJSON(t.Context(), http.MethodPost, connections, map[string]string{"id": "adraft", "name": "A draft", "description": "Nothing is in it yet."}); err != nil {
		t.Fatal(err)
	}
	cfg.Read = []string{readGet}
	got, failed := all(t, w.source(cfg))
	if len(failed) > 0 || got["all/adraft"] == nil || got["properties title"] == nil {
		t.Errorf("failed %v, got %d", failed, len(got))
	}
}

func TestReadingStaysBelowExternal(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/external/connections": true, "/external": true, "/external/connections/{id}/schema": true,
		"": false, "/users": false, "external/connections": false, "/external/../users": false, "/external/%2e%2e/users": false, "/external//x": false,
		"/external/connections?x=1": false, "/external/connections#x": false, "/external\\..\\users": false, "https://evil.example/external": false, "/externalx": false, "/external/\n": false,
	} {
		if got := badPath(path) == ""; got != want {
			t.Errorf("%q is taken: %v", path, got)
		}
	}
	g := Get{Name: "x", Follows: "y", Path: "/external/connections/{id}/items", Query: map[string]string{"q": "{id}"}}
	for value, want := range map[string]string{
		"abc": "/external/connections/abc/items", "a/b": "/external/connections/a%2Fb/items", "..": "", ".": "", "a?b#c": "/external/connections/a%3Fb%23c/items",
	} {
		path, query, err := g.filled(json.RawMessage(fmt.Sprintf(`{"id":%q}`, value)))
		if (err == nil) != (want != "") || err == nil && (path != want || query.Get("q") != value) {
			t.Errorf("%q gives %q, %v", value, path, err)
		}
	}
	if _, _, err := g.filled(json.RawMessage(`{}`)); fault.ClassOf(err) != fault.Invalid {
		t.Errorf("a missing field: %v", err)
	}
}

func TestNextPagesThatLeadAwayAreNotFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.open()
	host := d.graph.client.Host()
	for address, want := range map[string]bool{
		host + "/v1.0/external/connections?$skiptoken=x": true, host + "/beta/external/connections": true,
		"https://evil.example/v1.0/external/connections": false, "http" + strings.TrimPrefix(host, "https") + "/v1.0/external/connections": false,
		host + "/v1.0/users": false, host + "/v1.0/external/../users": false, strings.Replace(host, "https://", "https://user@", 1) + "/v1.0/external": false, "::": false,
	} {
		if got := d.graph.ownPath(address); got != want {
			t.Errorf("%q is followed: %v", address, got)
		}
	}
}

func TestSourceConfigReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	if p := newSourceConfig().Validate(); len(p) > 0 {
		t.Fatal(p)
	}
	c := &SourceConfig{
		Read: []string{readItems, readGroups, readGet, readItems, "users"}, Connections: []string{"a-b", "cde"}, Groups: []string{"a b"}, Interval: connector.Duration(time.Second),
		Get:       []Get{{Name: "a", Path: "/users", Follows: "b"}, {Name: "b", Path: "/external/{id}", Follows: "a", Headers: map[string]string{"authorization": "x"}, Records: ".["}, {Name: "c", Path: "/external/{id}"}, {Name: "c", Path: "/external", Follows: "d", Method: "POST"}},
		Inventory: "x", Operations: []string{""},
	}
	got := problemsOf(c.Validate())
	c.Inventory, c.Items = "", nil
	got += problemsOf(c.Validate())
	for _, want := range []string{"items: is empty", "read[3]: is \"items\" for the second time", "read[4]", "operations[0]: is empty", `get[3].method: is "POST"`, "connections: must name the one", "connections[0]", "groups[0]", "interval", "requestsPerMinute",
		"get[0].path", "get[0].follows: the requests follow each other in a circle", "get[1].headers.authorization: is set by headrace", "get[1].records", "get[2].path: has a {field}", "get[3].name", `get[3].follows: there is no request "d"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}
