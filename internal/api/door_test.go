package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/fault"
)

// ask sends a request to a handler as somebody; "" as nobody.
func ask(ctx context.Context, h http.Handler, role account.Role, method, target, kind, body string) (*httptest.ResponseRecorder, Problem) {
	if role != "" {
		ctx = account.With(ctx, account.Identity{Kind: account.User, Name: "ana", Role: role})
	}
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var p Problem
	_ = json.Unmarshal(w.Body.Bytes(), &p)
	return w, p
}

func quiet(s *Services) http.Handler { return Handler(s, slog.New(slog.DiscardHandler)) }

func TestNobodyAndTheWrongRoleAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	h := quiet(&Services{})
	below := map[account.Role]account.Role{account.Operator: account.Viewer, account.Admin: account.Operator}
	for _, e := range All() {
		info, r := e.Info(), e.route()
		if info.Public {
			continue
		}
		target := Prefix + strings.NewReplacer("{name}", "x", "{action}", "y").Replace(r.path)
		if w, p := ask(t.Context(), h, "", r.method, target, "application/json", "{}"); w.Code != http.StatusUnauthorized || p.Code != NotSignedIn {
			t.Errorf("%s as nobody: %d %s", info.Name, w.Code, w.Body)
		}
		if lower, ok := below[info.Role]; ok {
			if w, p := ask(t.Context(), h, lower, r.method, target, "application/json", "{}"); w.Code != http.StatusForbidden || p.Code != "role_missing" || p.Hint == "" {
				t.Errorf("%s as %s: %d %s", info.Name, lower, w.Code, w.Body)
			}
		}
	}
}

func TestBadRequestsAreRefused(t *testing.T) {
	t.Parallel()
	h := quiet(&Services{})
	for name, bad := range map[string]struct {
		method, path, kind, body string
		status                   int
		field                    string
	}{
		"a form":                 {"POST", "/sources", "text/plain", "{}", 415, ""},
		"broken":                 {"POST", "/sources", "application/json", "{", 400, ""},
		"more after it":          {"POST", "/sources", "application/json", "{} {}", 400, ""},
		"no object":              {"POST", "/sources", "application/json", "[]", 422, ""},
		"too large":              {"POST", "/sources", "application/json", strings.Repeat(" ", maxRequest+1), 413, ""},
		"a name is missing":      {"POST", "/sources", "application/json", `{"spec":{}}`, 422, "name"},
		"a field of wrong kind":  {"POST", "/sources", "application/json", `{"name":1,"spec":{}}`, 422, "name"},
		"a field nobody knows":   {"POST", "/sources", "application/json", `{"name":"x","spec":{},"nonsense":1}`, 422, "nonsense"},
		"a parameter unknown":    {"GET", "/sources?nonsense=1", "", "", 422, "nonsense"},
		"a number that is none":  {"GET", "/sources?limit=many", "", "", 422, "limit"},
		"a word that is none":    {"GET", "/dead-letters?state=opne", "", "", 422, "state"},
		"neither true nor false": {"GET", "/flows?paused=perhaps", "", "", 422, "paused"},
		"a time that is none":    {"GET", "/coverage?from=yesterday", "", "", 422, "from"},
		"fewer than none":        {"GET", "/sources?limit=-1", "", "", 422, "limit"},
		"one word of two":        {"GET", "/runs?state=running,opne", "", "", 422, "state"},
		"an item's state":        {"GET", "/destinations/x/items?state=opne", "", "", 422, "state"},
		"backwards":              {"GET", "/activity?from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z", "", "", 422, "from"},
		"coverage backwards":     {"GET", "/coverage?from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z", "", "", 422, "from"},
		"another method":         {"PUT", "/sources", "application/json", "{}", 405, ""},
		"no such thing":          {"GET", "/nonsense", "", "", 404, ""},
		"a path that climbs out": {"GET", "/../../etc/passwd", "", "", 404, ""},
	} {
		w, p := ask(t.Context(), h, account.Admin, bad.method, Prefix+bad.path, bad.kind, bad.body)
		if w.Code == http.StatusTemporaryRedirect || w.Code == http.StatusMovedPermanently {
			continue // the path was cleaned; what it is then is not found
		}
		if w.Code != bad.status || w.Header().Get("Content-Type") != "application/problem+json" || p.RequestID == "" || p.Code == "" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if bad.field != "" && (len(p.Problems) != 1 || !strings.HasSuffix(p.Problems[0].Field, bad.field)) {
			t.Errorf("%s: the field is not named: %s", name, w.Body)
		}
	}
}

func TestWhatWasSentIsNotRepeatedInAProblem(t *testing.T) {
	t.Parallel()
	h := quiet(&Services{})
	for _, body := range []string{`{"name":"x","spec":{},"secret":["pl4nted~secret"]}`, `{"name":["pl4nted~secret"],"spec":{}}`, `{"secret":{"a":"pl4nted~secret"}}`, `{"secret":"pl4nted~secret`} {
		w, _ := ask(t.Context(), h, account.Admin, "POST", Prefix+"/credentials", "application/json", body)
		if w.Code < 400 || strings.Contains(w.Body.String(), "pl4nted") {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}

func TestTheDocumentIsServedAndWhole(t *testing.T) {
	t.Parallel()
	w, _ := ask(t.Context(), quiet(&Services{}), "", "GET", DocumentPath, "", "")
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != 200 || doc.OpenAPI != "3.1.0" {
		t.Fatalf("%d %v", w.Code, err)
	}
	for _, e := range All() {
		r := e.route()
		if doc.Paths[r.path][strings.ToLower(r.method)].OperationID != operationID(e.Info().Name) {
			t.Errorf("%s is not in the document", e.Info().Name)
		}
	}
}

func TestWhoIsUnknownIsToldNothingOfTheInside(t *testing.T) {
	t.Parallel()
	away := (&fault.Error{Class: fault.Unavailable, Code: "database_away", Title: "the database server cannot be reached", Err: errors.New("dial db.internal:5432")}).WithHint("start it")
	for who, told := range map[account.Role]bool{"": false, account.Viewer: true} {
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", Prefix+"/setup", nil)
		if who != "" {
			r = r.WithContext(account.With(r.Context(), account.Identity{Role: who}))
		}
		Refuse(w, r, fmt.Errorf("look: %w", away))
		if strings.Contains(w.Body.String(), "db.internal") != told || w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "database_away") || !strings.Contains(w.Body.String(), "start it") {
			t.Errorf("%q: %d %s", who, w.Code, w.Body)
		}
	}
}
