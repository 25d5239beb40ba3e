package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// What would put nothing in the place of something is refused: a record's body, a credential's secret.
func TestNothingTakesThePlaceOfSomething(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.must(http.StatusCreated, "POST", "/credentials", `{"name":"cred","spec":{"type":"microsoft-365-copilot","tenantId":"8f3a0000-0000-4000-8000-000000000001","clientId":"1b4f0000-0000-4000-8000-000000000001"},"secret":"`+planted+`"}`)
	for _, c := range []struct{ method, path, body, field string }{
		{"POST", "/credentials/cred/rotate", `{"no_test":true}`, "secret"},
		{"POST", "/credentials/cred/rotate", `{"no_test":true,"secret":"","reference":""}`, "secret"},
		{"PATCH", "/dead-letters/dl_1", `{"body":null}`, "body"},
		{"PATCH", "/dead-letters/dl_1", `{"body":"text"}`, "body"},
		{"PATCH", "/dead-letters/dl_1", `{"body":[{}]}`, "body"},
	} {
		out := w.ask(c.method, c.path, c.body)
		if out.status != http.StatusUnprocessableEntity || len(out.Problems) != 1 || out.Problems[0].Field != c.field || strings.Contains(out.raw, "unmarshal") {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, out.status, out.raw)
		}
	}
	if raw := w.must(http.StatusOK, "GET", "/credentials/cred", "").raw; !strings.Contains(raw, `"state":"stored"`) {
		t.Errorf("the secret is gone: %s", raw)
	}
}
