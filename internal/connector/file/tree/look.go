package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/headrace/headrace/internal/fault"
)

// NotThere says that a tree has no file of a path, or none that it gives.
func NotThere(name string) error {
	return &fault.Error{Class: fault.NotFound, Code: "file_unknown", Title: fmt.Sprintf("there is no file %.200q", name)}
}

// hidden tells a name that is passed over unless it is asked for.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$") }

// Look goes from folder to folder as Walk does, so that it gives nothing that Walk would not: no hidden name, no link
// that is not followed, no circle. What is no plain path below the folder is nothing that Walk gives.
func (f *folder) Look(ctx context.Context, name string, enter func(string) bool) (File, error) {
	if err := ctx.Err(); err != nil {
		return File{}, err
	}
	if !fs.ValidPath(name) || strings.ContainsRune(name, 0) || name == "." || f.only != "" && name != f.only {
		return File{}, NotThere(name)
	}
	top, err := f.root.Stat(".")
	if err != nil {
		return File{}, missing(err, f.path)
	}
	way := []fs.FileInfo{top}
	for at := 0; ; {
		part, _, deeper := strings.Cut(name[at:], "/")
		here := name[:at+len(part)]
		if f.only == "" && !f.o.Hidden && hidden(part) {
			return File{}, NotThere(name)
		}
		info, err := f.look(here)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG), err == nil && info == nil:
			return File{}, NotThere(name)
		case err != nil:
			return File{}, explain(err, "look at", here)
		case info.IsDir() != deeper:
			return File{}, NotThere(name)
		case !deeper:
			return fileOf(name, info), nil
		}
		circle := slices.ContainsFunc(way, func(above fs.FileInfo) bool { return os.SameFile(above, info) })
		if circle || len(way) >= mostLevels || enter != nil && !enter(here) {
			return File{}, NotThere(name)
		}
		way, at = append(way, info), at+len(part)+1
	}
}
