// Package source keeps sources: configured uses of connectors for reading. Start at Service.
package source

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// half is the reading half of a connector.
var half = object.Half{Verb: "read", Fresh: func(c connector.Spec) (func() connector.Config, bool) {
	if c.Source == nil {
		return nil, false
	}
	return c.Source.Config, true
}}

type kind struct{ connectors object.Connectors }

func (kind) Name() string { return store.Source }

// Judge reads and checks a source's settings. A source keeps its connector.
func (k kind) Judge(ctx context.Context, look object.Look, o *store.Object, spec *yaml.Node) error {
	before, _ := half.Read(k.connectors, *o)
	if err := half.Judge(ctx, look, k.connectors, o, spec); err != nil {
		return err
	}
	if now, err := half.Read(k.connectors, *o); err == nil && before.Config != nil && now.Connector.Name != before.Connector.Name {
		return fault.Problems{{Field: "spec.connector", Text: "a source keeps its connector; make a new source"}}.Err()
	}
	return nil
}

// Draw writes the settings as a person would.
func (k kind) Draw(ctx context.Context, look object.Look, o store.Object) (*yaml.Node, error) {
	return half.Draw(ctx, look, o)
}

// Credentials opens credentials for a connector.
type Credentials interface {
	Open(ctx context.Context, id int64) (*connector.Credential, error)
}

// Service does what doors offer with sources.
type Service struct {
	object.Keeper
	connectors  object.Connectors
	credentials Credentials
	env         object.Env
}

// New makes the service.
func New(s *store.Store, connectors object.Connectors, credentials Credentials, env object.Env) *Service {
	return &Service{Keeper: object.Keeper{Store: s, Kind: kind{connectors}}, connectors: connectors, credentials: credentials, env: env}
}

// A View is a source as doors show it.
type View struct {
	object.View
	Connector  string   `json:"connector"`
	Credential string   `json:"credential,omitempty"`
	Streams    []string `json:"streams,omitempty"`
	UsedBy     []string `json:"used_by"` // flows; in a list the first few of them
	Uses       int      `json:"uses"`    // how many there are

	State   string         `json:"state"`             // on, idle (no flow wants it), paused, trouble
	Listed  time.Time      `json:"listed,omitzero"`   // the last listing that ended well
	Due     time.Time      `json:"due,omitzero"`      // the next one
	Trouble *store.Trouble `json:"trouble,omitempty"` // of the last listing, if it did not end well
}

// Read gives a source's connector and config.
func (s *Service) Read(o store.Object) (object.Use, error) { return half.Read(s.connectors, o) }

// named gives a source with its connector and config.
func (s *Service) named(ctx context.Context, name string) (store.Object, object.Use, error) {
	o, err := s.Store.Object(ctx, store.Source, name)
	if err != nil {
		return o, object.Use{}, err
	}
	use, err := s.Read(o)
	return o, use, err
}

// Env gives what the source's connector is opened with.
func (s *Service) Env(ctx context.Context, o store.Object) (connector.Env, error) {
	var c *connector.Credential
	if o.CredentialID != 0 {
		var err error
		if c, err = s.credentials.Open(ctx, o.CredentialID); err != nil {
			return connector.Env{}, err
		}
	}
	return s.env(o.Name, "", c), nil
}

// Open opens a source for reading; it doesn't talk to the remote.
func (s *Service) Open(ctx context.Context, o store.Object) (connector.Source, object.Use, error) {
	use, err := s.Read(o)
	if err != nil {
		return nil, use, err
	}
	env, err := s.Env(ctx, o)
	if err != nil {
		return nil, use, err
	}
	opened, err := use.Connector.Source.Open(use.Config, env)
	return opened, use, err
}

// Test makes the connector's checks of a source.
func (s *Service) Test(ctx context.Context, name string) ([]connector.Check, error) {
	o, use, err := s.named(ctx, name)
	if err != nil {
		return nil, err
	}
	if use.Connector.Source.Check == nil {
		return []connector.Check{}, nil
	}
	env, err := s.Env(ctx, o)
	if err != nil {
		return nil, err
	}
	return use.Connector.Source.Check(ctx, use.Config, env), nil
}

