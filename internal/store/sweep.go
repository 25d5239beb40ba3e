package store

import (
	"context"
	"time"
)

// Retention is how long what has ended is remembered.
type Retention struct {
	Splits   time.Duration // after a split's expiry: it can't be listed again
	Seen     time.Duration // after the last record was added to an hour
	Letters  time.Duration // dead letters that are no longer open
	Open     time.Duration // dead letters that are
	Coverage time.Duration
	Runs     time.Duration
}

// DefaultRetention keeps repeats' memory for a day more than the feed can repeat, and what people look at for a
// quarter.
func DefaultRetention() Retention {
	const day = 24 * time.Hour
	return Retention{Splits: day, Seen: 8 * day, Letters: 30 * day, Open: 90 * day, Coverage: 90 * day, Runs: 90 * day}
}

// sweepStep bounds what one transaction removes, so that no commit waits long for it.
const sweepStep = 2000

// Sweep forgets what is older than the retention, in small steps, and gives how many rows went.
func (s *Store) Sweep(ctx context.Context, r Retention) (int64, error) {
	now := s.now()
	steps := []func(t tx) (int64, error){
		func(t tx) (int64, error) { return t.sweepSplits(ctx, now.Add(-r.Splits)) },
		func(t tx) (int64, error) { return t.forgetSeen(ctx, now.Add(-r.Seen), 200) },
		func(t tx) (int64, error) {
			return t.changed(ctx, `DELETE FROM dead_letter WHERE id IN (SELECT id FROM dead_letter WHERE (state IN ('replayed', 'discarded') AND updated < ?) OR created < ? LIMIT ?)`,
				micros(now.Add(-r.Letters)), micros(now.Add(-r.Open)), sweepStep)
		},
		func(t tx) (int64, error) {
			return t.changed(ctx, `DELETE FROM coverage WHERE hour < ?`, hourOf(now.Add(-r.Coverage)))
		},
		func(t tx) (int64, error) {
			if err := t.exec(ctx, `DELETE FROM listing WHERE ended = 1 AND listed_at < ?`, micros(now.Add(-r.Splits))); err != nil {
				return 0, err
			}
			if err := t.exec(ctx, `DELETE FROM gap WHERE to_time < ? AND reported < ?`, micros(now.Add(-r.Coverage)), micros(now.Add(-r.Coverage))); err != nil {
				return 0, err
			}
			if err := t.exec(ctx, `DELETE FROM turn WHERE tenant NOT IN (SELECT tenant FROM lane UNION SELECT tenant FROM listing)`); err != nil {
				return 0, err
			}
			if err := t.exec(ctx, `DELETE FROM flow_count WHERE run_id <> 0 AND run_id IN (SELECT id FROM run WHERE finished > 0 AND finished < ?)`, micros(now.Add(-r.Runs))); err != nil {
				return 0, err
			}
			if err := t.exec(ctx, `DELETE FROM quota WHERE free < ? AND blocked < ?`, micros(now.Add(-time.Hour)), micros(now.Add(-time.Hour))); err != nil {
				return 0, err
			}
			return t.changed(ctx, `DELETE FROM run WHERE finished > 0 AND finished < ?`, micros(now.Add(-r.Runs)))
		},
	}
	var total int64
	for _, step := range steps {
		for more := true; more; {
			if err := ctx.Err(); err != nil {
				return total, err
			}
			var n int64
			err := s.inTx(ctx, func(t tx) error {
				var err error
				n, err = step(t)
				return err
			})
			if err != nil {
				return total, err
			}
			total += n
			more = n >= 200
		}
	}
	return total, nil
}

// sweepSplits forgets splits that can neither be listed nor wanted again, with their deliveries.
func (t tx) sweepSplits(ctx context.Context, before time.Time) (int64, error) {
	var ids []any
	err := t.each(ctx, `SELECT id FROM split WHERE expires > 0 AND expires < ? AND NOT EXISTS
		(SELECT 1 FROM delivery d WHERE d.split_id = split.id AND d.state IN (0, 2, 3)) ORDER BY expires LIMIT ?`, []any{micros(before), sweepStep},
		func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			ids = append(ids, id)
			return err
		})
	const chunk = 500
	for rest := ids; len(rest) > 0 && err == nil; {
		part := rest[:min(chunk, len(rest))]
		rest = rest[len(part):]
		if err = t.exec(ctx, `DELETE FROM delivery WHERE split_id IN (`+marks(len(part))+`)`, part...); err == nil {
			err = t.exec(ctx, `DELETE FROM split WHERE id IN (`+marks(len(part))+`)`, part...)
		}
		if err == nil { // what no flow ever wanted
			err = t.exec(ctx, `DELETE FROM split_body WHERE split_id IN (`+marks(len(part))+`)`, part...)
		}
	}
	return int64(len(ids)), err
}
