package account

import (
	"context"
	"fmt"
	"strings"

	"github.com/headrace/headrace/internal/fault"
)

// An External is a person whom another service has signed in.
type External struct {
	Issuer  string // that service; with Subject what a person is known by
	Subject string
	Name    string // wishes for a new account; what it has there may be another's name here, and gives no right to that account
	Display string
	Email   string
	Role    Role // what the service's claims give, at each sign-in; "": none
}

// SignInExternal begins a session for whom another service has signed in. The account is the one that is linked to issuer and subject, never one
// of the same name or e-mail address: those can be changed there by others. The first time an account is made. The role follows the
// service's claims; without a role nobody comes in (Denied, code no_role).
func (s *Service) SignInExternal(ctx context.Context, e External, v Visit) (SignedIn, error) {
	if e.Issuer == "" || e.Subject == "" {
		return SignedIn{}, fault.New(fault.Internal, "a person of another service has no identity there")
	}
	a, known, err := s.store.LinkedAccount(ctx, e.Issuer, e.Subject)
	if err != nil {
		return SignedIn{}, err
	}
	refuse := func(why *fault.Error) (SignedIn, error) {
		if !known {
			a = Account{Name: clip(fold(e.Name), maxName)}
		}
		if err := s.record(ctx, visited(entry("session.begin", a, why.Code, map[string]string{"method": "oidc", "issuer": e.Issuer}), v)); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, why
	}
	switch {
	case !e.Role.Valid():
		return refuse(&fault.Error{Class: fault.Denied, Code: "no_role", Title: "the sign-in went well, but nothing there gives a role here", Hint: "an admin gives a group or role of yours a role here: headrace serve --oidc-role VALUE=viewer"})
	case known && a.Disabled:
		return refuse(&fault.Error{Class: fault.Denied, Code: "disabled", Title: "this account is disabled", Hint: "ask an admin of this headrace"})
	case !known:
		a, err = s.adopt(ctx, e)
	case a.Role != string(e.Role):
		a.Role = string(e.Role)
		a, err = s.store.UpdateAccount(ctx, a, true)
	}
	if last, ok := fault.As(err); ok && last.Code == "last_admin" {
		return refuse(last)
	}
	if err != nil {
		return SignedIn{}, err
	}
	return s.begin(ctx, a, "oidc", v)
}

// adopt makes an account for whom another service has signed in the first time. It never takes a name that somebody has.
func (s *Service) adopt(ctx context.Context, e External) (Account, error) {
	if some, err := s.store.HasAccounts(ctx); err != nil {
		return Account{}, err
	} else if !some {
		return Account{}, &fault.Error{Class: fault.Conflict, Code: "set_up_first", Title: "the first account is not made yet", Hint: "make it with the set-up code that headrace serve printed; then others can sign in by this way"}
	}
	a := Account{Name: nameFrom(e.Name, e.Email), Display: clip(strings.TrimSpace(e.Display), maxDisplay), Email: strings.TrimSpace(e.Email), Role: string(e.Role), Issuer: e.Issuer, Subject: e.Subject}
	if judgeEmail(a.Email) != "" {
		a.Email = ""
	}
	if a.Display == "" || judgeLine(a.Display, maxDisplay) != "" {
		a.Display = a.Name
	}
	wish := a.Name
	for n := 2; ; n++ {
		made, err := s.store.CreateAccount(ctx, a)
		if taken, ok := fault.As(err); !ok || taken.Code != "name_taken" || n > 100 {
			return made, err
		}
		a.Name = fmt.Sprintf("%.*s-%d", maxName-4, wish, n)
	}
}

// nameFrom makes a name that may be one of what a service says.
func nameFrom(texts ...string) string {
	for _, text := range texts {
		name := strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-@+", r) {
				return r
			}
			return -1
		}, fold(text))
		name = strings.TrimLeft(name, "._-@+")
		if name = name[:min(len(name), maxName)]; judgeName(name) == "" {
			return name
		}
	}
	return "user"
}
