package office365

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/m365sim"
	"github.com/headrace/headrace/internal/microsoft"
	"github.com/headrace/headrace/internal/secret"
)

// A world is a simulated tenant with a standing clock, and what a source of it needs.
type world struct {
	t      testing.TB
	sim    *m365sim.Simulator
	tenant m365sim.TenantInfo
	env    connector.Env
	cfg    *Config
}

var simStart = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// newWorld plays a scenario. Everything there was before the start counts as subscribed.
func newWorld(t testing.TB, change func(*m365sim.Scenario)) *world {
	t.Helper()
	return newWorldWith(t, nil, change)
}

// newWorldWith lets the service call webhooks with a client.
func newWorldWith(t testing.TB, webhooks *http.Client, change func(*m365sim.Scenario)) *world {
	t.Helper()
	scenario := m365sim.DefaultScenario()
	scenario.Lenient.HistoryBeforeStart = true
	scenario.Start = simStart
	scenario.Clock = "standing"
	scenario.Limits = m365sim.Limits{Status: 403}
	scenario.Content.Events = 600
	scenario.Content.RecordsPerBlob = m365sim.Span{Min: 1, Max: 20}
	if change != nil {
		change(&scenario)
	}
	sim, err := m365sim.Open(m365sim.Options{Scenario: &scenario, Webhooks: webhooks})
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
	w := &world{t: t, sim: sim, tenant: sim.Tenants()[0], cfg: NewConfig().(*Config)}
	w.cfg.ContentTypes = slices.Clone(contentTypes)
	w.env = connectortest.Env(t)
	w.env.Now = sim.Clock().Now
	w.env.Log = slog.New(slog.NewTextHandler(testLog{t}, nil))
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := sim.WriteCA(ca); err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(transport.CloseIdleConnections)
	w.env.Transport = transport
	w.env.Credential = &connector.Credential{
		Name: "contoso", Type: Name, Cloud: "custom", TenantID: w.tenant.ID, ClientID: w.tenant.ClientID,
		Endpoints: connector.Endpoints{Login: sim.LoginURL(), Graph: sim.GraphURL(), Management: sim.ManagementURL(), CA: ca},
		Secret:    func(context.Context) (secret.Text, error) { return secret.New(w.tenant.ClientSecret), nil },
	}
	return w
}

// testLog keeps logs with the test that made them, and fails it when a secret or token is in one.
type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "eyJ") {
		l.t.Errorf("a token was logged: %s", p)
	}
	l.t.Logf("%s", p)
	return len(p), nil
}

func (w *world) open() connector.Source {
	w.t.Helper()
	src, err := openTimed(w.cfg, w.env, microsoft.Timing{Delay: time.Millisecond, Longest: 20 * time.Millisecond})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = src.Close() })
	return src
}

// A crawl is what a run of Enumerate calls gave.
type crawl struct {
	cursor connector.Cursor
	splits map[string]connector.Split
	order  []string
	lost   []connector.Gap
	failed []connector.StreamError
	listed []connector.Range
	calls  int
}

// enumerate calls until no more is left, and fails the test on an error.
func (w *world) enumerate(src connector.Source, into *crawl) {
	w.t.Helper()
	if into.splits == nil {
		into.splits = map[string]connector.Split{}
	}
	for range 200 {
		e, err := src.Enumerate(w.t.Context(), into.cursor)
		if err != nil {
			w.t.Fatalf("enumerate: %v", err)
		}
		into.take(e)
		if !e.More {
			return
		}
	}
	w.t.Fatal("Enumerate says More for ever")
}

func (c *crawl) take(e connector.Enumeration) {
	c.calls++
	c.cursor = e.Cursor
	c.lost = append(c.lost, e.Lost...)
	c.failed = append(c.failed, e.Failed...)
	c.listed = append(c.listed, e.Listed...)
	for _, s := range e.Splits {
		if _, known := c.splits[s.ID]; !known { // like the engine: what is known stays as it was
			c.order = append(c.order, s.ID)
			c.splits[s.ID] = s
		}
	}
}

// harvest reads every split that is ready and gives the bodies by key, as a destination without repeats would have them.
func (w *world) harvest(src connector.Source, c *crawl) map[string][]byte {
	w.t.Helper()
	got := map[string][]byte{}
	for _, id := range c.order {
		s := c.splits[id]
		if s.Ready.After(w.env.Now()) {
			continue
		}
		for rec, err := range src.Read(w.t.Context(), s, 0) {
			if err != nil {
				w.t.Fatalf("read %s: %v", id, err)
			}
			got[rec.Key] = append([]byte(nil), rec.Body...)
		}
	}
	return got
}

func (w *world) compare(got map[string][]byte) m365sim.Difference {
	w.t.Helper()
	return w.compareUntil(got, time.Time{})
}

// compareUntil asks for nothing that became available later.
func (w *world) compareUntil(got map[string][]byte, until time.Time) m365sim.Difference {
	w.t.Helper()
	ledger, err := w.sim.Ledger("")
	if err != nil {
		w.t.Fatal(err)
	}
	var bodies iter.Seq[[]byte] = func(yield func([]byte) bool) {
		for _, b := range got {
			if !yield(b) {
				return
			}
		}
	}
	d, err := ledger.CompareRecords(bodies, m365sim.Comparison{ContentTypes: w.cfg.streams(), Until: until})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}
