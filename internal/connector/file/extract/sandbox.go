package extract

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	pdfium "github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/headrace/headrace/internal/fault"
)

// PDFium, Chrome's reader, is C++ that runs as WebAssembly: it sees the one document's bytes and no files, network, time
// of day or environment. Each document gets memory of its own, which is bounded and dropped after it, and its work is cut off
// when its time is up. Nothing that a document does to PDFium outlives the document.
const (
	// sandboxPages bounds a document's memory, in pages of 64 KiB: 192 MiB.
	sandboxPages = 3072
	mostSandbox  = 2
)

// A sandbox reads one PDF at a time.
type sandbox struct {
	pool  pdfium.Pool
	turn  *turn
	whole bool // it has the whole PDFium: see trim
}

// sandboxes are the process's. Compiling PDFium takes seconds and more memory than reading with it, so it is done once, when
// the first PDF is met, and kept.
var sandboxes = struct {
	slots chan struct{} // a token for each that is in use
	mu    sync.Mutex
	idle  map[bool][]*sandbox // by whether it has the whole PDFium
	cache wazero.CompilationCache
}{slots: make(chan struct{}, min(mostSandbox, max(runtime.GOMAXPROCS(0)/2, 1))), idle: map[bool][]*sandbox{}}

// takeSandbox waits for one that is free. give gives it back.
func takeSandbox(ctx context.Context, whole bool) (s *sandbox, give func(), err error) {
	select {
	case sandboxes.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	free := func() { <-sandboxes.slots }
	sandboxes.mu.Lock()
	defer sandboxes.mu.Unlock()
	if all := sandboxes.idle[whole]; len(all) > 0 {
		s, sandboxes.idle[whole] = all[len(all)-1], all[:len(all)-1]
	} else if s, err = newSandbox(ctx, whole); err != nil {
		free()
		return nil, nil, err
	}
	return s, func() {
		sandboxes.mu.Lock()
		sandboxes.idle[whole] = append(sandboxes.idle[whole], s)
		sandboxes.mu.Unlock()
		free()
	}, nil
}

// newSandbox compiles PDFium, or takes what was compiled before.
func newSandbox(ctx context.Context, whole bool) (s *sandbox, err error) {
	defer func() {
		if p := recover(); p != nil { // where memory may not be made executable
			err = noSandbox(fmt.Errorf("%v", p))
		}
	}()
	if sandboxes.cache == nil {
		sandboxes.cache = wazero.NewCompilationCache()
	}
	wasm := pdfiumWasm
	if !whole {
		if wasm, _, err = trim(wasm); err != nil {
			return nil, noSandbox(err)
		}
	}
	t := &turn{}
	t.begin(context.WithoutCancel(ctx))
	pool, err := webassembly.InitWithWASM(webassembly.Config{
		WASM:     wasm,
		Context:  t,
		MaxTotal: 1,
		RuntimeConfig: engine().WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
			WithCompilationCache(sandboxes.cache).WithMemoryLimitPages(sandboxPages).WithCloseOnContextDone(true),
		FSConfig: wazero.NewFSConfig(), // no files
		Stdout:   io.Discard, Stderr: io.Discard, RandomSource: rand.Reader,
	})
	if err != nil {
		return nil, noSandbox(err)
	}
	debug.FreeOSMemory() // what compiling took is several times what is kept
	return &sandbox{pool: pool, turn: t, whole: whole}, nil
}

func noSandbox(err error) error {
	return (&fault.Error{Class: fault.Unavailable, Code: "pdf_unavailable", Title: "PDFs cannot be read by this process", Err: err}).
		WithHint("PDFium is compiled in memory: under systemd MemoryDenyWriteExecute must not be set, and some 100 MB of memory must be free for a few seconds.")
}

// turn is the context of a sandbox's instances: that of the document in hand. The library takes a context for its whole
// life and gives each instance a child of it; there is one instance at a time, made when its document begins.
type turn struct{ now atomic.Pointer[holder] }

type holder struct {
	ctx context.Context //nolint:containedctx // see turn
}

func (t *turn) begin(ctx context.Context) { t.now.Store(&holder{ctx}) }

// Deadline is the document's.
func (t *turn) Deadline() (time.Time, bool) { return t.now.Load().ctx.Deadline() }

// Done is the document's.
func (t *turn) Done() <-chan struct{} { return t.now.Load().ctx.Done() }

// Err is the document's.
func (t *turn) Err() error { return t.now.Load().ctx.Err() }

// Value is the document's.
func (t *turn) Value(key any) any { return t.now.Load().ctx.Value(key) }
