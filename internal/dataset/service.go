package dataset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
)

// Service shows data sets. A data set has the name of its source.
type Service struct {
	Store   *store.Store
	Sources *source.Service
}

const (
	lately    = 7 * 24 * time.Hour
	mostUsers = 100 // of one data set that are named
)

// kept gives the name of a source's connector, and what its settings keep of records; what can't be read keeps none.
func (s *Service) kept(o store.Object) (name, keep string) {
	use, err := s.Sources.Read(o)
	if err != nil {
		return "", connector.SamplesOff
	}
	return use.Connector.Name, use.Connector.Source.Kept(use.Config)
}

// Page shows a page of data sets by name, and where the next page begins; "": there is none.
func (s *Service) Page(ctx context.Context, f store.ObjectFilter, p store.Page) ([]View, string, error) {
	f.Kind = store.Source
	sources, next, err := s.Store.ObjectsPage(ctx, f, p)
	if err != nil {
		return nil, "", err
	}
	views, err := s.views(ctx, sources)
	return views, next, err
}

func (s *Service) views(ctx context.Context, sources []store.Object) ([]View, error) {
	const named = 5
	ids := object.IDs(sources)
	learned, err := s.Store.DatasetsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	changes, err := s.Store.ChangesOf(ctx, ids, s.Store.Now().Add(-lately))
	if err != nil {
		return nil, err
	}
	users, err := s.Store.UsersOf(ctx, store.Source, ids, named)
	if err != nil {
		return nil, err
	}
	near, err := object.Near(ctx, s.Store, sources)
	if err != nil {
		return nil, err
	}
	views := make([]View, 0, len(sources))
	for _, o := range sources {
		v := View{ID: o.UID, Name: o.Name, Description: o.Description, Tenant: o.Tenant, Changes: changes[o.ID], Uses: users[o.ID].Total, UsedBy: []FlowView{}, Streams: []StreamView{}}
		v.Connector, v.Kept = s.kept(o)
		if o.CredentialID != 0 {
			if c, err := near.ObjectByID(ctx, store.Credential, o.CredentialID); err == nil {
				v.Credential = c.Name
			}
		}
		for _, u := range users[o.ID].First {
			v.UsedBy = append(v.UsedBy, FlowView{Name: u.Name})
		}
		for _, d := range learned[o.ID] {
			v.add(d)
		}
		views = append(views, v)
	}
	return views, nil
}

// add puts what was learned of a stream to the view.
func (v *View) add(d store.Dataset) {
	k := Known{Records: d.Records, First: d.First, Last: d.Last}
	v.Streams = append(v.Streams, StreamView{Stream: d.Stream, Records: d.Records, Fields: d.Fields, First: d.First, Last: d.Last, Looked: d.Looked, Learning: !k.settled()})
	v.Records += d.Records
	v.First, v.Last, v.Looked = earlier(v.First, d.First), later(v.Last, d.Last), later(v.Looked, d.Looked)
}

// Show gives one data set with who uses it.
func (s *Service) Show(ctx context.Context, name string) (View, error) {
	o, err := s.Store.Object(ctx, store.Source, name)
	if err != nil {
		return View{}, err
	}
	views, err := s.views(ctx, []store.Object{o})
	if err != nil {
		return View{}, err
	}
	v := views[0]
	schema, err := s.schema(ctx, o, "")
	if err != nil {
		return v, err
	}
	v.Fields = len(schema.Fields)
	v.UsedBy, err = s.users(ctx, o)
	return v, err
}

func (s *Service) users(ctx context.Context, o store.Object) ([]FlowView, error) {
	flows, _, err := s.Store.ObjectsPage(ctx, store.ObjectFilter{Kind: store.Flow, SourceID: o.ID}, store.Page{Limit: mostUsers})
	if err != nil {
		return nil, err
	}
	near, err := object.Near(ctx, s.Store, flows)
	if err != nil {
		return nil, err
	}
	all := make([]FlowView, 0, len(flows))
	for _, f := range flows {
		v := FlowView{Name: f.Name, Paused: f.Paused}
		if set, err := flow.Read(f); err == nil {
			v.Mode, v.Steps = set.Mode, len(set.Transform)
		}
		if to, err := near.ObjectByID(ctx, store.Destination, f.DestinationID); err == nil {
			v.Destination = to.Name
		}
		all = append(all, v)
	}
	return all, nil
}

// MostSamples is how many records are kept of one data set.
const MostSamples = 100

