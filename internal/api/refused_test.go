package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/fault"
)

// standing is everything that people made, as its lists tell it: what a refused request must leave alone.
func (w *whole) standing() string {
	w.t.Helper()
	var all strings.Builder
	for _, list := range []string{"/credentials", "/sources", "/destinations", "/flows", "/users", "/tokens?all=true", "/runs"} {
		var page api.Page[struct {
			ID, Name string
			Revision int64
		}]
		if err := json.Unmarshal([]byte(w.must(http.StatusOK, "GET", list, "").raw), &page); err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s %+v\n", list, page.Items)
	}
	return all.String()
}

// stands makes sure that all is as it was.
func (w *whole) stands(before string) {
	w.t.Helper()
	if after := w.standing(); after != before {
		w.t.Errorf("refused requests changed something:\n%s\n%s", before, after)
	}
}

// peopled is furnished, with the admin who asks and a viewer.
func peopled(t *testing.T) (*whole, map[string]string) {
	t.Helper()
	w := open(t)
	names := w.furnish()
	var ana struct{ ID string }
	if err := json.Unmarshal([]byte(w.must(http.StatusCreated, "POST", "/users", `{"name":"ana","role":"admin","password":"a mill turns while water runs"}`).raw), &ana); err != nil || ana.ID == "" {
		t.Fatal(ana, err)
	}
	w.who.ID = ana.ID
	w.must(http.StatusCreated, "POST", "/users", `{"name":"vic","role":"viewer","password":"a viewer looks at the water"}`)
	names["users"] = "vic"
	return w, names
}

// refused wants a whole problem with this status, of which a field is named if field says so.
func refused(t *testing.T, name string, out reply, status int, code, field string) {
	t.Helper()
	sound(t, name, out)
	if out.status != status || code != "" && out.Code != code {
		t.Errorf("%s: %d %s, want %d %s", name, out.status, out.raw, status, code)
		return
	}
	if field != "" && !slices.ContainsFunc(out.Problems, func(p fault.Problem) bool { return strings.Contains(p.Field, field) && p.Text != "" }) {
		t.Errorf("%s: the problem does not name %s: %s", name, field, out.raw)
	}
}

// TestBodiesThatAreNoneAreRefused sends every operation that reads a body what is no JSON, no object, or has a field too many.
func TestBodiesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	w, names := peopled(t)
	doc := api.Document("test")
	before, walked := w.standing(), 0
	for _, op := range operations(doc) {
		schema := bodyOf(doc, op)
		if schema == nil {
			continue
		}
		walked++
		path := fill(op.Path, names)
		for _, bad := range []string{"{", `{"name":`, "{} {}", "\xff", "nul", `{"a":1,}`, "<name>x</name>", "name=x"} {
			refused(t, fmt.Sprintf("%s with %q", op.OperationID, bad), w.ask(op.Method, path, bad), http.StatusBadRequest, "bad_json", "")
		}
		for _, bad := range []string{"[]", "null", "1", `"name"`, "true"} {
			refused(t, op.OperationID+" with "+bad, w.ask(op.Method, path, bad), http.StatusUnprocessableEntity, "", "")
		}
		refused(t, op.OperationID+" as a form", w.ask(op.Method, path, "{}", "Content-Type", "application/x-www-form-urlencoded"), http.StatusUnsupportedMediaType, "not_json", "")
		whole, _ := body(doc, schema, "x", 0).(map[string]any)
		whole["nonsense"] = planted
		raw, _ := json.Marshal(whole)
		refused(t, op.OperationID+" with a field too many", w.ask(op.Method, path, string(raw)), http.StatusUnprocessableEntity, "", "nonsense")
	}
	if walked < 30 {
		t.Errorf("only %d operations read a body: the walk shows little", walked)
	}
	w.stands(before)
}

// blanks is a body of n blanks that nobody holds in memory.
type blanks struct{ n int }

func (b *blanks) Read(p []byte) (int, error) {
	if b.n == 0 {
		return 0, io.EOF
	}
	n := min(len(p), b.n)
	for i := range p[:n] {
		p[i] = ' '
	}
	b.n -= n
	return n, nil
}

// TestHugeBodiesAreRefused sends every operation that reads a body more than it takes.
func TestHugeBodiesAreRefused(t *testing.T) {
	t.Parallel()
	w := open(t)
	doc := api.Document("test")
	for _, op := range operations(doc) {
		if bodyOf(doc, op) == nil {
			continue
		}
		out := w.sendTo(op.Method, api.Prefix+fill(op.Path, nil), &blanks{33 << 20})
		refused(t, op.OperationID, out, http.StatusRequestEntityTooLarge, "request_too_large", "")
	}
}

