package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/account/oidc"
	"github.com/headrace/headrace/internal/app"
)

// oidcFlags say which service signs people in too.
type oidcFlags struct {
	issuer, client, secretRef, name, claim, role, ca string
	roles, scopes                                    []string
}

func (f *oidcFlags) add(c *cobra.Command, getenv func(string) string) {
	text := func(to *string, flag, env, help string) {
		c.Flags().StringVar(to, flag, getenv(env), help+" (env "+env+")")
	}
	text(&f.issuer, "oidc-issuer", "HEADRACE_OIDC_ISSUER", "OpenID provider that signs people in too: https://login.microsoftonline.com/TENANT/v2.0; its registration of headrace needs the redirect address PUBLIC-URL/api/v1/oidc/callback")
	text(&f.client, "oidc-client-id", "HEADRACE_OIDC_CLIENT_ID", "headrace's client ID at the provider")
	text(&f.secretRef, "oidc-client-secret", "HEADRACE_OIDC_CLIENT_SECRET", "where headrace's client secret is: env:NAME, file:PATH or vault:MOUNT/PATH#FIELD")
	text(&f.name, "oidc-name", "HEADRACE_OIDC_NAME", "the provider's name on the sign-in page")
	text(&f.claim, "oidc-claim", "HEADRACE_OIDC_CLAIM", "claim of the ID token whose values give roles: roles (default), groups or email")
	text(&f.role, "oidc-default-role", "HEADRACE_OIDC_DEFAULT_ROLE", "role of whom no value gives one; none: they do not come in")
	text(&f.ca, "oidc-ca", "HEADRACE_OIDC_CA", "PEM file of who signed the provider's certificate, if the system does not know them")
	c.Flags().StringSliceVar(&f.roles, "oidc-role", commaList(getenv("HEADRACE_OIDC_ROLES")), "VALUE=ROLE: what a value of the claim gives, as headrace-admins=admin, or @contoso.com=viewer for verified addresses; may be repeated (env HEADRACE_OIDC_ROLES)")
	c.Flags().StringSliceVar(&f.scopes, "oidc-scope", nil, "scopes beside openid (default profile,email)")
}

// commaList splits a list; nil for none.
func commaList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// options gives what the flags say; nil if there is no provider.
func (f *oidcFlags) options() (*app.OIDCOptions, error) {
	if f.issuer == "" {
		if f.client != "" || f.secretRef != "" || len(f.roles) > 0 {
			return nil, usage("--oidc-issuer is missing; the other --oidc flags need it")
		}
		return nil, nil
	}
	o := &app.OIDCOptions{SecretRef: f.secretRef, Settings: oidc.Settings{Issuer: f.issuer, ClientID: f.client, Name: f.name, Claim: f.claim, Scopes: f.scopes, Default: account.Role(f.role), Roles: map[string]account.Role{}}}
	for _, pair := range f.roles {
		i := strings.LastIndex(pair, "=")
		if i < 1 {
			return nil, usage("--oidc-role is written VALUE=ROLE, not %q", pair).WithHint("For example --oidc-role headrace-admins=admin")
		}
		o.Settings.Roles[pair[:i]] = account.Role(pair[i+1:])
	}
	if f.ca != "" {
		raw, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, usage("--oidc-ca: %v", err)
		}
		o.CA = raw
	}
	return o, o.Check()
}
