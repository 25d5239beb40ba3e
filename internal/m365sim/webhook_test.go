package m365sim

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// A receiver is somebody's webhook endpoint.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []*http.Request
	bodies [][]byte
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: 200}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got, r.bodies = append(r.got, request), append(r.bodies, body)
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

// hooked opens a simulator that trusts the receiver but makes its calls only when told to, by Notify.
func hooked(t *testing.T, r *receiver, change func(*Scenario)) (*Simulator, *client) {
	t.Helper()
	scenario := DefaultScenario()
	scenario.Start, scenario.Clock, scenario.Limits = noon, "standing", Limits{Status: 403}
	scenario.TokenLifetime = Duration(30 * day)
	scenario.Content.Events, scenario.Content.EventsPerMinute, scenario.Content.Types = 0, 60, map[string]float64{"Audit.Exchange": 1}
	scenario.Subscriptions.StartGap = 0
	if change != nil {
		change(&scenario)
	}
	sim, err := Open(Options{Scenario: &scenario, Webhooks: r.Client()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(sim.Handler())
	t.Cleanup(server.Close)
	c := &client{t: t, sim: sim, http: server.Client(), tenant: sim.Tenants()[0]}
	tenant := sim.tenants[0]
	if c.token, _, err = sim.issue(tenant, tenant.Apps[0], "https://manage.office.com", tenant.Apps[0].Roles, "1"); err != nil {
		t.Fatal(err)
	}
	c.http.Transport = rewrite{server.URL, c.http.Transport}
	return sim, c
}

// rewrite sends requests to the in-process handler.
type rewrite struct {
	to   string
	next http.RoundTripper
}

func (r rewrite) RoundTrip(request *http.Request) (*http.Response, error) {
	target, err := url.Parse(r.to)
	if err != nil {
		return nil, err
	}
	request.URL.Scheme, request.URL.Host = target.Scheme, target.Host
	return r.next.RoundTrip(request)
}

func (c *client) start(contentType, webhook string) answer {
	c.t.Helper()
	address := "/api/v1.0/" + c.tenant.ID + "/activity/feed/subscriptions/start?contentType=" + contentType + "&PublisherIdentifier=" + c.tenant.ID
	return c.do("POST", address, strings.NewReader(webhook), map[string]string{"Content-Type": "application/json"})
}

func TestWebhooksAreValidatedAndCalled(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	sim, c := hooked(t, r, nil)
	hook := `{"webhook":{"address":"` + r.URL + `/hook","authId":"secret-1","expiration":""}}`
	r.answer(500)
	if got := c.start("Audit.Exchange", hook); got.code() != "AF20021" {
		t.Errorf("a webhook that answers 500: %d %s", got.status, got.body)
	}
	if list := string(c.feed("GET", "subscriptions/list", nil).body); !strings.Contains(list, `"Audit.Exchange","status":"enabled","webhook":null`) {
		t.Errorf("a refused webhook changed the subscription: %s", list)
	}
	r.answer(200)
	got := c.start("Audit.Exchange", hook)
	if want := `"webhook":{"status":"enabled","address":"` + r.URL + `/hook","authId":"secret-1","expiration":null}`; !strings.Contains(string(got.body), want) {
		t.Errorf("start: %d %s", got.status, got.body)
	}
	validation := r.got[1]
	if code := validation.Header.Get("Webhook-ValidationCode"); code == "" || validation.Header.Get("Webhook-AuthID") != "secret-1" ||
		string(r.bodies[1]) != `{"validationCode":"`+code+`"}` {
		t.Errorf("validation %v %s", validation.Header, r.bodies[1])
	}
	if got := c.start("Audit.Exchange", hook); got.code() != "AF20024" {
		t.Errorf("the same again: %d %s", got.status, got.body)
	}
	sim.Clock().Advance(5 * time.Minute)
	sim.Notify(context.Background())
	var items []wireNotification
	if err := json.Unmarshal(r.bodies[len(r.bodies)-1], &items); err != nil || len(items) == 0 {
		t.Fatalf("%s %v", r.bodies[len(r.bodies)-1], err)
	}
	if n := items[0]; n.TenantID != c.tenant.ID || n.ClientID != c.tenant.ClientID || n.ContentType != "Audit.Exchange" || r.got[2].Header.Get("Webhook-AuthID") != "secret-1" {
		t.Errorf("notification %+v", n)
	}
	if got := c.do("GET", items[0].ContentURI, nil, nil); got.status != 200 {
		t.Errorf("the announced blob: %d %s", got.status, got.body)
	}
	history := c.feed("GET", "subscriptions/notifications", url.Values{
		"contentType": {"Audit.Exchange"}, "startTime": {"2026-11-20T12:00"}, "endTime": {"2026-11-20T13:00"},
	})
	if n := strings.Count(string(history.body), `"notificationStatus":"success"`); n != len(items) {
		t.Errorf("history has %d, %d were announced: %s", n, len(items), history.body)
	}
	before := r.count()
	sim.Notify(context.Background())
	if r.count() != before {
		t.Error("the same content was announced again")
	}
}

func TestWebhooksAreTriedAgainThenDisabled(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	sim, c := hooked(t, r, func(s *Scenario) {
		s.Webhooks.DisableAfter = 4
		s.Content.BlobEvery, s.Content.EventsPerMinute = Duration(200*time.Hour), 0.01
	})
	hook := `{"webhook":{"address":"` + r.URL + `"}}`
	if got := c.start("Audit.Exchange", hook); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	r.answer(503)
	sim.Clock().Advance(199 * time.Hour)
	var gaps []time.Duration
	last := time.Time{}
	for range 60 * 24 {
		before := r.count()
		sim.Notify(context.Background())
		if now := sim.now(); r.count() > before {
			if !last.IsZero() {
				gaps = append(gaps, now.Sub(last))
			}
			last = now
		}
		sim.Clock().Advance(time.Minute)
		if status := string(c.feed("GET", "subscriptions/list", nil).body); strings.Contains(status, `"webhook":{"status":"disabled"`) {
			break
		}
	}
	if len(gaps) != 3 || gaps[0] >= gaps[1] || gaps[1] >= gaps[2] {
		t.Errorf("gaps %v, want three that grow", gaps)
	}
	r.answer(200)
	if got := c.start("Audit.Exchange", hook); got.status != 200 || !strings.Contains(string(got.body), `"webhook":{"status":"enabled"`) {
		t.Errorf("a start enables a disabled webhook again: %d %s", got.status, got.body)
	}
}

func TestWebhooksExpire(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	sim, c := hooked(t, r, nil)
	if got := c.start("Audit.Exchange", `{"webhook":{"address":"`+r.URL+`","expiration":"2026-11-20T11:00:00Z"}}`); got.code() != "AF20003" {
		t.Errorf("a time in the past: %d %s", got.status, got.body)
	}
	if got := c.start("Audit.Exchange", `{"webhook":{"address":"`+r.URL+`","expiration":"2026-11-20T13:00:00Z"}}`); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	sim.Clock().Advance(time.Hour)
	before := r.count()
	sim.Notify(context.Background())
	if list := string(c.feed("GET", "subscriptions/list", nil).body); r.count() != before || !strings.Contains(list, `"webhook":{"status":"expired"`) {
		t.Errorf("%d calls, %s", r.count()-before, list)
	}
	if got := c.start("Audit.Exchange", ""); got.status != 200 || !strings.Contains(string(got.body), `"webhook":null`) {
		t.Errorf("a start without a body removes the webhook: %d %s", got.status, got.body)
	}
}

func TestWebhooksThatAreRefused(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	_, c := hooked(t, r, nil)
	for body, code := range map[string]string{
		`{"webhook":{"address":"http://127.0.0.1/"}}`:                                "AF20021",
		`{"webhook":{"address":"https://hooks.example.com/"}}`:                       "AF20021",
		`{"webhook":{"address":"https://127.0.0.1:1/"}}`:                             "AF20021",
		`{"webhook":{"address":""}}`:                                                 "AF20001",
		`{"webhook":{"address":"https://127.0.0.1:1/","expiration":"in two years"}}`: "AF20002",
		`not JSON`: "AF20002",
	} {
		if got := c.start("Audit.Exchange", body); got.code() != code {
			t.Errorf("%s: %d %s, want %s", body, got.status, got.body, code)
		}
	}
}
