package api

import (
	"context"
	"encoding/json"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
)

// SourceCreate makes a source.
var SourceCreate = Operation[Draft, source.View]{Name: "source.create", Route: "POST /sources", Creates: true, Of: store.Source, Summary: "Make a source", Changes: true, Do: func(ctx context.Context, s *Services, in Draft) (source.View, error) {
	d, err := in.draft()
	if err != nil {
		return source.View{}, err
	}
	o, err := s.Sources.Create(ctx, d, nil)
	if exists(err) && in.IfExists == IfExistsOK {
		return s.Sources.Show(ctx, in.Name)
	}
	if exists(err) && in.IfExists == IfExistsUpdate {
		c, specErr := in.replacement()
		if specErr != nil {
			return source.View{}, specErr
		}
		o, err = s.Sources.Edit(ctx, in.Name, c, nil)
	}
	if err != nil {
		return source.View{}, err
	}
	return s.Sources.ViewOf(ctx, o)
}}

// SourceList lists sources.
var SourceList = Operation[UseQuery, Page[source.View]]{Name: "source.list", Route: "GET /sources", Summary: "List sources", Do: func(ctx context.Context, s *Services, in UseQuery) (Page[source.View], error) {
	f, err := in.filter(ctx, s.Store)
	if err != nil {
		return Page[source.View]{}, err
	}
	return paged(s.Sources.Page(ctx, f, in.page()))
}}

// SourceShow shows one.
var SourceShow = Operation[Named, source.View]{Name: "source.show", Route: "GET /sources/{name}", Summary: "Show a source", Do: func(ctx context.Context, s *Services, in Named) (source.View, error) {
	return s.Sources.Show(ctx, in.Name)
}}

// SourceEdit changes a source.
var SourceEdit = Operation[Change, source.View]{Name: "source.edit", Route: "PATCH /sources/{name}", Of: store.Source, Summary: "Change a source", Changes: true, Do: func(ctx context.Context, s *Services, in Change) (source.View, error) {
	c, err := in.change()
	if err != nil {
		return source.View{}, err
	}
	o, err := s.Sources.Edit(ctx, in.Name, c, nil)
	if err != nil {
		return source.View{}, err
	}
	return s.Sources.ViewOf(ctx, o)
}}

// SourcePause stops listing.
var SourcePause = Operation[Pause, source.View]{Name: "source.pause", Route: "POST /sources/{name}/pause", Of: store.Source, Summary: "Stop listing a source", Changes: true, Do: func(ctx context.Context, s *Services, in Pause) (source.View, error) {
	o, err := s.Sources.Pause(ctx, in.Name, in.Reason)
	if err != nil {
		return source.View{}, err
	}
	return s.Sources.ViewOf(ctx, o)
}}

// SourceResume lists again.
var SourceResume = Operation[Resumption, source.View]{Name: "source.resume", Route: "POST /sources/{name}/resume", Of: store.Source, Summary: "Let a paused source go on", Changes: true, Do: func(ctx context.Context, s *Services, in Resumption) (source.View, error) {
	o, err := s.Sources.Resume(ctx, in.Name)
	if err != nil {
		return source.View{}, err
	}
	return s.Sources.ViewOf(ctx, o)
}}

// SourceRemove removes a source that no flow uses, and what is remembered of it.
var SourceRemove = Operation[Removal, None]{Name: "source.remove", Route: "DELETE /sources/{name}", Of: store.Source, Summary: "Remove a source", Changes: true, Do: func(ctx context.Context, s *Services, in Removal) (None, error) {
	return remove(ctx, s.Sources.Keeper, in)
}}

// SourceTest makes the connector's checks.
var SourceTest = Operation[Named, Checks]{Name: "source.test", Route: "POST /sources/{name}/test", Role: account.Operator, Summary: "Check whether a source can be read", Do: func(ctx context.Context, s *Services, in Named) (Checks, error) {
	all, err := s.Sources.Test(ctx, in.Name)
	return checks(in.Name, all), err
}}

// SampleRequest asks for some records.
type SampleRequest struct {
	Name  string `json:"name"`
	Count int    `json:"count,omitempty" doc:"how many; 1 if not said, at most 1000"`
}

// SourceSample reads some records; nothing is remembered.
var SourceSample = Operation[SampleRequest, Page[source.Sample]]{Name: "source.sample", Route: "POST /sources/{name}/sample", Summary: "Read some records of a source", Do: func(ctx context.Context, s *Services, in SampleRequest) (Page[source.Sample], error) {
	all, err := s.Sources.Sample(ctx, in.Name, min(max(in.Count, 1), 1000))
	return Page[source.Sample]{Items: all}, err
}}

// An Action is a named operation of a connector.
type Action struct {
	Name    string         `json:"name"`
	Summary string         `json:"summary"`
	Changes bool           `json:"changes"`
	Input   []config.Field `json:"input"`
}

// SourceActions lists a source's actions.
var SourceActions = Operation[Named, Page[Action]]{Name: "source.actions", Route: "GET /sources/{name}/actions", Summary: "List the named operations of a source", Do: func(ctx context.Context, s *Services, in Named) (Page[Action], error) {
	all, err := s.Sources.Actions(ctx, in.Name)
	return Page[Action]{Items: actionsOf(all)}, err
}}

func actionsOf(all []connector.Action) []Action {
	out := []Action{}
	for _, a := range all {
		one := Action{Name: a.Name, Summary: a.Summary, Changes: a.Changes}
		if a.Input != nil {
			one.Input = config.Fields(a.Input())
		}
		out = append(out, one)
	}
	return out
}

// An ActionRequest runs an action.
type ActionRequest struct {
	Name   string          `json:"name"`
	Action string          `json:"action"`
	Input  json.RawMessage `json:"input,omitempty"`
}

// input is what the action takes; nothing is an empty mapping.
func (r ActionRequest) input() (*yaml.Node, error) {
	if len(r.Input) == 0 {
		return config.Mapping(), nil
	}
	return mapping(r.Input, "input")
}

// SourceAct runs an action of a source.
var SourceAct = Operation[ActionRequest, json.RawMessage]{Name: "source.act", Route: "POST /sources/{name}/actions/{action}", Of: store.Source, Summary: "Run a named operation of a source", Changes: true, Do: func(ctx context.Context, s *Services, in ActionRequest) (json.RawMessage, error) {
	node, err := in.input()
	if err != nil {
		return nil, err
	}
	return s.Sources.Act(ctx, in.Name, in.Action, node)
}}
