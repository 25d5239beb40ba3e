// Package m365sim is a Microsoft 365 tenant on loopback: Entra ID's sign-in, the Office 365 Management Activity API
// and its webhooks, with real wire shapes and limits, a clock that can be moved, faults on request, and a ledger of
// what a perfect client would have. It is for testing clients, ours and other people's; where a fact about the real
// service is uncertain, it refuses. It is not a mock: it keeps state, and it knows nothing of the client under test.
//
// Begin with Open, then Listen and Serve. A Scenario says what is played; README.md describes it.
package m365sim

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options are what a Simulator needs to begin.
type Options struct {
	Scenario *Scenario    // nil: DefaultScenario
	Clock    *Clock       // nil: by the scenario's start and clock
	Log      *slog.Logger // nil: silent
	Webhooks *http.Client // calls webhooks; nil: one that trusts the machine's certificate authorities
}

// A Simulator plays a scenario. It is safe for concurrent use.
type Simulator struct {
	scenario Scenario
	clock    *Clock
	log      *slog.Logger
	epoch    time.Time // when the scenario began, in the service's time
	ca       *authority
	cert     tls.Certificate
	listener net.Listener
	proxy    net.Listener // nil: none
	latency  map[string]time.Duration

	tenants []*tenant
	byName  map[string]*tenant // by lower-case name, ID and domain
	appsMu  sync.RWMutex

	signer    *signer
	tokens    tokenCache
	faults    faults
	zero      bucket
	nowhere   counter // requests that belong to no tenant
	bodies    bodyCache
	templates *templates
	webhooks  *webhookCaller
}

// Open checks the scenario and prepares everything; it listens to nothing yet. A bad scenario gives a *ScenarioError
// with all its problems.
func Open(options Options) (*Simulator, error) {
	scenario := DefaultScenario()
	if options.Scenario != nil {
		scenario = *options.Scenario
	}
	if err := scenario.Validate(); err != nil {
		return nil, err
	}
	s := &Simulator{scenario: scenario, clock: options.Clock, log: options.Log, byName: map[string]*tenant{}}
	if s.clock == nil {
		s.clock = scenario.clock()
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	s.epoch = s.now()
	if err := s.populate(); err != nil {
		return nil, err
	}
	s.webhooks = newWebhookCaller(s, options.Webhooks)
	return s, nil
}

func (s Scenario) clock() *Clock {
	start := s.Start
	switch {
	case start.IsZero() && s.Clock == "running":
		return RealClock()
	case start.IsZero():
		start = time.Now()
	}
	if s.Clock == "standing" {
		return StandingClock(start)
	}
	return RunningClock(start)
}

// prepare makes what doesn't depend on tenants.
func (s *Simulator) prepare() (err error) {
	if s.ca, err = newAuthority(); err != nil {
		return err
	}
	if s.cert, err = s.ca.leaf(); err != nil {
		return err
	}
	if s.signer, err = sharedSigner(); err != nil {
		return err
	}
	if s.templates, err = sharedTemplates(); err != nil {
		return err
	}
	s.latency = map[string]time.Duration{}
	for op, text := range s.scenario.Latency {
		s.latency[op], _ = parseDuration(text) // Validate has read it
	}
	s.bodies.limit = int64(s.scenario.Cache)
	s.faults.seed = s.scenario.Seed
	s.faults.set(s.scenario.Faults)
	return nil
}

// populate puts the tenants and their history into play.
func (s *Simulator) populate() error {
	for _, spec := range spread(s.scenario.Tenants) {
		t := s.newTenant(spec)
		s.tenants = append(s.tenants, t)
		for _, name := range []string{t.Name, t.ID, t.Domain} {
			name = strings.ToLower(name)
			if other := s.byName[name]; other != nil && other != t {
				return fmt.Errorf("scenario: tenants %s and %s share the name, ID or domain %q", other.Name, t.Name, name)
			}
			s.byName[name] = t
		}
		s.layHistory(t)
		if err := s.plant(t, spec.Connections); err != nil {
			return err
		}
	}
	for i, blob := range s.scenario.Blobs {
		t, err := s.tenantNamed(blob.Tenant)
		if err != nil {
			return fmt.Errorf("scenario: blobs[%d]: %w", i, err)
		}
		s.laySpecial(t, i, blob)
	}
	return nil
}

// Clock returns the simulator's clock.
func (s *Simulator) Clock() *Clock { return s.clock }

// now is the service's own time: the clock's and the skew.
func (s *Simulator) now() time.Time { return s.clock.Now().Add(time.Duration(s.scenario.Skew)) }

// since is how long the scenario has been going.
func (s *Simulator) since() time.Duration { return s.now().Sub(s.epoch) }

// SetFaults replaces the faults in force; their counts begin again.
func (s *Simulator) SetFaults(faults ...Fault) error {
	var p problems
	for i, fault := range faults {
		p.fault(fmt.Sprintf("faults[%d]", i), fault)
	}
	if len(p) > 0 {
		report := &ScenarioError{}
		for _, found := range p {
			report.Problems = append(report.Problems, found.path+": "+found.text)
		}
		return report
	}
	s.faults.set(faults)
	return nil
}

// errNotListening is what asking for an address before Listen gives.
var errNotListening = errors.New("the simulator is not listening yet")
