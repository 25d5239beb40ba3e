package store

import (
	"context"
	"errors"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// An AttemptLimit bounds how often something fails that is known by a key.
type AttemptLimit struct {
	Key  string
	Free int           // failures before there is any wait
	Most time.Duration // of the wait: 1 s after the first failure that is not free, then twice as long each
	Soft bool          // not counted and not asked when Trusted is there
}

const (
	attemptWindow  = time.Hour           // without a try, failures are forgotten
	trustedFor     = 30 * 24 * time.Hour // a place that a person signed in from
	trustedPrefix  = "known:"
	attemptKeep    = 24 * time.Hour
	attemptDoubles = 20 // more doublings than any wait has
)

// BeginAttempt counts a try before it is made, as one that fails, so that many at once can't all pass; ForgiveAttempt takes that back. The answer is
// the time before which no try may be made (zero: go on), and then nothing was counted. trusted is a key that an earlier
// ForgiveAttempt remembered: with it the soft limits do not hold.
func (s *Store) BeginAttempt(ctx context.Context, trusted string, limits ...AttemptLimit) (until time.Time, err error) {
	err = s.inTx(ctx, func(t tx) error {
		until = time.Time{}
		now := s.now()
		known := false
		if trusted != "" {
			var n int
			if err := t.row(ctx, `SELECT count(*) FROM account_attempt WHERE key = ? AND seen > ?`, trustedPrefix+trusted, micros(now.Add(-trustedFor))).Scan(&n); err != nil {
				return err
			}
			known = n > 0
		}
		for _, l := range limits {
			if l.Soft && known {
				continue
			}
			wait, err := t.countAttempt(ctx, l, now)
			if err != nil {
				return err
			}
			if wait.After(until) {
				until = wait
			}
		}
		if !until.IsZero() {
			return errBlocked
		}
		return nil
	})
	if errors.Is(err, errBlocked) {
		err = nil
	}
	return until, err
}

// errBlocked rolls a transaction back.
var errBlocked = &fault.Error{Class: fault.Throttled, Title: "blocked"}

// countAttempt adds one failure to a key, unless it is blocked: then the time is given until which.
func (t tx) countAttempt(ctx context.Context, l AttemptLimit, now time.Time) (time.Time, error) {
	if err := t.exec(ctx, `INSERT INTO account_attempt (key, failures, until, seen) VALUES (?, 0, 0, ?) ON CONFLICT (key) DO NOTHING`, l.Key, micros(now)); err != nil {
		return time.Time{}, err
	}
	lock := ""
	if t.s.kind == onPostgres {
		lock = " FOR UPDATE"
	}
	var (
		failures    int
		until, seen int64
	)
	if err := t.row(ctx, `SELECT failures, until, seen FROM account_attempt WHERE key = ?`+lock, l.Key).Scan(&failures, &until, &seen); err != nil {
		return time.Time{}, err
	}
	if until > micros(now) {
		return moment(until), nil
	}
	if seen < micros(now.Add(-attemptWindow)) {
		failures = 0
	}
	failures++
	until = 0
	if over := failures - l.Free; over > 0 {
		until = micros(now.Add(min(time.Second<<min(over-1, attemptDoubles), l.Most)))
	}
	return time.Time{}, t.exec(ctx, `UPDATE account_attempt SET failures = ?, until = ?, seen = ? WHERE key = ?`, failures, until, micros(now), l.Key)
}

// ForgiveAttempt says that a try did not fail: the keys in clear begin anew, from those in back this one try is taken, and
// trusted ("": none) is remembered for 30 days.
func (s *Store) ForgiveAttempt(ctx context.Context, trusted string, clear, back []string) error {
	return s.inTx(ctx, func(t tx) error {
		for _, key := range clear {
			if err := t.exec(ctx, `DELETE FROM account_attempt WHERE key = ?`, key); err != nil {
				return err
			}
		}
		for _, key := range back {
			if err := t.exec(ctx, `UPDATE account_attempt SET failures = CASE WHEN failures > 0 THEN failures - 1 ELSE 0 END, until = 0 WHERE key = ?`, key); err != nil {
				return err
			}
		}
		if trusted == "" {
			return nil
		}
		return t.exec(ctx, `INSERT INTO account_attempt (key, failures, until, seen) VALUES (?, 0, 0, ?) ON CONFLICT (key) DO UPDATE SET seen = excluded.seen`, trustedPrefix+trusted, micros(s.now()))
	})
}

// sweepAccounts forgets sessions that have ended and tries of long ago.
func (t tx) sweepAccounts(ctx context.Context, now time.Time) (int64, error) {
	n, err := t.changed(ctx, `DELETE FROM account_session WHERE expires < ?`, micros(now))
	if err != nil {
		return 0, err
	}
	m, err := t.changed(ctx, `DELETE FROM account_attempt WHERE seen < ? OR (seen < ? AND key NOT LIKE '`+trustedPrefix+`%')`, micros(now.Add(-trustedFor)), micros(now.Add(-attemptKeep)))
	return n + m, err
}
