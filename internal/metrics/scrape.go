package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/headrace/headrace/internal/store"
)

// A scrape is one reading of everything.
type scrape struct {
	Options
	found []prometheus.Metric
}

func (s *scrape) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s.found = append(s.found, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...))
}

func (s *scrape) counter(d *prometheus.Desc, v int64, labels ...string) {
	s.found = append(s.found, prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...))
}

// all reads everything; what was found before an error is shown.
func (s *scrape) all(ctx context.Context) error {
	s.gauge(info, 1, s.Version)
	s.process()
	bytes, err := s.Store.Size(ctx)
	s.gauge(up, truth(err == nil))
	if err != nil {
		return err
	}
	s.gauge(size, float64(bytes))
	for _, read := range []func(context.Context) error{s.flows, s.sources, s.credentials, s.quotas} {
		if err := read(ctx); err != nil {
			return err
		}
	}
	return nil
}

// process shows what this process asked of remotes.
func (s *scrape) process() {
	for _, t := range s.Limits.Tallies() {
		s.counter(requests, t.Asked-t.Throttled-t.Refused-t.Failed, t.Scope, "2xx")
		s.counter(requests, t.Throttled, t.Scope, "429")
		s.counter(requests, t.Refused, t.Scope, "4xx")
		s.counter(requests, t.Failed, t.Scope, "5xx")
	}
}

// pages calls f with every object of a kind, a page at a time.
func (s *scrape) pages(ctx context.Context, kind string, f func([]store.Object) error) error {
	for p := (store.Page{Limit: 1000}); ; {
		all, next, err := s.Store.ObjectsPage(ctx, store.ObjectFilter{Kind: kind}, p)
		if err == nil {
			err = f(all)
		}
		if err != nil || next == "" {
			return err
		}
		p.After = next
	}
}

func ids(all []store.Object) []int64 {
	out := make([]int64, len(all))
	for i, o := range all {
		out[i] = o.ID
	}
	return out
}

func (s *scrape) flows(ctx context.Context) error {
	now := s.Store.Now()
	return s.pages(ctx, store.Flow, func(all []store.Object) error {
		counts, err := s.Store.CountsOf(ctx, ids(all))
		if err != nil {
			return err
		}
		open, err := s.Store.OpenLettersOf(ctx, ids(all))
		if err != nil {
			return err
		}
		stuck, err := s.Store.LaneTroubles(ctx, ids(all))
		if err != nil {
			return err
		}
		newest, err := s.newest(ctx, all, now)
		if err != nil {
			return err
		}
		for _, f := range all {
			c := counts[f.ID]
			for stream, at := range newest[f.ID] {
				s.gauge(flowLag, now.Sub(at).Seconds(), f.Name, f.Tenant, stream)
			}
			if !c.Last.IsZero() {
				s.gauge(flowLast, float64(c.Last.Unix()), f.Name, f.Tenant)
			}
			for outcome, n := range map[string]int64{"read": c.Fetched, "delivered": c.Delivered, "repeated": c.Repeats, "dropped": c.Dropped, "dead": c.Dead, "deleted": c.Deleted} {
				s.counter(flowCount, n, f.Name, f.Tenant, outcome)
			}
			s.counter(flowBytes, c.Bytes, f.Name, f.Tenant)
			s.gauge(letters, float64(open[f.ID]), f.Name, f.Tenant)
			s.gauge(flowPaused, truth(f.Paused), f.Name, f.Tenant)
			s.gauge(flowFails, float64(stuck[f.ID].Failures), f.Name, f.Tenant)
		}
		return nil
	})
}

// newest gives the time of the newest record delivered of each stream in the last day.
func (s *scrape) newest(ctx context.Context, flows []store.Object, now time.Time) (map[int64]map[string]time.Time, error) {
	found := map[int64]map[string]time.Time{}
	if len(flows) == 0 {
		return found, nil
	}
	slots, err := s.Store.Activities(ctx, store.ActivityQuery{FlowIDs: ids(flows), From: now.Add(-24 * time.Hour), To: now.Add(time.Minute), Streams: true})
	for _, a := range slots {
		if !a.Lagging {
			continue
		}
		if found[a.FlowID] == nil {
			found[a.FlowID] = map[string]time.Time{}
		}
		if a.Newest.After(found[a.FlowID][a.Stream]) {
			found[a.FlowID][a.Stream] = a.Newest
		}
	}
	return found, err
}

func (s *scrape) sources(ctx context.Context) error {
	now := s.Store.Now()
	const week, settled, most = 7 * 24 * time.Hour, 3 * time.Hour, 10_000
	gaps, err := s.Store.MissingHours(ctx, now.Add(-week), now.Add(-settled), most)
	if err != nil {
		return err
	}
	hours := map[int64][]store.Missing{}
	for _, m := range gaps {
		hours[m.SourceID] = append(hours[m.SourceID], m)
	}
	return s.pages(ctx, store.Source, func(all []store.Object) error {
		listings, err := s.Store.ListingsOf(ctx, ids(all))
		for _, src := range all {
			s.gauge(sourceFail, float64(listings[src.ID].Failures), src.Name, src.Tenant)
			if len(hours[src.ID]) == 0 {
				s.gauge(missing, 0, src.Name, src.Tenant, "")
			}
			for _, m := range hours[src.ID] {
				s.gauge(missing, float64(m.Hours), src.Name, src.Tenant, m.Stream)
			}
		}
		return err
	})
}

func (s *scrape) credentials(ctx context.Context) error {
	return s.pages(ctx, store.Credential, func(all []store.Object) error {
		for _, c := range all {
			if !c.Expires.IsZero() {
				s.gauge(secretEnds, float64(c.Expires.Unix()), c.Name, c.Tenant)
			}
		}
		return nil
	})
}

// quotas shows which remotes asked for a wait; nodes that share a database know of each other's.
func (s *scrape) quotas(ctx context.Context) error {
	const most = 1000
	all, err := s.Store.Throttles(ctx, s.Store.Now().Add(-time.Hour), most)
	for _, u := range all {
		s.gauge(retryAfter, max(0, u.Blocked.Sub(s.Store.Now()).Seconds()), u.Scope)
	}
	return err
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
