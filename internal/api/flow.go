package api

import (
	"context"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/store"
)

// NewFlow tells what was made.
type NewFlow struct {
	flow.View
	Backfill *store.Run `json:"backfill,omitempty"` // of what the source had before
}

// FlowCreate makes a flow, and the backfill of what its source still has.
var FlowCreate = Operation[Draft, NewFlow]{Name: "flow.create", Route: "POST /flows", Creates: true, Of: store.Flow, Summary: "Make a flow", Changes: true, Do: func(ctx context.Context, s *Services, in Draft) (NewFlow, error) {
	d, err := in.draft()
	if err != nil {
		return NewFlow{}, err
	}
	o, run, err := s.Flows.Add(ctx, d)
	if exists(err) && in.IfExists == IfExistsOK {
		v, err := s.Flows.Show(ctx, in.Name)
		return NewFlow{View: v}, err
	}
	if exists(err) && in.IfExists == IfExistsUpdate {
		c, specErr := in.replacement()
		if specErr != nil {
			return NewFlow{}, specErr
		}
		o, err = s.Flows.Edit(ctx, in.Name, c, nil)
	}
	if err != nil {
		return NewFlow{}, err
	}
	v, err := s.Flows.ViewOf(ctx, o)
	return NewFlow{View: v, Backfill: run}, err
}}

// FlowList lists flows.
var FlowList = Operation[FlowQuery, Page[flow.View]]{Name: "flow.list", Route: "GET /flows", Summary: "List flows", Do: func(ctx context.Context, s *Services, in FlowQuery) (Page[flow.View], error) {
	f, err := in.filter(ctx, s.Store)
	if err != nil {
		return Page[flow.View]{}, err
	}
	views, next, err := s.Flows.Page(ctx, f, in.page())
	for i := range views {
		views[i].State = s.state(views[i].State)
	}
	return paged(views, next, err)
}}

// state says running where work is really done.
func (s *Services) state(of string) string {
	if of == "on" && s.About.Serving {
		return "running"
	}
	return of
}

// A FlowStatus is a flow with how its work stands.
type FlowStatus struct {
	flow.View
	Backlog  store.Backlog         `json:"backlog"`
	Lanes    []store.LaneStatus    `json:"lanes"`
	Listings []store.ListingStatus `json:"listings"`
	Trials   []store.Trial         `json:"troubles"`
	Gaps     []store.Gap           `json:"gaps"`
	Nodes    []FlowNode            `json:"nodes,omitempty"` // that it could move to, and where it is; none if no lane has a home
}

// A FlowNode is a node on whose own disk a flow's files could be.
type FlowNode struct {
	store.Home
	Gone bool `json:"gone,omitempty"` // it should have reported since
}

// FlowShow shows one, with its work.
var FlowShow = Operation[Named, FlowStatus]{Name: "flow.show", Route: "GET /flows/{name}", Summary: "Show a flow and how its work stands", Do: showFlow}

func showFlow(ctx context.Context, s *Services, in Named) (FlowStatus, error) {
	o, err := s.Store.Object(ctx, store.Flow, in.Name)
	if err != nil {
		return FlowStatus{}, err
	}
	var v FlowStatus
	if v.View, err = s.Flows.ViewOf(ctx, o); err != nil {
		return v, err
	}
	v.State = s.state(v.State)
	if v.Backlog, err = s.Store.Backlog(ctx, o.ID); err != nil {
		return v, err
	}
	if v.Lanes, err = s.Store.Lanes(ctx, o.ID); err != nil {
		return v, err
	}
	if v.Listings, err = s.Store.Listings(ctx, o.SourceID); err != nil {
		return v, err
	}
	if v.Trials, err = s.Store.Trials(ctx, o.ID, 20); err != nil {
		return v, err
	}
	if v.Gaps, err = s.Store.Gaps(ctx, o.SourceID); err != nil {
		return v, err
	}
	v.Nodes, err = s.nodesFor(ctx, v.Lanes)
	return v, err
}

