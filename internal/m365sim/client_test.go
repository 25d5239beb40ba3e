package m365sim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// open starts a simulator on a standing clock; change adapts the default scenario.
func open(t *testing.T, change func(*Scenario)) *Simulator {
	t.Helper()
	scenario := DefaultScenario()
	scenario.Start, scenario.Clock = noon, "standing"
	scenario.Content.Events = 600
	scenario.Limits.RequestsPerMinute, scenario.Limits.ZeroPublisherPerMinute = 0, 0
	if change != nil {
		change(&scenario)
	}
	sim, err := Open(Options{Scenario: &scenario})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Listen(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if err := sim.ListenProxy(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return sim
}

// A client is a plain client of the feed, written for these tests alone.
type client struct {
	t      *testing.T
	sim    *Simulator
	http   *http.Client
	tenant TenantInfo
	token  string
}

func newClient(t *testing.T, sim *Simulator, tenant string) *client {
	t.Helper()
	if tenant == "" {
		tenant = sim.Tenants()[0].Name
	}
	info, err := sim.Tenant(tenant)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, sim: sim, http: sim.Client(), tenant: info}
	t.Cleanup(c.http.CloseIdleConnections)
	c.signIn()
	return c
}

func (c *client) form() url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.tenant.ClientID}, "client_secret": {c.tenant.ClientSecret},
		"scope": {"https://manage.office.com/.default"},
	}
}

func (c *client) signIn() {
	c.t.Helper()
	answer := c.post("/"+c.tenant.ID+"/oauth2/v2.0/token", c.form())
	if answer.status != 200 {
		c.t.Fatalf("sign in: %d %s", answer.status, answer.body)
	}
	c.token = answer.object()["access_token"].(string)
}

type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
	err    error
}

func (a answer) object() map[string]any {
	a.t.Helper()
	var object map[string]any
	if err := json.Unmarshal(a.body, &object); err != nil {
		a.t.Fatalf("%s: %v", a.body, err)
	}
	return object
}

// code is the AF code of an error answer.
func (a answer) code() string {
	var e struct {
		Error struct{ Code, Message string }
	}
	_ = json.Unmarshal(a.body, &e)
	return e.Error.Code
}

func (a answer) items() []wireContent {
	a.t.Helper()
	var items []wireContent
	if err := json.Unmarshal(a.body, &items); err != nil {
		a.t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return items
}

func (a answer) next() string {
	for name, values := range a.header {
		if strings.EqualFold(name, "NextPageUri") || strings.EqualFold(name, "NextPageUrl") {
			return values[0]
		}
	}
	return ""
}

func (c *client) post(path string, form url.Values) answer {
	return c.do(http.MethodPost, c.sim.URL()+path, strings.NewReader(form.Encode()), map[string]string{
		"Content-Type": "application/x-www-form-urlencoded",
	})
}

func (c *client) do(method, address string, body io.Reader, header map[string]string) answer {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, address, body)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{t: c.t, err: err}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return answer{c.t, response.StatusCode, response.Header, text, err}
}

// feed asks for something under the tenant's feed.
func (c *client) feed(method, path string, query url.Values) answer {
	c.t.Helper()
	query = maps.Clone(query)
	if query == nil {
		query = url.Values{}
	}
	if !query.Has("PublisherIdentifier") {
		query.Set("PublisherIdentifier", c.tenant.ID)
	}
	return c.do(method, c.sim.ManagementURL()+"/api/v1.0/"+c.tenant.ID+"/activity/feed/"+path+"?"+query.Encode(), nil, nil)
}

func (c *client) list(contentType string, start, end time.Time) answer {
	c.t.Helper()
	return c.feed("GET", "subscriptions/content", url.Values{
		"contentType": {contentType},
		"startTime":   {start.Format("2006-01-02T15:04:05.000Z")}, "endTime": {end.Format("2006-01-02T15:04:05.000Z")},
	})
}

