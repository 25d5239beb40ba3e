// Package bucket lists and opens the objects of an object storage as a tree of files: S3 and what speaks like it, Azure
// Blob Storage, Google Cloud Storage. Keys that sign in come from the environment's own chain of each cloud; an address
// holds none. It only reads.
//
// Start at Open; what an address may say is in address.go, the clouds are in cloud.go and google.go.
package bucket

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/connector/file/tree"
	"github.com/headrace/headrace/internal/fault"
)

// An object is one object as it was found, with its whole key. Its file has the path below the place that is read.
type object struct {
	key      string
	size     int64
	modified time.Time // to the second: listings tell more of it than downloads
	tag      string    // its ETag without quotes, or Google's generation
}

// A store is a bucket of one cloud. Its errors are classed.
type store interface {
	// page lists at most size objects whose keys begin with prefix, in an order that is always the same. token is the
	// next of the page before; "": the first page. next is "" after the last.
	page(ctx context.Context, prefix, token string, size int) (objects []object, next string, err error)
	// open begins to download the newest version of an object and tells which one that is.
	open(ctx context.Context, key string) (io.ReadCloser, object, error)
	close() error
}

// Options say how a bucket is gone through.
type Options struct {
	Hidden bool // also names that begin with a dot, or with ~$ (Office's lock files)
	Page   int  // objects in one page of a listing; 0: 1,000, which is all that S3 gives
	// Stall is how long a request may go without an answer or a byte of it; 0: a minute.
	Stall time.Duration
}

const (
	pageSize = 1000
	stall    = time.Minute
)

// bucket is the objects below one prefix, or one object.
type bucket struct {
	store  store
	name   string // for people
	prefix string // ends with a slash, or is empty
	only   string // the one object's key; "": all
	o      Options
}

// Open opens what an address names: a bucket, a "folder" of it (a prefix) or one object. It asks once for what is there,
// so that a wrong name or key is told here. A URL that Problem takes is expected.
func Open(ctx context.Context, address string, o Options) (tree.Tree, error) {
	at, err := parse(address)
	if err != nil {
		return nil, err
	}
	s, err := at.store(ctx)
	if err != nil {
		return nil, err
	}
	b, err := open(ctx, s, at, o)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return b, nil
}

func open(ctx context.Context, s store, at address, o Options) (*bucket, error) {
	if o.Page == 0 {
		o.Page = pageSize
	}
	if o.Stall == 0 {
		o.Stall = stall
	}
	b := &bucket{store: s, name: at.String(), prefix: at.key, o: o}
	first, _, err := b.list(ctx, b.prefix, "", 1)
	if err != nil {
		return nil, err
	}
	switch { // an object that is called like the prefix comes before all that begin with it
	case at.key == "" || strings.HasSuffix(at.key, "/"):
	case len(first) > 0 && first[0].key == at.key:
		b.prefix, b.only = at.key[:strings.LastIndexByte(at.key, '/')+1], at.key
	default:
		b.prefix += "/"
	}
	return b, nil
}

// Close ends the use of the cloud's client.
func (b *bucket) Close() error { return b.store.close() }

// list asks for one page of what begins with a prefix.
func (b *bucket) list(ctx context.Context, prefix, token string, size int) ([]object, string, error) {
	watch, stop := context.WithTimeoutCause(ctx, b.o.Stall, errStalled)
	defer stop()
	objects, next, err := b.store.page(watch, prefix, token, size)
	if err != nil {
		return nil, "", explain(ctx, watch, "list "+b.name, err)
	}
	return objects, next, nil
}

func (b *bucket) file(o object) tree.File {
	return tree.File{Path: strings.TrimPrefix(o.key, b.prefix), Size: o.size, Modified: o.modified, Tag: o.tag}
}

// longestKey is how many characters a key has at most in any cloud; asking for a longer one is an error there.
const longestKey = 1024

// Look lists what begins with the object's key: an object that is called like the prefix comes first.
func (b *bucket) Look(ctx context.Context, name string, enter func(string) bool) (tree.File, error) {
	if !utf8.ValidString(name) || utf8.RuneCountInString(b.prefix+name) > longestKey {
		return tree.File{}, tree.NotThere(name)
	}
	first, _, err := b.list(ctx, b.prefix+name, "", 1)
	if err != nil {
		return tree.File{}, err
	}
	if len(first) == 0 || first[0].key != b.prefix+name || !(&walk{bucket: b, enter: enter}).wants(first[0]) {
		return tree.File{}, tree.NotThere(name)
	}
	return b.file(first[0]), nil
}

// Open begins to download an object.
func (b *bucket) Open(ctx context.Context, name string) (tree.Content, error) {
	watch, cancel := context.WithCancelCause(ctx)
	guard := time.AfterFunc(b.o.Stall, func() { cancel(errStalled) })
	defer guard.Stop()
	body, o, err := b.store.open(watch, b.prefix+name)
	if err != nil {
		err = explain(ctx, watch, "open "+name, err)
		cancel(nil)
		return nil, err
	}
	return &content{ctx: ctx, watch: watch, cancel: cancel, body: body, file: b.file(o), stall: b.o.Stall}, nil
}

