// Package guard stands between a network and the operations: it finds out who asks, refuses what another site's page sent, sets the headers that
// keep a browser safe, and bounds bodies and time. It knows no operation. Start at Guard.
package guard

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/telemetry"
)

// Accounts know sessions and tokens.
type Accounts interface {
	Session(ctx context.Context, token secret.Text, address string) (account.Identity, error)
	Bearer(ctx context.Context, token secret.Text, address string) (account.Identity, error)
}

// Options say what a Guard guards.
type Options struct {
	Accounts Accounts
	Problem  func(w http.ResponseWriter, r *http.Request, err error) // answers with an error
	Log      *slog.Logger

	TLS     bool           // the listener speaks TLS itself
	Hosts   []string       // names that the server is called by, without port; empty: any. Loopback for a server that listens there only
	Origin  string         // how browsers see the server where a proxy stands before it: https://headrace.contoso.com; "": as the request says
	Proxies []netip.Prefix // whose X-Forwarded-For, -Proto and -Host are believed

	MaxBody int64                    // bytes; 0: 32 MB
	Time    time.Duration            // for a request from its headers to the end of its answer; 0: 10 minutes
	Reading time.Duration            // for a request's body; 0: 1 minute
	Streams func(*http.Request) bool // answers that last; nil: none
}

// Loopback are the names of a server that listens on loopback only. A page of another site can make its own name point to 127.0.0.1
// (DNS rebinding), but not these.
func Loopback() []string { return []string{"localhost", "127.0.0.1", "::1"} }

// APIPrefix begins the paths for which it is found out who asks; the others are the same for everybody, but for who shows a token.
const APIPrefix = "/api/"

// metricsPath stands beside the API where Prometheus looks for it.
const metricsPath = "/metrics"

// Defaults of Options.
const (
	DefaultBody    = 32 << 20
	DefaultTime    = 10 * time.Minute
	DefaultReading = time.Minute
)

// A Guard lets requests through to a handler, or not.
type Guard struct {
	o      Options
	origin *http.CrossOriginProtection
}

// New makes a guard. Invalid if Origin is no origin.
func New(o Options) (*Guard, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultBody
	}
	if o.Time == 0 {
		o.Time = DefaultTime
	}
	if o.Reading == 0 {
		o.Reading = DefaultReading
	}
	g := &Guard{o: o, origin: http.NewCrossOriginProtection()}
	if o.Origin == "" {
		return g, nil
	}
	u, err := url.Parse(o.Origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || u.Fragment != "" {
		return nil, fault.New(fault.Invalid, "the public address is no address like https://headrace.contoso.com").WithCode("public_url").WithHint("Give scheme, name and port without a path, as browsers see it.")
	}
	g.o.Hosts = append(append([]string{}, o.Hosts...), u.Hostname())
	return g, g.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host)
}

// A Request is what a guard found out of one.
type Request struct {
	Address string      // of who asks, behind the proxies that are believed
	Agent   string      // what the browser says that it is
	Secure  bool        // the browser speaks TLS
	Origin  string      // scheme, name and port that the browser asked
	Session secret.Text // the session's cookie, if it stands for a session
}

// Visit is where somebody comes from, for signing in.
func (r Request) Visit() account.Visit {
	return account.Visit{Address: r.Address, Agent: r.Agent}
}

type key struct{}

// Of gives what was found out; the zero Request for what came over no network.
func Of(ctx context.Context) Request {
	r, _ := ctx.Value(key{}).(Request)
	return r
}

// With puts what was found out into a context.
func With(ctx context.Context, r Request) context.Context { return context.WithValue(ctx, key{}, r) }

