package m365sim

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/m365sim/wire"
)

// signIn answers what Entra's host answers.
func (s *Simulator) signIn(w http.ResponseWriter, r *http.Request) {
	directory, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch rest {
	case "oauth2/token":
		s.token(w, r, directory, 1)
	case "oauth2/v2.0/token":
		s.token(w, r, directory, 2)
	case "v2.0/.well-known/openid-configuration":
		s.openIDConfiguration(w, r, directory, 2)
	case ".well-known/openid-configuration":
		s.openIDConfiguration(w, r, directory, 1)
	case "discovery/v2.0/keys", "discovery/keys":
		s.nowhere.count(OpDiscovery, http.StatusOK, "")
		writeJSON(w, http.StatusOK, s.signer.jwks())
	case "discovery/instance":
		s.instanceDiscovery(w, r)
	default:
		s.nowhere.count(OpOther, http.StatusNotFound, "")
		http.NotFound(w, r)
	}
}

// token answers one of the two token endpoints.
func (s *Simulator) token(w http.ResponseWriter, r *http.Request, directory string, version int) {
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.Header().Set("Pragma", "no-cache")
	t := s.directory(directory)
	if !wire.Pause(r.Context(), s.latencyOf(OpToken)) {
		return
	}
	counts := &s.nowhere
	if t != nil {
		counts = &t.requests
	}
	if fault := s.faults.strike(target{op: OpToken, tenant: t, ctype: -1}, s.since()); fault != nil {
		if s.signInFault(w, r, fault, counts) {
			return
		}
	}
	answer, err := s.grant(r, t, directory, version)
	var refused *signInError
	if errors.As(err, &refused) {
		counts.count(OpToken, refused.status, "AADSTS"+strconv.Itoa(refused.code))
		refused.write(w, r, s.now())
		return
	}
	if err != nil {
		counts.count(OpToken, http.StatusInternalServerError, "")
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	counts.count(OpToken, http.StatusOK, "")
	writeJSON(w, http.StatusOK, answer)
}

// signInFault plays a fault of the token endpoint; false lets the request go on.
func (s *Simulator) signInFault(w http.ResponseWriter, r *http.Request, fault *Fault, counts *counter) bool {
	switch fault.Do {
	case "delay", "slow":
		return !wire.Pause(r.Context(), time.Duration(fault.Delay))
	case "aadsts":
		e := refuse(fault.Code)
		e.status = orStatus(fault.Status, e.status)
		fault.retryAfter(w)
		counts.count(OpToken, e.status, "AADSTS"+strconv.Itoa(e.code))
		e.write(w, r, s.now())
	case "throttle":
		e := refuse(90055)
		fault.retryAfter(w)
		counts.count(OpToken, http.StatusTooManyRequests, "AADSTS90055")
		e.write(w, r, s.now())
	default:
		return s.gatewayFault(w, r, fault, counts, OpToken)
	}
	return true
}

// grant decides on one token request: the token, or a *signInError.
func (s *Simulator) grant(r *http.Request, t *tenant, directory string, version int) (any, error) {
	form, err := s.tokenForm(r, version)
	if err != nil {
		return nil, err
	}
	audience, err := audienceOf(form, version)
	if err != nil {
		return nil, err
	}
	if err := s.checkDirectory(t, directory); err != nil {
		return nil, err
	}
	app, known := s.app(t, form.Get("client_id"))
	if !known {
		return nil, refuse(700016, form.Get("client_id"), t.Domain)
	}
	if app.Disabled {
		return nil, refuse(7000112, app.ID)
	}
	auth, err := s.authenticateApp(r, app, form)
	if err != nil {
		return nil, err
	}
	at := s.resourceOf(r, audience)
	if at == resourceUnknown {
		return nil, refuse(500011, audience, t.Domain)
	}
	token, expires, err := s.issue(t, app, audience, rolesFor(app, at), auth)
	if err != nil {
		return nil, err
	}
	lifetime := int64(time.Duration(s.scenario.TokenLifetime)/time.Second) - 1
	if version == 2 {
		return struct {
			Type     string `json:"token_type"`
			Expires  int64  `json:"expires_in"`
			Extended int64  `json:"ext_expires_in"`
			Token    string `json:"access_token"`
		}{"Bearer", lifetime, lifetime, token}, nil
	}
	text := func(n int64) string { return strconv.FormatInt(n, 10) }
	return struct {
		Type      string `json:"token_type"`
		Expires   string `json:"expires_in"`
		Extended  string `json:"ext_expires_in"`
		ExpiresOn string `json:"expires_on"`
		NotBefore string `json:"not_before"`
		Resource  string `json:"resource"`
		Token     string `json:"access_token"`
	}{"Bearer", text(lifetime), text(lifetime), text(expires.Unix()), text(s.now().Add(-5 * time.Minute).Unix()), audience, token}, nil
}

// tokenForm reads the request's form, with HTTP Basic's client ID and secret put into it.
func (s *Simulator) tokenForm(r *http.Request, version int) (url.Values, error) {
	if r.Method != http.MethodPost {
		return nil, refuse(900561, r.Method)
	}
	missing := 900144
	if version == 1 {
		missing = 90014
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return nil, refuse(missing, "grant_type")
	}
	r.Body = http.MaxBytesReader(nil, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return nil, refuse(9002313)
	}
	form := r.PostForm
	if id, secret, ok := r.BasicAuth(); ok && form.Get("client_secret") == "" {
		// RFC 6749 section 2.3.1: both are form-encoded before they are put into the header.
		id, err1 := url.QueryUnescape(id)
		secret, err2 := url.QueryUnescape(secret)
		if err1 != nil || err2 != nil {
			return nil, refuse(9002313)
		}
		form.Set("client_id", id)
		form.Set("client_secret", secret)
	}
	for _, field := range []string{"grant_type", "client_id"} {
		if form.Get(field) == "" {
			return nil, refuse(missing, field)
		}
	}
	if grant := form.Get("grant_type"); grant != "client_credentials" {
		return nil, refuse(70003, grant)
	}
	return form, nil
}

// audienceOf finds the resource that is asked for: resource in v1, scope in v2.
func audienceOf(form url.Values, version int) (string, error) {
	if version == 1 {
		if form.Get("resource") == "" {
			return "", refuse(90014, "resource")
		}
		return form.Get("resource"), nil
	}
	if form.Has("resource") {
		return "", refuse(901002)
	}
	if form.Get("scope") == "" {
		return "", refuse(900144, "scope")
	}
	var scopes []string
	for _, scope := range strings.Fields(form.Get("scope")) {
		if scope != "openid" && scope != "offline_access" && scope != "profile" { // MSAL adds these to each request
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) != 1 {
		return "", refuse(70011, form.Get("scope"))
	}
	audience, ok := strings.CutSuffix(scopes[0], "/.default")
	if !ok || audience == "" {
		return "", refuse(1002012, scopes[0])
	}
	return audience, nil
}

// directory finds the tenant that a login URL names: by ID or domain, never by the scenario's name for it.
func (s *Simulator) directory(text string) *tenant {
	t := s.byName[strings.ToLower(text)]
	if t == nil || !strings.EqualFold(text, t.ID) && !strings.EqualFold(text, t.Domain) {
		return nil
	}
	return t
}

// checkDirectory says what is wrong with the tenant in the URL.
func (s *Simulator) checkDirectory(t *tenant, directory string) error {
	switch {
	case t != nil && t.cloud != s.scenario.Cloud:
		return refuse(900382)
	case t != nil:
		return nil
	case directory == "common" || directory == "organizations" || directory == "consumers":
		return refuse(50059)
	case isGUID(directory) || strings.Contains(directory, "."):
		return refuse(90002, directory)
	}
	return refuse(900023, directory)
}

// authenticateApp checks the client's secret or assertion and says which it was, as the claim appidacr does.
func (s *Simulator) authenticateApp(r *http.Request, app App, form url.Values) (string, error) {
	if form.Get("client_assertion") != "" || form.Get("client_assertion_type") != "" {
		return "2", s.checkAssertion(r, app, form)
	}
	given := form.Get("client_secret")
	if given == "" {
		return "", refuse(7000218)
	}
	now := s.now()
	for _, secret := range app.Secrets {
		if secret.Value != given {
			continue
		}
		if secret.expired(now) {
			return "", refuse(7000222, app.ID)
		}
		return "1", nil
	}
	return "", refuse(7000215, app.ID)
}

// openIDConfiguration answers the discovery that MSAL does before its first token request.
func (s *Simulator) openIDConfiguration(w http.ResponseWriter, r *http.Request, directory string, version int) {
	t := s.directory(directory)
	if t == nil {
		e := refuse(90002, directory)
		e.word = "invalid_tenant"
		s.nowhere.count(OpDiscovery, e.status, "AADSTS90002")
		e.write(w, r, s.now())
		return
	}
	if fault := s.faults.strike(target{op: OpDiscovery, tenant: t, ctype: -1}, s.since()); fault != nil {
		if s.gatewayFault(w, r, fault, &t.requests, OpDiscovery) {
			return
		}
	}
	t.requests.count(OpDiscovery, http.StatusOK, "")
	base := "https://" + r.Host + "/" + t.ID
	authorize, token, keys, issuer := base+"/oauth2/authorize", base+"/oauth2/token", base+"/discovery/keys", "https://sts.windows.net/"+t.ID+"/"
	if version == 2 {
		authorize, token, keys, issuer = base+"/oauth2/v2.0/authorize", base+"/oauth2/v2.0/token", base+"/discovery/v2.0/keys", base+"/v2.0"
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"token_endpoint":                        token,
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"jwks_uri":                              keys,
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"issuer":                                issuer,
		"authorization_endpoint":                authorize,
		"tenant_region_scope":                   "EU",
		"cloud_instance_name":                   "microsoftonline.com",
		"cloud_graph_host_name":                 "graph.windows.net",
		"msgraph_host":                          "graph.microsoft.com",
	})
}

// instanceDiscovery answers whether a host is an authority: only the simulator itself is.
func (s *Simulator) instanceDiscovery(w http.ResponseWriter, r *http.Request) {
	asked, err := url.Parse(r.URL.Query().Get("authorization_endpoint"))
	if err != nil || asked.Host != r.Host {
		s.nowhere.count(OpDiscovery, http.StatusBadRequest, "")
		writeJSON(w, http.StatusBadRequest, map[string]any{
			"error": "invalid_instance", "error_description": "AADSTS50049: Unknown or invalid instance.", "error_codes": []int{50049},
		})
		return
	}
	s.nowhere.count(OpDiscovery, http.StatusOK, "")
	directory, _, _ := strings.Cut(strings.TrimPrefix(asked.Path, "/"), "/")
	writeJSON(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": "https://" + r.Host + "/" + directory + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []map[string]any{{
			"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host},
		}},
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil { // only types of this package come here
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone needs no answer
}

func orStatus(status, other int) int {
	if status == 0 {
		return other
	}
	return status
}

func (f *Fault) retryAfter(w http.ResponseWriter) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", wholeSeconds(time.Duration(f.RetryAfter)))
	}
}

// wholeSeconds is d in seconds, rounded up, as Retry-After has it.
func wholeSeconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
