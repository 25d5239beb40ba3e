package copilot

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector"
)

// BenchmarkPrepare is the cost of a document that turns out to be unchanged.
func BenchmarkPrepare(b *testing.B) {
	cfg := validConfig()
	cfg.Item.Properties = map[string]string{"title": ".title", "url": `"https://intranet.contoso.com/policies/" + .slug`, "lastModifiedDateTime": ".modified", "size": ".size"}
	do, err := prepare(cfg)
	if err != nil {
		b.Fatal(err)
	}
	body := json.RawMessage(`{"path":"policies/leave.md","slug":"leave","title":"Leave","modified":"2026-03-01T09:30:00Z","size":2000,"text":"` + strings.Repeat("How leave works. ", 60) + `"}`)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := do(connector.Record{Key: "k", Body: body}); err != nil {
			b.Fatal(err)
		}
	}
}