// nodesFor gives the nodes that are known, if one of the lanes belongs to a node.
func (s *Services) nodesFor(ctx context.Context, lanes []store.LaneStatus) ([]FlowNode, error) {
	if !slices.ContainsFunc(lanes, func(l store.LaneStatus) bool { return l.Home != "" }) {
		return nil, nil
	}
	homes, err := s.Store.Homes(ctx)
	nodes, now := make([]FlowNode, len(homes)), s.Store.Now()
	for i, h := range homes {
		nodes[i] = FlowNode{Home: h, Gone: !h.Alive(now)}
	}
	return nodes, err
}

// FlowEdit changes a flow.
var FlowEdit = Operation[Change, flow.View]{Name: "flow.edit", Route: "PATCH /flows/{name}", Of: store.Flow, Summary: "Change a flow", Changes: true, Do: func(ctx context.Context, s *Services, in Change) (flow.View, error) {
	c, err := in.change()
	if err != nil {
		return flow.View{}, err
	}
	o, err := s.Flows.Edit(ctx, in.Name, c, nil)
	if err != nil {
		return flow.View{}, err
	}
	return s.Flows.ViewOf(ctx, o)
}}

// FlowPause stops delivering.
var FlowPause = Operation[Pause, flow.View]{Name: "flow.pause", Route: "POST /flows/{name}/pause", Of: store.Flow, Summary: "Stop delivering a flow; what is listed waits for it", Changes: true, Do: func(ctx context.Context, s *Services, in Pause) (flow.View, error) {
	o, err := s.Flows.Pause(ctx, in.Name, in.Reason)
	if err != nil {
		return flow.View{}, err
	}
	return s.Flows.ViewOf(ctx, o)
}}

// FlowResume delivers again.
var FlowResume = Operation[Resumption, flow.View]{Name: "flow.resume", Route: "POST /flows/{name}/resume", Of: store.Flow, Summary: "Let a paused flow go on", Changes: true, Do: func(ctx context.Context, s *Services, in Resumption) (flow.View, error) {
	o, err := s.Flows.Resume(ctx, in.Name)
	if err != nil {
		return flow.View{}, err
	}
	return s.Flows.ViewOf(ctx, o)
}}

// A FlowRemoval removes a flow.
type FlowRemoval struct {
	Removal
	DeleteItems bool `json:"delete_items,omitempty"` // of a mirror: what its destination holds is deleted first
}

// FlowRemove removes a flow and what is remembered of its deliveries; what was delivered stays at the destination. A
// mirror's items can be deleted first: then a run is given, and the flow is gone when that has ended well.
var FlowRemove = Operation[FlowRemoval, Begun]{Name: "flow.remove", Route: "DELETE /flows/{name}", Of: store.Flow, Summary: "Remove a flow", Changes: true, Do: func(ctx context.Context, s *Services, in FlowRemoval) (Begun, error) {
	switch {
	case !in.DeleteItems:
		_, err := remove(ctx, s.Flows.Keeper, in.Removal)
		return Begun{}, err
	case in.DryRun: // the removal with items is several steps
		_, err := s.Flows.RemovableWithItems(ctx, in.Name, in.Revision)
		return Begun{}, err
	}
	run, err := s.Flows.RemoveWithItems(ctx, in.Name, in.Revision)
	return Begun{Crawl: run}, err
}}

// A Move gives a flow that writes files of a node's own disk to another node.
type Move struct {
	Name string `json:"name"`
	To   string `json:"to" doc:"the node, by the name that flow.show gives"`
	Rehearsal
}

// A Moved flow is told with the lanes as they are now; in a dry run as they would be.
type Moved struct {
	Name  string             `json:"name"`
	To    string             `json:"to"`
	Lanes []store.LaneStatus `json:"lanes"`
}

