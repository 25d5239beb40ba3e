package api

import (
	"context"
	"time"

	"github.com/headrace/headrace/internal/overview"
)

// OverviewShow tells how everything stands: problems first.
var OverviewShow = Operation[None, overview.Overview]{Name: "overview.show", Route: "GET /overview", Summary: "Tell how everything stands, problems first", Do: func(ctx context.Context, s *Services, _ None) (overview.Overview, error) {
	o, err := s.Overview.Look(ctx)
	rows := make([]overview.FlowRow, len(o.Flows))
	for i, row := range o.Flows {
		row.State = s.state(row.State)
		rows[i] = row
	}
	o.Flows = rows
	return o, err
}}

// An ActivityQuery picks what is shown of the past.
type ActivityQuery struct {
	Flow   []string  `json:"flow,omitempty" doc:"these flows, by stream each; none: the sum of all"`
	Source string    `json:"source,omitempty" doc:"the flows of this source"`
	From   time.Time `json:"from,omitzero" doc:"a day ago if not said"`
	To     time.Time `json:"to,omitzero" doc:"now if not said"`
	Width  string    `json:"width,omitempty" doc:"of a slot: minute (the last six hours are kept) or hour; what fits if not said" enum:"minute,hour"`
	Scope  string    `json:"scope,omitempty" doc:"the requests of this quota; all together if not said"`
}

// ActivityShow tells what flows did over time: records, lag, dead letters, latency, and requests to remotes.
var ActivityShow = Operation[ActivityQuery, overview.Activity]{Name: "activity.show", Route: "GET /activity", Summary: "Tell what flows did over time, and what remotes were asked", Do: func(ctx context.Context, s *Services, in ActivityQuery) (overview.Activity, error) {
	if err := inOrder(in.From, in.To); err != nil {
		return overview.Activity{}, err
	}
	return s.Overview.Activity(ctx, overview.ActivityRequest{Flows: in.Flow, Source: in.Source, From: in.From, To: in.To, Width: in.Width, Scope: in.Scope})
}}
