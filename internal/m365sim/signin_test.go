package m365sim

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// claimsOf reads a token's claims without checking it.
func claimsOf(t *testing.T, token string) claims {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	plain, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c claims
	if err := json.Unmarshal(plain, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTokenRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	other := "0a0a0a0a-1111-4222-8333-444444444444"
	sim := open(t, func(s *Scenario) {
		s.Content.Events = 0
		s.Tenants = []Tenant{
			{Name: "contoso", Apps: []App{
				{Secrets: []Secret{{Value: "good~secret"}, {Value: "old~secret", Expires: noon.Add(-time.Hour)}}},
				{Name: "off", Disabled: true},
			}},
			{Name: "navy", Cloud: "dod"},
		}
	})
	contoso, _ := sim.Tenant("contoso")
	navy, _ := sim.Tenant("navy")
	cases := map[string]struct {
		tenant, version, method string
		change                  func(url.Values)
		status                  int
		word                    string
		code                    int
	}{
		"a wrong secret":                {change: set("client_secret", "guessed"), status: 401, word: "invalid_client", code: 7000215},
		"the secret's ID for its value": {change: set("client_secret", contoso.Apps[0].Secrets[0].ID), status: 401, word: "invalid_client", code: 7000215},
		"an expired secret":             {change: set("client_secret", "old~secret"), status: 401, word: "invalid_client", code: 7000222},
		"no secret":                     {change: unset("client_secret"), status: 401, word: "invalid_client", code: 7000218},
		"an unknown app":                {change: set("client_id", other), status: 400, word: "unauthorized_client", code: 700016},
		"another tenant's app":          {change: set("client_id", navy.ClientID), status: 400, word: "unauthorized_client", code: 700016},
		"a disabled app":                {change: set("client_id", contoso.Apps[1].ClientID), status: 401, word: "unauthorized_client", code: 7000112},
		"an unknown tenant":             {tenant: other, status: 400, word: "invalid_request", code: 90002},
		"an unknown domain":             {tenant: "fabrikam.example", status: 400, word: "invalid_request", code: 90002},
		"a tenant that is no tenant":    {tenant: "contoso", status: 400, word: "invalid_request", code: 900023},
		"common":                        {tenant: "common", status: 400, word: "invalid_request", code: 50059},
		"a tenant of another cloud":     {tenant: navy.ID, change: set("client_id", navy.ClientID), status: 400, word: "invalid_request", code: 900382},
		"no client ID in v2":            {change: unset("client_id"), status: 400, word: "invalid_request", code: 900144},
		"no client ID in v1":            {version: "v1", change: unset("client_id"), status: 400, word: "invalid_request", code: 90014},
		"no grant type":                 {change: unset("grant_type"), status: 400, word: "invalid_request", code: 900144},
		"another grant type":            {change: set("grant_type", "password"), status: 400, word: "unsupported_grant_type", code: 70003},
		"no scope":                      {change: unset("scope"), status: 400, word: "invalid_request", code: 900144},
		"no resource in v1":             {version: "v1", change: unset("resource"), status: 400, word: "invalid_request", code: 90014},
		"resource in v2":                {change: set("resource", "https://manage.office.com"), status: 400, word: "invalid_request", code: 901002},
		"a scope without .default":      {change: set("scope", "https://manage.office.com/ActivityFeed.Read"), status: 400, word: "invalid_scope", code: 1002012},
		"two resources": {change: set("scope", "https://manage.office.com/.default https://graph.microsoft.com/.default"),
			status: 400, word: "invalid_scope", code: 70011},
		"another cloud's audience": {change: set("scope", "https://manage.office365.us/.default"), status: 400, word: "invalid_resource", code: 500011},
		"GET":                      {method: "GET", status: 405, word: "invalid_request", code: 900561},
		"an assertion that is none": {change: func(v url.Values) {
			v.Set("client_assertion_type", assertionType)
			v.Set("client_assertion", "nonsense")
		}, status: 401, word: "invalid_client", code: 700027},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := url.Values{"grant_type": {"client_credentials"}, "client_id": {contoso.ClientID}, "client_secret": {"good~secret"}}
			path := "/oauth2/v2.0/token"
			if c.version == "v1" {
				path = "/oauth2/token?api-version=1.0"
				form.Set("resource", "https://manage.office.com")
			} else {
				form.Set("scope", "https://manage.office.com/.default")
			}
			if c.change != nil {
				c.change(form)
			}
			plain := &client{t: t, sim: sim, http: sim.Client()}
			got := plain.do(orElse(c.method, "POST"), sim.LoginURL()+"/"+orElse(c.tenant, contoso.ID)+path, strings.NewReader(form.Encode()),
				map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
			body := got.object()
			codes, _ := body["error_codes"].([]any)
			if got.status != c.status || body["error"] != c.word || len(codes) != 1 || int(codes[0].(float64)) != c.code {
				t.Errorf("got HTTP %d %s", got.status, got.body)
			}
			description, _ := body["error_description"].(string)
			if !strings.HasPrefix(description, fmt.Sprintf("AADSTS%d: ", c.code)) || strings.Contains(description, "%!") ||
				!strings.Contains(description, "Trace ID: ") || strings.Contains(description, "good~secret") {
				t.Errorf("description %q", description)
			}
		})
	}
}

