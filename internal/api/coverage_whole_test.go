package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
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

// TestHoursThatNobodyListedAreMissing: while a source is away, and of a content type that was never read, the hours stand there.
func TestHoursThatNobodyListedAreMissing(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.furnish()
	now := w.services.Store.Now().UTC().Truncate(time.Hour)
	began, away := now.Add(-9*time.Hour-20*time.Minute), now.Add(-5*time.Hour) // at hh:40
	cursor := fmt.Sprintf(`{"v":1,"streams":{"Audit.Exchange":{"listed":[{"from":%[1]q,"to":%[2]q}]},"Audit.General":{"listed":[{"from":%[1]q,"to":%[1]q}]},"Gone":{"listed":[{"from":%[1]q,"to":%[1]q}]}}}`,
		began.Format(time.RFC3339), away.Format(time.RFC3339))
	due, err := w.services.Store.DueListings(t.Context(), 1)
	if err != nil || len(due) != 1 {
		t.Fatal(due, err)
	}
	l, ok, err := w.services.Store.TakeListing(t.Context(), "node", due[0].ID, time.Minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, err := w.services.Store.CommitListing(t.Context(), l, store.Listed{Enumeration: connector.Enumeration{Cursor: connector.Cursor(cursor),
		Listed: []connector.Range{{Stream: "Audit.Exchange", From: began, To: away}}}, Due: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	show := func(path string) map[string]int {
		var got api.Coverage
		if err := json.Unmarshal([]byte(w.must(http.StatusOK, "GET", path, "").raw), &got); err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		for _, c := range got.Cells {
			found[c.Stream] += c.Asked - c.Minutes
		}
		return found
	}
	from := "/coverage?from=" + now.Add(-24*time.Hour).Format(time.RFC3339)
	got := show(from + "&to=" + now.Format(time.RFC3339))
	if want := map[string]int{"Audit.Exchange": 5 * 60, "Audit.General": 9*60 + 20}; !maps.Equal(got, want) {
		t.Errorf("minutes missing %v, want %v", got, want)
	}
	if got := show(from + "&to=" + now.Add(48*time.Hour).Format(time.RFC3339)); got["Audit.General"] > 11*60 {
		t.Errorf("the future is missing too: %v", got)
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
