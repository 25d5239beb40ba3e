// Package overview answers how everything stands in one look: what has trouble and what to do about it first, how far
// behind each flow is, and what went through in the last day. It reads only rows that are indexed or summed already, so
// that ten thousand sources cost little more than one; what is many is told by number, and the first few by name.
// Start at Service.
package overview

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
	"golang.org/x/sync/errgroup"
)

// Options are what a Service needs.
type Options struct {
	Store       *store.Store
	Credentials *credential.Service
	Sources     *source.Service
	Flows       *flow.Service
	Disk        func() (free, total int64, err error)    // of the data folder; nil: not looked at
	Blocked     func(now time.Time) map[string]time.Time // quotas that wait in this process, until when; nil: not known
	Log         *slog.Logger
}

// Service tells how everything stands.
type Service struct {
	Options

	mu   sync.Mutex // one computes, the others wait for what it finds
	last *Overview
}

// New makes the service.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Options: o}
}

// An Overview is how everything stands.
type Overview struct {
	At         time.Time        `json:"at"`
	Health     Health           `json:"health"`
	Numbers    store.Numbers    `json:"numbers"`
	Tenants    []TenantHealth   `json:"tenants"` // those with trouble first; the first twenty
	Problems   []Problem        `json:"problems"`
	More       int64            `json:"more_problems"` // that are not in the list
	Flows      []FlowRow        `json:"flows"`         // those with trouble first; the first thirty
	Day        Day              `json:"day"`
	Throttling []store.QuotaUse `json:"throttling"` // quotas that refused requests in the last day
}

// Health is the answer in one line.
type Health struct {
	State string `json:"state"` // ok, attention, trouble, empty
	Text  string `json:"text"`
}

// TenantHealth is how one tenant stands.
type TenantHealth struct {
	Tenant string `json:"tenant"`
	Name   string `json:"name"`  // of its first credential or source
	State  string `json:"state"` // ok, attention, trouble
	Text   string `json:"text"`
}

// A FlowRow is a flow in the overview.
type FlowRow struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Source      string         `json:"source"`
	Destination string         `json:"destination"`
	Mode        string         `json:"mode"`
	State       string         `json:"state"` // on, paused, waiting, trouble
	Doing       string         `json:"doing,omitempty"`
	Lag         string         `json:"lag,omitempty"`
	LagSeconds  int64          `json:"lag_seconds,omitempty"`
	Last        time.Time      `json:"last_delivery,omitzero"`
	OpenLetters int64          `json:"open_dead_letters"`
	Trouble     *store.Trouble `json:"trouble,omitempty"`
	Rate        []int64        `json:"rate"` // records delivered in each of the last 24 hours, the present one last
}

// A Day is what went through in the last 24 hours, the present one included.
type Day struct {
	From      time.Time `json:"from"`
	In        int64     `json:"in"`  // records read
	Out       int64     `json:"out"` // records delivered
	Dead      int64     `json:"dead_letters"`
	Lost      int64     `json:"lost"` // splits
	Bytes     int64     `json:"bytes"`
	Delivered []int64   `json:"delivered"` // by the hour
	Read      []int64   `json:"read"`
}

const (
	mostTenants = 20
	mostFlows   = 30
	dayHours    = 24
)

// fresh is how long an answer is given to others who ask: pages ask again and again, and many people look at once.
const fresh = 2 * time.Second

// Look tells how everything stands. Answers are up to two seconds old.
func (s *Service) Look(ctx context.Context) (Overview, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.Store.Now(); s.last != nil && now.Sub(s.last.At).Abs() < fresh {
		return *s.last, nil
	}
	o, err := s.look(ctx)
	if err == nil {
		s.last = &o
	}
	return o, err
}