// Wrap guards a handler.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := g.seen(r)
		headers(w.Header(), seen.Secure)
		ctx, done := g.bound(w, r)
		defer done()
		r = r.WithContext(With(ctx, seen))
		r.Body = http.MaxBytesReader(w, r.Body, g.o.MaxBody)
		if err := g.host(r); err != nil {
			g.o.Problem(w, r, err)
			return
		}
		if err := g.origin.Check(r); err != nil {
			g.o.Log.WarnContext(ctx, "a request of another site was refused", telemetry.Address, seen.Address, telemetry.Err, err)
			g.o.Problem(w, r, crossSite)
			return
		}
		if !strings.HasPrefix(r.URL.Path, APIPrefix) && r.URL.Path != metricsPath {
			next.ServeHTTP(w, r)
			return
		}
		r, err := g.authenticate(w, r, seen)
		if err != nil {
			g.o.Problem(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

var (
	crossSite = &fault.Error{Class: fault.Denied, Code: "cross_site", Title: "this request comes from a page of another site",
		Hint: "if a proxy stands before headrace, tell headrace its address as browsers see it: headrace serve --public-url https://…"}
	noCSRF = &fault.Error{Class: fault.Denied, Code: "csrf", Title: "the header " + CSRFHeader + " is missing or of another session",
		Hint: "load the page again. A program sends an API token instead of a cookie: Authorization: Bearer hrt_…"}
)

// CSRFHeader carries what only a page of this session knows (account.CSRF), with each change.
const CSRFHeader = "X-Headrace-CSRF"

// authenticate finds out who asks: by a token, else by the session's cookie. A cookie whose session is over is taken back, and nobody
// asks; a token that is not valid is refused at once, since a script would not notice else.
func (g *Guard) authenticate(w http.ResponseWriter, r *http.Request, seen Request) (*http.Request, error) {
	if kind, text, found := strings.Cut(r.Header.Get("Authorization"), " "); found || kind != "" {
		if !strings.EqualFold(kind, "Bearer") {
			return r, &fault.Error{Class: fault.Denied, Code: "token_unknown", Title: "the header Authorization holds no API token", Hint: "send Authorization: Bearer hrt_…"}
		}
		who, err := g.o.Accounts.Bearer(r.Context(), secret.New(strings.TrimSpace(text)), seen.Address)
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="headrace"`)
			return r, err
		}
		return r.WithContext(account.With(r.Context(), who)), nil
	}
	cookie, err := r.Cookie(CookieName(seen.Secure))
	if err != nil || cookie.Value == "" {
		return r, nil //nolint:nilerr // without a cookie nobody asks
	}
	token := secret.New(cookie.Value)
	who, err := g.o.Accounts.Session(r.Context(), token, seen.Address)
	if fault.ClassOf(err) == fault.Denied {
		http.SetCookie(w, EndCookie(seen))
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if !safe(r.Method) && subtle.ConstantTimeCompare([]byte(r.Header.Get(CSRFHeader)), []byte(account.CSRF(token))) != 1 {
		return r, noCSRF
	}
	seen.Session = token
	return r.WithContext(account.With(With(r.Context(), seen), who)), nil
}

// safe tells whether a method changes nothing (RFC 9110, 9.2.1).
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// CookieName is the session cookie's. Browsers take __Host- from TLS only, for this host and path /, so that no other host of the domain can set it.
func CookieName(secure bool) string {
	if secure {
		return "__Host-headrace"
	}
	return "headrace"
}

// Cookie is the session's cookie. SameSite is Lax and not Strict: after signing in at an identity provider the browser comes back by a link of
// another site, and with Strict it would come without its session. Lax sends no cookie with another site's POST.
func Cookie(r Request, token secret.Text, expires, now time.Time) *http.Cookie {
	return &http.Cookie{Name: CookieName(r.Secure), Value: token.Reveal(), Path: "/", HttpOnly: true, Secure: r.Secure, SameSite: http.SameSiteLaxMode,
		MaxAge: max(int(expires.Sub(now)/time.Second), 1)}
}

// EndCookie takes the session's cookie back.
func EndCookie(r Request) *http.Cookie {
	return &http.Cookie{Name: CookieName(r.Secure), Path: "/", HttpOnly: true, Secure: r.Secure, SameSite: http.SameSiteLaxMode, MaxAge: -1}
}

// host refuses names that the server is not called by.
func (g *Guard) host(r *http.Request) error {
	if len(g.o.Hosts) == 0 {
		return nil
	}
	name := r.Host
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	name = strings.TrimSuffix(strings.Trim(name, "[]"), ".")
	for _, known := range g.o.Hosts {
		if strings.EqualFold(name, known) {
			return nil
		}
	}
	return &fault.Error{Class: fault.Denied, Code: "unknown_host", Title: "this server is not called by the name that was asked for",
		Hint: "ask for " + g.o.Hosts[0] + ", or tell headrace the name: headrace serve --public-url https://NAME"}
}
