package store

import (
	"context"
	"slices"
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
	Samples  time.Duration // records that are kept for looking at
	Changes  time.Duration // of what records look like
	Versions time.Duration // splits that never expire, of mirrors alone: old versions of files
}

// DefaultRetention keeps repeats' memory for a day more than the feed can repeat, and what people look at for a
// quarter.
func DefaultRetention() Retention {
	const day = 24 * time.Hour
	return Retention{Splits: day, Seen: 8 * day, Letters: 30 * day, Open: 90 * day, Coverage: 90 * day, Runs: 90 * day, Samples: 30 * day, Changes: 366 * day, Versions: 30 * day}
}

// sweepStep bounds what one transaction removes, so that no commit waits long for it.
const sweepStep = 2000

// Sweep forgets what is older than the retention, in small steps, and gives how many rows went.
func (s *Store) Sweep(ctx context.Context, r Retention) (int64, error) {
	now := s.now()
	steps := []func(t tx) (int64, error){
		func(t tx) (int64, error) { return t.sweepAccounts(ctx, now) },
		func(t tx) (int64, error) { return t.sweepAnswers(ctx, now.Add(-AnswerAge)) },
		func(t tx) (int64, error) { return t.sweepSplits(ctx, now.Add(-r.Splits)) },
		func(t tx) (int64, error) { return t.forgetSeen(ctx, now.Add(-r.Seen), 200) },
		func(t tx) (int64, error) {
			return t.sweepLetters(ctx, micros(now.Add(-r.Letters)), micros(now.Add(-r.Open)))
		},
		func(t tx) (int64, error) {
			// Letters go oldest first, more or less: what is before the first of them has no letter any more.
			return 0, t.exec(ctx, `DELETE FROM discarded WHERE letter_id < (SELECT coalesce(min(id), 0) FROM dead_letter)`)
		},
		func(t tx) (int64, error) {
			_, err := t.sweepActivity(ctx, now)
			return 0, err
		},
		func(t tx) (int64, error) { return t.sweepDatasets(ctx, now.Add(-r.Samples), now.Add(-r.Changes)) },
		func(t tx) (int64, error) {
			// A day's at a time: a thousand tenants have twenty million rows in a quarter.
			return t.changed(ctx, `DELETE FROM coverage WHERE hour < ? AND hour < (SELECT coalesce(min(hour), 0) + 24 FROM coverage)`, hourOf(now.Add(-r.Coverage)))
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
	for _, sweep := range []func() (int64, error){
		func() (int64, error) { return s.sweepVersions(ctx, now.Add(-r.Versions)) },
		func() (int64, error) { return s.sweepSightings(ctx) },
	} {
		n, err := sweep()
		if total += n; err != nil {
			return total, err
		}
	}
	return total, nil
}

// sweepSightings forgets those that no crawl will count: of splits that the last crawl did not list, or has read anew.
// It looks at some at a time; each call goes on where the last one ended.
func (s *Store) sweepSightings(ctx context.Context) (int64, error) {
	after := s.lookedSighting.Load()
	var (
		dead []int64
		seen int
	)
	err := s.reading().each(ctx, `SELECT s.id, CASE WHEN s.crawl > m.last OR EXISTS (SELECT 1 FROM delivery d WHERE d.split_id = s.split_id AND d.flow_id = m.flow AND d.pass >= m.last * 4 AND s.crawl >= d.since) THEN 0 ELSE 1 END
		FROM sighting s JOIN (SELECT f.id AS flow, f.destination AS destination, coalesce((SELECT max(r.number) FROM run r WHERE r.flow_id = f.id AND r.kind = 'crawl' AND r.finished > 0), 0) AS last
			FROM object f WHERE f.kind = 'flow' AND f.spec LIKE '%"mode":"mirror"%') m ON m.destination = s.destination_id
		WHERE s.id > ? ORDER BY s.id LIMIT ?`, []any{after, sweepLook}, func(scan func(...any) error) error {
		var id, isDead int64
		err := scan(&id, &isDead)
		if isDead != 0 {
			dead = append(dead, id)
		}
		seen++
		after = id
		return err
	})
	if err != nil {
		return 0, s.trouble(err)
	}
	if seen < sweepLook {
		after = 0
	}
	s.lookedSighting.Store(after)
	for part := range slices.Chunk(dead, sweepStep) {
		err := s.inTx(ctx, func(t tx) error {
			return inChunks(part, func(ids []any) error {
				return t.exec(ctx, `DELETE FROM sighting WHERE id IN (`+marks(len(ids))+`)`, ids...)
			})
		})
		if err != nil {
			return 0, err
		}
	}
	return int64(len(dead)), nil
}

// sweepVersions forgets what oldVersions finds.
func (s *Store) sweepVersions(ctx context.Context, before time.Time) (int64, error) {
	const step = 500
	old, err := s.oldVersions(ctx, before)
	for part := range slices.Chunk(old, step) {
		if err == nil {
			err = s.inTx(ctx, func(t tx) error { _, err := t.dropSplits(ctx, part); return err })
		}
	}
	return int64(len(old)), err
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
	if err != nil {
		return 0, err
	}
	return t.dropSplits(ctx, ids)
}

// dropSplits forgets splits with their deliveries, but those that a flow still wants, and gives how many it was asked for.
func (t tx) dropSplits(ctx context.Context, ids []any) (int64, error) {
	const chunk = 500
	for part := range slices.Chunk(ids, chunk) {
		var free []any
		err := t.each(ctx, `SELECT id FROM split WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE d.split_id = split.id AND d.state IN (0, 2, 3)) AND id IN (`+marks(len(part))+`)`, part,
			func(scan func(...any) error) error {
				var id int64
				err := scan(&id)
				free = append(free, id)
				return err
			})
		if err != nil {
			return 0, err
		}
		for _, table := range []string{`delivery WHERE split_id`, `split WHERE id`, `split_body WHERE split_id`} { // a body may be there that no flow ever wanted
			if err := t.exec(ctx, `DELETE FROM `+table+` IN (`+marks(len(free))+`)`, free...); err != nil {
				return 0, err
			}
		}
	}
	return int64(len(ids)), nil
}

// sweepLook is how many splits that never expire are looked at in one sweep.
const sweepLook = 20_000

// oldVersions finds some splits that never expire, that were listed long ago for the first time, and not by the last
// crawl of any mirror: files that have changed since or gone, and what we made ourselves. One that is still there is read
// once more at the next crawl, and would be if it were kept.
// Splits of a source that appends are kept: they would be delivered again. Each call looks on where the last one ended.
func (s *Store) oldVersions(ctx context.Context, before time.Time) ([]any, error) {
	after := s.looked.Load()
	var (
		old  []any
		seen int
	)
	err := s.reading().each(ctx, `SELECT s.id, CASE WHEN EXISTS (SELECT 1 FROM object f WHERE f.kind = 'flow' AND f.source = s.source_id AND f.spec NOT LIKE '%"mode":"mirror"%')
			OR EXISTS (SELECT 1 FROM delivery d WHERE d.split_id = s.id AND d.pass > 0 AND d.pass >=
				(SELECT coalesce(max(r.number), 0) * 4 FROM run r WHERE r.flow_id = d.flow_id AND r.kind = 'crawl' AND r.finished > 0)) THEN 0 ELSE 1 END
		FROM split s WHERE s.expires = 0 AND s.id > ? AND s.listed_at < ? ORDER BY s.id LIMIT ?`, []any{after, micros(before), sweepLook}, func(scan func(...any) error) error {
		var id, isOld int64
		err := scan(&id, &isOld)
		if isOld != 0 {
			old = append(old, id)
		}
		seen++
		after = id
		return err
	})
	if seen < sweepLook {
		after = 0
	}
	s.looked.Store(after)
	return old, s.trouble(err)
}