func (s *Service) look(ctx context.Context) (Overview, error) {
	o := Overview{At: s.Store.Now().UTC()}
	var troubles *found
	// What one does not need of another is asked at once: each is a question or two of a large table.
	parts, asked := errgroup.WithContext(ctx)
	parts.Go(func() (err error) {
		if o.Numbers, err = s.Store.Numbers(asked); err != nil {
			return fmt.Errorf("count what there is: %w", err)
		}
		o.Throttling, err = s.Store.Throttles(asked, o.At.Add(-dayHours*time.Hour), 5)
		return err
	})
	parts.Go(func() (err error) {
		o.Day, err = s.day(asked, o.At)
		return err
	})
	parts.Go(func() (err error) {
		troubles, err = s.problems(asked, o.At)
		return err
	})
	if err := parts.Wait(); err != nil {
		return o, err
	}
	o.Problems, o.More = troubles.sorted()
	s.waits(o.Throttling, o.At)
	var err error
	if o.Flows, err = s.flows(ctx, o.At, troubles.flows); err != nil {
		return o, err
	}
	if o.Tenants, err = s.tenants(ctx, troubles.all); err != nil {
		return o, err
	}
	o.Health = health(o, troubles)
	if o.Throttling == nil {
		o.Throttling = []store.QuotaUse{}
	}
	return o, nil
}

// waits puts in until when quotas wait, as far as this process knows: where one process works alone no table says it.
func (s *Service) waits(quotas []store.QuotaUse, now time.Time) {
	if s.Blocked == nil {
		return
	}
	here := s.Blocked(now)
	for i, q := range quotas {
		if until := here[q.Scope]; until.After(q.Blocked) {
			quotas[i].Blocked = until.UTC()
		}
	}
}

// flows gives those with trouble, then others by name.
func (s *Service) flows(ctx context.Context, now time.Time, troubled []int64) ([]FlowRow, error) {
	known, err := s.Store.ObjectsWithIDs(ctx, troubled[:min(len(troubled), mostFlows)])
	if err != nil {
		return nil, err
	}
	var objects []store.Object
	for _, id := range troubled {
		if f, ok := known[id]; ok && f.Kind == store.Flow {
			objects = append(objects, f)
			delete(known, id)
		}
	}
	seen := map[int64]bool{}
	for _, f := range objects {
		seen[f.ID] = true
	}
	others, _, err := s.Store.ObjectsPage(ctx, store.ObjectFilter{Kind: store.Flow}, store.Page{Limit: mostFlows})
	if err != nil {
		return nil, err
	}
	for _, f := range others {
		if !seen[f.ID] && len(objects) < mostFlows {
			objects = append(objects, f)
		}
	}
	views, err := s.Flows.Views(ctx, objects)
	if err != nil {
		return nil, err
	}
	return s.rows(ctx, now, objects, views)
}

func (s *Service) rows(ctx context.Context, now time.Time, objects []store.Object, views []flow.View) ([]FlowRow, error) {
	rows := []FlowRow{}
	if len(objects) == 0 {
		return rows, nil
	}
	ids, place := make([]int64, len(objects)), map[int64]int{}
	for i, f := range objects {
		ids[i], place[f.ID] = f.ID, i
	}
	first := now.Truncate(time.Hour).Add(-(dayHours - 1) * time.Hour)
	slots, err := s.Store.Activities(ctx, store.ActivityQuery{FlowIDs: ids, From: first, To: now.Add(time.Minute)})
	if err != nil {
		return nil, err
	}
	for _, v := range views {
		rows = append(rows, FlowRow{ID: v.ID, Name: v.Name, Source: v.Source, Destination: v.Destination, Mode: v.Mode, State: v.State, Doing: v.Doing,
			Lag: v.Lag, LagSeconds: v.LagSeconds, Last: v.Counts.Last, OpenLetters: v.OpenLetters, Trouble: v.Trouble, Rate: make([]int64, dayHours)})
	}
	for _, a := range slots {
		if hour := int(a.Start.Sub(first) / time.Hour); hour >= 0 && hour < dayHours {
			rows[place[a.FlowID]].Rate[hour] = a.Delivered
		}
	}
	return rows, nil
}

// day sums up what went through.
func (s *Service) day(ctx context.Context, now time.Time) (Day, error) {
	d := Day{From: now.Truncate(time.Hour).Add(-(dayHours - 1) * time.Hour), Delivered: make([]int64, dayHours), Read: make([]int64, dayHours)}
	slots, err := s.Store.Activities(ctx, store.ActivityQuery{From: d.From, To: now.Add(time.Minute)})
	for _, a := range slots {
		d.In += a.Fetched
		d.Out += a.Delivered
		d.Dead += a.Dead
		d.Lost += a.Lost
		d.Bytes += a.Bytes
		if hour := int(a.Start.Sub(d.From) / time.Hour); hour >= 0 && hour < dayHours {
			d.Delivered[hour], d.Read[hour] = a.Delivered, a.Fetched
		}
	}
	return d, err
}
