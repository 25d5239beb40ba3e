package source_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/connector/file/bucket/buckettest"
	"github.com/headrace/headrace/internal/connector/file/source"
	"github.com/headrace/headrace/internal/fault"
)

func TestMain(m *testing.M) {
	if err := buckettest.Environment(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// stored is the same as policies, in a bucket.
func stored(t *testing.T) *buckettest.S3 {
	return buckettest.NewS3(t, map[string]string{
		"docs/acceptable-use.md": "---\ntitle: Acceptable use\n---\n# Ignored\n\nBe kind.\n",
		"docs/hr/leave.md":       "# Leave\n\nAsk first.\n",
		"docs/hr/old/pay.txt":    "Pay is monthly.\n",
		"docs/it/index.html":     "<title>IT</title><h1>Help</h1><p>Turn it off and on.</p>",
		"docs/it/parts.csv":      "id,name\n1,hinge\n2,handle\n3,\"a, b\"\n",
		"docs/it/parts.ndjson":   `{"id":"4","name":"shelf"}` + "\n" + `{"id":"5"}` + "\n",
		"docs/it/parts.json":     `[{"id":6},{"id":7}]`,
		"docs/it/picture.png":    "\x89PNG",
		"docs/.git/config":       "hidden",
		"other/elsewhere.md":     "elsewhere",
	})
}

func TestContractOfABucket(t *testing.T) {
	t.Parallel()
	connectortest.Source(t, connectortest.SourceCase{
		Spec: *source.Spec(),
		Remote: func(t *testing.T) connectortest.Remote {
			s := stored(t)
			cfg := config(s.Address("docs"), func(c *source.Config) { c.Key = "id" })
			return connectortest.Remote{
				Open: func(t *testing.T) connector.Source { return open(t, cfg) }, Config: cfg,
				Splits: 7, Records: 11,
				Change: func(t *testing.T, split connector.Split) { s.Put("docs/acceptable-use.md", "another text") },
				Stall: func(t *testing.T) {
					s.Trouble(func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })
				},
			}
		},
	})
}

// A bucket gives the very records that a folder with the same files gives, but for the times.
func TestABucketIsLikeAFolder(t *testing.T) {
	t.Parallel()
	s, dir := stored(t), policies(t)
	for name, set := range map[string]func(*source.Config){
		"everything":           func(c *source.Config) { c.Key = "id" },
		"patterns":             func(c *source.Config) { c.Include, c.Exclude = []string{"**/*.{md,csv}"}, []string{"hr/**"} },
		"hidden ones, as text": func(c *source.Config) { c.Hidden, c.Include, c.Format = true, []string{".git/*"}, "text" },
		"a small limit":        func(c *source.Config) { c.MaxFile = 30 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := readAll(t, config(dir, set)), readAll(t, config(s.Address("docs"), set))
			if a, b := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(a, b) || len(a) == 0 {
				t.Fatalf("files %q, want %q", a, b)
			}
			for path := range want {
				if g, w := timeless(t, got[path]), timeless(t, want[path]); g != w {
					t.Errorf("%s:\n%s\nwant\n%s", path, g, w)
				}
			}
		})
	}
}

// timeless shows what was read without the time of change.
func timeless(t *testing.T, all []one) string {
	t.Helper()
	var b strings.Builder
	for _, r := range all {
		fields := map[string]any{}
		if r.body != "" {
			if err := json.Unmarshal([]byte(r.body), &fields); err != nil {
				t.Fatal(err)
			}
		}
		delete(fields, "modified")
		_, _ = fmt.Fprintln(&b, r.key, fields, r.err)
	}
	return b.String()
}

func TestWhatHappensToObjectsWhileTheyAreCrawled(t *testing.T) {
	t.Parallel()
	s := buckettest.NewS3(t, map[string]string{"gone.md": "x", "edited.md": "x", "same.md": "x", "table.csv": "id\n1\n", "packed.csv.gz": "no gzip"})
	src := open(t, config(s.Address("")))
	splits, complete, _ := list(t, src)
	if !complete || len(splits) != 5 {
		t.Fatalf("%d splits, complete %v", len(splits), complete)
	}
	s.Delete("gone.md")
	s.Put("edited.md", "y")
	s.Put("table.csv", "id\n2\n")
	want := map[string]fault.Class{"gone.md": fault.NotFound, "edited.md": fault.Conflict, "table.csv": fault.Conflict, "packed.csv.gz": fault.Invalid}
	for _, split := range splits {
		path, _, _ := strings.Cut(split.ID, "@")
		got := read(t, src, split)
		if path == "same.md" {
			if len(got) != 1 || got[0].err != nil {
				t.Errorf("%s: %+v", path, got)
			}
			continue
		}
		if len(got) != 1 || fault.ClassOf(got[0].err) != want[path] {
			t.Errorf("%s: %+v, want %s", path, got, want[path])
		}
	}
}

// An edit that keeps size and second is another version: the ETag tells.
func TestAnEditWithinTheSecond(t *testing.T) {
	t.Parallel()
	s := buckettest.NewS3(t, map[string]string{"a.md": "one"})
	src := open(t, config(s.Address("")))
	before, _, _ := list(t, src)
	s.Put("a.md", "two")
	after, _, _ := list(t, src)
	if before[0].ID == after[0].ID {
		t.Errorf("both are %s", before[0].ID)
	}
}

// While the bucket can't be listed nothing counts as gone: the listing fails, it does not end.
func TestABucketThatCannotBeListed(t *testing.T) {
	t.Parallel()
	s := buckettest.NewS3(t, map[string]string{"a.md": "x"})
	src := open(t, config(s.Address("")))
	for code, class := range map[string]fault.Class{"AccessDenied": fault.Denied, "NoSuchBucket": fault.Unavailable} {
		s.Trouble(func(w http.ResponseWriter, _ *http.Request) bool {
			buckettest.Refuse(w, map[string]int{"AccessDenied": 403, "NoSuchBucket": 404}[code], code, "No.")
			return true
		})
		if found, err := src.Enumerate(context.Background(), nil); fault.ClassOf(err) != class || found.Complete || fault.HintOf(err) == "" {
			t.Errorf("%s: %+v, %v", code, found, err)
		}
	}
}

func TestCheckOfABucket(t *testing.T) {
	t.Parallel()
	s := stored(t)
	said := func() (text string) {
		for _, c := range source.Spec().Check(context.Background(), config(s.Address("docs")), connectortest.Env(t)) {
			text += fmt.Sprintf("%s %s: %s %s\n", c.Name, c.Result, c.Text, c.Fix)
		}
		return text
	}
	if got := said(); !strings.Contains(got, "Bucket "+string(connector.Works)) || !strings.Contains(got, "7: ") || !strings.Contains(got, "can be opened") {
		t.Error(got)
	}
	s.Trouble(func(w http.ResponseWriter, _ *http.Request) bool {
		buckettest.Refuse(w, 403, "AccessDenied", "No.")
		return true
	})
	if got := said(); !strings.Contains(got, "Bucket "+string(connector.Refused)) || !strings.Contains(got, "s3:ListBucket") {
		t.Error(got)
	}
}
