package m365sim

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestEveryFaultShowsAsItShould(t *testing.T) {
	t.Parallel()
	cases := map[string]func(answer) bool{
		"af50000":       func(a answer) bool { return a.status == 500 && a.code() == "AF50000" },
		"af50005":       func(a answer) bool { return a.status == 500 && a.code() == "AF50005" },
		"af50006":       func(a answer) bool { return a.status == 500 && a.code() == "AF50006" },
		"single-quotes": func(a answer) bool { return a.status == 500 && strings.Contains(string(a.body), `'code':'AF50000'`) },
		"502":           func(a answer) bool { return a.status == 502 && strings.Contains(string(a.body), "<html>") },
		"503":           func(a answer) bool { return a.status == 503 && strings.Contains(string(a.body), "<html>") },
		"504":           func(a answer) bool { return a.status == 504 && len(a.body) == 0 },
		"html":          func(a answer) bool { return a.status == 200 && strings.Contains(string(a.body), "<html>") },
		"throttle":      func(a answer) bool { return a.status == 403 && a.code() == "AF429" },
		"unauthorized": func(a answer) bool {
			return a.status == 401 && a.code() == "" && strings.Contains(string(a.body), "denied")
		},
		"no-permission": func(a answer) bool { return a.status == 401 && a.code() == "AF10001" },
		"no-tenant":     func(a answer) bool { return a.status == 400 && a.code() == "AF20011" },
		"audit-off": func(a answer) bool {
			return a.status == 400 && strings.Contains(string(a.body), "DataServiceException")
		},
		"disabled":   func(a answer) bool { return a.status == 400 && a.code() == "AF20023" },
		"reset":      func(a answer) bool { return a.err != nil },
		"truncate":   func(a answer) bool { return a.err != nil && a.status == 200 && len(a.body) > 0 },
		"cut":        func(a answer) bool { return a.err == nil && a.status == 200 && !json.Valid(a.body) },
		"slow":       func(a answer) bool { return a.err == nil && a.status == 200 && json.Valid(a.body) },
		"delay":      func(a answer) bool { return a.err == nil && a.status == 200 && json.Valid(a.body) },
		"not-found":  func(a answer) bool { return a.status == 404 && a.code() == "AF20050" },
		"expired":    func(a answer) bool { return a.code() == "AF20051" },
		"invalid-id": func(a answer) bool { return a.status == 400 && a.code() == "AF20052" },
		"stale-page": func(a answer) bool { return a.status == 400 && a.code() == "AF20031" },
	}
	for _, http2 := range []bool{true, false} {
		sim := open(t, func(s *Scenario) { s.HTTP2 = http2 })
		c := newClient(t, sim, "")
		item := c.listAll("Audit.Exchange", noon.Add(-day), noon)[0]
		for kind, check := range cases {
			fault := Fault{On: OpBlob, Do: kind, First: 1, Delay: Duration(2 * time.Millisecond)}
			ask := func() answer { return c.do("GET", item.ContentURI, nil, nil) }
			if kind == "stale-page" {
				fault.On, ask = OpList, func() answer { return c.list("Audit.Exchange", noon.Add(-day), noon) }
			}
			if err := sim.SetFaults(fault); err != nil {
				t.Fatal(err)
			}
			c.http.CloseIdleConnections() // on a connection of earlier requests, Go's client hides a reset by a second try
			if got := ask(); !check(got) {
				t.Errorf("%s (HTTP/2 %v): %d %.200s %v", kind, http2, got.status, got.body, got.err)
			} else if kind == "reset" && !http2 && !errors.Is(got.err, syscall.ECONNRESET) {
				t.Errorf("reset over HTTP/1.1 gives %v", got.err)
			}
			if got := ask(); got.status != 200 || got.err != nil || !json.Valid(got.body) {
				t.Errorf("after %s: %d %v", kind, got.status, got.err)
			}
		}
		for kind := range faultKinds {
			if cases[kind] == nil && !slices.Contains([]string{"aadsts", "bad-content-uri", "foreign-next"}, kind) {
				t.Errorf("no case for %s", kind)
			}
		}
	}
}

