package m365sim

import (
	"sync"
	"time"
)

// A bucket is a token bucket in the service's time: it fills at perMinute and holds burst.
type bucket struct {
	mu    sync.Mutex
	level float64
	at    time.Time
}

// take takes one token; false when there is none.
func (b *bucket) take(now time.Time, perMinute, burst int) bool {
	if perMinute == 0 {
		return true
	}
	if burst == 0 {
		burst = max(perMinute/6, 1)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at.IsZero() {
		b.level = float64(burst)
	} else if passed := now.Sub(b.at); passed > 0 {
		b.level = min(b.level+passed.Minutes()*float64(perMinute), float64(burst))
	}
	b.at = now
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}

// admit asks both quotas for one request. A request that a quota refuses takes nothing from it.
func (s *Simulator) admit(c *call) *feedError {
	limits := s.scenario.Limits
	zero := c.publisher == "" || c.publisher == zeroPublisher
	admitted := c.tenant.bucket.take(c.now, limits.RequestsPerMinute, limits.Burst) &&
		(!zero || s.zero.take(c.now, limits.ZeroPublisherPerMinute, limits.Burst))
	if admitted {
		return nil
	}
	c.tenant.requests.refused()
	return s.tooMany(c)
}

const zeroPublisher = "00000000-0000-0000-0000-000000000000"

func (s *Simulator) tooMany(c *call) *feedError {
	publisher := orElse(c.publisher, zeroPublisher)
	e := feedErrorf(s.scenario.Limits.Status, "AF429", "Too many requests. Method=%s, PublisherId=%s", methodNames[c.op], publisher)
	e.retryAfter = time.Duration(s.scenario.Limits.RetryAfter)
	return e
}

// methodNames are the service's own names of the operations, as AF429 shows them.
var methodNames = map[string]string{
	OpStart: "StartSubscription", OpStop: "StopSubscription", OpSubscriptions: "ListSubscriptions", OpList: "GetContents",
	OpBlob: "GetBlob", OpNotifications: "GetNotifications", OpSensitive: "GetDlpSensitiveTypes",
}
