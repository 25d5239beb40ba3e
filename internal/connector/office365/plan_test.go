package office365

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// hours makes stretches of "from-to" in hours before noon: "5-3" is [07:00, 09:00).
func hours(text ...string) []stretch {
	var all []stretch
	for _, t := range text {
		var from, to float64
		if _, err := fmt.Sscanf(t, "%g-%g", &from, &to); err != nil {
			panic(err)
		}
		at := func(h float64) time.Time { return noon.Add(-time.Duration(h * float64(time.Hour))) }
		all = append(all, stretch{at(from), at(to)})
	}
	return all
}

// inWords writes windows as "why from-to", in hours before noon.
func inWords(windows []window) string {
	var parts []string
	for _, w := range windows {
		parts = append(parts, fmt.Sprintf("%s %g-%g", w.why, noon.Sub(w.From).Hours(), noon.Sub(w.To).Hours()))
	}
	return strings.Join(parts, ", ")
}

func TestPlan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		listed  []string
		change  func(*Config, *stream)
		only    string
		want    string
		pending int
	}{
		"steady: what is new, and a piece of the overlap":       {listed: []string{"100-0.25"}, want: "fresh 0.25-0, overlap 24-23"},
		"the overlap goes on where it stopped":                  {listed: []string{"100-0.25"}, change: func(_ *Config, s *stream) { s.Overlap = noon.Add(-3 * time.Hour) }, want: "fresh 0.25-0, overlap 3-2"},
		"the overlap never goes before the beginning":           {listed: []string{"2-0.25"}, want: "fresh 0.25-0, overlap 2-1"},
		"small pieces take more of them, so that a round ends":  {listed: []string{"100-0.25"}, change: func(c *Config, _ *stream) { c.Interval = connector.Duration(10 * time.Minute) }, want: "fresh 0.25-0, overlap 24-23, overlap 23-22, overlap 22-21, overlap 21-20"},
		"a deep scan that is due":                               {listed: []string{"100-0.25"}, change: func(c *Config, s *stream) { s.DeepDone = noon.Add(-25 * time.Hour) }, want: "fresh 0.25-0, overlap 24-23, deep 100-99"},
		"a deep scan under way":                                 {listed: []string{"100-0.25"}, change: func(c *Config, s *stream) { s.Deep = noon.Add(-50 * time.Hour) }, want: "fresh 0.25-0, overlap 24-23, deep 50-49"},
		"no deep scan when it is off":                           {listed: []string{"100-0.25"}, change: func(c *Config, s *stream) { c.DeepScan.Every = 0; s.DeepDone = time.Time{} }, want: "fresh 0.25-0, overlap 24-23"},
		"after three hours away: newest first, then the oldest": {listed: []string{"100-3.25"}, want: "fresh 1-0, catch up 3.25-2.25, catch up 2.25-1.25, catch up 1.25-1", pending: 3},
		"a first start":                        {listed: []string{"5-5"}, want: "fresh 1-0, catch up 5-4, catch up 4-3, catch up 3-2, catch up 2-1", pending: 5},
		"islands are not listed again":         {listed: []string{"10-9", "7-5", "1-0.25"}, want: "fresh 0.25-0, catch up 9-8, catch up 8-7, catch up 5-4, catch up 4-3, catch up 3-2, catch up 2-1", pending: 6},
		"far behind: only so much at once":     {listed: []string{"100-100"}, want: "fresh 1-0, " + strings.Join(catchUps(100, 12), ", "), pending: 100},
		"a large lag is reached in one window": {listed: []string{"100-11"}, change: func(c *Config, s *stream) { c.Lag = connector.Duration(11 * time.Hour) }, want: "fresh 11-0, overlap 24-23"},
		"a backfill lists its range alone":     {listed: []string{"10-10"}, only: "10-7", want: "catch up 10-9, catch up 9-8, catch up 8-7", pending: 3},
		"a backfill that is done":              {listed: []string{"10-7"}, only: "10-7", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := NewConfig().(*Config)
			cfg.Window = connector.Duration(time.Hour)
			s := &stream{Listed: hours(c.listed...), DeepDone: noon, Begun: noon.Add(-100 * time.Hour)}
			if c.change != nil {
				c.change(cfg, s)
			}
			p := planner{cfg: cfg, now: noon}
			if c.only != "" {
				p.only = &hours(c.only)[0]
			}
			if got := inWords(p.plan("x", s)); got != c.want {
				t.Errorf("plan:\n got %s\nwant %s", got, c.want)
			}
			pending := p.pending(s)
			if c.pending != pending {
				t.Errorf("pending %d, want %d", pending, c.pending)
			}
		})
	}
}

