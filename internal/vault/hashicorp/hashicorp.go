// Package hashicorp talks to a HashiCorp Vault: its transit engine wraps the vault's keyset (Keeper), its KV version 2
// engine holds secrets that references name (Field).
//
// The transit keeper writes what gocloud.dev/secrets/hashivault writes, so that each opens what the other sealed. It is our own
// because that driver leaves the context unused and panics on an answer it does not expect.
package hashicorp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/headrace/headrace/internal/fault"
)

// Options say where the Vault is. The zero value takes all from the environment.
type Options struct {
	// Getenv reads VAULT_ADDR (or VAULT_SERVER_URL), VAULT_TOKEN (or VAULT_SERVER_TOKEN) and VAULT_TOKEN_FILE; nil: the process's
	// environment. VAULT_CACERT, VAULT_CLIENT_CERT, VAULT_NAMESPACE, VAULT_TLS_SERVER_NAME and the proxy come from the process's own always.
	Getenv func(string) string
	// Timeout bounds each call with its retries; 0: 15 s.
	Timeout time.Duration
}

// A Client makes calls to one Vault. It is safe for concurrent use. It reads the token anew for each call, so that an
// agent can renew it in a file; it renews none itself.
type Client struct {
	api     *api.Client
	http    *http.Client
	getenv  func(string) string
	timeout time.Duration
}

// New makes a client; it talks to nobody yet. No address, or an environment that can't be understood, is Invalid.
func New(o Options) (*Client, error) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Timeout <= 0 {
		o.Timeout = 15 * time.Second
	}
	config := api.DefaultConfig()
	if config.Error != nil {
		return nil, fault.New(fault.Invalid, "read the VAULT_ variables: %w", config.Error)
	}
	config.Address = first(o.Getenv, "VAULT_SERVER_URL", "VAULT_ADDR")
	if config.Address == "" {
		return nil, fault.New(fault.Invalid, "the address of HashiCorp Vault is not set").
			WithHint("Set VAULT_ADDR, for example https://vault.example.com:8200, and VAULT_TOKEN or VAULT_TOKEN_FILE.")
	}
	config.MaxRetries, config.MinRetryWait, config.MaxRetryWait = 2, 200*time.Millisecond, 500*time.Millisecond
	client, err := api.NewClient(config)
	if err != nil {
		return nil, fault.New(fault.Invalid, "use the address of HashiCorp Vault: %w", err).WithHint("VAULT_ADDR is written like https://vault.example.com:8200.")
	}
	return &Client{api: client, http: config.HttpClient, getenv: o.Getenv, timeout: o.Timeout}, nil
}

// Address is the Vault's address.
func (c *Client) Address() string { return c.api.Address() }

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func first(getenv func(string) string, names ...string) string {
	for _, name := range names {
		if v := getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// token finds the token as the driver and Vault's own command line do. None is no error: an agent may add it.
func (c *Client) token() (string, error) {
	if t := first(c.getenv, "VAULT_SERVER_TOKEN", "VAULT_TOKEN"); t != "" {
		return t, nil
	}
	if file := c.getenv("VAULT_TOKEN_FILE"); file != "" {
		text, err := os.ReadFile(file) //nolint:gosec // the operator names it
		if err != nil {
			return "", fault.New(fault.Denied, "read the token of HashiCorp Vault: %w", err).WithHint("VAULT_TOKEN_FILE names this file.")
		}
		return strings.TrimSpace(string(text)), nil
	}
	if home := c.getenv("HOME"); home != "" {
		text, err := os.ReadFile(filepath.Join(home, ".vault-token")) //nolint:gosec // a fixed name
		if err == nil {
			return strings.TrimSpace(string(text)), nil
		}
	}
	return "", nil
}

// call makes one bounded call and classifies its error. what says what was being done.
func (c *Client) call(ctx context.Context, what string, fn func(context.Context, *api.Logical) (*api.Secret, error)) (*api.Secret, error) {
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	c.api.SetToken(token)
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	secret, err := fn(bounded, c.api.Logical())
	if err == nil {
		return secret, nil
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", what, ctx.Err())
	}
	return nil, c.explain(what, err, bounded.Err() != nil)
}

// explain gives a failed call its class and a hint.
func (c *Client) explain(what string, err error, late bool) *fault.Error {
	var answer *api.ResponseError
	if !errors.As(err, &answer) {
		if late {
			err = fmt.Errorf("no answer within %s", c.timeout)
		}
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		e := fault.New(fault.Unavailable, "%s: HashiCorp Vault at %s: %w", what, c.Address(), err).WithCode("vault_unreachable").
			WithHint("Is it running and reachable from here? Try: curl %s/v1/sys/health. VAULT_ADDR says where it is, VAULT_CACERT which certificate to trust.", c.Address())
		e.Upstream = &fault.Upstream{Service: "vault"}
		return e
	}
	e := fault.New(classOf(answer.StatusCode), "%s: HashiCorp Vault at %s answered %d: %s", what, c.Address(), answer.StatusCode, said(answer)).
		WithCode("vault_refused").WithHint("%s", hintOf(answer.StatusCode))
	e.Upstream = &fault.Upstream{Service: "vault", Status: answer.StatusCode}
	return e
}

// classOf sorts Vault's statuses. What is wrong with the call, the path or the token a person must set right: Denied, so that work
// waits for it and nothing is dropped.
func classOf(status int) fault.Class {
	switch {
	case status == http.StatusTooManyRequests:
		return fault.Throttled
	case status >= 500 || status == http.StatusPreconditionFailed:
		return fault.Unavailable
	default:
		return fault.Denied
	}
}

func hintOf(status int) string {
	switch {
	case status == http.StatusForbidden:
		return "The token has ended or its policy lacks this path. Look with: vault token lookup. Transit needs update on transit/encrypt/KEY and transit/decrypt/KEY, KV needs read on MOUNT/data/PATH."
	case status == http.StatusNotFound:
		return "No engine is mounted at this path, or the key or secret is not there. Look with: vault secrets list."
	case status == http.StatusBadRequest:
		return "The key is not there, or it is not the one that sealed this: a key that was deleted and made again under the same name opens nothing old."
	case status == http.StatusServiceUnavailable:
		return "Vault is sealed or has no active node. Look with: vault status. An operator unseals it with: vault operator unseal."
	case status == http.StatusTooManyRequests:
		return "Vault's own rate limit was reached; it is tried again later."
	default:
		return "See Vault's log."
	}
}

// said is what Vault gave as the reason, in one short line; an HTML page of a proxy is cut.
func said(answer *api.ResponseError) string {
	text := strings.Join(strings.Fields(strings.Join(answer.Errors, "; ")), " ")
	if r := []rune(text); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	if text == "" {
		return "no reason given"
	}
	return text
}
