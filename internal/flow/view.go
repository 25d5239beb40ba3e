package flow

import (
	"context"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// A View is a flow as doors show it.
type View struct {
	object.View
	Source      string         `json:"source"`
	Destination string         `json:"destination"`
	Mode        string         `json:"mode"`
	State       string         `json:"state"` // on, paused, waiting, trouble; a server that collects says running for on
	Counts      store.Counts   `json:"counts"`
	OpenLetters int64          `json:"open_dead_letters"`
	Lag         string         `json:"lag,omitempty"`         // age of the newest record delivered
	LagSeconds  int64          `json:"lag_seconds,omitempty"` // the same as a number
	Doing       string         `json:"doing,omitempty"`       // what it waits for or suffers from, in words
	Trouble     *store.Trouble `json:"trouble,omitempty"`     // of its source's listing or of its lanes
	Runs        []OpenRun      `json:"open_runs,omitempty"`
}

// An OpenRun is a run of a flow that has not ended.
type OpenRun struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	State string `json:"state"`
}

// showing is how flows are shown.
func (s *Service) showing() object.Showing[View, beside] {
	return object.Showing[View, beside]{Keeper: s.Keeper, Near: s.near, View: s.view, Broken: func(v *View, o store.Object, err error) {
		v.View, v.State, v.Doing = object.Broken(o, err), "trouble", err.Error()
		v.Reason = o.Reason // a flow's reason is that of its pause
	}}
}

// ViewOf shows a flow.
func (s *Service) ViewOf(ctx context.Context, o store.Object) (View, error) {
	return s.showing().Of(ctx, o)
}

// Show gives one flow by name or ID.
func (s *Service) Show(ctx context.Context, name string) (View, error) {
	return s.showing().Show(ctx, name)
}

// Page shows a page of flows by name, and where the next page begins; "": there is none.
func (s *Service) Page(ctx context.Context, f store.ObjectFilter, p store.Page) ([]View, string, error) {
	return s.showing().Page(ctx, f, p)
}

// Views shows flows that were read already. A bad one doesn't hide the others.
func (s *Service) Views(ctx context.Context, all []store.Object) ([]View, error) {
	return s.showing().All(ctx, all)
}

// beside is what stands beside flows, read for all of them at once.
type beside struct {
	object.Look
	counts   map[int64]store.Counts
	letters  map[int64]int64
	lanes    map[int64]store.Troubled
	listings map[int64]store.Troubled
	runs     map[int64][]store.Run
}

func (s *Service) near(ctx context.Context, all []store.Object, _ int) (beside, error) {
	var (
		b       beside
		err     error
		flows   = object.IDs(all)
		sources = make([]int64, len(all))
	)
	for i, o := range all {
		sources[i] = o.SourceID
	}
	if b.Look, err = object.Near(ctx, s.Store, all); err != nil {
		return b, err
	}
	if b.counts, err = s.Store.CountsOf(ctx, flows); err != nil {
		return b, err
	}
	if b.letters, err = s.Store.OpenLettersOf(ctx, flows); err != nil {
		return b, err
	}
	if b.lanes, err = s.Store.LaneTroubles(ctx, flows); err != nil {
		return b, err
	}
	if b.listings, err = s.Store.ListingTroubles(ctx, sources); err != nil {
		return b, err
	}
	b.runs, err = s.Store.OpenRuns(ctx, flows)
	return b, err
}

func (s *Service) view(ctx context.Context, look beside, o store.Object) (View, error) {
	v := View{Counts: look.counts[o.ID], OpenLetters: look.letters[o.ID]}
	var err error
	if v.View, err = s.ViewNear(ctx, look, o); err != nil {
		return v, err
	}
	settings, err := Read(o)
	if err != nil {
		return v, err
	}
	v.Mode = settings.Mode
	src, err := look.ObjectByID(ctx, store.Source, o.SourceID)
	if err != nil {
		return v, err
	}
	dst, err := look.ObjectByID(ctx, store.Destination, o.DestinationID)
	if err != nil {
		return v, err
	}
	v.Source, v.Destination = src.Name, dst.Name
	if !v.Counts.Newest.IsZero() {
		lag := s.Store.Now().Sub(v.Counts.Newest).Truncate(time.Second)
		v.Lag, v.LagSeconds = connector.Duration(rough(lag)).String(), int64(lag/time.Second)
	}
	for _, r := range look.runs[o.ID] {
		v.Runs = append(v.Runs, OpenRun{r.UID, r.Kind, r.State})
	}
	v.State, v.Doing, v.Trouble = standing(o, src, dst, look)
	return v, nil
}

// standing tells how a flow's work stands: what a person stopped first, then what stopped by itself.
func standing(o, src, dst store.Object, look beside) (state, doing string, trouble *store.Trouble) {
	trouble = look.lanes[o.ID].Trouble
	if listing := look.listings[o.SourceID].Trouble; trouble == nil || listing != nil && trouble.Class == "throttled" {
		if listing != nil {
			trouble = listing
		}
	}
	switch {
	case o.Paused:
		return "paused", "", trouble
	case src.Paused:
		return "waiting", "source " + src.Name + " is paused", trouble
	case dst.Paused:
		return "waiting", "destination " + dst.Name + " is paused", trouble
	}
	for _, r := range look.runs[o.ID] {
		if r.State == store.RunHolding {
			return "waiting", "a crawl waits for approval of its deletes", trouble
		}
	}
	switch {
	case trouble == nil:
		return "on", "", nil
	case trouble.Class == "throttled":
		return "on", trouble.Line(), trouble
	}
	return "trouble", trouble.Line(), trouble
}

// rough leaves of an age what people read: of days the hours, of hours the minutes.
func rough(age time.Duration) time.Duration {
	switch {
	case age >= 24*time.Hour:
		return age.Truncate(time.Hour)
	case age >= time.Hour:
		return age.Truncate(time.Minute)
	}
	return age
}
