package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/headrace/headrace/internal/api"
)

func cases() []measure {
	return []measure{
		{"clean", clean},
		{"latency", latency},
		{"throttled", throttled},
		{"large", largeBlob},
		{"backlog", backlog},
		{"serve", idleServe},
		{"tenants", manyTenants},
		{"nodes", nodes},
		{"load", load},
		{"fill", fillThrottled},
		{"recrawl", recrawl100k},
		{"million", recrawlMillion},
		{"inventory", inventory},
		{"csv", largeCSV},
		{"pdf", largePDF},
	}
}

// scenario is the standard feed: blobs of a hundred records of about 1.4 kB over three days, no quota.
func scenario(events int, more string) string {
	return fmt.Sprintf(`
seed: 11
cache: 512MB
limits: { requestsPerMinute: 0 }
paging: { size: 1000 }
content: { events: %d, history: 3d, recordsPerBlob: 100, late: { share: 0 }, partial: { share: 0 }, repeat: { share: 0 } }
tenants:
  - name: contoso
    apps: [ { name: collector, roles: [ActivityFeed.Read, ActivityFeed.ReadDlp], secrets: [ { value: %q } ] } ]
    subscriptions: { any: enabled }
%s`, events, secret, more)
}

// standard starts a feed and writes the flow that collects it.
func (b bench) standard(ctx context.Context, name, play, source string) (*feed, string, string, error) {
	dir, err := b.folder(name)
	if err != nil {
		return nil, "", "", err
	}
	f, err := b.simulate(ctx, dir, play)
	if err != nil {
		return nil, "", "", err
	}
	file, err := f.flows(dir, source)
	if err != nil {
		f.stop()
		return nil, "", "", err
	}
	return f, dir, file, nil
}

const unhurried = `, requestsPerMinute: 1000000`

// clean collects without latency, beside a plain download of the same blobs in the same run.
func clean(ctx context.Context, b bench) ([]row, error) {
	f, dir, file, err := b.standard(ctx, "clean", scenario(b.events, ""), unhurried)
	if err != nil {
		return nil, err
	}
	defer f.stop()
	addresses, token, err := f.blobs(ctx)
	if err != nil {
		return nil, err
	}
	plain := make([]time.Duration, 2) // the first warms the simulator's cache
	for i := range plain {
		into := filepath.Join(dir, fmt.Sprint("plain", i))
		if err := os.Mkdir(into, 0o755); err != nil {
			return nil, err
		}
		began := time.Now()
		if _, err := f.download(ctx, addresses, token, into, 16); err != nil {
			return nil, err
		}
		plain[i] = time.Since(began)
	}
	u, n, err := b.collect(ctx, dir, file)
	if err != nil {
		return nil, err
	}
	rate := float64(n) / u.wall.Seconds()
	return []row{
		{"the simulator's own speed: plain download, 16 at a time", fmt.Sprintf("%.0f events/s, %d blobs in %s", float64(n)/plain[1].Seconds(), len(addresses), plain[1].Round(time.Millisecond)), "not the bottleneck"},
		{"clean, no latency", fmt.Sprintf("%.0f events/s (%d in %s)", rate, n, u.wall.Round(time.Millisecond)), "≥ 30,000 (60,000)"},
		{"… our CPU for a million events", fmt.Sprintf("%.1f s", u.cpu.Seconds()/float64(n)*1e6), "≤ 20 s (12)"},
		{"… time compared with the plain download", fmt.Sprintf("%.1f times", u.wall.Seconds()/plain[1].Seconds()), "≤ 2.5"},
		{"… peak memory", mib(u.peak), "≤ 150 MiB"},
	}, nil
}

// collect runs once and makes sure that everything is there.
func (b bench) collect(ctx context.Context, dir, file string) (usage, int, error) {
	u, err := b.collected(ctx, file, filepath.Join(dir, "data"))
	if err != nil {
		return u, 0, err
	}
	n, err := lines(filepath.Join(dir, "out"))
	if err == nil && n == 0 {
		err = fmt.Errorf("nothing was delivered")
	}
	return u, n, err
}

