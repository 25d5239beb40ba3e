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

// How many users a view names: of one destination, and of each destination in a list.
const (
	allUsers  = 1000
	someUsers = 10
)

// ViewOf shows a destination.
func (s *Service) ViewOf(ctx context.Context, o store.Object) (View, error) {
	look, err := s.near(ctx, []store.Object{o}, allUsers)
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, look, o)
}

// Show gives one destination by name or ID.
func (s *Service) Show(ctx context.Context, name string) (View, error) {
	return object.Show(ctx, s.Keeper, name, s.ViewOf)
}

// ListViews shows all destinations. A bad one doesn't hide the others.
func (s *Service) ListViews(ctx context.Context) ([]View, error) {
	all, err := s.Store.Objects(ctx, store.Destination)
	if err != nil {
		return nil, err
	}
	return s.views(ctx, all)
}

// Page shows a page of destinations by name, and where the next page begins; "": there is none. It asks as many questions
// of the store for a thousand destinations as for one.
func (s *Service) Page(ctx context.Context, f store.ObjectFilter, p store.Page) ([]View, string, error) {
	f.Kind = store.Destination
	all, next, err := s.Store.ObjectsPage(ctx, f, p)
	if err != nil {
		return nil, "", err
	}
	views, err := s.views(ctx, all)
	return views, next, err
}

func (s *Service) views(ctx context.Context, all []store.Object) ([]View, error) {
	look, err := s.near(ctx, all, someUsers)
	if err != nil {
		return nil, err
	}
	views := make([]View, 0, len(all))
	for _, o := range all {
		v, err := s.view(ctx, look, o)
		if err != nil {
			v.View, v.State = object.Broken(o, err), "trouble"
		}
		views = append(views, v)
	}
	return views, nil
}

// beside is what stands beside destinations, read for all of them at once.
type beside struct {
	object.Look
	users map[int64]store.Users
}

func (s *Service) near(ctx context.Context, all []store.Object, most int) (beside, error) {
	ids := make([]int64, len(all))
	for i, o := range all {
		ids[i] = o.ID
	}
	look, err := object.Near(ctx, s.Store, all)
	if err != nil {
		return beside{}, err
	}
	users, err := s.Store.UsersOf(ctx, store.Destination, ids, most)
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
