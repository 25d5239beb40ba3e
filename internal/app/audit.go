package app

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// signIns writes down how credentials are used: each sign-in that went well and each change from well to badly, the rest in hourly
// sums. A wrong secret is tried again each minute by each of its sources; an entry for each would bury the others.
type signIns struct {
	log  *audit.Log
	warn *slog.Logger

	mu    sync.Mutex
	last  map[int64]string // by credential: how the last sign-in ended
	calls map[string]int64 // by credential's UID: requests since they were taken
}

// take gives the requests that credentials signed since it was called before.
func (s *signIns) take() []store.Requests {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := make([]store.Requests, 0, len(s.calls))
	for uid, n := range s.calls {
		rows = append(rows, store.Requests{Scope: store.CredentialScope(uid), Asked: n})
	}
	s.calls = nil
	return rows
}

// giveBack counts again what could not be written.
func (s *signIns) giveBack(rows []store.Requests) {
	for _, r := range rows {
		s.count(strings.TrimPrefix(r.Scope, store.CredentialScope("")), r.Asked)
	}
}

func (s *signIns) count(uid string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[string]int64{}
	}
	s.calls[uid] += n
}

func (s *signIns) used(ctx context.Context, o store.Object, use connector.CredentialUse) {
	object := audit.Object{Kind: store.Credential, Name: o.Name, ID: o.UID}
	if !use.SignIn {
		s.log.Count("credential.use", object, false)
		s.count(o.UID, 1)
		return
	}
	result := audit.Result(use.Err)
	s.mu.Lock()
	again := s.last[o.ID] == result
	if s.last == nil {
		s.last = map[int64]string{}
	}
	s.last[o.ID] = result
	s.mu.Unlock()
	if again && result != audit.OK {
		s.log.Count("credential.sign-in", object, true)
		return
	}
	who := audit.Who{Kind: audit.System, Name: "headrace"}
	if _, person := account.Of(ctx); person {
		who = audit.Who{} // whoever asked for a test; the log takes it from the context
	}
	if err := s.log.Record(context.WithoutCancel(ctx), audit.Entry{Who: who, Operation: "credential.sign-in", Object: object, Result: result}); err != nil {
		s.warn.WarnContext(ctx, "a sign-in could not be written to the audit log", telemetry.Credential, o.Name, telemetry.Err, err)
	}
}