// A trial is a standard feed that was collected once.
type trial struct {
	usage
	events            int
	answered, refused int64 // requests
	dir               string
}

func (b bench) trial(ctx context.Context, name, play, source string) (trial, error) {
	f, dir, file, err := b.standard(ctx, name, play, source)
	if err != nil {
		return trial{}, err
	}
	defer f.stop()
	t := trial{dir: dir}
	if t.usage, t.events, err = b.collect(ctx, dir, file); err != nil {
		return trial{}, err
	}
	t.answered, t.refused, err = f.requests(ctx)
	return t, err
}

// latency is a service that takes a quarter of a second for each answer.
func latency(ctx context.Context, b bench) ([]row, error) {
	t, err := b.trial(ctx, "latency", scenario(b.events, "latency: { any: 250ms }\n"), unhurried)
	if err != nil {
		return nil, err
	}
	return []row{
		{"250 ms for each request", fmt.Sprintf("%.0f events/s (%d in %s)", float64(t.events)/t.wall.Seconds(), t.events, t.wall.Round(10*time.Millisecond)), "≥ 10,000"},
		{"… peak memory", mib(t.peak), "≤ 150 MiB"},
	}, nil
}

// throttled is a tenant with 2,000 requests a minute and blobs for some minutes.
func throttled(ctx context.Context, b bench) ([]row, error) {
	play := scenario(50_000, "") // ten records in a blob: 5,000 requests
	play = replace(play, "requestsPerMinute: 0", "requestsPerMinute: 2000", "recordsPerBlob: 100", "recordsPerBlob: 10")
	t, err := b.trial(ctx, "throttled", play, ", requestsPerMinute: 2000")
	if err != nil {
		return nil, err
	}
	return []row{
		{"2,000 requests a minute", fmt.Sprintf("%.1f %% of the allowance used (%d requests in %s, %d events)", float64(t.answered)/(t.wall.Minutes()*2000)*100, t.answered, t.wall.Round(time.Second), t.events), "≥ 95 %"},
		{"… requests over it", fmt.Sprint(t.refused), "0"},
		{"… peak memory", mib(t.peak), "≤ 150 MiB"},
	}, nil
}

// largeBlob is one blob of 200 MB among small ones.
func largeBlob(ctx context.Context, b bench) ([]row, error) {
	play := scenario(2_000, "blobs:\n  - { tenant: contoso, contentType: Audit.General, age: 3h, records: 140000 }\n")
	t, err := b.trial(ctx, "large", play, unhurried)
	if err != nil {
		return nil, err
	}
	return []row{{"a blob of 140,000 records (200 MB): peak memory", fmt.Sprintf("%s (%d events in %s)", mib(t.peak), t.events, t.wall.Round(100*time.Millisecond)), "≤ 150 MiB"}}, nil
}

// backlog is a million events that wait.
func backlog(ctx context.Context, b bench) ([]row, error) {
	t, err := b.trial(ctx, "backlog", scenario(1_000_000, ""), unhurried)
	if err != nil {
		return nil, err
	}
	size, err := folderSize(filepath.Join(t.dir, "data"))
	if err != nil {
		return nil, err
	}
	return []row{
		{"a backlog of a million events: peak memory", fmt.Sprintf("%s (%d events in %s)", mib(t.peak), t.events, t.wall.Round(100*time.Millisecond)), "≤ 150 MiB"},
		{"… our CPU for a million events", fmt.Sprintf("%.1f s", t.cpu.Seconds()/float64(t.events)*1e6), "≤ 20 s (12)"},
		{"… data folder afterwards, repeats' memory included", mib(size), ""},
	}, nil
}

