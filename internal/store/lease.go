package store

import (
	"context"
	"time"
)

// A Lease is the right of one worker to a listing or a lane. Every commit names it; if somebody else has taken over
// since, the commit changes no row and ends with ErrLeaseLost.
type Lease struct {
	table string // listing or lane
	ID    int64
	token int64
}

// A Listing is one sequence of listings of a source that a worker holds the lease of.
type Listing struct {
	Lease
	SourceID   int64
	RunID      int64 // 0: the continuous one
	FlowID     int64 // a run's: only this flow gets deliveries
	Generation int64 // of the repeats' memory, for a backfill that fetches again
	Cursor     []byte
	Tenant     string
	Failures   int
}

// A Lane is one sequence of writes that a worker holds the lease of.
type Lane struct {
	Lease
	FlowID   int64
	Number   int
	Tenant   string
	Receipt  []byte
	Failures int
}

// takeQuery takes the due row of the tenant that was served least recently. The columns are the caller's.
func (s *Store) takeQuery(table, columns, more string) string {
	lock := ""
	if s.kind == onPostgres {
		lock = " FOR UPDATE OF x SKIP LOCKED"
	}
	return `UPDATE ` + table + ` SET lease = lease + 1, holder = ?, lease_until = ?, served = ? WHERE id = (
		SELECT x.id FROM ` + table + ` x WHERE x.due <= ? AND x.lease_until <= ?` + more + `
		ORDER BY (SELECT coalesce(max(y.served), 0) FROM ` + table + ` y WHERE y.tenant = x.tenant), x.served, x.id LIMIT 1` + lock + `)
		RETURNING id, lease, ` + columns
}

// TakeListing takes the lease of the listing whose turn it is; false: none is due. id picks a certain one; 0 any.
func (s *Store) TakeListing(ctx context.Context, node string, id int64, lasts time.Duration) (Listing, bool, error) {
	l := Listing{Lease: Lease{table: "listing"}}
	more, args := s.takeArgs(node, id, lasts, " AND x.ended = 0")
	err := s.inTx(ctx, func(t tx) error {
		return t.row(ctx, s.takeQuery("listing", "source_id, run_id, flow_id, generation, cursor, tenant, failures", more), args...).
			Scan(&l.ID, &l.token, &l.SourceID, &l.RunID, &l.FlowID, &l.Generation, &l.Cursor, &l.Tenant, &l.Failures)
	})
	if isNoRows(err) {
		return l, false, nil
	}
	return l, err == nil, err
}

// TakeLane takes the lease of the lane whose turn it is; false: none is due. id picks a certain one; 0 any.
func (s *Store) TakeLane(ctx context.Context, node string, id int64, lasts time.Duration) (Lane, bool, error) {
	l := Lane{Lease: Lease{table: "lane"}}
	more, args := s.takeArgs(node, id, lasts, "")
	err := s.inTx(ctx, func(t tx) error {
		return t.row(ctx, s.takeQuery("lane", "flow_id, lane, tenant, receipt, failures", more), args...).
			Scan(&l.ID, &l.token, &l.FlowID, &l.Number, &l.Tenant, &l.Receipt, &l.Failures)
	})
	if isNoRows(err) {
		return l, false, nil
	}
	return l, err == nil, err
}

func (s *Store) takeArgs(node string, id int64, lasts time.Duration, more string) (string, []any) {
	now := s.now()
	args := []any{node, micros(now.Add(lasts)), micros(now), micros(now), micros(now)}
	if id != 0 {
		more += " AND x.id = ?"
		args = append(args, id)
	}
	return more, args
}

// Renew makes a lease last longer. ErrLeaseLost if it is no longer ours.
func (s *Store) Renew(ctx context.Context, l Lease, lasts time.Duration) error {
	return s.inTx(ctx, func(t tx) error {
		return t.underLease(ctx, l, `lease_until = ?`, micros(s.now().Add(lasts)))
	})
}

// underLease changes the leased row, if the lease is still ours. A lease that has run out but that nobody took is.
func (t tx) underLease(ctx context.Context, l Lease, set string, args ...any) error {
	n, err := t.changed(ctx, `UPDATE `+l.table+` SET `+set+` WHERE id = ? AND lease = ?`, append(args, l.ID, l.token)...)
	if err == nil && n == 0 {
		return ErrLeaseLost
	}
	return err
}

// TakeOver ends all leases at once. Only who holds the data folder's lock may call it: nobody else can be at work.
func (s *Store) TakeOver(ctx context.Context) error {
	if s.kind != onSQLite {
		return nil
	}
	return s.inTx(ctx, func(t tx) error {
		if err := t.exec(ctx, `UPDATE listing SET lease_until = 0, lease = lease + 1 WHERE lease_until > 0`); err != nil {
			return err
		}
		return t.exec(ctx, `UPDATE lane SET lease_until = 0, lease = lease + 1 WHERE lease_until > 0`)
	})
}

// NextDue is when the next listing or lane is due that nobody holds; zero: none ever.
func (s *Store) NextDue(ctx context.Context) (time.Time, error) {
	var due int64
	err := s.reading().row(ctx, `SELECT coalesce(min(due), ?) FROM (
		SELECT min(CASE WHEN due > lease_until THEN due ELSE lease_until END) AS due FROM listing WHERE ended = 0 AND due < ?
		UNION ALL SELECT min(CASE WHEN due > lease_until THEN due ELSE lease_until END) FROM lane WHERE due < ?) AS d`, int64(never), int64(never), int64(never)).Scan(&due)
	if due == never {
		due = 0
	}
	return moment(due), s.trouble(err)
}

// DueIDs are the listings and lanes that are due and that nobody holds, for a dispatcher that hands out turns.
func (s *Store) DueIDs(ctx context.Context, limit int) (listings, lanes []int64, err error) {
	now := micros(s.now())
	for table, into := range map[string]*[]int64{"listing": &listings, "lane": &lanes} {
		more := ""
		if table == "listing" {
			more = " AND ended = 0"
		}
		err = s.reading().each(ctx, `SELECT id FROM `+table+` WHERE due <= ? AND lease_until <= ?`+more+` ORDER BY served LIMIT ?`, []any{now, now, limit},
			func(scan func(...any) error) error {
				var id int64
				err := scan(&id)
				*into = append(*into, id)
				return err
			})
		if err != nil {
			return nil, nil, s.trouble(err)
		}
	}
	return listings, lanes, nil
}

// backoff is how long to wait after n failures in a row: 1 s, 2 s, 4 s … at most 5 minutes.
func backoff(n int) time.Duration {
	return min(time.Second<<min(n, 10), 5*time.Minute)
}
