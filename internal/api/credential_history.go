package api

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// noteTest writes a test of a credential down. It changes nothing, but people look later for when it still worked.
func (s *Services) noteTest(ctx context.Context, name string, found Checks, failed error) {
	if s.Audit == nil || fault.ClassOf(failed) == fault.NotFound && failed != nil {
		return
	}
	o, err := s.Store.Object(ctx, store.Credential, name)
	if err != nil {
		return
	}
	e := audit.Entry{Operation: "credential.test", Object: audit.Object{Kind: store.Credential, Name: o.Name, ID: o.UID}, Result: audit.Result(failed), RequestID: requestIDOf(ctx)}
	wrong := []string{}
	for _, c := range found.Checks {
		if !c.OK {
			wrong = append(wrong, c.Name)
		}
	}
	if failed == nil && !found.OK {
		e.Result = "checks_failed"
	}
	e.After, _ = json.Marshal(map[string]any{"checks": len(found.Checks), "failed": wrong})
	if err := s.Audit.Record(context.WithoutCancel(ctx), e); err != nil {
		s.Log.ErrorContext(ctx, "a test could not be written to the audit log", telemetry.Credential, name, telemetry.Err, err)
	}
}

// A PastRequest asks for what was done with something.
type PastRequest struct {
	Name  string `json:"name"`
	After string `json:"after,omitempty" doc:"next of the page before"`
	Limit int    `json:"limit,omitempty" doc:"how many; 100 if not said, at most 1000"`
}

// A PastUse is one thing that was done with a credential, or a sum of many.
type PastUse struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`             // test, rotate, edit, add, sign-in, use …
	Who    string    `json:"who,omitempty"`    // "": headrace itself
	Result string    `json:"result"`           // ok, or the code of the error
	Times  int64     `json:"times"`            // more than 1: an hour's sum
	Failed int64     `json:"failed,omitempty"` // of these
	Since  time.Time `json:"since,omitzero"`   // of a sum: from when on
	Wrong  []string  `json:"failed_checks,omitempty"`
}

// CredentialHistory tells what was done with a credential: tests, changes, new secrets, sign-ins, and its use in hourly sums.
var CredentialHistory = Operation[PastRequest, Page[PastUse]]{Name: "credential.history", Route: "GET /credentials/{name}/history", Role: account.Operator, Summary: "Tell what was done with a credential, the newest first", Do: func(ctx context.Context, s *Services, in PastRequest) (Page[PastUse], error) {
	o, err := s.Store.Object(ctx, store.Credential, in.Name)
	if err != nil {
		return Page[PastUse]{}, err
	}
	all, next, err := s.auditPage(ctx, audit.Filter{Kind: store.Credential, Object: o.UID}, in.After, in.Limit)
	uses := make([]PastUse, 0, len(all))
	for _, e := range all {
		uses = append(uses, pastUse(e))
	}
	return paged(uses, next, err)
}}

func pastUse(e audit.Entry) PastUse {
	u := PastUse{At: e.At, What: strings.TrimPrefix(e.Operation, "credential."), Result: e.Result, Times: e.Times}
	if e.Who.Kind != audit.System {
		u.Who = cmp.Or(e.Who.Name, e.Who.Kind)
	}
	var more struct {
		Failed json.RawMessage `json:"failed"`
		Since  time.Time       `json:"since"`
	}
	if json.Unmarshal(e.After, &more) == nil { // an entry of another shape has no more to tell
		u.Since = more.Since
		if json.Unmarshal(more.Failed, &u.Failed) != nil {
			_ = json.Unmarshal(more.Failed, &u.Wrong)
		}
	}
	return u
}
