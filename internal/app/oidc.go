package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"time"

	"github.com/headrace/headrace/internal/account/oidc"
	"github.com/headrace/headrace/internal/api/signin"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/vault/reference"
)

// OIDCOptions say which service signs people in too.
type OIDCOptions struct {
	Settings  oidc.Settings // Secret and Client are set here
	SecretRef string        // where the client secret is: env:NAME, file:PATH, vault:…; "": there is none
	CA        []byte        // PEM certificates that are trusted beside the system's
}

// Check tells all that is wrong with the options.
func (o OIDCOptions) Check() error {
	if err := o.Settings.Validate(); err != nil {
		return err
	}
	if o.SecretRef == "" {
		return nil
	}
	_, err := reference.Parse(o.SecretRef)
	return err
}

const oidcPatience = 15 * time.Second

// signInPages are the pages that lead to the service and back.
func (a *App) signInPages(o OIDCOptions) (http.Handler, error) {
	s := o.Settings
	if o.SecretRef != "" {
		ref, err := reference.Parse(o.SecretRef)
		if err != nil {
			return nil, err
		}
		s.Secret = func(ctx context.Context) (secret.Text, error) { return a.resolver.Resolve(ctx, ref) }
	}
	transport := newTransport()
	if len(o.CA) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(o.CA) {
			return nil, fault.New(fault.Invalid, "there is no PEM certificate in the file of --oidc-ca").WithCode("ca_file")
		}
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	}
	s.Client = &http.Client{Transport: transport, Timeout: oidcPatience}
	provider, err := oidc.New(s)
	if err != nil {
		return nil, err
	}
	a.Services.Provider = provider.Name()
	return signin.Handler(signin.Options{Provider: provider, SignIn: a.Services.Accounts.SignInExternal, Now: a.store.Now, Log: a.log}), nil
}
