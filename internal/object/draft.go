package object

import (
	"context"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// Judged gives the object that a draft would make, without making it; of names the object that it would change, "": it
// would be a new one. A draft may have no name yet. Nothing is stored.
func (k Keeper) Judged(ctx context.Context, d Draft, of string) (store.Object, error) {
	o := store.Object{Kind: k.Kind.Name(), Name: d.Name, Owner: UI}
	if of != "" {
		var err error
		if o, err = k.Store.Object(ctx, k.Kind.Name(), of); err != nil {
			return o, err
		}
	}
	return o, k.Kind.Judge(ctx, k.Store, &o, orEmpty(d.Spec))
}

// Problems gives everything that keeps a draft from being saved: what is wrong with its settings, its name, or between it
// and other objects. An error is only what kept us from looking.
func (k Keeper) Problems(ctx context.Context, d Draft, of string) (fault.Problems, error) {
	var problems fault.Problems
	if text := config.CheckName(d.Name); text != "" {
		problems = append(problems, fault.Problem{Field: "name", Text: text})
	}
	o, err := k.Judged(ctx, d, of)
	if wrong, ok := ProblemsOf(err); ok {
		problems = append(problems, wrong...)
	} else if class := fault.ClassOf(err); err != nil && (class == fault.Invalid || class == fault.Conflict) {
		problems = append(problems, fault.Problem{Field: "spec", Text: sentence(err)})
	} else if err != nil {
		return nil, err
	}
	same, err := k.Store.Object(ctx, k.Kind.Name(), d.Name)
	switch {
	case err == nil && same.Name == d.Name && same.ID != o.ID:
		problems = append(problems, fault.Problem{Field: "name", Text: d.Name + " is taken by another " + k.Kind.Name() + "; choose another name"})
	case err != nil && fault.ClassOf(err) != fault.NotFound:
		return nil, err
	}
	return problems, nil
}

// sentence is an error with what to do about it.
func sentence(err error) string {
	if hint := fault.HintOf(err); hint != "" {
		return err.Error() + ". " + hint
	}
	return err.Error()
}
