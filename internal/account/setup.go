package account

import (
	"context"
	"crypto/rand"
	"strings"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
)

// The set-up code is 100 random bits in Crockford's alphabet, which has no letters that look like others: 4 groups of 5. Its hash is kept.
const (
	codeAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	codeGroups   = 4
	codeGroup    = 5
)

// SetupCode makes this node's code for the first account, to be shown to who started it; the one before is void. False: there are accounts, and no
// code is needed.
func (s *Service) SetupCode(ctx context.Context) (string, bool, error) {
	var raw [codeGroups * codeGroup]byte
	_, _ = rand.Read(raw[:])
	var code strings.Builder
	for i, b := range raw {
		if i > 0 && i%codeGroup == 0 {
			code.WriteByte('-')
		}
		code.WriteByte(codeAlphabet[b&31])
	}
	needed, err := s.store.PutSetupCode(ctx, s.o.Node, digest(foldCode(code.String())))
	if err != nil || !needed {
		return "", false, err
	}
	return code.String(), true, nil
}

// foldCode is a code as people type it: in any case, with or without dashes, with o for 0 and l for 1.
func foldCode(code string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '-', ' ', '\t', '\n', '\r', '\u00a0', '–':
			return -1
		case 'o':
			return '0'
		case 'i', 'l':
			return '1'
		}
		return r
	}, strings.ToLower(code))
}

// NeedsSetup tells whether there is no account yet.
func (s *Service) NeedsSetup(ctx context.Context) (bool, error) {
	some, err := s.store.HasAccounts(ctx)
	return !some, err
}

// SetUp makes the first account, an admin, for who knows the code of a node, and begins its session. Denied (setup_code_wrong), Conflict
// (set_up_already), Throttled (too_many_attempts), Invalid with all problems of the draft. A draft with problems does not use the code up.
func (s *Service) SetUp(ctx context.Context, code string, d Draft, v Visit) (SignedIn, error) {
	d.Role = Admin
	a, problems := d.account()
	if text := judgePassword(d.Password, a.Name, a.Display, a.Email); text != "" {
		problems = append(problems, fault.Problem{Field: "password", Text: text})
	}
	if foldCode(code) == "" {
		problems = append(problems, fault.Problem{Field: "code", Text: "the set-up code is missing; headrace serve prints it when it starts"})
	}
	if err := problems.Err(); err != nil {
		return SignedIn{}, err
	}
	limits := []store.AttemptLimit{{Key: attemptKey("setup", network(v.Address)), Free: freeSetup, Most: mostSetup}}
	if err := s.attempt(ctx, "", limits); err != nil {
		return SignedIn{}, err
	}
	return s.first(ctx, code, a, d.Password, limits, v)
}

func (s *Service) first(ctx context.Context, code string, a Account, password secret.Text, limits []store.AttemptLimit, v Visit) (SignedIn, error) {
	var err error
	if a.Password, err = s.hasher.hash(ctx, password); err != nil {
		s.untried(ctx, limits)
		return SignedIn{}, err
	}
	in := newSignIn(a)
	in.Session, err = s.store.CreateFirstAccount(ctx, digest(foldCode(code)), a, digest(in.Token.Reveal()), s.session(a, "setup", v))
	if err != nil {
		_ = s.record(ctx, visited(entry("setup.create", Account{Name: a.Name}, codeOf(err), nil), v))
		return SignedIn{}, err
	}
	in.Account = in.Session.Account
	e := visited(entry("setup.create", in.Account, "ok", map[string]string{"role": in.Account.Role, "session": in.Session.UID}), v)
	e.Who = store.AuditWho{Kind: User, ID: in.Account.UID, Name: in.Account.Name}
	_ = s.record(ctx, e) // the account is made and can't be taken back
	return in, nil
}

func codeOf(err error) string {
	if e, ok := fault.As(err); ok && e.Code != "" {
		return e.Code
	}
	return fault.ClassOf(err).String()
}
