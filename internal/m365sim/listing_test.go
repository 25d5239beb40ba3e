package m365sim

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWindowRules(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) { s.Content.Events = 50 })
	c := newClient(t, sim, "")
	const form = "2006-01-02T15:04:05"
	ago := func(d time.Duration) string { return noon.Add(-d).Format(form) }
	cases := map[string]struct{ start, end, code string }{
		"neither is the last day":               {},
		"a start alone":                         {start: ago(time.Hour), code: "AF20030"},
		"an end alone":                          {end: ago(time.Hour), code: "AF20030"},
		"a day":                                 {start: ago(day), end: ago(0)},
		"more than a day":                       {start: ago(day + time.Second), end: ago(0), code: "AF20055"},
		"an end before the start":               {start: ago(time.Hour), end: ago(2 * time.Hour), code: "AF20055"},
		"an end equal to the start":             {start: ago(time.Hour), end: ago(time.Hour), code: "AF20055"},
		"seven days back":                       {start: ago(7 * day), end: ago(6 * day)},
		"seven days and an hour back":           {start: ago(7*day + time.Hour), end: ago(7 * day)},
		"seven days and more than an hour back": {start: ago(7*day + time.Hour + time.Second), end: ago(7 * day), code: "AF20055"},
		"an end in the future":                  {start: ago(time.Hour), end: noon.Add(20 * time.Hour).Format(form)},
		"dates alone":                           {start: "2026-11-19", end: "2026-11-20"},
		"minutes":                               {start: "2026-11-19T10:00", end: "2026-11-19T11:00"},
		"minutes with Z":                        {start: "2026-11-19T10:00Z", end: "2026-11-19T11:00Z"},
		"seconds with Z":                        {start: "2026-11-19T10:00:00Z", end: "2026-11-19T11:00:00Z"},
		"milliseconds with Z":                   {start: "2026-11-19T10:00:00.123Z", end: "2026-11-19T11:00:00.9Z"},
		"an offset of zero":                     {start: "2026-11-19T10:00:00.123456+00:00", end: "2026-11-19T11:00:00+00:00"},
		"another offset":                        {start: "2026-11-19T10:00:00+01:00", end: "2026-11-19T11:00:00+01:00", code: "AF20002"},
		"a plus that became a blank":            {start: "2026-11-19T10:00:00 00:00", end: "2026-11-19T11:00:00", code: "AF20002"},
		"a month of 13":                         {start: "2026-13-01", end: "2026-13-02", code: "AF20002"},
		"seconds since 1970":                    {start: "1700000000", end: "1700000001", code: "AF20002"},
	}
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := *c
			c.t = t
			query := url.Values{"contentType": {"Audit.Exchange"}}
			if x.start != "" {
				query.Set("startTime", x.start)
			}
			if x.end != "" {
				query.Set("endTime", x.end)
			}
			got := c.feed("GET", "subscriptions/content", query)
			if got.code() != x.code || (x.code == "") != (got.status == 200) || x.code != "" && got.status != 400 {
				t.Errorf("got %d %s, want code %q", got.status, got.body, x.code)
			}
			if x.code == "AF20055" && !strings.Contains(string(got.body), "StartTime:2026-11-") {
				t.Errorf("AF20055 doesn't name the times: %s", got.body)
			}
		})
	}
}

