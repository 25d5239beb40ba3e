package source_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/connector/file/bucket/buckettest"
	"github.com/headrace/headrace/internal/connector/file/source"
	"github.com/headrace/headrace/internal/fault"
)

func find(t testing.TB, cfg *source.Config, sought connector.Sought) (connector.Record, error) {
	t.Helper()
	return source.Spec().Find(t.Context(), cfg, connectortest.Env(t), sought)
}

// unknown expects that a key is found neither by itself nor by going through everything.
func unknown(t testing.TB, cfg *source.Config, key string) {
	t.Helper()
	for _, sought := range []connector.Sought{{Key: key}, {Is: func(k string) bool { return k == key }}} {
		if r, err := find(t, cfg, sought); err == nil || fault.ClassOf(err) != fault.NotFound {
			t.Errorf("%s: %q, %v; want not found", key, r.Body, err)
		}
	}
}

func TestFindKeepsTheRulesOfACrawl(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a.md": "a", "hr/b.md": "b", "hr/drafts/c.md": "c", ".hidden.md": "h", ".git/d.md": "d", "~$e.docx": "e", "f.png": "f"}
	outside := folder(t, map[string]string{"secret.md": "s"})
	dir := folder(t, files)
	for link, to := range map[string]string{"out.md": filepath.Join(outside, "secret.md"), "outside": outside, "inside": "hr", "hr/round": "..", "dangling.md": "nowhere.md"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	never := []string{"out.md", "outside/secret.md", "hr/round/a.md", "dangling.md", "../" + filepath.Base(outside) + "/secret.md", filepath.Join(outside, "secret.md"), "hr/../a.md", "./a.md", "hr", "hr/", "f.png", "a.md/x"}
	set := func(c *source.Config) { c.Exclude = []string{"**/drafts/**"} }
	for _, key := range append(never, "hr/drafts/c.md", ".hidden.md", ".git/d.md", "~$e.docx", "inside/b.md") {
		unknown(t, config(dir, set), key)
	}
	for _, key := range never {
		unknown(t, config(dir, func(c *source.Config) { c.FollowSymlinks = true }), key)
	}
	for key, set := range map[string]func(*source.Config){
		"hr/b.md": set, "inside/b.md": func(c *source.Config) { c.FollowSymlinks = true }, ".git/d.md": func(c *source.Config) { c.Hidden = true },
	} {
		if r, err := find(t, config(dir, set), connector.Sought{Key: key}); err != nil || !strings.Contains(string(r.Body), `"path":"`+key+`"`) {
			t.Errorf("%s: %q, %v", key, r.Body, err)
		}
	}
	s := buckettest.NewS3(t, map[string]string{"docs/a.md": "a", "docs/hr/drafts/c.md": "c", "docs/.git/d.md": "d", "secret.md": "s", "docs/folder.md/": "", "docsecret.md": "s", "docs/a.md.md": "x"})
	for _, key := range []string{"../secret.md", "secret.md", "hr/drafts/c.md", ".git/d.md", "folder.md/", "folder.md", "a", "", "ecret.md"} {
		unknown(t, config(s.Address("docs"), set), key)
	}
	if r, err := find(t, config(s.Address("docs"), set), connector.Sought{Key: "a.md"}); err != nil || !strings.Contains(string(r.Body), `"text":"a"`) {
		t.Errorf("in a bucket: %q, %v", r.Body, err)
	}
}

func TestFindInTables(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("id,name\n9,packed\n"))
	_ = z.Close()
	dir := folder(t, map[string]string{
		"1.csv": "id,name\n1,hinge\n../x,dots\n", "2.csv": "id,name\n1,another\n2,handle\n", "3.ndjson": `{"id":3}` + "\n", "4.csv.gz": packed.String(),
		"a/5.json": `[{"id":"5"}]`, "left/out.csv": "id\n7\n", "doc.md": "text",
	})
	cfg := config(dir, func(c *source.Config) { c.Key, c.Exclude = "id", []string{"left/**"} })
	for key, want := range map[string]string{"1": `{"id":"1","name":"hinge"}`, "../x": `{"id":"../x","name":"dots"}`, "2": `{"id":"2","name":"handle"}`, "3": `{"id":3}`, "9": `{"id":"9","name":"packed"}`, "5": `{"id":"5"}`} {
		if r, err := find(t, cfg, connector.Sought{Key: key}); err != nil || string(r.Body) != want || r.Key != key || !r.Time.Equal(changed) {
			t.Errorf("%s: %q of %s, %v; want %s", key, r.Body, r.Time, err, want)
		}
	}
	for _, key := range []string{"7", "8", "1.csv", "id"} {
		unknown(t, cfg, key)
	}
	write(t, filepath.Join(dir, "2.csv"), "id,name\n1,another\n")
	unknown(t, cfg, "2")
	if err := os.Remove(filepath.Join(dir, "3.ndjson")); err != nil {
		t.Fatal(err)
	}
	unknown(t, cfg, "3")
	if _, err := find(t, cfg, connector.Sought{Key: "3"}); !strings.Contains(err.Error(), "files 5, rows 5") {
		t.Errorf("%v; want how much was looked at", err)
	}
	unknown(t, config(dir), "1") // without a key column no row has a key
	one := config(filepath.Join(dir, "1.csv"), func(c *source.Config) { c.Key = "id" })
	if r, err := find(t, one, connector.Sought{Key: "1"}); err != nil || r.Key != "1" {
		t.Errorf("a file by itself: %+v, %v", r, err)
	}
	unknown(t, one, "2.csv")
}

// That something was not found is said only if everything could be looked at.
func TestFindWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.md": strings.Repeat("x", 100), "b.csv": "id\n1\n", "broken.csv": "id\n\"2\n3\n", "c.csv": "id\n4\n"})
	cfg := config(dir, func(c *source.Config) { c.Key, c.MaxFile = "id", 50 })
	r, err := find(t, cfg, connector.Sought{Key: "a.md"})
	if e, ok := fault.As(err); !ok || e.Code != "file_too_large" || r.Key != "a.md" {
		t.Errorf("a document that is refused: key %q, %v", r.Key, err)
	}
	if r, err := find(t, cfg, connector.Sought{Key: "4"}); err != nil || r.Key != "4" {
		t.Errorf("behind a broken table: %+v, %v", r, err)
	}
	if _, err := find(t, cfg, connector.Sought{Key: "2"}); fault.ClassOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "broken.csv") || fault.HintOf(err) == "" {
		t.Errorf("in a broken table: %v; want that not everything could be looked at", err)
	}
	if _, err := find(t, config(filepath.Join(dir, "nowhere")), connector.Sought{Key: "a.md"}); fault.ClassOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// A search that is stopped says how far it came.
func TestFindStops(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("id\n")
	for i := range 20_000 {
		_, _ = fmt.Fprintf(&b, "%d\n", i)
	}
	cfg := config(folder(t, map[string]string{"big.csv": b.String()}), func(c *source.Config) { c.Key = "id" })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := 0
	_, err := source.Spec().Find(ctx, cfg, connectortest.Env(t), connector.Sought{Is: func(string) bool {
		if asked++; asked == 1000 {
			cancel()
		}
		return false
	}})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "files 1, rows 1000") {
		t.Errorf("after %d rows: %v", asked, err)
	}
}
