package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
)

// tx is one transaction, or the read pool outside of one. Statements are written with ? for arguments.
type tx struct {
	s    *Store
	kept *statements          // nil: nothing is kept prepared here
	own  map[string]*sql.Stmt // what this transaction prepared for itself
	t    *sql.Tx              // nil: the read pool

	changes *[]Change // told when the transaction is committed; nil: nobody wants to know
	q       interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
}

// stmt gives the statement prepared, if it is worth keeping; else nil. What a transaction is the first to want it prepares
// for itself, since one can run a statement a thousand times.
func (t tx) stmt(ctx context.Context, q string) *sql.Stmt {
	if t.kept == nil {
		return nil
	}
	stmt, wanted := t.kept.get(q)
	switch {
	case t.t == nil && wanted:
		t.kept.fill(ctx, t.s.read)
		stmt, _ = t.kept.get(q)
		return stmt
	case t.t == nil || stmt == nil && !wanted:
		return stmt
	case stmt != nil:
		return t.t.StmtContext(ctx, stmt)
	}
	if t.own[q] == nil {
		own, err := t.t.PrepareContext(ctx, q)
		if err != nil {
			return nil // it is run unprepared, and says then what is wrong
		}
		t.own[q] = own
	}
	return t.own[q]
}

// attempts bounds how often a transaction is tried that PostgreSQL rolled back for another's sake.
const attempts = 5

// inTx runs f in one write transaction: all of it happens or nothing.
func (s *Store) inTx(ctx context.Context, f func(tx) error) error {
	if s.clock != nil && s.clock.old() {
		if err := s.clock.set(ctx, s.read); err != nil {
			return s.trouble(err)
		}
	}
	var err error
	for range attempts {
		if err = s.once(ctx, f); !isSerialization(err) {
			break
		}
	}
	return s.trouble(err)
}

func (s *Store) once(ctx context.Context, f func(tx) error) error {
	t, err := s.begin(ctx)
	if err != nil {
		return err
	}
	if s.kept != nil {
		defer s.kept.fill(context.WithoutCancel(ctx), s.write)
	}
	var changes []Change
	to := tx{s: s, kept: s.kept, own: map[string]*sql.Stmt{}, t: t, q: t}
	if s.told != nil {
		to.changes = &changes
	}
	if err := f(to); err != nil || Rehearsing(ctx) {
		_ = t.Rollback()
		return err
	}
	if err := t.Commit(); err != nil {
		return err
	}
	for _, c := range changes {
		s.told(c)
	}
	return nil
}

// begin begins a transaction. After a restart of the server the pool's old connections fail one after the other; nothing
// has happened on them, so the next is tried.
func (s *Store) begin(ctx context.Context) (*sql.Tx, error) {
	for left := poolSize; ; left-- {
		t, err := s.write.BeginTx(ctx, nil)
		if err == nil || left == 0 || s.kind == onSQLite || ctx.Err() != nil || !isStale(err) {
			return t, err
		}
	}
}

// inSnapshot runs f over the database as it is at one moment, for what needs several statements to read.
func (s *Store) inSnapshot(ctx context.Context, f func(tx) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if s.kind == onPostgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	t, err := s.read.BeginTx(ctx, options)
	if err != nil {
		return s.trouble(err)
	}
	if s.keptRead != nil {
		defer s.keptRead.fill(context.WithoutCancel(ctx), s.read)
	}
	defer func() { _ = t.Rollback() }()
	return s.trouble(f(tx{s: s, kept: s.keptRead, own: map[string]*sql.Stmt{}, t: t, q: t}))
}

// reading gives the read pool.
func (s *Store) reading() tx { return tx{s: s, kept: s.keptRead, q: s.read} }

func (t tx) exec(ctx context.Context, q string, args ...any) error {
	_, err := t.run(ctx, q, args...)
	return err
}

func (t tx) run(ctx context.Context, q string, args ...any) (sql.Result, error) {
	if stmt := t.stmt(ctx, q); stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return t.q.ExecContext(ctx, t.s.bind(q), args...)
}

// changed runs a statement and gives how many rows it touched.
func (t tx) changed(ctx context.Context, q string, args ...any) (int64, error) {
	r, err := t.run(ctx, q, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t tx) row(ctx context.Context, q string, args ...any) *sql.Row {
	if stmt := t.stmt(ctx, q); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return t.q.QueryRowContext(ctx, t.s.bind(q), args...)
}

func (t tx) rows(ctx context.Context, q string, args []any) (*sql.Rows, error) {
	if stmt := t.stmt(ctx, q); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return t.q.QueryContext(ctx, t.s.bind(q), args...)
}

// each calls f for every row.
func (t tx) each(ctx context.Context, q string, args []any, f func(scan func(...any) error) error) error {
	rows, err := t.rows(ctx, q, args)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// bind rewrites ? to PostgreSQL's $1, $2 … No statement of ours has a ? in a literal.
func (s *Store) bind(q string) string {
	if s.kind == onSQLite {
		return q
	}
	if v, ok := s.rebound.Load(q); ok {
		return v.(string)
	}
	var b strings.Builder
	n := 0
	for _, r := range q {
		if r == '?' {
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	s.rebound.Store(q, b.String())
	return b.String()
}

// marks gives "?,?,?" for n arguments.
func marks(n int) string {
	if n == 0 {
		return "NULL"
	}
	return strings.Repeat("?,", n-1) + "?"
}

// few makes a list one of few lengths by naming its last again, so that the statement that asks for its members with
// IN ( and marks is kept prepared.
func few(args []any) []any {
	for n := len(args); n > 0 && n&(n-1) != 0; n++ {
		args = append(args, args[len(args)-1])
	}
	return args
}

// inRows calls f with the VALUES of 64, 16, 4 or 1 rows that are to be inserted, of so many arguments each: statements that
// are kept prepared.
func inRows(args []any, width int, f func(values string, part []any) error) error {
	for rows := 64; len(args) > 0; rows /= 4 {
		for len(args) >= rows*width {
			values := strings.Repeat(`, (`+marks(width)+`)`, rows)[1:]
			if err := f(`VALUES`+values, args[:rows*width]); err != nil {
				return err
			}
			args = args[rows*width:]
		}
	}
	return nil
}

// number writes a number into a statement.
func number(n int) string { return strconv.Itoa(n) }
