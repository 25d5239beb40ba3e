package stdout

import (
	"bytes"
	"context"
	"errors"
	"io"
	"syscall"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// A writer writes until ctx ends and tells how much. Its check writes nothing and gives the error that a write would.
type writer interface {
	write(ctx context.Context, p []byte) (int, error)
	check() error
}

// An output is a stream of lines that several flows share. A line that a cancelled write left unfinished is finished by
// the next one, so that the stream stays NDJSON; that record then comes twice.
type output struct {
	w      writer
	turn   chan struct{} // holds the right to write
	rest   []byte        // what is missing of the last line
	closed error
}

func newOutput(w writer) *output { return &output{w: w, turn: make(chan struct{}, 1)} }

// print writes whole lines and tells how many bytes of text were written.
func (o *output) print(ctx context.Context, text []byte) (int, error) {
	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if o.closed != nil {
		return 0, o.closed
	}
	n, err := o.w.write(ctx, o.rest)
	o.rest = o.rest[n:]
	if err != nil {
		return 0, o.explain(err)
	}
	n, err = o.w.write(ctx, text)
	if err == nil {
		return n, nil
	}
	if n > 0 && text[n-1] != '\n' {
		end := n + bytes.IndexByte(text[n:], '\n') + 1
		o.rest = bytes.Clone(text[n:end])
	}
	return n, o.explain(err)
}

// explain classifies what a write said. A closed output stays closed: nobody will read it again, and asking for each
// batch would only spin.
func (o *output) explain(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.EBADF), errors.Is(err, io.ErrClosedPipe):
		o.closed = &fault.Error{Class: fault.Denied, Code: "stdout_closed", Title: "standard output is closed", Err: err,
			Hint: "The program that read it has ended. Start both again: the flow goes on where it stopped. What that program had not read yet of the last batches is not sent again."}
		return o.closed
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &fault.Error{Class: fault.Unavailable, Code: "disk_full", Title: "standard output goes to a disk that is full", Err: err,
			Hint: "Free space on that disk; it goes on by itself."}
	default:
		return &fault.Error{Class: fault.Unavailable, Code: "stdout_error", Title: "standard output can't be written", Err: err,
			Hint: "See where standard output was sent to. It is tried again."}
	}
}

func (o *output) check() connector.Check {
	if err := o.w.check(); err != nil {
		return connector.Check{Name: "Standard output", Result: connector.Refused, Text: "It can't be written.", Fix: "Send it to a program that reads, to a file or to a terminal.", Err: err}
	}
	return connector.Check{Name: "Standard output", Result: connector.Works, Text: "It is open."}
}

// plain writes to something that can't be interrupted.
type plain struct{ w io.Writer }

func (p plain) write(ctx context.Context, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return p.w.Write(b)
}

func (plain) check() error { return nil }