// listAll lists a content type from start to end, day by day, page by page.
func (c *client) listAll(contentType string, start, end time.Time) []wireContent {
	c.t.Helper()
	var all []wireContent
	for from := start; from.Before(end); from = from.Add(day) {
		page := c.list(contentType, from, minTime(from.Add(day), end))
		for {
			if page.status != 200 {
				c.t.Fatalf("list %s from %v: %d %s", contentType, from, page.status, page.body)
			}
			all = append(all, page.items()...)
			next := page.next()
			if next == "" {
				break
			}
			page = c.do("GET", next+"&PublisherIdentifier="+c.tenant.ID, nil, nil)
		}
	}
	return all
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// fetch reads a blob's records.
func (c *client) fetch(item wireContent) []json.RawMessage {
	c.t.Helper()
	got := c.do("GET", item.ContentURI+"?PublisherIdentifier="+c.tenant.ID, nil, nil)
	if got.status != 200 || got.err != nil {
		c.t.Fatalf("fetch %s: %d %s %v", item.ContentID, got.status, got.body, got.err)
	}
	var records []json.RawMessage
	if err := json.Unmarshal(got.body, &records); err != nil {
		c.t.Fatalf("%s: %v", item.ContentID, err)
	}
	return records
}

// harvest is what a perfect client has: each record of each blob of the last seven days, once by its Id.
type harvest map[string][]byte

func (c *client) harvest(into harvest) harvest {
	c.t.Helper()
	if into == nil {
		into = harvest{}
	}
	now := c.sim.now()
	for _, contentType := range ContentTypes {
		for _, item := range c.listAll(contentType, now.Add(-retention), now.Add(time.Millisecond)) {
			for _, raw := range c.fetch(item) {
				var record struct{ Id string }
				if err := json.Unmarshal(raw, &record); err != nil {
					c.t.Fatal(err)
				}
				if _, known := into[record.Id]; !known {
					into[record.Id] = raw
				}
			}
		}
	}
	return into
}

func (h harvest) want(t *testing.T, sim *Simulator, tenant string, how Comparison) Difference {
	t.Helper()
	ledger, err := sim.Ledger(tenant)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ledger.CompareRecords(maps.Values(h), how)
	if err != nil {
		t.Fatal(err)
	}
	if !d.Perfect() {
		t.Errorf("the harvest is not perfect: %v", d)
	}
	byID, err := ledger.Compare(slices.Values(slices.Collect(maps.Keys(h))), how)
	if err != nil {
		t.Fatal(err)
	}
	if byID.Due != d.Due || byID.Missing != d.Missing {
		t.Errorf("by Id: %v; by bytes: %v", byID, d)
	}
	return d
}

func TestAPerfectClientIsPerfect(t *testing.T) {
	t.Parallel()
	sim := open(t, nil)
	d := newClient(t, sim, "").harvest(nil).want(t, sim, "", Comparison{})
	if d.Due != 600 {
		t.Errorf("due %d, want the scenario's 600 events", d.Due)
	}
	fmt.Fprintln(t.Output(), d)
}

func TestTheLedgerSeesWhatIsMissing(t *testing.T) {
	t.Parallel()
	sim := open(t, nil)
	got := newClient(t, sim, "").harvest(nil)
	ids := slices.Collect(maps.Keys(got))
	ledger, err := sim.Ledger("contoso")
	if err != nil {
		t.Fatal(err)
	}
	spoilt := append(ids[3:], ids[10], "12345678-0000-4000-8000-000000000000")
	d, err := ledger.Compare(slices.Values(spoilt), Comparison{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Missing != 3 || d.Duplicates != 1 || d.Extra != 1 || d.Perfect() {
		t.Errorf("want 3 missing, 1 duplicate, 1 extra; got %v", d)
	}
	for id := range got {
		got[id] = append([]byte(nil), got[id]...)
		got[id][len(got[id])-1] = ' '
		got[id] = append(got[id], '}')
		break
	}
	d, err = ledger.CompareRecords(maps.Values(got), Comparison{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Changed != 1 {
		t.Errorf("want 1 changed; got %v", d)
	}
}
