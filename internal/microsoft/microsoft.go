// Package microsoft is what all of Microsoft's APIs share: the clouds and their hosts, signing in as an application,
// requests that are retried, limited and explained, the permissions in a token, and the clock of the other side.
//
// It knows no single API beyond the texts of its error codes; connectors do. A Client belongs to one credential and
// one resource (an API's host) and keeps its token in memory, so keep it open as long as it is used. Start at Open.
package microsoft

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// A Resource is one API that a token is made for.
type Resource struct {
	Service  string // its name in errors and logs: "management", "graph"
	Host     string // https://manage.office.com
	Audience string // what the token is asked for, without /.default
}

// Options are what a Client needs. All fields are required unless their comment says otherwise.
type Options struct {
	Credential *connector.Credential
	Resource   func(Cloud) Resource // which of the cloud's APIs: Management or Graph
	Transport  http.RoundTripper
	// Limiter gives the quota that every request to the resource takes one from. It is asked after signing in, since
	// the quota's scope can need what only the token tells. nil: no limit.
	Limiter func(context.Context) (connector.Limiter, error)
	Now     func() time.Time
	Log     *slog.Logger
	Timing  Timing // zero fields: the defaults
}

// Timing is how long a Client waits for what.
type Timing struct {
	Headers time.Duration // for an answer to begin; 60 s
	Idle    time.Duration // for the next bytes of an answer; 60 s
	Retries int           // repeats after a transport error, a 408 or a 5xx; 3, negative: none
	Delay   time.Duration // before the first repeat, growing and jittered; 500 ms
	Longest time.Duration // a Retry-After up to this is waited for here, a longer one becomes Throttled; 4 s
	Turn    time.Duration // for the limiter, before the request is given back as Throttled; 30 s
}

func (t Timing) withDefaults() Timing {
	set := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&t.Headers, time.Minute)
	set(&t.Idle, time.Minute)
	set(&t.Delay, 500*time.Millisecond)
	set(&t.Longest, 4*time.Second)
	set(&t.Turn, 30*time.Second)
	if t.Retries == 0 {
		t.Retries = 3
	}
	return t
}

// Management is the Office 365 Management Activity API of a cloud.
func Management(c Cloud) Resource {
	return Resource{Service: "management", Host: c.Management, Audience: c.ManagementAudience}
}

// Graph is Microsoft Graph of a cloud.
func Graph(c Cloud) Resource {
	return Resource{Service: "graph", Host: c.Graph, Audience: c.GraphAudience}
}

// ValidCredential reports all problems of a credential's identity: what a form or a file got wrong.
func ValidCredential(c connector.Credential) fault.Problems {
	var p fault.Problems
	add := func(field, text string) { p = append(p, fault.Problem{Field: field, Text: text}) }
	switch {
	case c.ClientID == "":
		add("clientId", "is missing: the Application (client) ID on the app's Overview page in Entra")
	case !IsGUID(c.ClientID):
		add("clientId", "is not a GUID: copy the Application (client) ID from the app's Overview page in Entra")
	case strings.EqualFold(c.ClientID, c.TenantID):
		add("clientId", "is the tenant ID; the client ID is the line above it on the app's Overview page")
	}
	switch {
	case c.TenantID == "":
		add("tenantId", "is missing: the Directory (tenant) ID on the app's Overview page in Entra")
	case !IsGUID(c.TenantID) && !isDomain(c.TenantID):
		add("tenantId", "is neither a GUID nor a domain: copy the Directory (tenant) ID from the app's Overview page in Entra, or give a verified domain like contoso.onmicrosoft.com")
	}
	_, err := CloudOf(c)
	if problems, ok := asProblems(err); ok {
		p = append(p, problems...)
	}
	return p
}

// IsGUID tells whether text is a GUID as Entra shows it: 8-4-4-4-12 hexadecimal digits.
func IsGUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range []byte(text) {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)):
			return false
		}
	}
	return true
}

func isDomain(text string) bool {
	if len(text) > 253 || !strings.Contains(text, ".") {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label {
			return false
		}
		for _, c := range []byte(strings.ToLower(label)) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
