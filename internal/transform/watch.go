package transform

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"sync"
	"time"
)

var (
	errTooLong = errors.New("did not end in time")
	errTooBig  = errors.New("used too much memory")
)

// firstLook and nextLook are when a running program's time and memory are looked at. Most programs end before the first.
const (
	firstLook = 50 * time.Millisecond
	nextLook  = 20 * time.Millisecond
)

// A watcher ends its context when a record takes too long, or when the process grows too much meanwhile. Memory can only be seen for the
// process as a whole, so the bound is generous, and a single jq operation can't be interrupted (the largest one makes a string of 2 GiB).
type watcher struct {
	ctx    context.Context //nolint:containedctx // lives as long as one Apply
	cancel context.CancelCauseFunc
	limits Limits
	began  time.Time

	mu    sync.Mutex
	timer *time.Timer
	ended bool
	heap  int64 // at the first look
}

func watch(ctx context.Context, limits Limits) *watcher {
	w := &watcher{limits: limits, began: time.Now()}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(min(firstLook, limits.Timeout), w.look)
	return w
}

// stop ends the watch; it may be called twice.
func (w *watcher) stop() {
	w.mu.Lock()
	w.ended = true
	w.timer.Stop()
	w.mu.Unlock()
	w.cancel(nil)
}

func (w *watcher) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	left := w.limits.Timeout - time.Since(w.began)
	if left <= 0 {
		w.cancel(fmt.Errorf("%w (%s)", errTooLong, w.limits.Timeout))
		return
	}
	heap := heapBytes()
	if w.heap == 0 {
		w.heap = heap
	}
	if heap-w.heap > w.limits.Memory {
		w.cancel(fmt.Errorf("%w (%d MiB)", errTooBig, w.limits.Memory>>20))
		return
	}
	w.timer.Reset(min(nextLook, left))
}

// heapBytes is what the process's objects take.
func heapBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(sample[0].Value.Uint64()) //nolint:gosec // a process's memory fits
}
