// Package outage plays days of trouble in seconds: the simulated tenant, the engine, its leases and its connectors share
// one clock that only the test moves.
package outage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector/registry"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/fileset"
	"github.com/headrace/headrace/internal/m365sim"
	"github.com/headrace/headrace/internal/overview"
	"github.com/headrace/headrace/internal/store"
)

const day = 24 * time.Hour

// began is when each play begins.
var began = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// play is a tenant and a collector on one clock.
type play struct {
	t     *testing.T
	clock *m365sim.Clock
	sim   *m365sim.Simulator
	dir   string
	out   string
	app   *app.App // nil: switched off
	log   bytes.Buffer
}

// content is a feed of some 1,400 events a day, in blobs every half an hour.
func content() m365sim.Content {
	c := m365sim.DefaultScenario().Content
	c.Events, c.EventsPerMinute, c.BlobEvery = 0, 1, m365sim.Duration(30*time.Minute)
	c.RecordsPerBlob = m365sim.Span{Min: 1, Max: 40}
	c.SameTimeShare = 0.2
	c.Partial = m365sim.Partial{Share: 0.2, Settle: m365sim.Duration(5 * time.Minute)}
	c.Repeat = m365sim.Repeat{Share: 0.02, After: m365sim.Duration(5 * day)}
	return c
}

// newPlay serves a tenant on a standing clock and makes the collector's folder.
func newPlay(t *testing.T, feed m365sim.Content) *play {
	t.Helper()
	scenario := m365sim.DefaultScenario()
	scenario.Limits.RequestsPerMinute = 0 // a quota would fill by the clock
	scenario.Content = feed
	p := &play{t: t, clock: m365sim.StandingClock(began), dir: t.TempDir()}
	p.out = filepath.Join(p.dir, "out")
	var err error
	if p.sim, err = m365sim.Open(m365sim.Options{Scenario: &scenario, Clock: p.clock}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := p.sim.Listen(ctx, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.sim.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the simulator ended with %v", err)
		}
	})
	if err := p.sim.WriteCA(filepath.Join(p.dir, "ca.pem")); err != nil {
		t.Fatal(err)
	}
	p.on()
	t.Cleanup(p.off)
	p.configure()
	return p
}

