package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/connector/registry"
)

// whole is a handler over everything that is real but a network.
type whole struct {
	t        *testing.T
	handler  http.Handler
	services *api.Services
	who      account.Identity
}

func open(t *testing.T) *whole {
	t.Helper()
	a, err := app.Open(t.Context(), app.Options{Data: filepath.Join(t.TempDir(), "data"), Connectors: registry.Specs(), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return &whole{t: t, services: a.Services, handler: api.Handler(a.Services, slog.New(slog.DiscardHandler)), who: account.Identity{Kind: account.User, ID: "usr_1", Name: "ana", Role: account.Admin}}
}

type reply struct {
	status int
	header http.Header
	raw    string
	api.Problem
}

// ask sends a request; headers are pairs.
func (w *whole) ask(method, path, body string, headers ...string) reply {
	return w.sendTo(method, api.Prefix+path, strings.NewReader(body), headers...)
}

// sendTo sends a body to an address of the server.
func (w *whole) sendTo(method, address string, body io.Reader, headers ...string) reply {
	r := httptest.NewRequestWithContext(account.With(context.WithoutCancel(w.t.Context()), w.who), method, address, body)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	out := reply{status: rec.Code, header: rec.Header(), raw: rec.Body.String()}
	if rec.Code >= 400 {
		_ = json.Unmarshal(rec.Body.Bytes(), &out.Problem)
	}
	return out
}

func (w *whole) must(status int, method, path, body string, headers ...string) reply {
	w.t.Helper()
	out := w.ask(method, path, body, headers...)
	if out.status != status {
		w.t.Fatalf("%s %s: %d, want %d: %s", method, path, out.status, status, out.raw)
	}
	return out
}

func (w *whole) archive(name string) string {
	return fmt.Sprintf(`{"name":%q,"spec":{"connector":"file","path":%q}}`, name, filepath.Join(w.t.TempDir(), "out"))
}

func TestARequestThatComesAgainMakesNothingTwice(t *testing.T) {
	t.Parallel()
	w := open(t)
	body := w.archive("archive")
	first := w.must(http.StatusCreated, "POST", "/destinations", body, api.IdempotencyKey, "k1")
	second := w.must(http.StatusCreated, "POST", "/destinations", body, api.IdempotencyKey, "k1")
	if first.raw != second.raw || second.header.Get("ETag") != `"1"` {
		t.Errorf("the answers differ:\n%s%s", first.raw, second.raw)
	}
	if out := w.ask("POST", "/destinations", w.archive("other"), api.IdempotencyKey, "k1"); out.status != http.StatusUnprocessableEntity || out.Code != "idempotency_key_reused" || out.Hint == "" {
		t.Errorf("another body: %s", out.raw)
	}
	w.who.ID = "usr_2"
	if out := w.ask("POST", "/destinations", body, api.IdempotencyKey, "k1"); out.status != http.StatusConflict || out.Code != "name_taken" {
		t.Errorf("somebody else's key: %s", out.raw)
	}
	w.must(http.StatusCreated, "POST", "/destinations", w.archive("third"), api.IdempotencyKey, "k1") // it failed before, so the key is free
	if out := w.ask("POST", "/destinations", w.archive("x"), api.IdempotencyKey, strings.Repeat("k", 256)); out.status != http.StatusUnprocessableEntity {
		t.Errorf("a long key: %s", out.raw)
	}
}

func TestTwoRequestsOfOneKeyAtOnce(t *testing.T) {
	t.Parallel()
	w := open(t)
	body := w.archive("archive")
	var all sync.WaitGroup
	answers := make([]reply, 8)
	for i := range answers {
		all.Go(func() { answers[i] = w.ask("POST", "/destinations", body, api.IdempotencyKey, "k") })
	}
	all.Wait()
	made := 0
	for _, a := range answers {
		switch {
		case a.status == http.StatusCreated:
			made++
		case a.Code != "idempotency_key_in_use":
			t.Errorf("%d %s", a.status, a.raw)
		}
	}
	if made == 0 {
		t.Error("nobody got an answer")
	}
}

func TestAStaleChangeIsRefused(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.must(http.StatusCreated, "POST", "/destinations", w.archive("archive"))
	out := w.must(http.StatusOK, "PATCH", "/destinations/archive", `{"description":"by ana"}`, "If-Match", `"1"`)
	if out.header.Get("ETag") != `"2"` {
		t.Errorf("ETag %s", out.header.Get("ETag"))
	}
	for _, stale := range []string{`"1"`, `W/"1"`, "1"} {
		if out := w.ask("PATCH", "/destinations/archive", `{"description":"by raj"}`, "If-Match", stale); out.status != http.StatusPreconditionFailed || out.Code != "stale_revision" {
			t.Errorf("If-Match %s: %d %s", stale, out.status, out.raw)
		}
	}
	if out := w.ask("PATCH", "/destinations/archive", `{}`, "If-Match", `"abc"`); out.status != http.StatusUnprocessableEntity || out.Problems[0].Field != "If-Match" {
		t.Errorf("no ETag: %s", out.raw)
	}
	w.must(http.StatusOK, "PATCH", "/destinations/archive", `{"description":"whatever is there"}`, "If-Match", "*")
	if out := w.ask("DELETE", "/destinations/archive", "", "If-Match", `"1"`); out.status != http.StatusPreconditionFailed {
		t.Errorf("a stale removal: %s", out.raw)
	}
	w.must(http.StatusOK, "DELETE", "/destinations/archive", "")
	w.must(http.StatusNotFound, "GET", "/destinations/archive", "")
}

func TestListsComeInPages(t *testing.T) {
	t.Parallel()
	w := open(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		w.must(http.StatusCreated, "POST", "/destinations", w.archive(name))
	}
	var names []string
	for after, pages := "", 0; ; pages++ {
		var page api.Page[struct{ Name string }]
		if err := json.Unmarshal([]byte(w.must(http.StatusOK, "GET", "/destinations?limit=2&after="+after, "").raw), &page); err != nil || pages > 5 {
			t.Fatal(err, pages)
		}
		for _, one := range page.Items {
			names = append(names, one.Name)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if got := strings.Join(names, ""); got != "abcde" {
		t.Errorf("got %s", got)
	}
	if out := w.must(http.StatusOK, "GET", "/sources", ""); out.raw != `{"items":[]}` {
		t.Errorf("an empty list: %s", out.raw)
	}
}

// TestAnswersAreWhatTheDocumentSays holds real answers against the document's schemas.
func TestAnswersAreWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	w := open(t)
	doc := api.Document("test")
	secret := `{"name":"c","spec":{"type":"office-365-management-api","tenantId":"8f3a0000-0000-4000-8000-000000000001","clientId":"1b4f0000-0000-4000-8000-000000000001"},"secret":"pl4nted~secret"}`
	flow := `{"name":"f","spec":{"source":"s","destination":"d","mode":"append"}}`
	for _, step := range []struct{ method, path, body, route string }{
		{"GET", "/about", "", ""}, {"GET", "/connectors", "", ""}, {"GET", "/connectors/file", "", "/connectors/{name}"},
		{"GET", "/credential-types", "", ""}, {"GET", "/credential-help?type=microsoft-365-copilot", "", "/credential-help"},
		{"POST", "/credentials", secret, ""}, {"GET", "/credentials", "", ""}, {"GET", "/credentials/c", "", "/credentials/{name}"}, {"GET", "/credentials/c/used-by", "", "/credentials/{name}/used-by"},
		{"POST", "/sources", `{"name":"s","spec":{"connector":"office-365-management-api","credential":"c"},"paused":true}`, ""}, {"GET", "/sources", "", ""}, {"GET", "/sources/s", "", "/sources/{name}"}, {"GET", "/sources/s/actions", "", "/sources/{name}/actions"},
		{"POST", "/destinations", w.archive("d"), ""}, {"GET", "/destinations/d/items", "", "/destinations/{name}/items"},
		{"POST", "/flows", flow, ""}, {"GET", "/flows", "", ""}, {"GET", "/flows/f", "", "/flows/{name}"}, {"POST", "/flows/f/pause", `{"reason":"x"}`, "/flows/{name}/pause"}, {"POST", "/flows/f/resume", "", "/flows/{name}/resume"},
		{"POST", "/flows/f/backfill/plan", `{"from":"2026-11-20T00:00:00Z"}`, "/flows/{name}/backfill/plan"},
		{"GET", "/runs", "", ""}, {"GET", "/coverage?from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z", "", "/coverage"}, {"GET", "/dead-letters", "", ""},
		{"POST", "/files/export", "{}", ""}, {"GET", "/keys", "", ""},
	} {
		out := w.ask(step.method, step.path, step.body)
		if out.status >= 300 {
			t.Errorf("%s %s: %d %s", step.method, step.path, out.status, out.raw)
			continue
		}
		route := step.route
		if route == "" {
			route = step.path
		}
		conforms(t, doc, step.method, route, out)
		if strings.Contains(out.raw, "pl4nted") {
			t.Errorf("%s %s shows a secret", step.method, step.path)
		}
	}
}

func conforms(t *testing.T, doc *huma.OpenAPI, method, route string, out reply) {
	t.Helper()
	item := doc.Paths[route]
	if item == nil {
		t.Errorf("%s is not in the document", route)
		return
	}
	op := map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PATCH": item.Patch, "DELETE": item.Delete}[method]
	answer := op.Responses[fmt.Sprint(out.status)]
	if answer == nil {
		t.Errorf("%s %s: the document has no answer %d", method, route, out.status)
		return
	}
	var value any
	if err := json.Unmarshal([]byte(out.raw), &value); err != nil {
		t.Fatal(err)
	}
	var found huma.ValidateResult
	huma.Validate(doc.Components.Schemas, answer.Content["application/json"].Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, &found)
	for _, err := range found.Errors {
		t.Errorf("%s %s: %v", method, route, err)
	}
}

// TestChangesAreInTheAuditLog looks at what is written down of a change, of one that was refused, and of input that was wrong.
func TestChangesAreInTheAuditLog(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.must(http.StatusCreated, "POST", "/destinations", w.archive("archive"))
	w.must(http.StatusOK, "PATCH", "/destinations/archive", `{"description":"by ana","rename":"store"}`)
	w.must(http.StatusUnprocessableEntity, "PATCH", "/destinations/store", `{"patch":{"nonsense":1}}`)
	w.who.Role = account.Viewer
	w.must(http.StatusForbidden, "DELETE", "/destinations/store", "")
	w.who.Role = account.Admin
	w.must(http.StatusCreated, "POST", "/credentials", `{"name":"cred","spec":{"type":"office-365-management-api","tenantId":"8f3a0000-0000-4000-8000-000000000001","clientId":"1b4f0000-0000-4000-8000-000000000001"},"secret":"`+planted+`"}`)
	w.must(http.StatusOK, "DELETE", "/destinations/store", "")

	log, err := w.services.Audit.List(t.Context(), audit.Filter{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range slices.Backward(log) {
		got = append(got, fmt.Sprintf("%s %s %s %t>%t", e.Operation, e.Object.Name, e.Result, e.Before != nil, e.After != nil))
		if e.Who.Name != "ana" || e.RequestID == "" || e.Result == audit.OK && e.Object.ID == "" {
			t.Errorf("who, ID or request is missing: %+v", e)
		}
		if raw, _ := json.Marshal(e); strings.Contains(string(raw), "pl4nted") {
			t.Errorf("a secret is in the log: %s", raw)
		}
	}
	want := []string{"destination.create archive ok false>true", "destination.edit archive ok true>true", "destination.remove store role_missing false>false", "credential.add cred ok false>true", "destination.remove store ok true>false"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if v, err := w.services.Audit.Verify(t.Context()); err != nil {
		t.Errorf("%+v %v", v, err)
	}
}
