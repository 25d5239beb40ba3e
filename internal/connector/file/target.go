package file

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headrace/headrace/internal/fault"
)

const (
	maxOpen   = 64          // files that stay open between batches
	maxIdle   = time.Minute // so long, so that a deleted file does not keep its disk space
	maxSeries = 4096        // series whose last file is remembered
)

// A target is one file that a batch appends to.
type target struct {
	name    string // below the root, with slashes
	n       int    // its number in its series
	size    int64  // before the batch
	fresh   bool   // made for this batch
	brief   bool   // one of too many: open only while it is written
	foreign bool   // appeared when it should have been made
	f       *os.File
	used    time.Time
}

func (t *target) close() {
	if t.f != nil {
		_ = release(t.f) // everything that counts was synced
		t.f = nil
	}
}

// release unlocks and closes.
func release(f *os.File) error {
	unlock(f)
	return f.Close()
}

// A position is what is remembered of a series: its last file and how large we left it.
type position struct {
	n    int
	size int64
}

// targets finds the files to write and keeps the recent ones open and locked.
type targets struct {
	root string
	cfg  Config
	disk disk
	open map[string]*target // by name
	last map[series]position
	dirs map[string]bool // folders whose names are not known to be durable
}

// find gives each part its target: open and locked, but for those beyond the bound and those that are not there yet.
func (t *targets) find(parts []*part) (err error) {
	taken, listings := map[string]bool{}, map[string][]string{}
	for i, p := range parts {
		if p.target, err = t.locate(p, taken, listings); err != nil {
			return err
		}
		name := p.target.name
		taken[name] = true
		if p.target.size == 0 {
			t.renamed(name)
		}
		p.target.brief = i >= maxOpen && t.open[name] == nil
		t.hold(p.target)
	}
	return nil
}

// hold keeps an open target, or closes one beyond the bound.
func (t *targets) hold(found *target) {
	switch {
	case found.brief:
		found.close()
	case found.f != nil:
		t.open[found.name] = found
	}
}

// renamed notes all folders that lead to a file without content: whoever made it may not have come to sync them.
func (t *targets) renamed(name string) {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		t.dirs[t.full(dir)] = true
		if dir == "." {
			return
		}
	}
}

// syncDirs makes the noted names durable. A folder that is gone is an error once.
func (t *targets) syncDirs() error {
	dirs := slices.Sorted(maps.Keys(t.dirs))
	errs := make([]error, len(dirs))
	var group errgroup.Group
	group.SetLimit(workers)
	for i, dir := range dirs {
		group.Go(func() error {
			errs[i] = t.disk.syncDir(dir)
			return explain(errs[i], "sync folder", dir)
		})
	}
	err := group.Wait()
	for i, dir := range dirs {
		if errs[i] == nil || errors.Is(errs[i], fs.ErrNotExist) {
			delete(t.dirs, dir)
		}
	}
	return err
}

// make makes the files that are not there yet. What appears in their place since find looked is foreign.
func (t *targets) make(parts []*part) error {
	for _, p := range parts {
		if !p.target.fresh {
			continue
		}
		full := t.full(p.target.name)
		if err := t.mkdir(filepath.Dir(full), t.cfg.DirMode.perm()); err != nil {
			return err
		}
		f, err := t.disk.create(full, t.cfg.FileMode.perm())
		switch {
		case errors.Is(err, fs.ErrExist):
			p.target.foreign = true
			return changed(full, "it was made by somebody else")
		case err != nil:
			return explain(err, "create", full)
		}
		if err := own(f); err != nil {
			return errors.Join(err, f.Close())
		}
		p.target.f = f
		t.hold(p.target)
	}
	return nil
}

// mkdir makes a folder and those above it.
func (t *targets) mkdir(dir string, mode fs.FileMode) error {
	parents, err := t.disk.mkdirAll(dir, mode)
	for _, parent := range parents {
		t.dirs[parent] = true
	}
	return explain(err, "make folder", dir)
}

func (t *targets) full(name string) string { return filepath.Join(t.root, filepath.FromSlash(name)) }

