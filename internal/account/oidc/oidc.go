// Package oidc signs people in by OpenID Connect: at Entra ID or any other service that has discovery, with the authorization code flow, PKCE, state
// and nonce (OpenID Connect Core 1.0, 3.1; RFC 9700, 2.1). It says who somebody is and which role the service's claims give; the account is package
// account's. It knows nothing of HTTP towards the browser. Start at Provider.
package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// Settings say which service signs people in, and what its claims give.
type Settings struct {
	Issuer   string                                         // https://login.microsoftonline.com/TENANT/v2.0
	ClientID string                                         // of headrace's registration there
	Secret   func(ctx context.Context) (secret.Text, error) // of the registration, asked for at each sign-in; nil: none (PKCE alone)
	Name     string                                         // what the button says; "": the issuer's host
	Scopes   []string                                       // beside openid; nil: profile, email
	Claim    string                                         // whose values give roles: roles, groups, email; "": roles
	Roles    map[string]account.Role                        // value of the claim → role; for email also @contoso.com, if the service has verified the address
	Default  account.Role                                   // for who has none of these values; "": does not come in
	Client   *http.Client                                   // nil is not allowed: the caller says which certificates are trusted
}

// Validate tells all that is wrong with the settings.
func (s Settings) Validate() error {
	var problems fault.Problems
	add := func(field, format string, args ...any) {
		problems = append(problems, fault.Problem{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	u, err := url.Parse(s.Issuer)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		add("oidc-issuer", "must be an address like https://login.microsoftonline.com/TENANT/v2.0")
	case u.Host == "login.microsoftonline.com" && slices.Contains([]string{"common", "organizations", "consumers"}, strings.Split(strings.Trim(u.Path, "/"), "/")[0]):
		add("oidc-issuer", "names no tenant: with common or organizations everybody with an account at Microsoft could sign in; write the tenant's ID there")
	}
	if s.ClientID == "" {
		add("oidc-client-id", "is missing: the ID of headrace's registration at the service")
	}
	for value, role := range s.Roles {
		if !role.Valid() {
			add("oidc-role", "%s=%s: there are viewer, operator and admin", value, role)
		}
	}
	if s.Default != "" && !s.Default.Valid() {
		add("oidc-default-role", "%q is no role; there are viewer, operator and admin", string(s.Default))
	}
	if len(s.Roles) == 0 && s.Default == "" {
		add("oidc-role", "is missing: nobody could sign in; write VALUE=ROLE, as headrace-admins=admin, or give everybody of the service a role by oidc-default-role")
	}
	return problems.Err()
}

// A Provider is a service that signs people in. It is safe for concurrent use.
type Provider struct {
	s Settings

	mu    sync.Mutex
	found *oidc.Provider // once discovery went well
}

// New makes a provider. Nothing is sent yet. Invalid with all problems of the settings.
func New(s Settings) (*Provider, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if s.Claim == "" {
		s.Claim = "roles"
	}
	if s.Scopes == nil {
		s.Scopes = []string{"profile", "email"}
	}
	return &Provider{s: s}, nil
}

// Name is what people know the service by.
func (p *Provider) Name() string {
	if p.s.Name != "" {
		return p.s.Name
	}
	u, _ := url.Parse(p.s.Issuer)
	return u.Host
}

// A Flow is one sign-in under way. It stays with the browser that began it, and is used once.
type Flow struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // of PKCE
	Next     string    `json:"x"` // the page to go on with
	Begun    time.Time `json:"t"`
}

// flowTime is how long somebody may take to sign in at the service.
const flowTime = 10 * time.Minute

// Begin gives the address at the service to send the browser to.
func (p *Provider) Begin(ctx context.Context, redirect, next string, now time.Time) (address string, f Flow, err error) {
	config, _, err := p.config(ctx, redirect)
	if err != nil {
		return "", f, err
	}
	f = Flow{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier(), Next: next, Begun: now}
	return config.AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), f, nil
}

