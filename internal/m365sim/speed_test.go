package m365sim

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// BenchmarkBlob measures how fast a hundred records in one blob are served: made anew, from the cache, and over TLS.
func BenchmarkBlob(b *testing.B) {
	scenario := DefaultScenario()
	scenario.Limits.RequestsPerMinute = 0
	scenario.Content.Events, scenario.Content.RecordsPerBlob = 10_000, Exactly(100)
	sim, err := Open(Options{Scenario: &scenario})
	if err != nil {
		b.Fatal(err)
	}
	if err := sim.Listen(b.Context(), "127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	go func() { _ = sim.Serve(b.Context()) }()
	tenant := sim.tenants[0]
	token, _, err := sim.issue(tenant, tenant.Apps[0], sim.ManagementURL(), tenant.Apps[0].Roles, "1")
	if err != nil {
		b.Fatal(err)
	}
	blob := tenant.streams[typeExchange].blobs[0]
	b.Run("made", func(b *testing.B) {
		total := 0
		for i := range b.N {
			body, err := sim.render(tenant, tenant.streams[i%typeCount].blobs[0], 100, false)
			if err != nil {
				b.Fatal(err)
			}
			total += len(body)
		}
		b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "events/s")
		b.ReportMetric(float64(total)/float64(b.N)/100, "B/event")
	})
	address := fmt.Sprintf("%s/api/v1.0/%s/activity/feed/audit/%s?PublisherIdentifier=%s", sim.ManagementURL(), tenant.ID, blob.id, tenant.ID)
	for _, protocol := range []string{"http1", "http2"} {
		b.Run("served over "+protocol, func(b *testing.B) {
			client := sim.Client()
			transport := client.Transport.(*http.Transport)
			transport.Protocols = new(http.Protocols)
			transport.Protocols.SetHTTP1(protocol == "http1")
			transport.Protocols.SetHTTP2(protocol == "http2")
			b.SetParallelism(4)
			began := cpuTime()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					read(b, client, address, token)
				}
			})
			b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64((cpuTime()-began).Microseconds())/float64(b.N)/100, "µs-CPU/event")
		})
	}
}

func read(b *testing.B, client *http.Client, address, token string) {
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, nil)
	if err != nil {
		b.Error(err)
		return
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		b.Error(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	if n, err := io.Copy(io.Discard, response.Body); err != nil || n < 50_000 || response.StatusCode != 200 {
		b.Error(n, err, response.Status)
	}
}

// cpuTime is what this process has used, client and simulator together.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkItemPut measures how fast items are taken over the network, client and simulator on one machine together.
func BenchmarkItemPut(b *testing.B) {
	scenario := DefaultScenario()
	scenario.Content.Events = 0
	sim, err := Open(Options{Scenario: &scenario})
	if err != nil {
		b.Fatal(err)
	}
	if err := sim.Listen(b.Context(), "127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	go func() { _ = sim.Serve(b.Context()) }()
	app := sim.tenants[0].Apps[1]
	token, _, err := sim.issue(sim.tenants[0], app, sim.GraphURL(), app.Roles, "1")
	if err != nil {
		b.Fatal(err)
	}
	client := sim.Client()
	ask := func(method, path, body string) {
		request, err := http.NewRequestWithContext(b.Context(), method, sim.GraphURL()+path, strings.NewReader(body))
		if err != nil {
			b.Error(err)
			return
		}
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = response.Body.Close() }()
		if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode >= 400 {
			b.Error(err, response.Status, response.Header)
		}
	}
	ask("POST", connections, runbooksBody)
	ask("PATCH", connections+"/runbooks/schema", schemaBody)
	sim.Clock().Advance(2 * time.Second)
	body := strings.Replace(itemBody, "Check the date", strings.Repeat("Check the date. ", 100), 1)
	var made atomic.Int64
	b.SetParallelism(8)
	b.ResetTimer()
	began := cpuTime()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			ask("PUT", fmt.Sprintf("%s/runbooks/items/item-%d", connections, made.Add(1)), body)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
	b.ReportMetric(float64((cpuTime()-began).Microseconds())/float64(b.N), "µs-CPU/item")
}