// content is one version of an object on its way. What comes is that version whole, whatever happens to the object meanwhile.
type content struct {
	ctx, watch context.Context //nolint:containedctx // they live as long as the download
	cancel     context.CancelCauseFunc
	body       io.ReadCloser
	file       tree.File
	stall      time.Duration
	read       int64
}

// Now is the version that is being downloaded.
func (c *content) Now() (tree.File, error) { return c.file, nil }

// Read gives up if nothing comes for too long.
func (c *content) Read(p []byte) (int, error) {
	guard := time.AfterFunc(c.stall, func() { c.cancel(errStalled) })
	n, err := c.body.Read(p)
	guard.Stop()
	c.read += int64(n)
	switch {
	case errors.Is(err, io.EOF) && c.read < c.file.Size:
		err = io.ErrUnexpectedEOF
		fallthrough
	case err != nil && !errors.Is(err, io.EOF):
		return n, explain(c.ctx, c.watch, "read "+c.file.Path, err)
	}
	return n, err
}

// Close ends the download.
func (c *content) Close() error {
	c.cancel(nil)
	_ = c.body.Close() // what matters was told by Read
	return nil
}

// hidden tells names that are passed over unless they are asked for.
func hidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") || strings.HasPrefix(part, "~$") {
			return true
		}
	}
	return false
}

// folders gives the folders on the way to a file, the outermost first.
func folders(name string) []string {
	var out []string
	for i, r := range name {
		if r == '/' {
			out = append(out, name[:i])
		}
	}
	return out
}

// Walk lists the objects in the cloud's order.
func (b *bucket) Walk(after string, enter func(string) bool) tree.Walk {
	w := &walk{bucket: b, enter: enter, place: after}
	w.token, w.last = splitPlace(after)
	return w
}

// walk holds one page.
type walk struct {
	bucket *bucket
	enter  func(string) bool
	place  string // where a new walk goes on
	token  string // of the page in hand
	last   string // key of the last object that was passed
	page   []object
	next   string // token of the page behind
	begun  bool
	folder string // the last folder that was asked about
	inside bool   // and whether it is gone into
}

// Place is the page in hand, and the last object of it that was passed.
func (w *walk) Place() string { return w.place }

// Passed is always 0: a storage has neither links nor devices.
func (w *walk) Passed() int { return 0 }

// Next gives the next object that is a file.
func (w *walk) Next(ctx context.Context) (tree.File, error) {
	if !w.begun {
		if err := w.begin(ctx); err != nil {
			return tree.File{}, err
		}
		w.begun = true
	}
	for {
		if err := ctx.Err(); err != nil {
			return tree.File{}, err
		}
		for len(w.page) > 0 {
			o := w.page[0]
			w.page = w.page[1:]
			w.last, w.place = o.key, joinPlace(w.token, o.key)
			if w.wants(o) {
				return w.bucket.file(o), nil
			}
		}
		if w.next == "" {
			return tree.File{}, io.EOF
		}
		if err := w.turn(ctx, w.next); err != nil {
			return tree.File{}, err
		}
	}
}

// begin takes up the page at the place to go on after. Of a page that changed meanwhile, and of a listing whose token is no
// longer known, some is given again; none is left out.
func (w *walk) begin(ctx context.Context) error {
	err := w.turn(ctx, w.token)
	if w.token != "" && fault.ClassOf(err) == fault.Invalid {
		w.last = ""
		return w.turn(ctx, "")
	}
	if err != nil {
		return err
	}
	for i, o := range w.page {
		if o.key == w.last {
			w.page = w.page[i+1:]
			break
		}
	}
	return nil
}

// turn fetches a page.
func (w *walk) turn(ctx context.Context, token string) error {
	prefix := w.bucket.prefix
	if only := w.bucket.only; only != "" {
		prefix = only
	}
	page, next, err := w.bucket.list(ctx, prefix, token, w.bucket.o.Page)
	if err != nil {
		return err
	}
	w.token, w.page, w.next = token, page, next
	return nil
}

// wants tells whether an object is a file that is to be given: no mark of a folder, not hidden, in no folder that is left out.
func (w *walk) wants(o object) bool {
	b := w.bucket
	if b.only != "" {
		return o.key == b.only
	}
	name := strings.TrimPrefix(o.key, b.prefix)
	if name == "" || strings.HasSuffix(name, "/") || !b.o.Hidden && hidden(name) {
		return false
	}
	if dir := path.Dir("/" + name); w.enter != nil && dir != w.folder {
		w.folder, w.inside = dir, true
		for _, f := range folders(name) {
			w.inside = w.inside && w.enter(f)
		}
	}
	return w.enter == nil || w.inside
}