// A Sample is a record for looking at.
type Sample struct {
	Key    string          `json:"key,omitempty"`
	Time   time.Time       `json:"time,omitzero"`
	Stream string          `json:"stream"`
	Body   json.RawMessage `json:"body"`
}

// maxSampleSplits bounds how many splits are read for a sample, sampleTime how long somebody waits for it.
const (
	maxSampleSplits = 20
	sampleTime      = 45 * time.Second
)

// Sample reads the newest few records that the source has now. Nothing is remembered of it; listing may start
// subscriptions, as it always may. When its time is up it gives what it has.
func (s *Service) Sample(ctx context.Context, name string, n int) ([]Sample, error) {
	o, err := s.Store.Object(ctx, store.Source, name)
	if err != nil {
		return nil, err
	}
	return s.sample(ctx, o, n)
}

func (s *Service) sample(ctx context.Context, o store.Object, n int) ([]Sample, error) {
	src, _, err := s.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { _ = src.Close() }()
	within, cancel := context.WithTimeout(ctx, sampleTime)
	defer cancel()
	samples, err := sampleOf(within, src, o.Name, n)
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		if len(samples) > 0 {
			return samples, nil
		}
		return nil, &fault.Error{Class: fault.Unavailable, Code: "sample_timeout", Title: fmt.Sprintf("the source gave no record within %s", connector.Duration(sampleTime)), Err: err,
			Hint: "It may be slow, or hold us back for its limits. Try again, or test the credential."}
	}
	return samples, err
}

func sampleOf(ctx context.Context, src connector.Source, name string, n int) ([]Sample, error) {
	var (
		samples []Sample
		cursor  connector.Cursor
		more    = true
	)
	for read := 0; more && read < maxSampleSplits; {
		found, err := src.Enumerate(ctx, cursor)
		if err != nil {
			return samples, fmt.Errorf("list %s: %w", name, err)
		}
		if len(found.Splits) == 0 && len(found.Failed) > 0 && !found.More {
			return samples, fmt.Errorf("list %s: %w", found.Failed[0].Stream, found.Failed[0].Err)
		}
		for _, split := range found.Splits {
			if read++; read > maxSampleSplits {
				break
			}
			if samples, err = readSome(ctx, src, split, samples, n); err != nil {
				return samples, err
			}
			if len(samples) >= n {
				return samples, nil
			}
		}
		cursor, more = found.Cursor, found.More
	}
	return samples, nil
}

func readSome(ctx context.Context, src connector.Source, split connector.Split, samples []Sample, n int) ([]Sample, error) {
	for record, err := range src.Read(ctx, split, 0) {
		if fault.ClassOf(err) == fault.Invalid && err != nil {
			continue
		}
		if err != nil {
			return samples, fmt.Errorf("read %s: %w", split.ID, err)
		}
		when := record.Time
		if when.IsZero() {
			when = split.Time
		}
		samples = append(samples, Sample{Key: record.Key, Time: when, Stream: split.Stream, Body: append(json.RawMessage(nil), record.Body...)})
		if len(samples) >= n {
			return samples, nil
		}
	}
	return samples, nil
}

// Actions gives the connector's named operations for a source.
func (s *Service) Actions(ctx context.Context, name string) ([]connector.Action, error) {
	_, use, err := s.named(ctx, name)
	if err != nil {
		return nil, err
	}
	return use.Connector.Source.Actions, nil
}

// Act runs one of them with input, a mapping of its settings.
func (s *Service) Act(ctx context.Context, name, action string, input *yaml.Node) (json.RawMessage, error) {
	o, use, err := s.named(ctx, name)
	if err != nil {
		return nil, err
	}
	return use.Act(ctx, use.Connector.Source.Actions, action, input, func() (connector.Env, error) { return s.Env(ctx, o) })
}
