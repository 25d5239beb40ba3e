package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/fault"
)

// A Problem is an error on its way to another process, as RFC 9457 writes it.
type Problem struct {
	Type      string          `json:"type"` // where it is explained, or about:blank
	Title     string          `json:"title"`
	Status    int             `json:"status"`
	Detail    string          `json:"detail,omitempty"`
	Class     string          `json:"class"`
	Code      string          `json:"code"`
	Hint      string          `json:"hint,omitempty"`
	Docs      string          `json:"docs,omitempty"`
	Upstream  *fault.Upstream `json:"upstream,omitempty"`
	RetryAt   time.Time       `json:"retry_at,omitzero"`
	Problems  fault.Problems  `json:"problems,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
}

// malformed are the codes of requests that are wrong before anybody looks at what they want.
var malformed = map[string]int{
	"bad_json": http.StatusBadRequest, "not_json": http.StatusUnsupportedMediaType, "request_too_large": http.StatusRequestEntityTooLarge, "method_not_allowed": http.StatusMethodNotAllowed,
}

// unsigned are the codes of requests of which nobody knows who asks: signing in (again) mends them.
var unsigned = map[string]bool{NotSignedIn: true, "session_over": true, "sign_in_wrong": true, "token_unknown": true, "token_expired": true}

// status is the HTTP status of a class of errors.
func status(class fault.Class, code string) int {
	switch class {
	case fault.Invalid:
		if status, ok := malformed[code]; ok {
			return status
		}
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		if code == "stale_revision" || code == "stale_plan" {
			return http.StatusPreconditionFailed
		}
		return http.StatusConflict
	case fault.Denied:
		if unsigned[code] {
			return http.StatusUnauthorized
		}
		return http.StatusForbidden
	case fault.Throttled:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Lost:
		return http.StatusGone
	case fault.Canceled:
		return 499 // nginx's "client closed request"
	}
	return http.StatusInternalServerError
}

// ProblemOf writes an error down.
func ProblemOf(err error, requestID string) Problem {
	class := fault.ClassOf(err)
	p := Problem{Type: "about:blank", Title: err.Error(), Class: class.String(), Code: class.String(), RequestID: requestID}
	if e, ok := fault.As(err); ok {
		p.Hint, p.Docs, p.Upstream, p.RetryAt = e.Hint, e.Docs, e.Upstream, e.RetryAt
		if e.Code != "" {
			p.Code = e.Code
		}
		if e.Title != "" {
			p.Title = e.Title
		}
		if e.Docs != "" {
			p.Type = e.Docs
		}
		if e.Title != "" && e.Title != err.Error() {
			p.Detail = err.Error()
		}
	}
	var problems fault.Problems
	if errors.As(err, &problems) {
		p.Problems, p.Title = problems, "what was given has problems"
	}
	p.Status = status(class, p.Code)
	return p
}

// Err gives the error back that the problem was made of, as far as it was written down.
func (p Problem) Err() error {
	e := &fault.Error{Class: fault.ParseClass(p.Class), Code: p.Code, Title: p.Title, Hint: p.Hint, Docs: p.Docs, Upstream: p.Upstream, RetryAt: p.RetryAt}
	switch {
	case len(p.Problems) > 0:
		e.Title, e.Err = "", p.Problems
	case p.Detail != "":
		e.Title, e.Err = "", detail(p.Detail)
	}
	return e
}

// detail is the whole text of an error that came from another process; the title is part of it.
type detail string

func (d detail) Error() string { return string(d) }

// reticent is an error as somebody may see it of whom nobody knows who it is: what went wrong inside (hosts, paths, names of databases) stays in
// the log.
func reticent(ctx context.Context, err error) error {
	class := fault.ClassOf(err)
	if _, known := account.Of(ctx); known || class != fault.Unavailable && class != fault.Internal {
		return err
	}
	told := &fault.Error{Class: class, Title: "something went wrong on the server", Hint: "its log says what"}
	if e, ok := fault.As(err); ok && e.Title != "" {
		told.Code, told.Title, told.Hint, told.RetryAt = e.Code, e.Title, e.Hint, e.RetryAt
	}
	return told
}

// WriteProblem is the one place that answers a request with an error.
func WriteProblem(w http.ResponseWriter, err error, requestID string) {
	p := ProblemOf(err, requestID)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}
