package extract_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector/file/extract"
	"github.com/headrace/headrace/internal/fault"
)

var limits = extract.Limits{Text: 256 << 10, Unpacked: 64 << 20, Time: time.Minute} // below freeUnpack the ratio does not count

// packed makes an Office document of its parts.
func packed(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range parts {
		p, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(p, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	xmlHead   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`
	coreProps = xmlHead + `<cp:coreProperties xmlns:cp="c" xmlns:dc="d" xmlns:dcterms="t"><dc:title> The title </dc:title><dc:creator>Megan &amp; Co</dc:creator><dcterms:created>2026-01-02T03:04:05Z</dcterms:created></cp:coreProperties>`
)

func wordOf(body string) map[string]string {
	return map[string]string{"word/document.xml": xmlHead + `<w:document xmlns:w="w"><w:body>` + body + `</w:body></w:document>`}
}

func TestWord(t *testing.T) {
	t.Parallel()
	parts := wordOf(`<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Le</w:t></w:r><w:r><w:t xml:space="preserve">ave </w:t></w:r><w:r><w:t>policy</w:t></w:r></w:p>
		<w:p><w:r><w:t>Ask</w:t><w:tab/><w:t>first.</w:t><w:br/><w:t>Then go.</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t> Now.</w:t></w:r></w:ins></w:p><w:p/>
		<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>c</w:t></w:r></w:p></w:tc></w:tr>
		<w:tr><w:tc><w:p/></w:tc><w:tc><w:p><w:r><w:t>d</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
		<mc:AlternateContent><mc:Choice><w:p><w:r><w:t>once</w:t></w:r></w:p></mc:Choice><mc:Fallback><w:p><w:r><w:t>once</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>
		<w:p><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>`)
	parts["word/footnotes.xml"] = `<w:footnotes xmlns:w="w"><w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>`
	want := "Leave policy\nAsk first.\nThen go. Now.\na\nb\tc\nd\n\nonce\n\nA note."
	doc := textOf(t, "docx", packed(t, parts))
	if doc.Text != want || doc.Title != "Leave policy" || string(doc.Meta) != "{}" {
		t.Errorf("got %q, title %q, meta %s", doc.Text, doc.Title, doc.Meta)
	}
	parts["docProps/core.xml"] = coreProps
	doc = textOf(t, "docx", packed(t, parts))
	if doc.Title != "The title" || string(doc.Meta) != `{"title":"The title","author":"Megan & Co","created":"2026-01-02T03:04:05Z"}` {
		t.Errorf("title %q, meta %s", doc.Title, doc.Meta)
	}
}

func TestSlides(t *testing.T) {
	t.Parallel()
	slide := func(shapes string) string {
		return xmlHead + `<p:sld xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree>` + shapes + `</p:spTree></p:cSld></p:sld>`
	}
	doc := textOf(t, "pptx", packed(t, map[string]string{
		"_rels/.rels":                     `<Relationships><Relationship Id="r" Type="http://x/officeDocument" Target="/ppt/presentation.xml"/></Relationships>`,
		"ppt/presentation.xml":            `<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="256" r:id="rId9"/><p:sldId id="257" r:id="rId2"/></p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels": `<Relationships><Relationship Id="rId2" Target="slides/slide1.xml"/><Relationship Id="rId9" Target="../ppt/slides/slide2.xml"/></Relationships>`,
		"ppt/slides/slide1.xml":           slide(`<p:sp><p:txBody><a:p><a:r><a:t>second</a:t></a:r></a:p></p:txBody></p:sp>`),
		"ppt/slides/slide2.xml":           slide(`<p:sp><p:nvSpPr><p:nvPr><p:ph type="ctrTitle"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>Hel</a:t></a:r><a:r><a:t>lo</a:t></a:r></a:p></p:txBody></p:sp><p:sp><p:txBody><a:p><a:r><a:t>first</a:t></a:r></a:p></p:txBody></p:sp><a:tbl><a:tr><a:tc><a:p><a:r><a:t>x</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>y</a:t></a:r></a:p></a:tc></a:tr></a:tbl>`),
		"ppt/slides/slide3.xml":           slide(`<p:sp><p:txBody><a:p><a:r><a:t>not in the show</a:t></a:r></a:p></p:txBody></p:sp>`),
		"ppt/notesSlides/notesSlide1.xml": slide(`<p:sp><p:txBody><a:p><a:r><a:t>a note</a:t></a:r></a:p></p:txBody></p:sp>`),
	}))
	if want := "Hello\nfirst\nx\ty\n\nsecond"; doc.Text != want || doc.Title != "Hello" {
		t.Errorf("got %q, title %q; want %q", doc.Text, doc.Title, want)
	}
}

