package source_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/connector/file/source"
	"github.com/headrace/headrace/internal/fault"
)

// TestCases reads the files in each case's folder `in`.
func TestCases(t *testing.T) {
	t.Parallel()
	connectortest.Cases(t, func(t *testing.T, c connectortest.Case) {
		cfg := source.Default()
		c.Settings(t, cfg)
		if err := cfg.Validate().Err(); err != nil && cfg.Path != "" {
			t.Fatal(err)
		}
		cfg.Path = t.TempDir()
		in := filepath.Join("testdata", "cases", filepath.Base(t.Name()), "in")
		if err := os.CopyFS(cfg.Path, os.DirFS(in)); err != nil {
			t.Fatal(err)
		}
		age(t, cfg.Path)
		src := open(t, cfg)
		splits, complete, _ := list(t, src)
		if !complete {
			t.Error("the listing is not complete")
		}
		var out bytes.Buffer
		for _, s := range splits {
			for rec, err := range src.Read(t.Context(), s, 0) {
				line := struct {
					Key   string          `json:"key"`
					Body  json.RawMessage `json:"body,omitempty"`
					Bytes string          `json:"bytes,omitempty"` // of a body that is no JSON
					Code  string          `json:"code,omitempty"`
					Error string          `json:"error,omitempty"`
				}{Key: rec.Key, Body: rec.Body}
				if err != nil {
					e, _ := fault.As(err)
					line.Code, line.Error = e.Code, err.Error()
					line.Body, line.Bytes = nil, string(rec.Body)
				}
				text, err := json.Marshal(line)
				if err != nil {
					t.Fatalf("%s: %v", rec.Body, err)
				}
				out.Write(append(text, '\n'))
			}
		}
		c.Want(t, "want.ndjson", out.Bytes())
	})
}

// age gives all files the same time.
func age(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(name, changed, changed)
	})
	if err != nil {
		t.Fatal(err)
	}
}
