package office365

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/m365sim"
	"github.com/headrace/headrace/internal/secret"
)

func TestWebhookBelievesOnlyItsAuthID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cfg.Webhook = Webhook{Address: "https://headrace.example/hook", AuthID: "the-id"}
	var woken atomic.Int32
	h := Spec().Source.Webhook(w.cfg, w.env, func() { woken.Add(1) })
	list := `[{"tenantId":"t","contentType":"Audit.General","contentId":"c","contentUri":"https://evil.example/"}]`
	for name, c := range map[string]struct {
		method, id, code, body string
		status                 int
		wakes                  int32
	}{
		"an announcement":             {"POST", "the-id", "", list, 200, 1},
		"a validation":                {"POST", "the-id", "v1", `{"validationCode":"v1"}`, 200, 0},
		"a validation without header": {"POST", "the-id", "", `{"validationCode":"v1"}`, 200, 1},
		"no ID":                       {"POST", "", "", list, 403, 0},
		"a wrong ID":                  {"POST", "the-id2", "", list, 403, 0},
		"a forged validation":         {"POST", "x", "v1", `{"validationCode":"v1"}`, 403, 0},
		"a GET":                       {"GET", "the-id", "", "", 405, 0},
		"no announcement":             {"POST", "the-id", "", `hello`, 400, 0},
		"an endless body":             {"POST", "the-id", "", "[" + strings.Repeat(" ", 2<<20) + "]", 400, 0},
	} {
		before := woken.Load()
		r := httptest.NewRequestWithContext(t.Context(), c.method, "/hook", strings.NewReader(c.body))
		if c.id != "" {
			r.Header.Set("Webhook-AuthID", c.id)
		}
		if c.code != "" {
			r.Header.Set("Webhook-ValidationCode", c.code)
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		if answer.Code != c.status || woken.Load()-before != c.wakes {
			t.Errorf("%s: status %d, woken %d; want %d, %d", name, answer.Code, woken.Load()-before, c.status, c.wakes)
		}
	}
	if h := Spec().Source.Webhook(NewConfig(), w.env, func() {}); h != nil {
		t.Error("a handler without a configured webhook")
	}
}

// TestWebhookEndToEnd lets the simulated service validate the webhook, announce content and be refused after a change
// of the secret.
func TestWebhookEndToEnd(t *testing.T) {
	t.Parallel()
	var handler atomic.Pointer[http.Handler]
	server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		(*handler.Load()).ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	caller := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	t.Cleanup(caller.CloseIdleConnections)
	w := newWorldWith(t, caller, func(s *m365sim.Scenario) {
		s.Content.EventsPerMinute = 5
		s.Tenants[0].Subscriptions = map[string]string{"any": "none"}
	})
	w.cfg.Webhook.Address = server.URL + "/hook"
	var woken atomic.Int32
	h := Spec().Source.Webhook(w.cfg, w.env, func() { woken.Add(1) })
	handler.Store(&h)

	l := w.begin()
	l.poll()
	if len(l.errs) > 0 {
		t.Fatalf("errors %v", l.errs)
	}
	w.sim.Clock().Advance(30 * time.Minute)
	w.sim.Notify(t.Context())
	if woken.Load() == 0 {
		t.Error("announcements woke nobody")
	}

	// The secret is rotated: what Microsoft still sends is refused until the subscriptions are renewed.
	w.env.Credential.Secret = func(context.Context) (secret.Text, error) { return secret.New("rotated"), nil }
	h = Spec().Source.Webhook(w.cfg, w.env, func() { woken.Add(1) })
	handler.Store(&h)
	before := woken.Load()
	w.sim.Clock().Advance(10 * time.Minute)
	w.sim.Notify(t.Context())
	if woken.Load() != before {
		t.Error("announcements with the old ID were believed")
	}
}

// TestARefusedWebhookDoesNotStopCollecting: the service can't reach the address.
func TestARefusedWebhookDoesNotStopCollecting(t *testing.T) {
	t.Parallel()
	closed := httptest.NewTLSServer(http.NotFoundHandler())
	closed.Close()
	w := newWorldWith(t, closed.Client(), func(s *m365sim.Scenario) { s.Tenants[0].Subscriptions = map[string]string{"any": "none"} })
	w.cfg.Webhook.Address = closed.URL
	e, err := w.open().Enumerate(t.Context(), nil)
	if err != nil || len(e.Failed) > 0 || len(e.Listed) == 0 {
		t.Errorf("%v, failed %v; want the listing to go on without announcements", err, e.Failed)
	}
}

func TestAuthIDIsDerivedFromTheSecret(t *testing.T) {
	t.Parallel()
	id := func(address, key string) string {
		env := connector.Env{Credential: &connector.Credential{Secret: func(context.Context) (secret.Text, error) { return secret.New(key), nil }}}
		got, err := (Webhook{Address: address}).authID(t.Context(), env)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	a := id("https://a", "k")
	if a != id("https://a", "k") || a == id("https://b", "k") || a == id("https://a", "k2") || len(a) < 32 || strings.Contains(a, "k2") {
		t.Errorf("the ID %q must hang on address and secret alone", a)
	}
}
