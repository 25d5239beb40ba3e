package guard_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/api/guard"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// book is accounts of which there is one session and one token.
type book struct{ err error }

const (
	cookieText = "c00kie-text-of-a-session"
	tokenText  = "hrt_text"
)

func (b book) Session(_ context.Context, token secret.Text, address string) (account.Identity, error) {
	if b.err != nil {
		return account.Identity{}, b.err
	}
	if token.Reveal() != cookieText {
		return account.Identity{}, &fault.Error{Class: fault.Denied, Code: "session_over", Title: "over"}
	}
	return account.Identity{Kind: account.User, Name: "ada", Role: account.Operator, From: address}, nil
}

func (b book) Bearer(_ context.Context, token secret.Text, address string) (account.Identity, error) {
	if token.Reveal() != tokenText {
		return account.Identity{}, &fault.Error{Class: fault.Denied, Code: "token_unknown", Title: "unknown"}
	}
	return account.Identity{Kind: account.Token, Name: "ci", Role: account.Viewer, From: address}, nil
}

// answer is what the handler behind the guard saw.
type answer struct {
	Who     string
	Address string
	Secure  bool
	Origin  string
	Session bool
	Body    int
	Host    string
	Proxy   string
}

func behind(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	who, _ := account.Of(r.Context())
	seen := guard.Of(r.Context())
	_ = json.NewEncoder(w).Encode(answer{Who: who.Name, Address: seen.Address, Secure: seen.Secure, Origin: seen.Origin, Session: !seen.Session.Empty(), Body: len(body), Host: r.Host,
		Proxy: r.Header.Get("X-Forwarded-For")})
}

func problem(w http.ResponseWriter, _ *http.Request, err error) {
	e, _ := fault.As(err)
	status := map[string]int{"token_unknown": 401}[e.Code]
	if status == 0 {
		status = 403
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, e.Code)
}

func newGuard(t testing.TB, o guard.Options) http.Handler {
	t.Helper()
	o.Problem = problem
	if o.Accounts == nil {
		o.Accounts = book{}
	}
	g, err := guard.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return g.Wrap(http.HandlerFunc(behind))
}

// ask sends a request; headers are pairs.
func ask(t testing.TB, h http.Handler, method, target, body string, headers ...string) (*httptest.ResponseRecorder, answer, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else if headers[i] == "Peer" {
			r.RemoteAddr = headers[i+1]
		} else {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var a answer
	_ = json.Unmarshal(w.Body.Bytes(), &a)
	return w, a, w.Body.String()
}

func TestWhoAsks(t *testing.T) {
	t.Parallel()
	h := newGuard(t, guard.Options{})
	csrf := account.CSRF(secret.New(cookieText))
	cookie := "headrace=" + cookieText
	for name, c := range map[string]struct {
		method, path string
		headers      []string
		status       int
		who          string // or the code
	}{
		"nobody":                            {"GET", "/api/v1/flows", nil, 200, ""},
		"a cookie":                          {"GET", "/api/v1/flows", []string{"Cookie", cookie}, 200, "ada"},
		"a cookie that is over":             {"GET", "/api/v1/flows", []string{"Cookie", "headrace=other"}, 200, ""},
		"the cookie of TLS without TLS":     {"GET", "/api/v1/flows", []string{"Cookie", "__Host-headrace=" + cookieText}, 200, ""},
		"a token":                           {"POST", "/api/v1/flows", []string{"Authorization", "Bearer " + tokenText}, 200, "ci"},
		"a token, small letters":            {"GET", "/api/v1/flows", []string{"Authorization", "bearer  " + tokenText}, 200, "ci"},
		"a token before a cookie":           {"POST", "/api/v1/flows", []string{"Authorization", "Bearer " + tokenText, "Cookie", cookie}, 200, "ci"},
		"a wrong token with a right cookie": {"GET", "/api/v1/flows", []string{"Authorization", "Bearer x", "Cookie", cookie}, 401, "token_unknown"},
		"a name and password":               {"GET", "/api/v1/flows", []string{"Authorization", "Basic YTpi"}, 401, "token_unknown"},
		"no kind":                           {"GET", "/api/v1/flows", []string{"Authorization", tokenText}, 401, "token_unknown"},
		"a change":                          {"POST", "/api/v1/flows", []string{"Cookie", cookie, guard.CSRFHeader, csrf}, 200, "ada"},
		"a change without the header":       {"POST", "/api/v1/flows", []string{"Cookie", cookie}, 403, "csrf"},
		"a change with a wrong header":      {"DELETE", "/api/v1/flows", []string{"Cookie", cookie, guard.CSRFHeader, csrf[1:]}, 403, "csrf"},
		"the cookie as the header":          {"PATCH", "/api/v1/flows", []string{"Cookie", cookie, guard.CSRFHeader, cookieText}, 403, "csrf"},
		"of another site":                   {"POST", "/api/v1/flows", []string{"Cookie", cookie, guard.CSRFHeader, csrf, "Sec-Fetch-Site", "cross-site"}, 403, "cross_site"},
		"of another host of the domain":     {"POST", "/api/v1/flows", []string{"Cookie", cookie, guard.CSRFHeader, csrf, "Sec-Fetch-Site", "same-site"}, 403, "cross_site"},
		"of another origin, old browser":    {"POST", "/api/v1/flows", []string{"Cookie", cookie, guard.CSRFHeader, csrf, "Origin", "https://evil.example"}, 403, "cross_site"},
		"of the own origin, old browser":    {"POST", "/api/v1/flows", []string{"Cookie", cookie, guard.CSRFHeader, csrf, "Origin", "http://example.com"}, 200, "ada"},
		"signing in from another site":      {"POST", "/api/v1/session", []string{"Sec-Fetch-Site", "cross-site"}, 403, "cross_site"},
		"a link from another site":          {"GET", "/api/v1/flows", []string{"Cookie", cookie, "Sec-Fetch-Site", "cross-site"}, 200, "ada"},
		"a token elsewhere":                 {"GET", "/metrics", []string{"Authorization", "Bearer " + tokenText}, 200, "ci"},
		"a page":                            {"GET", "/flows", []string{"Cookie", cookie}, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			res, a, raw := ask(t, h, c.method, c.path, "{}", c.headers...)
			got := a.Who
			if res.Code != 200 {
				got = raw
			}
			if res.Code != c.status || got != c.who {
				t.Errorf("%d %q, want %d %q", res.Code, got, c.status, c.who)
			}
			if over := res.Header().Get("Set-Cookie"); (name == "a cookie that is over") != strings.Contains(over, "Max-Age=0") {
				t.Errorf("Set-Cookie: %q", over)
			}
			if res.Code == 401 && !strings.Contains(raw, "token") {
				t.Errorf("got %s", raw)
			}
		})
	}
}