func TestQueryRules(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) { s.Content.Events = 50 })
	c := newClient(t, sim, "")
	other := "0a0a0a0a-1111-4222-8333-444444444444"
	root := sim.ManagementURL() + "/api/v1.0/"
	cases := map[string]struct {
		method, address string
		status          int
		code            string
	}{
		"no content type":         {"GET", c.tenant.ID + "/activity/feed/subscriptions/content", 400, "AF20001"},
		"an unknown content type": {"GET", c.tenant.ID + "/activity/feed/subscriptions/content?contentType=Audit.Skype", 400, "AF20020"},
		"names in any case":       {"GET", c.tenant.ID + "/activity/feed/subscriptions/content?CONTENTTYPE=dlp.all&publisheridentifier=" + other, 200, ""},
		"a publisher, no GUID":    {"GET", c.tenant.ID + "/activity/feed/subscriptions/list?PublisherIdentifier=me", 400, "AF20002"},
		"another tenant":          {"GET", other + "/activity/feed/subscriptions/list", 400, "AF20010"},
		"a tenant, no GUID":       {"GET", "contoso.onmicrosoft.com/activity/feed/subscriptions/list", 400, "AF20013"},
		"POST to a GET":           {"POST", c.tenant.ID + "/activity/feed/subscriptions/list", 405, ""},
		"GET to a POST":           {"GET", c.tenant.ID + "/activity/feed/subscriptions/start?contentType=DLP.All", 405, ""},
		"no such operation":       {"GET", c.tenant.ID + "/activity/feed/subscriptions/restart", 404, ""},
		"no such blob": {"GET", c.tenant.ID + "/activity/feed/audit/20261119100000000123456$20261119100100000123456$audit_exchange$Audit_Exchange$na0001",
			404, "AF20050"},
		"no content ID": {"GET", c.tenant.ID + "/activity/feed/audit/rubbish", 400, "AF20052"},
		"an unknown page": {"GET", c.tenant.ID + "/activity/feed/subscriptions/content?contentType=DLP.All&nextPage=2026111910R123456789012",
			400, "AF20031"},
	}
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := *c
			c.t = t
			got := c.do(x.method, root+x.address, nil, nil)
			if got.status != x.status || got.code() != x.code {
				t.Errorf("got %d %s, want %d %s", got.status, got.body, x.status, x.code)
			}
		})
	}
}

func TestPermissionsAreByContentType(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Content.Events = 50
		s.Tenants = []Tenant{{Name: "contoso", Apps: []App{
			{Name: "read", Roles: []string{"ActivityFeed.Read"}}, {Name: "dlp", Roles: []string{"ActivityFeed.ReadDlp"}}, {Name: "none"},
		}}}
	})
	want := map[string]map[string]int{
		"read": {"Audit.Exchange": 200, "DLP.All": 401}, "dlp": {"Audit.Exchange": 401, "DLP.All": 200},
		"none": {"Audit.Exchange": 401, "DLP.All": 401},
	}
	for _, app := range sim.Tenants()[0].Apps {
		c := newClient(t, sim, "")
		c.tenant.ClientID, c.tenant.ClientSecret = app.ClientID, app.Secrets[0].Value
		c.signIn()
		for contentType, status := range want[app.Name] {
			got := c.list(contentType, noon.Add(-time.Hour), noon)
			if got.status != status || status == 401 && got.code() != "AF10001" {
				t.Errorf("%s lists %s: %d %s, want %d", app.Name, contentType, got.status, got.body, status)
			}
			if app.Name == "none" && !strings.Contains(string(got.body), "permission set () sent") {
				t.Errorf("without roles: %s", got.body)
			}
		}
	}
}

func TestPagesAddUp(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Scenario){
		"as documented":  func(*Scenario) {},
		"odd":            func(s *Scenario) { s.Paging.Header, s.Paging.Path, s.Paging.LowerCaseTimes = "mixed", "v1", true },
		"empty pages":    func(s *Scenario) { s.Paging.EmptyShare = 0.6 },
		"shuffled":       func(s *Scenario) { s.Paging.Shuffle = true },
		"without HTTP/2": func(s *Scenario) { s.HTTP2, s.Paging.Header = false, "NEXTPAGEURI" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := open(t, func(s *Scenario) {
				s.Content.Events, s.Content.RecordsPerBlob, s.Paging.Size = 400, Exactly(2), 7
				change(s)
			})
			c := newClient(t, sim, "")
			first := c.list("Audit.Exchange", noon.Add(-day), noon)
			next := first.next()
			if next == "" || strings.Contains(next, "PublisherIdentifier") || !strings.HasPrefix(next, sim.ManagementURL()+"/api/v1") {
				t.Errorf("next page %q", next)
			}
			if d := c.harvest(nil).want(t, sim, "", Comparison{}); d.Due != 400 {
				t.Errorf("due %d, want 400", d.Due)
			}
			items := c.listAll("Audit.Exchange", noon.Add(-day), noon)
			var ids []string
			for _, item := range items {
				ids = append(ids, item.ContentID)
			}
			slices.Sort(ids)
			if len(slices.Compact(ids)) != len(items) {
				t.Error("a blob was listed twice")
			}
		})
	}
}

