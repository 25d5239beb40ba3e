// Package fault says what kind of trouble an error is and what a person can do about it.
//
// The code that talked to the remote sets the class; nobody else guesses, and nobody matches on text. Three places
// read the class: the engine's turn (again, later, or stop), the API (HTTP status) and the command line (exit code).
// Start at Error.
package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Class is a kind of trouble. It decides what happens next.
type Class uint8

const (
	// Internal is a mistake of ours or a state that should not be. It is the class of an unclassified error.
	Internal Class = iota
	// Invalid is input that will not become right by trying again: a bad setting, a record that the remote refuses.
	Invalid
	// NotFound is a thing that is not there (any more).
	NotFound
	// Conflict is a thing that changed since it was looked at.
	Conflict
	// Denied is a sign-in or a permission that is missing; a person must act, and then it goes on.
	Denied
	// Throttled is a remote that asked us to slow down. It is not a failure: the attempt doesn't count.
	Throttled
	// Unavailable is a remote that cannot be reached or has trouble of its own; worth trying again.
	Unavailable
	// Lost is data that is gone for good. It is loud.
	Lost
	// Canceled is work that was stopped on request.
	Canceled
)

var classNames = [...]string{"internal", "invalid", "not_found", "conflict", "denied", "throttled", "unavailable", "lost", "canceled"}

// String gives the class's name as it stands in problems, logs and tables.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "internal"
}

// ParseClass is String's inverse; an unknown name is Internal.
func ParseClass(name string) Class {
	for i, n := range classNames {
		if n == name {
			return Class(i)
		}
	}
	return Internal
}

// Upstream is what a remote service said of a failed call.
type Upstream struct {
	Service   string `json:"service"`              // "entra", "management", "graph", "vault" ...
	Status    int    `json:"status,omitempty"`     // HTTP status
	Code      string `json:"code,omitempty"`       // the service's own code: "AF20023", "AADSTS7000215"
	Inner     string `json:"inner,omitempty"`      // its second, narrower code: "ResourceNotFound"
	About     string `json:"about,omitempty"`      // the part of the service that it is about: "Connection"
	RequestID string `json:"request_id,omitempty"` // what the service's support asks for
}

// Error is an error with its class and what to do about it.
type Error struct {
	Class    Class
	Code     string    // stable name of the case for programs: "secret_expired"; "" falls back to the class
	Title    string    // what happened, one sentence without a full stop; "" uses Err's text
	Hint     string    // likely cause and next step, for the operator
	Docs     string    // where it is explained
	Upstream *Upstream // nil: no remote said anything
	RetryAt  time.Time // not before this; zero: as the caller thinks
	Err      error     // the cause; may be nil if Title is set
}

// Error gives the title and the cause; never the hint.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return e.Title
	case e.Title == "":
		return e.Err.Error()
	default:
		return e.Title + ": " + e.Err.Error()
	}
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a class with a formatted cause (%w works).
func New(class Class, format string, args ...any) *Error {
	return &Error{Class: class, Err: fmt.Errorf(format, args...)}
}

// WithHint gives the same error with a hint.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// WithCode gives the same error with a stable code.
func (e *Error) WithCode(code string) *Error {
	c := *e
	c.Code = code
	return &c
}

// As finds the outermost Error in err's chain.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// ClassOf tells err's class: the outermost Error's, Canceled for a context that ended, else Internal.
func ClassOf(err error) Class {
	if e, ok := As(err); ok {
		return e.Class
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Canceled
	}
	return Internal
}

// RetryAt is when the remote asked to be called again; zero if it didn't say.
func RetryAt(err error) time.Time {
	if e, ok := As(err); ok {
		return e.RetryAt
	}
	return time.Time{}
}

// HintOf is the outermost hint, or "".
func HintOf(err error) string {
	if e, ok := As(err); ok {
		return e.Hint
	}
	return ""
}

// Problem is one thing wrong with what a person wrote: settings, YAML, a form.
type Problem struct {
	File  string `json:"file,omitempty"` // where it stands; "" if it came from no file
	Field string `json:"field"`          // dotted setting name: "spec.contentTypes[1]"; "" for the whole
	Line  int    `json:"line,omitempty"` // 1-based line of the file; 0 if unknown
	Text  string `json:"text"`           // what is wrong and what would be right
}

// String gives "contoso.yaml:7: spec.lag: …", as editors and terminals know places, or "line 7: spec.lag: …" without a file.
func (p Problem) String() string {
	var b strings.Builder
	switch {
	case p.File != "" && p.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", p.File, p.Line)
	case p.File != "":
		b.WriteString(p.File + ": ")
	case p.Line > 0:
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// Problems are all things wrong with one input, reported together. A non-empty list is an error of class Invalid.
type Problems []Problem

// Error gives a line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// Err is nil for an empty list, else an Invalid error that wraps the list.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return &Error{Class: Invalid, Code: "invalid_input", Err: p}
}
