package api

import (
	"context"
	"encoding/json"

	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/store"
)

// LetterFilter picks dead letters: by ID, of a flow, or all.
type LetterFilter struct {
	IDs   []string `json:"ids,omitempty"`
	Flow  string   `json:"flow,omitempty"`
	All   bool     `json:"all,omitempty"`
	State string   `json:"state,omitempty"` // "": any
	Limit int      `json:"limit,omitempty"`
	After string   `json:"after,omitempty"` // the last ID of the page before, for an export
}

func (f LetterFilter) request() flow.LetterRequest {
	return flow.LetterRequest{IDs: f.IDs, Flow: f.Flow, All: f.All}
}

// A Letter is a dead letter as doors show it.
type Letter struct {
	store.DeadLetter
	Flow string          `json:"flow"`
	Body json.RawMessage `json:"body,omitempty"` // only where one is shown or exported
	Text string          `json:"text,omitempty"` // the body, if it is no JSON
}

func letters(ctx context.Context, s *Services, all []store.DeadLetter) ([]Letter, error) {
	flows, err := s.Store.Objects(ctx, store.Flow)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, f := range flows {
		names[f.ID] = f.Name
	}
	out := []Letter{}
	for _, d := range all {
		one := Letter{DeadLetter: d, Flow: names[d.FlowID]}
		if json.Valid(d.Body) {
			one.Body = d.Body
		} else {
			one.Text = string(d.Body)
		}
		out = append(out, one)
	}
	return out, nil
}

// LetterList lists letters without their bodies.
var LetterList = Operation[LetterFilter, Page[Letter]]{Name: "deadletter.list", Route: "GET /dead-letters", Summary: "List dead letters", Do: func(ctx context.Context, s *Services, in LetterFilter) (Page[Letter], error) {
	return letterPage(ctx, s, in, s.Flows.Letters)
}}

// letterPage gives the letters after one, as look finds them.
func letterPage(ctx context.Context, s *Services, in LetterFilter, look func(context.Context, flow.LetterRequest, string, int64, int) ([]store.DeadLetter, error)) (Page[Letter], error) {
	page, after := Page[Letter]{Items: []Letter{}}, int64(0)
	if in.After != "" {
		d, err := s.Store.DeadLetter(ctx, in.After)
		if err != nil {
			return page, err
		}
		after = d.ID
	}
	limit := limitOf(in.Limit)
	all, err := look(ctx, in.request(), in.State, after, limit)
	if err != nil {
		return page, err
	}
	if page.Items, err = letters(ctx, s, all); err == nil && len(all) == limit {
		page.Next = all[limit-1].UID
	}
	return page, err
}

// LetterShow shows one with its body.
var LetterShow = Operation[Named, Letter]{Name: "deadletter.show", Route: "GET /dead-letters/{name}", Summary: "Show a dead letter with its record", Do: func(ctx context.Context, s *Services, in Named) (Letter, error) {
	d, err := s.Store.DeadLetter(ctx, in.Name)
	if err != nil {
		return Letter{}, err
	}
	all, err := letters(ctx, s, []store.DeadLetter{d})
	if err != nil {
		return Letter{}, err
	}
	return all[0], nil
}}

// LetterExport gives a page of letters with their bodies.
var LetterExport = Operation[LetterFilter, Page[Letter]]{Name: "deadletter.export", Route: "POST /dead-letters/export", Summary: "Export dead letters with their records", Do: func(ctx context.Context, s *Services, in LetterFilter) (Page[Letter], error) {
	return letterPage(ctx, s, in, s.Flows.LettersWhole)
}}

// LetterPlan tells what replaying or discarding letters would touch.
var LetterPlan = Operation[LetterFilter, flow.LetterPlan]{Name: "deadletter.plan", Route: "POST /dead-letters/plan", Summary: "Tell what replaying or discarding dead letters would touch", Do: func(ctx context.Context, s *Services, in LetterFilter) (flow.LetterPlan, error) {
	return s.Flows.PlanLetters(ctx, in.request())
}}

// LetterReplay sends letters through their flow again.
var LetterReplay = Operation[LetterFilter, Page[RunView]]{Name: "deadletter.replay", Route: "POST /dead-letters/replay", Summary: "Send dead letters through their flow again", Changes: true, Do: func(ctx context.Context, s *Services, in LetterFilter) (Page[RunView], error) {
	runs, err := s.Flows.Replay(ctx, in.request())
	if err != nil {
		return Page[RunView]{}, err
	}
	views := []RunView{}
	for _, r := range runs {
		v, err := viewRun(ctx, s, r, nil)
		if err != nil {
			return Page[RunView]{Items: views}, err
		}
		views = append(views, v)
	}
	return Page[RunView]{Items: views}, nil
}}

// Discarded tells how many letters were given up.
type Discarded struct {
	Letters int64 `json:"dead_letters"`
}

// LetterDiscard gives letters up.
var LetterDiscard = Operation[LetterFilter, Discarded]{Name: "deadletter.discard", Route: "POST /dead-letters/discard", Summary: "Give dead letters up", Changes: true, Do: func(ctx context.Context, s *Services, in LetterFilter) (Discarded, error) {
	n, err := s.Flows.Discard(ctx, in.request())
	return Discarded{Letters: n}, err
}}

// A LetterEdit replaces a letter's record.
type LetterEdit struct {
	Name string          `json:"name"`
	Body json.RawMessage `json:"body"`
}

// LetterEditBody replaces the record of an open letter.
var LetterEditBody = Operation[LetterEdit, None]{Name: "deadletter.edit", Route: "PATCH /dead-letters/{name}", Summary: "Replace the record of a dead letter", Changes: true, Do: func(ctx context.Context, s *Services, in LetterEdit) (None, error) {
	return None{}, s.Flows.EditLetter(ctx, in.Name, in.Body)
}}
