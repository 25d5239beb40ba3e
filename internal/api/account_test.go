package api_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/api/guard"
	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/connector/registry"
)

// door is a server on loopback behind its guard, over everything that is real.
type door struct {
	t      *testing.T
	app    *app.App
	server *httptest.Server
}

func openDoor(t *testing.T) *door {
	t.Helper()
	a, err := app.Open(t.Context(), app.Options{Data: filepath.Join(t.TempDir(), "data"), Connectors: registry.Specs(), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	g, err := guard.New(guard.Options{Accounts: a.Services.Accounts, Problem: func(w http.ResponseWriter, _ *http.Request, err error) { api.WriteProblem(w, err, "r") }, Hosts: guard.Loopback(), TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(g.Wrap(api.Handler(a.Services, slog.New(slog.DiscardHandler))))
	t.Cleanup(server.Close)
	return &door{t: t, app: a, server: server}
}

// A browser has cookies, and the CSRF token of its page.
type browser struct {
	d      *door
	client *http.Client
	csrf   string
	token  string
}

func (d *door) browser() *browser {
	jar, _ := cookiejar.New(nil)
	client := *d.server.Client()
	client.Jar = jar
	return &browser{d: d, client: &client}
}

// ask sends a request and decodes the answer.
func (b *browser) ask(method, path, body string, into any) (int, api.Problem) {
	b.d.t.Helper()
	req, err := http.NewRequestWithContext(b.d.t.Context(), method, b.d.server.URL+api.Prefix+path, strings.NewReader(body))
	if err != nil {
		b.d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if b.csrf != "" {
		req.Header.Set(guard.CSRFHeader, b.csrf)
	}
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.d.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var p api.Problem
	if res.StatusCode >= 400 {
		_ = json.NewDecoder(res.Body).Decode(&p)
		return res.StatusCode, p
	}
	if into != nil {
		if err := json.NewDecoder(res.Body).Decode(into); err != nil {
			b.d.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return res.StatusCode, p
}

func (b *browser) must(want int, method, path, body string, into any) api.Problem {
	b.d.t.Helper()
	got, p := b.ask(method, path, body, into)
	if got != want {
		b.d.t.Fatalf("%s %s: %d, want %d: %+v", method, path, got, want, p)
	}
	return p
}

const passphrase = "correct horse battery staple"

// first makes the first account and gives the browser that did.
func (d *door) first() *browser {
	d.t.Helper()
	code, needed, err := d.app.Services.Accounts.SetupCode(d.t.Context())
	if err != nil || !needed {
		d.t.Fatal(needed, err)
	}
	b := d.browser()
	var in api.SessionView
	b.must(200, "POST", "/setup", fmt.Sprintf(`{"code":%q,"name":"root","password":%q}`, code, passphrase), &in)
	b.csrf = in.CSRF
	return b
}

func (d *door) signIn(name string) *browser {
	d.t.Helper()
	b := d.browser()
	var in api.SessionView
	b.must(200, "POST", "/session", fmt.Sprintf(`{"name":%q,"password":%q}`, name, passphrase), &in)
	b.csrf = in.CSRF
	return b
}

func TestFromTheFirstVisitToATokenOfAViewer(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	stranger := d.browser()
	var how api.Door
	stranger.must(200, "GET", "/setup", "", &how)
	if !how.Setup {
		t.Error("no set-up is needed, they say")
	}
	stranger.must(401, "GET", "/flows", "", nil)
	root := d.first()
	stranger.must(200, "GET", "/setup", "", &how)
	if how.Setup {
		t.Error("set-up is still needed")
	}
	var user struct {
		Revision int64
		Role     string
	}
	root.must(201, "POST", "/users", fmt.Sprintf(`{"name":"ada","role":"viewer","password":%q}`, passphrase), &user)
	if p := root.must(422, "POST", "/users", `{"name":"bob","role":"root","password":"short"}`, nil); len(p.Problems) == 0 {
		t.Errorf("got %+v", p)
	}
	ada := d.signIn("ada")
	var who api.SessionView
	ada.must(200, "GET", "/session", "", &who)
	if who.Name != "ada" || who.Role != account.Viewer || who.CSRF != ada.csrf || who.Account == nil || who.Account.Name != "ada" {
		t.Errorf("got %+v", who)
	}
	ada.must(403, "GET", "/users", "", nil)
	ada.must(200, "GET", "/users/ada", "", nil)
	ada.must(403, "GET", "/users/root", "", nil)
	ada.must(403, "GET", "/users/nobody", "", nil) // who there is, is not told
	if p := ada.must(422, "POST", "/tokens", `{"name":"x","role":"admin","expires":"soon"}`, nil); len(p.Problems) != 1 {
		t.Errorf("got %+v", p)
	}
	var made api.NewToken
	ada.must(201, "POST", "/tokens", `{"name":"ci","scopes":["flow:read"],"expires":"30d"}`, &made)
	script := d.browser()
	script.token = made.Text
	script.must(200, "GET", "/flows", "", nil)
	if p := script.must(403, "GET", "/sources", "", nil); p.Code != "scope_missing" {
		t.Errorf("got %+v", p)
	}
	script.must(403, "POST", "/flows/x/pause", "{}", nil)
	var tokens api.Page[map[string]any]
	ada.must(200, "GET", "/tokens", "", &tokens)
	if len(tokens.Items) != 1 || tokens.Items[0]["token"] != nil {
		t.Errorf("got %+v", tokens)
	}
	ada.must(200, "DELETE", "/tokens/ci", "", nil)
	if p := script.must(401, "GET", "/flows", "", nil); p.Code != "token_unknown" {
		t.Errorf("got %+v", p)
	}
}

func TestAPageWithoutItsCSRFTokenChangesNothing(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	root := d.first()
	csrf := root.csrf
	root.csrf = ""
	if p := root.must(403, "POST", "/users", "{}", nil); p.Code != "csrf" {
		t.Errorf("got %+v", p)
	}
	root.csrf = d.signIn("root").csrf // of another session
	root.must(403, "DELETE", "/session", "", nil)
	root.csrf = csrf
	root.must(200, "DELETE", "/session", "", nil)
	root.must(401, "GET", "/session", "", nil)
}

func TestSessionsOfTwoBrowsers(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	one := d.first()
	two := d.signIn("root")
	var all api.Page[api.SessionItem]
	one.must(200, "GET", "/sessions", "", &all)
	if len(all.Items) != 2 || all.Items[0].Current == all.Items[1].Current {
		t.Fatalf("got %+v", all)
	}
	var in api.SessionView
	one.must(200, "PUT", "/session/password", `{"old_password":"`+passphrase+`","password":"another horse battery staple"}`, &in)
	two.must(401, "GET", "/session", "", nil)
	one.must(403, "POST", "/sessions/end-others", "{}", nil) // the old page's token is not the new session's
	one.csrf = in.CSRF
	one.must(200, "POST", "/sessions/end-others", "{}", nil)
	one.must(404, "DELETE", "/sessions/ses_none", "", nil)
	one.must(200, "DELETE", "/sessions/"+in.Session, "", nil)
	one.must(401, "GET", "/session", "", nil)
}

func TestSigningInAgainEndsTheOldSession(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	root := d.first()
	var in api.SessionView
	root.must(200, "POST", "/session", fmt.Sprintf(`{"name":"root","password":%q}`, passphrase), &in)
	root.csrf = in.CSRF
	var all api.Page[api.SessionItem]
	root.must(200, "GET", "/sessions", "", &all)
	if len(all.Items) != 1 || all.Items[0].UID != in.Session {
		t.Errorf("got %+v", all)
	}
}

func TestTheAuditLogOverHTTP(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	root := d.first()
	d.browser().must(401, "POST", "/session", `{"name":"root","password":"a wrong guess"}`, nil)
	var page struct {
		Items []struct {
			ID        int64
			Operation string
			Result    string
			From      string
		}
		Next string
	}
	root.must(200, "GET", "/audit?limit=1&order=oldest&operation=setup", "", &page)
	if len(page.Items) != 1 || page.Items[0].Operation != "setup.create" || page.Items[0].From != "127.0.0.1" {
		t.Fatalf("got %+v", page)
	}
	root.must(200, "GET", "/audit?result=sign_in_wrong", "", &page)
	if len(page.Items) != 1 || page.Items[0].Operation != "session.begin" {
		t.Errorf("got %+v", page)
	}
	root.must(201, "POST", "/users", fmt.Sprintf(`{"name":"Ada","role":"viewer","password":%q}`, passphrase), nil)
	root.must(200, "PATCH", "/users/ada", `{"role":"operator"}`, nil)
	root.must(200, "PUT", "/users/ada/password", fmt.Sprintf(`{"password":%q}`, passphrase), nil)
	var made api.NewToken
	root.must(201, "POST", "/tokens", `{"name":"ci","role":"viewer"}`, &made)
	root.must(200, "DELETE", "/tokens/"+made.UID, "", nil)
	root.must(200, "DELETE", "/users/ada", "", nil)
	all, err := d.app.Services.Audit.List(t.Context(), audit.Filter{Forward: true, After: 2}, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range all {
		got = append(got, fmt.Sprintf("%s %s %s>%s", e.Operation, e.Object.Kind, role(e.Before), role(e.After)))
		if e.Who.Name != "root" || e.Object.ID == "" || e.From != "127.0.0.1" {
			t.Errorf("got %+v", e)
		}
		if text := fmt.Sprintf("%+v %s %s", e, e.Before, e.After); strings.Contains(text, passphrase) || strings.Contains(text, made.Text) {
			t.Errorf("a secret is in the log: %s", text)
		}
	}
	want := "user.add user >viewer; user.edit user viewer>operator; user.password user operator>operator; token.create token >viewer; token.revoke token >; user.remove user operator>"
	if strings.Join(got, "; ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), want)
	}
	root.must(200, "GET", "/audit/verify", "", nil)
	root.must(422, "GET", "/audit?after=x", "", nil)
	root.must(422, "GET", "/audit?since=yesterday", "", nil)
}

// role is an entry's role.
func role(raw json.RawMessage) string {
	var v struct{ Role string }
	_ = json.Unmarshal(raw, &v)
	return v.Role
}
