package source_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/connector/file/source"
	"github.com/headrace/headrace/internal/fault"
)

// changed is when the files of a test were changed.
var changed = time.Date(2026, 3, 14, 15, 9, 26, 535_000_000, time.UTC)

// folder makes files with their contents, all changed at the same time.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, changed, changed); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, cfg *source.Config) connector.Source {
	t.Helper()
	src, err := source.Spec().Open(cfg, connectortest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// config is a config with its path.
func config(path string, change ...func(*source.Config)) *source.Config {
	cfg := source.Default()
	cfg.Path = path
	for _, c := range change {
		c(cfg)
	}
	return cfg
}

// list goes on to the end of a pass.
func list(t testing.TB, src connector.Source) (splits []connector.Split, complete bool, failed []connector.StreamError) {
	t.Helper()
	var cursor connector.Cursor
	for {
		found, err := src.Enumerate(context.Background(), cursor)
		if err != nil {
			t.Fatalf("enumerate: %v (%s)", err, fault.HintOf(err))
		}
		splits, failed = append(splits, found.Splits...), append(failed, found.Failed...)
		if cursor = found.Cursor; !found.More {
			return splits, found.Complete, failed
		}
	}
}

// one is what Read yielded once.
type one struct {
	key, body string
	err       error
}

func read(t testing.TB, src connector.Source, split connector.Split) []one {
	t.Helper()
	var out []one
	for r, err := range src.Read(context.Background(), split, 0) {
		out = append(out, one{r.Key, string(r.Body), err})
	}
	return out
}

// readAll reads everything below a folder, by path.
func readAll(t testing.TB, cfg *source.Config) map[string][]one {
	t.Helper()
	src := open(t, cfg)
	splits, _, _ := list(t, src)
	out := map[string][]one{}
	for _, s := range splits {
		path, _, _ := strings.Cut(s.ID, "@")
		out[path] = read(t, src, s)
	}
	return out
}

// refused expects one refusal with a code and a key.
func refused(t testing.TB, got []one, key, code string) {
	t.Helper()
	if len(got) != 1 || got[0].err == nil {
		t.Fatalf("got %+v, want one refusal", got)
	}
	e, ok := fault.As(got[0].err)
	if !ok || e.Class != fault.Invalid || e.Code != code || got[0].key != key {
		t.Errorf("key %q, %v (code %q); want key %q and code %q", got[0].key, got[0].err, e.Code, key, code)
	}
	if fault.HintOf(got[0].err) == "" {
		t.Errorf("%v: no hint", got[0].err)
	}
}
