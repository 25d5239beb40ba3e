package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"golang.org/x/sync/errgroup"
)

// house is what every dispatcher has: the engine, its bells, and the chores that nobody is woken for.
type house struct {
	Engine    *engine.Engine
	Store     *store.Store
	Log       *slog.Logger
	Retention store.Retention

	bells [3]chan struct{} // of listings, of lanes, of lanes at home
}

func newHouse(log *slog.Logger) house {
	return house{Log: log, Retention: store.DefaultRetention(), bells: [3]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)}}
}

// Wake says that something may be due.
func (h *house) Wake() {
	for _, bell := range h.bells {
		select {
		case bell <- struct{}{}:
		default:
		}
	}
}

// idle is how long nobody looks when nothing is due and nobody rings: other processes ring no bell of ours.
const idle = time.Second

// rest waits for a bell, or for the time when something becomes due.
func (h *house) rest(ctx context.Context, bell <-chan struct{}) {
	wait := idle
	if next, err := h.Store.NextDue(ctx); err == nil && !next.IsZero() {
		if wait = min(max(next.Sub(h.Store.Now()), 5*time.Millisecond), idle); !next.After(h.Store.Now()) {
			wait = idle / 10 // it is due, and not for us: another's, or just become so
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-bell:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// breathe waits after trouble with our own store: what is due stays due, and trying at once would only fail again.
func (h *house) breathe(ctx context.Context) {
	timer := time.NewTimer(idle)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// pool keeps up to size workers busy with what is due.
func (h *house) pool(ctx context.Context, bell <-chan struct{}, size int, due func(context.Context) (int, error), next func(context.Context, int64) (bool, error)) error {
	var workers errgroup.Group
	workers.SetLimit(size)
	for ctx.Err() == nil {
		n, err := due(ctx)
		if err != nil {
			h.say(ctx, err)
		}
		for range min(n, size) {
			workers.Go(func() error {
				if ctx.Err() != nil {
					return nil
				}
				did, err := next(ctx, 0)
				if err != nil {
					h.say(ctx, err)
					h.breathe(ctx)
				}
				if did {
					h.Wake()
				}
				return nil
			})
		}
		if n == 0 || err != nil {
			h.rest(ctx, bell)
		}
	}
	return workers.Wait()
}

// A chore is done again and again by nobody's asking.
type chore struct {
	every time.Duration
	do    func(context.Context) error
	later bool // not at once when we begin
}

// keepHouse does the chores side by side: crawls begin when they are due, runs end that nobody ended, what is about to be
// forgotten is held, and what is old is forgotten.
func (h *house) keepHouse(ctx context.Context) error {
	var all errgroup.Group
	for _, c := range []chore{
		{every: 5 * time.Second, do: h.Engine.StartCrawls},
		{every: 5 * time.Second, do: h.Engine.FinishRuns},
		{every: time.Minute, do: h.Engine.Hold},
		{every: 10 * time.Minute, do: h.sweep, later: true},
	} {
		all.Go(func() error { h.again(ctx, c); return nil })
	}
	return all.Wait()
}

func (h *house) again(ctx context.Context, c chore) {
	ticker := time.NewTicker(c.every)
	defer ticker.Stop()
	if !c.later {
		h.say(ctx, c.do(ctx))
	}
	for {
		select {
		case <-ticker.C:
			h.say(ctx, c.do(ctx))
		case <-ctx.Done():
			return
		}
	}
}

func (h *house) sweep(ctx context.Context) error {
	_, err := h.Store.Sweep(ctx, h.Retention)
	return err
}

// say logs trouble with our own store: a worker has nobody else to tell, and the next turn tries again.
func (h *house) say(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return
	}
	h.Log.Error("a turn failed", "class", fault.ClassOf(err), "err", err, "hint", fault.HintOf(err))
}
