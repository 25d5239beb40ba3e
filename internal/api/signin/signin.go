// Package signin takes a browser to the service that signs people in by OpenID Connect, and back. These are pages, not operations: a browser
// follows links here. Start at Handler.
package signin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/account/oidc"
	"github.com/headrace/headrace/internal/api/guard"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/telemetry"
)

// The pages' paths. The service must know the address of Callback.
const (
	Begin    = "/api/v1/oidc/begin"
	Callback = "/api/v1/oidc/callback"
)

// Options are what the pages need. All are required.
type Options struct {
	Provider *oidc.Provider
	SignIn   func(ctx context.Context, e account.External, v account.Visit) (account.SignedIn, error)
	Now      func() time.Time
	Log      *slog.Logger
}

// Handler serves Begin and Callback.
func Handler(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Begin, o.begin)
	mux.HandleFunc("GET "+Callback, o.callback)
	return mux
}

// begin sends the browser to the service; what must come back with it stays in a cookie of this browser.
func (o Options) begin(w http.ResponseWriter, r *http.Request) {
	seen := guard.Of(r.Context())
	address, flow, err := o.Provider.Begin(r.Context(), seen.Origin+Callback, local(r.URL.Query().Get("next")), o.Now())
	if err != nil {
		o.fail(w, r, err)
		return
	}
	raw, err := json.Marshal(flow)
	if err != nil {
		o.fail(w, r, err)
		return
	}
	http.SetCookie(w, flowCookie(seen, base64.RawURLEncoding.EncodeToString(raw), 600))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// callback is where the service sends the browser back to.
func (o Options) callback(w http.ResponseWriter, r *http.Request) {
	seen := guard.Of(r.Context())
	flow := flowOf(r, seen)
	http.SetCookie(w, flowCookie(seen, "", -1)) // it is used once, whatever comes of it
	w.Header().Set("Cache-Control", "no-store")
	who, err := o.Provider.Finish(r.Context(), flow, r.URL.Query(), seen.Origin+Callback, o.Now())
	if err != nil {
		o.fail(w, r, err)
		return
	}
	in, err := o.SignIn(r.Context(), who, seen.Visit())
	if err != nil {
		o.fail(w, r, err)
		return
	}
	http.SetCookie(w, guard.Cookie(seen, in.Token, in.Session.Expires, o.Now()))
	http.Redirect(w, r, local(flow.Next), http.StatusSeeOther)
}

// flowCookie holds a sign-in under way. SameSite is Lax: the browser comes back by a link of another site.
func flowCookie(r guard.Request, value string, age int) *http.Cookie {
	return &http.Cookie{Name: guard.CookieName(r.Secure) + "-oidc", Value: value, Path: "/", HttpOnly: true, Secure: r.Secure, SameSite: http.SameSiteLaxMode, MaxAge: age}
}

func flowOf(r *http.Request, seen guard.Request) (f oidc.Flow) {
	c, err := r.Cookie(guard.CookieName(seen.Secure) + "-oidc")
	if err != nil {
		return f
	}
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || json.Unmarshal(raw, &f) != nil {
		return oidc.Flow{}
	}
	return f
}

// local is a page of our own to go on with; what leads elsewhere becomes the first page.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(u.Path, "/api/") {
		return "/"
	}
	return next
}

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign-in: headrace</title>
<body style="font-family: system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; line-height: 1.5; color-scheme: light dark">
<main><h1>You are not signed in</h1><p role="alert">{{.Title}}.</p>{{with .Hint}}<p>{{.}}</p>{{end}}<p><a href="/">Back to headrace</a></p></main></body></html>
`))

// fail shows what went wrong to a person.
func (o Options) fail(w http.ResponseWriter, r *http.Request, err error) {
	o.Log.WarnContext(r.Context(), "a sign-in by OpenID Connect failed", telemetry.Address, guard.Of(r.Context()).Address, telemetry.Err, err)
	show := &fault.Error{Title: "something went wrong on the server", Hint: "its log says what"}
	if e, ok := fault.As(err); ok && e.Title != "" {
		show = e
	}
	status := http.StatusInternalServerError
	switch fault.ClassOf(err) {
	case fault.Denied, fault.Conflict:
		status = http.StatusForbidden
	case fault.Unavailable, fault.Throttled:
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = page.Execute(w, show)
}
