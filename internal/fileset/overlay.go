package fileset

import (
	"context"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// overlay shows the objects as they would be after a plan: those of the base, without the hidden ones, and those put.
type overlay struct {
	base    object.Look
	known   map[string][]store.Object          // all of the base, by kind: each of a thousand flows is compared with all others
	made    map[string]map[string]store.Object // by kind and name
	names   map[int64]string                   // of those made, by ID
	unsound map[[2]string]bool                 // kind and name of what the files have with problems
	hidden  map[int64]bool
	next    int64 // IDs of objects that are not made yet count down from -1
}

func newOverlay(base object.Look) *overlay {
	return &overlay{base: base, known: map[string][]store.Object{}, made: map[string]map[string]store.Object{}, names: map[int64]string{}, unsound: map[[2]string]bool{}, hidden: map[int64]bool{}, next: -1}
}

func (v *overlay) put(o store.Object) {
	if o.ID == 0 {
		o.ID = v.next
		v.next--
	}
	if v.made[o.Kind] == nil {
		v.made[o.Kind] = map[string]store.Object{}
	}
	v.made[o.Kind][o.Name] = o
	v.names[o.ID] = o.Name
}

func (v *overlay) hide(o store.Object) { v.hidden[o.ID] = true }

// blame notes an object of the files that has problems.
func (v *overlay) blame(kind, name string) { v.unsound[[2]string{kind, name}] = true }

// Object gives one by name or UID; object.ErrUnsound if it is one of the files' that has problems.
func (v *overlay) Object(ctx context.Context, kind, name string) (store.Object, error) {
	if v.unsound[[2]string{kind, name}] {
		return store.Object{}, object.ErrUnsound
	}
	if o, ok := v.made[kind][name]; ok {
		return o, nil
	}
	o, err := v.base.Object(ctx, kind, name)
	if err == nil && v.hidden[o.ID] {
		return store.Object{}, fault.New(fault.NotFound, "%s %q is going to be removed", kind, name)
	}
	return o, err
}

// ObjectByID gives one by its number; object.ErrUnsound for the number of what Object would not give.
func (v *overlay) ObjectByID(ctx context.Context, kind string, id int64) (store.Object, error) {
	if id == 0 {
		return store.Object{}, object.ErrUnsound
	}
	if o, ok := v.made[kind][v.names[id]]; ok && o.ID == id {
		return o, nil
	}
	if v.hidden[id] {
		return store.Object{}, fault.New(fault.NotFound, "%s %d is going to be removed", kind, id)
	}
	return v.base.ObjectByID(ctx, kind, id)
}

// Objects gives all of a kind.
func (v *overlay) Objects(ctx context.Context, kind string) ([]store.Object, error) {
	base, known := v.known[kind]
	if !known {
		var err error
		if base, err = v.base.Objects(ctx, kind); err != nil {
			return nil, err
		}
		v.known[kind] = base
	}
	all := make([]store.Object, 0, len(base)+len(v.made[kind]))
	for _, o := range base {
		if _, replaced := v.made[kind][o.Name]; !replaced && !v.hidden[o.ID] {
			all = append(all, o)
		}
	}
	for _, o := range v.made[kind] {
		all = append(all, o)
	}
	return all, nil
}

// nothing is a base without objects: for judging files by themselves.
type nothing struct{}

func (nothing) Object(_ context.Context, kind, name string) (store.Object, error) {
	return store.Object{}, fault.New(fault.NotFound, "there is no %s %q", kind, name)
}

func (nothing) ObjectByID(_ context.Context, kind string, id int64) (store.Object, error) {
	return store.Object{}, fault.New(fault.NotFound, "there is no %s %d", kind, id)
}

func (nothing) Objects(context.Context, string) ([]store.Object, error) { return nil, nil }
