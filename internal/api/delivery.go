package api

import (
	"context"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// A DeliveryQuery picks the deliveries of a flow or of a run.
type DeliveryQuery struct {
	Flow   string   `json:"flow,omitempty" doc:"of this flow, the newest listed first"`
	Run    string   `json:"run,omitempty" doc:"of this run, by state"`
	State  []string `json:"state,omitempty" doc:"in one of these states: pending, delivered, failed, held, lost, discarded"`
	Stream string   `json:"stream,omitempty" doc:"of this stream"`
	After  string   `json:"after,omitempty" doc:"next of the page before"`
	Limit  int      `json:"limit,omitempty" doc:"how many; 100 if not said, at most 1000"`
}

// DeliveryList lists deliveries.
var DeliveryList = Operation[DeliveryQuery, Page[store.DeliveryRow]]{Name: "delivery.list", Route: "GET /deliveries", Summary: "List the deliveries of a flow or a run", Do: func(ctx context.Context, s *Services, in DeliveryQuery) (Page[store.DeliveryRow], error) {
	o, err := object.Picked(ctx, s.Store, store.Flow, in.Flow, "flow")
	if err != nil {
		return Page[store.DeliveryRow]{}, err
	}
	f := store.DeliveryFilter{FlowID: o.ID, Stream: in.Stream}
	if in.Run != "" {
		r, err := s.Store.Run(ctx, in.Run)
		if err != nil {
			return Page[store.DeliveryRow]{}, err
		}
		f.RunID = r.ID
	}
	for _, name := range in.State {
		state, ok := store.ParseState(name)
		if !ok {
			return Page[store.DeliveryRow]{}, fault.Problems{{Field: "state", Text: "is none of pending, delivered, failed, held, lost, discarded"}}.Err()
		}
		f.States = append(f.States, state)
	}
	return paged(s.Store.Deliveries(ctx, f, store.Page{After: in.After, Limit: in.Limit}))
}}

// RunProgress tells how far a run has come, step by step.
var RunProgress = Operation[Named, flow.Progress]{Name: "run.progress", Route: "GET /runs/{name}/progress", Summary: "Tell how far a run has come, step by step", Do: func(ctx context.Context, s *Services, in Named) (flow.Progress, error) {
	r, err := s.Store.Run(ctx, in.Name)
	if err != nil {
		return flow.Progress{}, err
	}
	v, err := viewRun(ctx, s, r)
	if err != nil {
		return flow.Progress{}, err
	}
	return s.Flows.RunProgress(ctx, r, v.Counts, v.Progress)
}}

// RunWindows tells how a run's deliveries stand, by stream and hour.
var RunWindows = Operation[Named, Page[store.RunWindow]]{Name: "run.windows", Route: "GET /runs/{name}/windows", Summary: "Tell how a run's deliveries stand, by stream and hour", Do: func(ctx context.Context, s *Services, in Named) (Page[store.RunWindow], error) {
	r, err := s.Store.Run(ctx, in.Name)
	if err != nil {
		return Page[store.RunWindow]{}, err
	}
	const most = 10_000 // a year of a stream has fewer
	all, err := s.Store.RunWindows(ctx, r.ID, most)
	return paged(all, "", err)
}}
