package metrics_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/limit"
	"github.com/headrace/headrace/internal/metrics"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

func get(t *testing.T, h http.Handler) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	return w.Code, w.Body.String()
}

func TestWhatPrometheusSees(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		s := d.Open(t)
		limits := limit.New(limit.NewMemory())
		limits.Scope("o365/contoso", 2000).Answered(200)
		limits.Scope("o365/contoso", 2000).Answered(429)
		for _, o := range []store.Object{
			{Kind: store.Credential, Name: "cred", Tenant: "contoso", Expires: time.Unix(2_000_000_000, 0)},
			{Kind: store.Source, Name: "src", Tenant: "contoso"},
			{Kind: store.Flow, Name: "flw", Tenant: "contoso", SourceID: 2, Lanes: 1},
		} {
			o.Spec = []byte(`{}`)
			if _, err := s.CreateObject(t.Context(), o, nil); err != nil {
				t.Fatal(err)
			}
		}
		status, text := get(t, metrics.Handler(metrics.Options{Store: s, Limits: limits, Version: "v1", Log: slog.New(slog.DiscardHandler)}))
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		for _, want := range []string{
			`headrace_info{version="v1"} 1`, "headrace_database_up 1", `headrace_credential_secret_expiry_timestamp_seconds{credential="cred",tenant="contoso"} 2e+09`,
			`headrace_deadletters{flow="flw",tenant="contoso"} 0`, `headrace_flow_records_total{flow="flw",outcome="delivered",tenant="contoso"} 0`,
			`headrace_coverage_missing_windows{content_type="",source="src",tenant="contoso"} 0`, `headrace_upstream_requests_total{code="429",scope="o365/contoso"} 1`,
			`headrace_upstream_requests_total{code="2xx",scope="o365/contoso"} 1`, "go_goroutines",
		} {
			if !strings.Contains(text, want+"\n") && !strings.Contains(text, want+" ") {
				t.Errorf("%s is not there", want)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if status, text := get(t, metrics.Handler(metrics.Options{Store: s, Limits: limits, Version: "v1", Log: slog.New(slog.DiscardHandler)})); status != http.StatusOK || !strings.Contains(text, "headrace_database_up 0") {
			t.Errorf("metrics without a database: %d", status)
		}
	})
}
