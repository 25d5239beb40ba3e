package api

import (
	"context"
	"encoding/json"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/destination"
	"github.com/headrace/headrace/internal/store"
)

// DestinationCreate makes a destination.
var DestinationCreate = Operation[Draft, destination.View]{Name: "destination.create", Route: "POST /destinations", Creates: true, Of: store.Destination, Summary: "Make a destination", Changes: true, Do: func(ctx context.Context, s *Services, in Draft) (destination.View, error) {
	d, err := in.draft()
	if err != nil {
		return destination.View{}, err
	}
	o, err := s.Destinations.Create(ctx, d, nil)
	if exists(err) && in.IfExists == IfExistsOK {
		return s.Destinations.Show(ctx, in.Name)
	}
	if exists(err) && in.IfExists == IfExistsUpdate {
		c, specErr := in.replacement()
		if specErr != nil {
			return destination.View{}, specErr
		}
		o, err = s.Destinations.Edit(ctx, in.Name, c, nil)
	}
	if err != nil {
		return destination.View{}, err
	}
	return s.Destinations.ViewOf(ctx, o)
}}

// DestinationList lists destinations.
var DestinationList = Operation[UseQuery, Page[destination.View]]{Name: "destination.list", Route: "GET /destinations", Summary: "List destinations", Do: func(ctx context.Context, s *Services, in UseQuery) (Page[destination.View], error) {
	f, err := in.filter(ctx, s.Store)
	if err != nil {
		return Page[destination.View]{}, err
	}
	return paged(s.Destinations.Page(ctx, f, in.page()))
}}

// DestinationShow shows one.
var DestinationShow = Operation[Named, destination.View]{Name: "destination.show", Route: "GET /destinations/{name}", Summary: "Show a destination", Do: func(ctx context.Context, s *Services, in Named) (destination.View, error) {
	return s.Destinations.Show(ctx, in.Name)
}}

// DestinationEdit changes a destination.
var DestinationEdit = Operation[Change, destination.View]{Name: "destination.edit", Route: "PATCH /destinations/{name}", Of: store.Destination, Summary: "Change a destination", Changes: true, Do: func(ctx context.Context, s *Services, in Change) (destination.View, error) {
	c, err := in.change()
	if err != nil {
		return destination.View{}, err
	}
	o, err := s.Destinations.Edit(ctx, in.Name, c, nil)
	if err != nil {
		return destination.View{}, err
	}
	return s.Destinations.ViewOf(ctx, o)
}}

// DestinationPause stops writing.
var DestinationPause = Operation[Pause, destination.View]{Name: "destination.pause", Route: "POST /destinations/{name}/pause", Of: store.Destination, Summary: "Stop writing to a destination", Changes: true, Do: func(ctx context.Context, s *Services, in Pause) (destination.View, error) {
	o, err := s.Destinations.Pause(ctx, in.Name, in.Reason)
	if err != nil {
		return destination.View{}, err
	}
	return s.Destinations.ViewOf(ctx, o)
}}

// DestinationResume writes again.
var DestinationResume = Operation[Resumption, destination.View]{Name: "destination.resume", Route: "POST /destinations/{name}/resume", Of: store.Destination, Summary: "Let a paused destination go on", Changes: true, Do: func(ctx context.Context, s *Services, in Resumption) (destination.View, error) {
	o, err := s.Destinations.Resume(ctx, in.Name)
	if err != nil {
		return destination.View{}, err
	}
	return s.Destinations.ViewOf(ctx, o)
}}

// DestinationRemove removes a destination that no flow uses.
var DestinationRemove = Operation[Removal, None]{Name: "destination.remove", Route: "DELETE /destinations/{name}", Of: store.Destination, Summary: "Remove a destination", Changes: true, Do: func(ctx context.Context, s *Services, in Removal) (None, error) {
	return remove(ctx, s.Destinations.Keeper, in)
}}

// DestinationTest makes the connector's checks.
var DestinationTest = Operation[Named, Checks]{Name: "destination.test", Route: "POST /destinations/{name}/test", Role: account.Operator, Summary: "Check whether a destination can be written to", Do: func(ctx context.Context, s *Services, in Named) (Checks, error) {
	all, err := s.Destinations.Test(ctx, in.Name)
	return checks(in.Name, all), err
}}

// DestinationActions lists a destination's actions.
var DestinationActions = Operation[Named, Page[Action]]{Name: "destination.actions", Route: "GET /destinations/{name}/actions", Summary: "List the named operations of a destination", Do: func(ctx context.Context, s *Services, in Named) (Page[Action], error) {
	all, err := s.Destinations.Actions(ctx, in.Name)
	return Page[Action]{Items: actionsOf(all)}, err
}}

// DestinationAct runs an action of a destination.
var DestinationAct = Operation[ActionRequest, json.RawMessage]{Name: "destination.act", Route: "POST /destinations/{name}/actions/{action}", Of: store.Destination, Summary: "Run a named operation of a destination", Changes: true, Do: func(ctx context.Context, s *Services, in ActionRequest) (json.RawMessage, error) {
	node, err := in.input()
	if err != nil {
		return nil, err
	}
	return s.Destinations.Act(ctx, in.Name, in.Action, node)
}}
