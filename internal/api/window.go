package api

import (
	"context"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// A WindowRequest picks one hour of a stream, of a flow or of a source.
type WindowRequest struct {
	Flow   string    `json:"flow,omitempty" doc:"whose deliveries are told"`
	Source string    `json:"source,omitempty" doc:"whose listing is told; not needed beside a flow"`
	Stream string    `json:"stream,omitempty" doc:"the content type, folder or table"`
	Hour   time.Time `json:"hour" doc:"any time in the hour"`
}

// A WindowView is all that is known of one hour of a stream.
type WindowView struct {
	Hour      time.Time           `json:"hour"`
	Stream    string              `json:"stream"`
	Listed    time.Time           `json:"listed,omitzero"`    // when a listing last found something new of the hour, or listed more of it to its end
	Delivered time.Time           `json:"delivered,omitzero"` // when the flow last delivered some of it
	Splits    []store.DeliveryRow `json:"splits"`             // in the order in which they were listed
	More      bool                `json:"more"`               // there are more than are given
}

// mostOfWindow bounds the splits of one hour that are given.
const mostOfWindow = 200

// CoverageWindow tells of one hour of a stream what was listed when, and how its deliveries stand.
var CoverageWindow = Operation[WindowRequest, WindowView]{Name: "coverage.window", Route: "GET /coverage/window", Summary: "Tell what was listed and delivered of one hour of a stream", Do: func(ctx context.Context, s *Services, in WindowRequest) (WindowView, error) {
	q := store.WindowQuery{Stream: in.Stream, Hour: in.Hour.UTC()}
	switch {
	case in.Hour.IsZero():
		return WindowView{}, fault.Problems{{Field: "hour", Text: "is missing: a time in the hour, as 2026-11-23T14:00:00Z"}}.Err()
	case in.Flow != "":
		f, err := s.Store.Object(ctx, store.Flow, in.Flow)
		if err != nil {
			return WindowView{}, err
		}
		q.FlowID, q.SourceID = f.ID, f.SourceID
	case in.Source != "":
		src, err := s.Store.Object(ctx, store.Source, in.Source)
		if err != nil {
			return WindowView{}, err
		}
		q.SourceID = src.ID
	default:
		return WindowView{}, fault.Problems{{Field: "flow", Text: "is missing: name a flow or a source"}}.Err()
	}
	v := WindowView{Hour: q.Hour.Truncate(time.Hour), Stream: in.Stream, Splits: []store.DeliveryRow{}}
	found, err := s.Store.WindowSplits(ctx, q, mostOfWindow+1)
	if err != nil {
		return v, err
	}
	if v.More = len(found) > mostOfWindow; v.More {
		found = found[:mostOfWindow]
	}
	v.Splits = append(v.Splits, found...)
	v.Listed, v.Delivered, err = s.Store.CoverageTimes(ctx, q)
	return v, err
}}
