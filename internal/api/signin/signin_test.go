package signin_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/account/oidc"
	"github.com/headrace/headrace/internal/api/guard"
	"github.com/headrace/headrace/internal/api/signin"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// A world is headrace's door and a provider, both over TLS on loopback.
type world struct {
	t        *testing.T
	op       *op
	server   *httptest.Server
	accounts *account.Service
	store    *store.Store
	log      *log
}

type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newWorld(t *testing.T, change func(*oidc.Settings)) *world {
	t.Helper()
	d := storetest.SQLite(t)
	d.Options.Now = nil // tokens of the provider are of now
	w := &world{t: t, op: newOP(t), store: d.Open(t), log: &log{}}
	logger := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.accounts = account.New(account.Options{Store: w.store, Node: "n", Log: logger, Cost: account.Cost{Memory: 64, Time: 1, Threads: 1}})
	settings := oidc.Settings{Issuer: w.op.server.URL, ClientID: clientID, Name: "Contoso", Client: w.op.server.Client(), Claim: "groups",
		Secret: func(context.Context) (secret.Text, error) { return secret.New(clientSecret), nil },
		Roles:  map[string]account.Role{"g-admins": account.Admin, "g-ops": account.Operator, "g-all": account.Viewer}}
	if change != nil {
		change(&settings)
	}
	provider, err := oidc.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	g, err := guard.New(guard.Options{Accounts: w.accounts, Problem: func(rw http.ResponseWriter, _ *http.Request, err error) {
		http.Error(rw, err.Error(), http.StatusForbidden)
	}, TLS: true, Hosts: guard.Loopback(), Log: logger})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/v1/oidc/", signin.Handler(signin.Options{Provider: provider, SignIn: w.accounts.SignInExternal, Now: w.store.Now, Log: logger}))
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(rw, "page "+r.URL.RequestURI()) })
	mux.HandleFunc("/api/v1/session", func(rw http.ResponseWriter, r *http.Request) {
		who, _ := account.Of(r.Context())
		_ = json.NewEncoder(rw).Encode(map[string]string{"name": who.Name, "role": string(who.Role)})
	})
	w.server = httptest.NewTLSServer(g.Wrap(mux))
	t.Cleanup(w.server.Close)
	w.op.redirect = w.server.URL + signin.Callback
	if _, err := w.accounts.Create(account.With(t.Context(), account.LocalAdmin("l")), account.Draft{Name: "root", Role: account.Admin, Password: secret.New("correct horse battery staple")}); err != nil {
		t.Fatal(err)
	}
	return w
}

// browser trusts both certificates and keeps cookies.
func (w *world) browser() *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(w.server.Certificate())
	pool.AddCert(w.op.server.Certificate())
	jar, _ := cookiejar.New(nil)
	transport := w.server.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.RootCAs = pool
	return &http.Client{Jar: jar, Transport: transport}
}

func (w *world) get(b *http.Client, address string) (status int, body string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := b.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(raw)
}

// who tells who a browser is signed in as.
func (w *world) who(b *http.Client) string {
	_, body := w.get(b, w.server.URL+"/api/v1/session")
	var v struct{ Name, Role string }
	_ = json.Unmarshal([]byte(body), &v)
	return strings.TrimSpace(v.Name + " " + v.Role)
}

func ada(groups ...string) map[string]any {
	list := make([]any, len(groups))
	for i, g := range groups {
		list[i] = g
	}
	return map[string]any{"sub": "s-ada", "preferred_username": "Ada@contoso.com", "name": "Ada L.", "email": "ada@contoso.com", "groups": list}
}

func TestSigningInAtTheProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.op.person(ada("g-all", "g-ops", "unknown"))
	b := w.browser()
	status, body := w.get(b, w.server.URL+signin.Begin+"?next="+url.QueryEscape("/flows?q=a"))
	if status != 200 || body != "page /flows?q=a" {
		t.Fatalf("ended at %d %s\n%s", status, body, w.log)
	}
	if got := w.who(b); got != "ada@contoso.com operator" {
		t.Errorf("signed in as %q", got)
	}
	w.op.person(ada("g-admins")) // promoted there: the same account, another role; the old session ends
	again := w.browser()
	w.get(again, w.server.URL+signin.Begin)
	if got := w.who(again); got != "ada@contoso.com admin" {
		t.Errorf("signed in as %q", got)
	}
	if got := w.who(b); got != "" {
		t.Errorf("the session of the old role is still there: %q", got)
	}
	all, err := w.store.Accounts(t.Context(), "", "", 10)
	if err != nil || len(all) != 2 || all[0].HasPassword {
		t.Errorf("%+v, %v", all, err)
	}
	if strings.Contains(w.log.String(), clientSecret) {
		t.Error("the client secret is in the log")
	}
}

