// Package api is what headrace offers to do, each thing one typed value in one list, and the ways to reach it: in the
// same process, or over the socket of a running server. It decides nothing; the services do. Doors (command line,
// pages) call operations by Call and never see which way it goes. Start at Operation.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/dataset"
	"github.com/headrace/headrace/internal/destination"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/fileset"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/item"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/overview"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
)

// Services are what operations call.
type Services struct {
	Connectors   object.Connectors
	Credentials  *credential.Service
	Sources      *source.Service
	Destinations *destination.Service
	Flows        *flow.Service
	Items        *item.Service
	Datasets     *dataset.Service
	Files        *fileset.Service
	Store        *store.Store
	Keys         Keys
	Plans        Plans
	Accounts     *account.Service
	Audit        *audit.Log
	Provider     string // the name of the service that signs people in too; "": none
	Overview     *overview.Service
	Events       http.Handler // server-sent events; nil: none
	Metrics      http.Handler // for Prometheus; nil: none
	About        About
	Hash         func(data []byte) ([]byte, error) // the vault's keyed hash
	Log          *slog.Logger
}

// Plans say what the data path would do.
type Plans interface {
	// Plan compares a mirror's source with what its destination holds, and sends nothing.
	Plan(ctx context.Context, flow store.Object, samples int) (engine.Plan, error)
}

// About says which process answers.
type About struct {
	Version  string `json:"version"`
	Node     string `json:"node"`
	Data     string `json:"data"`
	Database string `json:"database"` // "sqlite" or "postgres"
	Serving  bool   `json:"serving"`  // it collects; not just a command that opened the folder
}

// Keys are what can be done with the vault's keys.
type Keys interface {
	Describe(ctx context.Context) (KeyInfo, error)
	// Rotate replaces the data key. gone are nodes that will not come back and are not waited for.
	Rotate(ctx context.Context, gone []string) (KeyInfo, error)
	RotateMaster(ctx context.Context, url string) (KeyInfo, error)
}

// KeyInfo names keys; there is nothing secret in it.
type KeyInfo struct {
	KeyID    string `json:"key_id"`
	MasterID string `json:"master_id"`
	Master   string `json:"master"` // where the master key is: a file or a URL
	Keys     int    `json:"keys,omitempty"`
	Revision int64  `json:"revision"` // of the keyset: it rises with each change
	Resealed int    `json:"resealed,omitempty"`
	Resumed  bool   `json:"resumed,omitempty"` // a rotation that was stopped was brought to its end

	Nodes []KeyNode `json:"nodes,omitempty"` // on PostgreSQL: the processes that use the keyset
}

// A KeyNode is a process that uses the keyset beside others.
type KeyNode struct {
	Name     string    `json:"name"`
	Revision int64     `json:"revision"` // the one that it has
	Seen     time.Time `json:"seen"`     // its last report
	Silent   bool      `json:"silent"`   // it should have reported since
}

// An Operation is one thing that can be done.
type Operation[In, Out any] struct {
	Name    string // "credential.add"
	Summary string
	Route   string       // "POST /credentials": how it stands in HTTP below Prefix; see route
	Role    account.Role // who may do it; "": an operator what changes something, else a viewer
	Changes bool
	Creates bool   // it makes something: 201, and it takes an Idempotency-Key
	Reveals bool   // its answer holds a secret, shown this once
	Public  bool   // nobody needs to be signed in
	Of      string // the kind of object that the input's Name names; "": none
	Do      func(ctx context.Context, s *Services, in In) (Out, error)
}

// Info describes an operation.
type Info struct {
	Name, Summary                     string
	Role                              account.Role
	Changes, Creates, Reveals, Public bool
}

func (i Info) status() int {
	if i.Creates {
		return http.StatusCreated
	}
	return http.StatusOK
}

// An Endpoint is an operation whose types are hidden, as a server calls it.
type Endpoint interface {
	Info() Info
	route() route
	out() reflect.Type
	permit(ctx context.Context) error // whether who asks may do it
	refuse(ctx context.Context, s *Services, name string, why error)
	serve(ctx context.Context, s *Services, in json.RawMessage) (any, error)
}

// Info describes the operation.
func (o Operation[In, Out]) Info() Info {
	return Info{Name: o.Name, Summary: o.Summary, Role: o.role(), Changes: o.Changes, Creates: o.Creates, Reveals: o.Reveals, Public: o.Public}
}

func (o Operation[In, Out]) role() account.Role {
	switch {
	case o.Role != "":
		return o.Role
	case o.Changes:
		return account.Operator
	default:
		return account.Viewer
	}
}