// TestWrongParametersAreNamed asks every operation with a parameter that it has not, and with values that its parameters can't have.
func TestWrongParametersAreNamed(t *testing.T) {
	t.Parallel()
	w, names := peopled(t)
	doc := api.Document("test")
	before, walked := w.standing(), 0
	for _, op := range operations(doc) {
		raw := ""
		if schema := bodyOf(doc, op); schema != nil {
			whole, _ := json.Marshal(body(doc, schema, "x", 0))
			raw = string(whole)
		}
		path := fill(op.Path, names)
		refused(t, op.OperationID+" with a parameter too many", w.ask(op.Method, path+"?nonsense="+planted, raw), http.StatusUnprocessableEntity, "", "nonsense")
		for _, p := range op.Parameters {
			bad := map[bool]string{true: "perhaps"}[p.Schema.Type == huma.TypeInteger || p.Schema.Type == huma.TypeBoolean || p.Schema.Format == "date-time" || len(p.Schema.Enum) > 0]
			if p.In != "query" || bad == "" {
				continue
			}
			walked++
			refused(t, op.OperationID+" with "+p.Name+"=perhaps", w.ask(op.Method, path+"?"+p.Name+"="+bad, raw), http.StatusUnprocessableEntity, "", p.Name)
		}
	}
	if walked < 20 {
		t.Errorf("only %d parameters have values that they can't have: the walk shows little", walked)
	}
	w.stands(before)
}

// TestWhatIsNotThereIsNotFound asks every operation on one thing for a thing that nobody made.
func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	w, names := peopled(t)
	doc := api.Document("test")
	before := w.standing()
	for _, op := range operations(doc) {
		if !strings.Contains(op.Path, "{") {
			continue
		}
		raw := ""
		if schema := bodyOf(doc, op); schema != nil {
			raw = sensible(t, doc, op)
		}
		for _, id := range []string{"nothing", "src_000000000000000000", "run_0", "-1", "9999999999999999999999", "{8f3a0000-0000-4000-8000-000000000001}", "..", "a/b", "حجة🦊", "%00", strings.Repeat("x", 5000)} {
			path := strings.NewReplacer("{name}", url.PathEscape(id), "{id}", url.PathEscape(id), "{action}", "subscription-list").Replace(op.Path)
			out := w.ask(op.Method, path, raw)
			if out.status == http.StatusTemporaryRedirect || out.status == http.StatusMovedPermanently {
				continue // the path was cleaned
			}
			refused(t, fmt.Sprintf("%s of %.30q", op.OperationID, id), out, http.StatusNotFound, "", "")
		}
		if strings.Contains(op.Path, "{action}") {
			refused(t, op.OperationID, w.ask(op.Method, strings.ReplaceAll(fill(op.Path, names), "subscription-list", "nothing"), raw), http.StatusNotFound, "", "")
		}
	}
	w.stands(before)
}

// sensible is a body that would do something to a thing that is there.
func sensible(t *testing.T, doc *huma.OpenAPI, op *huma.Operation) string {
	t.Helper()
	raw, ok := map[string]string{
		"credentialRotate":   `{"secret":"another~secret","no_test":true}`,
		"flowBackfill":       `{"from":"2026-11-20T00:00:00Z"}`,
		"flowMove":           `{"to":"another"}`,
		"flowPlanBackfill":   `{"from":"2026-11-20T00:00:00Z"}`,
		"deadletterEdit":     `{"body":{"a":1}}`,
		"destinationMissing": `{"ids":["a"]}`,
		"userPassword":       `{"password":"a mill turns while water runs"}`,
	}[op.OperationID]
	if ok {
		return raw
	}
	return "{}"
}

