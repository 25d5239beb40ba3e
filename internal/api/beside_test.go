package api

import (
	"net/http"
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