func TestPagesGoStale(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Content.Events, s.Content.RecordsPerBlob, s.Paging.Size = 400, Exactly(2), 7
		s.TokenLifetime = Duration(10 * day)
		s.Paging.TokenLifetime = Duration(2 * day)
	})
	c := newClient(t, sim, "")
	next := c.list("Audit.Exchange", noon.Add(-day), noon).next()
	other := strings.Replace(next, "Audit.Exchange", "Audit.General", 1)
	if got := c.do("GET", other, nil, nil); got.code() != "AF20031" {
		t.Errorf("a page of another type: %d %s", got.status, got.body)
	}
	sim.Clock().Advance(2*day + time.Second)
	if got := c.do("GET", next, nil, nil); got.code() != "AF20031" {
		t.Errorf("a stale page: %d %s", got.status, got.body)
	}
	sim.Clock().Advance(5 * day)
	if got := c.do("GET", next, nil, nil); got.code() != "AF20055" {
		t.Errorf("a page whose window aged out: %d %s", got.status, got.body)
	}
}

func TestItemsLookReal(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) { s.Content.Events = 200 })
	c := newClient(t, sim, "")
	got := c.list("Audit.SharePoint", noon.Add(-day), noon)
	if got.header.Get("Server") == "" || got.header.Get("Expires") != "-1" || got.header.Get("Date") != noon.Format(http.TimeFormat) {
		t.Errorf("headers %v", got.header)
	}
	for _, item := range got.items() {
		if !plausibleContentID(item.ContentID) || !strings.HasSuffix(item.ContentURI, "/activity/feed/audit/"+item.ContentID) {
			t.Errorf("item %+v", item)
		}
		created, err := time.Parse("2006-01-02T15:04:05.000Z", item.ContentCreated)
		if err != nil {
			t.Fatal(err)
		}
		second := strings.Split(item.ContentID, "$")[1]
		if !strings.HasPrefix(second, strings.Replace(created.Format("20060102150405.000"), ".", "", 1)) {
			t.Errorf("the second stamp of %s is not its contentCreated %s", item.ContentID, item.ContentCreated)
		}
		if expires, _ := time.Parse(time.RFC3339, item.ContentExpiration); expires.Sub(created) != 7*day {
			t.Errorf("expires %s, created %s", item.ContentExpiration, item.ContentCreated)
		}
		escaped := strings.ReplaceAll(item.ContentURI, "$", "%24")
		if got := c.do("GET", escaped, nil, nil); got.status != 200 {
			t.Errorf("%s: %d", escaped, got.status)
		}
	}
}

func TestSkewShowsInTheDateHeader(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) { s.Content.Events, s.Skew = 10, Duration(20*time.Minute) })
	c := newClient(t, sim, "")
	got := c.list("Audit.Exchange", noon.Add(-7*day-50*time.Minute), noon.Add(-6*day-time.Hour))
	if date := got.header.Get("Date"); date != noon.Add(20*time.Minute).Format(http.TimeFormat) {
		t.Errorf("Date %s", date)
	}
	if got.code() != "AF20055" {
		t.Errorf("the service's clock, not the client's, sets the edge: %d %s", got.status, got.body)
	}
}

func TestDLPTypesAndLanguages(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) { s.Content.Events = 0 })
	c := newClient(t, sim, "")
	for language, code := range map[string]string{"": "", "de": "", "en-US": "", "de, en": "AF20053", "x": "AF20054", "de_DE": "AF20054", "de--": "AF20054"} {
		header := map[string]string{}
		if language != "" {
			header["Accept-Language"] = language
		}
		got := c.do("GET", fmt.Sprintf("%s/api/v1.0/%s/activity/feed/resources/dlpSensitiveTypes", sim.ManagementURL(), c.tenant.ID), nil, header)
		if got.code() != code || code == "" && !strings.Contains(string(got.body), `"CreditCardNumber"`) {
			t.Errorf("%q: %d %s, want %q", language, got.status, got.body, code)
		}
	}
}