// TestEveryChangeOfSomethingStaleIsRefused changes each kind of thing from a revision that it no longer has.
func TestEveryChangeOfSomethingStaleIsRefused(t *testing.T) {
	t.Parallel()
	w, names := peopled(t)
	doc := api.Document("test")
	before, walked := w.standing(), 0
	for _, op := range operations(doc) {
		if !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "If-Match" }) {
			continue
		}
		walked++
		raw := ""
		if bodyOf(doc, op) != nil {
			raw = sensible(t, doc, op)
		}
		for _, stale := range []string{`"999"`, `W/"998"`, "997"} {
			refused(t, op.OperationID+" from "+stale, w.ask(op.Method, fill(op.Path, names), raw, "If-Match", stale), http.StatusPreconditionFailed, "stale_revision", "")
		}
		for _, none := range []string{`"abc"`, "-1", `"1", "2"`, "🦊"} {
			refused(t, op.OperationID+" from "+none, w.ask(op.Method, fill(op.Path, names), raw, "If-Match", none), http.StatusUnprocessableEntity, "", "If-Match")
		}
	}
	if walked < 10 {
		t.Errorf("only %d operations take an ETag: the walk shows little", walked)
	}
	w.stands(before)
}

// TestAKeyIsForOneRequest sends every operation that makes something a second body with the first one's key.
func TestAKeyIsForOneRequest(t *testing.T) {
	t.Parallel()
	w, names := peopled(t)
	doc := api.Document("test")
	credential := `{"name":%q,"spec":{"type":"office-365-management-api","tenantId":"8f3a0000-0000-4000-8000-000000000001","clientId":"1b4f0000-0000-4000-8000-000000000001"},"secret":"` + planted + `"}`
	bodies := map[string][2]string{
		"credentialAdd":     {fmt.Sprintf(credential, "one"), fmt.Sprintf(credential, "two")},
		"sourceCreate":      {`{"name":"one","spec":{"connector":"file","path":"/a"}}`, `{"name":"two","spec":{"connector":"file","path":"/a"}}`},
		"destinationCreate": {w.archive("one"), w.archive("two")},
		"flowCreate":        {`{"name":"one","spec":{"source":"src","destination":"one","mode":"append"}}`, `{"name":"two","spec":{"source":"src","destination":"one","mode":"append"}}`},
		"flowBackfill":      {`{"from":"2026-11-20T00:00:00Z"}`, `{"from":"2026-11-21T00:00:00Z"}`},
		"tokenCreate":       {`{"name":"one"}`, `{"name":"two"}`},
		"userAdd":           {`{"name":"one","role":"viewer","password":"a viewer looks at the water"}`, `{"name":"two","role":"viewer","password":"a viewer looks at the water"}`},
	}
	for _, op := range operations(doc) {
		if !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == api.IdempotencyKey }) {
			continue
		}
		both, ok := bodies[op.OperationID]
		if !ok {
			t.Errorf("%s makes something, and this test does not know what", op.OperationID)
			continue
		}
		path := fill(op.Path, names)
		w.must(http.StatusCreated, op.Method, path, both[0], api.IdempotencyKey, op.OperationID)
		made := w.standing()
		refused(t, op.OperationID+" with another body", w.ask(op.Method, path, both[1], api.IdempotencyKey, op.OperationID), http.StatusUnprocessableEntity, "idempotency_key_reused", "")
		if out := w.ask(op.Method, path, both[0], api.IdempotencyKey, op.OperationID); out.status != http.StatusCreated && out.Code != "idempotency_answer_secret" {
			t.Errorf("%s again: %d %s", op.OperationID, out.status, out.raw)
		}
		refused(t, op.OperationID+" with a key too long", w.ask(op.Method, path, both[1], api.IdempotencyKey, strings.Repeat("k", 256)), http.StatusUnprocessableEntity, "", api.IdempotencyKey)
		if after := w.standing(); after != made {
			t.Errorf("%s: something was made twice, or by a request that was refused:\n%s\n%s", op.OperationID, made, after)
		}
	}
}

// TestSettingsThatAreNoneAreNamed sends something else where settings belong.
func TestSettingsThatAreNoneAreNamed(t *testing.T) {
	t.Parallel()
	w, names := peopled(t)
	before := w.standing()
	source := "/sources/" + names["sources"]
	for _, c := range []struct{ method, path, body, field string }{
		{"POST", "/sources", `{"name":"other","spec":[1]}`, "spec"},
		{"PATCH", source, `{"patch":"x"}`, "patch"},
		{"POST", source + "/actions/get", `{"input":[1]}`, "input"},
		{"POST", source + "/actions/get", `{"input":"x"}`, "input"},
		{"POST", source + "/actions/get", `{"input":7}`, "input"},
	} {
		refused(t, c.method+" "+c.path+" "+c.body, w.ask(c.method, c.path, c.body), http.StatusUnprocessableEntity, "", c.field)
	}
	w.stands(before)
}