// locate finds the last file of a part's series, or names the next one if that is full, or does not end where a batch
// ends: then somebody else wrote to it, or it is torn from a life whose journal is gone.
func (t *targets) locate(p *part, taken map[string]bool, listings map[string][]string) (*target, error) {
	pos, remembered := t.last[p.series]
	if !remembered {
		n, err := t.highest(p.series, listings)
		if err != nil {
			return nil, err
		}
		pos = position{n: max(n, 0), size: -1}
	}
	for n := pos.n; ; n++ {
		name := p.series.file(n)
		if taken[name] {
			continue
		}
		found, err := t.get(name, n)
		if err != nil || found.fresh {
			return found, err
		}
		fits := t.cfg.RotateSize == 0 || found.size == 0 || found.size+p.size <= int64(t.cfg.RotateSize)
		whole := n == pos.n && found.size == pos.size
		if fits && !whole {
			if whole, err = t.cfg.Compression.whole(found.f, found.size); err != nil {
				return nil, explain(err, "read", t.full(name))
			}
		}
		if fits && whole {
			return found, nil
		}
		delete(t.open, name)
		found.close()
	}
}

// get opens and locks a file, or takes the open one if its name still leads to it. A file that is not there is fresh.
func (t *targets) get(name string, n int) (*target, error) {
	full := t.full(name)
	if kept := t.open[name]; kept != nil {
		if samePath(kept.f) {
			info, err := kept.f.Stat()
			if err != nil {
				return nil, explain(err, "look at", full)
			}
			kept.size = info.Size()
			return kept, nil
		}
		delete(t.open, name)
		kept.close()
	}
	f, size, err := openFile(full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &target{name: name, n: n, fresh: true}, nil
	case err != nil:
		return nil, err
	}
	return &target{name: name, n: n, size: size, f: f}, nil
}

// openFile opens and locks a file that is there.
func openFile(full string) (*os.File, int64, error) {
	info, err := os.Stat(full)
	if err != nil {
		return nil, 0, explain(err, "open", full)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, &fault.Error{Class: fault.Denied, Code: "not_a_file", Title: full + " is not a regular file",
			Hint: "Move it away, or set another name."}
	}
	f, err := os.OpenFile(full, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, 0, explain(err, "open", full)
	}
	if err := own(f); err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	if info, err = f.Stat(); err != nil {
		return nil, 0, errors.Join(explain(err, "look at", full), release(f))
	}
	return f, info.Size(), nil
}

// own locks a file, or says who should not be writing to it.
func own(f *os.File) error {
	held, err := lock(f)
	if err != nil {
		return explain(err, "lock", f.Name())
	}
	if held {
		return &fault.Error{Class: fault.Unavailable, Code: "file_locked",
			Title: fmt.Sprintf("%s is being written by another flow or process", f.Name()),
			Hint:  "Two flows must not write one file: put {flow} into the name of this destination, or give each flow a path of its own.",
		}
	}
	return nil
}

// highest is the largest number that a file of the series has, -1 without one.
func (t *targets) highest(s series, listings map[string][]string) (int, error) {
	dir := path.Dir(s.stem + s.ext)
	names, known := listings[dir]
	if !known {
		full := filepath.Join(t.root, filepath.FromSlash(dir))
		entries, err := os.ReadDir(full)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, explain(err, "list folder", full)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		listings[dir] = names
	}
	highest := -1
	for _, name := range names {
		if n, ok := s.number(name); ok {
			highest = max(highest, n)
		}
	}
	return highest, nil
}

// keep remembers what a batch left and closes what was not used for long.
func (t *targets) keep(parts []*part, now time.Time) {
	if len(t.last)+len(parts) > maxSeries {
		clear(t.last)
	}
	for _, p := range parts {
		t.last[p.series] = position{p.target.n, p.target.size + p.size}
		p.target.fresh, p.target.used = false, now
	}
	for name, kept := range t.open {
		if now.Sub(kept.used) > maxIdle {
			kept.close()
			delete(t.open, name)
		}
	}
	for len(t.open) > maxOpen {
		t.evict()
	}
}

// evict closes the file that was not used for the longest time.
func (t *targets) evict() {
	var oldest *target
	for _, kept := range t.open {
		if oldest == nil || kept.used.Before(oldest.used) {
			oldest = kept
		}
	}
	oldest.close()
	delete(t.open, oldest.name)
}

// close forgets everything.
func (t *targets) close() error {
	var errs []error
	for _, kept := range t.open {
		if kept.f != nil {
			errs = append(errs, release(kept.f))
		}
	}
	clear(t.open)
	clear(t.last)
	return errors.Join(errs...)
}
