package source

import (
	"context"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// TestDraft makes the connector's checks of a source that is not saved; of names the one that it would change, "": a new
// one. Nothing is stored. Invalid with all problems where it could not be saved.
func (s *Service) TestDraft(ctx context.Context, d object.Draft, of string) ([]connector.Check, error) {
	o, err := s.judged(ctx, d, of)
	if err != nil {
		return nil, err
	}
	use, err := half.Read(s.connectors, o)
	if err != nil || use.Connector.Source.Check == nil {
		return []connector.Check{}, err
	}
	env, err := s.Env(ctx, o)
	if err != nil {
		return nil, err
	}
	return use.Connector.Source.Check(ctx, use.Config, env), nil
}

// SampleDraft reads the newest few records of a source that is not saved, as Sample does of one that is.
func (s *Service) SampleDraft(ctx context.Context, d object.Draft, of string, n int) ([]Sample, error) {
	o, err := s.judged(ctx, d, of)
	if err != nil {
		return nil, err
	}
	return s.sample(ctx, o, n)
}

// judged gives the object that a draft would make, with a name for errors.
func (s *Service) judged(ctx context.Context, d object.Draft, of string) (store.Object, error) {
	o, err := s.Judged(ctx, d, of)
	if o.Name == "" {
		o.Name = "draft"
	}
	return o, err
}