// Who calls himself root there, or has root's address, is not root here.
func TestANameGivesNoRightToItsAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.op.person(map[string]any{"sub": "s-eve", "preferred_username": "root", "email": "root@contoso.com", "groups": []any{"g-all"}})
	b := w.browser()
	w.get(b, w.server.URL+signin.Begin)
	if got := w.who(b); got != "root-2 viewer" {
		t.Errorf("signed in as %q", got)
	}
}

func TestWhoDoesNotComeIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	refused := func(name, want string) {
		t.Helper()
		b := w.browser()
		status, body := w.get(b, w.server.URL+signin.Begin)
		if status != http.StatusForbidden || !strings.Contains(body, want) || strings.Contains(body, "<script>alert") || w.who(b) != "" {
			t.Errorf("%s: %d %s, signed in as %q", name, status, body, w.who(b))
		}
	}
	w.op.person(ada("others"))
	refused("no role", "nothing there gives a role")
	for name, broken := range map[string]func(map[string]any){
		"of another registration": func(c map[string]any) { c["aud"] = "another" },
		"of another issuer":       func(c map[string]any) { c["iss"] = "https://evil.example" },
		"over":                    func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() },
	} {
		w.op.person(ada("g-ops"))
		w.op.broken = broken
		refused(name, "is not valid")
	}
	w.op.person(ada("g-ops"))
	w.op.broken = func(c map[string]any) { c["nonce"] = "of another sign-in" }
	refused("of another sign-in", "belongs to another sign-in")
	w.op.person(ada("g-ops"))
	w.op.refuse = "access_denied"
	refused("refused there", "access_denied")
	w.op.person(ada("g-ops"))
	w.get(w.browser(), w.server.URL+signin.Begin)
	off := true
	if _, _, err := w.accounts.Edit(account.With(t.Context(), account.LocalAdmin("l")), "ada@contoso.com", account.Edit{Disabled: &off}); err != nil {
		t.Fatal(err)
	}
	refused("disabled", "disabled")
}

// Another's answer of the provider, put into my browser, signs me in as nobody; neither does one that was used.
func TestASignInStaysInItsBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.op.person(ada("g-ops"))
	attacker := w.browser()
	var link string
	attacker.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), w.server.URL) {
			link = r.URL.String() // kept back instead of followed
			return http.ErrUseLastResponse
		}
		return nil
	}
	w.get(attacker, w.server.URL+signin.Begin)
	if link == "" {
		t.Fatal("the provider gave no answer")
	}
	victim := w.browser()
	if status, _ := w.get(victim, link); status != http.StatusForbidden || w.who(victim) != "" {
		t.Errorf("without a sign-in of its own: %d, %q", status, w.who(victim))
	}
	victim = w.browser()
	victim.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w.get(victim, w.server.URL+signin.Begin) // has begun one itself
	if status, _ := w.get(victim, link); status != http.StatusForbidden || w.who(victim) != "" {
		t.Errorf("with another sign-in begun: %d, %q", status, w.who(victim))
	}
	if w.op.asked != 0 {
		t.Errorf("the provider was asked %d times for a token", w.op.asked)
	}
	attacker.CheckRedirect = nil
	if status, _ := w.get(attacker, link); status != 200 {
		t.Errorf("its own browser: %d", status)
	}
	if status, _ := w.get(attacker, link); status != http.StatusForbidden {
		t.Errorf("a second time: %d", status)
	}
}

func TestOneGoesOnToPagesOfOursOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.op.person(ada("g-ops"))
	for _, next := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/api/v1/oidc/begin", "evil", "/a\r\nSet-Cookie: x=y", "http:/evil.example"} {
		if _, body := w.get(w.browser(), w.server.URL+signin.Begin+"?next="+url.QueryEscape(next)); body != "page /" {
			t.Errorf("%q leads to %s", next, body)
		}
	}
}

func TestAProviderThatIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.op.person(ada("g-ops"))
	wrong := newWorld(t, func(s *oidc.Settings) {
		s.Secret = func(context.Context) (secret.Text, error) { return secret.New("wrong"), nil }
	})
	wrong.op.person(ada("g-ops"))
	if status, body := wrong.get(wrong.browser(), wrong.server.URL+signin.Begin); status != 403 || !strings.Contains(body, "client secret") {
		t.Errorf("a wrong client secret: %d %s", status, body)
	}
	w.op.server.Close()
	if status, body := w.get(w.browser(), w.server.URL+signin.Begin); status != 503 || !strings.Contains(body, "oidc-issuer") {
		t.Errorf("away: %d %s", status, body)
	}
}

func TestAnAddressGivesARoleOnlyIfItIsVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *oidc.Settings) {
		s.Claim, s.Roles = "email", map[string]account.Role{"@contoso.com": account.Viewer, "boss@contoso.com": account.Admin}
	})
	for i, c := range []struct {
		email    string
		verified any
		want     string
	}{{"a@Contoso.com", true, "viewer"}, {"boss@contoso.com", true, "admin"}, {"boss@contoso.com", false, ""}, {"boss@contoso.com", nil, ""}, {"boss@contoso.com", "true", ""}, {"a@contoso.com.evil.example", true, ""}} {
		w.op.person(map[string]any{"sub": fmt.Sprint("s", i), "preferred_username": fmt.Sprint("p", i), "email": c.email, "email_verified": c.verified})
		b := w.browser()
		w.get(b, w.server.URL+signin.Begin)
		if _, got, _ := strings.Cut(w.who(b), " "); got != c.want {
			t.Errorf("%s, verified %v: %q, want %q", c.email, c.verified, got, c.want)
		}
	}
}

func TestSettingsOfAProvider(t *testing.T) {
	t.Parallel()
	good := func() oidc.Settings {
		return oidc.Settings{Issuer: "https://login.microsoftonline.com/8f3a0000-0000-4000-8000-000000000001/v2.0", ClientID: "c", Default: account.Viewer}
	}
	if err := good().Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*oidc.Settings){
		"plain HTTP":      func(s *oidc.Settings) { s.Issuer = "http://idp.example" },
		"every tenant":    func(s *oidc.Settings) { s.Issuer = "https://login.microsoftonline.com/common/v2.0" },
		"no client":       func(s *oidc.Settings) { s.ClientID = "" },
		"no such role":    func(s *oidc.Settings) { s.Roles = map[string]account.Role{"a": "root"} },
		"no default role": func(s *oidc.Settings) { s.Default = "root" },
		"nobody comes in": func(s *oidc.Settings) { s.Default = "" },
	} {
		s := good()
		spoil(&s)
		if _, err := oidc.New(s); fault.ClassOf(err) != fault.Invalid || !strings.Contains(err.Error(), "oidc-") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNonsenseSignsNobodyIn sends what no provider and no browser of ours sends: a page tells it, and nothing of it runs there.
func TestNonsenseSignsNobodyIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.op.person(ada("g-ops"))
	for _, bad := range []string{"", "x", "<script>alert(1)</script>", "🦊 حجة", "a\x00b", "%00", "../../etc/passwd", strings.Repeat("x", 8000), "{8f3a0000-0000-4000-8000-000000000001}"} {
		q := url.QueryEscape(bad)
		for _, query := range []string{"", "?code=" + q, "?state=" + q, "?code=" + q + "&state=" + q, "?error=" + q + "&error_description=" + q, "?error=" + q + "&state=" + q, "?code=" + q + "&code=" + q + "&nonsense=1"} {
			b := w.browser()
			status, body := w.get(b, w.server.URL+signin.Callback+query)
			if status != http.StatusForbidden || !strings.Contains(body, "You are not signed in") || strings.Contains(body, "<script>") || w.who(b) != "" {
				t.Errorf("%.40q: %d %.300s, signed in as %q", query, status, body, w.who(b))
			}
		}
		for _, cookie := range []string{q, "e30", "bnVsbA", "W10"} { // the last are {}, null and [] as a sign-in under way would be
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+signin.Callback+"?code="+q+"&state="+q, nil)
			req.AddCookie(&http.Cookie{Name: guard.CookieName(true) + "-oidc", Value: cookie})
			res, err := w.browser().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusForbidden {
				t.Errorf("with the cookie %.40q: %d", cookie, res.StatusCode)
			}
		}
	}
	for _, path := range []string{signin.Begin, signin.Callback} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			req, _ := http.NewRequestWithContext(t.Context(), method, w.server.URL+path, strings.NewReader("{"))
			res, err := w.browser().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, res.StatusCode)
			}
		}
	}
	if w.op.asked != 0 {
		t.Errorf("the provider was asked %d times for a token", w.op.asked)
	}
}
