package source_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/file/source"
	"github.com/headrace/headrace/internal/fault"
)

// paths are those of splits, in order.
func paths(splits []connector.Split) []string {
	var out []string
	for _, s := range splits {
		path, _, _ := strings.Cut(s.ID, "@")
		out = append(out, path)
	}
	return out
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"a.md": "", "b.txt": "", "c.png": "", "hr/d.md": "", "hr/drafts/e.md": "", "it/f.md": "", "it/deep/g.md": "", ".hidden.md": "", ".git/h.md": "", "~$i.docx": "", "it/noext": "",
	})
	for name, c := range map[string]struct {
		set  func(*source.Config)
		want string
	}{
		"everything that is known":         {func(*source.Config) {}, "a.md b.txt hr/d.md hr/drafts/e.md it/deep/g.md it/f.md"},
		"one star stays in the folder":     {func(c *source.Config) { c.Include = []string{"*.md"} }, "a.md"},
		"two stars go into all":            {func(c *source.Config) { c.Include = []string{"**/*.md"} }, "a.md hr/d.md hr/drafts/e.md it/deep/g.md it/f.md"},
		"several patterns":                 {func(c *source.Config) { c.Include = []string{"{hr,it}/*.md", "*.txt"} }, "b.txt hr/d.md it/f.md"},
		"exclude wins":                     {func(c *source.Config) { c.Exclude = []string{"**/drafts/**", "a.*"} }, "b.txt hr/d.md it/deep/g.md it/f.md"},
		"a folder that is excluded itself": {func(c *source.Config) { c.Exclude = []string{"it"} }, "a.md b.txt hr/d.md hr/drafts/e.md"},
		"hidden ones too":                  {func(c *source.Config) { c.Hidden, c.Include = true, []string{"*", ".git/*"} }, ".git/h.md .hidden.md a.md b.txt ~$i.docx"},
		"a format beats the extension":     {func(c *source.Config) { c.Format, c.Include = "text", []string{"it/no*", "*.png"} }, "c.png it/noext"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			splits, complete, _ := list(t, open(t, config(dir, c.set)))
			if got := strings.Join(paths(splits), " "); got != c.want || !complete {
				t.Errorf("got %s, complete %v; want %s", got, complete, c.want)
			}
		})
	}
}

