package cli

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// drain is how long work that was begun may take after the first signal.
const drain = 20 * time.Second

// stopper turns signals into the end of a context: the first asks to end, the second (or too long a drain) ends at
// once.
type stopper struct {
	cancel  context.CancelFunc
	ended   <-chan struct{} // closed when the first signal came
	signals chan os.Signal
	done    chan struct{}
	first   atomic.Bool
	once    sync.Once
	cancels []context.CancelFunc
}

func newStopper(parent context.Context) (context.Context, *stopper) {
	ctx, cancel := context.WithCancel(parent)
	s := &stopper{cancel: cancel, ended: ctx.Done(), signals: make(chan os.Signal, 2), done: make(chan struct{})}
	signal.Notify(s.signals, os.Interrupt, syscall.SIGTERM)
	signal.Ignore(syscall.SIGPIPE) // a closed standard output is an error of the write, told in words
	go s.watch()
	return ctx, s
}

func (s *stopper) watch() {
	select {
	case <-s.signals:
	case <-s.done:
		return
	}
	s.first.Store(true)
	s.cancel()
	late := time.NewTimer(drain)
	defer late.Stop()
	select {
	case <-s.signals:
	case <-late.C:
	case <-s.done:
		return
	}
	os.Exit(exitInterrupted)
}

// interrupted tells whether a signal came.
func (s *stopper) interrupted() bool { return s.first.Load() }

// also calls one more function at the end.
func (s *stopper) also(cancel context.CancelFunc) { s.cancels = append(s.cancels, cancel) }

func (s *stopper) close() {
	s.once.Do(func() {
		signal.Stop(s.signals)
		close(s.done)
		for _, c := range s.cancels {
			c()
		}
		s.cancel()
	})
}
