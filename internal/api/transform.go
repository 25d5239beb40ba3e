package api

import (
	"context"

	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/transform"
)

// A TransformTrial asks what a transform makes of records.
type TransformTrial struct {
	Transform   []transform.Step `json:"transform,omitempty" doc:"the steps to try; with own, those of the flow"`
	Flow        string           `json:"flow,omitempty" doc:"the flow that it is for: its source is asked for records"`
	Own         bool             `json:"own,omitempty" doc:"try the transform that the flow has"`
	Records     []source.Sample  `json:"records,omitempty" doc:"what to try it on; none: the source is asked for some"`
	Source      string           `json:"source,omitempty" doc:"the source to ask for records"`
	Count       int              `json:"count,omitempty" doc:"how many records to ask for; 20 if not said, at most 200"`
	Destination string           `json:"destination,omitempty" doc:"a keyed destination: tell what it would be sent, too"`
}

// TransformTry tries a transform on records; nothing is remembered and nothing is sent.
var TransformTry = Operation[TransformTrial, flow.Tried]{Name: "transform.try", Route: "POST /transforms/try", Summary: "Tell what a transform makes of records", Do: func(ctx context.Context, s *Services, in TransformTrial) (flow.Tried, error) {
	return s.Flows.Try(ctx, flow.TryRequest(in))
}}
