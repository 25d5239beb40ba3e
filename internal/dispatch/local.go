// Package dispatch decides who gets the next turn. The ledger is the truth: what is due stands in the store, and a
// dispatcher only wakes workers. Local feeds a pool of goroutines in this process; River spreads turns over nodes.
package dispatch

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"golang.org/x/sync/errgroup"
)

// Local runs turns in this process.
type Local struct {
	house
	Listers    int // listings at the same time
	Deliverers int // lanes at the same time

	listed atomic.Bool // Once: every source was listed to its end, what it has since then is not waited for
}

// NewLocal makes a dispatcher. Its Wake is what the engine is given; Engine and Store are set before it runs.
func NewLocal(log *slog.Logger) *Local {
	return &Local{house: newHouse(log), Listers: 8, Deliverers: 8}
}

// Run gives turns until ctx ends, then waits for those under way.
func (l *Local) Run(ctx context.Context) error {
	if err := l.Store.TakeOver(ctx); ctx.Err() != nil {
		return nil // Once found nothing to do, and stopped this before it had begun
	} else if err != nil {
		return err
	}
	var all errgroup.Group
	all.Go(func() error { return l.pool(ctx, l.bells[0], l.Listers, l.dueListings, l.Engine.ListNext) })
	all.Go(func() error { return l.pool(ctx, l.bells[1], l.Deliverers, l.dueLanes, l.Engine.DeliverNext) })
	all.Go(func() error { return l.keepHouse(ctx) })
	return all.Wait()
}

func (l *Local) dueListings(ctx context.Context) (int, error) {
	if l.listed.Load() {
		return 0, nil
	}
	turns, err := l.Store.DueListings(ctx, l.Listers)
	return len(turns), err
}

func (l *Local) dueLanes(ctx context.Context) (int, error) {
	turns, err := l.Store.DueLanes(ctx, l.Deliverers)
	return len(turns), err
}

// Once gives turns until all that is available now is delivered: every source was listed to its end since the
// beginning, every mirror was crawled, and no delivery that may be read now is left. A source that always has more is not listed again. What the remote asked to wait for is waited for; what fails
// again and again is not, and is told as an error. watch is called some times a second, for progress; it may be nil.
func (l *Local) Once(ctx context.Context, watch func(store.Standing)) error {
	since := l.Store.Now()
	l.listed.Store(false)
	running, stop := context.WithCancel(ctx)
	defer stop()
	if err := l.Store.ListNow(ctx); err != nil {
		return err
	}
	if err := l.Engine.CrawlNow(ctx); err != nil {
		return err
	}
	var work errgroup.Group
	work.Go(func() error { return l.Run(running) })
	standing, err := l.untilDone(ctx, since, watch)
	stop()
	if e := work.Wait(); err == nil {
		err = e
	}
	if err != nil || ctx.Err() != nil {
		return err
	}
	return lastTrouble(standing)
}

func (l *Local) untilDone(ctx context.Context, since time.Time, watch func(store.Standing)) (store.Standing, error) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		standing, err := l.Store.Standing(ctx, since)
		if err != nil {
			if ctx.Err() != nil {
				return standing, nil
			}
			return standing, err
		}
		l.listed.Store(!standing.Unlisted)
		if watch != nil {
			watch(standing)
		}
		if standing.Idle() {
			return standing, nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return standing, nil
		}
	}
}

// lastTrouble is what kept work from being done.
func lastTrouble(s store.Standing) error {
	if len(s.Troubles) == 0 {
		return nil
	}
	t := s.Troubles[0]
	return &fault.Error{Class: fault.ParseClass(t.Class), Code: "not_all_delivered", Title: t.Text, Hint: t.Hint}
}
