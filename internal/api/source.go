package api

import (
	"context"
	"encoding/json"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/source"
)

// SourceCreate makes a source.
var SourceCreate = Operation[Draft, source.View]{Name: "source.create", Summary: "Make a source", Changes: true, Do: func(ctx context.Context, s *Services, in Draft) (source.View, error) {
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
var SourceList = Operation[None, []source.View]{Name: "source.list", Summary: "List sources", Do: func(ctx context.Context, s *Services, _ None) ([]source.View, error) {
	return s.Sources.ListViews(ctx)
}}

// SourceShow shows one.
var SourceShow = Operation[Named, source.View]{Name: "source.show", Summary: "Show a source", Do: func(ctx context.Context, s *Services, in Named) (source.View, error) {
	return s.Sources.Show(ctx, in.Name)
}}

// SourceEdit changes a source.
var SourceEdit = Operation[Change, source.View]{Name: "source.edit", Summary: "Change a source", Changes: true, Do: func(ctx context.Context, s *Services, in Change) (source.View, error) {
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
var SourcePause = Operation[Pause, source.View]{Name: "source.pause", Summary: "Stop listing a source", Changes: true, Do: func(ctx context.Context, s *Services, in Pause) (source.View, error) {
	o, err := s.Sources.Pause(ctx, in.Name, in.Reason)
	if err != nil {
		return source.View{}, err
	}
	return s.Sources.ViewOf(ctx, o)
}}

// SourceResume lists again.
var SourceResume = Operation[Named, source.View]{Name: "source.resume", Summary: "Let a paused source go on", Changes: true, Do: func(ctx context.Context, s *Services, in Named) (source.View, error) {
	o, err := s.Sources.Resume(ctx, in.Name)
	if err != nil {
		return source.View{}, err
	}
	return s.Sources.ViewOf(ctx, o)
}}

// SourceRemove removes a source that no flow uses, and what is remembered of it.
var SourceRemove = Operation[Removal, None]{Name: "source.remove", Summary: "Remove a source", Changes: true, Do: func(ctx context.Context, s *Services, in Removal) (None, error) {
	return remove(ctx, s.Sources.Keeper, in)
}}

// SourceTest makes the connector's checks.
var SourceTest = Operation[Named, Checks]{Name: "source.test", Summary: "Check whether a source can be read", Do: func(ctx context.Context, s *Services, in Named) (Checks, error) {
	all, err := s.Sources.Test(ctx, in.Name)
	return checks(in.Name, all), err
}}

// SampleRequest asks for some records.
type SampleRequest struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// SourceSample reads some records; nothing is remembered.
var SourceSample = Operation[SampleRequest, []source.Sample]{Name: "source.sample", Summary: "Read some records of a source", Do: func(ctx context.Context, s *Services, in SampleRequest) ([]source.Sample, error) {
	return s.Sources.Sample(ctx, in.Name, min(max(in.Count, 1), 1000))
}}

// An Action is a named operation of a connector.
type Action struct {
	Name    string         `json:"name"`
	Summary string         `json:"summary"`
	Changes bool           `json:"changes"`
	Input   []config.Field `json:"input"`
}

// SourceActions lists a source's actions.
var SourceActions = Operation[Named, []Action]{Name: "source.actions", Summary: "List the named operations of a source", Do: func(ctx context.Context, s *Services, in Named) ([]Action, error) {
	all, err := s.Sources.Actions(ctx, in.Name)
	return actionsOf(all), err
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
	Input  json.RawMessage `json:"input"`
}

// SourceAct runs an action of a source.
var SourceAct = Operation[ActionRequest, json.RawMessage]{Name: "source.act", Summary: "Run a named operation of a source", Changes: true, Do: func(ctx context.Context, s *Services, in ActionRequest) (json.RawMessage, error) {
	node, err := spec(in.Input)
	if err != nil {
		return nil, err
	}
	return s.Sources.Act(ctx, in.Name, in.Action, node)
}}
