package microsoft

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// classOf is the class by HTTP status alone.
func classOf(status int) fault.Class {
	switch {
	case status == http.StatusTooManyRequests:
		return fault.Throttled
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return fault.Denied
	case status == http.StatusNotFound, status == http.StatusGone:
		return fault.NotFound
	case status == http.StatusConflict, status == http.StatusPreconditionFailed, status == http.StatusLocked:
		return fault.Conflict
	case status == http.StatusRequestTimeout, status >= 500, status < 400: // a redirect that was not followed
		return fault.Unavailable
	default:
		return fault.Invalid
	}
}

// fault makes the error of an API's refusal. wait is its Retry-After; now is our own clock.
func (r refusal) fault(service string, wait time.Duration, now time.Time) *fault.Error {
	e := &fault.Error{
		Class:    classOf(r.status),
		Upstream: &fault.Upstream{Service: service, Status: r.status, Code: r.code, Inner: r.inner, About: r.about, RequestID: r.requestID},
		Err:      r.cause(),
	}
	code := r.code
	switch {
	case r.auditOff:
		code = "audit_log_off"
	case r.status == http.StatusUnauthorized && code == "":
		code = "token_refused"
	case r.status == http.StatusTooManyRequests && code == "" && service == "management":
		code = "AF429"
	}
	if c, ok := Explain(code); ok {
		e.Code, e.Title, e.Hint = c.Name, c.Title, c.Hint
		if c.Fixed && (r.status < 500 || c.Class == fault.Unavailable) {
			e.Class = c.Class
		}
	}
	if e.Code == "" && r.status == http.StatusProxyAuthRequired {
		e.Code, e.Title, e.Hint = "proxy_refused", "The proxy wants a sign-in of its own", "Set HTTPS_PROXY with the proxy's user and password, or let this server through without one."
	}
	if e.Code == "" && r.status < 400 {
		e.Code, e.Title = "redirected", "The service sent us to another host, which was not followed"
		e.Hint = "A proxy or a sign-in portal may stand between. Let this server reach the service's host directly."
	}
	if wait > 0 {
		e.RetryAt = now.Add(wait)
		if r.status == http.StatusServiceUnavailable {
			e.Class = fault.Throttled // it named a time: the attempt doesn't count
		}
	}
	if e.Code == "" {
		c := byClass[e.Class]
		e.Code, e.Title, e.Hint = c.Name, c.Title, c.Hint
	}
	return e
}

// byClass are the texts for what no code explains.
var byClass = map[fault.Class]Case{
	fault.Throttled:   says("throttled", "Microsoft asked us to slow down", "Nothing to do; it goes on by itself."),
	fault.Unavailable: feedCases["AF50000"],
	fault.Denied:      says("refused", "The API refused the request", "A permission or its admin consent may be missing. Test the credential: it shows what is granted."),
}

// cause says what the answer was in one line: "HTTP 403 AF429: Too many requests …".
func (r refusal) cause() error {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP %d", r.status)
	if r.code != "" {
		b.WriteString(" " + r.code)
	}
	switch {
	case r.message != "":
		b.WriteString(": " + r.message)
	case r.code == "":
		b.WriteString(" with an empty body")
	}
	return errors.New(b.String())
}

// signInFault makes the error of a token endpoint's refusal. Its class hangs on the HTTP status and the OAuth error
// word; the number chooses the text.
func (r refusal) signInFault(cloud Cloud, wait time.Duration, now time.Time) *fault.Error {
	e := &fault.Error{
		Class:    fault.Denied,
		Code:     "sign_in_refused",
		Title:    "Entra refused the sign-in",
		Hint:     "Check client ID, client secret, tenant ID and cloud of the credential.",
		Upstream: &fault.Upstream{Service: "entra", Status: r.status, Code: firstOf(r.code, r.oauth), RequestID: r.requestID},
		Err:      r.cause(),
	}
	switch {
	case r.status == http.StatusTooManyRequests:
		e.Class, e.Code, e.Title, e.Hint = fault.Throttled, "throttled", "Entra asked us to slow down", "Nothing to do; it goes on by itself."
	case r.status >= 500, r.status == http.StatusRequestTimeout, r.oauth == "temporarily_unavailable", r.oauth == "server_error":
		e.Class, e.Code, e.Title, e.Hint = fault.Unavailable, "entra_trouble", "Entra has trouble of its own", "Nothing to do; it is tried again."
	case r.oauth == "": // no answer of a token endpoint
		e.Class, e.Code = fault.Unavailable, "sign_in_unreadable"
		e.Title = "The sign-in host gave an answer that is not Entra's"
		e.Hint = "A proxy or a sign-in portal may stand between, or endpoints.login is not a sign-in host."
	}
	if c, ok := entraCases[r.code]; ok {
		e.Code, e.Title, e.Hint = c.Name, c.Title, c.Hint
	}
	if number, ok := strings.CutPrefix(r.code, "AADSTS"); ok {
		e.Docs = cloud.codeURL(number)
	}
	if wait > 0 {
		e.RetryAt = now.Add(wait)
		if e.Class == fault.Unavailable {
			e.Class = fault.Throttled
		}
	}
	return e
}
