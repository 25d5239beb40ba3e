package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/store"
)

// Few items are refused: a page that asks for them goes past those that are not, and none is without an item but the last.
func TestItemsInAStateAreFoundAmongMany(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.must(http.StatusCreated, "POST", "/sources", `{"name":"docs","spec":{"connector":"file","path":"`+t.TempDir()+`"}}`)
	w.must(http.StatusCreated, "POST", "/destinations", w.archive("archive"))
	w.must(http.StatusCreated, "POST", "/flows", `{"name":"fill","spec":{"source":"docs","destination":"archive","mode":"append"}}`)
	s := w.services.Store
	dest, err := s.Object(t.Context(), store.Destination, "archive")
	if err != nil {
		t.Fatal(err)
	}
	turns, err := s.DueLanes(t.Context(), 1)
	if err != nil || len(turns) != 1 {
		t.Fatal(turns, err)
	}
	lane, ok, err := s.TakeLane(t.Context(), "n", turns[0].ID, time.Minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	var all []store.InventoryItem
	for i := range 200 {
		state := store.Sent
		if i%50 == 7 {
			state = store.SendFailed
		}
		all = append(all, store.InventoryItem{DestinationID: dest.ID, Key: fmt.Sprint("k", i), SourceKey: fmt.Sprint("s", i), State: state, Crawl: 1})
	}
	if err := s.CommitBatch(t.Context(), lane, store.Committed{Keep: time.Minute, Inventory: all}); err != nil {
		t.Fatal(err)
	}
	found, after := 0, ""
	for pages := 0; ; pages++ {
		var page api.ItemPage
		if err := json.Unmarshal([]byte(w.must(http.StatusOK, "GET", "/destinations/archive/items?state=failed&limit=10&after="+after, "").raw), &page); err != nil {
			t.Fatal(err)
		}
		found += len(page.Items)
		if page.Next == "" {
			break
		}
		if len(page.Items) == 0 || pages > 4 {
			t.Fatalf("page %d has %d items", pages, len(page.Items))
		}
		after = page.Next
	}
	if found != 4 {
		t.Errorf("%d items, want 4", found)
	}
}
