package connectortest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what the golden cases want; read the difference before you commit it")

// A Case is one golden case: a folder testdata/cases/<what happens>.
type Case struct{ folder string }

// Cases runs each golden case of the package under test, side by side. A package without any fails.
func Cases(t *testing.T, run func(t *testing.T, c Case)) {
	t.Helper()
	folders, err := filepath.Glob("testdata/cases/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			run(t, Case{folder})
		})
	}
}

// Read gives one of the case's files.
func (c Case) Read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(c.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Settings decodes the case's settings.json.
func (c Case) Settings(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal(c.Read(t, "settings.json"), into); err != nil {
		t.Fatalf("%s: %v", c.folder, err)
	}
}

// Want compares what came out with the case's file name, byte by byte. With -update it writes the file instead.
func (c Case) Want(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.Join(c.folder, name), got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := c.Read(t, name); !bytes.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
