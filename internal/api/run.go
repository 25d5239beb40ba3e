package api

import (
	"context"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// A RunView is a run with its flow's name and how far it has come.
type RunView struct {
	store.Run
	Flow     string            `json:"flow"`
	Counts   store.Counts      `json:"counts"`
	Progress store.RunProgress `json:"progress"`
}

func viewRun(ctx context.Context, s *Services, r store.Run) (RunView, error) {
	all, err := viewRuns(ctx, s, []store.Run{r})
	if err != nil {
		return RunView{Run: r}, err
	}
	return all[0], nil
}

// viewRuns asks as many questions of the store for a thousand runs as for one.
func viewRuns(ctx context.Context, s *Services, runs []store.Run) ([]RunView, error) {
	ids := make([]int64, len(runs))
	for i, r := range runs {
		ids[i] = r.FlowID
	}
	flows, err := s.Store.ObjectsWithIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.RunCounts(ctx, runs)
	if err != nil {
		return nil, err
	}
	progress, err := s.Store.RunsProgress(ctx, runs)
	views := make([]RunView, 0, len(runs))
	for _, r := range runs {
		views = append(views, RunView{Run: r, Flow: flows[r.FlowID].Name, Counts: counts[r.ID], Progress: progress[r.ID]})
	}
	return views, err
}

// RunFilter picks runs.
type RunFilter struct {
	Flow  string   `json:"flow,omitempty" doc:"only of this flow"`
	Kind  string   `json:"kind,omitempty" doc:"only of this kind" enum:"backfill,replay,crawl"`
	State []string `json:"state,omitempty" doc:"only in one of these states" enum:"running,waiting for approval,succeeded,succeeded with dead letters,failed,canceled"`
	After string   `json:"after,omitempty" doc:"next of the page before"`
	Limit int      `json:"limit,omitempty" doc:"how many; 100 if not said, at most 1000"`
}

// RunList lists runs, the newest first.
var RunList = Operation[RunFilter, Page[RunView]]{Name: "run.list", Route: "GET /runs", Summary: "List runs", Do: func(ctx context.Context, s *Services, in RunFilter) (Page[RunView], error) {
	o, err := object.Picked(ctx, s.Store, store.Flow, in.Flow, "flow")
	if err != nil {
		return Page[RunView]{}, err
	}
	runs, next, err := s.Store.RunsPage(ctx, store.RunFilter{FlowID: o.ID, Kind: in.Kind, States: in.State}, store.Page{After: in.After, Limit: in.Limit})
	if err != nil {
		return Page[RunView]{}, err
	}
	views, err := viewRuns(ctx, s, runs)
	return paged(views, next, err)
}}

// RunShow shows one.
var RunShow = Operation[Named, RunView]{Name: "run.show", Route: "GET /runs/{name}", Summary: "Show a run", Do: func(ctx context.Context, s *Services, in Named) (RunView, error) {
	r, err := s.Store.Run(ctx, in.Name)
	if err != nil {
		return RunView{}, err
	}
	return viewRun(ctx, s, r)
}}

// RunCancel ends a run; what it delivered stays.
var RunCancel = Operation[Named, RunView]{Name: "run.cancel", Route: "POST /runs/{name}/cancel", Summary: "Cancel a run", Changes: true, Do: func(ctx context.Context, s *Services, in Named) (RunView, error) {
	r, err := s.Store.Run(ctx, in.Name)
	if err != nil {
		return RunView{}, err
	}
	if r.State != store.RunGoing && r.State != store.RunHolding {
		return RunView{}, fault.New(fault.Conflict, "run %s has ended already: %s", r.UID, r.State).WithCode("run_ended")
	}
	if err := s.Store.EndRun(ctx, r.ID, store.RunCanceled, "canceled by a person"); err != nil {
		return RunView{}, err
	}
	if r, err = s.Store.RunByID(ctx, r.ID); err != nil {
		return RunView{}, err
	}
	return viewRun(ctx, s, r)
}}

// RunApprove lets a crawl make the deletes that its flow's guard stopped; the approval is for this crawl alone.
var RunApprove = Operation[Named, RunView]{Name: "run.approve", Route: "POST /runs/{name}/approve", Summary: "Approve the deletes of a crawl", Changes: true, Do: func(ctx context.Context, s *Services, in Named) (RunView, error) {
	r, err := s.Store.Run(ctx, in.Name)
	if err != nil {
		return RunView{}, err
	}
	if r.State != store.RunHolding {
		return RunView{}, fault.New(fault.Conflict, "run %s waits for no approval: %s", r.UID, r.State).WithCode("run_not_holding")
	}
	if err := s.Store.ApproveCrawl(ctx, r.UID); err != nil {
		return RunView{}, err
	}
	if r, err = s.Store.RunByID(ctx, r.ID); err != nil {
		return RunView{}, err
	}
	return viewRun(ctx, s, r)
}}
