package credential

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
	"github.com/headrace/headrace/internal/store"
)

// A TestView is the last test of a credential.
type TestView struct {
	At     time.Time `json:"at"`
	OK     bool      `json:"ok"`
	Checks []TestRow `json:"checks"`
}

// A TestRow is one check of it.
type TestRow struct {
	Name   string                `json:"name"`
	Result connector.CheckResult `json:"result"`
	Text   string                `json:"text"`
	Fix    string                `json:"fix,omitempty"`
	Link   string                `json:"link,omitempty"`
	OK     bool                  `json:"ok"`
	Code   string                `json:"code,omitempty"`  // of the error, where there was one
	Class  string                `json:"class,omitempty"` // of the error
}

// Passed tells whether nothing needs to be done about a check. What can't be told yet is no trouble; what can't be reached is.
func Passed(c connector.Check) bool {
	return c.Result.OK() || c.Result == connector.Unknown && c.Err == nil
}

// keep stores how a test of o ended.
func (s *Service) keep(ctx context.Context, o store.Object, checks []connector.Check) error {
	v := TestView{OK: true}
	for _, c := range checks {
		row := TestRow{Name: c.Name, Result: c.Result, Text: c.Text, Fix: c.Fix, Link: c.Link, OK: Passed(c)}
		if c.Err != nil {
			row.Class = fault.ClassOf(c.Err).String()
			if e, ok := fault.As(c.Err); ok {
				row.Code = e.Code
			}
		}
		v.OK = v.OK && row.OK
		v.Checks = append(v.Checks, row)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write the test's result: %w", err)
	}
	if err := s.Store.SaveTest(ctx, o, v.OK, raw); err != nil || !v.OK {
		return err
	}
	return s.Store.WakeUsers(ctx, o.ID) // an admin may have granted what was missing
}

// States of a credential, as far as is known without asking anybody.
const (
	Working           = "working"
	ExpiresSoon       = "secret_expires_soon"
	Expired           = "secret_expired"
	NoSecret          = "no_secret"
	PermissionMissing = "permission_missing"
	Attention         = "needs_attention" // it signs in, but something else is to be done: audit logging, the clock
	Refused           = "refused"
	Unreachable       = "unreachable"
	NotTested         = "not_tested"
)

// Soon is how long before its end a secret's end is a thing to act on.
const Soon = 30 * 24 * time.Hour

// Left tells how long it is to the end of a secret: "12 days".
func Left(d time.Duration) string {
	switch days := int(d / (24 * time.Hour)); days {
	case 0:
		return "less than a day"
	case 1:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", days)
	}
}

// state tells how a credential is, and the one fact that says it best.
func (s *Service) state(v View) (state, fact string) {
	left := v.Expires.Sub(s.now())
	ends := fmt.Sprintf("the secret ends in %s, on %s", Left(left), v.Expires.Format(time.DateOnly))
	switch {
	case v.Secret.State == "none":
		return NoSecret, "it has no secret yet"
	case !v.Expires.IsZero() && left <= 0:
		return Expired, "the secret ended on " + v.Expires.Format(time.DateOnly)
	case v.Test != nil && !v.Test.OK:
		state, fact = s.failedState(v)
		if !v.Expires.IsZero() && left <= Soon && state != Expired {
			fact += "; " + ends
		}
		return state, fact
	case !v.Expires.IsZero() && left <= Soon: // said also of one that nobody tested: giving the date takes the test away
		return ExpiresSoon, ends
	case v.Test == nil:
		return NotTested, ""
	case !v.Expires.IsZero():
		return Working, "the secret is valid " + Left(left)
	}
	return Working, ""
}

// failedState makes a state of the first check that did not pass.
func (s *Service) failedState(v View) (state, fact string) {
	for _, row := range v.Test.Checks {
		if row.OK {
			continue
		}
		fact = row.Name + ": " + row.Text
		switch {
		case row.Code == "secret_expired":
			return Expired, fact
		case row.Result == connector.Unknown:
			return Unreachable, fact
		case row.Result == connector.Missing && s.isPermission(v.Type, row.Name):
			return PermissionMissing, fact
		case row.Result == connector.Missing:
			return Attention, fact
		}
		return Refused, fact
	}
	return Refused, ""
}

func (s *Service) isPermission(kind, name string) bool {
	spec, err := s.connectors.Find(kind)
	if err != nil || spec.Credential == nil {
		return false
	}
	for _, p := range spec.Credential.Permissions {
		if strings.EqualFold(p.Name, name) {
			return true
		}
	}
	return false
}

// resolve makes the tenant's ID of a domain, once, and remembers it for all that uses the credential.
func (s *Service) resolveTenant(ctx context.Context, o store.Object, c *connector.Credential) (store.Object, error) {
	if microsoft.IsGUID(c.TenantID) {
		return o, nil
	}
	id, err := microsoft.TenantID(ctx, s.env(o.Name, "", c))
	if err != nil {
		return o, err
	}
	if err := s.Store.SetTenant(ctx, o.ID, id); err != nil {
		return o, err
	}
	c.TenantID = id
	return s.Store.ObjectByID(ctx, store.Credential, o.ID)
}

// checkTenant is the row of a tenant that the credential names by a domain; done: there is no use in going on.
func (s *Service) checkTenant(ctx context.Context, o store.Object, settings Settings, c *connector.Credential) (now store.Object, row []connector.Check, done bool) {
	if microsoft.IsGUID(settings.TenantID) {
		return o, nil, false
	}
	now, err := s.resolveTenant(ctx, o, c)
	one, done := tenantCheck(settings.TenantID, c.TenantID, err)
	if one == nil {
		return o, nil, false
	}
	return now, []connector.Check{*one}, done
}

// tenantCheck is the row of a domain that was looked up; nil: the sign-in tells what is wrong with the network. done:
// there is no use in going on.
func tenantCheck(domain, id string, err error) (one *connector.Check, done bool) {
	one = &connector.Check{Name: "Tenant ID", Result: connector.Works}
	switch class := fault.ClassOf(err); {
	case err == nil:
		one.Text = domain + " is " + id
		return one, false
	case class == fault.Denied || class == fault.Invalid:
		one.Result, one.Text, one.Fix, one.Err = connector.Refused, err.Error(), fault.HintOf(err), err
		if e, ok := fault.As(err); ok && e.Title != "" {
			one.Text = e.Title
		}
		return one, true
	}
	return nil, false
}
