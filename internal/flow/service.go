package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
)

const hour = time.Hour

// Sources reads sources; package source is one.
type Sources interface {
	Read(o store.Object) (object.Use, error)
	Sample(ctx context.Context, name string, n int) ([]source.Sample, error)
}

// Service does what doors offer with flows and their runs.
type Service struct {
	object.Keeper
	connectors object.Connectors
	sources    Sources
}

// New makes the service.
func New(s *store.Store, connectors object.Connectors, sources Sources) *Service {
	return &Service{Keeper: object.Keeper{Store: s, Kind: kind{connectors, newWrites()}}, connectors: connectors, sources: sources}
}

// Add makes a flow. On a source that has been listing for others, the flow also gets what the source still has: a
// backfill is made for it, and given back (nil: none was needed).
func (s *Service) Add(ctx context.Context, d object.Draft) (store.Object, *store.Run, error) {
	o, err := s.Create(ctx, d, nil)
	if err != nil {
		return o, nil, err
	}
	run, err := s.CatchUp(ctx, o)
	return o, run, err
}

// CatchUp makes the backfill of all that the source still has, if it was listed before this flow was there.
func (s *Service) CatchUp(ctx context.Context, o store.Object) (*store.Run, error) {
	listed, err := s.hasListed(ctx, o.SourceID)
	if err != nil || !listed {
		return nil, err
	}
	src, err := s.Store.ObjectByID(ctx, store.Source, o.SourceID)
	if err != nil {
		return nil, err
	}
	use, err := s.sources.Read(src)
	if err != nil {
		return nil, err
	}
	now := s.Store.Now().UTC()
	from := time.Time{}
	if use.Connector.Source.Horizon > 0 {
		from = reach(use, now)
	}
	if s, _ := Read(o); s.Mode == Mirror {
		return nil, nil // its first crawl reads everything
	}
	run, err := s.startBackfill(ctx, o, src, use, Window{From: from, To: now}, false, "what the source had before the flow was made")
	return &run, err
}

// brink is how much of a source's oldest content is left alone: it is forgotten before it could be listed and read,
// and asking for it would be reported as a loss.
const brink = 10 * time.Minute

// reach is the earliest time that a backfill can ask for.
func reach(use object.Use, now time.Time) time.Time {
	return now.Add(brink - use.Connector.Source.Horizon)
}

// hasListed tells whether splits of a source may be known that a new flow was not there for.
func (s *Service) hasListed(ctx context.Context, sourceID int64) (bool, error) {
	listings, err := s.Store.Listings(ctx, sourceID)
	for _, l := range listings {
		if l.RunID == 0 && (!l.Listed.IsZero() || l.Pending > 0) {
			return true, err
		}
	}
	return false, err
}

// A Window is a piece of time, [From, To), UTC.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// runSpec is what a run remembers of the request for it.
type runSpec struct {
	Window
	Again  bool   `json:"again,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (s *Service) startBackfill(ctx context.Context, o, src store.Object, use object.Use, w Window, again bool, reason string) (store.Run, error) {
	spec := use.Connector.Source
	var cursor connector.Cursor
	if spec.Range != nil {
		var err error
		if cursor, err = spec.Range(use.Config, w.From, w.To); err != nil {
			return store.Run{}, err
		}
	}
	raw, err := json.Marshal(runSpec{Window: w, Again: again, Reason: reason})
	if err != nil {
		return store.Run{}, fmt.Errorf("write the run's request: %w", err)
	}
	return s.Store.CreateRun(ctx, store.Run{Kind: store.Backfill, FlowID: o.ID, Spec: raw},
		&store.RunListing{SourceID: src.ID, Cursor: cursor, Tenant: o.Tenant, Again: again})
}

// RemoveWithItems begins the removal of a mirror flow and of everything that its destination holds. The flow goes when the
// run has ended well.
func (s *Service) RemoveWithItems(ctx context.Context, name string, revision int64) (*store.Run, error) {
	o, err := s.RemovableWithItems(ctx, name, revision)
	if err != nil {
		return nil, err
	}
	run, err := s.Store.StartRemoval(ctx, o)
	return &run, err
}

// RemovableWithItems tells whether RemoveWithItems would begin, and gives the flow.
func (s *Service) RemovableWithItems(ctx context.Context, name string, revision int64) (store.Object, error) {
	o, err := s.Removable(ctx, name, revision)
	if err != nil {
		return o, err
	}
	settings, err := Read(o)
	if err != nil {
		return o, err
	}
	if settings.Mode != Mirror {
		return o, &fault.Error{Class: fault.Invalid, Code: "not_a_mirror", Title: fmt.Sprintf("flow %q appends: what it delivered is not its own to delete", name), Hint: "remove it without --delete-items"}
	}
	if o.Paused {
		return o, &fault.Error{Class: fault.Conflict, Code: "paused", Title: fmt.Sprintf("flow %q is paused, so nothing would be deleted", name), Hint: "headrace flow resume " + name}
	}
	return o, nil
}

// Now makes the next listing of a flow's source due at once and tries what rests after a trouble. Of a flow that mirrors it
// begins a crawl, too, and gives it; all: it reads everything again. Conflict while another crawl is open.
func (s *Service) Now(ctx context.Context, name string, all bool) (*store.Run, error) {
	o, err := s.Store.Object(ctx, store.Flow, name)
	if err != nil {
		return nil, err
	}
	if o.Paused {
		return nil, &fault.Error{Class: fault.Conflict, Code: "paused", Title: fmt.Sprintf("flow %q is paused", name), Hint: "headrace flow resume " + name}
	}
	settings, err := Read(o)
	if err != nil {
		return nil, err
	}
	if all && settings.Mode != Mirror {
		return nil, &fault.Error{Class: fault.Invalid, Code: "not_a_mirror", Title: fmt.Sprintf("flow %q appends; only a mirror's crawl reads everything again", name),
			Hint: "headrace flow backfill " + name + " --from TIME --again delivers a piece of time once more"}
	}
	if err := s.Store.TryNow(ctx, o); err != nil {
		return nil, err
	}
	if settings.Mode == Mirror {
		run, err := s.Store.StartCrawl(ctx, o, all)
		return &run, err
	}
	return nil, nil
}
