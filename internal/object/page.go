package object

import (
	"context"
	"fmt"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// near answers for what some objects refer to without asking the store for each.
type near struct {
	*store.Store
	known map[int64]store.Object
}

// ObjectByID gives one of them, or asks the store.
func (n near) ObjectByID(ctx context.Context, kind string, id int64) (store.Object, error) {
	if o, ok := n.known[id]; ok && o.Kind == kind {
		return o, nil
	}
	return n.Store.ObjectByID(ctx, kind, id)
}

// Near is the store with everything that objects refer to at hand, read in one query however many they are: flows'
// sources and destinations, and the credentials of those and of the objects themselves.
func Near(ctx context.Context, s *store.Store, all []store.Object) (Look, error) {
	known := map[int64]store.Object{}
	for level := all; len(level) > 0; {
		var ids []int64
		for _, o := range level {
			for _, id := range []int64{o.CredentialID, o.SourceID, o.DestinationID} {
				if _, have := known[id]; !have && id != 0 {
					ids = append(ids, id)
				}
			}
		}
		found, err := s.ObjectsWithIDs(ctx, ids)
		if err != nil {
			return nil, err
		}
		level = level[:0:0]
		for id, o := range found {
			known[id] = o
			level = append(level, o)
		}
	}
	return near{s, known}, nil
}

// ViewNear is View with what the object refers to at hand.
func (k Keeper) ViewNear(ctx context.Context, look Look, o store.Object) (View, error) {
	return k.view(ctx, look, o)
}

// Broken is the view of an object that can't be drawn (its connector is gone, say), with the reason.
func Broken(o store.Object, err error) View {
	v := stored(o, o.Spec)
	v.Reason = err.Error()
	return v
}

// Picked finds the object by which a list is filtered; ID 0 for no name. It is a problem of that field if there is none.
func Picked(ctx context.Context, look Look, kind, name, field string) (store.Object, error) {
	if name == "" {
		return store.Object{}, nil
	}
	o, err := look.Object(ctx, kind, name)
	if fault.ClassOf(err) == fault.NotFound && err != nil {
		return o, fault.Problems{{Field: field, Text: fmt.Sprintf("there is no %s %q%s", kind, name, suggestion(ctx, look, kind, name))}}.Err()
	}
	return o, err
}
