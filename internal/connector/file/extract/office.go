package extract

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/headrace/headrace/internal/connector/file/row"
)

const (
	mostParts   = 10_000  // files within a document
	mostDepth   = 256     // nesting of XML
	mostXML     = 4 << 20 // bytes of one tag or text in XML
	mostRatio   = 400     // how far a part may unpack; what Office writes stays far below
	freeUnpack  = 4 << 20 // below this the ratio doesn't matter
	mostRelated = 100_000 // relations of a part, sheets, styles
)

// An archive is an Office document: a ZIP file of XML parts (ECMA-376). What is read of it is bounded by what it may
// unpack to, whatever its directory says, and streamed: a part is never held as a whole.
type archive struct {
	ctx   context.Context //nolint:containedctx // an archive lives as long as the one call that reads it
	parts map[string]*zip.File
	limit Limits
	left  int64 // bytes that may still be unpacked
}

// office reads DOCX, PPTX and XLSX.
func office(ctx context.Context, format string, data []byte, l Limits) (Document, error) {
	a, err := openArchive(ctx, data, l)
	if err != nil {
		return Document{}, err
	}
	var doc Document
	switch format {
	case "docx":
		doc, err = a.word()
	case "pptx":
		doc, err = a.slides()
	default:
		doc, err = a.sheets()
	}
	if errors.Is(err, errFull) {
		return Document{}, textTooLarge(l)
	}
	if err != nil {
		return Document{}, err
	}
	return doc, a.properties(&doc)
}

func openArchive(ctx context.Context, data []byte, l Limits) (*archive, error) {
	if bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) {
		return nil, refuse("document_encrypted", "Save it without a password; an old .doc, .ppt or .xls must be saved in the new format.",
			"the document is encrypted with a password, or in the old binary format of Office")
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, refuse("document_broken", "Open it with Office and save it again, or leave it out with exclude.", "the document cannot be unpacked: %v (it looks like %s)", err, kind(data))
	}
	if len(r.File) > mostParts {
		return nil, bomb("it has %d parts", len(r.File))
	}
	a := &archive{ctx: ctx, parts: map[string]*zip.File{}, limit: l, left: l.Unpacked}
	for _, f := range r.File {
		a.parts[strings.TrimPrefix(f.Name, "/")] = f
	}
	return a, nil
}

func bomb(format string, args ...any) error {
	return refuse("document_bomb", "A document like this is made to use up memory or time. Leave it out with exclude; if you know it to be good, raise maxUnpacked.",
		"the document unpacks to more than it may: %s", fmt.Sprintf(format, args...))
}

// scan calls each for every token of a part; nil: there is no such part. Names come without their namespace.
func (a *archive) scan(name string, each func(t xml.Token) error) error {
	part := a.parts[name]
	if part == nil {
		return nil
	}
	content, err := part.Open()
	if err != nil {
		return broken(name, err)
	}
	defer func() { _ = content.Close() }()
	in := &unpacking{archive: a, name: name, r: content, packed: int64(part.CompressedSize64)}
	dec := xml.NewDecoder(in)
	dec.CharsetReader = func(set string, _ io.Reader) (io.Reader, error) { return nil, fmt.Errorf("charset %q", set) }
	for depth := 0; ; {
		t, err := dec.RawToken()
		in.token = dec.InputOffset()
		switch {
		case errors.Is(err, io.EOF) && depth == 0:
			return nil
		case errors.Is(err, io.EOF):
			return broken(name, io.ErrUnexpectedEOF)
		case in.err != nil:
			return in.err
		case err != nil:
			return broken(name, err)
		}
		switch t.(type) {
		case xml.StartElement:
			if depth++; depth > mostDepth {
				return bomb("%s is nested more than %d deep", name, mostDepth)
			}
		case xml.EndElement:
			depth--
		}
		if err := each(t); err != nil {
			return err
		}
	}
}

func broken(name string, err error) error {
	return refuse("document_broken", "Open it with Office and save it again, or leave it out with exclude.", "%s in the document cannot be read: %v", name, err)
}

// unpacking reads a part within its bounds.
type unpacking struct {
	archive *archive
	name    string
	r       io.Reader
	packed  int64
	read    int64
	token   int64 // where the token in hand begins
	err     error // why it was ended
}

// Read ends with an error when a bound is reached or the time is up.
func (u *unpacking) Read(p []byte) (int, error) {
	switch {
	case u.archive.ctx.Err() != nil:
		u.err = u.archive.ctx.Err()
	case u.archive.left <= 0:
		u.err = bomb("more than %d bytes", u.archive.limit.Unpacked)
	case u.read > freeUnpack && u.read > u.packed*mostRatio:
		u.err = bomb("%s is packed more than %d times", u.name, mostRatio)
	case u.read-u.token > mostXML:
		u.err = bomb("a text in %s has more than %d bytes", u.name, mostXML)
	}
	if u.err != nil {
		return 0, u.err
	}
	n, err := u.r.Read(p)
	u.read += int64(n)
	u.archive.left -= int64(n)
	return n, err
}

// attribute gives an attribute's value by its name without namespace.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// linked gives an attribute of the relations' namespace, r:id.
func linked(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

// relations gives the parts that a part names, by the ID that it gives them.
func (a *archive) relations(name string) (map[string]string, error) {
	out := map[string]string{}
	dir, base := path.Split(name)
	err := a.scan(dir+"_rels/"+base+".rels", func(t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "Relationship" && attribute(e, "TargetMode") != "External" && len(out) < mostRelated {
			target := attribute(e, "Target")
			if !strings.HasPrefix(target, "/") {
				target = path.Join(dir, target)
			}
			out[attribute(e, "Id")] = strings.TrimPrefix(path.Clean(target), "/")
		}
		return nil
	})
	return out, err
}

// properties adds what the document says of itself: title, author, dates and the like.
func (a *archive) properties(doc *Document) error {
	names := map[string]string{"title": "title", "creator": "author", "subject": "subject", "description": "description", "keywords": "keywords",
		"category": "category", "lastModifiedBy": "lastModifiedBy", "created": "created", "modified": "modified"}
	meta, current, title := []byte{'{'}, "", ""
	var text strings.Builder
	err := a.scan("docProps/core.xml", func(t xml.Token) error {
		switch t := t.(type) {
		case xml.StartElement:
			current = names[t.Name.Local]
			text.Reset()
		case xml.CharData:
			if current != "" && text.Len() < 1<<16 {
				text.Write(t)
			}
		case xml.EndElement:
			value := strings.TrimSpace(text.String())
			if current == "" || value == "" || names[t.Name.Local] != current {
				return nil
			}
			if current == "title" {
				title = value
			}
			if len(meta) > 1 {
				meta = append(meta, ',')
			}
			meta = row.Quote(append(row.Quote(meta, current), ':'), value)
			delete(names, t.Name.Local) // once each
			current = ""
		}
		return nil
	})
	if err != nil {
		return err
	}
	if title != "" {
		doc.Title = title
	}
	doc.Meta = append(meta, '}')
	return nil
}
