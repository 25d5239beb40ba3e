// Package store is what headrace remembers: objects that people made, what was listed, what was delivered, what
// was refused. One set of statements runs on SQLite (embedded, one process) and on PostgreSQL (many nodes); both pass
// storetest. It knows no connector and decides nothing: start at Store, then read the file named for the thing.
//
// Times are microseconds since 1970 UTC in the tables, 0 for none. Everything that must happen together is one method
// and one transaction; no network call happens inside one.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// Store is an open database. Its methods may be called from several goroutines.
type Store struct {
	write *sql.DB // SQLite: one connection; PostgreSQL: the pool
	read  *sql.DB
	kind  kind
	now   func() time.Time
	log   *slog.Logger
	close func() error

	fixedClock bool         // now was given: the server's own clock is not asked
	clock      *serverClock // PostgreSQL without a given clock

	kept, keptRead *statements  // SQLite's, of the writing connection and of the read pool
	rebound        sync.Map     // statement with ? → statement with $1
	looked         atomic.Int64 // up to which split the last sweep looked for old versions
	lookedSighting atomic.Int64 // likewise of sightings
	url            string       // PostgreSQL only
	told           func(Change) // nil: nobody wants to know
	home           string       // where this process works; see Settle
}

type kind uint8

const (
	onSQLite kind = iota
	onPostgres
)

// Options say how to open a database.
type Options struct {
	Dir string           // SQLite: the data folder; made if it is not there
	URL string           // PostgreSQL: postgres://… ; wins over Dir
	Now func() time.Time // for tests that move the clock; nil: the machine's, on PostgreSQL the database's
	Log *slog.Logger
}

// Open opens the database, locks the data folder (SQLite) and migrates the schema. Errors: Unavailable when another
// process holds the folder, the server can't be reached or the disk is full; Invalid for a database of a newer
// version or of something else; Denied when the server refuses the sign-in.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var (
		s   *Store
		err error
	)
	if o.URL != "" {
		s, err = openPostgres(ctx, o)
	} else {
		s, err = openSQLite(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// Close closes the database and gives the data folder back.
func (s *Store) Close() error { return s.close() }

// Shared tells whether other nodes may use this database at the same time.
func (s *Store) Shared() bool { return s.kind == onPostgres }

// URL is the PostgreSQL URL, for what needs a connection of its own (the dispatcher); "" for SQLite.
func (s *Store) URL() string { return s.url }

// Now is the database's time: leases and due times of all nodes hang on this one clock.
func (s *Store) Now() time.Time { return s.now() }

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.trouble(s.read.PingContext(ctx)) }

// Size is what the database takes on disk, in bytes.
func (s *Store) Size(ctx context.Context) (int64, error) {
	q := `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`
	if s.kind == onPostgres {
		q = `SELECT pg_database_size(current_database())`
	}
	var n int64
	err := s.read.QueryRowContext(ctx, q).Scan(&n)
	return n, s.trouble(err)
}

// ErrLeaseLost says that the lease under which something should be committed is no longer ours: nothing was
// committed, somebody else goes on.
var ErrLeaseLost = &fault.Error{Class: fault.Conflict, Code: "lease_lost", Title: "the lease was taken over by another worker"}

// notFound names what is not there.
func notFound(kind, name string) error {
	return &fault.Error{Class: fault.NotFound, Code: kind + "_not_found", Title: fmt.Sprintf("there is no %s %q", kind, name),
		Hint: fmt.Sprintf("headrace %s list shows what there is", kind)}
}

func isNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// micros is a time as it stands in the tables.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// moment is micros' inverse.
func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
