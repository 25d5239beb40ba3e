package tree

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/headrace/headrace/internal/fault"
)

// Options say how a folder is gone through.
type Options struct {
	Links  bool // follow symbolic links, as long as they stay within the folder
	Hidden bool // also names that begin with a dot, or with ~$ (Office's lock files)
}

// folder is a local folder. Everything is opened below an os.Root, so that no link and no race leads out of it.
type folder struct {
	path string
	o    Options
	root *os.Root
	only string // the one file, if the path is a file
}

// OpenFolder opens a local folder, or one file.
func OpenFolder(name string, o Options) (Tree, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, explain(err, "find", name)
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil { // the place itself may be a link
		return nil, missing(err, name)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, missing(err, abs)
	}
	f := &folder{path: abs, o: o}
	if !info.IsDir() {
		f.path, f.only = filepath.Dir(abs), filepath.Base(abs)
	}
	if f.root, err = os.OpenRoot(f.path); err != nil {
		return nil, missing(err, f.path)
	}
	return f, nil
}

// Close closes the folder.
func (f *folder) Close() error { return f.root.Close() }

// Open opens one file. It must be a regular one: opening a pipe would wait for a writer.
func (f *folder) Open(ctx context.Context, name string) (Content, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	info, err := f.root.Lstat(name)
	if err == nil && f.only == "" && info.Mode()&fs.ModeSymlink != 0 && !f.o.Links {
		return nil, &fault.Error{Class: fault.Conflict, Code: "file_changed", Title: name + " became a symbolic link since it was listed"}
	}
	if err != nil {
		return nil, explain(err, "open", name)
	}
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, explain(err, "open", name)
	}
	c := &content{File: file, path: name}
	now, err := file.Stat()
	if err == nil && !now.Mode().IsRegular() {
		err = &fault.Error{Class: fault.Conflict, Code: "file_changed", Title: name + " is no longer a regular file"}
	}
	if err != nil {
		return nil, errors.Join(explain(err, "look at", name), file.Close())
	}
	return c, nil
}

type content struct {
	*os.File
	path string
}

// Now looks at the open file.
func (c *content) Now() (File, error) {
	info, err := c.Stat()
	if err != nil {
		return File{}, explain(err, "look at", c.path)
	}
	return fileOf(c.path, info), nil
}

func fileOf(name string, info fs.FileInfo) File {
	return File{Path: name, Size: info.Size(), Modified: info.ModTime().UTC()}
}

// Walk goes through the folders in the order of their names. A name is compared without the slash, so that a folder and
// what is in it stand together.
func (f *folder) Walk(after string, enter func(string) bool) Walk {
	return &folderWalk{folder: f, after: after, place: after, enter: enter}
}

// folderWalk holds, for each folder on the way to where it is, the names that are left.
type folderWalk struct {
	folder *folder
	after  string // "": nothing more to catch up with
	enter  func(string) bool
	open   []*level
	begun  bool
	place  string
	passed int
}

// mostLevels bounds how deep folders may lie; only links can make them lie deeper.
const mostLevels = 512

type level struct {
	path  string
	info  fs.FileInfo
	names []string // sorted; names[next:] are left
	next  int
}

// Place is the path of the last file.
func (w *folderWalk) Place() string { return w.place }

// Passed counts links and what is no file.
func (w *folderWalk) Passed() int { return w.passed }

// Next gives the next file.
func (w *folderWalk) Next(ctx context.Context) (File, error) {
	if !w.begun {
		w.begun = true
		if err := w.begin(); err != nil {
			return File{}, err
		}
	}
	for len(w.open) > 0 {
		if err := ctx.Err(); err != nil {
			return File{}, err
		}
		top := w.open[len(w.open)-1]
		if top.next == len(top.names) {
			w.open = w.open[:len(w.open)-1]
			continue
		}
		name := path.Join(top.path, top.names[top.next])
		top.next++
		info, err := w.folder.look(name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it vanished meanwhile
			continue
		case err != nil:
			return File{}, &FolderError{Path: top.path, Err: missing(err, w.full(name))}
		case info == nil:
			w.passed++
			continue
		case info.IsDir():
			if err := w.descend(name, info); err != nil {
				return File{}, err
			}
			continue
		}
		if w.after != "" && name == w.after {
			continue
		}
		w.place = name
		return fileOf(name, info), nil
	}
	return File{}, io.EOF
}

// begin lists the root, and the folders on the way to the place to go on after.
func (w *folderWalk) begin() error {
	if only := w.folder.only; only != "" {
		w.open = []*level{{names: []string{only}}}
		return nil
	}
	info, err := w.folder.root.Stat(".")
	if err != nil {
		return missing(err, w.folder.path)
	}
	return w.push("", info)
}

// look gives a file or folder; nil: it is neither, or a link that is not followed.
func (f *folder) look(name string) (fs.FileInfo, error) {
	info, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		if !f.o.Links && f.only == "" {
			return nil, nil
		}
		if info, err = f.root.Stat(name); err != nil { // dangling, in a circle, or leading out of the folder
			return nil, nil
		}
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return nil, nil
	}
	return info, nil
}

// descend goes into a folder, unless it is left out or a link leads back to where we are.
func (w *folderWalk) descend(name string, info fs.FileInfo) error {
	if w.enter != nil && !w.enter(name) {
		return nil
	}
	circle := slices.ContainsFunc(w.open, func(l *level) bool { return os.SameFile(l.info, info) })
	if circle || len(w.open) >= mostLevels {
		w.passed++
		return nil
	}
	return w.push(name, info)
}

func (w *folderWalk) push(name string, info fs.FileInfo) error {
	dir, err := w.folder.root.OpenFile(path.Join(".", name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) && name != "" {
		return nil
	}
	if err != nil {
		return &FolderError{Path: name, Err: missing(err, w.full(name))}
	}
	defer func() { _ = dir.Close() }()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return &FolderError{Path: name, Err: missing(err, w.full(name))}
	}
	if !w.folder.o.Hidden {
		names = slices.DeleteFunc(names, hidden)
	}
	slices.Sort(names)
	l := &level{path: name, info: info, names: names}
	if rest, on := within(w.after, name); on {
		first, _, _ := strings.Cut(rest, "/")
		l.next, _ = slices.BinarySearch(names, first)
	}
	w.open = append(w.open, l)
	return nil
}

func (w *folderWalk) full(name string) string {
	return filepath.Join(w.folder.path, filepath.FromSlash(name))
}

// within tells whether a path lies in a folder, and gives the rest of it.
func within(name, folder string) (string, bool) {
	if name == "" {
		return "", false
	}
	if folder == "" {
		return name, true
	}
	return strings.CutPrefix(name, folder+"/")
}
