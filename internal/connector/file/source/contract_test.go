package source_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/connector/file/source"
)

// policies is a folder with some of everything.
func policies(t *testing.T) string {
	return folder(t, map[string]string{
		"acceptable-use.md": "---\ntitle: Acceptable use\n---\n# Ignored\n\nBe kind.\n",
		"hr/leave.md":       "# Leave\n\nAsk first.\n",
		"hr/old/pay.txt":    "Pay is monthly.\n",
		"it/index.html":     "<title>IT</title><h1>Help</h1><p>Turn it off and on.</p>",
		"it/parts.csv":      "id,name\n1,hinge\n2,handle\n3,\"a, b\"\n",
		"it/parts.ndjson":   `{"id":"4","name":"shelf"}` + "\n" + `{"id":"5"}` + "\n",
		"it/parts.json":     `[{"id":6},{"id":7}]`,
		"it/picture.png":    "\x89PNG",
		".git/config":       "hidden",
	})
}

func TestContract(t *testing.T) {
	t.Parallel()
	connectortest.Source(t, connectortest.SourceCase{
		Spec: *source.Spec(),
		Remote: func(t *testing.T) connectortest.Remote {
			cfg := source.Default()
			cfg.Path, cfg.Key = policies(t), "id"
			return connectortest.Remote{
				Open: func(t *testing.T) connector.Source { return open(t, cfg) }, Config: cfg,
				Splits: 7, Records: 11,
				Change: func(t *testing.T, split connector.Split) {
					name := filepath.Join(cfg.Path, "acceptable-use.md")
					if err := os.WriteFile(name, []byte("another text"), 0o600); err != nil {
						t.Fatal(err)
					}
				},
			}
		},
	})
}
