package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/headrace/headrace/internal/m365sim"
)

// simulated is a tenant on loopback with what a credential for it needs.
type simulated struct {
	m365sim.TenantInfo
	endpoints string // a credential's, as JSON
}

func simulate(t *testing.T) simulated {
	t.Helper()
	scenario := m365sim.DefaultScenario()
	scenario.Lenient.HistoryBeforeStart = true
	scenario.Content.Events = 400
	sim, err := m365sim.Open(m365sim.Options{Scenario: &scenario})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := sim.Listen(ctx, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() { _ = sim.Serve(ctx) })
	t.Cleanup(func() {
		cancel()
		_ = sim.Close()
		served.Wait()
	})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := sim.WriteCA(ca); err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(map[string]string{"login": sim.LoginURL(), "graph": sim.GraphURL(), "management": sim.ManagementURL(), "ca": ca})
	return simulated{sim.Tenants()[0], string(raw)}
}

// spec is a credential's settings for the tenant, by its ID or its domain.
func (s simulated) spec(tenant string) string {
	return fmt.Sprintf(`{"type":"office-365-management-api","cloud":"custom","tenantId":%q,"clientId":%q,"endpoints":%s}`, tenant, s.ClientID, s.endpoints)
}

func (w *whole) get(path string, into any) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(w.must(http.StatusOK, "GET", path, "").raw), into); err != nil {
		w.t.Fatal(err)
	}
}

func (w *whole) post(path, body string, into any) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(w.must(http.StatusOK, "POST", path, body).raw), into); err != nil {
		w.t.Fatal(err)
	}
}

type trial struct {
	OK       bool
	TenantID string `json:"tenant_id"`
	Checks   []struct{ Name, Result, Text, Code string }
	Help     struct {
		ConsentURL string `json:"consent_url"`
	}
}

func TestACredentialIsTestedBeforeItIsSaved(t *testing.T) {
	t.Parallel()
	w, s := open(t), simulate(t)
	var good trial
	w.post("/drafts/credential/test", `{"spec":`+s.spec(s.Domain)+`,"secret":"`+s.ClientSecret+`"}`, &good)
	if !good.OK || good.TenantID != s.ID || len(good.Checks) < 4 || !strings.Contains(good.Help.ConsentURL, s.ClientID) {
		t.Errorf("good: %+v", good)
	}
	var bad trial
	w.post("/drafts/credential/test", `{"spec":`+s.spec(s.ID)+`,"secret":"`+planted+`"}`, &bad)
	if bad.OK || len(bad.Checks) == 0 {
		t.Errorf("a wrong secret: %+v", bad)
	}
	for name, c := range map[string]struct{ body, field string }{
		"no secret":         {`{"spec":` + s.spec(s.ID) + `}`, "secret"},
		"the secret's ID":   {`{"spec":` + s.spec(s.ID) + `,"secret":"` + s.ClientID + `"}`, "secret"},
		"no tenant":         {`{"spec":` + s.spec("") + `,"secret":"x"}`, "spec.tenantId"},
		"an unknown field":  {`{"spec":{"type":"office-365-management-api","nonsense":1},"secret":"x"}`, "spec.nonsense"},
		"of one that isn't": {`{"spec":` + s.spec(s.ID) + `,"of":"nobody"}`, ""},
	} {
		out := w.ask("POST", "/drafts/credential/test", c.body)
		if out.status < 400 || out.status >= 500 || c.field != "" && !hasField(out, c.field) {
			t.Errorf("%s: %d %s", name, out.status, out.raw)
		}
	}
	var list struct{ Items []any }
	w.get("/credentials", &list)
	if len(list.Items) != 0 {
		t.Errorf("a test stored something: %v", list.Items)
	}
}

func hasField(out reply, field string) bool {
	for _, p := range out.Problems {
		if p.Field == field {
			return true
		}
	}
	return false
}

func TestASavedSecretGoesToNoOtherHost(t *testing.T) {
	t.Parallel()
	w, s := open(t), simulate(t)
	w.must(http.StatusCreated, "POST", "/credentials", `{"name":"cred","spec":`+s.spec(s.ID)+`,"secret":"`+s.ClientSecret+`"}`)
	var same trial
	w.post("/drafts/credential/test", `{"name":"cred","of":"cred","spec":`+s.spec(s.ID)+`}`, &same)
	if !same.OK {
		t.Errorf("the saved secret: %+v", same)
	}
	elsewhere := strings.Replace(s.spec(s.ID), `"login":"https://`, `"login":"https://not-`, 1)
	if out := w.ask("POST", "/drafts/credential/test", `{"name":"cred","of":"cred","spec":`+elsewhere+`}`); out.status != http.StatusUnprocessableEntity || !hasField(out, "secret") {
		t.Errorf("to another host: %d %s", out.status, out.raw)
	}
}