// FlowMove lets a flow go on at another node, in new files there. What it wrote stays where it is.
var FlowMove = Operation[Move, Moved]{Name: "flow.move", Route: "POST /flows/{name}/move", Of: store.Flow, Summary: "Let another node write a flow's files", Changes: true, Do: func(ctx context.Context, s *Services, in Move) (Moved, error) {
	o, err := s.Store.Object(ctx, store.Flow, in.Name)
	if err != nil {
		return Moved{}, err
	}
	if err := s.Store.MoveFlow(ctx, o, in.To); err != nil {
		return Moved{}, err
	}
	out := Moved{Name: o.Name, To: in.To}
	if out.Lanes, err = s.Store.Lanes(ctx, o.ID); err != nil || !in.DryRun {
		return out, err
	}
	home, err := s.Store.HomeOf(ctx, in.To)
	for i := range out.Lanes {
		out.Lanes[i].Home, out.Lanes[i].HomeSeen, out.Lanes[i].HomeGone = home.Name, home.Seen, !home.Alive(s.Store.Now())
	}
	return out, err
}}

// A RunNow asks a flow to look for new content.
type RunNow struct {
	Name string `json:"name"`
	All  bool   `json:"all,omitempty"` // of a mirror: read everything again, not only what has changed
}

// Begun tells what a flow does now.
type Begun struct {
	Crawl *store.Run `json:"crawl,omitempty"` // a mirror's
}

// FlowRun makes the next listing of the flow's source due at once; for a mirror it begins a crawl.
var FlowRun = Operation[RunNow, Begun]{Name: "flow.run", Route: "POST /flows/{name}/run", Of: store.Flow, Summary: "Look for new content at once", Changes: true, Do: func(ctx context.Context, s *Services, in RunNow) (Begun, error) {
	run, err := s.Flows.Now(ctx, in.Name, in.All)
	return Begun{Crawl: run}, err
}}

// PlanMirror asks what a mirror's crawl would do.
type PlanMirror struct {
	Name    string `json:"name"`
	Samples int    `json:"samples,omitempty"` // how many things of each kind are named
}

// FlowPlan tells what a mirror's crawl would do, and sends nothing.
var FlowPlan = Operation[PlanMirror, engine.Plan]{Name: "flow.plan", Route: "POST /flows/{name}/plan", Summary: "Tell what a crawl of a mirror would send", Do: func(ctx context.Context, s *Services, in PlanMirror) (engine.Plan, error) {
	o, err := s.Store.Object(ctx, store.Flow, in.Name)
	if err != nil {
		return engine.Plan{}, err
	}
	const most = 1000
	return s.Plans.Plan(ctx, o, min(max(in.Samples, 0), most))
}}

// Retried tells how many deliveries are tried again.
type Retried struct {
	Deliveries int64 `json:"deliveries"`
}

// FlowRetry tries again what failed.
var FlowRetry = Operation[Named, Retried]{Name: "flow.retry", Route: "POST /flows/{name}/retry", Of: store.Flow, Summary: "Try the failed deliveries of a flow again", Changes: true, Do: func(ctx context.Context, s *Services, in Named) (Retried, error) {
	o, err := s.Store.Object(ctx, store.Flow, in.Name)
	if err != nil {
		return Retried{}, err
	}
	n, err := s.Store.RetryDeliveries(ctx, o.ID)
	return Retried{Deliveries: n}, err
}}

// A Backfill asks for a flow's past.
type Backfill struct {
	Name  string    `json:"name"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to,omitzero"`
	Again bool      `json:"again,omitempty"`
}

func (b Backfill) request() flow.BackfillRequest {
	return flow.BackfillRequest{Flow: b.Name, Window: flow.Window{From: b.From, To: b.To}, Again: b.Again}
}

// FlowPlanBackfill tells what a backfill would fetch.
var FlowPlanBackfill = Operation[Backfill, flow.BackfillPlan]{Name: "flow.plan-backfill", Route: "POST /flows/{name}/backfill/plan", Summary: "Tell what a backfill would fetch", Do: func(ctx context.Context, s *Services, in Backfill) (flow.BackfillPlan, error) {
	return s.Flows.PlanBackfill(ctx, in.request())
}}

// FlowBackfill fetches what was not delivered of a piece of time.
var FlowBackfill = Operation[Backfill, store.Run]{Name: "flow.backfill", Route: "POST /flows/{name}/backfill", Creates: true, Of: store.Flow, Summary: "Fetch a flow's past", Changes: true, Do: func(ctx context.Context, s *Services, in Backfill) (store.Run, error) {
	return s.Flows.Backfill(ctx, in.request())
}}
