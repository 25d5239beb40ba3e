package extract_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/connector/file/extract"
	"github.com/headrace/headrace/internal/fault"
)

// judge expects a text with a JSON object beside it, or a refusal.
func judge(t *testing.T, format string, data []byte) {
	t.Helper()
	doc, err := extract.Text(context.Background(), format, "utf-8", data, extract.Limits{Text: 1 << 16, Unpacked: 1 << 22, Time: 10 * time.Second})
	if err != nil {
		if e, ok := fault.As(err); !ok || e.Class != fault.Invalid || e.Code == "" || e.Hint == "" {
			t.Errorf("%v is no refusal", err)
		}
		return
	}
	var meta map[string]any
	if err := json.Unmarshal(doc.Meta, &meta); err != nil {
		t.Errorf("meta %s: %v", doc.Meta, err)
	}
	if int64(len(doc.Text)) > 1<<16 || !utf8.ValidString(doc.Text) {
		t.Errorf("a text of %d bytes, valid %v", len(doc.Text), utf8.ValidString(doc.Text))
	}
}

func FuzzTexts(f *testing.F) {
	for i, text := range []string{"---\na: 1\nb: {c: [x, *y]}\n---\n# T", "<title>a<p>b</p><meta name=x content=y><pre>\n x", "\xff\xfea\x00", "plain"} {
		f.Add([]byte(text), uint8(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		judge(t, []string{"markdown", "html", "text"}[kind%3], data)
	})
}

// Parts are what a document is made of; the packing is right, what is in it anything.
func FuzzOffice(f *testing.F) {
	f.Add(`<w:p><w:pPr><w:pStyle w:val="Title"/></w:pPr><w:t>x</w:t></w:p><w:tbl><w:tr><w:tc/></w:tr></w:tbl>`, `<Relationship Id="1" Target="s.xml"/>`, uint8(0))
	f.Add(`<p:sldId r:id="1"/>`, `<a><Relationship Id="1" Target="s.xml"/></a>`, uint8(1))
	f.Add(`<sheet name="a" r:id="1"/>`, `<sst><si><t>x</t></si></sst>`, uint8(2))
	f.Fuzz(func(t *testing.T, main, other string, kind uint8) {
		format := []string{"docx", "pptx", "xlsx"}[kind%3]
		dir := map[string]string{"docx": "word/document", "pptx": "ppt/presentation", "xlsx": "xl/workbook"}[format]
		base, last := path.Split(dir)
		judge(t, format, packed(t, map[string]string{
			dir + ".xml": main, base + "_rels/" + last + ".xml.rels": other, base + "s.xml": other, base + "sharedStrings.xml": other, base + "styles.xml": main, "docProps/core.xml": other,
		}))
	})
}

func BenchmarkPDF(b *testing.B) {
	lines := make([]string, 50)
	for i := range lines {
		lines[i] = fmt.Sprintf("line %d: the quick brown fox jumps over the lazy dog and runs away from it", i)
	}
	pages := make([][]string, 100)
	for i := range pages {
		pages[i] = lines
	}
	data := pdfPages("", pages...)
	big := extract.Limits{Text: 1 << 24, Time: time.Minute}
	if _, err := extract.Text(b.Context(), "pdf", "utf-8", pdfPages("", lines), big); err != nil { // PDFium is compiled
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		if _, err := extract.Text(b.Context(), "pdf", "utf-8", data, big); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "pages/s")
}
