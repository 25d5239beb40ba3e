package microsoft

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

func TestOneTokenServesManyRequests(t *testing.T) {
	t.Parallel()
	s := newService(t)
	b := newBench(t, s, nil)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := b.get(t.Context(), "/x"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if signIns, requests := s.counts(); signIns != 1 || requests != 20 || b.limiter.taken != 20 {
		t.Errorf("%d sign-ins, %d requests, %d taken from the quota; want 1, 20, 20", signIns, requests, b.limiter.taken)
	}
}

func TestATokenIsRenewedBeforeItEnds(t *testing.T) {
	t.Parallel()
	s := newService(t)
	b := newBench(t, s, nil)
	for step, want := range []struct {
		after   time.Duration
		signIns int
	}{{0, 1}, {54 * time.Minute, 1}, {2 * time.Minute, 2}, {time.Minute, 2}} {
		b.advance(want.after)
		if _, err := b.get(t.Context(), "/x"); err != nil {
			t.Fatal(err)
		}
		if signIns, _ := s.counts(); signIns != want.signIns {
			t.Errorf("step %d: %d sign-ins, want %d", step, signIns, want.signIns)
		}
	}
}

func TestATokenThatStillHoldsIsUsedWhileEntraIsDown(t *testing.T) {
	t.Parallel()
	s := newService(t)
	b := newBench(t, s, nil)
	if _, err := b.get(t.Context(), "/x"); err != nil {
		t.Fatal(err)
	}
	s.set(func() {
		s.token = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
	})
	b.advance(56 * time.Minute)
	if _, err := b.get(t.Context(), "/x"); err != nil {
		t.Errorf("with four minutes left: %v, want the present token to be used", err)
	}
	b.advance(5 * time.Minute)
	if _, err := b.get(t.Context(), "/x"); fault.ClassOf(err) != fault.Unavailable {
		t.Errorf("after its end: %v, want Unavailable", err)
	}
}

// TestARotatedSecretIsFound also shows that a token that the API refuses is replaced, and the request repeated once.
func TestARotatedSecretIsFound(t *testing.T) {
	t.Parallel()
	s := newService(t)
	b := newBench(t, s, nil)
	if _, err := b.get(t.Context(), "/x"); err != nil {
		t.Fatal(err)
	}
	s.set(func() {
		s.secret = "the-next-secret"
		old := s.tokens[0]
		s.api = func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "Bearer "+old {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = w.Write([]byte(`{"Message":"Authorization has been denied for this request."}`))
				return
			}
			_, _ = w.Write([]byte("fine"))
		}
	})
	if _, err := b.get(t.Context(), "/x"); fault.ClassOf(err) != fault.Denied {
		t.Errorf("before the vault has it: %v, want Denied", err)
	}
	b.mu.Lock()
	b.secret = "the-next-secret"
	b.mu.Unlock()
	if body, err := b.get(t.Context(), "/x"); err != nil || body != "fine" {
		t.Errorf("after the rotation: %q, %v; want the request to succeed without a restart", body, err)
	}
}

func TestA401IsRepeatedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body     string
		requests int
		code     string
	}{
		"the token was refused":   {`{"Message":"Authorization has been denied for this request."}`, 2, "token_refused"},
		"nothing said":            {``, 2, "token_refused"},
		"a permission is missing": {`{"error":{"code":"AF10001","message":"The permission set () sent in the request does not include the expected permission."}}`, 1, "permission_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			s.api = func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = w.Write([]byte(c.body))
			}
			_, err := newBench(t, s, nil).get(t.Context(), "/x")
			f, _ := fault.As(err)
			if f == nil || f.Class != fault.Denied || f.Code != c.code || f.Hint == "" {
				t.Errorf("got %+v, want Denied %s with a hint", f, c.code)
			}
			if _, requests := s.counts(); requests != c.requests {
				t.Errorf("%d requests, want %d", requests, c.requests)
			}
		})
	}
}

