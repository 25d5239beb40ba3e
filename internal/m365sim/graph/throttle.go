package graph

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// flights are the limits of one app on one connection: how much is in flight, and how fast it may go.
type flights struct {
	mu sync.Mutex
	of map[string]*flight // by app and connection
}

type flight struct {
	now         int
	most        int // in flight at one time
	writes      bucket
	reads       bucket
	coolingOffs time.Time // until when everything is refused
}

// A bucket fills at perSecond, by the service's clock, and holds burst.
type bucket struct {
	level float64
	at    time.Time
}

func (b *bucket) take(now time.Time, perSecond float64, burst int) bool {
	if perSecond <= 0 {
		return true
	}
	most := float64(burst)
	if burst == 0 {
		most = max(perSecond, 1)
	}
	switch passed := now.Sub(b.at); {
	case b.at.IsZero():
		b.level, b.at = most, now
	case passed > 0:
		b.level, b.at = min(b.level+passed.Seconds()*perSecond, most), now
	case passed < -time.Minute: // the clock was moved back; requests that overtake one another are closer
		b.at = now
	}
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}

// depart lets an operation begin, or refuses it with 429. Whoever was let in calls arrive when it has ended.
func (t *Tenant) depart(c *call) (arrive func(), refused *refusal) {
	rules := t.options.Rules
	key := c.caller.AppID + " " + lower(c.connection)
	f := &t.flights
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[string]*flight{}
	}
	at := f.of[key]
	if at == nil {
		at = &flight{}
		f.of[key] = at
	}
	if reason := at.refuse(c, rules); reason != "" {
		return nil, throttled(rules.RetryAfter, reason)
	}
	at.now++
	at.most = max(at.most, at.now)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		at.now--
	}, nil
}

// mostInFlight is the most operations that one app had in flight on a connection.
func (f *flights) mostInFlight(connection string) (most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, at := range f.of {
		if strings.HasSuffix(key, " "+lower(connection)) {
			most = max(most, at.most)
		}
	}
	return most
}

// refuse says why an operation may not begin now; empty when it may.
func (f *flight) refuse(c *call, rules Rules) string {
	rated := c.route.write || c.op == OpItemRead
	switch {
	case rated && c.now.Before(f.coolingOffs):
		return "throttled a moment ago, and did not wait"
	case rules.InFlight > 0 && f.now >= rules.InFlight:
		return fmt.Sprintf("more than %d operations of this application are in flight on the connection", rules.InFlight)
	case c.route.write && !f.writes.take(c.now, rules.WritesPerSecond, rules.Burst):
		f.coolingOffs = c.now.Add(rules.Cooldown)
		return fmt.Sprintf("more than %g writes a second", rules.WritesPerSecond)
	case c.op == OpItemRead && !f.reads.take(c.now, rules.ReadsPerSecond, rules.Burst):
		f.coolingOffs = c.now.Add(rules.Cooldown)
		return fmt.Sprintf("more than %g reads of items a second", rules.ReadsPerSecond)
	}
	return ""
}
