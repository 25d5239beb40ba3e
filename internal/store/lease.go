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
	Home     string // where its destination's files are; "": nowhere in particular
	Moved    bool   // a person gave it this home; it has written nothing there yet
}

// take gives the due row of the tenant that was served least recently a new lease and reads its columns into dest.
// id picks a certain row; 0 any.
func (s *Store) take(ctx context.Context, table, node string, id int64, lasts time.Duration, columns string, dest ...any) (bool, error) {
	now := s.now()
	more, args := "", []any{node, micros(now.Add(lasts)), micros(now), micros(now), micros(now)}
	if table == "listing" {
		more = " AND x.ended = 0"
	} else {
		mine, bound := s.mine()
		more, args = mine, append(args, bound...)
	}
	if id != 0 {
		more, args = more+" AND x.id = ?", append(args, id)
	}
	lock := ""
	if s.kind == onPostgres {
		lock = " FOR UPDATE OF x SKIP LOCKED"
	}
	q := `UPDATE ` + table + ` SET lease = lease + 1, holder = ?, lease_until = ?, served = ? WHERE id = (
		SELECT x.id FROM ` + table + ` x LEFT JOIN turn t ON t.tenant = x.tenant WHERE x.due <= ? AND x.lease_until <= ? AND x.paused = 0` + more + `
		ORDER BY coalesce(t.` + table + `, 0), x.served, x.id LIMIT 1` + lock + `) RETURNING tenant, ` + columns
	var tenant string
	err := s.inTx(ctx, func(t tx) error {
		if err := t.row(ctx, q, args...).Scan(append([]any{&tenant}, dest...)...); err != nil {
			return err
		}
		return t.exec(ctx, `INSERT INTO turn (tenant, `+table+`) VALUES (?, ?) ON CONFLICT (tenant) DO UPDATE SET `+table+` = excluded.`+table, tenant, micros(now))
	})
	if isNoRows(err) {
		return false, nil
	}
	return err == nil, err
}

// TakeListing takes the lease of the listing whose turn it is; false: none is due. id picks a certain one; 0 any.
func (s *Store) TakeListing(ctx context.Context, node string, id int64, lasts time.Duration) (Listing, bool, error) {
	l := Listing{Lease: Lease{table: "listing"}}
	ok, err := s.take(ctx, "listing", node, id, lasts, "id, lease, source_id, run_id, flow_id, generation, cursor, tenant, failures",
		&l.ID, &l.token, &l.SourceID, &l.RunID, &l.FlowID, &l.Generation, &l.Cursor, &l.Tenant, &l.Failures)
	return l, ok, err
}

// TakeLane takes the lease of the lane whose turn it is; false: none is due that this process may have. id picks a certain one; 0 any.
func (s *Store) TakeLane(ctx context.Context, node string, id int64, lasts time.Duration) (Lane, bool, error) {
	l := Lane{Lease: Lease{table: "lane"}}
	ok, err := s.take(ctx, "lane", node, id, lasts, "id, lease, flow_id, lane, tenant, receipt, failures, home, moved",
		&l.ID, &l.token, &l.FlowID, &l.Number, &l.Tenant, &l.Receipt, &l.Failures, &l.Home, &l.Moved)
	return l, ok, err
}

// Renew makes a lease last longer. ErrLeaseLost if it is no longer ours: taken over, or given back already.
func (s *Store) Renew(ctx context.Context, l Lease, lasts time.Duration) error {
	return s.inTx(ctx, func(t tx) error {
		n, err := t.changed(ctx, `UPDATE `+l.table+` SET lease_until = ? WHERE id = ? AND lease = ? AND lease_until > 0`, micros(s.now().Add(lasts)), l.ID, l.token)
		if err == nil && n == 0 {
			return ErrLeaseLost
		}
		return err
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
	listing, err := s.NextListing(ctx)
	if err != nil {
		return time.Time{}, err
	}
	lane, err := s.NextLane(ctx)
	if listing.IsZero() || !lane.IsZero() && lane.Before(listing) {
		listing = lane
	}
	return listing, err
}

// NextListing is when the next listing is due, or when the lease of one that is due ends; zero: none ever.
func (s *Store) NextListing(ctx context.Context) (time.Time, error) {
	return s.nextTurn(ctx, "listing", " AND ended = 0", nil)
}

// NextLane is NextListing for the lanes that this process may have.
func (s *Store) NextLane(ctx context.Context) (time.Time, error) {
	mine, args := s.mine()
	return s.nextTurn(ctx, "lane", mine, args)
}

func (s *Store) nextTurn(ctx context.Context, table, more string, args []any) (time.Time, error) {
	var due int64
	err := s.reading().row(ctx, `SELECT coalesce(min(CASE WHEN due > lease_until THEN due ELSE lease_until END), 0) FROM `+table+` x WHERE paused = 0 AND due < ?`+more,
		append([]any{int64(never)}, args...)...).Scan(&due)
	return moment(due), s.trouble(err)
}

// Follows tells whether nobody else had the row between an earlier lease of it and this one.
func (l Lease) Follows(earlier Lease) bool {
	return l.table == earlier.table && l.ID == earlier.ID && l.token == earlier.token+1
}

// A Turn is a listing or a lane that is due and that nobody holds. Its lease tells this turn from the ones before.
type Turn struct {
	ID, Lease int64
}

// DueListings are the listings that are due, for a dispatcher that hands out turns: those of the tenants that were
// served least recently come first.
func (s *Store) DueListings(ctx context.Context, limit int) ([]Turn, error) {
	return s.dueTurns(ctx, "listing", " AND x.ended = 0", nil, limit)
}

// DueLanes are the lanes that are due and that this process may have, in the same order.
func (s *Store) DueLanes(ctx context.Context, limit int) ([]Turn, error) {
	mine, args := s.mine()
	return s.dueTurns(ctx, "lane", mine, args, limit)
}

// DueAtHome are those of DueLanes that belong to this process's home.
func (s *Store) DueAtHome(ctx context.Context, limit int) ([]Turn, error) {
	return s.dueTurns(ctx, "lane", ` AND x.home = ? AND x.home <> ''`, []any{s.home}, limit)
}

// DueAnywhere are the others of DueLanes.
func (s *Store) DueAnywhere(ctx context.Context, limit int) ([]Turn, error) {
	mine, args := s.mine()
	return s.dueTurns(ctx, "lane", mine+` AND (x.home = '' OR x.home <> ?)`, append(args, s.home), limit)
}

func (s *Store) dueTurns(ctx context.Context, table, more string, args []any, limit int) ([]Turn, error) {
	var all []Turn
	now := micros(s.now())
	err := s.reading().each(ctx, `SELECT x.id, x.lease FROM `+table+` x LEFT JOIN turn t ON t.tenant = x.tenant WHERE x.due <= ? AND x.lease_until <= ? AND x.paused = 0`+more+`
		ORDER BY coalesce(t.`+table+`, 0), x.served, x.id LIMIT ?`, append(append([]any{now, now}, args...), limit),
		func(scan func(...any) error) error {
			var turn Turn
			err := scan(&turn.ID, &turn.Lease)
			all = append(all, turn)
			return err
		})
	return all, s.trouble(err)
}