// Finish tells who came back from the service. Denied if it is not the browser that began, if it took too long, or if the service refused.
func (p *Provider) Finish(ctx context.Context, f Flow, answer url.Values, redirect string, now time.Time) (account.External, error) {
	if f.State == "" || subtle.ConstantTimeCompare([]byte(f.State), []byte(answer.Get("state"))) != 1 {
		return account.External{}, denied("oidc_state", "this sign-in was not begun in this browser", "begin again from headrace's own page; cookies must be allowed", nil)
	}
	if age := now.Sub(f.Begun); age > flowTime || age < -time.Minute {
		return account.External{}, denied("oidc_state", "this sign-in took too long", "begin again; there are 10 minutes", nil)
	}
	if code := answer.Get("error"); code != "" {
		return account.External{}, denied("oidc_refused", p.Name()+" did not sign you in: "+short(code), "its own text: "+short(answer.Get("error_description")), nil)
	}
	config, found, err := p.config(ctx, redirect)
	if err != nil {
		return account.External{}, err
	}
	token, err := config.Exchange(p.with(ctx), answer.Get("code"), oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return account.External{}, p.exchange(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return account.External{}, denied("oidc_token", p.Name()+" sent no ID token", "is it an OpenID Connect service, and is openid among the scopes that it allows?", nil)
	}
	verifier := found.VerifierContext(p.with(ctx), &oidc.Config{ClientID: p.s.ClientID, Now: func() time.Time { return now }})
	id, err := verifier.Verify(p.with(ctx), raw)
	if err != nil {
		return account.External{}, denied("oidc_token", "the ID token of "+p.Name()+" is not valid", "the clocks of both may differ, or another registration's token was sent", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.Nonce)) != 1 {
		return account.External{}, denied("oidc_token", "the ID token of "+p.Name()+" belongs to another sign-in", "begin again", nil)
	}
	return p.person(id)
}

// person reads an ID token's claims.
func (p *Provider) person(id *oidc.IDToken) (account.External, error) {
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return account.External{}, denied("oidc_token", "the ID token of "+p.Name()+" can't be read", "", err)
	}
	text := func(name string) string { v, _ := claims[name].(string); return v }
	e := account.External{Issuer: id.Issuer, Subject: id.Subject, Name: text("preferred_username"), Display: text("name"), Email: text("email"), Role: p.role(claims)}
	if e.Name == "" {
		e.Name = e.Email
	}
	return e, nil
}

// role is the highest that the claim's values give.
func (p *Provider) role(claims map[string]any) account.Role {
	var values []string
	switch v := claims[p.s.Claim].(type) {
	case string:
		values = []string{v}
	case []any:
		for _, one := range v {
			if text, ok := one.(string); ok {
				values = append(values, text)
			}
		}
	}
	if p.s.Claim == "email" {
		if verified, _ := claims["email_verified"].(bool); !verified {
			values = nil // anybody can claim an address
		}
		for _, v := range slices.Clone(values) {
			if _, domain, ok := strings.Cut(v, "@"); ok {
				values = append(values, "@"+strings.ToLower(domain))
			}
		}
	}
	best := p.s.Default
	for _, value := range slices.Sorted(maps.Keys(p.s.Roles)) {
		if role := p.s.Roles[value]; slices.Contains(values, value) && (best == "" || role.Covers(best)) {
			best = role
		}
	}
	return best
}

// config is how the service is spoken to. The first time it is asked how (discovery).
func (p *Provider) config(ctx context.Context, redirect string) (oauth2.Config, *oidc.Provider, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return oauth2.Config{}, nil, err
	}
	c := oauth2.Config{ClientID: p.s.ClientID, Endpoint: found.Endpoint(), RedirectURL: redirect, Scopes: append([]string{oidc.ScopeOpenID}, p.s.Scopes...)}
	if p.s.Secret != nil {
		text, err := p.s.Secret(ctx)
		if err != nil {
			return c, nil, fmt.Errorf("find the client secret for %s: %w", p.Name(), err)
		}
		c.ClientSecret = strings.TrimSpace(text.Reveal())
	}
	return c, found, nil
}

func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	found, err := oidc.NewProvider(p.with(context.WithoutCancel(ctx)), p.s.Issuer) // its keys are fetched again later, with the client of this context
	if err != nil {
		return nil, &fault.Error{Class: fault.Unavailable, Code: "oidc_unreachable", Title: p.Name() + " can't be asked how to sign in", Err: err,
			Hint: "is --oidc-issuer right, and does this server reach it? " + strings.TrimSuffix(p.s.Issuer, "/") + "/.well-known/openid-configuration must answer"}
	}
	p.found = found
	return found, nil
}

// with makes the libraries use our client.
func (p *Provider) with(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.s.Client)
}

// exchange explains why the service gave no token. Its own answer may hold what was sent, and is not shown.
func (p *Provider) exchange(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		hint := "begin again"
		if refused.ErrorCode == "invalid_client" || refused.ErrorCode == "unauthorized_client" {
			hint = "the client secret of headrace's registration is wrong or has ended: --oidc-client-secret"
		}
		return denied("oidc_refused", p.Name()+" gave no token: "+short(refused.ErrorCode), hint, nil)
	}
	return &fault.Error{Class: fault.Unavailable, Code: "oidc_unreachable", Title: p.Name() + " can't be reached", Hint: "try again; does this server reach it?"}
}

func denied(code, title, hint string, err error) error {
	return &fault.Error{Class: fault.Denied, Code: code, Title: title, Hint: hint, Err: err}
}

// short makes what came from outside fit for a sentence.
func short(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}
