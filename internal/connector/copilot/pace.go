package copilot

import (
	"context"
	"sync"
	"time"
)

// A pace finds how many writes a second the service takes, and spaces them. What is allowed is not published any more
// (some 30 were measured; reference graph-connectors, section 2.4) and a refusal costs everybody ten seconds. So it begins below, rises while
// nothing is refused, and at a refusal works out from what went through what the allowance must have been. Just below that it stays for long.
//
// It is kept across restarts by the destination's receipt. It may be used from several goroutines.
type pace struct {
	mu     sync.Mutex
	rate   float64   // writes a second
	next   time.Time // when the next write may go
	until  time.Time // nobody writes before: what a Retry-After said
	held   time.Time // the rate does not rise before
	risen  time.Time // when it rose last
	since  int       // writes since then
	begun  time.Time // of the history
	passed []int     // writes in each slice since begun
}

const (
	firstRate = 26 // a little more than what Microsoft documented until 2024
	leastRate = 0.2
	mostRate  = 1000

	rise       = 1.1  // of the rate, after riseWrites
	riseWrites = 50   // at least, and
	probe      = 1.02 // when it was refused before
	margin     = 0.98 // of the estimated allowance is used
	lower      = 0.9  // of the rate, when there is too little to estimate by

	holdTime  = 10 * time.Minute // after a refusal
	probeTime = 20 * time.Second // between two steps up after that
	vague     = 0.6              // an estimate so far below the rate is not trusted for as long
	vagueTime = 30 * time.Second
	slice     = 100 * time.Millisecond
	mostSlice = 3000 // five minutes
	catchUp   = 300 * time.Millisecond
)

func newPace() *pace { return &pace{rate: firstRate} }

// restore goes on at a rate that was found before, if it can be one.
func (p *pace) restore(rate float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if rate >= leastRate && rate <= mostRate {
		p.rate, p.held = rate, time.Now().Add(holdTime)
	}
}

// found is the rate to remember; 0: it is still looked for.
func (p *pace) found() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held.IsZero() {
		return 0
	}
	return p.rate
}

// take waits for the turn of one write, or for ctx's end. It gives the time at which the write departs.
func (p *pace) take(ctx context.Context) (time.Time, error) {
	for {
		if err := sleepUntil(ctx, p.reserve(time.Now())); err != nil {
			return time.Time{}, err
		}
		if now := time.Now(); p.depart(now) {
			return now, nil
		}
	}
}

// reserve gives the time of the next free slot.
func (p *pace) reserve(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.next
	if rest := now.Add(-catchUp); at.Before(rest) {
		at = rest
	}
	if at.Before(p.until) {
		at = p.until
	}
	p.next = at.Add(time.Duration(float64(time.Second) / p.rate))
	return at
}

// depart counts a write whose time has come; false: everybody was told to wait meanwhile.
func (p *pace) depart(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.until) {
		return false
	}
	if p.begun.IsZero() || int(now.Sub(p.begun)/slice) >= mostSlice {
		p.begun, p.passed = now, p.passed[:0]
	}
	for i := int(now.Sub(p.begun) / slice); len(p.passed) <= i; {
		p.passed = append(p.passed, 0)
	}
	p.passed[len(p.passed)-1]++
	p.grow(now)
	return true
}

// grow raises the rate after enough writes that came as fast as they were let.
func (p *pace) grow(now time.Time) {
	if p.risen.IsZero() {
		p.risen = now
	}
	p.since++
	after, factor := time.Duration(0), rise
	if !p.held.IsZero() {
		after, factor = probeTime, probe
	}
	if p.since < riseWrites || now.Sub(p.risen) < after || now.Before(p.held) {
		return
	}
	if used := float64(p.since) / max(now.Sub(p.risen).Seconds(), 0.001); used >= 0.8*p.rate {
		p.rate = min(p.rate*factor, mostRate)
	}
	p.risen, p.since = now, 0
}

// refused learns from a 429 to a write that departed at a time: everybody waits as long as it said, and goes on slower.
// Those that were on their way together are one refusal; what departed after the first of them went through no more.
func (p *pace) refused(departed time.Time, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	together := now.Before(p.until)
	if until := now.Add(wait); until.After(p.until) {
		p.until, p.next = until, until
	}
	if together {
		return
	}
	if n := int(departed.Sub(p.begun) / slice); n >= 0 && n < len(p.passed) {
		p.passed = p.passed[:n]
	}
	hold := holdTime
	if p.begun.IsZero() || now.Sub(p.begun) < 3*time.Second {
		p.rate, hold = p.rate*lower, vagueTime
	} else {
		found := allowance(p.passed, p.rate)
		if found < vague*p.rate {
			hold = vagueTime
		}
		p.rate = margin * min(found, p.rate)
	}
	p.rate = max(p.rate, leastRate)
	p.held, p.risen, p.since = now.Add(wait+hold), now.Add(wait), 0
	p.begun, p.passed = time.Time{}, p.passed[:0]
}

// allowance estimates the rate of a bucket that holds one second's worth, was full at the first slice, let all these
// writes through and refused the next: the smallest rate whose bucket would not have been empty before.
func allowance(passed []int, most float64) float64 {
	low, high := most*0.2, most*1.2
	for range 24 {
		middle := (low + high) / 2
		if lets(middle, passed) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

func lets(rate float64, passed []int) bool {
	level := rate
	for _, n := range passed {
		if level -= float64(n); level < 0 {
			return false
		}
		level = min(level+rate*slice.Seconds(), rate)
	}
	return true
}

// sleepUntil waits for a time, or for ctx's end.
func sleepUntil(ctx context.Context, at time.Time) error {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
