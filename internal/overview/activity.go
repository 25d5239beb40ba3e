package overview

import (
	"context"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// An ActivityRequest asks what flows did over time.
type ActivityRequest struct {
	Flows  []string // by stream each; none: the sum of all
	Source string   // the flows of this source; "": any
	From   time.Time
	To     time.Time
	Width  string // minute (the last six hours), hour, or "": minute up to three hours
	Scope  string // of the requests: a quota; "": all together
}

// An Activity is what flows did over time. A slot in which nothing was done is not there.
type Activity struct {
	From     time.Time        `json:"from"`
	To       time.Time        `json:"to"`
	Minutes  int              `json:"slot_minutes"`
	Series   []Series         `json:"series"`
	Requests []store.Requests `json:"requests"` // to remotes
	Quotas   []store.QuotaUse `json:"quotas"`   // in the last day, the most throttled first
}

// A Series is what one flow did with one stream.
type Series struct {
	Flow   string  `json:"flow,omitempty"` // "": all flows
	Stream string  `json:"stream,omitempty"`
	Points []Point `json:"points"`
	Lag    *Lag    `json:"lag,omitempty"`
}

// A Point is one slot of it.
type Point struct {
	store.Activity
	P50 float64 `json:"latency_p50_seconds,omitempty"` // from a split's time to its records' delivery
	P95 float64 `json:"latency_p95_seconds,omitempty"`
}

// Lag is how far behind a stream is: the age of the newest record delivered, and what was usual for it.
type Lag struct {
	Seconds int64     `json:"seconds"`
	Newest  time.Time `json:"newest"`
	Low     int64     `json:"normal_low_seconds"` // between these two were nine of ten hours of the last week
	High    int64     `json:"normal_high_seconds"`
	Known   bool      `json:"normal_known"` // there was a day's worth of hours to learn from
}

const (
	longestMinutes = 3 * time.Hour
	longestRange   = 31 * 24 * time.Hour
	mostSeries     = 20
)

// Activity tells what flows did between two times; zero times are the last day.
func (s *Service) Activity(ctx context.Context, r ActivityRequest) (Activity, error) {
	now := s.Store.Now().UTC()
	a := Activity{From: r.From.UTC(), To: r.To.UTC(), Minutes: 60, Series: []Series{}, Requests: []store.Requests{}, Quotas: []store.QuotaUse{}}
	if r.To.IsZero() || a.To.After(now) {
		a.To = now
	}
	if r.From.IsZero() {
		a.From = a.To.Add(-24 * time.Hour)
	}
	if a.From.Before(a.To.Add(-longestRange)) {
		a.From = a.To.Add(-longestRange)
	}
	minutes := r.Width == "minute" || r.Width == "" && a.To.Sub(a.From) <= longestMinutes
	if minutes {
		a.Minutes = 1
	} else {
		a.From = a.From.Truncate(time.Hour)
	}
	flows, tenants, err := s.asked(ctx, r)
	if err != nil {
		return a, err
	}
	if len(flows) == 0 && r.Source != "" {
		return a, nil
	}
	if a.Series, err = s.series(ctx, flows, a.From, a.To, minutes, now); err != nil {
		return a, err
	}
	if len(flows) > 0 && len(tenants) == 0 && r.Scope == "" {
		return a, nil // they ask nobody
	}
	requests, err := s.Store.Requests(ctx, store.RequestFilter{Scope: r.Scope, Tenants: tenants, From: a.From, To: a.To, Minutes: minutes})
	if err != nil {
		return a, err
	}
	a.Requests = append(a.Requests, requests...)
	quotas, err := s.Store.Throttles(ctx, now.Add(-24*time.Hour), 10)
	a.Quotas = append(a.Quotas, quotas...)
	return a, err
}

// asked gives the flows of a request, and the tenants that they sign in to.
func (s *Service) asked(ctx context.Context, r ActivityRequest) (map[int64]string, []string, error) {
	names := map[int64]string{}
	var found []store.Object
	for _, name := range r.Flows[:min(len(r.Flows), mostSeries)] {
		f, err := object.Picked(ctx, s.Store, store.Flow, name, "flow")
		if err != nil {
			return nil, nil, err
		}
		names[f.ID], found = f.Name, append(found, f)
	}
	if r.Source == "" {
		tenants, err := s.tenantsOf(ctx, found)
		return names, tenants, err
	}
	src, err := object.Picked(ctx, s.Store, store.Source, r.Source, "source")
	if err != nil {
		return nil, nil, err
	}
	flows, _, err := s.Store.ObjectsPage(ctx, store.ObjectFilter{Kind: store.Flow, SourceID: src.ID}, store.Page{Limit: mostSeries})
	if err != nil {
		return nil, nil, err
	}
	for _, f := range flows {
		names[f.ID], found = f.Name, append(found, f)
	}
	tenants, err := s.tenantsOf(ctx, found)
	return names, tenants, err
}

// tenantsOf gives the tenants that flows read from and write to, as they stand in the names of quotas.
func (s *Service) tenantsOf(ctx context.Context, flows []store.Object) ([]string, error) {
	var ends []int64
	for _, f := range flows {
		ends = append(ends, f.SourceID, f.DestinationID)
	}
	uses, err := s.Store.ObjectsWithIDs(ctx, ends)
	if err != nil {
		return nil, err
	}
	var signIns []int64
	for _, use := range uses {
		if use.CredentialID != 0 {
			signIns = append(signIns, use.CredentialID)
		}
	}
	credentials, err := s.Store.ObjectsWithIDs(ctx, signIns)
	if err != nil {
		return nil, err
	}
	var tenants []string
	for _, c := range credentials {
		if c.Tenant != "" && !slices.Contains(tenants, c.Tenant) {
			tenants = append(tenants, c.Tenant)
		}
	}
	slices.Sort(tenants)
	return tenants, nil
}

func (s *Service) series(ctx context.Context, flows map[int64]string, from, to time.Time, minutes bool, now time.Time) ([]Series, error) {
	q := store.ActivityQuery{From: from, To: to, Minutes: minutes, Streams: len(flows) > 0}
	for id := range flows {
		q.FlowIDs = append(q.FlowIDs, id)
	}
	slots, err := s.Store.Activities(ctx, q)
	if err != nil {
		return nil, err
	}
	lags, err := s.lags(ctx, q.FlowIDs, now)
	if err != nil {
		return nil, err
	}
	all := []Series{}
	for _, slot := range slots {
		name := flows[slot.FlowID]
		if n := len(all); n == 0 || all[n-1].Flow != name || all[n-1].Stream != slot.Stream {
			all = append(all, Series{Flow: name, Stream: slot.Stream, Lag: lags[lagKey{slot.FlowID, slot.Stream}]})
		}
		last := &all[len(all)-1]
		last.Points = append(last.Points, Point{Activity: slot, P50: quantile(slot.Waits, 0.5), P95: quantile(slot.Waits, 0.95)})
	}
	return all, nil
}

type lagKey struct {
	flow   int64
	stream string
}

// lags tells how far behind each stream of flows is, and learns what is usual from the hours of the last week.
func (s *Service) lags(ctx context.Context, flows []int64, now time.Time) (map[lagKey]*Lag, error) {
	hours, err := s.Store.Activities(ctx, store.ActivityQuery{FlowIDs: flows, Streams: len(flows) > 0, From: now.Add(-lately), To: now.Add(time.Minute)})
	if err != nil {
		return nil, err
	}
	seen, lags := map[lagKey][]int64{}, map[lagKey]*Lag{}
	for _, a := range hours {
		if !a.Lagging {
			continue
		}
		key := lagKey{a.FlowID, a.Stream}
		if lags[key] == nil {
			lags[key] = &Lag{}
		}
		if a.Newest.After(lags[key].Newest) {
			lags[key].Newest, lags[key].Seconds = a.Newest, int64(now.Sub(a.Newest)/time.Second)
		}
		if a.Start.Before(now.Truncate(time.Hour)) {
			seen[key] = append(seen[key], a.LagLow, a.LagHigh)
		}
	}
	for key, all := range seen {
		slices.Sort(all)
		l := lags[key]
		l.Low, l.High, l.Known = all[len(all)/20], all[(len(all)-1)-len(all)/20], len(all) >= 2*dayHours
	}
	return lags, nil
}

// quantile estimates how long a part of the records took to be delivered, in seconds; 0: none were.
func quantile(waits [len(store.Waits)]int64, part float64) float64 {
	var total int64
	for _, n := range waits {
		total += n
	}
	if total == 0 {
		return 0
	}
	want, below, low := part*float64(total), 0.0, time.Duration(0)
	for i, n := range waits {
		high := store.Waits[i]
		if high == 0 {
			return low.Seconds() // later than the last bound: at least that
		}
		if n > 0 && below+float64(n) >= want {
			return (low + time.Duration(float64(high-low)*(want-below)/float64(n))).Seconds()
		}
		below, low = below+float64(n), high
	}
	return 0
}
