// Package extract finds the text of documents: markdown, HTML, plain text, DOCX, PPTX, XLSX and PDF.
//
// Documents come from anybody, so each has limits of memory and of time (the context's), and what cannot be read is an
// Invalid error that says why. Nothing is fetched, run or followed. Start at Text.
package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/connector/file/charset"
	"github.com/headrace/headrace/internal/fault"
)

// A Document is what was found in a file.
type Document struct {
	Title string // the document's own; "": it has none
	Text  string // UTF-8
	Meta  []byte // a JSON object: front matter, or what the document says of itself
}

// Limits bound one document.
type Limits struct {
	Text     int64 // bytes of text; more is an error
	Unpacked int64 // bytes that a packed document may unpack to
	Time     time.Duration
}

// Formats are the kinds of documents that Text reads.
var Formats = []string{"markdown", "html", "text", "docx", "pptx", "xlsx", "pdf"}

// Text reads a document. set is the charset of text that has no byte order mark. When ctx ends, so does the work, with
// its error; every other error is Invalid, but for a machine that cannot read PDFs at all.
func Text(ctx context.Context, format, set string, data []byte, l Limits) (Document, error) {
	doc, err := once(ctx, false, format, set, data, l)
	if errors.Is(err, errTrimmed) {
		doc, err = once(ctx, true, format, set, data, l)
	}
	return doc, err
}

// once reads a document within its time. A PDF is read with the whole PDFium or with the trimmed one.
func once(ctx context.Context, whole bool, format, set string, data []byte, l Limits) (Document, error) {
	var s *sandbox
	if format == "pdf" { // what it takes to get one is not the document's time
		var give func()
		var err error
		if s, give, err = takeSandbox(ctx, whole); err != nil {
			return Document{}, err
		}
		defer give()
	}
	began := time.Now()
	timed, cancel := context.WithTimeout(ctx, l.Time)
	defer cancel()
	if s != nil {
		s.turn.begin(timed)
	}
	doc, err := read(timed, s, format, set, data, l)
	switch {
	case err != nil && ctx.Err() != nil:
		return Document{}, ctx.Err()
	case err != nil && timed.Err() != nil:
		return Document{}, refuse("document_too_slow", "It may be made to use up time, or be very large: raise timePerDocument of the source, or leave the file out with exclude.",
			"reading it was given up after %s", time.Since(began).Round(time.Millisecond))
	case err != nil:
		return Document{}, err
	case int64(len(doc.Text)) > l.Text:
		return Document{}, textTooLarge(l)
	}
	if doc.Meta == nil {
		doc.Meta = []byte("{}")
	}
	doc.Title = strings.Join(strings.Fields(doc.Title), " ")
	return doc, nil
}

func read(ctx context.Context, s *sandbox, format, set string, data []byte, l Limits) (Document, error) {
	switch format {
	case "markdown", "text":
		text, err := decode(data, set)
		if err != nil {
			return Document{}, err
		}
		if format == "markdown" {
			return markdown(text)
		}
		return Document{Text: string(text)}, nil
	case "html":
		text, err := decodePage(data, set)
		if err != nil {
			return Document{}, err
		}
		return page(ctx, text, l)
	case "docx", "pptx", "xlsx":
		return office(ctx, format, data, l)
	case "pdf":
		return pdf(ctx, s, data, l)
	}
	return Document{}, fmt.Errorf("no document format %q", format)
}

// decode gives text as UTF-8, or says what the bytes are instead.
func decode(data []byte, set string) ([]byte, error) {
	b := data
	if set != charset.UTF8 || len(data) > 0 && data[0] >= 0xef { // it may have a byte order mark
		var err error
		if b, err = io.ReadAll(charset.Reader(bytes.NewReader(data), set)); err != nil {
			return nil, refuse("not_text", "Is charset what the file is written in?", "the text cannot be decoded: %v", err)
		}
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return nil, refuse("not_text", "A binary file has the name of a text. Give it its own extension, leave it out with exclude, or set charset if it is UTF-16 without a mark.",
			"byte %d is zero, which no text has; it looks like %s", i, kind(data))
	}
	if !utf8.Valid(b) {
		at := 0
		for rest := b; len(rest) > 0; {
			r, n := utf8.DecodeRune(rest)
			if r == utf8.RuneError && n == 1 {
				break
			}
			at, rest = at+n, rest[n:]
		}
		return nil, refuse("not_utf8", "Set charset to what the file is written in, like windows-1252, or leave the file out with exclude.",
			"byte %d is not UTF-8; it looks like %s", at, kind(data))
	}
	return b, nil
}

// kind guesses for people what bytes are.
func kind(data []byte) string {
	name, _, _ := strings.Cut(http.DetectContentType(data), ";")
	return name
}

// refuse says what is wrong with a document.
func refuse(code, hint, format string, args ...any) *fault.Error {
	return (&fault.Error{Class: fault.Invalid, Code: code, Title: fmt.Sprintf(format, args...)}).WithHint("%s", hint)
}

func textTooLarge(l Limits) error {
	return refuse("text_too_large", "Raise maxRecord of the source, or leave the file out with exclude.", "its text has more than %d bytes", l.Text)
}

// errFull is a text that has reached its limit.
var errFull = errors.New("the text is too large")

// prose collects text with its blanks put in order: lines without blanks at their ends, never more than one empty line.
type prose struct {
	b     strings.Builder
	most  int64
	lines int  // line ends that are owed before the next word
	blank bool // a blank is owed before the next word
	tab   bool // a tab is owed

	cellAt, cellLines int // where the cell in hand began
}

// add adds text in which any run of blanks means one blank.
func (p *prose) add(text string) error {
	for text != "" {
		word := strings.IndexFunc(text, func(r rune) bool { return !isBlank(r) })
		if word < 0 {
			p.blank = true
			return nil
		}
		p.blank = p.blank || word > 0
		text = text[word:]
		end := strings.IndexFunc(text, isBlank)
		if end < 0 {
			end = len(text)
		}
		if err := p.write(text[:end]); err != nil {
			return err
		}
		text = text[end:]
	}
	return nil
}

// isBlank tells blanks that may be broken or joined; a no-break space is not one of them.
func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' }

// write puts down one piece, after what is owed before it.
func (p *prose) write(piece string) error {
	if p.b.Len() > 0 {
		switch {
		case p.lines > 0:
			p.b.WriteString("\n\n"[:min(p.lines, 2)])
		case p.tab:
			p.b.WriteByte('\t')
		case p.blank:
			p.b.WriteByte(' ')
		}
	}
	p.lines, p.blank, p.tab = 0, false, false
	if int64(p.b.Len()+len(piece)) > p.most {
		return errFull
	}
	p.b.WriteString(piece)
	return nil
}

// verbatim adds text whose blanks count.
func (p *prose) verbatim(text string) error {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			p.lines++
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := p.write(strings.TrimRight(line, " \t\r")); err != nil {
			return err
		}
	}
	return nil
}

// line ends the line, at least n times.
func (p *prose) line(n int) { p.lines = max(p.lines, n) }

// beginCell and endCell stand around a table's cell: whatever lines it has, the next cell goes on where it ended.
func (p *prose) beginCell() { p.cellAt, p.cellLines = p.b.Len(), p.lines }

func (p *prose) endCell() {
	p.lines = 0
	if p.b.Len() == p.cellAt { // it is empty: what was owed before it still is
		p.lines = p.cellLines
	}
	p.tab = true
}

func (p *prose) String() string { return p.b.String() }
