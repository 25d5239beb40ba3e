package api

import (
	"context"
	"math/bits"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/flow"
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
	State []string `json:"state,omitempty" doc:"only in one of these states"`
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

// CoverageRequest picks a source, or a flow's, and a piece of time.
type CoverageRequest struct {
	Source string    `json:"source,omitempty"`
	Flow   string    `json:"flow,omitempty"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// A CoverageCell is one hour of one stream.
type CoverageCell struct {
	Source  string    `json:"source"`
	Flow    string    `json:"flow,omitempty"` // "": what the listing knows
	Stream  string    `json:"stream"`
	Hour    time.Time `json:"hour"`
	Minutes int       `json:"listed_minutes"`
	Asked   int       `json:"asked_minutes,omitempty"` // of the hour that the source is to list; less than 60 where its collecting begins
	Splits  int64     `json:"splits"`
	Records int64     `json:"records"`
	Repeats int64     `json:"repeats"`
	Dead    int64     `json:"dead_letters"`
	Lost    int64     `json:"lost"`
}

// A Coverage is what is known of a piece of time.
type Coverage struct {
	From  time.Time      `json:"from"`
	To    time.Time      `json:"to"`
	Cells []CoverageCell `json:"cells"`
	Gaps  []store.Gap    `json:"gaps"`
}

// CoverageShow shows hour by hour what was listed and delivered.
var CoverageShow = Operation[CoverageRequest, Coverage]{Name: "coverage.show", Route: "GET /coverage", Summary: "Show hour by hour what was listed, delivered and lost", Do: showCoverage}

func showCoverage(ctx context.Context, s *Services, in CoverageRequest) (Coverage, error) {
	out := Coverage{From: in.From, To: in.To, Cells: []CoverageCell{}, Gaps: []store.Gap{}}
	var sources []store.Object
	names := map[int64]string{}
	switch {
	case in.Flow != "":
		o, err := s.Store.Object(ctx, store.Flow, in.Flow)
		if err != nil {
			return out, err
		}
		names[o.ID] = o.Name
		src, err := s.Store.ObjectByID(ctx, store.Source, o.SourceID)
		if err != nil {
			return out, err
		}
		sources = append(sources, src)
	case in.Source != "":
		src, err := s.Store.Object(ctx, store.Source, in.Source)
		if err != nil {
			return out, err
		}
		sources = append(sources, src)
	default:
		var err error
		if sources, err = s.Store.Objects(ctx, store.Source); err != nil {
			return out, err
		}
	}
	if in.Flow == "" {
		flows, err := s.Store.Objects(ctx, store.Flow)
		if err != nil {
			return out, err
		}
		mirrored := map[int64]bool{} // by source: what only mirrors use has crawls, not hours
		for _, f := range flows {
			settings, err := flow.Read(f)
			mirror := err == nil && settings.Mode == flow.Mirror
			if before, known := mirrored[f.SourceID]; !known || before {
				mirrored[f.SourceID] = mirror
			}
			if !mirror {
				names[f.ID] = f.Name
			}
		}
		if in.Source == "" {
			sources = slices.DeleteFunc(sources, func(src store.Object) bool { return mirrored[src.ID] })
		}
	}
	for _, src := range sources {
		cells, err := s.coverageOf(ctx, src, in, names)
		if err != nil {
			return out, err
		}
		out.Cells = append(out.Cells, cells...)
		gaps, err := s.Store.Gaps(ctx, src.ID)
		if err != nil {
			return out, err
		}
		out.Gaps = append(out.Gaps, gaps...)
	}
	return out, nil
}

// coverageOf gives the cells of a source, of the flows with names.
func (s *Services) coverageOf(ctx context.Context, src store.Object, in CoverageRequest, names map[int64]string) ([]CoverageCell, error) {
	rows, err := s.Store.Coverage(ctx, src.ID, in.From.Add(-time.Hour), in.To)
	if err != nil {
		return nil, err
	}
	listings, err := s.Store.Listings(ctx, src.ID)
	if err != nil {
		return nil, err
	}
	busy := slices.ContainsFunc(listings, func(l store.ListingStatus) bool { return l.Pending > 0 })
	var cells []CoverageCell
	before := store.Coverage{} // the listing's row before this one
	for _, r := range rows {
		name, ok := names[r.FlowID]
		cell := CoverageCell{Source: src.Name, Flow: name, Stream: r.Stream, Hour: r.Start(), Minutes: r.ListedMinutes(),
			Splits: r.Splits, Records: r.Records, Repeats: r.Repeats, Dead: r.Dead, Lost: r.Lost}
		if r.FlowID == 0 {
			cell.Asked = asked(before, r, busy)
			before = r
		}
		if (ok || r.FlowID == 0) && !r.Start().Before(in.From.Truncate(time.Hour)) {
			cells = append(cells, cell)
		}
	}
	return cells, nil
}

// asked gives how many minutes of an hour are to be listed. Nobody asked for those before the first that was listed, if nothing of
// the hour before was: collecting or a backfill begins there. While a listing still has something to do (busy), they may yet come.
func asked(before, r store.Coverage, busy bool) int {
	follows := before.Stream == r.Stream && before.Hour == r.Hour-1 && before.Minutes != 0
	if busy || follows {
		return 60
	}
	return max(0, 60-bits.TrailingZeros64(r.Minutes))
}