func set(name, value string) func(url.Values) { return func(v url.Values) { v.Set(name, value) } }
func unset(name string) func(url.Values)      { return func(v url.Values) { v.Del(name) } }

func TestTokensSayWhatEntrasSay(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Content.Events = 0
		s.Tenants[0].Apps = []App{{Roles: []string{"ActivityFeed.Read", "ExternalItem.ReadWrite.OwnedBy"}}}
	})
	c := newClient(t, sim, "")
	v2 := c.post("/"+c.tenant.Domain+"/oauth2/v2.0/token", c.form()).object()
	if v2["expires_in"] != 3599.0 || v2["token_type"] != "Bearer" {
		t.Errorf("v2 answers %v; its numbers are numbers", v2)
	}
	form := c.form()
	form.Del("scope")
	form.Set("resource", "https://manage.office.com")
	v1 := c.post("/"+c.tenant.ID+"/oauth2/token", form).object()
	if v1["expires_in"] != "3599" || v1["resource"] != "https://manage.office.com" {
		t.Errorf("v1 answers %v; its numbers are texts", v1)
	}
	got := claimsOf(t, v2["access_token"].(string))
	if got.Audience != "https://manage.office.com" || got.Tenant != c.tenant.ID || got.Version != "1.0" || got.AppAuth != "1" ||
		got.Issuer != "https://sts.windows.net/"+c.tenant.ID+"/" || fmt.Sprint(got.Roles) != "[ActivityFeed.Read]" {
		t.Errorf("claims %+v", got)
	}
	for scope, roles := range map[string]string{
		sim.ManagementURL(): "[ActivityFeed.Read]", sim.GraphURL(): "[ExternalItem.ReadWrite.OwnedBy]",
		"https://graph.microsoft.com": "[ExternalItem.ReadWrite.OwnedBy]", managementAppID: "[ActivityFeed.Read]",
	} {
		form := c.form()
		form.Set("scope", scope+"/.default openid offline_access profile")
		token, _ := c.post("/"+c.tenant.ID+"/oauth2/v2.0/token", form).object()["access_token"].(string)
		if got := claimsOf(t, token); fmt.Sprint(got.Roles) != roles || got.Audience != scope {
			t.Errorf("scope %s gives roles %v for %s, want %s", scope, got.Roles, got.Audience, roles)
		}
	}
}

func TestBasicAuthenticationIsTaken(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Content.Events = 0
		s.Tenants[0].Apps = []App{{Secrets: []Secret{{Value: "a+b/c~%"}}}}
	})
	c := newClient(t, sim, "")
	form := c.form()
	form.Del("client_id")
	form.Del("client_secret")
	basic := base64.StdEncoding.EncodeToString([]byte(c.tenant.ClientID + ":" + url.QueryEscape("a+b/c~%")))
	got := c.do("POST", sim.LoginURL()+"/"+c.tenant.ID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()), map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Basic " + basic,
	})
	if got.status != 200 {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestTokensEndByTheClock(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) { s.Content.Events, s.TokenLifetime = 0, Duration(time.Minute) })
	c := newClient(t, sim, "")
	if got := c.feed("GET", "subscriptions/list", nil); got.status != 200 {
		t.Fatalf("a fresh token meets %d %s", got.status, got.body)
	}
	sim.Clock().Advance(time.Minute)
	got := c.feed("GET", "subscriptions/list", nil)
	if got.status != 401 || string(got.body) != `{"Message":"Authorization has been denied for this request."}` {
		t.Errorf("an old token meets %d %s", got.status, got.body)
	}
	c.signIn()
	if got := c.feed("GET", "subscriptions/list", nil); got.status != 200 {
		t.Errorf("a new token meets %d %s", got.status, got.body)
	}
}

