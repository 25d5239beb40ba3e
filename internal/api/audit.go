package api

import (
	"context"
	"strconv"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/fault"
)

// An AuditQuery picks entries of the audit log.
type AuditQuery struct {
	After     string    `json:"after,omitempty" doc:"next of the page before"`
	Limit     int       `json:"limit,omitempty" doc:"how many; 100 if not said, at most 1000"`
	Order     string    `json:"order,omitempty" doc:"which entries come first; newest if not said" enum:"newest,oldest"`
	Who       string    `json:"who,omitempty" doc:"only what this account or token did, by name or ID"`
	Operation string    `json:"operation,omitempty" doc:"only this operation, as source.pause, or all of a noun, as source"`
	Object    string    `json:"object,omitempty" doc:"only what was done to this, by name or ID"`
	Kind      string    `json:"kind,omitempty" doc:"only what was done to things of this kind"`
	Result    string    `json:"result,omitempty" doc:"only with this result: ok, failed, or the code of an error"`
	Since     time.Time `json:"since,omitzero" doc:"only from this time on"`
	Until     time.Time `json:"until,omitzero" doc:"only before this time"`
}

// AuditList lists what was done.
var AuditList = Operation[AuditQuery, Page[audit.Entry]]{Name: "audit.list", Route: "GET /audit", Role: account.Admin, Summary: "List who changed what, and who signed in", Do: func(ctx context.Context, s *Services, in AuditQuery) (Page[audit.Entry], error) {
	f := audit.Filter{Forward: in.Order == "oldest", Who: in.Who, Operation: in.Operation, Object: in.Object, Kind: in.Kind, Result: in.Result, Since: in.Since, Until: in.Until}
	all, next, err := s.auditPage(ctx, f, in.After, in.Limit)
	return paged(all, next, err)
}}

// auditPage gives a page of entries that a filter picks, after what the page before gave as next, and where the next page begins; "": there
// is none.
func (s *Services) auditPage(ctx context.Context, f audit.Filter, after string, limit int) (all []audit.Entry, next string, err error) {
	if after != "" {
		if f.After, err = strconv.ParseInt(after, 10, 64); err != nil || f.After < 1 {
			return nil, "", fault.Problems{{Field: "after", Text: "is no place in the list; send what the page before gave as next"}}.Err()
		}
	}
	limit = Query{Limit: limit}.most()
	all, err = s.Audit.List(ctx, f, limit+1)
	if len(all) > limit {
		all = all[:limit]
		next = strconv.FormatInt(all[limit-1].ID, 10)
	}
	return all, next, err
}

// AuditVerify holds the whole log against its hashes.
var AuditVerify = Operation[None, audit.Verified]{Name: "audit.verify", Route: "GET /audit/verify", Role: account.Admin, Summary: "Tell whether something else than headrace wrote into the audit log", Do: func(ctx context.Context, s *Services, _ None) (audit.Verified, error) {
	return s.Audit.Verify(ctx)
}}
