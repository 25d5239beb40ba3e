package api

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// audited does a change and writes it down: what was done, what was refused for lack of a right, and what broke off and may have
// been done in part. Input that was wrong changed nothing and is not written down.
func (o Operation[In, Out]) audited(ctx context.Context, s *Services, in In) (Out, error) {
	e := audit.Entry{Operation: o.Name, Object: audit.Object{Kind: o.Of, Name: text(in, "Name"), ID: text(in, "ID")}, RequestID: requestIDOf(ctx)}
	if e.Object.Kind == "" && e.Object.Name+e.Object.ID != "" {
		e.Object.Kind, _, _ = strings.Cut(o.Name, ".")
	}
	if e.Object.ID == "" {
		e.Before, e.Object.ID = s.snapshot(ctx, o.Of, e.Object.Name)
	}
	out, err := o.Do(ctx, s, in)
	switch fault.ClassOf(err) {
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Canceled:
		if err != nil {
			return out, err
		}
	}
	later := context.WithoutCancel(ctx)
	now := e.Object.ID // the name may be another one now
	if now == "" {
		now = e.Object.Name
	}
	if e.After, now = s.snapshot(later, o.Of, now); e.Object.ID == "" {
		e.Object.ID = now
	}
	if bytes.Equal(e.Before, e.After) {
		e.Before, e.After = nil, nil
	}
	if told, ok := any(out).(telling); ok && err == nil {
		e.After, e.Object.ID = told.told()
	}
	if action := text(in, "Action"); action != "" {
		e.After, _ = json.Marshal(map[string]string{"action": action})
	}
	e.Result = audit.Result(err)
	if failed := s.Audit.Record(later, e); failed != nil {
		s.Log.ErrorContext(ctx, "a change could not be written to the audit log", telemetry.Op, o.Name, telemetry.Err, failed)
	}
	return out, err
}

// telling is an answer that says itself what was made, for what is no object of the store's.
type telling interface {
	told() (json.RawMessage, string)
}

// refuse writes down that somebody tried what is not theirs to do.
func (o Operation[In, Out]) refuse(ctx context.Context, s *Services, name string, why error) {
	if _, known := account.Of(ctx); !known || s.Audit == nil || !o.Changes {
		return
	}
	e := audit.Entry{Operation: o.Name, Object: audit.Object{Kind: o.Of, Name: name}, Result: audit.Result(why), RequestID: requestIDOf(ctx)}
	if err := s.Audit.Record(context.WithoutCancel(ctx), e); err != nil {
		s.Log.ErrorContext(ctx, "a refused change could not be written to the audit log", telemetry.Op, o.Name, telemetry.Err, err)
	}
}

// text gives a field of an input; "" if it has none of that name.
func text(in any, field string) string {
	v := reflect.ValueOf(in)
	if v.Kind() != reflect.Struct {
		return ""
	}
	if f := v.FieldByName(field); f.IsValid() && f.Kind() == reflect.String {
		return f.String()
	}
	return ""
}

// snapshot is an object as the audit log keeps it, with its ID; nothing if it is not there. A secret is no part of a spec.
func (s *Services) snapshot(ctx context.Context, kind, name string) (json.RawMessage, string) {
	if kind == account.User && name != "" {
		return s.accountSnapshot(ctx, name)
	}
	keeper, ok := s.keeper(kind)
	if !ok || name == "" {
		return nil, ""
	}
	o, err := s.Store.Object(ctx, kind, name)
	if err != nil {
		return nil, ""
	}
	v, err := keeper.View(ctx, o)
	if err != nil {
		return nil, o.UID
	}
	raw, err := json.Marshal(struct {
		Name        string          `json:"name"`
		Description string          `json:"description,omitempty"`
		Owner       string          `json:"owner"`
		Paused      bool            `json:"paused,omitempty"`
		Revision    int64           `json:"revision"`
		Spec        json.RawMessage `json:"spec"`
	}{v.Name, v.Description, v.Owner, v.Paused, v.Revision, v.Spec})
	if err != nil {
		return nil, o.UID
	}
	return raw, o.UID
}

// accountSnapshot is an account as the audit log keeps it.
func (s *Services) accountSnapshot(ctx context.Context, name string) (json.RawMessage, string) {
	a, err := s.Store.Account(ctx, strings.ToLower(name))
	if err != nil {
		return nil, ""
	}
	raw, err := json.Marshal(map[string]any{"name": a.Name, "display_name": a.Display, "email": a.Email, "role": a.Role, "disabled": a.Disabled, "revision": a.Revision})
	if err != nil {
		return nil, a.UID
	}
	return raw, a.UID
}

func (s *Services) keeper(kind string) (object.Keeper, bool) {
	switch kind {
	case store.Credential:
		return s.Credentials.Keeper, true
	case store.Source:
		return s.Sources.Keeper, true
	case store.Destination:
		return s.Destinations.Keeper, true
	case store.Flow:
		return s.Flows.Keeper, true
	}
	return object.Keeper{}, false
}

type requestKey struct{}

func withRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

func requestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
