package copilot

import (
	"cmp"
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A bucket is the service's throttling as it was measured: so many writes a second, some at once after a quiet time, and
// whoever comes too soon waits for ten seconds.
type bucket struct {
	rate, most float64
	cooldown   time.Duration

	mu      sync.Mutex
	level   float64
	at      time.Time
	cool    time.Time
	passed  int
	refused int
}

func (b *bucket) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.at.IsZero() {
		b.level = b.most
	} else {
		b.level = min(b.level+now.Sub(b.at).Seconds()*b.rate, b.most)
	}
	b.at = now
	if now.Before(b.cool) || b.level < 1 {
		if !now.Before(b.cool) {
			b.cool = now.Add(b.cooldown)
		}
		b.refused++
		return false
	}
	b.level--
	b.passed++
	return true
}

func (b *bucket) counts() (passed, refused int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.passed, b.refused
}

// TestTheRateIsFound lets writers work against services of different kinds for half an hour: after the first minute they use
// what is allowed and are refused almost never.
func TestTheRateIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rate, burst float64
		latency     time.Duration
		from        float64 // the rate it begins with; 0: the usual
		least       float64 // of the allowance is used; 0: 0.95
	}{
		"as it was measured":         {30, 30, 500 * time.Millisecond, 0, 0},
		"as it was documented":       {25, 25, 500 * time.Millisecond, 0, 0},
		"with larger bursts":         {30, 150, 500 * time.Millisecond, 0, 0.94},
		"with small bursts":          {30, 5, 500 * time.Millisecond, 0, 0.90},
		"slower":                     {18, 18, 500 * time.Millisecond, 0, 0},
		"a good deal faster":         {38, 38, 300 * time.Millisecond, 0, 0},
		"after a restart":            {30, 30, 500 * time.Millisecond, 29.3, 0},
		"it allows less than before": {22, 22, 500 * time.Millisecond, 29.3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &bucket{rate: c.rate, most: c.burst, cooldown: 2 * time.Second}
				p := newPace()
				p.restore(c.from)
				ctx, cancel := context.WithCancel(t.Context())
				var writers sync.WaitGroup
				for range 20 {
					writers.Go(func() {
						for {
							departed, err := p.take(ctx)
							if err != nil {
								return
							}
							ok := b.take()
							if sleepUntil(ctx, time.Now().Add(c.latency)) != nil {
								return
							}
							if !ok {
								p.refused(departed, 10*time.Second)
							}
						}
					})
				}
				<-time.After(time.Minute) // the bubble's time
				before, refusedBefore := b.counts()
				<-time.After(10 * time.Minute)
				after, refusedAfter := b.counts()
				cancel()
				writers.Wait()
				used := float64(after-before) / (c.rate * 600)
				refused := float64(refusedAfter-refusedBefore) / float64(after-before+refusedAfter-refusedBefore)
				t.Logf("used %.1f %%, refused %.2f %% (%d), %d refused in the first minute, rate %.2f", used*100, refused*100, refusedAfter-refusedBefore, refusedBefore, p.rate)
				if least := cmp.Or(c.least, 0.95); used < least || refused > 0.01 {
					t.Errorf("used %.1f %%, refused %.2f %%", used*100, refused*100)
				}
			})
		})
	}
}
