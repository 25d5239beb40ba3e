package extract

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	pdfium "github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"github.com/headrace/headrace/internal/connector/file/row"
	"github.com/headrace/headrace/internal/fault"
)

// pdf reads a PDF with Chrome's reader, which runs in a sandbox: see sandbox.go.
func pdf(ctx context.Context, s *sandbox, data []byte, l Limits) (doc Document, err error) {
	defer func() {
		if _, said := fault.As(err); err != nil && !said && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			if !s.whole {
				err = errTrimmed
				return
			}
			err = refuse("document_broken", "It is damaged, or made to use up memory. Open it and save it again (print to PDF), or leave it out with exclude.", "the PDF cannot be read: %s", short(err))
		}
	}()
	in, err := s.pool.GetInstanceWithContext(ctx)
	if err != nil {
		return Document{}, brokenPDF(err)
	}
	defer func() { _ = in.Close() }() // what a killed one has to say is of no interest
	opened, err := in.OpenDocument(&requests.OpenDocument{File: &data})
	if err != nil {
		return Document{}, brokenPDF(err)
	}
	r := &pdfReader{in: in, doc: opened.Document, out: &strings.Builder{}, most: l.Text}
	pages, err := r.pages(ctx)
	if errors.Is(err, errFull) {
		return Document{}, textTooLarge(l)
	}
	if err != nil {
		return Document{}, err
	}
	if pages > 0 && strings.TrimSpace(r.out.String()) == "" {
		return Document{}, refuse("no_text", "Most likely the pages are pictures: a scan. Recognise its text (OCR) and save it with the text, or leave the file out with exclude.",
			"the PDF has %d pages and no text", pages)
	}
	doc.Text = r.out.String()
	doc.Title, doc.Meta = r.about(pages)
	return doc, nil
}

type pdfReader struct {
	in   pdfium.Pdfium
	doc  references.FPDF_DOCUMENT
	out  *strings.Builder
	most int64
}

// pages collects the text of all pages and gives their number.
func (r *pdfReader) pages(ctx context.Context) (int, error) {
	count, err := r.in.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: r.doc})
	if err != nil {
		return 0, brokenPDF(err)
	}
	for i := range count.PageCount {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		text, err := r.page(i)
		if err != nil {
			return 0, brokenPDF(fmt.Errorf("page %d: %w", i+1, err))
		}
		if text = tidy(text); text == "" {
			continue
		}
		if int64(r.out.Len()+len(text)) > r.most {
			return 0, errFull
		}
		if r.out.Len() > 0 {
			r.out.WriteString("\n\n")
		}
		r.out.WriteString(text)
	}
	return count.PageCount, nil
}

func (r *pdfReader) page(i int) (string, error) {
	page, err := r.in.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: r.doc, Index: i})
	if err != nil {
		return "", err
	}
	text, err := r.in.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: requests.Page{ByReference: &page.Page}})
	if err != nil {
		return "", err
	}
	chars, err := r.in.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: text.TextPage})
	if err != nil {
		return "", err
	}
	out := ""
	if n := chars.Count; n > 0 && int64(n) <= r.most {
		got, err := r.in.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: text.TextPage, Count: n})
		if err != nil {
			return "", err
		}
		out = got.Text
	} else if n > 0 {
		return "", errFull
	}
	if _, err := r.in.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text.TextPage}); err != nil {
		return "", err
	}
	_, err = r.in.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: page.Page})
	return out, err
}

var (
	hyphenated = regexp.MustCompile("[\u0002\ufffe\u00ad]\r?\n?") // PDFium's mark of a word that was parted at the line's end
	lineEnds   = regexp.MustCompile(`[ \t]*\r?\n`)
)

// tidy puts words together that were parted at the end of a line, and drops blanks there and what is no text.
func tidy(text string) string {
	text = lineEnds.ReplaceAllString(hyphenated.ReplaceAllString(text, ""), "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text))
}

// about gives what the PDF says of itself.
func (r *pdfReader) about(pages int) (title string, meta []byte) {
	meta = []byte{'{'}
	for _, m := range []struct{ tag, name string }{{"Title", "title"}, {"Author", "author"}, {"Subject", "subject"}, {"Keywords", "keywords"}, {"CreationDate", "created"}, {"ModDate", "modified"}} {
		got, err := r.in.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: r.doc, Tag: m.tag})
		if err != nil {
			continue // it lacks it
		}
		value := tidy(got.Value)
		if strings.HasSuffix(m.tag, "Date") {
			value = pdfDate(value)
		}
		if value == "" || len(value) > mostMetaBytes {
			continue
		}
		if m.tag == "Title" {
			title = value
		}
		meta = append(row.Quote(append(row.Quote(meta, m.name), ':'), value), ',')
	}
	return title, append(strconv.AppendInt(append(meta, `"pages":`...), int64(pages), 10), '}')
}

var datePattern = regexp.MustCompile(`^(?:D:)?(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:Z|([-+]\d\d)'?(\d\d))?`)

// pdfDate writes a date of PDF 1.7, 7.9.4, as RFC 3339; without a zone it is taken for UTC. "": it is none.
func pdfDate(text string) string {
	m := datePattern.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	zone := "Z"
	if m[7] != "" && m[7]+m[8] != "+0000" {
		zone = m[7] + ":" + m[8]
	}
	return fmt.Sprintf("%s-%s-%sT%s:%s:%s%s", m[1], m[2], m[3], m[4], m[5], m[6], zone)
}

// brokenPDF says why a PDF cannot be read, if PDFium said it; else the error is that of a sandbox that failed.
func brokenPDF(err error) error {
	switch {
	case errors.Is(err, errFull), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, pdfiumerrors.ErrPassword), errors.Is(err, pdfiumerrors.ErrSecurity):
		return refuse("document_encrypted", "Save it without a password, or leave it out with exclude.", "the PDF is encrypted with a password, or in a way that is not known")
	case errors.Is(err, pdfiumerrors.ErrFormat), errors.Is(err, pdfiumerrors.ErrFile), errors.Is(err, pdfiumerrors.ErrPage):
		return refuse("document_broken", "Open it and save it again (print to PDF), or leave it out with exclude.", "it is no PDF, or damaged beyond reading (%s)", short(err))
	}
	return err
}

// errTrimmed is a PDF that the trimmed PDFium could not read.
var errTrimmed = errors.New("it may need the whole PDFium")

// short is an error's first line; a sandbox that failed tells all its calls.
func short(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first[:min(len(first), 200)]
}
