package engine

import (
	"context"
	"errors"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

func isLeaseLost(err error) bool { return errors.Is(err, store.ErrLeaseLost) }

// pause is how long to wait before the n-th try after an error: what the remote asked for, else 1 s, 2 s, 4 s … at most
// 5 minutes; a missing permission is looked for more slowly, since a person must act.
func pause(now time.Time, err error, n int) time.Time {
	if at := fault.RetryAt(err); at.After(now) {
		return at
	}
	wait := min(time.Second<<min(max(n, 0), 9), 5*time.Minute)
	if fault.ClassOf(err) == fault.Denied {
		wait = min(max(wait*8, 10*time.Second), 15*time.Minute)
	}
	return now.Add(wait)
}

// troubleOf says an error to people.
func troubleOf(err error, now, until time.Time) store.Trouble {
	t := store.Trouble{Class: fault.ClassOf(err).String(), Text: err.Error(), Hint: fault.HintOf(err), Since: now, Until: until}
	if e, ok := fault.As(err); ok {
		t.Title, t.Code = e.Title, e.Code
	}
	return t
}

// setback decides what becomes of a delivery whose split could not be read or written: again, later, or never.
func (e *Engine) setback(d store.Delivery, err error) store.Setback {
	now := e.store.Now()
	back := store.Setback{Delivery: d, State: store.Pending}
	switch fault.ClassOf(err) {
	case fault.Lost:
		back.State = store.Lost
	case fault.NotFound, fault.Conflict:
		back.State = store.Discarded
	case fault.Invalid, fault.Internal:
		back.Count = true
		if d.Attempts+1 >= e.set.Attempts {
			back.State = store.Failed
		}
	case fault.Throttled, fault.Unavailable, fault.Denied, fault.Canceled:
		if expired(d.Split, now) && d.State != store.Held {
			back.State = store.Lost
		}
	}
	if back.State == store.Pending {
		back.Due = pause(now, err, d.Attempts+d.Waits)
	}
	back.Error = troubleOf(err, now, back.Due)
	return back
}

// stopsLane tells whether an error from the source concerns more than its split, so that the lane rests too.
func stopsLane(err error) bool {
	switch fault.ClassOf(err) {
	case fault.Throttled, fault.Denied:
		return true
	}
	return false
}

// stopped tells whether work ended because it was asked to, or because the lease went.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil || isLeaseLost(err)
}

// expired tells whether a split can no longer be read from its source.
func expired(split connector.Split, now time.Time) bool {
	return split.Inline == nil && !split.Expires.IsZero() && !now.Before(split.Expires)
}
