package m365sim

import (
	"maps"
	"strconv"
	"sync"
)

// A counter counts requests by operation and by outcome.
type counter struct {
	mu     sync.Mutex
	counts Requests
}

// Requests says how many requests came and what was answered.
type Requests struct {
	Total     int            `json:"total"`
	Operation map[string]int `json:"operation"` // by operation
	Outcome   map[string]int `json:"outcome"`   // by operation and HTTP status, with the error code if there was one: "list 400 AF20030"
	Refused   int            `json:"refused"`   // for being over a quota of requests
}

func (c *counter) count(op string, status int, code string) {
	outcome := op + " " + strconv.Itoa(status)
	if code != "" {
		outcome += " " + code
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts.Operation == nil {
		c.counts.Operation, c.counts.Outcome = map[string]int{}, map[string]int{}
	}
	c.counts.Total++
	c.counts.Operation[op]++
	c.counts.Outcome[outcome]++
}

func (c *counter) refused() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Refused++
}

func (c *counter) snapshot() Requests {
	c.mu.Lock()
	defer c.mu.Unlock()
	copied := c.counts
	copied.Operation, copied.Outcome = maps.Clone(copied.Operation), maps.Clone(copied.Outcome)
	return copied
}

// Requests counts the requests for a tenant so far. An empty name counts those that belong to none, such as token
// requests for an unknown tenant.
func (s *Simulator) Requests(tenant string) (Requests, error) {
	if tenant == "" {
		return s.nowhere.snapshot(), nil
	}
	t, err := s.tenantNamed(tenant)
	if err != nil {
		return Requests{}, err
	}
	return t.requests.snapshot(), nil
}
