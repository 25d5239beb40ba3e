package limit

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// tally counts the requests of one scope that this process made, by how they were answered.
type tally struct {
	asked, throttled, refused, failed atomic.Int64
	allowed                           atomic.Int64
}

// A Tally is what this process asked of one quota since it began.
type Tally struct {
	Scope     string
	Allowed   int64 // requests a minute, of the limiter that was asked for last
	Asked     int64
	Throttled int64 // asked to slow down: 429, or what the service says instead
	Refused   int64 // with another 4xx
	Failed    int64 // with 5xx, or not at all
}

// Since is what was asked after an earlier tally.
func (t Tally) Since(before Tally) Tally {
	t.Asked, t.Throttled, t.Refused, t.Failed = t.Asked-before.Asked, t.Throttled-before.Throttled, t.Refused-before.Refused, t.Failed-before.Failed
	return t
}

// Answered counts a request: its HTTP status, 0 if it was not answered.
func (l *limiter) Answered(status int) {
	t := &l.gate.tally
	t.asked.Add(1)
	switch {
	case status == http.StatusTooManyRequests:
		t.throttled.Add(1)
	case status == 0 || status >= http.StatusInternalServerError:
		t.failed.Add(1)
	case status >= http.StatusBadRequest:
		t.refused.Add(1)
	}
}

// Throttled moves a request that was counted by its status to those that were asked to slow down.
func (l *limiter) Throttled(status int) {
	t := &l.gate.tally
	switch {
	case status == http.StatusTooManyRequests:
		return // counted as that already
	case status == 0 || status >= http.StatusInternalServerError:
		t.failed.Add(-1)
	case status >= http.StatusBadRequest:
		t.refused.Add(-1)
	}
	t.throttled.Add(1)
}

// Blocked gives, of the scopes that wait in this process because their remote said so, until when.
func (l *Limits) Blocked(now time.Time) map[string]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[string]time.Time{}
	for scope, g := range l.gates {
		if until, _, _ := g.look(); until.After(now) {
			all[scope] = until
		}
	}
	return all
}

// Tallies gives what this process asked of each quota, by scope.
func (l *Limits) Tallies() []Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Tally, 0, len(l.gates))
	for scope, g := range l.gates {
		t := &g.tally
		all = append(all, Tally{Scope: scope, Allowed: t.allowed.Load(), Asked: t.asked.Load(), Throttled: t.throttled.Load(), Refused: t.refused.Load(), Failed: t.failed.Load()})
	}
	slices.SortFunc(all, func(a, b Tally) int { return strings.Compare(a.Scope, b.Scope) })
	return all
}
