package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/headrace/headrace/internal/api"
)

// progress shows how work goes on, on standard error: a bar on a terminal, a line each 10 s elsewhere, or JSON.
type progress struct {
	s      *session
	kind   string
	last   time.Time
	begun  time.Time
	marks  []mark // of the last seconds, for the rate
	drawn  bool
	final  bool
	latest snapshot
}

type mark struct {
	at      time.Time
	records int64
}

// snapshot is one look at the work.
type snapshot struct {
	Records   int64   `json:"records"`            // delivered
	Rate      float64 `json:"records_per_second"` // of the last seconds
	Splits    int64   `json:"splits_delivered"`
	Listed    int64   `json:"splits_listed"`
	Windows   int     `json:"windows_left"`
	WindowsOf int     `json:"windows"` // as far as known
	Bytes     int64   `json:"bytes"`
	Repeats   int64   `json:"repeats"`
	Dead      int64   `json:"dead_letters"`
	Waiting   string  `json:"waiting,omitempty"` // why nothing moves
	Elapsed   float64 `json:"elapsed_seconds"`

	noun nouns
}

func (s *session) progress() *progress {
	kind := s.flags.progress
	if kind == "auto" {
		kind = yes(s.errTTY && !s.flags.quiet, "bar", "plain")
	}
	if s.flags.quiet && kind != "json" {
		kind = "none"
	}
	p := &progress{s: s, kind: kind, begun: time.Now()}
	if kind == "plain" {
		p.last = p.begun // the first line comes when there is something to tell
	}
	return p
}

// show draws a snapshot if it is time for it.
func (p *progress) show(v snapshot) {
	now := time.Now()
	p.marks = append(p.marks, mark{now, v.Records})
	for len(p.marks) > 2 && now.Sub(p.marks[0].at) > 3*time.Second {
		p.marks = p.marks[1:]
	}
	if took := now.Sub(p.marks[0].at).Seconds(); took > 0.2 {
		v.Rate = float64(v.Records-p.marks[0].records) / took
	}
	v.WindowsOf = max(v.WindowsOf, p.latest.WindowsOf, v.Windows)
	v.Elapsed = now.Sub(p.begun).Seconds()
	p.latest = v
	every := map[string]time.Duration{"bar": 100 * time.Millisecond, "plain": 10 * time.Second, "json": time.Second}[p.kind]
	if every == 0 || now.Sub(p.last) < every {
		return
	}
	p.last = now
	switch p.kind {
	case "bar":
		p.bar(v)
	case "plain":
		fmt.Fprintln(p.s.err, v.line(20))
	case "json":
		p.json("progress", v)
	}
}

func (p *progress) json(event string, v snapshot) {
	raw, _ := json.Marshal(struct {
		Event string `json:"event"`
		snapshot
	}{event, v})
	fmt.Fprintln(p.s.err, string(raw))
}

// share is how much is done, 0 to 1: of the windows first, then of the splits.
func (v snapshot) share() float64 {
	listed, delivered := 1.0, 0.0
	if v.WindowsOf > 0 {
		listed = float64(v.WindowsOf-v.Windows) / float64(v.WindowsOf)
	}
	if v.Listed > 0 {
		delivered = float64(v.Splits) / float64(v.Listed)
	}
	return min(1, listed*delivered)
}

func (v snapshot) line(width int) string {
	done := int(v.share() * float64(width))
	text := fmt.Sprintf("%s%s %3.0f %%  %s %s  %s/s", strings.Repeat("█", done), strings.Repeat("░", width-done), v.share()*100, count(v.Records), v.noun.record, count(int64(v.Rate)))
	if v.WindowsOf > 0 {
		text += fmt.Sprintf("  windows %d of %d", v.WindowsOf-v.Windows, v.WindowsOf)
	}
	text += fmt.Sprintf("  %s %s of %s", v.noun.split, count(v.Splits), count(v.Listed))
	if v.Dead > 0 {
		text += fmt.Sprintf("  dead letters %s", count(v.Dead))
	}
	if v.Waiting != "" {
		text += "  " + v.Waiting
	}
	return text
}

func (p *progress) bar(v snapshot) {
	columns, _, err := term.GetSize(int(p.s.io.Err.Fd()))
	if err != nil {
		columns = 80
	}
	fmt.Fprintf(p.s.err, "\r\x1b[K%s", cut(v.line(24), columns))
	p.drawn = true
}

// end draws the last state and leaves the line.
func (p *progress) end() {
	if p.final {
		return
	}
	p.final = true
	switch {
	case p.kind == "bar" && p.drawn:
		p.bar(p.latest)
		fmt.Fprintln(p.s.err)
	case p.kind == "json":
		p.json("end", p.latest)
	}
}

// run shows a run's state.
func (p *progress) run(v api.RunView) {
	snap := snapshot{noun: nouns{"splits", "records"}, Records: v.Counts.Delivered, Splits: v.Counts.Splits, Listed: v.Counts.Listed, Windows: v.Progress.Windows, Bytes: v.Counts.Bytes,
		Repeats: v.Counts.Repeats, Dead: v.Counts.Dead}
	if v.Progress.Listing && v.Counts.Listed == 0 {
		snap.Waiting = "counting"
	}
	p.show(snap)
}
