package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/headrace/headrace/internal/fault"
)

// workers is how many files are written and synced side by side: a file system commits them together.
const workers = 8

// append writes each part to the end of its file and makes everything durable.
func (d *destination) append(ctx context.Context, parts []*part) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, p := range parts {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return d.appendTo(p)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return d.targets.syncDirs()
}

// appendTo writes one part. The file has its final name from its first byte.
func (d *destination) appendTo(p *part) error {
	t, full := p.target, d.targets.full(p.target.name)
	if t.brief {
		f, size, err := openFile(full)
		if err != nil {
			return err
		}
		t.f = f
		defer t.close()
		if size != t.size {
			return changed(full, fmt.Sprintf("it has %d bytes, not %d", size, t.size))
		}
	}
	if err := d.write(t.f, p); err != nil {
		return explain(err, "write", full)
	}
	info, err := t.f.Stat()
	if err != nil {
		return explain(err, "look at", full)
	}
	if want := t.size + p.size; info.Size() != want {
		return changed(full, fmt.Sprintf("it has %d bytes, not %d", info.Size(), want))
	}
	return explain(d.targets.disk.sync(t.f), "sync", full)
}

// pieceSize is how much of a part is put together before it is written: a copy of the whole batch would be most of the
// memory that a destination needs.
const pieceSize = 256 << 10

// write writes a part's bytes. A line that is no smaller than a piece is written from where it stands.
func (d *destination) write(f *os.File, p *part) error {
	if p.lines == nil {
		return d.targets.disk.write(f, p.packed)
	}
	buffer := d.pieces.Get().(*[]byte)
	defer d.pieces.Put(buffer)
	piece := (*buffer)[:0]
	for _, line := range p.lines {
		if len(piece)+len(line) >= pieceSize {
			if err := d.targets.disk.write(f, piece); err != nil {
				return err
			}
			piece = piece[:0]
		}
		if len(line) >= pieceSize {
			if err := d.targets.disk.write(f, line); err != nil {
				return err
			}
			line = nil
		}
		piece = append(append(piece, line...), '\n')
	}
	return d.targets.disk.write(f, piece)
}

// newPiece makes what write needs.
func newPiece() any {
	piece := make([]byte, 0, pieceSize)
	return &piece
}

// changed is a file that somebody else touched while we wrote to it.
func changed(full, how string) error {
	return &fault.Error{Class: fault.Unavailable, Code: "file_changed", Title: fmt.Sprintf("%s changed while it was written: %s", full, how),
		Hint: "Another program writes to, cuts or replaces this file. Let it take only files of hours that are over, or let headrace rotate (rotateSize) instead. It is tried again."}
}

// undo takes a write back; the next one gets its number. It may be repeated: the journal on disk keeps the entry until
// then. It is finished also when the caller was cancelled, since it only cuts.
func (d *destination) undo(e entry) error {
	if err := d.targets.close(); err != nil {
		return explain(err, "close files of", d.path)
	}
	var group errgroup.Group
	group.SetLimit(workers)
	for _, f := range e.Files {
		if dir := filepath.Dir(d.targets.full(f.Name)); f.New && isDir(dir) {
			d.targets.dirs[dir] = true
		}
		group.Go(func() error { return d.undoFile(f) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := d.targets.syncDirs(); err != nil {
		return err
	}
	d.journal.newest = &entry{Version: 1, Life: e.Life, Seq: e.Seq - 1}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// undoFile cuts one file back to its size before the write, or removes it if it was new. Nothing is cut that is not
// certainly ours.
func (d *destination) undoFile(t touched) error {
	full := d.targets.full(t.Name)
	f, size, err := openFile(full)
	if errors.Is(err, fs.ErrNotExist) {
		if !t.New {
			d.log.Warn("a file was removed by another program", "flow", d.flow, "path", full)
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = release(f) }() // synced before
	switch {
	case size > t.After:
		return &fault.Error{Class: fault.Denied, Code: "file_changed",
			Title: fmt.Sprintf("%s is larger than what headrace wrote: %d bytes, not %d", full, size, t.After),
			Hint:  "Another program writes to this file, so the last batch can't be taken back without harm. Stop that program and move the file away; then it goes on in a new file."}
	case t.New:
		return explain(d.targets.disk.remove(full), "remove", full)
	case size < t.Before:
		d.log.Warn("a file was cut by another program", "flow", d.flow, "path", full, "bytes", size, "expected", t.Before)
		return nil
	case size > t.Before:
		if err := d.targets.disk.truncate(f, t.Before); err != nil {
			return explain(err, "cut", full)
		}
	}
	return explain(d.targets.disk.sync(f), "sync", full)
}
