// Package account is who may do what: people, their sessions, tokens for scripts, roles. It knows nothing of HTTP.
// Start at Identity, which stands in the context of everything that is asked for.
package account

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/store"
)

// A Role is what somebody may do; each covers those before it.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"   // sees everything but secrets
	Operator Role = "operator" // pauses, runs, backfills, replays; makes and changes sources, destinations, flows
	Admin    Role = "admin"    // credentials, people, tokens of others, keys
)

var rank = map[Role]int{Viewer: 1, Operator: 2, Admin: 3}

// Valid tells whether it is one of the roles.
func (r Role) Valid() bool { return rank[r] > 0 }

// Covers tells whether the role includes another.
func (r Role) Covers(need Role) bool { return r.Valid() && rank[r] >= rank[need] }

// Kinds of identities.
const (
	Local = "local" // who can open the data folder or its socket
	User  = "user"
	Token = "token"
)

// An Identity is who asks.
type Identity struct {
	Kind   string
	ID     string // of the account or token; "" for Local
	Name   string
	Role   Role
	Scopes []string // nouns of operations that a token is for, as "flow" or "flow:read"; none: all
	From   string   // the address that the request came from; "" for Local

	Session string    // the session's ID, of User
	Owner   string    // the ID of the account that a token belongs to; "": nobody's
	Until   time.Time // when the session or the token ends; zero: never
}

// Person is the ID of the account on whose behalf is asked; "" if there is none.
func (i Identity) Person() string {
	if i.Kind == User {
		return i.ID
	}
	return i.Owner
}

// LocalAdmin is who opened the data folder: its owner may do everything.
func LocalAdmin(name string) Identity { return Identity{Kind: Local, Name: name, Role: Admin} }

type key struct{}

// With puts who asks into a context.
func With(ctx context.Context, who Identity) context.Context {
	return store.As(context.WithValue(ctx, key{}, who), cmp.Or(who.Name, who.Kind))
}

// Of gives who asks; false if nobody is signed in.
func Of(ctx context.Context) (Identity, bool) {
	who, ok := ctx.Value(key{}).(Identity)
	return who, ok
}

// May tells whether the scopes allow an operation, named as "flow.run"; changes says that it changes something.
func (i Identity) May(operation string, changes bool) bool {
	if len(i.Scopes) == 0 {
		return true
	}
	noun, _, _ := strings.Cut(operation, ".")
	for _, scope := range i.Scopes {
		if scope == noun || !changes && scope == noun+readOnly {
			return true
		}
	}
	return false
}

// readOnly ends a scope for what changes nothing.
const readOnly = ":read"
