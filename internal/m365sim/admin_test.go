package m365sim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestOtherProcessesUseTheAdminsPaths(t *testing.T) {
	t.Parallel()
	sim := open(t, nil)
	c := newClient(t, sim, "")
	got := c.harvest(nil)
	var records bytes.Buffer
	for _, raw := range got {
		records.Write(raw)
		records.WriteByte('\n')
	}
	post := func(path, body string) answer { return c.do("POST", sim.URL()+path, strings.NewReader(body), nil) }
	get := func(path string) answer { return c.do("GET", sim.URL()+path, nil, nil) }
	var d Difference
	if err := json.Unmarshal(post("/_sim/compare?tenant=contoso", records.String()).body, &d); err != nil || !d.Perfect() || d.Due != 600 {
		t.Errorf("compare: %v %v", d, err)
	}
	if err := json.Unmarshal(post("/_sim/compare?of=ids", "no-such-id\n").body, &d); err != nil || d.Missing != 600 || d.Extra != 1 {
		t.Errorf("compare Ids: %v %v", d, err)
	}
	if n := bytes.Count(get("/_sim/records").body, []byte("\n")); n != 600 {
		t.Errorf("%d records in the ledger", n)
	}
	var summary LedgerSummary
	if err := json.Unmarshal(get("/_sim/ledger?tenant=contoso").body, &summary); err != nil || summary.Types["Audit.Exchange"].Records == 0 ||
		summary.Types["Audit.Exchange"].Fetched != summary.Types["Audit.Exchange"].Blobs || summary.Requests.Operation[OpBlob] == 0 {
		t.Errorf("summary %+v %v", summary, err)
	}
	if got := post("/_sim/clock", `{"advance":"2d"}`).object()["now"]; got != noon.Add(48*time.Hour).Format(time.RFC3339) {
		t.Errorf("the clock shows %v", got)
	}
	if got := post("/_sim/clock", `{"set":"2026-11-20T12:00:00Z"}`).object()["standing"]; got != true {
		t.Errorf("standing is %v", got)
	}
	if got := post("/_sim/faults", `[{"on":"list","contentType":"Audit.Exchange","do":"503","first":1,"retryAfter":"5s"}]`); got.status != 200 {
		t.Errorf("faults: %d %s", got.status, got.body)
	}
	if got := c.list("Audit.Exchange", noon.Add(-time.Hour), noon); got.status != 503 || got.header.Get("Retry-After") != "5" {
		t.Errorf("the fault shows as %d", got.status)
	}
	if got := post("/_sim/tenant", `{"roles":["ActivityFeed.ReadDlp"],"auditLog":"off","disable":["DLP.All"]}`); got.status != 200 {
		t.Errorf("tenant: %d %s", got.status, got.body)
	}
	c.signIn()
	if got := c.list("Audit.General", noon.Add(-time.Hour), noon); got.code() != "AF10001" {
		t.Errorf("without the role: %d %s", got.status, got.body)
	}
	for path, body := range map[string]string{
		"/_sim/clock": `{"advance":"soon"}`, "/_sim/faults": `[{"on":"list","do":"melt"}]`, "/_sim/tenant": `{"tenant":"nobody"}`,
		"/_sim/compare?tenant=nobody": "", "/_sim/compare?since=today": "",
	} {
		if got := post(path, body); got.status != 400 || got.object()["error"] == "" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := get("/_sim/nothing"); got.status != 404 {
		t.Errorf("an unknown path: %d", got.status)
	}
}

func TestBigBlobsAreStreamed(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Content.Events = 0
		s.Cache = 1 << 20
		s.Blobs = []SpecialBlob{{ContentType: "Audit.Exchange", Age: Duration(time.Hour), Records: 20_000}}
	})
	c := newClient(t, sim, "")
	item := c.listAll("Audit.Exchange", noon.Add(-2*time.Hour), noon)[0]
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, item.ContentURI, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := c.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || !json.Valid(body) || bytes.Count(body, []byte(`"OrganizationId":`)) != 20_000 || response.ContentLength != -1 {
		t.Errorf("%d bytes, length %d, %v", len(body), response.ContentLength, err)
	}
	if sim.bodies.size != 0 {
		t.Errorf("the cache holds %d bytes", sim.bodies.size)
	}
	if err := sim.SetFaults(Fault{On: OpBlob, Do: "truncate"}); err != nil {
		t.Fatal(err)
	}
	if got := c.do("GET", item.ContentURI, nil, nil); got.err == nil || len(got.body) == 0 {
		t.Errorf("truncated: %d bytes, %v", len(got.body), got.err)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) { s.Cache = 100 << 10 })
	newClient(t, sim, "").harvest(nil).want(t, sim, "", Comparison{})
	if sim.bodies.size > 100<<10 || len(sim.bodies.known) == 0 {
		t.Errorf("the cache holds %d bodies, %d bytes", len(sim.bodies.known), sim.bodies.size)
	}
}
