package m365sim

import (
	"sync"
	"time"
)

// A Clock is the simulator's idea of now. It can be moved while requests are served, so that a week of expiry,
// lateness and outage passes in milliseconds. Give the same clock's Now to the client under test and both sides
// share one time.
//
// A Clock is safe for concurrent use.
type Clock struct {
	mu      sync.Mutex
	source  func() time.Time // nil: the clock stands still
	at      time.Time        // where a standing clock stands
	shift   time.Duration    // how far a running clock is from its source
	changed chan struct{}
}

// RealClock returns a clock that runs with the machine's.
func RealClock() *Clock { return ClockFrom(time.Now) }

// StandingClock returns a clock that shows at until it is moved.
func StandingClock(at time.Time) *Clock {
	return &Clock{at: at.UTC(), changed: make(chan struct{})}
}

// RunningClock returns a clock that shows at now and runs on from there at the machine's speed.
func RunningClock(at time.Time) *Clock {
	c := RealClock()
	c.Set(at)
	return c
}

// ClockFrom returns a clock that follows now, the clock of somebody else.
func ClockFrom(now func() time.Time) *Clock {
	return &Clock{source: now, changed: make(chan struct{})}
}

// Now returns the clock's time in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if c.source == nil {
		return c.at
	}
	return c.source().Add(c.shift).UTC()
}

// Set moves the clock to t, forward or back. A running clock runs on from there.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.move(t.Sub(c.now()))
}

// Advance moves the clock by d and returns the new time.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.move(d)
	return c.now()
}

func (c *Clock) move(d time.Duration) {
	if c.source == nil {
		c.at = c.at.Add(d)
	} else {
		c.shift += d
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// Moved returns a channel that is closed the next time the clock is moved by Set or Advance. The mere passing of
// time doesn't close it.
func (c *Clock) Moved() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// Standing reports whether time passes only by Set and Advance.
func (c *Clock) Standing() bool { return c.source == nil }