func TestSheets(t *testing.T) {
	t.Parallel()
	doc := textOf(t, "xlsx", packed(t, map[string]string{
		"xl/workbook.xml":            `<workbook xmlns:r="r"><sheets><sheet name="Parts" r:id="rId1"/><sheet name="Secret" state="hidden" r:id="rId2"/><sheet name="Empty" r:id="rId3"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="worksheets/sheet2.xml"/></Relationships>`,
		"xl/sharedStrings.xml":       `<sst><si><t>hinge</t></si><si><r><t>steel</t></r><r><t xml:space="preserve"> handle</t></r><rPh><t>spoken</t></rPh></si></sst>`,
		"xl/styles.xml":              `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="165" formatCode="0.00&quot; Days&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>`,
		"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>99</v></c></row>
			<row><c><v>19.99</v></c><c t="b"><v>1</v></c><c t="e"><v>#DIV/0!</v></c><c t="inlineStr"><is><t>in line</t></is></c></row>
			<row><c s="1"><v>46095</v></c><c s="2"><v>46095.75</v></c><c s="3"><v>3</v></c><c t="str"><f>A1</f><v>made</v></c></row></sheetData></worksheet>`,
		"xl/worksheets/sheet2.xml": `<worksheet><sheetData><row><c><v>1234</v></c></row></sheetData></worksheet>`,
	}))
	if want := "Parts\nhinge\tsteel handle\n19.99\tTRUE\t#DIV/0!\tin line\n2026-03-14\t2026-03-14 18:00:00\t3\tmade\n\nEmpty"; doc.Text != want {
		t.Errorf("got %q\nwant %q", doc.Text, want)
	}
}

func textOf(t *testing.T, format string, data []byte) extract.Document {
	t.Helper()
	doc, err := extract.Text(context.Background(), format, "utf-8", data, limits)
	if err != nil {
		t.Fatalf("%v (%s)", err, fault.HintOf(err))
	}
	return doc
}

func TestDocumentsThatAreRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 30<<10)
	for name, c := range map[string]struct {
		format string
		data   []byte
		code   string
	}{
		"no ZIP":                        {"docx", []byte("hello"), "document_broken"},
		"nothing":                       {"docx", nil, "document_broken"},
		"another kind of ZIP":           {"docx", packed(t, map[string]string{"a.txt": "x"}), "document_broken"},
		"a password, or old":            {"docx", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"), "document_encrypted"},
		"XML that breaks off":           {"docx", packed(t, map[string]string{"word/document.xml": "<a><b>"}), "document_broken"},
		"no XML":                        {"docx", packed(t, map[string]string{"word/document.xml": "<a <"}), "document_broken"},
		"another charset":               {"docx", packed(t, map[string]string{"word/document.xml": `<?xml version="1.0" encoding="shift_jis"?><a/>`}), "document_broken"},
		"an entity that explodes":       {"docx", packed(t, map[string]string{"word/document.xml": `<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><a>&c;</a>`}), "document_broken"},
		"a ZIP bomb":                    {"docx", packed(t, wordOf(strings.Repeat("<w:p>"+strings.Repeat(" ", 512<<10)+"</w:p>", 10))), "document_bomb"},
		"one text without end":          {"docx", packed(t, wordOf("<w:t>"+strings.Repeat("0123456789abcdef", 5<<16)+"</w:t>")), "document_bomb"},
		"more than may be unpacked":     {"docx", packed(t, wordOf(strings.Repeat("<w:p>"+strings.Repeat(" ", 512<<10)+"</w:p>", 5))), "document_bomb"},
		"nested too deeply":             {"docx", packed(t, wordOf(strings.Repeat("<w:p>", 1000))), "document_bomb"},
		"too much text in a DOCX":       {"docx", packed(t, wordOf(strings.Repeat("<w:p><w:t>"+long+"</w:t></w:p>", 12))), "text_too_large"},
		"too much text in shared texts": {"xlsx", packed(t, map[string]string{"xl/workbook.xml": "<a/>", "xl/sharedStrings.xml": "<sst>" + strings.Repeat("<si><t>"+long+"</t></si>", 24) + "</sst>"}), "text_too_large"},
		"cells that repeat a long text": {"xlsx", packed(t, map[string]string{"xl/workbook.xml": `<a xmlns:r="r"><sheet name="a" r:id="1"/></a>`, "xl/_rels/workbook.xml.rels": `<a><Relationship Id="1" Target="s.xml"/></a>`, "xl/sharedStrings.xml": "<sst><si><t>" + long + "</t></si></sst>", "xl/s.xml": "<a>" + strings.Repeat(`<c t="s"><v>0</v></c>`, 1000) + "</a>"}), "text_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := limits
			if strings.HasPrefix(name, "more") {
				l.Unpacked = 2 << 20
			}
			doc, err := extract.Text(context.Background(), c.format, "utf-8", c.data, l)
			e, ok := fault.As(err)
			if !ok || e.Class != fault.Invalid || e.Code != c.code || e.Hint == "" {
				t.Errorf("got %v %.100q, want a refusal %s", err, doc.Text, c.code)
			}
		})
	}
}

func TestCancelling(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for format, data := range map[string][]byte{"docx": packed(t, wordOf("<w:p/>")), "html": []byte("<p>x")} {
		if _, err := extract.Text(ctx, format, "utf-8", data, limits); fault.ClassOf(err) != fault.Canceled {
			t.Errorf("%s: %v, want a cancellation", format, err)
		}
	}
}