func TestSignInTroublesSayWhatToDo(t *testing.T) {
	t.Parallel()
	answer := func(status int, header, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if name, value, ok := strings.Cut(header, ": "); ok {
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	entra := func(word, number string) string {
		return `{"error":"` + word + `","error_description":"AADSTS` + number + `: Something happened.\r\nTrace ID: 1","error_codes":[` + number + `],"trace_id":"trace-9"}`
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		class  fault.Class
		code   string
		title  string
	}{
		"wrong secret":              {answer(401, "", entra("invalid_client", "7000215")), fault.Denied, "secret_wrong", "Entra rejected the client secret"},
		"expired secret":            {answer(401, "", entra("invalid_client", "7000222")), fault.Denied, "secret_expired", "The client secret has expired"},
		"unknown app":               {answer(400, "", entra("unauthorized_client", "700016")), fault.Denied, "app_unknown", "This tenant does not know the app"},
		"unknown tenant":            {answer(400, "", entra("invalid_request", "90002")), fault.Denied, "tenant_unknown", "Tenant not found"},
		"wrong cloud":               {answer(400, "", entra("invalid_request", "900432")), fault.Denied, "wrong_cloud", "The tenant is in another cloud"},
		"a number nobody knows":     {answer(400, "", entra("invalid_grant", "99999999")), fault.Denied, "sign_in_refused", "Entra refused the sign-in"},
		"trouble by its word":       {answer(400, "", entra("temporarily_unavailable", "99999999")), fault.Unavailable, "entra_trouble", "Entra has trouble of its own"},
		"a known number, but a 503": {answer(503, "", entra("invalid_client", "7000215")), fault.Unavailable, "secret_wrong", ""},
		"throttled":                 {answer(429, "Retry-After: 3600", "slow down"), fault.Throttled, "throttled", "Entra asked us to slow down"},
		"HTML with status 200":      {answer(200, "Content-Type: text/html", "<html>Sign in to the network</html>"), fault.Unavailable, "sign_in_unreadable", ""},
		"HTML with status 403":      {answer(403, "", "<html>Forbidden</html>"), fault.Unavailable, "sign_in_unreadable", ""},
		"an empty 500":              {answer(500, "", ""), fault.Unavailable, "entra_trouble", ""},
		"a redirect elsewhere":      {answer(302, "Location: https://portal.example/login", ""), fault.Unavailable, "sign_in_unreadable", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			s.token = c.answer
			b := newBench(t, s, nil)
			_, err := b.get(t.Context(), "/x")
			f, ok := fault.As(err)
			if !ok || f.Class != c.class || f.Code != c.code || f.Hint == "" || c.title != "" && f.Title != c.title {
				t.Fatalf("got %+v (%v), want %v %s %q with a hint", f, err, c.class, c.code, c.title)
			}
			if strings.Contains(err.Error()+b.logs.String(), "the-right-secret") {
				t.Errorf("the secret is in %v or in the log", err)
			}
			if f.Code == "throttled" && (f.RetryAt.Sub(b.now) < 59*time.Minute || f.RetryAt.Sub(b.now) > 61*time.Minute) {
				t.Errorf("RetryAt is %v after now, want the hour that was asked for", f.RetryAt.Sub(b.now))
			}
			if _, requests := s.counts(); requests != 0 {
				t.Errorf("%d requests reached the API without a token", requests)
			}
		})
	}
}

// TestWaitersShareARefusal: a secret that can't be had is asked for once for all who wait, and anew for who comes later.
func TestWaitersShareARefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, release := 0, make(chan struct{})
		s := newSignIn(Options{
			Credential: &connector.Credential{Name: "c", TenantID: testTenant, ClientID: testClient, Secret: func(context.Context) (secret.Text, error) {
				asked++ // only who has the turn is here
				<-release
				return secret.Text{}, fault.New(fault.Denied, "sealed")
			}},
			Now: time.Now, Log: slog.New(slog.DiscardHandler),
		}, clouds[0], Management(clouds[0]), nil, nil)
		ask := func() {
			if _, err := s.token(t.Context()); fault.ClassOf(err) != fault.Denied {
				t.Errorf("got %v, want Denied", err)
			}
		}
		for range 9 {
			go ask()
		}
		synctest.Wait()
		close(release)
		synctest.Wait()
		if asked != 1 {
			t.Errorf("the secret was asked for %d times by nine who came together, want once", asked)
		}
		ask()
		if asked != 2 {
			t.Errorf("who comes later must ask anew; asked %d times", asked)
		}
	})
}

