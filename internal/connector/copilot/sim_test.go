package copilot

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/m365sim"
	simgraph "github.com/headrace/headrace/internal/m365sim/graph"
	"github.com/headrace/headrace/internal/microsoft"
	"github.com/headrace/headrace/internal/secret"
)

// A world is a simulated tenant whose clock runs, and what a destination or source of it needs.
type world struct {
	t      testing.TB
	sim    *m365sim.Simulator
	tenant *simgraph.Tenant
	app    m365sim.AppInfo
	env    connector.Env
	cfg    *Config
}

func newWorld(t testing.TB, change func(*m365sim.Scenario)) *world {
	t.Helper()
	scenario := m365sim.DefaultScenario()
	scenario.Content.Events = 0
	scenario.Graph.SchemaTime, scenario.Graph.DeleteTime = 0, 0
	if change != nil {
		change(&scenario)
	}
	sim, err := m365sim.Open(m365sim.Options{Scenario: &scenario})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := sim.Listen(ctx, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() { _ = sim.Serve(ctx) })
	t.Cleanup(func() {
		cancel()
		_ = sim.Close()
		served.Wait()
	})
	held, err := sim.Graph("")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, sim: sim, tenant: held, app: sim.Tenants()[0].Apps[1], cfg: validConfig(), env: connectortest.Env(t)}
	w.env.Now = sim.Clock().Now
	w.env.Log = slog.New(slog.NewTextHandler(testLog{t}, nil))
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := sim.WriteCA(ca); err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	t.Cleanup(transport.CloseIdleConnections)
	w.env.Transport = transport
	w.env.Credential = &connector.Credential{
		Name: "contoso", Type: Name, Cloud: "custom", TenantID: sim.Tenants()[0].ID, ClientID: w.app.ClientID,
		Endpoints: connector.Endpoints{Login: sim.LoginURL(), Graph: sim.GraphURL(), Management: sim.ManagementURL(), CA: ca},
		Secret:    func(context.Context) (secret.Text, error) { return secret.New(w.app.Secrets[0].Value), nil },
	}
	return w
}

// testLog keeps logs with the test that made them, and fails it when a token is in one.
type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "eyJ") {
		l.t.Errorf("a token was logged: %s", p)
	}
	l.t.Logf("%s", p)
	return len(p), nil
}

// quick keeps retries of a test short.
var quick = microsoft.Timing{Delay: time.Millisecond, Longest: 20 * time.Millisecond}

func (w *world) open() *destination {
	w.t.Helper()
	d, err := openTimed(w.cfg, w.env, quick)
	if err != nil {
		w.t.Fatalf("open: %v (%s)", err, fault.HintOf(err))
	}
	d.pace.rate = 1000
	w.t.Cleanup(func() { _ = d.Close() })
	return d
}

// documents makes the records number from to to (exclusive).
func documents(from, to int) []connector.Record {
	records := connectortest.Records(from, to)
	for i := range records {
		records[i].Body = json.RawMessage(fmt.Sprintf(`{"path":"docs/%s.md","title":"Document %s","text":"Text of %s."}`, records[i].Key, records[i].Key, records[i].Key))
	}
	return records
}

// prepared makes items of records.
func (w *world) prepared(records ...connector.Record) []connector.Record {
	w.t.Helper()
	do, err := prepare(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []connector.Record
	for _, r := range records {
		p, err := do(r)
		if err != nil {
			w.t.Fatalf("prepare %s: %v (%s)", r.Key, err, fault.HintOf(err))
		}
		for _, one := range p {
			out = append(out, one.Record)
		}
	}
	return out
}

// write writes until nothing is pending, as the engine's lane does; it gives the last result and the receipt.
func (w *world) write(d *destination, after connector.Receipt, records ...connector.Record) connector.Result {
	w.t.Helper()
	for range 50 {
		res, err := d.Write(w.t.Context(), connector.Batch{After: after, Records: records})
		if err != nil {
			w.t.Fatalf("write: %v (%s)", err, fault.HintOf(err))
		}
		after = res.Receipt
		f, ok := fault.As(res.Stopped)
		if !ok || f.Code != "schema_pending" {
			return res
		}
		if wait := f.RetryAt.Sub(w.env.Now()); wait < leastPoll-time.Second || wait > mostPoll {
			w.t.Errorf("it wants to look again in %s", wait)
		}
		if err := sleepUntil(w.t.Context(), time.Now().Add(10*time.Millisecond)); err != nil {
			w.t.Fatal(err)
		}
	}
	w.t.Fatal("the schema is pending for ever")
	return connector.Result{}
}

// bodies are what the connection holds, as it was sent.
func (w *world) bodies() []string {
	w.t.Helper()
	items, err := w.tenant.Items(w.cfg.Connection.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	out := []string{}
	for it := range items {
		out = append(out, string(it.Body))
	}
	return out
}

// holds checks what the connection holds.
func (w *world) holds(records ...connector.Record) {
	w.t.Helper()
	d, err := w.tenant.Compare(w.cfg.Connection.ID, func(yield func(string, []byte) bool) {
		for _, r := range records {
			if !yield(r.Key, r.Body) {
				return
			}
		}
	})
	if err != nil || !d.Perfect() {
		w.t.Errorf("%s, %v", d, err)
	}
}

func (w *world) faults(f ...m365sim.Fault) {
	w.t.Helper()
	if err := w.sim.SetFaults(f...); err != nil {
		w.t.Fatal(err)
	}
}
