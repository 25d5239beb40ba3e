package api

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// LetterFilter picks dead letters: by ID, of a flow, of a group, or all.
type LetterFilter struct {
	IDs    []string `json:"ids,omitempty" doc:"these alone"`
	Flow   string   `json:"flow,omitempty" doc:"of this flow"`
	Group  string   `json:"group,omitempty" doc:"of this group: refused for the same reason"`
	Stage  string   `json:"stage,omitempty" doc:"refused there" enum:"source,transform,prepare,destination"`
	Stream string   `json:"stream,omitempty" doc:"of this stream"`
	All    bool     `json:"all,omitempty" doc:"of all flows, where something is done to them"`
	State  string   `json:"state,omitempty" doc:"in this state" enum:"open,replaying,replayed,discarded"`
	Newest bool     `json:"newest,omitempty" doc:"the newest first"`
	After  string   `json:"after,omitempty" doc:"next of the page before"`
	Limit  int      `json:"limit,omitempty" doc:"how many; 100 if not said, at most 1000"`
}

func (f LetterFilter) request() flow.LetterRequest {
	return flow.LetterRequest{IDs: f.IDs, Flow: f.Flow, All: f.All, Group: f.Group, Stage: f.Stage, Stream: f.Stream, State: f.State, Newest: f.Newest}
}

// A Letter is a dead letter as doors show it.
type Letter struct {
	store.DeadLetter
	Flow string          `json:"flow"`
	Body json.RawMessage `json:"body,omitempty"` // only where one is shown or exported
	Text string          `json:"text,omitempty"` // the body, if it is no JSON
}

func letters(ctx context.Context, s *Services, all []store.DeadLetter) ([]Letter, error) {
	ids := make([]int64, len(all))
	for i, d := range all {
		ids[i] = d.FlowID
	}
	flows, err := s.Store.ObjectsWithIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := []Letter{}
	for _, d := range all {
		one := Letter{DeadLetter: d, Flow: flows[d.FlowID].Name}
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
	return letterPage(ctx, s, in, false)
}}

func letterPage(ctx context.Context, s *Services, in LetterFilter, whole bool) (Page[Letter], error) {
	found, next, err := s.Flows.LetterPage(ctx, in.request(), store.Page{After: in.After, Limit: in.Limit}, whole)
	if err != nil {
		return Page[Letter]{}, err
	}
	all, err := letters(ctx, s, found)
	return paged(all, next, err)
}

// A GroupFilter picks groups of dead letters.
type GroupFilter struct {
	Flow  string `json:"flow,omitempty" doc:"of this flow"`
	State string `json:"state,omitempty" doc:"letters in this state; open if not said" enum:"open,replaying,replayed,discarded"`
	Limit int    `json:"limit,omitempty" doc:"how many; 100 if not said, at most 1000"`
}

// A LetterGroup is the letters of a flow that were refused for the same reason.
type LetterGroup struct {
	store.LetterGroup
	Flow string `json:"flow"`
}

// LetterGroups are the largest groups.
type LetterGroups struct {
	Items   []LetterGroup `json:"items"`
	Letters int64         `json:"dead_letters"` // in all groups
	Groups  int64         `json:"groups"`       // those included that are not in items
}

// LetterGroupList lists dead letters by the reason for which they were refused, the largest group first.
var LetterGroupList = Operation[GroupFilter, LetterGroups]{Name: "deadletter.groups", Route: "GET /dead-letters/groups", Summary: "List dead letters by the reason for which they were refused", Do: func(ctx context.Context, s *Services, in GroupFilter) (LetterGroups, error) {
	out := LetterGroups{Items: []LetterGroup{}}
	o, err := object.Picked(ctx, s.Store, store.Flow, in.Flow, "flow")
	if err != nil {
		return out, err
	}
	if in.State == "" {
		in.State = store.LetterOpen
	}
	var groups []store.LetterGroup
	if groups, out.Letters, out.Groups, err = s.Store.LetterGroups(ctx, o.ID, in.State, in.Limit); err != nil {
		return out, err
	}
	var ids []int64
	for _, g := range groups {
		ids = append(ids, g.FlowID)
	}
	flows, err := s.Store.ObjectsWithIDs(ctx, ids)
	for _, g := range groups {
		out.Items = append(out.Items, LetterGroup{LetterGroup: g, Flow: flows[g.FlowID].Name})
	}
	return out, err
}}

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
	return letterPage(ctx, s, in, true)
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
	views, err := viewRuns(ctx, s, runs)
	return paged(views, "", err)
}}

// A LetterDiscarding picks dead letters to be given up, with the reason.
type LetterDiscarding struct {
	LetterFilter
	Reason string `json:"reason,omitempty" doc:"why they are given up: it stands in the list and in the audit log; at most 500 characters"`
}

// Discarded tells how many letters were given up.
type Discarded struct {
	Letters int64  `json:"dead_letters"`
	Reason  string `json:"reason,omitempty"`

	picked LetterFilter
}

// told is what the audit log keeps of it.
func (d Discarded) told() (json.RawMessage, string) {
	d.picked.IDs = d.picked.IDs[:min(len(d.picked.IDs), 100)]
	raw, err := json.Marshal(struct {
		Letters int64        `json:"dead_letters"`
		Reason  string       `json:"reason,omitempty"`
		Picked  LetterFilter `json:"picked"`
	}{d.Letters, d.Reason, d.picked})
	if err != nil {
		return nil, ""
	}
	return raw, ""
}

// LetterDiscard gives letters up.
var LetterDiscard = Operation[LetterDiscarding, Discarded]{Name: "deadletter.discard", Route: "POST /dead-letters/discard", Summary: "Give dead letters up", Changes: true, Do: func(ctx context.Context, s *Services, in LetterDiscarding) (Discarded, error) {
	r := in.request()
	r.Why = in.Reason
	n, err := s.Flows.Discard(ctx, r)
	return Discarded{Letters: n, Reason: strings.TrimSpace(in.Reason), picked: in.LetterFilter}, err
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
