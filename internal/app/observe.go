package app

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/limit"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// observeEvery is how often the requests that were made are written down.
const observeEvery = 20 * time.Second

// observed does work, and beside it writes down what there is to see of it.
func (a *App) observed(ctx context.Context, work func(context.Context) error) error {
	until, stop := context.WithCancel(context.WithoutCancel(ctx)) // the last is written when the work has ended
	var beside errgroup.Group
	beside.Go(func() error { return a.observe(until) })
	beside.Go(func() error { return a.looks.Run(until) })
	beside.Go(func() error { return a.hourly(until) })
	err := work(ctx)
	stop()
	return errors.Join(err, beside.Wait())
}

// observe writes down what is asked of remotes until ctx ends.
func (a *App) observe(ctx context.Context) error {
	tick := time.NewTicker(observeEvery)
	defer tick.Stop()
	before := map[string]limit.Tally{}
	for {
		select {
		case <-tick.C:
			a.noteRequests(ctx, before)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
			defer cancel()
			a.noteRequests(last, before)
			return nil
		}
	}
}

// noteRequests adds what was asked since it was noted before. What could not be written is added the next time.
func (a *App) noteRequests(ctx context.Context, before map[string]limit.Tally) {
	var rows []store.Requests
	now := a.limits.Tallies()
	for _, t := range now {
		if d := t.Since(before[t.Scope]); d.Asked > 0 {
			rows = append(rows, store.Requests{Scope: t.Scope, Allowed: t.Allowed, Asked: d.Asked, Throttled: d.Throttled, Refused: d.Refused, Failed: d.Failed})
		}
	}
	used := a.signIns.take()
	if rows = append(rows, used...); len(rows) == 0 {
		return
	}
	if err := a.store.AddRequests(ctx, rows); err != nil {
		a.signIns.giveBack(used)
		if ctx.Err() == nil {
			a.log.Warn("the requests that were made could not be written down", telemetry.Err, err)
		}
		return
	}
	for _, t := range now {
		before[t.Scope] = t
	}
}

// look shows records in passing to who learns what they look like.
func (a *App) look(from *engine.Source, records []connector.Record) {
	a.looks.Offer(from.Object.ID, from.Spec.Kept(from.Config), records)
}

// lookEvery is how long records may be kept that the settings no longer allow to keep (none of them is shown), and how
// often secrets that end are looked for.
const lookEvery = time.Hour

// hourly forgets those records, and speaks of those secrets, until ctx ends.
func (a *App) hourly(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var looked time.Time
	for {
		now := a.store.Now()
		a.tellEnds(ctx, looked, now)
		looked = now
		if err := a.Services.Datasets.Tidy(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("records that may no longer be kept could not be forgotten", telemetry.Err, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// mostEnds bounds how many secrets the log speaks of at once.
const mostEnds = 100

// tellEnds writes into the log which secrets end soon or have ended: at the start, and then on the days on which it is due.
func (a *App) tellEnds(ctx context.Context, last, now time.Time) {
	soon, err := a.store.Expiring(ctx, now.Add(credential.Soon), mostEnds)
	if err != nil {
		if ctx.Err() == nil {
			a.log.Warn("which secrets end soon could not be looked up", telemetry.Err, err)
		}
		return
	}
	for _, c := range soon {
		if !credential.Due(c.Expires, last, now) {
			continue
		}
		about := []any{telemetry.Credential, c.Name, "ends", c.Expires.Format(time.DateOnly), "hint", "make a new secret in Entra, then: headrace credential rotate " + c.Name}
		if c.Expires.After(now) {
			a.log.Warn("the secret of a credential ends soon", about...)
		} else {
			a.log.Warn("the secret of a credential has ended", about...)
		}
	}
}