func (o Operation[In, Out]) route() route { return routeOf(o.Route, reflect.TypeFor[In]()) }

func (o Operation[In, Out]) out() reflect.Type { return reflect.TypeFor[Out]() }

func (o Operation[In, Out]) serve(ctx context.Context, s *Services, raw json.RawMessage) (any, error) {
	var in In
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, badInput(err)
	}
	return o.run(ctx, s, in)
}

// badInput names the field that holds something of the wrong kind, and never what it holds.
func badInput(err error) error {
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fault.Problems{{Field: kind.Field, Text: "is a " + kind.Value + ", which can't be here"}}.Err()
	}
	return fault.New(fault.Invalid, "a field of the request can't be read").WithCode("bad_request")
}

// run does the operation if who asks may.
func (o Operation[In, Out]) run(ctx context.Context, s *Services, in In) (Out, error) {
	if err := o.permit(ctx); err != nil {
		o.refuse(ctx, s, text(in, "Name"), err)
		var none Out
		return none, err
	}
	if asked, ok := any(in).(rehearsing); ok && asked.rehearsed() {
		return o.Do(store.Rehearse(ctx), s, in)
	}
	if !o.Changes || o.Public || s.Audit == nil { // signing in is written down by who knows whether the name is one
		return o.Do(ctx, s, in)
	}
	return o.audited(ctx, s, in)
}

func (o Operation[In, Out]) permit(ctx context.Context) error {
	if o.Public {
		return nil
	}
	who, ok := account.Of(ctx)
	if !ok {
		return &fault.Error{Class: fault.Denied, Code: NotSignedIn, Title: "nobody is signed in", Hint: "sign in, or send an API token: Authorization: Bearer hrt_…"}
	}
	if need := o.role(); !who.Role.Covers(need) {
		return &fault.Error{Class: fault.Denied, Code: "role_missing", Title: fmt.Sprintf("%s needs the role %s; %s has the role %s", o.Name, need, who.Name, who.Role), Hint: "ask an admin of this headrace for it"}
	}
	if !who.May(o.Name, o.Changes) {
		return &fault.Error{Class: fault.Denied, Code: "scope_missing", Title: fmt.Sprintf("the token %s is not for %s; it is for %s", who.Name, o.Name, strings.Join(who.Scopes, ", ")), Hint: "make a token with the scope it needs: headrace token create"}
	}
	return nil
}

// NotSignedIn is the code of the error for requests of nobody.
const NotSignedIn = "not_signed_in"

// A Conn reaches the operations of a process: this one (Local) or a server (Remote).
type Conn interface {
	call(ctx context.Context, r route, in any, out any) error
	// Close ends the connection, and for Local what it was opened on.
	Close() error
}

// Local calls in this process.
type Local struct {
	Services *Services
	Closing  func() error // may be nil
}

func (l *Local) call(context.Context, route, any, any) error {
	return fault.New(fault.Internal, "a local call needs no route")
}

// Close closes what the services were opened on.
func (l *Local) Close() error {
	if l.Closing == nil {
		return nil
	}
	return l.Closing()
}

// Call does an operation over a connection. Errors come back as they were: class, code, hint, problems.
func Call[In, Out any](ctx context.Context, conn Conn, op Operation[In, Out], in In) (Out, error) {
	if l, ok := conn.(*Local); ok {
		if _, known := account.Of(ctx); !known {
			ctx = account.With(ctx, account.LocalAdmin("local"))
		}
		return op.run(ctx, l.Services, in)
	}
	var out Out
	err := conn.call(ctx, op.route(), in, &out)
	return out, err
}

// Sensitive carries a secret inside a request. It is the only type whose JSON shows one, and it stands in requests
// only: no answer and no log has a field of it.
type Sensitive struct{ secret.Text }

// Secret wraps a secret for a request.
func Secret(text secret.Text) Sensitive { return Sensitive{text} }

// MarshalJSON writes the secret.
func (s Sensitive) MarshalJSON() ([]byte, error) { return json.Marshal(s.Reveal()) }

// UnmarshalJSON reads it.
func (s *Sensitive) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("a secret is a text")
	}
	s.Text = secret.New(text)
	return nil
}

// Schema describes it in the OpenAPI document.
func (Sensitive) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "password", WriteOnly: true}
}

// IsZero tells whether there is none; encoding/json leaves it out then.
func (s Sensitive) IsZero() bool { return s.Empty() }

// None is the input or output of an operation that has none.
type None struct{}

// Named picks an object by name or ID.
type Named struct {
	Name string `json:"name"`
}