func TestADatabaseThatIsAwayIsNoSignOut(t *testing.T) {
	t.Parallel()
	h := newGuard(t, guard.Options{Accounts: book{err: &fault.Error{Class: fault.Unavailable, Code: "database_unreachable", Err: errors.New("x")}}})
	res, _, raw := ask(t, h, "GET", "/api/v1/flows", "", "Cookie", "headrace="+cookieText)
	if raw != "database_unreachable" || res.Header().Get("Set-Cookie") != "" {
		t.Errorf("%s, cookie %q", raw, res.Header().Get("Set-Cookie"))
	}
}

func TestHeadersOnEveryAnswer(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		h := newGuard(t, guard.Options{TLS: secure, Hosts: []string{"example.com"}})
		for _, target := range []string{"/", "/api/v1/flows", "http://evil.example/"} {
			res, _, _ := ask(t, h, "GET", target, "")
			csp := res.Header().Get("Content-Security-Policy")
			if strings.Contains(csp, "unsafe-eval") || strings.Contains(strings.ReplaceAll(csp, "style-src 'self' 'unsafe-inline'", ""), "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
				t.Errorf("%s: policy %q", target, csp)
			}
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY"} {
				if got := res.Header().Get(name); got != want {
					t.Errorf("%s: %s is %q", target, name, got)
				}
			}
			if (res.Header().Get("Strict-Transport-Security") != "") != secure {
				t.Errorf("secure %v: HSTS is %q", secure, res.Header().Get("Strict-Transport-Security"))
			}
		}
	}
}

