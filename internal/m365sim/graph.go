package m365sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/m365sim/graph"
)

// GraphRules are the limits and times of Microsoft Graph's external connections. Begin with QuickGraph or
// RealisticGraph. Times pass by the simulator's clock, but for Latency.
type GraphRules struct {
	Profile         string   `yaml:"profile"`         // quick or realistic: what the other keys begin with
	Scale           float64  `yaml:"scale"`           // realistic: times so many times shorter, rates so many times higher
	Latency         Duration `yaml:"latency"`         // of each operation, in the machine's time
	SchemaTime      Duration `yaml:"schemaTime"`      // from a schema's PATCH to the end of its operation
	DeleteTime      Duration `yaml:"deleteTime"`      // from a connection's DELETE until its ID is free
	CountEvery      Duration `yaml:"countEvery"`      // how often beta's ingestedItemsCount is counted anew
	WritesPerSecond float64  `yaml:"writesPerSecond"` // of one app on one connection; 0: no limit
	ReadsPerSecond  float64  `yaml:"readsPerSecond"`  // of GETs of items; 0: no limit
	Burst           int      `yaml:"burst"`           // at once after a quiet time; 0: one second's worth
	Cooldown        Duration `yaml:"cooldown"`        // after a refusal everything is refused for so long
	RetryAfter      Duration `yaml:"retryAfter"`      // what a 429 says
	InFlight        int      `yaml:"inFlight"`        // operations of one app on one connection; 0: no limit
	ItemBytes       Bytes    `yaml:"itemBytes"`       // most of an item's body
	Items           int64    `yaml:"items"`           // in one connection
	ItemsPerTenant  int64    `yaml:"itemsPerTenant"`
	Connections     int      `yaml:"connections"` // in a tenant; 0: no limit
	HashesOnly      bool     `yaml:"hashesOnly"`  // keep hashes of items, not their bodies: for millions
	PlainGzip       bool     `yaml:"plainGzip"`   // accept a body that says gzip and is not
}

// QuickGraph has the published limits, no throttling by rate, and waits of two seconds.
func QuickGraph() GraphRules {
	rules := graphRulesOf(graph.Quick())
	rules.Profile, rules.Scale = "quick", 1
	return rules
}

// RealisticGraph is the service as it was measured, scale times as fast; 1 is the real thing.
func RealisticGraph(scale float64) GraphRules {
	rules := graphRulesOf(graph.Realistic(scale))
	rules.Profile, rules.Scale = "realistic", scale
	return rules
}

func graphRulesOf(r graph.Rules) GraphRules {
	return GraphRules{
		Latency: Duration(r.Latency), SchemaTime: Duration(r.SchemaTime), DeleteTime: Duration(r.DeleteTime),
		CountEvery: Duration(r.CountEvery), WritesPerSecond: r.WritesPerSecond, ReadsPerSecond: r.ReadsPerSecond, Burst: r.Burst,
		Cooldown: Duration(r.Cooldown), RetryAfter: Duration(r.RetryAfter), InFlight: r.InFlight, ItemBytes: Bytes(r.ItemBytes),
		Items: r.Items, ItemsPerTenant: r.ItemsPerTenant, Connections: r.Connections, HashesOnly: r.HashesOnly, PlainGzip: r.PlainGzip,
	}
}

func (r GraphRules) rules() graph.Rules {
	return graph.Rules{
		Latency: time.Duration(r.Latency), SchemaTime: time.Duration(r.SchemaTime), DeleteTime: time.Duration(r.DeleteTime),
		CountEvery: time.Duration(r.CountEvery), WritesPerSecond: r.WritesPerSecond, ReadsPerSecond: r.ReadsPerSecond, Burst: r.Burst,
		Cooldown: time.Duration(r.Cooldown), RetryAfter: time.Duration(r.RetryAfter), InFlight: r.InFlight, ItemBytes: int(r.ItemBytes),
		Items: r.Items, ItemsPerTenant: r.ItemsPerTenant, Connections: r.Connections, HashesOnly: r.HashesOnly, PlainGzip: r.PlainGzip,
	}
}

func (p *problems) graph(r GraphRules) {
	p.oneOf("graph.profile", r.Profile, "quick", "realistic")
	if r.Scale <= 0 {
		p.add("graph.scale", "%v is not above 0; write 1 for the real speed, 60 for a minute in a second", r.Scale)
	}
	for key, d := range map[string]Duration{
		"latency": r.Latency, "schemaTime": r.SchemaTime, "deleteTime": r.DeleteTime, "cooldown": r.Cooldown, "retryAfter": r.RetryAfter,
		"countEvery": r.CountEvery,
	} {
		p.notNegative("graph."+key, float64(d))
	}
	for key, n := range map[string]float64{
		"writesPerSecond": r.WritesPerSecond, "readsPerSecond": r.ReadsPerSecond, "burst": float64(r.Burst),
		"inFlight": float64(r.InFlight), "connections": float64(r.Connections),
	} {
		p.notNegative("graph."+key, n)
	}
	for key, n := range map[string]int64{"itemBytes": int64(r.ItemBytes), "items": r.Items, "itemsPerTenant": r.ItemsPerTenant} {
		if n < 1 {
			p.add("graph."+key, "%d is too small; at least 1", n)
		}
	}
}