func TestASourceIsSampledBeforeItIsSaved(t *testing.T) {
	t.Parallel()
	w, s := open(t), simulate(t)
	w.must(http.StatusCreated, "POST", "/credentials", `{"name":"cred","spec":`+s.spec(s.ID)+`,"secret":"`+s.ClientSecret+`"}`)
	const draft = `{"spec":{"connector":"office-365-management-api","credential":"cred","start":"-7d"},"count":7}`
	var got struct {
		Records []struct {
			Stream string
			Body   json.RawMessage
		}
		Schema struct {
			Records int
			Fields  []struct {
				Path    string
				Types   []string
				Present float64 `json:"present_percent"`
				Example string
			}
		}
	}
	w.post("/drafts/source/sample", draft, &got)
	if len(got.Records) != 7 || got.Schema.Records != 7 || len(got.Schema.Fields) < 5 {
		t.Fatalf("%d records, %d fields of %d", len(got.Records), len(got.Schema.Fields), got.Schema.Records)
	}
	for _, f := range got.Schema.Fields {
		if f.Path == ".Id" && (f.Present != 100 || len(f.Types) != 1 || f.Example == "") || strings.Contains(f.Example, "@") {
			t.Errorf("field %+v", f)
		}
	}
	var tested trial
	w.post("/drafts/source/test", strings.Replace(draft, `,"count":7`, ``, 1), &tested)
	if len(tested.Checks) == 0 {
		t.Error("nothing was checked")
	}
	if out := w.ask("POST", "/drafts/source/sample", `{"spec":{"connector":"office-365-management-api","credential":"nobody","interval":"x"}}`); out.status != http.StatusUnprocessableEntity || len(out.Problems) != 2 {
		t.Errorf("two problems: %s", out.raw)
	}
	var sources struct{ Items []any }
	w.get("/sources", &sources)
	if len(sources.Items) != 0 {
		t.Error("a sample stored something")
	}
}

func TestADraftIsJudgedAndNotMade(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.must(http.StatusCreated, "POST", "/destinations", w.archive("archive"))
	type judgment struct {
		Valid    bool
		Problems []struct{ Field, Text string }
	}
	for body, fields := range map[string]string{
		`{"kind":"destination","name":"other","spec":{"connector":"file","path":"/tmp/x"}}`:                    "",
		`{"kind":"destination","name":"archive","spec":{"connector":"file","path":"/tmp/x"}}`:                  "name",
		`{"kind":"destination","name":"archive","of":"archive","spec":{"connector":"file","path":"/tmp"}}`:     "",
		`{"kind":"destination","name":"Bad Name","spec":{"connector":"file","pth":"x"}}`:                       "name spec.pth spec.path",
		`{"kind":"flow","name":"f","spec":{"source":"none","destination":"archive","transform":[{"jq":"("}]}}`: "spec.transform[0].jq spec.source",
	} {
		var got judgment
		w.post("/drafts/validate", body, &got)
		for _, field := range strings.Fields(fields) {
			found := false
			for _, p := range got.Problems {
				found = found || p.Field == field
			}
			if !found {
				t.Errorf("%s: nothing about %s: %+v", body, field, got)
			}
		}
		if got.Valid != (fields == "") || got.Valid != (len(got.Problems) == 0) {
			t.Errorf("%s: %+v", body, got)
		}
	}
}

func TestATransformIsTried(t *testing.T) {
	t.Parallel()
	w := open(t)
	type tried struct {
		Mistakes []struct {
			Step, Line, Column int
			Text               string
		}
		Records []struct {
			Outcome, Error string
			Step           *int
			After          []json.RawMessage
		}
		Sums map[string]int
	}
	const records = `"records":[{"stream":"s","body":{"a":1}},{"stream":"s","body":{"a":2}},{"stream":"s","body":{"a":3}},{"stream":"s","body":{"a":4}}]`
	var got tried
	w.post("/transforms/try", `{"transform":[{"keep":".a != 2"},{"jq":"if .a == 3 then error(\"three\") elif .a == 4 then ., {b:1} else . end"}],`+records+`}`, &got)
	if len(got.Records) != 4 || got.Sums["passed"] != 1 || got.Sums["dropped"] != 1 || got.Sums["refused"] != 1 || got.Sums["changed"] != 1 || got.Sums["made"] != 3 {
		t.Fatalf("%+v", got)
	}
	if r := got.Records[1]; r.Step == nil || *r.Step != 0 || r.Outcome != "dropped" {
		t.Errorf("dropped: %+v", r)
	}
	if r := got.Records[2]; r.Step == nil || *r.Step != 1 || !strings.Contains(r.Error, "three") || len(r.After) != 0 {
		t.Errorf("refused: %+v", r)
	}
	got = tried{}
	w.post("/transforms/try", `{"transform":[{"keep":".a"},{"jq":".a |\n| ."}],`+records+`}`, &got)
	if len(got.Mistakes) != 1 || got.Mistakes[0].Step != 1 || got.Mistakes[0].Line != 2 || got.Mistakes[0].Column == 0 || len(got.Records) != 0 {
		t.Errorf("a mistake: %+v", got)
	}
	if out := w.ask("POST", "/transforms/try", `{"transform":[{"jq":"."}]}`); out.status != http.StatusUnprocessableEntity || !hasField(out, "records") {
		t.Errorf("nothing to try it on: %s", out.raw)
	}
	if out := w.ask("POST", "/transforms/try", `{"flow":"nobody"}`); out.status != http.StatusUnprocessableEntity || !hasField(out, "flow") {
		t.Errorf("no such flow: %s", out.raw)
	}
}
