package connector

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/headrace/headrace/internal/secret"
)

// Env is what a connector gets when it is opened. Every field is set unless its comment says otherwise.
type Env struct {
	Name       string            // the source's or destination's name, for errors
	Flow       string            // the flow's name, for a destination; "" for a source
	Credential *Credential       // nil if the connector takes none
	Transport  http.RoundTripper // the base transport: proxy from the environment, no sign-in. Private CAs come from Credential.Endpoints
	Limit      func(scope string, perMinute int) Limiter
	Now        func() time.Time // UTC
	Log        *slog.Logger
	// Inventory tells what a mirror's destination holds, by the destination's name. NotFound: there is no such destination.
	// nil: nobody remembers.
	Inventory func(ctx context.Context, destination string) (Inventory, error)
}

// An Inventory is what is remembered of what a mirror's destination holds.
type Inventory struct {
	Connector string // the destination's
	Config    Config // the destination's settings
	// Keys gives the next keys after one of them, about limit of them, in an order that stays; "" begins. None: there are no more.
	Keys func(ctx context.Context, after string, limit int) ([]string, error)
}

// A Limiter is the right to make requests against one quota, shared by all nodes.
type Limiter interface {
	// Take waits until n requests may be made, or ctx ends. A silence that the remote asked for is waited for only if it
	// is short; while a longer one lasts the error is Throttled, with the time when it is over.
	Take(ctx context.Context, n int) error
	// Block stops all requests of this quota, on all nodes, until a time that the remote named.
	Block(ctx context.Context, until time.Time) error
	// Slow makes the quota smaller for a while, because the remote refused a request within it.
	Slow()
	// Answered counts a request for people who look at the quota: its HTTP status, 0 if it was not answered.
	Answered(status int)
	// Throttled says that an answer counted before was the remote's "too many requests" although its status says something else.
	// The Management Activity API's AF429 is documented with HTTP 403.
	Throttled(status int)
}

// Endpoints are the hosts of one cloud, for cloud "custom". Empty fields are the cloud's own.
type Endpoints struct {
	Login      string `json:"login,omitempty" yaml:"login" doc:"Sign-in host, https://…"`
	Graph      string `json:"graph,omitempty" yaml:"graph" doc:"Microsoft Graph host, https://…"`
	Management string `json:"management,omitempty" yaml:"management" doc:"Office 365 Management API host, https://…"`
	CA         string `json:"ca,omitempty" yaml:"ca" doc:"File with the PEM certificates to trust besides the system's"`
}

// A Credential signs us in to one tenant.
type Credential struct {
	Name      string
	Type      string // the connector's name
	Cloud     string // worldwide, gcc, gcc-high, dod, china, custom
	Endpoints Endpoints
	TenantID  string // GUID or verified domain
	ClientID  string
	// Secret opens the client secret: from the vault, or by following its reference. It is called at each sign-in,
	// so that a rotated secret is found without a restart.
	Secret func(ctx context.Context) (secret.Text, error)
	// Used is told of each sign-in, and of each request that carries a token, as it goes out. It returns at once. Nil: nobody wants to know.
	Used func(ctx context.Context, use CredentialUse)
}

// A CredentialUse is one use of a credential.
type CredentialUse struct {
	SignIn bool  // a token was asked for; else one was used
	Err    error // how asking for it ended
}
