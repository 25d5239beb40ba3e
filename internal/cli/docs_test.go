package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/headrace/headrace/internal/connector/registry"
)

// TestGeneratedPagesAreCurrent holds docs/commands and docs/connectors against what `make docs` would write.
func TestGeneratedPagesAreCurrent(t *testing.T) {
	t.Parallel()
	s := &session{io: IO{Getenv: func(string) string { return "" }}, connectors: registry.Specs()}
	fresh := t.TempDir()
	if err := s.connectorPages(filepath.Join(fresh, "connectors")); err != nil {
		t.Fatal(err)
	}
	if err := commandPages(s.root(), filepath.Join(fresh, "commands")); err != nil {
		t.Fatal(err)
	}
	const docs, remedy = "../../docs", "; run: make docs, and commit what it writes"
	for _, folder := range []string{"connectors", "commands"} {
		want, have := pages(t, filepath.Join(fresh, folder)), pages(t, filepath.Join(docs, folder))
		for name, text := range want {
			if stored, ok := have[name]; !ok {
				t.Errorf("docs/%s/%s is missing%s", folder, name, remedy)
			} else if stored != text {
				t.Errorf("docs/%s/%s is not what the program says of itself%s", folder, name, remedy)
			}
		}
		for name := range have {
			if _, ok := want[name]; !ok {
				t.Errorf("docs/%s/%s is of something that is not there any more%s", folder, name, remedy)
			}
		}
	}
}

func pages(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(raw)
	}
	return all
}
