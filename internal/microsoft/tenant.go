package microsoft

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// TenantID gives the tenant's GUID of env's credential, lower case. A domain is looked up in the OpenID metadata of the cloud's
// sign-in host, whose issuer names the tenant; nothing secret is sent. (Microsoft's page "OpenID Connect on the Microsoft
// identity platform".) A domain that no tenant has is Denied, one whose tenant lives in another cloud too, with what to do; a host that
// can't be reached is Unavailable.
func TenantID(ctx context.Context, env connector.Env) (string, error) {
	given := strings.ToLower(env.Credential.TenantID)
	if IsGUID(given) {
		return given, nil
	}
	if err := ValidCredential(*env.Credential).Err(); err != nil {
		return "", fmt.Errorf("credential %q: %w", env.Credential.Name, err)
	}
	cloud, err := CloudOf(*env.Credential)
	if err != nil {
		return "", err
	}
	issuer, err := issuerOf(ctx, env, cloud, given)
	if err != nil {
		return "", fmt.Errorf("look up the tenant of %s: %w", given, err)
	}
	if other := cloudOfIssuer(cloud, issuer); other != "" {
		return "", &fault.Error{Class: fault.Denied, Code: "wrong_cloud", Title: fmt.Sprintf("The tenant of %s is in another cloud than %s", given, cloud.Title),
			Hint: "It signs in at " + issuer.Host + ". Set the credential's cloud to " + other + "."}
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(issuer.Path, "/"), "/")
	if !IsGUID(id) {
		return "", &fault.Error{Class: fault.Unavailable, Code: "sign_in_unreadable", Title: "The sign-in host does not say which tenant " + given + " is",
			Hint: "A proxy or a sign-in portal may stand between. Or put the Directory (tenant) ID, a GUID, into the credential."}
	}
	return strings.ToLower(id), nil
}

// issuerOf asks the sign-in host for a domain's metadata.
func issuerOf(ctx context.Context, env connector.Env, cloud Cloud, domain string) (*url.URL, error) {
	transport, own, err := trusting(env.Transport, cloud.CA)
	if err != nil {
		return nil, err
	}
	if t, ok := transport.(*http.Transport); ok && own {
		defer t.CloseIdleConnections()
	}
	timing, here := Timing{}.withDefaults(), &clock{now: env.Now, log: env.Log}
	seen := &witness{client: plainClient(transport), headers: timing.Headers, clock: here, now: env.Now}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, cloud.Login+"/"+domain+"/v2.0/.well-known/openid-configuration", nil)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the address of %s can't be made: %w", domain, err)
	}
	resp, err := seen.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, Diagnose(hostOf(cloud.Login), err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		r := parseRefusal(resp.StatusCode, resp.Header, seen.body)
		return nil, noSuchDomain(r.signInFault(cloud, retryAfter(resp.Header, here.time()), env.Now()), domain, cloud)
	}
	var about struct {
		Issuer string `json:"issuer"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&about); err != nil {
		return nil, Unreadable("entra", resp, nil, err)
	}
	issuer, err := url.Parse(about.Issuer)
	if err != nil {
		return nil, Unreadable("entra", resp, nil, err)
	}
	return issuer, nil
}

// noSuchDomain says of a refusal what it means for a domain.
func noSuchDomain(e *fault.Error, domain string, cloud Cloud) error {
	if e.Code == "tenant_unknown" {
		e.Title = fmt.Sprintf("No tenant in the cloud %s has the domain %s", cloud.Title, domain)
		e.Hint = "Look for a typing error; the domain must be verified in the tenant. The Directory (tenant) ID, a GUID, always works. For US government tenants set cloud to gcc-high or dod."
	}
	return e
}

// cloudOfIssuer names the clouds that sign in at the issuer's host, if those are not the credential's: Entra tells of a
// tenant in another cloud by that one's issuer.
func cloudOfIssuer(cloud Cloud, issuer *url.URL) string {
	if strings.EqualFold(issuer.Hostname(), hostOf(cloud.Login)) {
		return ""
	}
	var names []string
	for _, c := range clouds {
		if strings.EqualFold(hostOf(c.Login), issuer.Hostname()) {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, " or ")
}

// TenantID is the tenant's GUID, lower case: of the credential, or of the token where the credential has a domain.
func (c *Client) TenantID(ctx context.Context) (string, error) {
	given := c.options.Credential.TenantID
	if IsGUID(given) {
		return strings.ToLower(given), nil
	}
	c.mu.Lock()
	known := c.tenant
	c.mu.Unlock()
	if known != "" {
		return known, nil
	}
	claims, err := c.Claims(ctx)
	if err != nil {
		return "", err
	}
	if !IsGUID(claims.TenantID) {
		return "", fault.New(fault.Denied, "the token does not say which tenant %s is", given).WithHint("Put the Directory (tenant) ID, a GUID, into the credential.")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tenant = strings.ToLower(claims.TenantID)
	return c.tenant, nil
}
