package account

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// A Draft is an account to be.
type Draft struct {
	Name     string // for signing in; kept in lower case
	Display  string // "": the name
	Email    string // may be ""
	Role     Role
	Password secret.Text
}

// An Edit is a change of an account. Nil fields stay as they are.
type Edit struct {
	Revision int64 // the one that the change was made from; 0: whatever is there now
	Name     *string
	Display  *string
	Email    *string
	Role     *Role
	Disabled *bool
}

// Users gives up to limit accounts by name, after the one named, whose name, display name or e-mail address has part in it; "" for all.
func (s *Service) Users(ctx context.Context, part, after string, limit int) ([]Account, error) {
	if _, err := need(ctx, Admin, User, false); err != nil {
		return nil, err
	}
	return s.store.Accounts(ctx, strings.ToLower(part), after, limit)
}

// User gives one by name or ID. Who is no admin may only see the own one.
func (s *Service) User(ctx context.Context, name string) (Account, error) {
	who, err := need(ctx, Viewer, User, false)
	if err != nil {
		return Account{}, err
	}
	a, err := s.store.Account(ctx, fold(name))
	if !who.Role.Covers(Admin) && (err != nil || a.UID != who.Person()) {
		_, err = need(ctx, Admin, User, false)
		return Account{}, err
	}
	return a, err
}

// Create makes an account. All problems with the draft are told at once; Conflict (name_taken) if there is one of that name.
func (s *Service) Create(ctx context.Context, d Draft) (Account, error) {
	if _, err := s.manage(ctx); err != nil {
		return Account{}, err
	}
	a, problems := d.account()
	if text := judgePassword(d.Password, a.Name, a.Display, a.Email); text != "" {
		problems = append(problems, fault.Problem{Field: "password", Text: text})
	}
	if err := problems.Err(); err != nil {
		return Account{}, err
	}
	some, err := s.store.HasAccounts(ctx)
	if err != nil {
		return Account{}, err
	}
	if !some && d.Role != Admin {
		return Account{}, fault.Problems{{Field: "role", Text: "the first account must be an admin, or nobody could make others"}}.Err()
	}
	if a.Password, err = s.hasher.hash(ctx, d.Password); err != nil {
		return Account{}, err
	}
	return s.store.CreateAccount(ctx, a)
}

// account gives a draft as it would be stored, without the password.
func (d Draft) account() (Account, fault.Problems) {
	a := Account{Name: fold(d.Name), Display: strings.TrimSpace(d.Display), Email: strings.TrimSpace(d.Email), Role: string(d.Role)}
	problems := judge(a)
	if a.Display == "" {
		a.Display = a.Name
	}
	return a, problems
}

// Edit changes an account. A change of role, and disabling, end its sessions: who is signed in signs in anew. Conflict: stale_revision,
// name_taken, last_admin.
func (s *Service) Edit(ctx context.Context, name string, e Edit) (before, after Account, err error) {
	if _, err := s.manage(ctx); err != nil {
		return before, after, err
	}
	if before, err = s.at(ctx, name, e.Revision); err != nil {
		return before, after, err
	}
	a := before
	if e.Name != nil {
		a.Name = fold(*e.Name)
	}
	if e.Display != nil {
		a.Display = strings.TrimSpace(*e.Display)
	}
	if e.Email != nil {
		a.Email = strings.TrimSpace(*e.Email)
	}
	if e.Role != nil {
		a.Role = string(*e.Role)
	}
	if e.Disabled != nil {
		a.Disabled = *e.Disabled
	}
	if err := judge(a).Err(); err != nil {
		return before, after, err
	}
	after, err = s.store.UpdateAccount(ctx, a, a.Role != before.Role || a.Disabled)
	return before, after, err
}

// SetPassword gives an account another password without asking for the old one, and ends its sessions. One's own is changed by
// ChangePassword.
func (s *Service) SetPassword(ctx context.Context, name string, revision int64, password secret.Text) (Account, error) {
	who, err := s.manage(ctx)
	if err != nil {
		return Account{}, err
	}
	a, err := s.at(ctx, name, revision)
	if err != nil {
		return a, err
	}
	if who.Kind == User && who.ID == a.UID {
		return a, fault.New(fault.Invalid, "the own password is changed with the old one").WithCode("own_password").WithHint("Change it on the page of your own account.")
	}
	return s.newPassword(ctx, a, password)
}

