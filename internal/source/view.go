package source

import (
	"context"

	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// showing is how sources are shown.
func (s *Service) showing() object.Showing[View, beside] {
	return object.Showing[View, beside]{Keeper: s.Keeper, Near: s.near, View: s.view, Broken: func(v *View, o store.Object, err error) {
		v.View, v.State = object.Broken(o, err), "trouble"
	}}
}

// ViewOf shows a source.
func (s *Service) ViewOf(ctx context.Context, o store.Object) (View, error) {
	return s.showing().Of(ctx, o)
}

// Show gives one source by name or ID.
func (s *Service) Show(ctx context.Context, name string) (View, error) {
	return s.showing().Show(ctx, name)
}

// Page shows a page of sources by name, and where the next page begins; "": there is none.
func (s *Service) Page(ctx context.Context, f store.ObjectFilter, p store.Page) ([]View, string, error) {
	return s.showing().Page(ctx, f, p)
}

// beside is what stands beside sources, read for all of them at once.
type beside struct {
	object.Look
	users    map[int64]store.Users
	listings map[int64]store.ListingStatus
}

func (s *Service) near(ctx context.Context, all []store.Object, most int) (beside, error) {
	var (
		b   beside
		err error
		ids = object.IDs(all)
	)
	if b.Look, err = object.Near(ctx, s.Store, all); err != nil {
		return b, err
	}
	if b.users, err = s.Store.UsersOf(ctx, store.Source, ids, most); err != nil {
		return b, err
	}
	b.listings, err = s.Store.ListingsOf(ctx, ids)
	return b, err
}

func (s *Service) view(ctx context.Context, look beside, o store.Object) (View, error) {
	v := View{UsedBy: []string{}, Uses: look.users[o.ID].Total, State: "on"}
	for _, u := range look.users[o.ID].First {
		v.UsedBy = append(v.UsedBy, u.Name)
	}
	listing := look.listings[o.ID]
	v.Listed, v.Due, v.Trouble = listing.Listed, listing.Due, listing.Trouble
	switch {
	case o.Paused:
		v.State = "paused"
	case v.Uses == 0:
		v.State = "idle"
	case listing.Failures > 0:
		v.State = "trouble"
	}
	var err error
	if v.View, err = s.ViewNear(ctx, look, o); err != nil {
		return v, err
	}
	use, err := s.Read(o)
	if err != nil {
		return v, err
	}
	v.Connector = use.Connector.Name
	if use.Connector.Source.Streams != nil {
		v.Streams = use.Connector.Source.Streams(use.Config)
	}
	if o.CredentialID != 0 {
		c, err := look.ObjectByID(ctx, store.Credential, o.CredentialID)
		if err != nil {
			return v, err
		}
		v.Credential = c.Name
	}
	return v, nil
}
