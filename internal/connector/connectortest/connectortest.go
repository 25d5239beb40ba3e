// Package connectortest holds the contract of package connector as tests that every connector runs, wrappers that make
// one thing fail, and connectors in memory that keep the contract strictly.
//
// It is for tests only. Start at Source and Destination (the contract), FailWrite and its neighbours (the faults), and
// MemorySource, MemoryDestination and KeyedDestination (the connectors in memory, for tests of the data path).
package connectortest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
)

// Start is the time of the first of Records.
var Start = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

// Env is what a connector gets in a test: no limits, no log, the real clock and a transport without a proxy.
func Env(t testing.TB) connector.Env {
	t.Helper()
	return connector.Env{
		Name:      "test",
		Flow:      "test-flow",
		Transport: &http.Transport{},
		Limit:     func(string, int) connector.Limiter { return unlimited{} },
		Now:       func() time.Time { return time.Now().UTC() },
		Log:       slog.New(slog.DiscardHandler),
	}
}

type unlimited struct{}

func (unlimited) Take(ctx context.Context, _ int) error        { return ctx.Err() }
func (unlimited) Block(ctx context.Context, _ time.Time) error { return ctx.Err() }
func (unlimited) Slow()                                        {}
func (unlimited) Answered(int)                                 {}
func (unlimited) Throttled(int)                                {}

// Records makes the upserts number from to to (exclusive): key "k<i>", one a second from Start on, body {"id":"k<i>","n":<i>}.
func Records(from, to int) []connector.Record {
	out := make([]connector.Record, 0, max(to-from, 0))
	for i := from; i < to; i++ {
		key := fmt.Sprintf("k%d", i)
		out = append(out, connector.Record{
			Key:    key,
			Time:   Start.Add(time.Duration(i) * time.Second),
			Body:   json.RawMessage(fmt.Sprintf(`{"id":%q,"n":%d}`, key, i)),
			Stream: "Audit.Test",
			Tenant: "tenant-1",
		})
	}
	return out
}

// Bodies gives the records' bodies as text, in order.
func Bodies(records []connector.Record) []string {
	out := make([]string, len(records))
	for i, r := range records {
		out[i] = string(r.Body)
	}
	return out
}

// clone copies records with their bodies, as whoever keeps a record beyond its turn must.
func clone(records []connector.Record) []connector.Record {
	out := make([]connector.Record, len(records))
	for i, r := range records {
		r.Body = append(json.RawMessage(nil), r.Body...)
		out[i] = r
	}
	return out
}