// on starts the collector, as after a reboot.
func (p *play) on() {
	p.t.Helper()
	var err error
	p.app, err = app.Open(p.t.Context(), app.Options{Data: filepath.Join(p.dir, "data"), Connectors: registry.Specs(), Version: "test", Now: p.clock.Now,
		Log: slog.New(slog.NewTextHandler(io.MultiWriter(p.t.Output(), &p.log), &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		p.t.Fatal(err)
	}
}

// off switches the collector off.
func (p *play) off() {
	if p.app == nil {
		return
	}
	if err := p.app.Close(); err != nil {
		p.t.Errorf("close the collector: %v", err)
	}
	p.app = nil
}

func (p *play) configure() {
	p.t.Helper()
	tenant := p.sim.Tenants()[0]
	secret := filepath.Join(p.dir, "secret")
	if err := os.WriteFile(secret, []byte(tenant.ClientSecret), 0o600); err != nil {
		p.t.Fatal(err)
	}
	text := fmt.Sprintf(`apiVersion: headrace/v1
kind: Credential
metadata: { name: sim }
spec: { type: office-365-management-api, cloud: custom, tenantId: %s, clientId: %s, clientSecret: { ref: "file:%s" }, endpoints: { login: %q, management: %q, ca: %q } }
---
apiVersion: headrace/v1
kind: Source
metadata: { name: sim }
spec: { connector: office-365-management-api, credential: sim, interval: 1h, requestsPerMinute: 1000000 }
---
apiVersion: headrace/v1
kind: Destination
metadata: { name: files }
spec: { connector: file, path: %q, name: "{stream}/{date}.ndjson" }
---
apiVersion: headrace/v1
kind: Flow
metadata: { name: sim }
spec: { source: sim, destination: files }
`, tenant.ID, tenant.ClientID, secret, p.sim.LoginURL(), p.sim.ManagementURL(), filepath.Join(p.dir, "ca.pem"), p.out)
	if _, err := p.app.Services.Files.Apply(p.t.Context(), fileset.Request{Set: "test", Files: []config.File{{Name: "play.yaml", Text: []byte(text)}}}); err != nil {
		p.t.Fatal(err)
	}
}

// run lets so much time pass. At each step the collector does all that can be done; what it waits for passes, too.
// allowed are the codes of errors that may come of it.
func (p *play) run(long, step time.Duration, allowed ...string) {
	p.t.Helper()
	for end := p.clock.Now().Add(long); p.clock.Now().Before(end); {
		p.clock.Advance(min(step, end.Sub(p.clock.Now())))
		if p.app != nil {
			p.collect(allowed...)
		}
	}
}

// collect lets the collector do all that can be done now.
func (p *play) collect(allowed ...string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 5*time.Minute)
	defer cancel()
	err := p.app.Once(ctx, p.pass)
	if ctx.Err() != nil {
		p.t.Fatalf("at %s there is no end", p.clock.Now())
	}
	if e, ok := fault.As(err); err != nil && (!ok || !slices.Contains(allowed, e.Code)) {
		p.t.Fatalf("at %s: %v", p.clock.Now(), err)
	}
}

// pass moves the clock while nobody is at work: then something waits for time to pass.
func (p *play) pass(standing store.Standing) {
	if !standing.Available || standing.Unlisted {
		return
	}
	lanes, err := p.app.Services.Store.Lanes(p.t.Context(), 0)
	if err != nil {
		return
	}
	for _, l := range lanes {
		if l.Held {
			return
		}
	}
	p.clock.Advance(10 * time.Second)
}

// harvest is every record in the files.
func (p *play) harvest() [][]byte {
	p.t.Helper()
	var records [][]byte
	err := filepath.WalkDir(p.out, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".headrace" {
			return fs.SkipDir
		}
		if d.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		for line := range bytes.Lines(text) {
			records = append(records, bytes.TrimSuffix(line, []byte("\n")))
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return records
}

// compare holds the files against the ledger.
func (p *play) compare(what m365sim.Comparison) {
	p.t.Helper()
	ledger, err := p.sim.Ledger("")
	if err != nil {
		p.t.Fatal(err)
	}
	difference, err := ledger.CompareRecords(slices.Values(p.harvest()), what)
	if err != nil {
		p.t.Fatal(err)
	}
	if !difference.Perfect() || difference.Due == 0 {
		p.t.Errorf("the files differ from what the tenant offered: %s", difference)
	}
	p.t.Logf("%d records due, %d delivered", difference.Due, difference.Delivered)
}

// gaps are the losses that were reported.
func (p *play) gaps() []store.Gap {
	p.t.Helper()
	gaps, err := p.app.Services.Store.Gaps(p.t.Context(), 0)
	if err != nil {
		p.t.Fatal(err)
	}
	return gaps
}

// told checks that the log, the overview and the coverage speak of gaps, the last hour by hour.
func (p *play) told(gaps []store.Gap, since time.Time) {
	p.t.Helper()
	for _, g := range gaps {
		want := fmt.Sprintf("stream=%s from=%s", g.Stream, g.From.Format("2006-01-02T15:04:05.000Z"))
		if !bytes.Contains(p.log.Bytes(), []byte(want)) {
			p.t.Errorf("the log does not speak of %s", want)
		}
	}
	local := &api.Local{Services: p.app.Services}
	view, err := api.Call(p.t.Context(), local, api.OverviewShow, api.None{})
	if err != nil {
		p.t.Fatal(err)
	}
	if !slices.ContainsFunc(view.Problems, func(one overview.Problem) bool { return one.Code == "gap" && one.Name == "sim" }) {
		p.t.Errorf("the overview does not speak of gaps: %+v", view.Problems)
	}
	covered, err := api.Call(p.t.Context(), local, api.CoverageShow, api.CoverageRequest{From: since.Add(-20 * day), To: p.clock.Now()})
	if err != nil {
		p.t.Fatal(err)
	}
	missing := map[string]int{} // minutes, by hour
	for _, c := range covered.Cells {
		missing[c.Stream+c.Hour.Format(time.RFC3339)] += c.Gap
	}
	for _, g := range gaps {
		for at := g.From.Truncate(time.Hour); at.Before(g.To); at = at.Add(time.Hour) {
			if missing[g.Stream+at.Format(time.RFC3339)] == 0 {
				p.t.Errorf("the coverage of %s does not show that its hour %s is lost", g.Stream, at)
				break
			}
		}
	}
}

// lost are the deliveries that were reported as lost.
func (p *play) lost() []store.Trial {
	p.t.Helper()
	flow, err := p.app.Services.Store.Object(p.t.Context(), store.Flow, "sim")
	if err != nil {
		p.t.Fatal(err)
	}
	all, err := p.app.Services.Store.Trials(p.t.Context(), flow.ID, 1000)
	if err != nil {
		p.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(t store.Trial) bool { return t.State != store.Lost.String() })
}

// counts are the flow's.
func (p *play) counts() store.Counts {
	p.t.Helper()
	flow, err := p.app.Services.Store.Object(p.t.Context(), store.Flow, "sim")
	if err != nil {
		p.t.Fatal(err)
	}
	c, err := p.app.Services.Store.Counts(p.t.Context(), flow.ID, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// missingOnlyIn checks that every record that was offered and is not in the files stood in one of the gaps.
func (p *play) missingOnlyIn(gaps []store.Gap) {
	p.t.Helper()
	have := map[[sha256.Size]byte]bool{}
	for _, r := range p.harvest() {
		have[sha256.Sum256(r)] = true
	}
	ledger, err := p.sim.Ledger("")
	if err != nil {
		p.t.Fatal(err)
	}
	young, missing, silent := p.clock.Now().Add(-time.Hour), 0, 0
	for r, err := range ledger.Records() {
		if err != nil {
			p.t.Fatal(err)
		}
		if r.Blob.ContentType == "DLP.All" || have[r.SHA256] || r.Blob.Settled.After(young) {
			continue
		}
		missing++
		if !slices.ContainsFunc(gaps, func(g store.Gap) bool {
			return g.Stream == r.Blob.ContentType && !r.Blob.Created.Before(g.From) && r.Blob.Created.Before(g.To)
		}) {
			if silent++; silent < 5 {
				p.t.Errorf("record %s of %s, created %s, is missing and no gap says so", r.ID, r.Blob.ContentType, r.Blob.Created)
			}
		}
	}
	if missing == 0 {
		p.t.Error("nothing is missing after nine days: this test proves nothing")
	}
	p.t.Logf("%d records are lost, %d of them outside of the reported gaps", missing, silent)
}
