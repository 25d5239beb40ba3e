package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// house is what every dispatcher has: the engine, its bells, and the chores that nobody is woken for.
type house struct {
	Engine    *engine.Engine
	Store     *store.Store
	Log       *slog.Logger
	Retention store.Retention

	bells [2]chan struct{} // of listings, of lanes
}

func newHouse(log *slog.Logger) house {
	return house{Log: log, Retention: store.DefaultRetention(), bells: [2]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}}
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
		wait = min(max(next.Sub(h.Store.Now()), 5*time.Millisecond), idle)
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

// keepHouse begins crawls that are due, holds what is about to be forgotten, and forgets what is old.
func (h *house) keepHouse(ctx context.Context) error {
	crawls, holds, sweeps := time.NewTicker(time.Second), time.NewTicker(time.Minute), time.NewTicker(10*time.Minute)
	defer crawls.Stop()
	defer holds.Stop()
	defer sweeps.Stop()
	h.say(ctx, h.Engine.StartCrawls(ctx))
	for {
		select {
		case <-crawls.C:
			h.say(ctx, h.Engine.StartCrawls(ctx))
		case <-holds.C:
			h.say(ctx, h.Engine.Hold(ctx))
		case <-sweeps.C:
			_, err := h.Store.Sweep(ctx, h.Retention)
			h.say(ctx, err)
		case <-ctx.Done():
			return nil
		}
	}
}

// say logs trouble with our own store: a worker has nobody else to tell, and the next turn tries again.
func (h *house) say(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return
	}
	h.Log.Error("a turn failed", "class", fault.ClassOf(err), "err", err, "hint", fault.HintOf(err))
}
