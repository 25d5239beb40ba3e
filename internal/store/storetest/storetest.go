// Package storetest opens fresh databases for tests: SQLite in a temporary folder, and PostgreSQL when
// HEADRACE_TEST_DATABASE names a server (scripts/postgres starts one). What runs on one must run on both; start at Each.
package storetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/store"
	"github.com/jackc/pgx/v5"
)

// Variable names the environment variable with the URL of a PostgreSQL server on which tests may make databases.
const Variable = "HEADRACE_TEST_DATABASE"

// A Database is a fresh database of one test, with a clock that stands still until it is moved. It goes when the test
// ends.
type Database struct {
	Name    string // "sqlite" or "postgres"
	Shared  bool   // several stores may be open on it at once
	Clock   *Clock
	Options store.Options // how it is opened; a test may change them before Open

	mu   sync.Mutex
	open []*store.Store
}

// Open opens the database. On PostgreSQL each call is another node; SQLite serves one process, so that what was open
// before is closed first, as by a restart. The stores are closed when the test ends.
func (d *Database) Open(t testing.TB) *store.Store {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.Shared {
		for _, s := range d.open {
			if err := s.Close(); err != nil {
				t.Fatalf("close the store before it is opened again: %v", err)
			}
		}
		d.open = nil
	}
	s, err := store.Open(t.Context(), d.Options)
	if err != nil {
		t.Fatalf("open %s: %v", d.Name, err)
	}
	d.open = append(d.open, s)
	return s
}

// close closes what is open.
func (d *Database) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.open {
		_ = s.Close()
	}
}

// SQLite gives a fresh embedded database.
func SQLite(t testing.TB) *Database {
	t.Helper()
	clock := NewClock()
	d := &Database{Name: "sqlite", Clock: clock, Options: store.Options{Dir: t.TempDir(), Now: clock.Now, Log: slog.New(slog.DiscardHandler)}}
	t.Cleanup(d.close)
	return d
}

// Postgres gives a fresh database on the server that HEADRACE_TEST_DATABASE names; without one the test is skipped.
func Postgres(t testing.TB) *Database {
	t.Helper()
	server := Server(t)
	name := "headrace_test_" + random()
	Exec(t, server, `CREATE DATABASE `+name)
	clock := NewClock()
	d := &Database{Name: "postgres", Shared: true, Clock: clock,
		Options: store.Options{URL: WithDatabase(t, server, name), Now: clock.Now, Log: slog.New(slog.DiscardHandler)}}
	t.Cleanup(func() {
		d.close()
		Exec(t, server, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
	})
	return d
}

// Server is the URL of the server for tests; without one the test is skipped.
func Server(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Variable)
	if server == "" {
		t.Skip("no PostgreSQL: " + Variable + " is not set. `make test` sets it, and so does `scripts/postgres run go test …`")
	}
	return server
}

// Databases gives a fresh database of each kind that is there. Without a server PostgreSQL is left out, and the log says so.
func Databases(t testing.TB) []*Database {
	t.Helper()
	all := []*Database{SQLite(t)}
	if os.Getenv(Variable) == "" {
		t.Log("PostgreSQL is left out: " + Variable + " is not set. `make test` sets it")
		return all
	}
	return append(all, Postgres(t))
}

// Each runs a test on a fresh database of each kind, as parallel subtests "sqlite" and "postgres"; the second is
// skipped when there is no server. open is Database.Open.
func Each(t *testing.T, test func(t *testing.T, open func() *store.Store)) {
	t.Helper()
	EachDatabase(t, func(t *testing.T, d *Database) {
		test(t, func() *store.Store {
			t.Helper()
			return d.Open(t)
		})
	})
}

// EachDatabase is Each for tests that move the clock, open several nodes or change the options.
func EachDatabase(t *testing.T, test func(t *testing.T, d *Database)) {
	t.Helper()
	for name, fresh := range map[string]func(testing.TB) *Database{"sqlite": SQLite, "postgres": Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}

// Exec runs one statement on a PostgreSQL database.
func Exec(t testing.TB, url, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // the test's own context has ended in a clean-up
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatalf("connect to the server of %s: %v", Variable, err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// WithDatabase is a server's URL with another database in it.
func WithDatabase(t testing.TB, server, name string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is not a URL like postgres://user@host/database: %v", Variable, err)
	}
	u.Path = "/" + name
	return u.String()
}

func random() string {
	var raw [8]byte
	_, _ = rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}

// A Clock is time that passes only when it is told to.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock gives a clock that stands at noon of a day in 2026.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add lets time pass.
func (c *Clock) Add(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}
