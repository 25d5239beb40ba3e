package connectortest

import (
	"context"
	"iter"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/connector"
)

// In all wrappers n counts from 1 and is the call that fails; later calls work again. Only Writes with records count,
// since an empty one merely recovers. n 0 fails every call.

// hit counts calls and tells whether this one is to fail.
type hit struct {
	n     int
	calls atomic.Int64
}

func (h *hit) now() bool { return h.n == 0 || h.calls.Add(1) == int64(h.n) }

type onWrite struct {
	connector.Destination
	write func(ctx context.Context, batch connector.Batch) (connector.Result, error)
}

// Write calls the wrapper's own for a batch with records.
func (o onWrite) Write(ctx context.Context, batch connector.Batch) (connector.Result, error) {
	if len(batch.Records) == 0 {
		return o.Destination.Write(ctx, batch)
	}
	return o.write(ctx, batch)
}

// FailWrite fails the n-th Write before anything was written.
func FailWrite(dst connector.Destination, n int, err error) connector.Destination {
	h := &hit{n: n}
	return onWrite{dst, func(ctx context.Context, batch connector.Batch) (connector.Result, error) {
		if h.now() {
			return connector.Result{}, err
		}
		return dst.Write(ctx, batch)
	}}
}

// FailAfterWrite writes the n-th batch and then says that it failed: the commit is lost.
func FailAfterWrite(dst connector.Destination, n int, err error) connector.Destination {
	h := &hit{n: n}
	return onWrite{dst, func(ctx context.Context, batch connector.Batch) (connector.Result, error) {
		res, werr := dst.Write(ctx, batch)
		if h.now() && werr == nil {
			return connector.Result{}, err
		}
		return res, werr
	}}
}

// Half writes the first half of the n-th batch and then fails.
func Half(dst connector.Destination, n int, err error) connector.Destination {
	h := &hit{n: n}
	return onWrite{dst, func(ctx context.Context, batch connector.Batch) (connector.Result, error) {
		if !h.now() {
			return dst.Write(ctx, batch)
		}
		batch.Records = batch.Records[:len(batch.Records)/2]
		if _, werr := dst.Write(ctx, batch); werr != nil {
			return connector.Result{}, werr
		}
		return connector.Result{}, err
	}}
}

// Stop stores the first half of the n-th batch and says so, with the reason why the rest was not tried.
func Stop(dst connector.Destination, n int, reason error) connector.Destination {
	h := &hit{n: n}
	return onWrite{dst, func(ctx context.Context, batch connector.Batch) (connector.Result, error) {
		if !h.now() {
			return dst.Write(ctx, batch)
		}
		whole := len(batch.Records)
		batch.Records = batch.Records[:whole/2]
		res, err := dst.Write(ctx, batch)
		if err != nil {
			return res, err
		}
		res.Outcomes = append(res.Outcomes[:whole/2:whole/2], make([]connector.Outcome, whole-whole/2)...)
		res.Stopped = reason
		return res, nil
	}}
}

// CancelWrite calls cancel after the n-th batch was written, before the caller knows.
func CancelWrite(dst connector.Destination, n int, cancel context.CancelFunc) connector.Destination {
	h := &hit{n: n}
	return onWrite{dst, func(ctx context.Context, batch connector.Batch) (connector.Result, error) {
		res, err := dst.Write(ctx, batch)
		if h.now() {
			cancel()
		}
		return res, err
	}}
}

// SlowWrite waits before each Write with records. The wait ends with the context.
func SlowWrite(dst connector.Destination, d time.Duration) connector.Destination {
	return onWrite{dst, func(ctx context.Context, batch connector.Batch) (connector.Result, error) {
		if err := wait(ctx, d); err != nil {
			return connector.Result{}, err
		}
		return dst.Write(ctx, batch)
	}}
}

// OnWrite calls hook before each Write, empty ones too, and fails it with the hook's error.
func OnWrite(dst connector.Destination, hook func(ctx context.Context, batch connector.Batch) error) connector.Destination {
	return hookedWrite{dst, hook}
}

type hookedWrite struct {
	connector.Destination
	hook func(ctx context.Context, batch connector.Batch) error
}

// Write calls the hook, then the destination.
func (h hookedWrite) Write(ctx context.Context, batch connector.Batch) (connector.Result, error) {
	if err := h.hook(ctx, batch); err != nil {
		return connector.Result{}, err
	}
	return h.Destination.Write(ctx, batch)
}

type onEnumerate struct {
	connector.Source
	enumerate func(ctx context.Context, cursor connector.Cursor) (connector.Enumeration, error)
}

// Enumerate calls the wrapper's own.
func (o onEnumerate) Enumerate(ctx context.Context, cursor connector.Cursor) (connector.Enumeration, error) {
	return o.enumerate(ctx, cursor)
}

// FailEnumerate fails the n-th Enumerate.
func FailEnumerate(src connector.Source, n int, err error) connector.Source {
	h := &hit{n: n}
	return onEnumerate{src, func(ctx context.Context, cursor connector.Cursor) (connector.Enumeration, error) {
		if h.now() {
			return connector.Enumeration{}, err
		}
		return src.Enumerate(ctx, cursor)
	}}
}

// SlowEnumerate waits before each Enumerate.
func SlowEnumerate(src connector.Source, d time.Duration) connector.Source {
	return onEnumerate{src, func(ctx context.Context, cursor connector.Cursor) (connector.Enumeration, error) {
		if err := wait(ctx, d); err != nil {
			return connector.Enumeration{}, err
		}
		return src.Enumerate(ctx, cursor)
	}}
}

type onRead struct {
	connector.Source
	read func(ctx context.Context, split connector.Split, skip int64) iter.Seq2[connector.Record, error]
}

// Read calls the wrapper's own.
func (o onRead) Read(ctx context.Context, split connector.Split, skip int64) iter.Seq2[connector.Record, error] {
	return o.read(ctx, split, skip)
}

// FailRead ends the n-th Read with err after it yielded some records.
func FailRead(src connector.Source, n, after int, err error) connector.Source {
	h := &hit{n: n}
	return onRead{src, func(ctx context.Context, split connector.Split, skip int64) iter.Seq2[connector.Record, error] {
		return func(yield func(connector.Record, error) bool) {
			failing, i := h.now(), 0
			for rec, rerr := range src.Read(ctx, split, skip) {
				if failing && i == after {
					break
				}
				if i++; !yield(rec, rerr) {
					return
				}
			}
			if failing {
				yield(connector.Record{}, err)
			}
		}
	}}
}

// CancelRead calls cancel in the n-th Read after it yielded some records.
func CancelRead(src connector.Source, n, after int, cancel context.CancelFunc) connector.Source {
	h := &hit{n: n}
	return onRead{src, func(ctx context.Context, split connector.Split, skip int64) iter.Seq2[connector.Record, error] {
		return func(yield func(connector.Record, error) bool) {
			failing, i := h.now(), 0
			for rec, err := range src.Read(ctx, split, skip) {
				if failing && i == after {
					cancel()
				}
				if i++; !yield(rec, err) {
					return
				}
			}
		}
	}}
}

// SlowRead waits before each record.
func SlowRead(src connector.Source, d time.Duration) connector.Source {
	return onRead{src, func(ctx context.Context, split connector.Split, skip int64) iter.Seq2[connector.Record, error] {
		return func(yield func(connector.Record, error) bool) {
			for rec, err := range src.Read(ctx, split, skip) {
				if werr := wait(ctx, d); werr != nil {
					yield(connector.Record{}, werr)
					return
				}
				if !yield(rec, err) {
					return
				}
			}
		}
	}}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
