package account_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"

	"github.com/headrace/headrace/internal/store/storetest"
)

func ptr[T any](v T) *T { return &v }

func TestBadAccountsAreRefusedWithAllTheirProblems(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		_, err := w.s.Create(w.local(), account.Draft{Name: "a", Role: account.Viewer, Password: secret.New(pass)})
		w.problem(err, "role") // the first must be an admin
		w.user("root", account.Admin)
		for name, d := range map[string]account.Draft{
			"no name":           {},
			"script":            {Name: "<script>alert(1)</script>"},
			"right to left":     {Name: "\u202eadmin"},
			"a letter like a":   {Name: "\u0430dmin"},
			"blank inside":      {Name: "ada l"},
			"dash first":        {Name: "-rf"},
			"too long":          {Name: strings.Repeat("a", 65)},
			"like an ID":        {Name: "usr_abc"},
			"a quote":           {Name: "a' OR '1'='1"},
			"NUL":               {Name: "a\x00b"},
			"a line in display": {Name: "ok", Display: "a\nb"},
			"display too long":  {Name: "ok", Display: strings.Repeat("ü", 101)},
			"display turned":    {Name: "ok", Display: "abc\u202edef"},
			"bad text":          {Name: "ok", Display: "a\xff"},
			"no address":        {Name: "ok", Email: "ada"},
			"two addresses":     {Name: "ok", Email: "a@b@c"},
			"header":            {Name: "ok", Email: "a@b\r\nBcc: c@d"},
		} {
			t.Run(name, func(t *testing.T) {
				d.Password = secret.New("short")
				d.Role = "root"
				_, err := w.s.Create(w.local(), d)
				w.problem(err, "password")
				w.problem(err, "role")
				if problems := strings.Count(err.Error(), "\n") + 1; problems != 3 {
					t.Errorf("%d problems: %v", problems, err)
				}
			})
		}
		a, err := w.s.Create(w.local(), account.Draft{Name: "Ada+1@Contoso.com ", Display: "Ada 🐎 לאה", Email: "ada@contoso.com", Role: account.Viewer, Password: secret.New(pass)})
		w.ok(err)
		if a.Name != "ada+1@contoso.com" {
			t.Errorf("named %q", a.Name)
		}
		_, err = w.s.Create(w.local(), account.Draft{Name: "ADA+1@contoso.com", Role: account.Viewer, Password: secret.New(pass)})
		w.code(err, "name_taken")
	})
}

func TestWhatEndsSessionsOfAnAccount(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.user("root", account.Admin)
		w.user("ada", account.Operator)
		ended := func(what string, want bool, change func()) {
			t.Helper()
			in, err := w.signIn("ada", pass, "192.0.2.1")
			w.ok(err)
			change()
			if _, err = w.s.Session(t.Context(), in.Token, ""); (err != nil) != want {
				t.Errorf("%s: ended %v, want %v (%v)", what, err != nil, want, err)
			}
		}
		edit := func(e account.Edit) func() {
			return func() { t.Helper(); _, _, err := w.s.Edit(w.local(), "ada", e); w.ok(err) }
		}
		ended("another display name", false, edit(account.Edit{Display: ptr("Ada")}))
		ended("another role", true, edit(account.Edit{Role: ptr(account.Viewer)}))
		ended("the same role", false, edit(account.Edit{Role: ptr(account.Viewer)}))
		ended("another name", false, edit(account.Edit{Name: ptr("lea")}))
		_, _, err := w.s.Edit(w.local(), "lea", account.Edit{Name: ptr("ada")})
		w.ok(err)
		ended("disabled", true, edit(account.Edit{Disabled: ptr(true)}))
		edit(account.Edit{Disabled: ptr(false)})()
		ended("a new password by an admin", true, func() { _, err := w.s.SetPassword(w.local(), "ada", 0, secret.New(pass)); w.ok(err) })
		ended("removed", true, func() { _, err := w.s.Remove(w.local(), "ada", 0); w.ok(err) })
	})
}