func TestAFileByItself(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"parts.csv": "id\n1\n", "other.csv": "id\n2\n"})
	link := filepath.Join(t.TempDir(), "link.csv")
	if err := os.Symlink(filepath.Join(dir, "parts.csv"), link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "parts.csv"), "file://" + filepath.Join(dir, "parts.csv"), link} {
		got := readAll(t, config(path))
		if len(got) != 1 || len(got["parts.csv"]) != 1 || got["parts.csv"][0].body != `{"id":"1"}` {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestStreamsAreTheFirstFolders(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.md": "", "hr/b.md": "", "hr/old/c.md": ""})
	splits, _, _ := list(t, open(t, config(dir)))
	var got []string
	for _, s := range splits {
		got = append(got, s.Stream)
		if !s.Time.Equal(changed) {
			t.Errorf("%s: time %s, want when the file changed", s.ID, s.Time)
		}
	}
	if !slices.Equal(got, []string{"root", "hr", "hr"}) {
		t.Errorf("streams %q", got)
	}
}

// A big folder is listed in pages, each of which can be the first after a restart; what is added before the place where the
// listing stands is found by the next one.
func TestPages(t *testing.T) {
	t.Parallel()
	const files, size = 90, 40
	dir := t.TempDir()
	for i := range files {
		write(t, filepath.Join(dir, fmt.Sprintf("f%d", i%3), fmt.Sprintf("%04d.md", i)), "")
	}
	cfg := config(dir)
	seen := map[string]int{}
	var cursor connector.Cursor
	for page := 0; ; page++ {
		src := open(t, cfg) // as after a restart
		source.SetPage(src, size)
		found, err := src.Enumerate(context.Background(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths(found.Splits) {
			seen[path]++
		}
		if len(found.Splits) > size {
			t.Errorf("page %d has %d splits", page, len(found.Splits))
		}
		write(t, filepath.Join(dir, "f0", fmt.Sprintf("0000-added-%d.md", page)), "")
		if cursor = found.Cursor; !found.More {
			if !found.Complete {
				t.Error("the listing is not complete")
			}
			break
		}
	}
	if len(seen) != files {
		t.Errorf("%d files, want %d", len(seen), files)
	}
	for path, n := range seen {
		if n != 1 {
			t.Errorf("%s was listed %d times", path, n)
		}
	}
	found, err := open(t, cfg).Enumerate(context.Background(), cursor)
	if got := paths(found.Splits); err != nil || got[0] != "f0/0000-added-0.md" || got[1] != "f0/0000-added-1.md" {
		t.Errorf("the next listing begins with %v, %v", got[:2], err)
	}
	if found.Complete {
		t.Error("a listing from a kept cursor is complete")
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	outside := folder(t, map[string]string{"secret.md": "outside", "dir/secret.md": "outside"})
	dir := folder(t, map[string]string{"a.md": "inside", "real/b.md": "inside"})
	for link, to := range map[string]string{
		"to-file.md": "a.md", "to-dir": "real", "loop": ".", "real/up": "..", "out.md": filepath.Join(outside, "secret.md"), "out-dir": filepath.Join(outside, "dir"),
		"relative-out.md": "../" + filepath.Base(outside) + "/secret.md", "dangling.md": "nothing.md", "self.md": "self.md",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for follow, want := range map[bool]string{false: "a.md real/b.md", true: "a.md real/b.md to-dir/b.md to-file.md"} {
		got := readAll(t, config(dir, func(c *source.Config) { c.FollowSymlinks = follow }))
		var names []string
		for name, records := range got {
			names = append(names, name)
			for _, r := range records {
				if r.err != nil || !strings.Contains(r.body, "inside") {
					t.Errorf("%s: %+v", name, r)
				}
			}
		}
		slices.Sort(names)
		if strings.Join(names, " ") != want {
			t.Errorf("follow %v: %q, want %s", follow, names, want)
		}
	}
}

// A file that a link has taken the place of since the listing is not read, wherever the link leads.
func TestALinkInPlaceOfAFile(t *testing.T) {
	t.Parallel()
	outside := folder(t, map[string]string{"secret.md": "outside"})
	dir := folder(t, map[string]string{"a.md": "inside!", "hr/b.md": "inside!"})
	src := open(t, config(dir))
	splits, _, _ := list(t, src)
	for _, name := range []string{"a.md", "hr"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(outside, "b.md"), "outside")
	if err := os.Symlink(filepath.Join(outside, "secret.md"), filepath.Join(dir, "a.md")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "hr")); err != nil {
		t.Fatal(err)
	}
	for _, s := range splits {
		for _, r := range read(t, src, s) {
			if r.err == nil || strings.Contains(r.body, "outside") {
				t.Errorf("%s: %+v", s.ID, r)
			}
		}
	}
}

func TestWhatHappensWhileItIsCrawled(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"gone.md": "x", "edited.md": "x", "table.csv": "id\n1\n2\n", "pipe.md": "x", "same.md": "x"})
	src := open(t, config(dir))
	splits, _, _ := list(t, src)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Remove(filepath.Join(dir, "gone.md")))
	must(os.WriteFile(filepath.Join(dir, "edited.md"), []byte("y"), 0o600)) // the same size, another time
	must(os.Remove(filepath.Join(dir, "pipe.md")))
	must(os.Mkdir(filepath.Join(dir, "pipe.md"), 0o750))
	want := map[string]fault.Class{"gone.md": fault.NotFound, "edited.md": fault.Conflict, "pipe.md": fault.Conflict}
	for i, path := range paths(splits) {
		got := read(t, src, splits[i])
		class, bad := want[path]
		if bad && (len(got) != 1 || got[0].err == nil || fault.ClassOf(got[0].err) != class) {
			t.Errorf("%s: %+v, want %s", path, got, class)
		}
		if !bad && got[0].err != nil {
			t.Errorf("%s: %v", path, got[0].err)
		}
	}
}

// A table that grows while it is read is a conflict at its end; its next version has everything.
func TestATableThatGrowsWhileItIsRead(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"t.ndjson": "{\"id\":1}\n{\"id\":2}\n"})
	src := open(t, config(dir))
	splits, _, _ := list(t, src)
	var last error
	for r, err := range src.Read(t.Context(), splits[0], 0) {
		if last = err; string(r.Body) == `{"id":1}` {
			f, err := os.OpenFile(filepath.Join(dir, "t.ndjson"), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = f.WriteString("{\"id\":3}\n")
			_ = f.Close()
		}
	}
	if fault.ClassOf(last) != fault.Conflict {
		t.Errorf("at the end: %v, want a conflict", last)
	}
}

func TestAFolderThatIsMissing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "later")
	src := open(t, config(dir))
	if _, err := src.Enumerate(context.Background(), nil); fault.ClassOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Fatalf("got %v, want unavailable", err)
	}
	write(t, filepath.Join(dir, "a.md"), "")
	if splits, complete, _ := list(t, src); len(splits) != 1 || !complete {
		t.Errorf("after it was made: %v, complete %v", paths(splits), complete)
	}
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	if _, err := src.Enumerate(context.Background(), nil); fault.ClassOf(err) != fault.Unavailable {
		t.Errorf("after it vanished: %v, want unavailable", err)
	}
}

func TestLimitsOfDocuments(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"small.md": "fine", "large.md": strings.Repeat("x", 3000)})
	got := readAll(t, config(dir, func(c *source.Config) { c.MaxFile = 2000 }))
	refused(t, got["large.md"], "large.md", "file_too_large")
	if got["small.md"][0].err != nil {
		t.Error(got["small.md"][0].err)
	}
	got = readAll(t, config(dir, func(c *source.Config) { c.MaxRecord = 1000 }))
	refused(t, got["large.md"], "large.md", "text_too_large")
}

func TestANameThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "b\xff.md"), []byte("x"), 0o600); err != nil {
		t.Skip("this file system takes no such name")
	}
	for _, records := range readAll(t, config(dir)) {
		refused(t, records, `"b\xff.md"`, "name_not_utf8")
	}
}

func TestPackedTables(t *testing.T) {
	t.Parallel()
	const text = "{\"id\":1}\n{\"id\":2}\n"
	var g, z bytes.Buffer
	gw := gzip.NewWriter(&g)
	_, _ = gw.Write([]byte(text))
	_ = gw.Close()
	zw, _ := zstd.NewWriter(&z)
	_, _ = zw.Write([]byte(text))
	_ = zw.Close()
	dir := folder(t, map[string]string{"a.ndjson.gz": g.String(), "b.jsonl.zst": z.String(), "cut.ndjson.gz": g.String()[:g.Len()-4], "none.ndjson.gz": text, "torn.ndjson.zst": z.String()[:z.Len()-4], "text.md.gz": g.String()})
	got := readAll(t, config(dir))
	for _, name := range []string{"a.ndjson.gz", "b.jsonl.zst"} {
		if r := got[name]; len(r) != 2 || r[1].body != `{"id":2}` || r[1].err != nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for _, name := range []string{"cut.ndjson.gz", "none.ndjson.gz", "torn.ndjson.zst"} {
		if r := got[name]; len(r) == 0 || fault.ClassOf(r[len(r)-1].err) != fault.Invalid || r[len(r)-1].err == nil {
			t.Errorf("%s: %+v, want a refusal at the end", name, r)
		}
	}
	if _, listed := got["text.md.gz"]; listed {
		t.Error("a packed document is listed")
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set   func(*source.Config)
		field string
	}{
		"no path":                       {func(c *source.Config) { c.Path = "" }, "path"},
		"home":                          {func(c *source.Config) { c.Path = "~/x" }, "path"},
		"another URL":                   {func(c *source.Config) { c.Path = "ftp://x/y" }, "path"},
		"a file URL with a host":        {func(c *source.Config) { c.Path = "file://srv/policies" }, "path"},
		"a broken pattern":              {func(c *source.Config) { c.Include = []string{"[a"} }, "include[0]"},
		"a pattern from the root":       {func(c *source.Config) { c.Exclude = []string{"**", "/etc/**"} }, "exclude[1]"},
		"no format":                     {func(c *source.Config) { c.Format = "doc" }, "format"},
		"no charset":                    {func(c *source.Config) { c.Charset = "ebcdic" }, "charset"},
		"a long delimiter":              {func(c *source.Config) { c.Delimiter = "||" }, "delimiter"},
		"a quote as delimiter":          {func(c *source.Config) { c.Delimiter = `"` }, "delimiter"},
		"no delimiter":                  {func(c *source.Config) { c.Delimiter = "" }, "delimiter"},
		"neither header nor columns":    {func(c *source.Config) { c.Header = false }, "columns"},
		"header and columns":            {func(c *source.Config) { c.Columns = []string{"a"} }, "columns"},
		"a column twice":                {func(c *source.Config) { c.Header, c.Columns = false, []string{"a", "a"} }, "columns[1]"},
		"a key that is no column":       {func(c *source.Config) { c.Header, c.Columns, c.Key = false, []string{"a"}, "b" }, "key"},
		"a key of documents":            {func(c *source.Config) { c.Format, c.Key = "markdown", "id" }, "key"},
		"memory for less than a file":   {func(c *source.Config) { c.Memory = 2 << 20 }, "memory"},
		"no time":                       {func(c *source.Config) { c.TimePerDocument = 0 }, "timePerDocument"},
		"no rest":                       {func(c *source.Config) { c.Interval = 0 }, "interval"},
		"records too small":             {func(c *source.Config) { c.MaxRecord = 1 }, "maxRecord"},
		"nothing may be unpacked":       {func(c *source.Config) { c.MaxUnpacked = 0 }, "maxUnpacked"},
		"files of any size are refused": {func(c *source.Config) { c.MaxFile = 0 }, "maxFile"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := config("/srv/policies", c.set).Validate()
			if len(problems) != 1 || problems[0].Field != c.field {
				t.Errorf("got %v, want one problem with %s", problems, c.field)
			}
		})
	}
	if problems := config("./policies").Validate(); len(problems) > 0 {
		t.Errorf("the defaults have problems: %v", problems)
	}
}
