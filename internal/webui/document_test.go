package webui_test

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/headrace/headrace/internal/api"
)

var update = flag.Bool("update", false, "write web/openapi.json anew; then: cd web && npm run types")

const kept = "../../web/openapi.json"

// The web app's types are made of a copy of the API's document. They are of this API only while the copy is.
func TestDocument(t *testing.T) {
	t.Parallel()
	now, err := json.MarshalIndent(api.Document(""), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	now = append(now, '\n')
	if *update {
		if err := os.WriteFile(kept, now, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	had, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	if string(had) != string(now) {
		t.Error("web/openapi.json is of another API than this one. Run: go test ./internal/webui -run TestDocument -update && npm --prefix web run types")
	}
}
