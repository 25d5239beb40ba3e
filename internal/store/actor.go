package store

import "context"

type actorKey struct{}

// As says who asks for what is done under a context: runs and discarded letters remember it.
func As(ctx context.Context, who string) context.Context {
	return context.WithValue(ctx, actorKey{}, who)
}

// actor is who asked; "": nobody, headrace does it by itself.
func actor(ctx context.Context) string {
	who, _ := ctx.Value(actorKey{}).(string)
	return who
}