func (s *Service) newPassword(ctx context.Context, a Account, password secret.Text) (Account, error) {
	if text := judgePassword(password, a.Name, a.Display, a.Email); text != "" {
		return a, fault.Problems{{Field: "password", Text: text}}.Err()
	}
	var err error
	if a.Password, err = s.hasher.hash(ctx, password); err != nil {
		return a, err
	}
	return s.store.UpdateAccount(ctx, a, true)
}

// Remove removes an account with its sessions and tokens. What it did stays in the audit log.
func (s *Service) Remove(ctx context.Context, name string, revision int64) (Account, error) {
	if _, err := s.manage(ctx); err != nil {
		return Account{}, err
	}
	a, err := s.at(ctx, name, revision)
	if err != nil {
		return a, err
	}
	return a, s.store.DeleteAccount(ctx, a)
}

// manage gives who may change accounts. A token that is for some things only may not: an account that it made could do all.
func (s *Service) manage(ctx context.Context) (Identity, error) {
	who, err := need(ctx, Admin, User, true)
	if err == nil && who.Kind == Token && len(who.Scopes) > 0 {
		err = &fault.Error{Class: fault.Denied, Code: "scope_missing", Title: "a token with scopes can't change accounts", Hint: "an account could do what the token may not. Use a token without scopes, or sign in"}
	}
	return who, err
}

// at gives an account, if it still has the revision (0: any).
func (s *Service) at(ctx context.Context, name string, revision int64) (Account, error) {
	a, err := s.store.Account(ctx, fold(name))
	if err == nil && revision != 0 && revision != a.Revision {
		err = &fault.Error{Class: fault.Conflict, Code: "stale_revision", Title: "user " + a.Name + " was changed by somebody else in the meantime", Hint: "look at it again and repeat the change"}
	}
	return a, err
}

// fold is a name as it is kept: people write theirs in any case.
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

const (
	maxName    = 64
	maxDisplay = 100
	maxEmail   = 254 // RFC 5321, 4.5.3.1
)

// judge tells all that is wrong with an account but for its password.
func judge(a Account) fault.Problems {
	var problems fault.Problems
	add := func(field, text string) {
		if text != "" {
			problems = append(problems, fault.Problem{Field: field, Text: text})
		}
	}
	add("name", judgeName(a.Name))
	add("display_name", judgeLine(a.Display, maxDisplay))
	add("email", judgeEmail(a.Email))
	if !Role(a.Role).Valid() {
		add("role", fmt.Sprintf("%q is no role; there are %s, %s and %s", a.Role, Viewer, Operator, Admin))
	}
	return problems
}

func judgeName(name string) string {
	const may = "a name has letters a–z, digits and . _ - @ +, and begins with a letter or digit"
	switch {
	case name == "":
		return "a name is missing"
	case len(name) > maxName:
		return fmt.Sprintf("the name is longer than %d characters", maxName)
	case strings.HasPrefix(name, "usr_"):
		return "names do not begin with usr_: IDs do"
	}
	for i, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("._-@+", r)) {
			return may
		}
	}
	return ""
}

// judgeLine refuses what would make a text look like another one.
func judgeLine(text string, most int) string {
	switch {
	case !utf8.ValidString(text):
		return "this is no valid text (UTF-8)"
	case utf8.RuneCountInString(text) > most:
		return fmt.Sprintf("this is longer than %d characters", most)
	case strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029
	}):
		return "this has control characters in it"
	}
	return ""
}

func judgeEmail(email string) string {
	if email == "" {
		return ""
	}
	local, domain, found := strings.Cut(email, "@")
	if !found || local == "" || domain == "" || strings.Contains(domain, "@") || len(email) > maxEmail || strings.ContainsFunc(email, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "this is no e-mail address like ada@contoso.com"
	}
	return judgeLine(email, maxEmail)
}
