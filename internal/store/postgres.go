package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// poolSize bounds the connections of one node.
const poolSize = 16

// openPostgres connects to a server. The password comes from PGPASSWORD, PGPASSFILE or the URL of HEADRACE_DATABASE.
func openPostgres(ctx context.Context, o Options) (*Store, error) {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, &fault.Error{Class: fault.Invalid, Code: "database_url", Title: "the database URL cannot be read",
			Hint: "write it like postgres://user@host:5432/headrace?sslmode=verify-full; the password goes into PGPASSWORD or PGPASSFILE"}
	}
	config.RuntimeParams["application_name"] = "headrace"
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	// Our tables grow from nothing in minutes; a plan that was made for an empty table and kept would look through all of it.
	// No statement of ours runs long enough to be worth compiling: that took 200 ms where running took one.
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `SET plan_cache_mode = force_custom_plan; SET jit = off`)
		return err
	}))
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(8)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s := &Store{kind: onPostgres, write: db, read: db, log: o.Log, url: o.URL, close: db.Close, now: o.Now, fixedClock: o.Now != nil}
	if s.now == nil {
		s.clock = &serverClock{}
		if err := s.clock.set(ctx, db); err != nil {
			_ = db.Close()
			return nil, s.trouble(err)
		}
		s.now = s.clock.now
	}
	return s, nil
}

// serverClock is the server's time, as far as this process knows it: asked once a minute and carried on by the
// monotonic clock between. Leases of nodes whose own clocks differ hang on one clock this way.
type serverClock struct {
	mu     sync.Mutex
	server time.Time
	local  time.Time
	asked  time.Time // by the wall clock
}

func (c *serverClock) set(ctx context.Context, db *sql.DB) error {
	before := time.Now()
	var us int64
	if err := db.QueryRowContext(ctx, `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`).Scan(&us); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.local = before.Add(time.Since(before) / 2)
	c.server = time.UnixMicro(us)
	c.asked = before.Round(0)
	return nil
}

// clockAge is how long an answer of the server is carried on: machines' clocks drift, and stop while one is suspended.
const clockAge = time.Minute

// old tells whether the server is to be asked again; only one caller at a time hears yes.
func (c *serverClock) old() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Round takes the monotonic reading off: the wall clock also counts the time of a suspended machine.
	if age := time.Now().Round(0).Sub(c.asked); age >= 0 && age < clockAge {
		return false
	}
	c.asked = time.Now().Round(0)
	return true
}

func (c *serverClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server.Add(time.Since(c.local)).UTC()
}

// isSerialization tells whether PostgreSQL rolled a transaction back only because of another one.
func isSerialization(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// trouble classifies what the database says. What is classified already stays as it is.
func (s *Store) trouble(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := fault.As(err); ok {
		return err
	}
	// A server that takes a connection and says nothing ends our time to connect, not the caller's.
	var connect *pgconn.ConnectError
	late := errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &connect)
	if errors.Is(err, context.Canceled) || late || isNoRows(err) {
		return err
	}
	if s.kind == onSQLite {
		if t := sqliteTrouble(err); t != nil {
			return t
		}
		return err
	}
	return postgresTrouble(err)
}

// unreachable tells whether an error is of the connection. Others that are not PostgreSQL's are ours.
func unreachable(err error) bool {
	var (
		connect *pgconn.ConnectError
		network net.Error
	)
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// isStale tells whether a connection had died before; a new one may work.
func isStale(err error) bool {
	var (
		connect *pgconn.ConnectError
		refused *pgconn.PgError
	)
	if errors.As(err, &connect) {
		return false
	}
	if errors.As(err, &refused) {
		return refused.Code[:2] == "57"
	}
	return unreachable(err)
}

const (
	wrongSchemaTitle = "the database has not the schema that headrace expects"
	wrongSchemaHint  = "another program's tables, or a schema that was changed by hand? Give headrace a database of its own, or restore the backup"
)

func postgresTrouble(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		if !unreachable(err) {
			return err
		}
		return &fault.Error{Class: fault.Unavailable, Code: "database_unreachable", Title: "the database server cannot be reached", Err: brief{err},
			Hint: "check that PostgreSQL runs and that host and port in --database are right; work goes on by itself when it answers"}
	}
	class, code := fault.Internal, "database"
	title, hint := "the database refused a statement", "this is a mistake of headrace or of the schema: please report it"
	switch {
	case e.Code[:2] == "28":
		class, code, title, hint = fault.Denied, "database_denied", "the database server refused the sign-in", "check user and password: PGPASSWORD, PGPASSFILE or HEADRACE_DATABASE"
	case e.Code == "3D000":
		class, code, title, hint = fault.NotFound, "database_missing", "the database does not exist", "make it: createdb headrace"
	case e.Code == "42501":
		class, code, title, hint = fault.Denied, "database_denied", "the database user may not do this", "the user must own the database or have CREATE on its schema: GRANT ALL ON SCHEMA public TO …"
	case e.Code == "22021":
		class, code, title, hint = fault.Invalid, "bad_text", "a text holds a character that the database can't keep", "take the character NUL (U+0000) out of it"
	case e.Code[:2] == "42":
		class, code, title, hint = fault.Invalid, "wrong_schema", wrongSchemaTitle, wrongSchemaHint
	case e.Code[:2] == "53":
		class, code, title, hint = fault.Unavailable, "database_full", "the database server has no resources left", "disk full or too many connections; work goes on by itself when that is mended"
	case e.Code[:2] == "57", e.Code[:2] == "08", e.Code == "25006":
		class, code, title, hint = fault.Unavailable, "database_unreachable", "the database server is stopping, starting or read-only", "work goes on by itself when it is back"
	}
	return &fault.Error{Class: class, Code: code, Title: title, Hint: hint, Err: brief{err}, Upstream: &fault.Upstream{Service: "postgresql", Code: e.Code}}
}

// brief is an error in one line: pgx tells of each address that it tried on a line of its own, and of some twice.
type brief struct{ error }

func (b brief) Error() string {
	var parts []string
	for line := range strings.Lines(b.error.Error()) {
		if line = strings.TrimSpace(line); !slices.Contains(parts, line) {
			parts = append(parts, line)
		}
	}
	return strings.ReplaceAll(strings.Join(parts, "; "), ":; ", ": ")
}

func (b brief) Unwrap() error { return b.error }
