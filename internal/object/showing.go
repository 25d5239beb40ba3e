package object

import (
	"context"

	"github.com/headrace/headrace/internal/store"
)

// How many users a view names: of one object, and of each object in a list.
const (
	allUsers  = 1000
	someUsers = 10
)

// A Showing shows objects of one kind as doors see them. It asks as many questions of the store for a thousand objects as for one.
type Showing[V, B any] struct {
	Keeper Keeper
	// Near reads what stands beside objects, for all of them at once; of each one's users at most so many.
	Near func(ctx context.Context, all []store.Object, users int) (B, error)
	View func(ctx context.Context, beside B, o store.Object) (V, error)
	// Broken makes the view of an object that View could not show; what View had of it stands in v.
	Broken func(v *V, o store.Object, err error)
}

// Of shows an object.
func (s Showing[V, B]) Of(ctx context.Context, o store.Object) (V, error) {
	beside, err := s.Near(ctx, []store.Object{o}, allUsers)
	if err != nil {
		var none V
		return none, err
	}
	return s.View(ctx, beside, o)
}

// Show gives one object by name or ID.
func (s Showing[V, B]) Show(ctx context.Context, name string) (V, error) {
	o, err := s.Keeper.Store.Object(ctx, s.Keeper.Kind.Name(), name)
	if err != nil {
		var none V
		return none, err
	}
	return s.Of(ctx, o)
}

// All shows objects that were read already. A bad one doesn't hide the others.
func (s Showing[V, B]) All(ctx context.Context, all []store.Object) ([]V, error) {
	beside, err := s.Near(ctx, all, someUsers)
	if err != nil {
		return nil, err
	}
	views := make([]V, 0, len(all))
	for _, o := range all {
		v, err := s.View(ctx, beside, o)
		if err != nil {
			s.Broken(&v, o, err)
		}
		views = append(views, v)
	}
	return views, nil
}

// Page shows a page of objects by name, and where the next page begins; "": there is none.
func (s Showing[V, B]) Page(ctx context.Context, f store.ObjectFilter, p store.Page) ([]V, string, error) {
	f.Kind = s.Keeper.Kind.Name()
	all, next, err := s.Keeper.Store.ObjectsPage(ctx, f, p)
	if err != nil {
		return nil, "", err
	}
	views, err := s.All(ctx, all)
	return views, next, err
}

// IDs are the objects' own.
func IDs(all []store.Object) []int64 {
	ids := make([]int64, len(all))
	for i, o := range all {
		ids[i] = o.ID
	}
	return ids
}
