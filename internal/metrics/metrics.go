// Package metrics shows the state of everything to Prometheus: what stands in the database, read when it is asked for,
// and what this process does. Names begin with headrace_ and the noun; tenants and names of flows are labels, what tells
// of a person never is. Start at Handler.
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/headrace/headrace/internal/limit"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// Options are what is shown.
type Options struct {
	Store   *store.Store
	Limits  *limit.Limits
	Version string
	Log     *slog.Logger
}

// Handler answers Prometheus. What is read of the database is at most five seconds old, however often it is asked.
func Handler(o Options) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &collector{Options: o})
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError, Timeout: 30 * time.Second})
}

// fresh is how long what was read is shown again.
const fresh = 5 * time.Second

type collector struct {
	Options

	mu   sync.Mutex
	at   time.Time
	last []prometheus.Metric
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("headrace_"+name, help, labels, nil)
}

var (
	info       = desc("info", "The version that runs.", "version")
	up         = desc("database_up", "1 if the database answers.")
	flowLag    = desc("flow_lag_seconds", "Age of the newest record that was delivered.", "flow", "tenant", "content_type")
	flowLast   = desc("flow_last_delivery_timestamp_seconds", "When something was delivered last.", "flow", "tenant")
	flowCount  = desc("flow_records_total", "Records since the flow was made, by what became of them.", "flow", "tenant", "outcome")
	flowBytes  = desc("flow_bytes_total", "Bytes delivered since the flow was made.", "flow", "tenant")
	flowPaused = desc("flow_paused", "1 if somebody paused the flow.", "flow", "tenant")
	flowFails  = desc("flow_failures", "Failures in a row of the flow's lane that has most.", "flow", "tenant")
	sourceFail = desc("source_failures", "Failures in a row of the source's listing.", "source", "tenant")
	secretEnds = desc("credential_secret_expiry_timestamp_seconds", "When the client secret ends, as far as somebody said.", "credential", "tenant")
	missing    = desc("coverage_missing_windows", "Hours of the last seven days that were listed in part, and not to their end; of a source that is away altogether source_failures tells.", "source", "tenant", "content_type")
	letters    = desc("deadletters", "Dead letters that are open.", "flow", "tenant")
	requests   = desc("upstream_requests_total", "Requests of this process to remotes, by quota and answer.", "scope", "code")
	retryAfter = desc("upstream_retry_after_seconds", "How long a remote has asked us to wait.", "scope")
	size       = desc("database_bytes", "What the database takes.")
)

// Describe says nothing: which flows there are is not known before.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect reads and shows everything.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.at) > fresh {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second) //nolint:forbidigo // Prometheus gives a collector none
		defer cancel()
		s := &scrape{Options: c.Options}
		if err := s.all(ctx); err != nil {
			c.Log.Warn("metrics can't be read of the database", telemetry.Err, err)
		}
		c.last, c.at = s.found, time.Now()
	}
	for _, m := range c.last {
		out <- m
	}
}
