package m365sim

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func typed(contentType string) url.Values { return url.Values{"contentType": {contentType}} }

func TestSubscriptionsStartAndStop(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Tenants[0].Subscriptions = map[string]string{opAny: "none", "Audit.General": "disabled"}
		s.TokenLifetime = Duration(3 * day)
		s.Content.EventsPerMinute, s.Content.Types = 600, map[string]float64{"Audit.Exchange": 1}
		s.Subscriptions.FirstContent = Duration(12 * time.Hour)
	})
	c := newClient(t, sim, "")
	steps := []struct {
		what         string
		wait         time.Duration
		method, path string
		contentType  string
		status       int
		code         string
	}{
		{"list before a start", 0, "GET", "content", "Audit.Exchange", 400, "AF20022"},
		{"list what an administrator disabled", 0, "GET", "content", "Audit.General", 400, "AF20023"},
		{"stop what was never started", 0, "POST", "stop", "Audit.Exchange", 400, "AF20022"},
		{"start", 0, "POST", "start", "Audit.Exchange", 200, ""},
		{"start again", 0, "POST", "start", "audit.exchange", 400, "AF20024"},
		{"list at once", 0, "GET", "content", "Audit.Exchange", 200, ""},
		{"stop", 0, "POST", "stop", "Audit.Exchange", 200, ""},
		{"list after a stop", 0, "GET", "content", "Audit.Exchange", 400, "AF20022"},
		{"start within 15 minutes", 14 * time.Minute, "POST", "start", "Audit.Exchange", 403, "AF429"},
		{"start after 15 minutes", time.Minute, "POST", "start", "Audit.Exchange", 200, ""},
		{"start what was disabled", 0, "POST", "start", "Audit.General", 200, ""},
	}
	for _, step := range steps {
		sim.Clock().Advance(step.wait)
		got := c.feed(step.method, "subscriptions/"+step.path, typed(step.contentType))
		if got.status != step.status || got.code() != step.code {
			t.Errorf("%s: %d %s, want %d %s", step.what, got.status, got.body, step.status, step.code)
		}
	}
	list := string(c.feed("GET", "subscriptions/list", nil).body)
	if list != `[{"contentType":"Audit.Exchange","status":"enabled","webhook":null},{"contentType":"Audit.General","status":"enabled","webhook":null}]` {
		t.Errorf("list %s", list)
	}
	if items := c.listAll("Audit.Exchange", noon.Add(-day), noon.Add(time.Minute)); len(items) != 0 {
		t.Errorf("content of before the start is listed: %v", items[0])
	}
	sim.Clock().Advance(time.Hour)
	during := c.listAll("Audit.Exchange", noon, noon.Add(2*time.Hour))
	for _, item := range during {
		if item.ContentCreated < stamp(noon.Add(15*time.Minute).UnixMilli()) {
			t.Errorf("content made while the subscription was stopped is listed: %s", item.ContentCreated)
		}
	}
	if len(during) == 0 {
		t.Error("nothing is listed an hour after the second start")
	}
}

func TestFirstContentWaits(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Tenants[0].Subscriptions = map[string]string{opAny: "none"}
		s.TokenLifetime = Duration(3 * day)
		s.Content.EventsPerMinute = 600
		s.Subscriptions.FirstContent = Duration(12 * time.Hour)
	})
	c := newClient(t, sim, "")
	c.feed("POST", "subscriptions/start", typed("Audit.Exchange"))
	sim.Clock().Advance(12*time.Hour - time.Second)
	if items := c.listAll("Audit.Exchange", noon, noon.Add(day)); len(items) != 0 {
		t.Errorf("%d blobs before the twelve hours are over", len(items))
	}
	sim.Clock().Advance(time.Second)
	if items := c.listAll("Audit.Exchange", noon, noon.Add(day)); len(items) == 0 {
		t.Error("no blobs after twelve hours")
	}
}

func TestHistoryBeforeStartIsALeniency(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Tenants[0].Subscriptions = map[string]string{opAny: "none"}
		s.Lenient.HistoryBeforeStart = true
	})
	c := newClient(t, sim, "")
	for _, contentType := range ContentTypes {
		c.feed("POST", "subscriptions/start", typed(contentType))
	}
	if d := c.harvest(nil).want(t, sim, "", Comparison{}); d.Due != 600 {
		t.Errorf("due %d, want 600", d.Due)
	}
}

func TestSubscriptionsBelongToTheirApp(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		roles := []string{"ActivityFeed.Read"}
		s.Tenants[0].Apps = []App{{Name: "one", Roles: roles}, {Name: "two", Roles: roles}}
	})
	one := newClient(t, sim, "")
	two := newClient(t, sim, "")
	two.tenant.ClientID, two.tenant.ClientSecret = one.tenant.Apps[1].ClientID, one.tenant.Apps[1].Secrets[0].Value
	two.signIn()
	one.feed("POST", "subscriptions/stop", typed("Audit.Exchange"))
	if got := one.list("Audit.Exchange", noon.Add(-time.Hour), noon); got.code() != "AF20022" {
		t.Errorf("one stopped its own: %d %s", got.status, got.body)
	}
	if got := two.list("Audit.Exchange", noon.Add(-time.Hour), noon); got.status != 200 {
		t.Errorf("two's goes on: %d %s", got.status, got.body)
	}
}

func TestAuditLogOff(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Tenants[0].AuditLog = "off"
		s.Tenants[0].Subscriptions = map[string]string{opAny: "none"}
	})
	c := newClient(t, sim, "")
	got := c.feed("POST", "subscriptions/start", typed("Audit.General"))
	text := string(got.body)
	if got.status != 400 || !strings.Contains(text, "DataServiceException: Tenant "+c.tenant.ID+" does not exist.") ||
		!strings.HasPrefix(text, `{"error":{"code":"StartSubscription [CorrId=`) {
		t.Errorf("start: %d %s", got.status, text)
	}
	if message := got.object()["error"].(map[string]any)["message"]; !strings.Contains(message.(string), "\r\n   at Microsoft.Office") {
		t.Errorf("no stack trace in %v", message)
	}
	if err := sim.SetAuditLog("contoso", true); err != nil {
		t.Fatal(err)
	}
	if got := c.feed("POST", "subscriptions/start", typed("Audit.General")); got.status != 200 {
		t.Errorf("start with the log on: %d %s", got.status, got.body)
	}
}

func TestAnAdministratorCanDisable(t *testing.T) {
	t.Parallel()
	sim := open(t, nil)
	c := newClient(t, sim, "")
	if err := sim.DisableSubscription("", "", "Audit.SharePoint"); err != nil {
		t.Fatal(err)
	}
	if got := c.list("Audit.SharePoint", noon.Add(-time.Hour), noon); got.code() != "AF20023" {
		t.Errorf("list: %d %s", got.status, got.body)
	}
	if got := c.feed("POST", "subscriptions/start", typed("Audit.SharePoint")); got.status != 200 {
		t.Errorf("start: %d %s", got.status, got.body)
	}
	if got := c.list("Audit.SharePoint", noon.Add(-time.Hour), noon); got.status != 200 {
		t.Errorf("list after the start: %d %s", got.status, got.body)
	}
}