// idleServe is a server with nothing to do.
func idleServe(ctx context.Context, b bench) ([]row, error) {
	dir, err := b.folder("serve")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	cmd := exec.CommandContext(ctx, b.binary, "serve", "--data", data, "--listen", "127.0.0.1:0")
	cmd.Env = b.environment()
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	socket := filepath.Join(data, "headrace.sock")
	for {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		if err := wait(ctx, 5*time.Millisecond); err != nil {
			return nil, err
		}
		if time.Since(began) > 30*time.Second {
			return nil, fmt.Errorf("serve made no socket within 30 s")
		}
	}
	start := time.Since(began)
	alone, err := watched(ctx, cmd.Process.Pid, 30*time.Second)
	if err != nil {
		return nil, err
	}
	now, _, err := memoryOf(cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	const streams = 200
	stop, err := listen(ctx, socket, streams)
	if err != nil {
		return nil, err
	}
	defer stop()
	open, err := watched(ctx, cmd.Process.Pid, 30*time.Second)
	if err != nil {
		return nil, err
	}
	with, _, err := memoryOf(cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	return []row{
		{"serve: time to start, with a new database", start.Round(time.Millisecond).String(), "< 1 s"},
		{"serve: idle memory", mib(now), "< 60 MiB"},
		{"serve: idle CPU", fmt.Sprintf("%.1f %% of a core", alone), "shown"},
		{fmt.Sprintf("serve: CPU with %d idle event streams", streams), fmt.Sprintf("%.1f %% of a core; %s", open, mib(with)), "≤ 1 %"},
	}, nil
}

// watched is the CPU share of a process over a time, in percent of one core.
func watched(ctx context.Context, pid int, d time.Duration) (float64, error) {
	before, err := cpuOf(pid)
	if err != nil {
		return 0, err
	}
	if err := wait(ctx, d); err != nil {
		return 0, err
	}
	after, err := cpuOf(pid)
	return (after - before).Seconds() / d.Seconds() * 100, err
}

// listen opens event streams that stay open until stop.
func listen(ctx context.Context, socket string, streams int) (stop func(), err error) {
	ctx, stop = context.WithCancel(ctx)
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	for range streams {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://local"+api.EventsPath, nil)
		if err != nil {
			stop()
			return nil, err
		}
		res, err := client.Do(req) //nolint:bodyclose // it ends with stop
		if err != nil {
			stop()
			return nil, err
		}
		if res.StatusCode != http.StatusOK {
			stop()
			return nil, fmt.Errorf("event stream: %s", res.Status)
		}
	}
	return stop, nil
}

// manyTenants is steady polling of a thousand tenants that have nothing new.
func manyTenants(ctx context.Context, b bench) ([]row, error) {
	const tenants = 1000
	play := replace(scenario(0, ""), "name: contoso", fmt.Sprintf("name: contoso\n    count: %d", tenants), "cache: 512MB", "cache: 1MB")
	f, dir, file, err := b.standard(ctx, "tenants", play, "")
	if err != nil {
		return nil, err
	}
	defer f.stop()
	cmd := exec.CommandContext(ctx, b.binary, "run", "-f", file, "--data", filepath.Join(dir, "data"), "--progress", "none")
	cmd.Env = b.environment()
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if err := b.settled(ctx, f); err != nil { // the first look at seven days of each
		return nil, err
	}
	const watch = 60 * time.Second
	asked, _, err := f.requests(ctx)
	if err != nil {
		return nil, err
	}
	share, err := watched(ctx, cmd.Process.Pid, watch)
	if err != nil {
		return nil, err
	}
	again, _, err := f.requests(ctx)
	if err != nil {
		return nil, err
	}
	now, peak, err := memoryOf(cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	return []row{
		{fmt.Sprintf("%d tenants × 5 content types, nothing new: CPU", tenants), fmt.Sprintf("%.1f %% of a core, %.0f requests/s", share, float64(again-asked)/watch.Seconds()), "shown"},
		{"… memory", fmt.Sprintf("%s (peak %s)", mib(now), mib(peak)), "shown"},
	}, nil
}

// settled waits until the rate of requests has come down to steady polling.
func (b bench) settled(ctx context.Context, f *feed) error {
	last := int64(0)
	for range 180 {
		if err := wait(ctx, 5*time.Second); err != nil {
			return err
		}
		n, _, err := f.requests(ctx)
		if err != nil {
			return err
		}
		if n > 50_000 && n-last < 1200 { // under 240 a second
			return nil
		}
		last = n
	}
	return fmt.Errorf("the first look at all tenants had not ended after 15 minutes")
}

func mib(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }
