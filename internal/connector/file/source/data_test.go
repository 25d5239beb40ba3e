package source_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector/file/source"
	"github.com/headrace/headrace/internal/fault"
)

// TestRealDocuments reads what people wrote: HEADRACE_DATA names a folder with a subfolder copilot.
func TestRealDocuments(t *testing.T) {
	t.Parallel()
	data := os.Getenv("HEADRACE_DATA")
	if data == "" {
		t.Skip("HEADRACE_DATA is not set")
	}
	all := readAll(t, config(filepath.Join(data, "copilot"), func(c *source.Config) { c.Exclude = []string{"**/*.json"} }))
	if len(all) < 50 {
		t.Fatalf("%d files", len(all))
	}
	refusals := 0
	for name, records := range all {
		for _, r := range records {
			if r.err != nil {
				if e, _ := fault.As(r.err); e.Code != "front_matter_wrong" {
					t.Errorf("%s: %v", name, r.err)
				}
				refusals++
				continue
			}
			check(t, name, r)
		}
	}
	if refusals > 10 {
		t.Errorf("%d documents are refused", refusals)
	}
}

// check looks at one record of a file.
func check(t *testing.T, name string, r one) {
	t.Helper()
	if strings.HasSuffix(name, ".csv") {
		var row map[string]string
		if err := json.Unmarshal([]byte(r.body), &row); err != nil || row["PartNumber"] == "" || row["Name"] == "" {
			t.Errorf("%s: %s, %v", name, r.body, err)
		}
		return
	}
	var doc struct {
		Path, Title, Text, Slug string
		Meta                    map[string]any
	}
	if err := json.Unmarshal([]byte(r.body), &doc); err != nil || r.key != name || doc.Path != name || doc.Title == "" || doc.Text == "" || doc.Slug == "" {
		t.Errorf("%s: key %q, title %q, slug %q, %d bytes of text, %v", name, r.key, doc.Title, doc.Slug, len(doc.Text), err)
	}
	if strings.Contains(name, "policies") && (strings.TrimSpace(fmt.Sprint(doc.Meta["title"])) != doc.Title || strings.HasPrefix(doc.Text, "---")) {
		t.Errorf("%s: title %q, meta %v", name, doc.Title, doc.Meta)
	}
}

// BenchmarkDocuments reads markdown files through listing and reading.
func BenchmarkDocuments(b *testing.B) {
	const files = 500
	dir := b.TempDir()
	text := "---\ntitle: Leave policy\nowner: hr\ntags: [leave, pay]\n---\n\n# Leave\n\n" + strings.Repeat("Ask your manager before you take leave. Then go.\n", 60)
	for i := range files {
		write(b, filepath.Join(dir, fmt.Sprintf("%03d.md", i)), text)
	}
	src := open(b, config(dir))
	b.ReportAllocs()
	for b.Loop() {
		splits, _, _ := list(b, src)
		for _, s := range splits {
			for _, err := range src.Read(b.Context(), s, 0) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.ReportMetric(float64(files)*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

// BenchmarkListing lists files that are not read.
func BenchmarkListing(b *testing.B) {
	const files = 2000
	dir := b.TempDir()
	for i := range files {
		write(b, filepath.Join(dir, fmt.Sprint(i%20), fmt.Sprintf("%04d.md", i)), "")
	}
	src := open(b, config(dir))
	for b.Loop() {
		if splits, _, _ := list(b, src); len(splits) != files {
			b.Fatal(len(splits))
		}
	}
	b.ReportMetric(float64(files)*float64(b.N)/b.Elapsed().Seconds(), "files/s")
}