func TestOnesOwnPassword(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.user("root", account.Admin)
		w.user("ada", account.Viewer)
		ctx, other := w.as("ada"), w.as("ada")
		_, err := w.s.ChangePassword(ctx, secret.New("not the old one"), secret.New(pass2), account.Visit{})
		w.problem(err, "old_password")
		_, err = w.s.ChangePassword(ctx, secret.New(pass), secret.New("short"), account.Visit{})
		w.problem(err, "password")
		in, err := w.s.ChangePassword(ctx, secret.New(pass), secret.New(pass2), account.Visit{Address: "192.0.2.1"})
		w.ok(err)
		for _, old := range []context.Context{ctx, other} {
			who, _ := account.Of(old)
			all, err := w.s.Sessions(w.session(in))
			w.ok(err)
			if len(all) != 1 || all[0].UID == who.Session {
				t.Errorf("sessions after the change: %+v", all)
			}
		}
		_, err = w.signIn("ada", pass, "192.0.2.1")
		w.code(err, "sign_in_wrong")
		for range 5 {
			_, err = w.s.ChangePassword(w.session(in), secret.New("not the old one"), secret.New(pass), account.Visit{})
		}
		for range 2 {
			_, err = w.s.ChangePassword(w.session(in), secret.New("not the old one"), secret.New(pass), account.Visit{})
		}
		w.code(err, "too_many_attempts")
		root := w.as("root")
		_, err = w.s.SetPassword(root, "root", 0, secret.New(pass2))
		w.code(err, "own_password")
		_, err = w.s.ChangePassword(w.local(), secret.New(pass), secret.New(pass2), account.Visit{})
		w.code(err, "no_person")
		_, err = w.s.ChangePassword(t.Context(), secret.New(pass), secret.New(pass2), account.Visit{})
		w.code(err, "not_signed_in")
	})
}

func TestOnesOwnSessions(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.user("root", account.Admin)
		w.user("ada", account.Viewer)
		root, first := w.as("root"), w.as("ada")
		w.clock.Add(hour)
		second, third := w.as("ada"), w.as("ada")
		all, err := w.s.Sessions(first)
		w.ok(err)
		if len(all) != 3 || all[2].UID != must(account.Of(first)).Session || all[0].Agent != "browser" || all[0].Address != "192.0.2.77" {
			t.Errorf("got %+v", all)
		}
		w.code(w.s.EndSession(root, must(account.Of(first)).Session), "session_not_found")
		w.ok(w.s.EndSession(first, must(account.Of(second)).Session))
		w.ok(w.s.EndSession(first, ""))
		w.as("ada")
		w.ok(w.s.EndOthers(third))
		all, err = w.s.Sessions(third)
		w.ok(err)
		if len(all) != 1 || all[0].UID != must(account.Of(third)).Session {
			t.Errorf("got %+v", all)
		}
	})
}

func must[T any](v T, _ bool) T { return v }

func TestTokensDoWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d, func(o *account.Options) { o.Nouns = []string{"flow", "source", "token"} })
		w.user("root", account.Admin)
		w.user("ada", account.Operator)
		ada := w.as("ada")
		made, err := w.s.CreateToken(ada, account.TokenDraft{Name: "ci", Scopes: []string{"flow:read", "source"}})
		w.ok(err)
		text := made.Text.Reveal()
		if !strings.HasPrefix(text, "hrt_") || len(text) != 56 || made.Expires.Sub(w.clock.Now()) != account.DefaultToken || made.Role != "operator" || made.Owner != "ada" {
			t.Errorf("made %q, %+v", text, made.Token)
		}
		if shown := fmt.Sprintf("%+v %s", made, mustJSON(made)); strings.Contains(shown, text[4:]) {
			t.Error("printing what was made shows the token")
		}
		who, err := w.s.Bearer(t.Context(), made.Text, "192.0.2.5")
		w.ok(err)
		for operation, want := range map[string][2]bool{"flow.run": {false, true}, "source.pause": {true, true}, "credential.add": {false, false}, "flowery.x": {false, false}} {
			if got := [2]bool{who.May(operation, true), who.May(operation, false)}; got != want {
				t.Errorf("%s: %v, want %v", operation, got, want)
			}
		}
		for _, bad := range []string{"", "hrt_", text[:55], text + "a", "HRT_" + text[4:], strings.ToUpper(text), text[:55] + "!", "hrt_" + strings.Repeat("a", 52)} {
			_, err := w.s.Bearer(t.Context(), secret.New(bad), "")
			w.code(err, "token_unknown")
		}
		_, _, err = w.s.Edit(w.local(), "ada", account.Edit{Role: ptr(account.Viewer)})
		w.ok(err)
		if who, err = w.s.Bearer(t.Context(), made.Text, ""); err != nil || who.Role != account.Viewer {
			t.Errorf("the owner is a viewer, the token %s, %v", who.Role, err)
		}
		w.clock.Add(account.DefaultToken)
		_, err = w.s.Bearer(t.Context(), made.Text, "")
		w.code(err, "token_expired")
		mine, err := w.s.CreateToken(w.as("ada"), account.TokenDraft{Name: "other", Never: true})
		w.ok(err)
		w.clock.Add(10 * account.DefaultToken)
		_, err = w.s.Bearer(t.Context(), mine.Text, "")
		w.ok(err)
		_, err = w.s.Revoke(w.as("ada"), "other")
		w.ok(err)
		_, err = w.s.Bearer(t.Context(), mine.Text, "")
		w.code(err, "token_unknown")
	})
}

func mustJSON(v any) string { raw, _ := json.Marshal(v); return string(raw) }

func TestBadTokensAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), func(o *account.Options) { o.MaxToken, o.Nouns = 365*24*hour, []string{"flow"} })
	w.user("root", account.Admin)
	w.user("ada", account.Operator)
	ada := w.as("ada")
	for name, c := range map[string]struct {
		draft account.TokenDraft
		field string
	}{
		"no name":           {account.TokenDraft{}, "name"},
		"a long name":       {account.TokenDraft{Name: strings.Repeat("x", 65)}, "name"},
		"a line break":      {account.TokenDraft{Name: "a\nb"}, "name"},
		"more than one may": {account.TokenDraft{Name: "x", Role: account.Admin}, "role"},
		"no role":           {account.TokenDraft{Name: "x", Role: "root"}, "role"},
		"no such scope":     {account.TokenDraft{Name: "x", Scopes: []string{"flow", "flows"}}, "scopes[1]"},
		"an empty scope":    {account.TokenDraft{Name: "x", Scopes: []string{""}}, "scopes[0]"},
		"scope to write":    {account.TokenDraft{Name: "x", Scopes: []string{"flow:write"}}, "scopes[0]"},
		"for ever":          {account.TokenDraft{Name: "x", Never: true}, "expires"},
		"too long":          {account.TokenDraft{Name: "x", Life: 366 * 24 * hour}, "expires"},
		"over already":      {account.TokenDraft{Name: "x", Life: -hour}, "expires"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.s.CreateToken(ada, c.draft)
			w.problem(err, c.field)
		})
	}
	_, err := w.s.CreateToken(ada, account.TokenDraft{Name: "x"})
	w.ok(err)
	_, err = w.s.CreateToken(ada, account.TokenDraft{Name: "x"})
	w.code(err, "name_taken")
}

