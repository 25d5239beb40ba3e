// Package destination keeps destinations: configured uses of connectors for writing. Start at Service.
package destination

import (
	"context"
	"encoding/json"
	"math"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// half is the writing half of a connector.
var half = object.Half{Verb: "write", Fresh: func(c connector.Spec) (func() connector.Config, bool) {
	if c.Destination == nil {
		return nil, false
	}
	return c.Destination.Config, true
}}

// A Clash tells why a destination's new settings don't go with the flows that write to it; package flow knows.
type Clash func(ctx context.Context, look object.Look, changed store.Object) error

type kind struct {
	connectors object.Connectors
	clash      Clash
}

func (kind) Name() string { return store.Destination }

// Judge reads and checks a destination's settings. A destination keeps its connector.
func (k kind) Judge(ctx context.Context, look object.Look, o *store.Object, spec *yaml.Node) error {
	before, _ := half.Read(k.connectors, *o)
	if err := half.Judge(ctx, look, k.connectors, o, spec); err != nil {
		return err
	}
	if now, err := half.Read(k.connectors, *o); err == nil && before.Config != nil && now.Connector.Name != before.Connector.Name {
		return fault.Problems{{Field: "spec.connector", Text: "a destination keeps its connector; make a new destination"}}.Err()
	}
	if o.ID == 0 || k.clash == nil {
		return nil
	}
	return k.clash(ctx, look, *o)
}

// Draw writes the settings as a person would.
func (k kind) Draw(ctx context.Context, look object.Look, o store.Object) (*yaml.Node, error) {
	return half.Draw(ctx, look, o)
}

// Credentials opens credentials for a connector.
type Credentials interface {
	Open(ctx context.Context, id int64) (*connector.Credential, error)
}

// Service does what doors offer with destinations.
type Service struct {
	object.Keeper
	connectors  object.Connectors
	credentials Credentials
	env         object.Env
}

// New makes the service.
func New(s *store.Store, connectors object.Connectors, credentials Credentials, env object.Env, clash Clash) *Service {
	return &Service{Keeper: object.Keeper{Store: s, Kind: kind{connectors, clash}}, connectors: connectors, credentials: credentials, env: env}
}

// Read gives a destination's connector and config.
func Read(all object.Connectors, o store.Object) (object.Use, error) { return half.Read(all, o) }

// named gives a destination with its connector and config.
func (s *Service) named(ctx context.Context, name string) (store.Object, object.Use, error) {
	o, err := s.Store.Object(ctx, store.Destination, name)
	if err != nil {
		return o, object.Use{}, err
	}
	use, err := half.Read(s.connectors, o)
	return o, use, err
}

// Env gives what the destination's connector is opened with for a flow ("" for a test).
func (s *Service) Env(ctx context.Context, o store.Object, flow string) (connector.Env, error) {
	var c *connector.Credential
	if o.CredentialID != 0 {
		var err error
		if c, err = s.credentials.Open(ctx, o.CredentialID); err != nil {
			return connector.Env{}, err
		}
	}
	return s.env(o.Name, flow, c), nil
}

// Inventory tells what a destination holds, as far as we know.
func (s *Service) Inventory(ctx context.Context, name string) (connector.Inventory, error) {
	o, use, err := s.named(ctx, name)
	if err != nil {
		return connector.Inventory{}, err
	}
	return connector.Inventory{Connector: use.Connector.Name, Config: use.Config, Keys: func(ctx context.Context, after string, limit int) ([]string, error) {
		from := int64(math.MinInt64)
		if after != "" {
			from = store.KeyHash(after)
		}
		items, err := s.Store.Inventory(ctx, o.ID, from, limit)
		keys := make([]string, len(items))
		for i, item := range items {
			keys[i] = item.Key
		}
		return keys, err
	}}, nil
}

// Open opens a destination for a flow; it doesn't talk to the remote.
func (s *Service) Open(ctx context.Context, o store.Object, flow string) (connector.Destination, object.Use, error) {
	use, err := half.Read(s.connectors, o)
	if err != nil {
		return nil, use, err
	}
	env, err := s.Env(ctx, o, flow)
	if err != nil {
		return nil, use, err
	}
	opened, err := use.Connector.Destination.Open(use.Config, env)
	return opened, use, err
}

// Test makes the connector's checks of a destination.
func (s *Service) Test(ctx context.Context, name string) ([]connector.Check, error) {
	o, use, err := s.named(ctx, name)
	if err != nil {
		return nil, err
	}
	if use.Connector.Destination.Check == nil {
		return []connector.Check{}, nil
	}
	env, err := s.Env(ctx, o, "")
	if err != nil {
		return nil, err
	}
	return use.Connector.Destination.Check(ctx, use.Config, env), nil
}

// Actions gives the connector's named operations for a destination.
func (s *Service) Actions(ctx context.Context, name string) ([]connector.Action, error) {
	_, use, err := s.named(ctx, name)
	if err != nil {
		return nil, err
	}
	return use.Connector.Destination.Actions, nil
}

// Act runs one of them with input, a mapping of its settings.
func (s *Service) Act(ctx context.Context, name, action string, input *yaml.Node) (json.RawMessage, error) {
	o, use, err := s.named(ctx, name)
	if err != nil {
		return nil, err
	}
	return use.Act(ctx, use.Connector.Destination.Actions, action, input, func() (connector.Env, error) { return s.Env(ctx, o, "") })
}
