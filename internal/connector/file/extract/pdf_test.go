package extract_test

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector/file/extract"
	"github.com/headrace/headrace/internal/fault"
)

// pdfOf writes a PDF of its objects; the first is the catalogue, trailer what else stands at its end.
func pdfOf(trailer string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, xref)
	return b.Bytes()
}

func stream(dict, content string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(content), content)
}

// pdfPages is a PDF with a page of text lines for each.
func pdfPages(trailer string, pages ...[]string) []byte {
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"}
	var kids strings.Builder
	for _, lines := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", len(objects)+1)
		var text strings.Builder
		text.WriteString("BT /F1 9 Tf 14 TL 50 750 Td ")
		for _, line := range lines {
			fmt.Fprintf(&text, "(%s) Tj T* ", line)
		}
		text.WriteString("ET")
		objects = append(objects, fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>", len(objects)+2), stream("", text.String()))
	}
	if info, given := strings.CutPrefix(trailer, "/Info"); given {
		objects = append(objects, info)
		trailer = fmt.Sprintf("/Info %d 0 R", len(objects))
	}
	objects[1] = fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(pages), kids.String())
	return pdfOf(trailer, objects...)
}

func TestPDF(t *testing.T) {
	t.Parallel()
	doc := textOf(t, "pdf", pdfPages("/Info<</Title(The title)/Author(Megan \\(HR\\))/CreationDate(D:20260314150926+01'00')/ModDate(nonsense)>>",
		[]string{"Leave  policy", "Ask f\\374r leave."}, nil, []string{"The end"}))
	if want := "Leave policy\nAsk für leave.\n\nThe end"; strings.ReplaceAll(doc.Text, "  ", " ") != want || doc.Title != "The title" {
		t.Errorf("got %q, title %q; want %q", doc.Text, doc.Title, want)
	}
	if want := `{"title":"The title","author":"Megan (HR)","created":"2026-03-14T15:09:26+01:00","pages":3}`; string(doc.Meta) != want {
		t.Errorf("meta %s\nwant %s", doc.Meta, want)
	}
}

// bombPDF has forms that each show the next one many times.
func bombPDF() []byte {
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[4 0 R]>>", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</XObject<</X 6 0 R>>>>/Contents 5 0 R>>", stream("", "/X Do")}
	const levels = 8
	for i := range levels {
		dict := fmt.Sprintf("/Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>/XObject<</X %d 0 R>>>>", len(objects)+2)
		content := strings.Repeat("/X Do ", 30)
		if i == levels-1 {
			content = "BT /F1 9 Tf 50 750 Td (again and again) Tj ET"
		}
		objects = append(objects, stream(dict, content))
	}
	return pdfOf("", objects...)
}

// hugePDF has a page whose content unpacks to much more than a document may use.
func hugePDF(t *testing.T) []byte {
	t.Helper()
	block := func(text string) string { // a part of a deflate stream that refers to nothing before it
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const end = "\x01\x00\x00\xff\xff"
	content := "\x78\x9c" + block("BT /F1 9 Tf ") + strings.Repeat(block(strings.Repeat("(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) Tj ", 20_000)), 400) + end
	return pdfOf("", "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[4 0 R]>>", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents 5 0 R>>", stream("/Filter/FlateDecode", content))
}

func TestPDFsThatAreRefused(t *testing.T) {
	t.Parallel()
	encrypt := "/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<" + strings.Repeat("41", 32) + ">/U<" + strings.Repeat("42", 32) + ">>>/ID[<00><00>]"
	fine := pdfPages("", []string{"text"})
	for name, c := range map[string]struct {
		data  []byte
		limit extract.Limits
		code  string
	}{
		"no PDF":             {[]byte("hello"), limits, "document_broken"},
		"nothing":            {nil, limits, "document_broken"},
		"cut":                {fine[:40], limits, "document_broken"},
		"encrypted":          {pdfPages(encrypt, []string{"secret"}), limits, "document_encrypted"},
		"a scan":             {pdfPages("", nil, nil), limits, "no_text"},
		"too much text":      {pdfPages("", []string{strings.Repeat("many words ", 30)}, []string{strings.Repeat("many words ", 30)}), extract.Limits{Text: 400, Time: time.Minute}, "text_too_large"},
		"made to eat time":   {bombPDF(), extract.Limits{Text: 1 << 20, Time: 300 * time.Millisecond}, "document_too_slow"},
		"made to eat memory": {hugePDF(t), extract.Limits{Text: 1 << 20, Time: 3 * time.Second}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := extract.Text(context.Background(), "pdf", "utf-8", c.data, c.limit)
			e, ok := fault.As(err)
			if !ok || e.Class != fault.Invalid || c.code != "" && e.Code != c.code || e.Hint == "" {
				t.Errorf("got %v %.100q, want a refusal %s", err, doc.Text, c.code)
			}
		})
	}
	// Whatever they did, the next document is read.
	t.Cleanup(func() {
		if doc := textOf(t, "pdf", fine); doc.Text != "text" {
			t.Errorf("got %q", doc.Text)
		}
	})
}

func TestPDFsAtOnce(t *testing.T) {
	t.Parallel()
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			doc, err := extract.Text(context.Background(), "pdf", "utf-8", pdfPages("", []string{fmt.Sprint("number ", i)}), limits)
			if err != nil || doc.Text != fmt.Sprint("number ", i) {
				t.Errorf("%d: %q, %v", i, doc.Text, err)
			}
		})
	}
	wait.Wait()
}

func TestCancellingAPDF(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := extract.Text(ctx, "pdf", "utf-8", bombPDF(), extract.Limits{Text: 1 << 20, Time: time.Minute}); fault.ClassOf(err) != fault.Canceled {
		t.Errorf("got %v, want a cancellation", err)
	}
}