// newGraph makes the tenant's part that Graph shows.
func (s *Simulator) newGraph(t *tenant) *graph.Tenant {
	return graph.New(graph.Options{
		ID:         t.ID,
		Seed:       mixText(t.seed, "graph"),
		Government: s.scenario.Cloud == "gcc-high" || s.scenario.Cloud == "dod",
		Now:        s.now,
		Rules:      s.scenario.Graph.rules(),
		Log:        s.log,
		Count:      t.requests.count,
		Latency:    s.graphLatency,
		Fault: func(at graph.Target) *graph.Fault {
			found := s.faults.strike(target{op: at.Op, tenant: t, ctype: -1, connection: at.Connection, id: at.Item}, s.since())
			if found == nil {
				return nil
			}
			return &graph.Fault{
				Do: found.Do, Status: found.Status, RetryAfter: time.Duration(found.RetryAfter), Delay: time.Duration(found.Delay),
				NoHeader: found.NoHeader,
			}
		},
	})
}

// plant puts a tenant's connections of the scenario in place.
func (s *Simulator) plant(t *tenant, connections []GraphConnection) error {
	for _, x := range connections {
		owner := orElse(x.Owner, guid(mixText(t.seed, "owner of "+x.ID)))
		for _, app := range t.Apps {
			if app.Name == x.Owner {
				owner = app.ID
			}
		}
		if !isGUID(owner) {
			return fmt.Errorf("scenario: connection %s: tenant %s has no app %q, and that is no client ID", x.ID, t.Name, x.Owner)
		}
		if err := t.graph.Plant(graph.Seed{
			Owner: owner, ID: x.ID, Name: orElse(x.Name, x.ID), Description: orElse(x.Description, x.ID),
			ContentCategory: x.ContentCategory, Schema: x.Schema, Items: x.Items,
		}); err != nil {
			return fmt.Errorf("scenario: connection %s of tenant %s: %w", x.ID, t.Name, err)
		}
	}
	return nil
}

// Graph gives what a tenant's Microsoft Graph holds (name, ID or domain; empty: the first).
func (s *Simulator) Graph(tenant string) (*graph.Tenant, error) {
	t, err := s.tenantNamed(tenant)
	if err != nil {
		return nil, err
	}
	return t.graph, nil
}

// graphLatency finds the latency of an operation: its own, its kind's, all of Graph's, the rules', any's.
func (s *Simulator) graphLatency(op string) time.Duration {
	for _, name := range []string{op, graphKind(op), OpGraph} {
		if d, ok := s.latency[name]; ok {
			return d
		}
	}
	if d := time.Duration(s.scenario.Graph.Latency); d > 0 {
		return d
	}
	return s.latency[opAny]
}

// isGraphOp tells Graph's operations from the others.
func isGraphOp(op string) bool { return slices.Contains(graph.Operations, op) }

// graphKinds are names for several of Graph's operations at once.
var graphKinds = []string{OpGraph, "connection", "schema", "item", "group", "member"}

// graphKind is what an operation such as item-put is about.
func graphKind(op string) string {
	kind, _, _ := strings.Cut(op, "-")
	return kind
}

// graph answers Microsoft Graph. It checks the token as Graph's gateway does; the tenant is the token's.
func (s *Simulator) graph(w http.ResponseWriter, r *http.Request) {
	t, opened, problem := s.graphCaller(r)
	if problem != "" {
		s.nowhere.count(OpGraph, http.StatusUnauthorized, "InvalidAuthenticationToken")
		graph.Unauthorized(w, r, s.now(), problem)
		return
	}
	t.graph.Serve(w, r, graph.Caller{AppID: opened.AppID, Roles: opened.Roles})
}

// graphCaller says whose token a request carries, or what is wrong with it in Graph's words.
func (s *Simulator) graphCaller(r *http.Request) (*tenant, *claims, string) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, nil, "Access token is empty."
	}
	now := s.now().Unix()
	opened, err := s.tokens.open(s.signer, token)
	switch {
	case err != nil && strings.Count(token, ".") != 2:
		return nil, nil, "IDX14100: JWT is not well formed, there are no dots (.)."
	case err != nil:
		return nil, nil, "Access token validation failure. Invalid signature."
	case now >= opened.Expires || now < opened.NotBefore:
		return nil, nil, "Lifetime validation failed, the token is expired."
	case !s.isGraph(r, opened.Audience):
		return nil, nil, "Access token validation failure. Invalid audience."
	}
	t := s.directory(opened.Tenant)
	if t == nil {
		return nil, nil, fmt.Sprintf("The tenant %s is not known.", opened.Tenant)
	}
	return t, opened, ""
}
