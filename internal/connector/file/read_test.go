package file

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// readLines reads all files below a folder but headrace's own: every byte must belong to a whole line.
func readLines(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Name() == stateDir {
			return firstOf(err, fs.SkipDir)
		}
		if e.IsDir() {
			return nil
		}
		text, err := readFile(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if text != "" && !strings.HasSuffix(text, "\n") {
			t.Fatalf("%s ends in the middle of a line: %q", path, text[max(0, len(text)-40):])
		}
		for line := range strings.Lines(text) {
			out = append(out, strings.TrimSuffix(line, "\n"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// readFile unpacks with the standard library where it can. An empty file is one without records.
func readFile(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil || len(raw) == 0 {
		return "", err
	}
	var r io.Reader = bytes.NewReader(raw)
	switch filepath.Ext(path) {
	case ".gz":
		if r, err = gzip.NewReader(r); err != nil {
			return "", err
		}
	case ".zst":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return "", err
		}
		defer d.Close()
		r = d
	}
	text, err := io.ReadAll(r)
	return string(text), err
}