func TestFaultsOfListings(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Content.RecordsPerBlob, s.Paging.Size = Exactly(2), 10
		s.Faults = []Fault{{On: OpList, Do: "bad-content-uri", Share: 0.5}}
	})
	c := newClient(t, sim, "")
	bad := 0
	items := c.listAll("Audit.Exchange", noon.Add(-day), noon)
	for _, item := range items {
		if strings.HasPrefix(item.ContentURI, sim.URL()+"/api/") {
			continue
		}
		bad++
		if got := c.feed("GET", "audit/"+item.ContentID, nil); got.status != 200 {
			t.Errorf("a rebuilt address meets %d %s", got.status, got.body)
		}
	}
	if share := float64(bad) / float64(len(items)); share < 0.3 || share > 0.7 {
		t.Errorf("%d of %d addresses are bad, want about half", bad, len(items))
	}
	if err := sim.SetFaults(Fault{On: OpList, Do: "foreign-next", Nth: 1}); err != nil {
		t.Fatal(err)
	}
	if next := c.list("Audit.Exchange", noon.Add(-day), noon).next(); strings.HasPrefix(next, sim.URL()) || !strings.HasPrefix(next, "https://") {
		t.Errorf("next page %s", next)
	}
	if next := c.list("Audit.Exchange", noon.Add(-day), noon).next(); !strings.HasPrefix(next, sim.URL()) {
		t.Errorf("second next page %s", next)
	}
}

func TestFaultsChooseAlikeEachTime(t *testing.T) {
	t.Parallel()
	var seen [2][]int
	for i := range seen {
		sim := open(t, func(s *Scenario) { s.Content.RecordsPerBlob = Exactly(3) })
		c := newClient(t, sim, "")
		items := c.listAll("Audit.Exchange", noon.Add(-3*day), noon)
		if err := sim.SetFaults(Fault{On: OpBlob, Do: "af50000", Probability: 0.4}, Fault{On: OpBlob, Do: "503", Every: 7}); err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			for range 2 {
				seen[i] = append(seen[i], c.do("GET", item.ContentURI, nil, nil).status)
			}
		}
	}
	if !slices.Equal(seen[0], seen[1]) {
		t.Error("the same seed gave other faults")
	}
	counts := map[int]int{}
	for _, status := range seen[0] {
		counts[status]++
	}
	if n := len(seen[0]); counts[500] < n/4 || counts[500] > n*11/20 || counts[503] == 0 || counts[200] == 0 {
		t.Errorf("of %d answers: %v", len(seen[0]), counts)
	}
}

func TestFaultsHaveTimesAndPlaces(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Tenants = []Tenant{{Name: "one"}, {Name: "two"}}
		s.Faults = []Fault{
			{On: OpList, Tenant: "one", ContentType: "DLP.All", Do: "503", From: Duration(time.Minute), Until: Duration(time.Hour)},
			{On: OpList, Tenant: "two", Do: "502", Times: 2},
		}
	})
	one, two := newClient(t, sim, "one"), newClient(t, sim, "two")
	status := func(c *client, contentType string) int {
		return c.list(contentType, noon.Add(-time.Hour), noon).status
	}
	if got := status(one, "DLP.All"); got != 200 {
		t.Errorf("before its time: %d", got)
	}
	sim.Clock().Advance(time.Minute)
	if a, b := status(one, "DLP.All"), status(one, "Audit.General"); a != 503 || b != 200 {
		t.Errorf("in its time: %d for its type, %d for another", a, b)
	}
	if got := []int{status(two, "DLP.All"), status(two, "Audit.General"), status(two, "DLP.All")}; !slices.Equal(got, []int{502, 502, 200}) {
		t.Errorf("twice: %v", got)
	}
	sim.Clock().Advance(time.Hour - time.Minute)
	one.signIn()
	if got := status(one, "DLP.All"); got != 200 {
		t.Errorf("after its time: %d", got)
	}
}