// Whatever anybody who is not an admin tries, with whatever sessions and tokens, in whatever order: nobody can do more afterwards.
func TestNobodyGetsMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), nil)
	w.user("root", account.Admin)
	w.user("op", account.Operator)
	w.user("view", account.Viewer)
	may := map[string]account.Role{"op": account.Operator, "view": account.Viewer}
	type asker struct {
		who    account.Identity
		owner  string
		scopes []string // what it can do at most
	}
	askers := []asker{{must(account.Of(w.as("op"))), "op", nil}, {must(account.Of(w.as("view"))), "view", nil}}
	rnd := rand.New(rand.NewPCG(7, 11))
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	for step := range 3000 {
		a := askers[rnd.IntN(len(askers))]
		ctx := account.With(t.Context(), a.who)
		role := account.Role(pick("viewer", "operator", "admin"))
		var err error
		switch rnd.IntN(8) {
		case 0:
			_, err = w.s.Create(ctx, account.Draft{Name: fmt.Sprint("x", step), Role: role, Password: secret.New(pass)})
		case 1:
			_, _, err = w.s.Edit(ctx, pick("root", "op", "view"), account.Edit{Role: &role, Name: ptr("root2")})
		case 2:
			_, err = w.s.SetPassword(ctx, pick("root", "op", "view"), 0, secret.New(pass2))
		case 3:
			_, err = w.s.Remove(ctx, pick("root", "op", "view"), 0)
		case 4:
			_, _, err = w.s.Tokens(ctx, true, "", "", 10)
		case 5:
			_, err = w.s.User(ctx, "root")
		default:
			d := account.TokenDraft{Name: fmt.Sprint("t", step), Role: role, Never: rnd.IntN(2) == 0}
			for range rnd.IntN(3) {
				d.Scopes = append(d.Scopes, pick("flow", "flow:read", "source", "token", "user", "credential:read"))
			}
			made, err := w.s.CreateToken(ctx, d)
			if err != nil {
				continue
			}
			who, err := w.s.Bearer(t.Context(), made.Text, "")
			w.ok(err)
			if !may[a.owner].Covers(who.Role) || !a.who.Role.Covers(who.Role) {
				t.Fatalf("step %d: %s (%s) made a token that is %s", step, a.who.Name, a.who.Role, who.Role)
			}
			for _, noun := range []string{"flow.", "source.", "token.", "user.", "credential."} {
				for _, changes := range []bool{true, false} {
					if who.May(noun, changes) && !a.who.May(noun, changes) {
						t.Fatalf("step %d: a token with %v made one with %v", step, a.who.Scopes, who.Scopes)
					}
				}
			}
			if a.who.Kind == account.Token && !a.who.Until.IsZero() && (who.Until.IsZero() || who.Until.After(a.who.Until)) {
				t.Fatalf("step %d: a token that ends %s made one that ends %s", step, a.who.Until, who.Until)
			}
			if len(askers) < 60 {
				askers = append(askers, asker{who: who, owner: a.owner})
			}
			continue
		}
		if fault.ClassOf(err) != fault.Denied {
			t.Fatalf("step %d: %s %s: %v", step, a.who.Kind, a.who.Name, err)
		}
	}
	all, err := w.s.Users(w.local(), "", "", 100)
	w.ok(err)
	if len(all) != 3 || all[0].Role != "operator" || all[1].Role != "admin" || all[2].Role != "viewer" {
		t.Errorf("in the end: %+v", all)
	}
}

// An admin's token for some things can't make itself an account that can do all.
func TestAScopedTokenOfAnAdmin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), nil)
	w.user("root", account.Admin)
	made, err := w.s.CreateToken(w.as("root"), account.TokenDraft{Name: "hr", Scopes: []string{"user", "token:read"}})
	w.ok(err)
	who, err := w.s.Bearer(t.Context(), made.Text, "")
	w.ok(err)
	ctx := account.With(t.Context(), who)
	_, err = w.s.Create(ctx, account.Draft{Name: "eve", Role: account.Admin, Password: secret.New(pass)})
	w.code(err, "scope_missing")
	_, err = w.s.CreateToken(ctx, account.TokenDraft{Name: "more"})
	w.code(err, "scope_missing")
	if _, err := w.s.Users(ctx, "", "", 10); err != nil {
		t.Error(err)
	}
}

