package office365

import (
	"slices"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/m365sim"
)

// A life is a source that is polled for a while, like the engine does it: splits are read once, when they are ready,
// and again after an error. Each poll opens the source anew when fresh is set, so that only the cursor remembers.
type life struct {
	w     *world
	src   connector.Source
	fresh bool
	crawl crawl
	done  map[string]bool
	got   map[string][]byte
	errs  map[string]int // of reads and listings, by class
}

func (w *world) begin() *life {
	return &life{w: w, src: w.open(), done: map[string]bool{}, got: map[string][]byte{}, errs: map[string]int{}}
}

// poll lists until nothing is left or something fails, and reads what is ready.
func (l *life) poll() {
	l.w.t.Helper()
	if l.fresh {
		l.src = l.w.open()
	}
	if l.crawl.splits == nil {
		l.crawl.splits = map[string]connector.Split{}
	}
	for range 300 {
		e, err := l.src.Enumerate(l.w.t.Context(), l.crawl.cursor)
		if err != nil {
			l.errs[fault.ClassOf(err).String()]++
			break
		}
		l.crawl.take(e)
		for _, f := range e.Failed {
			l.errs[fault.ClassOf(f.Err).String()]++
		}
		if !e.More {
			break
		}
	}
	l.read()
}

func (l *life) read() {
	for _, id := range l.crawl.order {
		s := l.crawl.splits[id]
		if l.done[id] || s.Ready.After(l.w.env.Now()) {
			continue
		}
		l.done[id] = true
		for rec, err := range l.src.Read(l.w.t.Context(), s, 0) {
			if err != nil && rec.Body == nil && rec.Key == "" {
				l.done[id] = fault.ClassOf(err) == fault.Lost
				l.errs[fault.ClassOf(err).String()]++
				break
			}
			if err == nil {
				l.got[rec.Key] = slices.Clone(rec.Body)
			}
		}
	}
}

// TestNothingIsLostOnALateAndShuffledFeed plays six hours of a feed with everything that makes feeds hard, and looks
// for each record once.
func TestNothingIsLostOnALateAndShuffledFeed(t *testing.T) {
	t.Parallel()
	for name, reopened := range map[string]bool{"kept open": false, "opened each time": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(s *m365sim.Scenario) {
				s.Content.History = m365sim.Duration(30 * time.Hour)
				s.Content.Events = 400
				s.Content.EventsPerMinute = 1
				s.Content.RecordsPerBlob = m365sim.Span{Min: 1, Max: 6}
				s.Content.SameTimeShare = 0.3
				s.Content.Late = m365sim.Late{Share: 0.3, By: m365sim.Duration(4 * time.Hour)}
				s.Content.Partial = m365sim.Partial{Share: 0.4, Settle: m365sim.Duration(10 * time.Minute), OnExactStart: true}
				s.Content.Repeat = m365sim.Repeat{Share: 0.1, After: m365sim.Duration(time.Hour)}
				s.Content.ShuffleKeys = true
				s.Paging = m365sim.Paging{Size: 5, Header: "mixed", Path: "v1", LowerCaseTimes: true, EmptyShare: 0.2, TokenLifetime: m365sim.Duration(time.Hour), Shuffle: true}
				s.Gzip = true
			})
			w.cfg.Interval = connector.Duration(15 * time.Minute)
			l := w.begin()
			l.fresh = reopened
			for range 36 {
				l.poll()
				w.sim.Clock().Advance(5 * time.Minute)
			}
			// A quiet end: everything late has come, and has been looked for.
			for range 32 {
				w.sim.Clock().Advance(15 * time.Minute)
				l.poll()
			}
			if d := w.compareUntil(l.got, w.env.Now().Add(-5*time.Hour)); d.Missing+d.Changed > 0 || d.Due < 300 {
				t.Errorf("the harvest is not perfect: %s", d)
			}
			if len(l.errs)+len(l.crawl.lost) > 0 {
				t.Errorf("errors %v, lost %v", l.errs, l.crawl.lost)
			}
		})
	}
}

// TestFaultsDelayButLoseNothing lets each fault strike the first tries of everything.
func TestFaultsDelayButLoseNothing(t *testing.T) {
	t.Parallel()
	faults := map[string][]string{
		m365sim.OpToken:         {"503", "html", "throttle", "reset", "cut"},
		m365sim.OpSubscriptions: {"af50000", "single-quotes", "502", "html", "throttle", "unauthorized", "audit-off", "reset", "cut"},
		m365sim.OpStart:         {"af50000", "504", "throttle", "audit-off", "no-tenant"},
		m365sim.OpList:          {"af50005", "single-quotes", "502", "503", "504", "html", "throttle", "unauthorized", "no-permission", "audit-off", "disabled", "reset", "truncate", "cut", "bad-content-uri", "foreign-next", "stale-page"},
		m365sim.OpBlob:          {"af50006", "502", "503", "504", "html", "throttle", "unauthorized", "reset", "truncate", "cut", "invalid-id"},
	}
	for op, kinds := range faults {
		for _, kind := range kinds {
			t.Run(op+" "+kind, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, func(s *m365sim.Scenario) {
					s.Content.Events, s.Content.RecordsPerBlob = 60, m365sim.Span{Min: 1, Max: 10}
					s.Paging.Size = 2
					s.Faults = []m365sim.Fault{{On: op, Do: kind, First: 3, Times: 40}}
					if op == m365sim.OpStart {
						s.Tenants[0].Subscriptions = map[string]string{"any": "none"}
					}
				})
				l := w.begin()
				for range 18 {
					l.poll()
					w.sim.Clock().Advance(5 * time.Minute)
				}
				if d := w.compare(l.got); !d.Perfect() || d.Due == 0 {
					t.Errorf("the harvest is not perfect: %s; errors %v", d, l.errs)
				}
				if len(l.crawl.lost) > 0 || l.errs["lost"] > 0 {
					t.Errorf("lost %v, %v", l.crawl.lost, l.errs)
				}
			})
		}
	}
}
