package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/file/extract"
	"github.com/headrace/headrace/internal/connector/file/row"
	"github.com/headrace/headrace/internal/connector/file/tree"
	"github.com/headrace/headrace/internal/fault"
)

// document yields a document's record, or why it has none.
func (s *source) document(ctx context.Context, listed tree.File, p plan, yield func(connector.Record, error) bool) {
	body, err := s.body(ctx, listed, p)
	if err != nil && fault.ClassOf(err) == fault.Invalid {
		err = fmt.Errorf("%s: %w", listed.Path, err)
	} else if err != nil {
		yield(connector.Record{}, err)
		return
	}
	yield(connector.Record{Key: listed.Path, Time: listed.Modified, Body: body}, err)
}

// body reads a document and makes its record's body. An Invalid error is the document's own.
func (s *source) body(ctx context.Context, listed tree.File, p plan) ([]byte, error) {
	if listed.Size > int64(s.cfg.MaxFile) {
		return nil, refuse("file_too_large", "Raise maxFile of the source (and memory), or leave the file out with exclude.", "it has %d bytes, at most %s are read", listed.Size, s.cfg.MaxFile)
	}
	if err := s.gate.Acquire(ctx, listed.Size); err != nil {
		return nil, err
	}
	defer s.gate.Release(listed.Size)
	data, err := s.whole(ctx, listed)
	if err != nil {
		return nil, err
	}
	limits := extract.Limits{Text: int64(s.cfg.MaxRecord), Unpacked: int64(s.cfg.MaxUnpacked), Time: s.cfg.TimePerDocument.Std()}
	doc, err := extract.Text(ctx, p.format, s.cfg.Charset, data, limits)
	if err != nil {
		return nil, err
	}
	return recordOf(listed, doc), nil
}

// whole reads a file that does not change meanwhile.
func (s *source) whole(ctx context.Context, listed tree.File) ([]byte, error) {
	content, err := s.openSame(ctx, listed)
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	data := make([]byte, listed.Size)
	n, err := io.ReadFull(&stoppable{ctx, content}, data)
	if changed := same(content, listed); changed != nil {
		return nil, changed
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && fault.ClassOf(err) == fault.Internal && n < len(data):
		return nil, fault.New(fault.Unavailable, "read %s: %w", listed.Path, err).WithCode("file_error")
	}
	return data, err
}

// stoppable stops reading when its context ends.
type stoppable struct {
	ctx context.Context //nolint:containedctx // it lives as long as the one call that reads
	r   io.Reader
}

// Read reads if it may.
func (s *stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p[:min(len(p), 1<<20)])
}

// recordOf makes the record of a document. The order of its fields never changes, so that what is unchanged has the same bytes.
func recordOf(f tree.File, doc extract.Document) []byte {
	name := path.Base(f.Path)
	stem := strings.TrimSuffix(name, path.Ext(name))
	if stem == "" {
		stem = name
	}
	title := doc.Title
	if title == "" {
		title = stem
	}
	b := make([]byte, 0, len(doc.Text)+len(doc.Text)/16+len(doc.Meta)+512)
	field := func(name, value string) {
		b = row.Quote(append(append(b, '"'), name+`":`...), value)
		b = append(b, ',')
	}
	b = append(b, '{')
	field("path", f.Path)
	field("name", name)
	field("slug", slug(stem))
	field("extension", extension(name))
	b = append(strconv.AppendInt(append(b, `"size":`...), f.Size, 10), ',')
	field("modified", f.Modified.Format(time.RFC3339Nano))
	field("title", title)
	field("text", doc.Text)
	b = append(append(b, `"meta":`...), bytes.TrimSpace(doc.Meta)...)
	return append(b, '}')
}

// slug makes of a name what can stand in an address: letters and digits in small, everything else a hyphen.
func slug(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(unicode.ToLower(r))
		} else {
			gap = true
		}
	}
	return b.String()
}
