package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/account"
)

func TestEventsAndMetricsAreForViewers(t *testing.T) {
	t.Parallel()
	here := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	h := quiet(&Services{Events: here, Metrics: here})
	for _, path := range []string{EventsPath, MetricsPath} {
		if w, p := ask(t.Context(), h, "", "GET", path, "", ""); w.Code != http.StatusUnauthorized || p.Code != NotSignedIn {
			t.Errorf("%s as nobody: %d %s", path, w.Code, w.Body)
		}
		if w, _ := ask(t.Context(), h, account.Viewer, "GET", path, "", ""); w.Code != http.StatusNoContent {
			t.Errorf("%s as a viewer: %d %s", path, w.Code, w.Body)
		}
	}
	if w, _ := ask(t.Context(), quiet(&Services{}), account.Viewer, "GET", EventsPath, "", ""); w.Code != http.StatusNotFound {
		t.Errorf("without a hub: %d", w.Code)
	}
}

// TestWhatStandsBesideTheOperationsTakesNoNonsense asks for events, metrics, the document and its page as no client should.
func TestWhatStandsBesideTheOperationsTakesNoNonsense(t *testing.T) {
	t.Parallel()
	here := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	h := quiet(&Services{Events: here, Metrics: here})
	for _, path := range []string{EventsPath, MetricsPath, DocumentPath, ReferencePath} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			w, p := ask(t.Context(), h, account.Admin, method, path, "application/json", "{")
			if w.Code != http.StatusMethodNotAllowed || p.Code != "method_not_allowed" || w.Header().Get("Allow") != "GET" || p.RequestID == "" {
				t.Errorf("%s %s: %d, Allow %q, %s", method, path, w.Code, w.Header().Get("Allow"), w.Body)
			}
		}
	}
	for _, path := range []string{"/api", "/api/", "/api/v2/flows", "/api/v1", "/api/v1/flows/", "/api/v1/flows/a/b/c", "/api/v1/" + strings.Repeat("x", 5000)} {
		if w, p := ask(t.Context(), h, account.Admin, "GET", path, "", ""); w.Code != http.StatusNotFound || p.Code != "no_such_route" || p.RequestID == "" || p.Hint == "" {
			t.Errorf("%.30s: %d %s", path, w.Code, w.Body)
		}
	}
}
