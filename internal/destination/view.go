package destination

import (
	"context"

	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// A View is a destination as doors show it.
type View struct {
	object.View
	Connector  string   `json:"connector"`
	Credential string   `json:"credential,omitempty"`
	UsedBy     []string `json:"used_by"` // flows; in a list the first few of them
	Uses       int      `json:"uses"`    // how many there are
	State      string   `json:"state"`   // on, idle (no flow writes to it), paused, trouble
}

// showing is how destinations are shown.
func (s *Service) showing() object.Showing[View, beside] {
	return object.Showing[View, beside]{Keeper: s.Keeper, Near: s.near, View: s.view, Broken: func(v *View, o store.Object, err error) {
		v.View, v.State = object.Broken(o, err), "trouble"
	}}
}

// ViewOf shows a destination.
func (s *Service) ViewOf(ctx context.Context, o store.Object) (View, error) {
	return s.showing().Of(ctx, o)
}

// Show gives one destination by name or ID.
func (s *Service) Show(ctx context.Context, name string) (View, error) {
	return s.showing().Show(ctx, name)
}

// Page shows a page of destinations by name, and where the next page begins; "": there is none.
func (s *Service) Page(ctx context.Context, f store.ObjectFilter, p store.Page) ([]View, string, error) {
	return s.showing().Page(ctx, f, p)
}

// beside is what stands beside destinations, read for all of them at once.
type beside struct {
	object.Look
	users map[int64]store.Users
}

func (s *Service) near(ctx context.Context, all []store.Object, most int) (beside, error) {
	look, err := object.Near(ctx, s.Store, all)
	if err != nil {
		return beside{}, err
	}
	users, err := s.Store.UsersOf(ctx, store.Destination, object.IDs(all), most)
	return beside{look, users}, err
}

func (s *Service) view(ctx context.Context, look beside, o store.Object) (View, error) {
	v := View{UsedBy: []string{}, Uses: look.users[o.ID].Total, State: "on"}
	for _, u := range look.users[o.ID].First {
		v.UsedBy = append(v.UsedBy, u.Name)
	}
	switch {
	case o.Paused:
		v.State = "paused"
	case v.Uses == 0:
		v.State = "idle"
	}
	var err error
	if v.View, err = s.ViewNear(ctx, look, o); err != nil {
		return v, err
	}
	use, err := half.Read(s.connectors, o)
	if err != nil {
		return v, err
	}
	v.Connector = use.Connector.Name
	if o.CredentialID != 0 {
		c, err := look.ObjectByID(ctx, store.Credential, o.CredentialID)
		if err != nil {
			return v, err
		}
		v.Credential = c.Name
	}
	return v, nil
}