func catchUps(from, n int) []string {
	var parts []string
	for i := range n {
		parts = append(parts, fmt.Sprintf("catch up %d-%d", from-i, from-i-1))
	}
	return parts
}

// TestRoundsEnd plays a day of polls each minute and sees that the overlap and the deep scan come round, and that
// everything of the last day was looked at in every hour.
func TestRoundsEnd(t *testing.T) {
	t.Parallel()
	for _, step := range []time.Duration{leastStep, time.Hour, mostStep} {
		cfg := NewConfig().(*Config)
		s := &stream{Listed: hours("160-0.25"), DeepDone: noon.Add(-25 * time.Hour), Begun: noon.Add(-200 * time.Hour), Step: duration(step)}
		rounds, deeps, most := 0, 0, 0
		for minute := range 24 * 60 {
			p := planner{cfg: cfg, now: noon.Add(time.Duration(minute) * time.Minute)}
			windows := p.plan("x", s)
			most = max(most, len(windows))
			for _, w := range windows {
				p.finish(s, w, 3) // neither few nor many pages: the step stays
				if w.last && w.why == overlap {
					rounds++
				}
				if w.last && w.why == deep {
					deeps++
				}
			}
			if !s.done().Equal(p.settled()) {
				t.Fatalf("after minute %d done is %v, want %v", minute, s.done(), p.settled())
			}
		}
		if rounds < 23 || deeps != 1 {
			t.Errorf("step %v: %d rounds of the overlap and %d deep scans in a day, want about one an hour and one", step, rounds, deeps)
		}
		if most > 12 {
			t.Errorf("step %v: %d windows in one poll", step, most)
		}
	}
}

func TestStepLearnsFromPages(t *testing.T) {
	t.Parallel()
	cfg := NewConfig().(*Config)
	p, s := planner{cfg: cfg, now: noon}, &stream{Listed: hours("100-10")}
	for range 10 {
		p.learn(s, window{why: catchUp, stretch: stretch{noon.Add(-p.step(s)), noon}}, 1)
	}
	if p.step(s) != mostStep {
		t.Errorf("quiet: step %v, want %v", p.step(s), mostStep)
	}
	for range 30 {
		p.learn(s, window{why: catchUp, stretch: stretch{noon.Add(-p.step(s)), noon}}, 20)
	}
	if p.step(s) != leastStep {
		t.Errorf("busy: step %v, want %v", p.step(s), leastStep)
	}
	p.learn(s, window{why: fresh, stretch: stretch{noon.Add(-time.Hour), noon}}, 1)
	if p.step(s) != leastStep {
		t.Error("a fresh window says nothing about steps")
	}
}

func TestClampReportsWhatWasPromised(t *testing.T) {
	t.Parallel()
	cfg := NewConfig().(*Config)
	limit := planner{cfg: cfg, now: noon}.limit()
	for name, c := range map[string]struct {
		listed []string
		begun  float64
		only   bool
		lost   []float64 // from, to … in hours before noon; the limit is 0
	}{
		"nothing is old":                    {listed: []string{"100-50"}, begun: 50},
		"an outage":                         {listed: []string{"300-200"}, begun: 300, lost: []float64{200, 0}},
		"an outage around an island":        {listed: []string{"300-200", "190-180"}, begun: 300, lost: []float64{200, 190, 180, 0}},
		"the hour that was about to expire": {listed: []string{"168-168"}, begun: 0.5},
		"more than that hour":               {listed: []string{"171-171"}, begun: 3, lost: []float64{170, 0}},
		"a backfill":                        {listed: []string{"200-200"}, begun: 0, only: true, lost: []float64{200, 0}},
	} {
		s := &stream{Listed: hours(c.listed...), Begun: noon.Add(-time.Duration(c.begun * float64(time.Hour)))}
		p := planner{cfg: cfg, now: noon}
		if c.only {
			p.only = &hours("200-10")[0]
		}
		var got []float64
		for _, g := range p.clamp(s) {
			for _, at := range []time.Time{g.From, g.To} {
				h := noon.Sub(at).Hours()
				if at.Equal(limit) {
					h = 0
				}
				got = append(got, h)
			}
		}
		if !slices.Equal(got, c.lost) {
			t.Errorf("%s: lost %v, want %v", name, got, c.lost)
		}
		if s.done().Before(limit) {
			t.Errorf("%s: done is %v, before the limit", name, s.done())
		}
		if again := p.clamp(s); len(again) > 0 {
			t.Errorf("%s: lost twice: %v", name, again)
		}
	}
}