func TestNamesOfTheServer(t *testing.T) {
	t.Parallel()
	h := newGuard(t, guard.Options{Hosts: guard.Loopback(), Origin: "https://headrace.contoso.com:8443"})
	for host, want := range map[string]int{"localhost:8080": 200, "127.0.0.1": 200, "[::1]:8080": 200, "LOCALHOST.": 200, "headrace.contoso.com:8443": 200,
		"evil.example:8080": 403, "127.0.0.1.evil.example": 403, "": 403, "localhost@evil.example": 403} {
		if res, _, raw := ask(t, h, "GET", "/", "", "Host", host); res.Code != want {
			t.Errorf("%q: %d %s", host, res.Code, raw)
		}
	}
	if res, _, raw := ask(t, h, "POST", "/api/x", "", "Host", "127.0.0.1", "Origin", "https://headrace.contoso.com:8443"); res.Code != 200 {
		t.Errorf("the public address behind a proxy that changes the name: %d %s", res.Code, raw)
	}
	for _, bad := range []string{"headrace", "ftp://x", "https://x/path", "https://u:p@x", "https://", "https://x?y", "x:y:z"} {
		if _, err := guard.New(guard.Options{Origin: bad}); err == nil || fault.HintOf(err) == "" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestProxiesAreBelievedOnlyIfTheyAreOurs(t *testing.T) {
	t.Parallel()
	h := newGuard(t, guard.Options{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}})
	for name, c := range map[string]struct {
		headers []string
		want    answer
	}{
		"nobody between":        {[]string{"Peer", "192.0.2.1:99"}, answer{Address: "192.0.2.1", Origin: "http://example.com", Host: "example.com"}},
		"made up":               {[]string{"Peer", "192.0.2.1:99", "X-Forwarded-For", "203.0.113.5", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil"}, answer{Address: "192.0.2.1", Origin: "http://example.com", Host: "example.com"}},
		"one proxy":             {[]string{"Peer", "10.0.0.1:99", "X-Forwarded-For", "203.0.113.5", "X-Forwarded-Proto", "https"}, answer{Address: "203.0.113.5", Secure: true, Origin: "https://example.com", Host: "example.com"}},
		"made up before it":     {[]string{"Peer", "10.0.0.1:99", "X-Forwarded-For", "198.51.100.1, 203.0.113.5"}, answer{Address: "203.0.113.5", Origin: "http://example.com", Host: "example.com"}},
		"two proxies":           {[]string{"Peer", "[fd00::1]:99", "X-Forwarded-For", "203.0.113.5", "X-Forwarded-For", "10.1.1.1"}, answer{Address: "203.0.113.5", Origin: "http://example.com", Host: "example.com"}},
		"nonsense before it":    {[]string{"Peer", "10.0.0.1:99", "X-Forwarded-For", "<script>, 10.2.2.2"}, answer{Address: "10.2.2.2", Origin: "http://example.com", Host: "example.com"}},
		"a name of the proxy's": {[]string{"Peer", "10.0.0.1:99", "X-Forwarded-Host", "headrace.contoso.com"}, answer{Address: "10.0.0.1", Origin: "http://headrace.contoso.com", Host: "headrace.contoso.com"}},
		"v4 in v6":              {[]string{"Peer", "[::ffff:10.0.0.1]:99", "X-Forwarded-For", "2001:db8::5"}, answer{Address: "2001:db8::5", Origin: "http://example.com", Host: "example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, got, _ := ask(t, h, "GET", "/api/x", "", c.headers...); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestTheCookie(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for secure, want := range map[bool]string{
		false: "headrace=x; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax",
		true:  "__Host-headrace=x; Path=/; Max-Age=604800; HttpOnly; Secure; SameSite=Lax",
	} {
		r := guard.Request{Secure: secure}
		if got := guard.Cookie(r, secret.New("x"), now.Add(7*24*time.Hour), now).String(); got != want {
			t.Errorf("got %s", got)
		}
		if got := guard.EndCookie(r).String(); !strings.Contains(got, "Max-Age=0") || !strings.HasPrefix(got, guard.CookieName(secure)+"=;") {
			t.Errorf("got %s", got)
		}
	}
}

func TestBodiesAreBoundedInBytesAndTime(t *testing.T) {
	t.Parallel()
	h := newGuard(t, guard.Options{MaxBody: 1000, Reading: 100 * time.Millisecond, Time: time.Minute, Log: slog.New(slog.DiscardHandler)})
	server := httptest.NewServer(h)
	defer server.Close()
	post := func(body io.Reader) (int, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/api/x", body)
		if err != nil {
			t.Fatal(err)
		}
		res, err := server.Client().Do(req)
		if err != nil {
			return 0, err
		}
		defer func() { _ = res.Body.Close() }()
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode, nil
	}
	for n, want := range map[int]int{1000: 200, 1001: 413} {
		if got, err := post(strings.NewReader(strings.Repeat("x", n))); err != nil || got != want {
			t.Errorf("%d bytes: %d, %v", n, got, err)
		}
	}
	slow, w := io.Pipe() // a body that never comes to its end
	defer func() { _ = w.Close() }()
	go func() { _, _ = fmt.Fprint(w, "x") }()
	if got, err := post(slow); err == nil && got == 200 {
		t.Errorf("a body that never ends: %d", got)
	}
}
