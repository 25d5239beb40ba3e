package source

import (
	"context"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// findTime is how long somebody waits for one record.
const findTime = 20 * time.Second

// Find gives one record as the source has it now. Invalid beside a sample with its key is a record that the source
// refuses; else the errors of the contract's Find, Invalid if the connector has none, Unavailable when time was up.
func (s *Service) Find(ctx context.Context, o store.Object, sought connector.Sought) (Sample, error) {
	use, err := s.Read(o)
	if err != nil {
		return Sample{}, err
	}
	look := use.Connector.Source.Find
	if look == nil {
		return Sample{}, &fault.Error{Class: fault.Invalid, Code: "find_unsupported", Title: fmt.Sprintf("a source of the connector %s can't be asked for one record", use.Connector.Name),
			Hint: "take the record from a sample of the source, and compare it by hand"}
	}
	env, err := s.Env(ctx, o)
	if err != nil {
		return Sample{}, err
	}
	within, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	r, err := look(within, use.Config, env, sought)
	switch {
	case err == nil && r.Op == connector.Delete:
		return Sample{}, &fault.Error{Class: fault.NotFound, Code: "record_deleted", Title: "the source says that the record is deleted"}
	case err != nil && ctx.Err() == nil && within.Err() != nil:
		return Sample{}, &fault.Error{Class: fault.Unavailable, Code: "find_timeout", Title: fmt.Sprintf("the record was not found within %s, and not everything was looked at", connector.Duration(findTime)), Err: err,
			Hint: "A table must be read from its beginning, and a storage may be slow. Take the record out of the source yourself, and compare it by hand."}
	}
	return Sample{Key: r.Key, Time: r.Time, Stream: r.Stream, Body: r.Body}, err
}
