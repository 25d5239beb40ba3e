package store

import (
	"context"
	"time"

	"github.com/headrace/headrace/internal/limit"
)

// Quotas gives the rows in which the limiters of all nodes meet.
func (s *Store) Quotas() limit.Ledger { return quotas{s} }

type quotas struct{ s *Store }

// Update changes one scope's row; see limit.Ledger.
func (q quotas) Update(ctx context.Context, scope string, change func(now time.Time, row limit.Row) limit.Row) error {
	return q.s.inTx(ctx, func(t tx) error {
		if err := t.exec(ctx, `INSERT INTO quota (scope, free, blocked, pace, paced) VALUES (?, 0, 0, 0, 0) ON CONFLICT (scope) DO NOTHING`, scope); err != nil {
			return err
		}
		lock := ""
		if q.s.kind == onPostgres {
			lock = ` FOR UPDATE`
		}
		var (
			row                  limit.Row
			free, blocked, paced int64
		)
		if err := t.row(ctx, `SELECT free, blocked, pace, paced FROM quota WHERE scope = ?`+lock, scope).Scan(&free, &blocked, &row.Pace, &paced); err != nil {
			return err
		}
		row.Free, row.Blocked, row.Paced = moment(free), moment(blocked), moment(paced)
		now, err := t.clock(ctx)
		if err != nil {
			return err
		}
		row = change(now, row)
		return t.exec(ctx, `UPDATE quota SET free = ?, blocked = ?, pace = ?, paced = ? WHERE scope = ?`, micros(row.Free), micros(row.Blocked), row.Pace, micros(row.Paced), scope)
	})
}

// clock is the database's clock at this moment of the transaction.
func (t tx) clock(ctx context.Context) (time.Time, error) {
	if t.s.kind == onSQLite || t.s.fixedClock {
		return t.s.now(), nil
	}
	var us int64
	err := t.row(ctx, `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`).Scan(&us)
	return moment(us), err
}