func TestOthersTokensAreNotSeen(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.user("root", account.Admin)
		w.user("ada", account.Viewer)
		w.user("bob", account.Viewer)
		made, err := w.s.CreateToken(w.as("ada"), account.TokenDraft{Name: "hers"})
		w.ok(err)
		_, err = w.s.Revoke(w.as("bob"), made.UID)
		_, none := w.s.Revoke(w.as("bob"), "tok_none")
		w.code(err, "token_not_found")
		w.code(none, "token_not_found")
		if all, _, err := w.s.Tokens(w.as("bob"), false, "", "", 10); err != nil || len(all) != 0 {
			t.Errorf("%v, %v", all, err)
		}
		for n := range 3 {
			_, err := w.s.CreateToken(w.local(), account.TokenDraft{Name: fmt.Sprint("n", n), Role: account.Admin, Never: true})
			w.ok(err)
		}
		page, next, err := w.s.Tokens(w.as("root"), true, "", "", 2)
		w.ok(err)
		rest, end, err := w.s.Tokens(w.as("root"), true, "", next, 2)
		w.ok(err)
		if len(page) != 2 || len(rest) != 2 || end != "" || page[0].Name != "n2" || rest[1].Name != "hers" {
			t.Errorf("%+v, %q, %+v, %q", page, next, rest, end)
		}
		_, _, err = w.s.Tokens(w.as("root"), true, "", "x", 2)
		w.problem(err, "after")
		_, err = w.s.Revoke(w.as("root"), made.UID)
		w.ok(err)
	})
}

// Nothing secret is in a log, an error, the audit log, JSON or what formatting prints, and in the tables stand hashes.
func TestSecretsStayIn(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		var (
			secrets []string
			out     strings.Builder
		)
		hide := func(text string) string { secrets = append(secrets, text); return text }
		show := func(v ...any) {
			for _, one := range v {
				fmt.Fprintf(&out, "%v %+v %#v %s\n", one, one, one, mustJSON(one))
			}
		}
		code, _, err := w.s.SetupCode(t.Context())
		w.ok(err)
		hide(code)
		visit := account.Visit{Address: "192.0.2.1", Agent: "browser"}
		in, err := w.s.SetUp(t.Context(), code, account.Draft{Name: "root", Password: secret.New(hide(pass))}, visit)
		show(in, err)
		hide(in.Token.Reveal())
		_, err = w.s.SetUp(t.Context(), code, account.Draft{Name: "root", Password: secret.New(pass)}, visit)
		show(err)
		_, err = w.signIn("root", hide("a wrong guess of mine"), "192.0.2.1")
		show(err)
		_, err = w.signIn(hide("typed-in-the-wrong-field"), pass, "192.0.2.1")
		show(err)
		ctx := w.session(in)
		show(must(account.Of(ctx)))
		made, err := w.s.CreateToken(ctx, account.TokenDraft{Name: "ci"})
		show(made, err)
		hide(made.Text.Reveal()[4:])
		_, err = w.s.Bearer(t.Context(), secret.New(made.Text.Reveal()+hide("zzzzzz")), "")
		show(err)
		changed, err := w.s.ChangePassword(ctx, secret.New(pass), secret.New(hide(pass2)), visit)
		show(changed, err)
		hide(changed.Token.Reveal())
		users, err := w.s.Users(w.local(), "", "", 10)
		show(users, err)
		hide(strings.Split(users[0].Password, "$")[5])
		tokens, _, err := w.s.Tokens(w.local(), true, "", "", 10)
		show(tokens, err)
		sessions, err := w.s.Sessions(w.session(changed))
		show(sessions, err)
		entries, err := w.audit.List(t.Context(), audit.Filter{}, 100)
		w.ok(err)
		show(entries)
		for _, e := range entries {
			out.WriteString(string(e.Before) + string(e.After))
		}
		if len(entries) < 4 {
			t.Errorf("%d audit entries", len(entries))
		}
		text := out.String() + w.log.String()
		for i, one := range secrets {
			if i == len(secrets)-1 { // the hash, which %+v of the account in memory shows, has no JSON
				text = mustJSON(users) + mustJSON(entries) + mustJSON(in) + w.log.String()
			}
			if strings.Contains(text, one) {
				t.Errorf("secret %d (%.4s…) is shown", i, one)
			}
		}
	})
}
