package graph

import (
	"fmt"
	"net/http"
	"time"
)

// A refusal is an answer that is an error.
type refusal struct {
	status     int
	code       string // error.code
	message    string // error.message
	inner      string // error.innerError.code; empty: the gateway's kind, without code, source and message
	source     string
	detail     string // error.innerError.message
	reason     string // in plain words, for who tests: in the log and the header X-Simulator-Reason, never in the body
	retryAfter time.Duration
	challenge  string // WWW-Authenticate
}

// invalid is the service's answer to nearly everything that is wrong: it does not say what.
func invalid(format string, args ...any) *refusal {
	return &refusal{
		status: http.StatusBadRequest, code: "InvalidRequest", message: "The request is malformed or incorrect.",
		reason: fmt.Sprintf(format, args...),
	}
}

// invalidFor is invalid with an inner code, which comes with words.
func invalidFor(inner, source, format string, args ...any) *refusal {
	r := invalid(format, args...)
	r.inner, r.source, r.detail = inner, source, r.reason
	return r
}

// unreadable is what a payload meets that doesn't fit the model.
func unreadable(format string, args ...any) *refusal {
	return invalidFor("DeserializationError", "", format, args...)
}

// absent is a thing that isn't there, or that the caller may not see.
func absent(source, id string) *refusal {
	return &refusal{
		status: http.StatusNotFound, code: "ItemNotFound", message: "The requested resource does not exist.",
		inner: "ResourceNotFound", source: source, detail: "'" + source + "' was not found.",
		reason: fmt.Sprintf("there is no %s %q here, or not for this application", source, id),
	}
}

// noSegment is a path that nothing answers to.
func noSegment(method, path string) *refusal {
	return &refusal{
		status: http.StatusNotFound, code: "ResourceNotFound", message: "Resource not found for the segment.",
		reason: "the service has no " + method + " " + path,
	}
}

func conflict(format string, args ...any) *refusal {
	return &refusal{
		status: http.StatusConflict, code: "Conflict", message: "The specified resource already exists or is being changed.",
		reason: fmt.Sprintf(format, args...),
	}
}

func forbidden(format string, args ...any) *refusal {
	return &refusal{
		status: http.StatusForbidden, code: "Forbidden", message: "Insufficient privileges to complete the operation.",
		reason: fmt.Sprintf(format, args...),
	}
}

func tooLarge(limit int) *refusal {
	return &refusal{
		status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge", message: "The request entity is too large.",
		reason: fmt.Sprintf("the body is over %d bytes", limit),
	}
}

func throttled(retryAfter time.Duration, reason string) *refusal {
	return &refusal{
		status: http.StatusTooManyRequests, code: "TooManyRequests", message: "Too many requests.",
		reason: reason, retryAfter: retryAfter,
	}
}

func full(format string, args ...any) *refusal {
	return &refusal{
		status: http.StatusInsufficientStorage, code: "InsufficientStorage", message: "The quota has been exceeded.",
		reason: fmt.Sprintf(format, args...),
	}
}

// unauthorized is a token that is not accepted.
func unauthorized(message string) *refusal {
	return &refusal{
		status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: message, reason: message,
		challenge: `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`,
	}
}

// faulty makes the answer of a fault on request; nil for one that lets the request go on.
func (t *Tenant) faulty(f *Fault, c *call) *refusal {
	plain := func(status int, code, message string) *refusal {
		return &refusal{status: status, code: code, message: message}
	}
	var r *refusal
	switch f.Do {
	case "500":
		r = plain(http.StatusInternalServerError, "InternalServerError", "An internal server error occurred.")
	case "502":
		r = plain(http.StatusBadGateway, "BadGateway", "The upstream service could not be reached.")
	case "503":
		r = plain(http.StatusServiceUnavailable, "ServiceUnavailable", "The service is temporarily unavailable.")
	case "504":
		r = plain(http.StatusGatewayTimeout, "GatewayTimeout", "The upstream service did not answer in time.")
	case "507":
		r = full("")
	case "throttle":
		r = throttled(t.options.Rules.RetryAfter, "")
	case "unauthorized":
		r = unauthorized("Lifetime validation failed, the token is expired.")
	case "insufficient-claims":
		r = unauthorized("Continuous access evaluation resulted in challenge.")
		r.challenge += `, error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="`
	case "no-permission":
		r = forbidden("")
	case "not-found":
		r = absent("Item", c.item)
	case "invalid":
		r = invalid("")
	case "too-large":
		r = tooLarge(t.options.Rules.ItemBytes)
	case "conflict":
		r = conflict("")
	default:
		return nil
	}
	r.reason = "a fault on request: " + f.Do
	if f.Status != 0 {
		r.status = f.Status
	}
	if f.RetryAfter > 0 {
		r.retryAfter = f.RetryAfter
	}
	if f.NoHeader {
		r.retryAfter = 0
	}
	return r
}
