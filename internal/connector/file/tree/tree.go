// Package tree lists and opens files below one place: a local folder (or a single file), never anything outside of it.
// Start at Tree. Object storage is package bucket.
package tree

import (
	"context"
	"io"
	"time"
)

// A File is one file as it was found.
type File struct {
	Path     string    // below the tree's root, with slashes
	Size     int64     // bytes
	Modified time.Time // UTC
	Tag      string    // what its content is known by (an object's ETag); "": nothing
}

// Same tells whether two findings are of the same content, as far as anybody can tell without reading it. Where both have
// a tag, that decides: a storage may tell another time when it is asked in another way.
func (f File) Same(o File) bool {
	if f.Tag != "" && o.Tag != "" {
		return f.Path == o.Path && f.Size == o.Size && f.Tag == o.Tag
	}
	return f.Path == o.Path && f.Size == o.Size && f.Modified.Equal(o.Modified)
}

// A Tree is a place with files. Its methods may be called from several goroutines.
type Tree interface {
	// Walk lists the files after a place in the walk, "" being the beginning, in an order that is always the same.
	// enter says which folders are gone into; nil: all.
	Walk(after string, enter func(folder string) bool) Walk
	// Look gives one file by its path, if a Walk with the same enter would give it; else NotFound, also for a path that leads
	// out of the tree.
	Look(ctx context.Context, path string, enter func(folder string) bool) (File, error)
	// Open opens a file for reading. What is not there is NotFound, what may not be read is Invalid.
	Open(ctx context.Context, path string) (Content, error)
	// Close ends what opening the tree began.
	Close() error
}

// A Walk is one listing. It is used by one goroutine.
type Walk interface {
	// Next gives the next file, io.EOF after the last. A folder that cannot be listed is a *FolderError, and the walk
	// goes on behind it; any other error ends the walk.
	Next(ctx context.Context) (File, error)
	// Place is where a new Walk goes on after the last file that was given.
	Place() string
	// Passed is how many links and things that are no files were passed over so far.
	Passed() int
}

// Content is an open file.
type Content interface {
	io.ReadCloser
	// Now is the file as it is now: another than the one that was listed has changed since.
	Now() (File, error)
}

// A FolderError is a folder that could not be listed.
type FolderError struct {
	Path string // "": the root
	Err  error
}

// Error says which folder.
func (e *FolderError) Error() string { return "list folder " + e.Path + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *FolderError) Unwrap() error { return e.Err }
