package source

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/file/charset"
	"github.com/headrace/headrace/internal/connector/file/row"
	"github.com/headrace/headrace/internal/connector/file/tree"
	"github.com/headrace/headrace/internal/fault"
)

// Read yields a document's one record, or a table's rows. See connector.Source.
func (s *source) Read(ctx context.Context, split connector.Split, skip int64) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		listed, odd, err := readLocator(split.Locator)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			yield(connector.Record{}, err)
			return
		}
		if odd {
			if skip == 0 {
				yield(connector.Record{Key: listed.Path, Time: listed.Modified}, refuse("name_not_utf8", "Rename the file.", "its name is not UTF-8"))
			}
			return
		}
		if p := s.cfg.planOf(listed.Path); kinds[p.format] == rows {
			s.rows(ctx, listed, p, skip, yield)
		} else if skip == 0 {
			s.document(ctx, listed, p, yield)
		}
	}
}

func readLocator(raw json.RawMessage) (f tree.File, odd bool, err error) {
	var at locator
	if err := json.Unmarshal(raw, &at); err != nil || at.Path == "" {
		return f, false, fault.New(fault.Internal, "the locator %.80q is not one of the file source", raw)
	}
	return tree.File{Path: at.Path, Size: at.Size, Modified: time.Unix(0, at.Modified).UTC(), Tag: at.Tag}, at.Odd, nil
}

// refuse says what is wrong with a file.
func refuse(code, hint, format string, args ...any) *fault.Error {
	return (&fault.Error{Class: fault.Invalid, Code: code, Title: fmt.Sprintf(format, args...)}).WithHint("%s", hint)
}

// openSame opens the version of a file that was listed.
func (s *source) openSame(ctx context.Context, listed tree.File) (tree.Content, error) {
	place, err := s.place(ctx, false)
	if err != nil {
		return nil, err
	}
	content, err := place.Open(ctx, listed.Path)
	if err != nil {
		return nil, err
	}
	if err := same(content, listed); err != nil {
		return nil, errors.Join(err, content.Close())
	}
	return content, nil
}

// same is a Conflict if the file is another one than was listed.
func same(content tree.Content, listed tree.File) error {
	now, err := content.Now()
	if err != nil {
		return err
	}
	if !now.Same(listed) {
		return &fault.Error{Class: fault.Conflict, Code: "file_changed", Title: listed.Path + " changed since it was listed"}
	}
	return nil
}

// rows reads a table. That it changed under our hands is seen at its end: then the split is a Conflict, and its next
// version is read as a whole.
func (s *source) rows(ctx context.Context, listed tree.File, p plan, skip int64, yield func(connector.Record, error) bool) {
	content, err := s.openSame(ctx, listed)
	if err != nil {
		yield(connector.Record{}, err)
		return
	}
	defer func() { _ = content.Close() }()
	plain, done, err := unpack(content, p.packing)
	if err != nil {
		yield(connector.Record{}, err)
		return
	}
	defer done()
	n := 0
	for r, err := range row.Read(charset.Reader(plain, s.cfg.Charset), s.rowOptions(p), skip) {
		if n++; n%256 == 0 && ctx.Err() != nil {
			yield(connector.Record{}, ctx.Err())
			return
		}
		if err != nil && fault.ClassOf(err) != fault.Invalid {
			yield(connector.Record{}, s.broken(content, listed, err))
			return
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", listed.Path, err)
		}
		if !yield(connector.Record{Key: r.Key, Time: listed.Modified, Body: r.Body}, err) {
			return
		}
	}
	if err := same(content, listed); err != nil {
		yield(connector.Record{}, err)
	}
}

// broken says why a table could not be read any further: it changed, it is packed wrongly, or the disk has trouble.
func (s *source) broken(content tree.Content, listed tree.File, err error) error {
	if changed := same(content, listed); changed != nil {
		return changed
	}
	if _, classed := fault.As(err); classed {
		return err
	}
	if isPacking(err) {
		return refuse("packing_broken", "Pack the file again; it may be cut.", "%s cannot be unpacked: %v", listed.Path, err)
	}
	return fault.New(fault.Unavailable, "read %s: %w", listed.Path, err).WithCode("file_error")
}

func (s *source) rowOptions(p plan) row.Options {
	o := row.Options{Format: p.format, Key: s.cfg.Key, MaxRecord: int(s.cfg.MaxRecord), Columns: s.cfg.Columns}
	for _, r := range s.cfg.delimiter() {
		o.Delimiter = r
	}
	if p.tabs && s.cfg.Delimiter == "," {
		o.Delimiter = '\t'
	}
	return o
}

// mostWindow bounds the memory that unpacking takes.
const mostWindow = 64 << 20

// unpack gives what is packed.
func unpack(r io.Reader, packing string) (io.Reader, func(), error) {
	switch packing {
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, nil, refuse("packing_broken", "Pack the file again; it may be cut.", "it is no gzip file: %v", err)
		}
		return z, func() { _ = z.Close() }, nil
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(mostWindow))
		if err != nil {
			return nil, nil, fault.New(fault.Internal, "unpack zstd: %w", err)
		}
		return z, z.Close, nil
	}
	return r, func() {}, nil
}

// isPacking tells the errors of the unpackers.
func isPacking(err error) bool {
	for _, e := range []error{gzip.ErrChecksum, gzip.ErrHeader, io.ErrUnexpectedEOF, zstd.ErrMagicMismatch, zstd.ErrCRCMismatch, zstd.ErrDecoderSizeExceeded, zstd.ErrWindowSizeExceeded, zstd.ErrReservedBlockType} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