func TestASecretThatCantBeOpened(t *testing.T) {
	t.Parallel()
	s := newService(t)
	sealed := errors.New("vault sealed")
	for name, open := range map[string]func(context.Context) (secret.Text, error){
		"an error": func(context.Context) (secret.Text, error) { return secret.Text{}, sealed },
		"empty":    func(context.Context) (secret.Text, error) { return secret.Text{}, nil },
	} {
		b := newBench(t, s, func(o *Options) { o.Credential.Secret = open })
		_, err := b.get(t.Context(), "/x")
		if name == "an error" && !errors.Is(err, sealed) || name == "empty" && fault.ClassOf(err) != fault.Denied {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	b := newBench(t, newService(t), nil)
	c, err := b.Claims(t.Context())
	if err != nil || c.TenantID != testTenant || c.ClientID != testClient || !c.Has("activityfeed.read") || c.Has("Other") || c.Expires.IsZero() {
		t.Errorf("claims %+v, %v", c, err)
	}
	for _, bad := range []string{"", "a.b", "a.!!.c", "a.bm8.c", "opaque"} {
		if _, err := readClaims(bad); err == nil {
			t.Errorf("claims of %q were read", bad)
		}
	}
}

func TestCredentialsThatCantBeRight(t *testing.T) {
	t.Parallel()
	good := connector.Credential{TenantID: testTenant, ClientID: testClient}
	for name, c := range map[string]struct {
		change func(*connector.Credential)
		field  string
		says   string
	}{
		"no client ID":             {func(c *connector.Credential) { c.ClientID = "" }, "clientId", "missing"},
		"a client ID that is none": {func(c *connector.Credential) { c.ClientID = "my-app" }, "clientId", "not a GUID"},
		"the tenant ID twice":      {func(c *connector.Credential) { c.ClientID = c.TenantID }, "clientId", "line above"},
		"no tenant ID":             {func(c *connector.Credential) { c.TenantID = "" }, "tenantId", "missing"},
		"a tenant with a slash":    {func(c *connector.Credential) { c.TenantID = "contoso/x" }, "tenantId", "neither"},
		"an unknown cloud":         {func(c *connector.Credential) { c.Cloud = "mars" }, "cloud", "gcc-high"},
		"endpoints without custom": {func(c *connector.Credential) { c.Endpoints.Login = "https://x" }, "endpoints", "custom"},
		"plain http":               {func(c *connector.Credential) { c.Cloud, c.Endpoints.Login = Custom, "http://x" }, "endpoints.login", "https://"},
		"a path":                   {func(c *connector.Credential) { c.Cloud, c.Endpoints.Management = Custom, "https://x/base" }, "endpoints.management", "without a path"},
		"no host":                  {func(c *connector.Credential) { c.Cloud, c.Endpoints.Graph = Custom, "graph" }, "endpoints.graph", "not a host"},
	} {
		bad := good
		c.change(&bad)
		p := ValidCredential(bad)
		if len(p) != 1 || p[0].Field != c.field || !strings.Contains(p[0].Text, c.says) {
			t.Errorf("%s: %v, want one problem of %s that says %q", name, p, c.field, c.says)
		}
	}
	for _, tenant := range []string{testTenant, "contoso.onmicrosoft.com", "Contoso.DE"} {
		ok := good
		ok.TenantID = tenant
		if p := ValidCredential(ok); len(p) > 0 {
			t.Errorf("tenant %s: %v", tenant, p)
		}
	}
	if p := ValidCredential(connector.Credential{Cloud: "mars"}); len(p) != 3 {
		t.Errorf("%d problems, want all three at once: %v", len(p), p)
	}
}