func TestWhatCouldNotBeListedAgainIsReportedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		listed        string
		begun, looked float64 // hours before noon
		overlap       time.Duration
		only          bool
		from, to      float64 // 0, 0: nothing
	}{
		"a steady listing":              {listed: "300-0.25", begun: 200, looked: 0.02, overlap: day},
		"off for five days":             {listed: "300-120.25", begun: 200, looked: 120, overlap: day},
		"off for almost seven":          {listed: "300-164.25", begun: 200, looked: 164, overlap: day, from: 188, to: 166.92},
		"off for nine":                  {listed: "300-216.25", begun: 300, looked: 216, overlap: day, from: 240, to: 216.25},
		"off for nine after a day":      {listed: "310-216.25", begun: 220, looked: 216, overlap: day, from: 240, to: 216.25},
		"never looked back":             {listed: "168-100", begun: 0.1, overlap: day},
		"off before the first look":     {listed: "340-200", begun: 200, overlap: day, from: 224, to: 200},
		"an overlap of the whole week":  {listed: "300-0.25", begun: 200, looked: 0.02, overlap: 7 * day},
		"it did not list that far back": {listed: "190-170", begun: 190, looked: 170, overlap: 2 * day, from: 190, to: 170},
		"a backfill":                    {listed: "300-216.25", begun: 300, looked: 216, overlap: day, only: true},
	} {
		cfg := NewConfig().(*Config)
		cfg.Overlap = duration(c.overlap)
		ago := func(h float64) time.Time { return noon.Add(-time.Duration(h * float64(time.Hour))) }
		s := &stream{Listed: hours(c.listed), Begun: ago(c.begun)}
		if c.looked != 0 {
			s.Looked = ago(c.looked)
		}
		p := planner{cfg: cfg, now: noon}
		if c.only {
			p.only = &hours("200-10")[0]
		}
		var from, to float64
		if got := p.missed(s); len(got) > 0 {
			from, to = noon.Sub(got[0].From).Hours(), noon.Sub(got[0].To).Hours()
		}
		if math.Abs(from-c.from) > 0.02 || math.Abs(to-c.to) > 0.02 {
			t.Errorf("%s: %.2f to %.2f hours ago, want %.2f to %.2f", name, from, to, c.from, c.to)
		}
		p.now = noon.Add(time.Minute)
		if again := p.missed(s); len(again) > 0 {
			t.Errorf("%s: told twice: %v", name, again)
		}
	}
}

func TestStretchesAreJoined(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ have, add, want []string }{
		"touching":     {[]string{"10-8"}, []string{"8-7"}, []string{"10-7"}},
		"apart":        {[]string{"10-8"}, []string{"6-5"}, []string{"10-8", "6-5"}},
		"bridging":     {[]string{"10-8", "6-5"}, []string{"8-6"}, []string{"10-5"}},
		"within":       {[]string{"10-5"}, []string{"8-7"}, []string{"10-5"}},
		"around":       {[]string{"10-9", "8-7", "6-5"}, []string{"9.5-5.5"}, []string{"10-5"}},
		"nothing":      {[]string{"10-9"}, []string{"8-8"}, []string{"10-9"}},
		"to an empty":  {[]string{"10-10"}, []string{"10-9"}, []string{"10-9"}},
		"out of order": {[]string{"10-9"}, []string{"5-4", "7-6"}, []string{"10-9", "7-6", "5-4"}},
	} {
		s := &stream{Listed: hours(c.have...)}
		for _, a := range hours(c.add...) {
			s.add(a)
		}
		if !slices.EqualFunc(s.Listed, hours(c.want...), func(a, b stretch) bool { return a.From.Equal(b.From) && a.To.Equal(b.To) }) {
			t.Errorf("%s: %v, want %v", name, s.Listed, c.want)
		}
	}
}

func FuzzCursor(f *testing.F) {
	for _, seed := range []string{``, `{"v":1}`, `{"v":1,"streams":{"Audit.General":{"listed":[{"from":"2026-11-13T00:00:00Z","to":"2026-11-20T00:00:00Z"}],"step":"1h"}}}`, `{"v":1,"streams":{"a":null,"b":{"listed":[{"from":"2026-11-13T00:00:00Z","to":"2025-11-20T00:00:00Z"}],"step":"-1d"}}}`, `{"v":9}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := readCursor(raw)
		if err != nil {
			return
		}
		p := planner{cfg: NewConfig().(*Config), now: noon, only: c.Range}
		for name := range c.Streams {
			s := c.begin(name, p.limit())
			p.clamp(s)
			for _, w := range p.plan(name, s) {
				if w.empty() || w.To.Sub(w.From) > mostStep || w.From.Before(p.limit()) {
					t.Fatalf("a window that can't be asked for: %+v", w)
				}
				p.finish(s, w, 1)
			}
		}
		again, err := c.raw()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readCursor(again); err != nil {
			t.Fatalf("its own cursor %s can't be read: %v", again, err)
		}
	})
}