func TestWhatCanNeverBeHadIsNotDue(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Content.RecordsPerBlob = Exactly(10)
		s.Faults = []Fault{{On: OpBlob, Do: "not-found", Share: 0.1}}
	})
	c := newClient(t, sim, "")
	got, lost := map[string]bool{}, 0
	for _, contentType := range ContentTypes {
		for _, item := range c.listAll(contentType, noon.Add(-3*day), noon) {
			blob := c.do("GET", item.ContentURI, nil, nil)
			if blob.status == 404 {
				lost++
				continue
			}
			for _, raw := range c.fetch(item) {
				got[idOf(raw)] = true
			}
		}
	}
	ledger, _ := sim.Ledger("")
	d, err := ledger.Compare(maps.Keys(got), Comparison{})
	if err != nil || !d.Perfect() || lost == 0 || d.Due != 600-10*lost {
		t.Errorf("%d blobs lost, %v, %v", lost, d, err)
	}
	named := 0
	for _, b := range ledger.Blobs() {
		named += one(b.Never == "not-found")
	}
	if named != lost {
		t.Errorf("the ledger names %d blobs, %d were lost", named, lost)
	}
}

func TestBadFaultsAreRefused(t *testing.T) {
	t.Parallel()
	sim := open(t, nil)
	err := sim.SetFaults(Fault{On: "everything", Do: "explode"}, Fault{On: OpList, Do: "expired"}, Fault{On: OpToken, Do: "aadsts", Code: 1},
		Fault{On: OpBlob, Do: "slow"}, Fault{On: OpBlob, Do: "503", Probability: 3})
	var report *ScenarioError
	if !errors.As(err, &report) || len(report.Problems) != 6 {
		t.Errorf("got %v", err)
	}
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Tenants = []Tenant{{Name: "one"}, {Name: "two"}}
		s.Limits = Limits{RequestsPerMinute: 60, ZeroPublisherPerMinute: 6, Status: 429, RetryAfter: Duration(2500 * time.Millisecond)}
	})
	one, two := newClient(t, sim, "one"), newClient(t, sim, "two")
	list := func(c *client) answer { return c.feed("GET", "subscriptions/list", nil) }
	for i := range 10 {
		if got := list(one); got.status != 200 {
			t.Fatalf("request %d of ten seconds' worth: %d %s", i+1, got.status, got.body)
		}
	}
	got := list(one)
	want := "Too many requests. Method=ListSubscriptions, PublisherId=" + one.tenant.ID
	if got.status != 429 || got.code() != "AF429" || !strings.Contains(string(got.body), want) || got.header.Get("Retry-After") != "3" {
		t.Errorf("over the quota: %d %s %v", got.status, got.body, got.header)
	}
	if got := list(two); got.status != 200 {
		t.Errorf("another tenant's quota is its own: %d", got.status)
	}
	sim.Clock().Advance(time.Second)
	if a, b := list(one).status, list(one).status; a != 200 || b != 429 {
		t.Errorf("after a second: %d and %d, want one more request", a, b)
	}
	if requests, err := sim.Requests("one"); err != nil || requests.Refused != 2 || requests.Outcome["subscriptions 429 AF429"] != 2 ||
		requests.Operation[OpSubscriptions] != 13 {
		t.Errorf("counts %+v", requests)
	}
	sim.Clock().Advance(time.Minute)
	bare := func(c *client) int {
		return c.do("GET", sim.ManagementURL()+"/api/v1.0/"+c.tenant.ID+"/activity/feed/subscriptions/list", nil, nil).status
	}
	if a, b := bare(one), bare(two); a != 200 || b != 429 {
		t.Errorf("without a publisher all tenants share one quota: %d and %d", a, b)
	}
}

func TestErrorStatusCanBeSet(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.ErrorStatus = map[string]int{"AF20050": 400}
		s.Lenient.TenantFromToken = true
	})
	c := newClient(t, sim, "")
	got := c.feed("GET", "audit/20261119100000000123456$20261119100100000123456$audit_exchange$Audit_Exchange", nil)
	if got.status != 400 || got.code() != "AF20050" {
		t.Errorf("%d %s", got.status, got.body)
	}
	address := sim.ManagementURL() + "/api/v1.0/" + c.tenant.ClientID + "/activity/feed/subscriptions/list"
	if got := c.do("GET", address, nil, nil); got.status != 200 {
		t.Errorf("a lenient tenant takes any GUID in the URL: %d %s", got.status, got.body)
	}
}
