// Package api is what headrace offers to do, each thing one typed value in one list, and the ways to reach it: in the
// same process, or over the socket of a running server. It decides nothing; the services do. Doors (command line,
// pages) call operations by Call and never see which way it goes. Start at Operation.
package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/destination"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/fileset"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/object"
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
	Files        *fileset.Service
	Store        *store.Store
	Keys         Keys
	Plans        Plans
	About        About
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
	Changes bool
	Do      func(ctx context.Context, s *Services, in In) (Out, error)
}

// An Endpoint is an operation whose types are hidden, as a server calls it.
type Endpoint interface {
	Info() (name, summary string, changes bool)
	serve(ctx context.Context, s *Services, body []byte) (any, error)
}

// Info names the operation.
func (o Operation[In, Out]) Info() (string, string, bool) { return o.Name, o.Summary, o.Changes }

func (o Operation[In, Out]) serve(ctx context.Context, s *Services, body []byte) (any, error) {
	var in In
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fault.New(fault.Invalid, "the request is not the JSON that %s takes", o.Name).WithCode("bad_request")
	}
	return o.Do(ctx, s, in)
}

// A Conn reaches the operations of a process: this one (Local) or a server (Remote).
type Conn interface {
	call(ctx context.Context, name string, in any, out any) error
	// Close ends the connection, and for Local what it was opened on.
	Close() error
}

// Local calls in this process.
type Local struct {
	Services *Services
	Closing  func() error // may be nil
}

func (l *Local) call(context.Context, string, any, any) error {
	return fault.New(fault.Internal, "a local call needs no name")
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
		return op.Do(ctx, l.Services, in)
	}
	var out Out
	err := conn.call(ctx, op.Name, in, &out)
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

// None is the input or output of an operation that has none.
type None struct{}

// Named picks an object by name or ID.
type Named struct {
	Name string `json:"name"`
}