func TestSignInFaults(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) { s.Content.Events = 0 })
	c := newClient(t, sim, "")
	for code, want := range signInErrors {
		if err := sim.SetFaults(Fault{On: OpToken, Do: "aadsts", Code: code}); err != nil {
			t.Fatal(err)
		}
		got := c.post("/"+c.tenant.ID+"/oauth2/v2.0/token", c.form())
		if got.status != want.status || got.object()["error"] != want.word || strings.Contains(string(got.body), "%!") {
			t.Errorf("AADSTS%d: %d %s", code, got.status, got.body)
		}
	}
	if err := sim.SetFaults(Fault{On: OpToken, Do: "throttle", RetryAfter: Duration(7 * time.Second), First: 2}); err != nil {
		t.Fatal(err)
	}
	for try, want := range []int{429, 429, 200} {
		got := c.post("/"+c.tenant.ID+"/oauth2/v2.0/token", c.form())
		if got.status != want || want == 429 && got.header.Get("Retry-After") != "7" {
			t.Errorf("try %d: %d %v", try+1, got.status, got.header)
		}
	}
}

func TestInstanceDiscoveryKnowsOnlyItself(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) { s.Content.Events = 0 })
	c := newClient(t, sim, "")
	ask := func(host string) answer {
		return c.do("GET", sim.LoginURL()+"/common/discovery/instance?api-version=1.1&authorization_endpoint="+
			url.QueryEscape("https://"+host+"/"+c.tenant.ID+"/oauth2/v2.0/authorize"), nil, nil)
	}
	own := strings.TrimPrefix(sim.URL(), "https://")
	if got := ask(own).object()["tenant_discovery_endpoint"]; got != sim.LoginURL()+"/"+c.tenant.ID+"/v2.0/.well-known/openid-configuration" {
		t.Errorf("own host: %v", got)
	}
	if got := ask("login.example.com"); got.status != 400 || got.object()["error"] != "invalid_instance" {
		t.Errorf("another host: %d %s", got.status, got.body)
	}
	if got := c.do("GET", sim.LoginURL()+"/fabrikam.example/v2.0/.well-known/openid-configuration", nil, nil); got.status != 400 || got.object()["error"] != "invalid_tenant" {
		t.Errorf("configuration of an unknown tenant: %d %s", got.status, got.body)
	}
}

// azure makes the credential that Go programs sign in with.
func azure(t *testing.T, sim *Simulator, tenant TenantInfo, secret string) azcore.TokenCredential {
	t.Helper()
	client := sim.Client()
	t.Cleanup(client.CloseIdleConnections)
	credential, err := azidentity.NewClientSecretCredential(tenant.ID, tenant.ClientID, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Transport: client,
			Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: sim.LoginURL()},
			Retry:     policy.RetryOptions{MaxRetries: -1},
		},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return credential
}

func TestAzidentitySignsIn(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) { s.Content.Events = 0 })
	c := newClient(t, sim, "")
	for _, scope := range []string{"https://manage.office.com/.default", sim.ManagementURL() + "/.default"} {
		token, err := azure(t, sim, c.tenant, c.tenant.ClientSecret).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
		if err != nil {
			t.Fatalf("%s: %v", scope, err)
		}
		c.token = token.Token
		if got := c.feed("GET", "subscriptions/list", nil); got.status != http.StatusOK {
			t.Errorf("azidentity's token for %s meets %d %s", scope, got.status, got.body)
		}
	}
	_, err := azure(t, sim, c.tenant, "wrong").GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"https://manage.office.com/.default"}})
	if err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("a wrong secret gives %v, want AADSTS7000215", err)
	}
}