// Samples gives the records that are kept of a data set, or of one of its streams, the newest first.
func (s *Service) Samples(ctx context.Context, name, stream string, limit int) ([]SampleView, error) {
	o, err := s.Store.Object(ctx, store.Source, name)
	if err != nil {
		return nil, err
	}
	_, kept := s.kept(o)
	all := []SampleView{}
	if kept != connector.SamplesWhole && kept != connector.SamplesRedacted {
		return all, nil // those that were kept before go with the next Tidy
	}
	if limit <= 0 || limit > MostSamples {
		limit = MostSamples
	}
	found, err := s.Store.DatasetSamples(ctx, o.ID, stream, kept == connector.SamplesWhole, limit)
	for _, one := range found {
		all = append(all, SampleView{Key: one.Key, Time: one.Time, Stream: one.Stream, Looked: one.Looked, Cut: one.Cut, Whole: one.Whole, Body: one.Body})
	}
	return all, err
}

// Schema gives the fields of a data set, or of one of its streams.
func (s *Service) Schema(ctx context.Context, name, stream string) (Schema, error) {
	o, err := s.Store.Object(ctx, store.Source, name)
	if err != nil {
		return Schema{}, err
	}
	return s.schema(ctx, o, stream)
}

func (s *Service) schema(ctx context.Context, o store.Object, stream string) (Schema, error) {
	rows, err := s.Store.DatasetShapes(ctx, o.ID)
	if err != nil {
		return Schema{}, err
	}
	var all []streamKnown
	for _, d := range rows {
		if stream != "" && d.Stream != stream {
			continue
		}
		k, err := open(d)
		if err != nil {
			return Schema{}, err
		}
		all = append(all, streamKnown{d.Stream, k})
	}
	if stream != "" && len(all) == 0 {
		return Schema{}, &fault.Error{Class: fault.NotFound, Code: "stream_not_found", Title: fmt.Sprintf("no record of a stream %q of %s was looked at", stream, o.Name),
			Hint: fmt.Sprintf("headrace dataset show %s lists the streams that there are", o.Name)}
	}
	out := together(all)
	out.Stream = stream
	return out, nil
}

// Changes gives a page of what changed about a data set's records, the newest first; f needs no source.
func (s *Service) Changes(ctx context.Context, name string, f store.ChangeFilter, p store.Page) ([]ChangeView, string, error) {
	o, err := s.Store.Object(ctx, store.Source, name)
	if err != nil {
		return nil, "", err
	}
	f.SourceID = o.ID
	found, next, err := s.Store.DatasetChanges(ctx, f, p)
	if err != nil {
		return nil, "", err
	}
	rows, err := s.Store.DatasetShapes(ctx, o.ID)
	if err != nil {
		return nil, "", err
	}
	known := map[string]*Known{}
	for _, d := range rows {
		if known[d.Stream], err = open(d); err != nil {
			return nil, "", err
		}
	}
	all := []ChangeView{}
	for _, c := range found {
		v := ChangeView{Kind: c.Kind, Path: c.Path, Stream: c.Stream, Since: c.Since, Noticed: c.Looked, Types: TypeNames(c.Types)}
		if c.OldTypes != 0 {
			v.OldTypes = TypeNames(c.OldTypes)
		}
		if k := known[c.Stream]; k != nil && k.Fields[c.Path] != nil {
			v.Present = percent(k.Fields[c.Path].Present, k.Fields[c.Path].Of)
		}
		all = append(all, v)
	}
	return all, next, nil
}

// Forget forgets the records that are kept of a data set; with all, what was learned of them too. Records that come by later
// are looked at again.
func (s *Service) Forget(ctx context.Context, name string, all bool) error {
	o, err := s.Store.Object(ctx, store.Source, name)
	if err != nil {
		return err
	}
	return s.Store.ForgetDataset(ctx, o.ID, all)
}

// Tidy forgets what the sources' settings no longer let us keep.
func (s *Service) Tidy(ctx context.Context) error {
	ids, err := s.Store.LearnedSources(ctx)
	if err != nil {
		return err
	}
	var failed []error
	const page = 500
	for some := range slices.Chunk(ids, page) {
		if ctx.Err() != nil {
			break
		}
		sources, err := s.Store.ObjectsWithIDs(ctx, some)
		if err != nil {
			return err
		}
		for id, o := range sources {
			switch _, kept := s.kept(o); kept {
			case connector.SamplesOff:
				err = s.Store.ForgetDataset(ctx, id, true)
			case connector.SamplesSchema:
				err = s.Store.ForgetDataset(ctx, id, false)
			case connector.SamplesRedacted:
				err = s.Store.ForgetWhole(ctx, id)
			}
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}
