package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/file/tree"
	"github.com/headrace/headrace/internal/fault"
)

// find looks for one record: a document by its path, or else a row by going through the tables. A row's key says nothing
// of its file and place. See connector.SourceSpec.
func find(ctx context.Context, cfg connector.Config, env connector.Env, sought connector.Sought) (connector.Record, error) {
	opened, err := open(cfg, env)
	if err != nil {
		return connector.Record{}, err
	}
	s := opened.(*source)
	defer func() { _ = s.Close() }() // it was only read
	place, err := s.place(ctx, false)
	if err != nil {
		return connector.Record{}, err
	}
	f := &search{source: s, place: place, sought: sought}
	record, err := f.run(ctx)
	switch class := fault.ClassOf(err); {
	case err == nil:
	case class == fault.Canceled:
		err = fmt.Errorf("%s: %w", f.extent(), err)
	case class == fault.NotFound && f.trouble != nil:
		err = &fault.Error{Class: fault.Unavailable, Code: "not_all_searched", Title: "not found, and not everything could be looked at: " + f.trouble.Error(), Err: f.trouble,
			Hint: "Look again when that is mended. What only changed while it was read can be looked for again at once."}
	}
	return record, err
}

// search is one search.
type search struct {
	source *source
	place  tree.Tree
	sought connector.Sought

	files, rows int   // that were looked at
	trouble     error // the first that kept a part from being looked at
}

func (f *search) run(ctx context.Context) (connector.Record, error) {
	cfg := f.source.cfg
	if key := f.sought.Key; key != "" {
		file, err := f.place.Look(ctx, key, cfg.enters)
		switch {
		case err == nil && cfg.wants(key) && kinds[cfg.planOf(key).format] == document:
			return f.read(ctx, file)
		case err != nil && fault.ClassOf(err) != fault.NotFound:
			return connector.Record{}, err
		}
	}
	for _, k := range []kind{document, rows} { // names are looked through sooner than rows
		if cfg.Format != auto && kinds[cfg.Format] != k || k == rows && cfg.Key == "" {
			continue
		}
		if record, err := f.through(ctx, k); fault.ClassOf(err) != fault.NotFound || err == nil {
			return record, err
		}
	}
	return connector.Record{}, f.nothing()
}

func (f *search) nothing() error {
	return &fault.Error{Class: fault.NotFound, Code: "record_unknown", Title: "no record with the key is at the source; " + f.extent()}
}

// extent says how far the search came.
func (f *search) extent() string { return fmt.Sprintf("looked at: files %d, rows %d", f.files, f.rows) }

// through looks at all files of a kind.
func (f *search) through(ctx context.Context, k kind) (connector.Record, error) {
	cfg := f.source.cfg
	walk := f.place.Walk("", cfg.enters)
	for {
		file, err := walk.Next(ctx)
		var folder *tree.FolderError
		switch {
		case errors.Is(err, io.EOF):
			return connector.Record{}, f.nothing()
		case errors.As(err, &folder) && folder.Path != "":
			f.note(err)
			continue
		case err != nil:
			return connector.Record{}, err
		case !cfg.wants(file.Path) || kinds[cfg.planOf(file.Path).format] != k:
			continue
		}
		f.files++
		if k == document && !f.sought.Fits(nameOf(file)) {
			continue
		}
		if record, err := f.read(ctx, file); fault.ClassOf(err) != fault.NotFound || err == nil {
			return record, err
		}
	}
}

// read looks for the record in one file. NotFound: it is not in it, or the file could not be looked at, which is noted.
func (f *search) read(ctx context.Context, file tree.File) (connector.Record, error) {
	split, err := splitOf(file)
	if err != nil {
		return connector.Record{}, err
	}
	table := kinds[f.source.cfg.planOf(file.Path).format] == rows
	for record, err := range f.source.Read(ctx, split, 0) {
		if ctx.Err() != nil {
			return connector.Record{}, ctx.Err()
		}
		if table {
			f.rows++
		}
		switch {
		case f.sought.Fits(record.Key) && (err == nil || fault.ClassOf(err) == fault.Invalid):
			record.Body, record.Stream = bytes.Clone(record.Body), split.Stream
			return record, err
		case err != nil && (fault.ClassOf(err) != fault.Invalid || record.Key == ""):
			f.note(err)
		}
	}
	return connector.Record{}, f.nothing()
}

// note remembers what kept a part from being looked at. What is gone meanwhile has no record any more.
func (f *search) note(err error) {
	if f.trouble == nil && fault.ClassOf(err) != fault.NotFound {
		f.trouble = err
	}
}
