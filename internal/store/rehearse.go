package store

import "context"

type rehearseKey struct{}

// Rehearse gives a context under which nothing is ever committed: each write is done, with all that refuses it, and taken
// back. What a write gives is what it would have made. A second write does not see the first.
func Rehearse(ctx context.Context) context.Context {
	return context.WithValue(ctx, rehearseKey{}, true)
}

// Rehearsing tells whether a context is one of Rehearse's.
func Rehearsing(ctx context.Context) bool {
	on, _ := ctx.Value(rehearseKey{}).(bool)
	return on
}
