package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
)

// TestMirrorsHaveNoHours: what only a mirror reads is compared crawl by crawl; its documents' times say nothing of what is missing.
func TestMirrorsHaveNoHours(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.furnish()
	w.must(http.StatusCreated, "POST", "/sources", `{"name":"documents","spec":{"connector":"file","path":"`+t.TempDir()+`"}}`)
	w.must(http.StatusCreated, "POST", "/credentials", `{"name":"graph","spec":{"type":"microsoft-365-copilot","tenantId":"8f3a0000-0000-4000-8000-000000000001","clientId":"1b4f0000-0000-4000-8000-000000000001"},"secret":"`+planted+`"}`)
	w.must(http.StatusCreated, "POST", "/destinations", `{"name":"copilot","spec":{"connector":"microsoft-365-copilot","credential":"graph","connection":{"id":"runbooks","name":"Runbooks","description":"How to run the mill"},"item":{"properties":{"title":".title"},"content":".text","acl":"[{accessType: \"grant\", type: \"everyone\", value: \"everyone\"}]"}}}`)
	w.must(http.StatusCreated, "POST", "/flows", `{"name":"mirror","spec":{"source":"documents","destination":"copilot","mode":"mirror"}}`)

	hour := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	listAll(t, w.services.Store, connector.Split{ID: "one", Stream: "Audit.Exchange", Time: hour, Locator: json.RawMessage(`{}`)})
	var got api.Coverage
	if err := json.Unmarshal([]byte(w.must(http.StatusOK, "GET", "/coverage?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z", "").raw), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Cells) == 0 {
		t.Fatal("the feed has no hours either")
	}
	for _, c := range got.Cells {
		if c.Source != "src" {
			t.Errorf("an hour of %s", c.Source)
		}
	}
}

// listAll commits a listing of each source, with one split.
func listAll(t *testing.T, s *store.Store, split connector.Split) {
	t.Helper()
	due, err := s.DueListings(t.Context(), 100)
	if err != nil || len(due) < 2 {
		t.Fatalf("%d listings are due: %v", len(due), err)
	}
	for _, turn := range due {
		l, ok, err := s.TakeListing(t.Context(), "node", turn.ID, time.Minute)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if _, err := s.CommitListing(t.Context(), l, store.Listed{Enumeration: connector.Enumeration{Splits: []connector.Split{split}}, Due: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
}
