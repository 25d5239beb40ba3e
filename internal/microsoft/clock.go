package microsoft

import (
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// A clock is ours, corrected by the dates in the service's answers.
//
// A Date header has whole seconds, and the answer was on its way for a while, so one answer only bounds the
// difference. The smallest correction that agrees with the last answer is used: a clock that is right stays untouched.
type clock struct {
	now func() time.Time
	log *slog.Logger

	mu     sync.Mutex
	skew   time.Duration // the service's clock minus ours
	known  bool
	warned bool
}

const skewWarning = 5 * time.Minute

// see learns from one answer. sent and got are of our own clock.
func (c *clock) see(header http.Header, sent, got time.Time) {
	if header.Get("Age") != "" { // a cache answered: its date is old
		return
	}
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	skew := time.Duration(0)
	if least := date.Sub(got); least > 0 {
		skew = least
	} else if most := date.Add(time.Second).Sub(sent); most < 0 {
		skew = most
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skew, c.known = skew, true
	if far := skew.Abs() > skewWarning; far != c.warned {
		c.warned = far
		if far {
			c.log.Warn("this machine's clock differs from the service's; times are corrected, but set the clock", "difference", (-skew).Round(time.Second).String())
		}
	}
}

// time is the service's present time, UTC.
func (c *clock) time() time.Time {
	skew, _ := c.difference()
	return c.now().Add(skew).UTC()
}

// difference is the service's clock minus ours, and whether an answer told it.
func (c *clock) difference() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skew, c.known
}
