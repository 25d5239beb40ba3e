package store_test

import (
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
	"github.com/jackc/pgx/v5"
)

func TestAServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://u@127.0.0.1:1/db?connect_timeout=2", "postgres://u@/db?host=" + t.TempDir()} {
		err := openFails(t, store.Options{URL: url})
		wantFault(t, err, fault.Unavailable, "database_unreachable")
		wantHint(t, err, "PostgreSQL runs", "--database")
		err = openFails(t, store.Options{URL: url, Now: time.Now})
		wantFault(t, err, fault.Unavailable, "database_unreachable")
	}
}

// A server that hangs takes connections, as its kernel does for it, and never says a word.
func TestAServerThatSaysNothing(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	wantFault(t, openFails(t, store.Options{URL: "postgres://u@" + silent.Addr().String() + "/db?sslmode=disable&connect_timeout=1"}), fault.Unavailable, "database_unreachable")
}

func TestAURLThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://u:hunter2@host:port/db", "postgres://%zz", "postgres://u:hunter2@h/db?sslmode=perhaps"} {
		err := openFails(t, store.Options{URL: url})
		wantFault(t, err, fault.Invalid, "database_url")
		wantHint(t, err, "postgres://user@host", "PGPASSWORD")
		if strings.Contains(err.Error()+fault.HintOf(err), "hunter2") {
			t.Errorf("the password is shown: %v", err)
		}
	}
}

// as gives the URL of a database for another role.
func as(t testing.TB, database, role, password string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, password)
	return u.String()
}

// role makes a role that signs in with the password "right".
func role(t testing.TB, server, prefix string) string {
	t.Helper()
	name := fmt.Sprintf("%s_%d", prefix, time.Now().UnixNano())
	storetest.Exec(t, server, `CREATE ROLE `+name+` LOGIN PASSWORD 'right'`)
	t.Cleanup(func() { storetest.Exec(t, server, `DROP ROLE `+name) })
	return name
}

func TestAWrongPassword(t *testing.T) {
	t.Parallel()
	server := storetest.Server(t)
	name := role(t, server, "headrace_locked")
	if conn, err := pgx.Connect(t.Context(), as(t, server, name, "wrong")); err == nil {
		_ = conn.Close(t.Context())
		t.Skip("this server lets everybody in without a password")
	}
	err := openFails(t, store.Options{URL: as(t, server, name, "wrong-hunter2")})
	wantFault(t, err, fault.Denied, "database_denied")
	wantHint(t, err, "PGPASSWORD", "PGPASSFILE")
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the password is shown: %v", err)
	}
}

func TestADatabaseThatDoesNotExist(t *testing.T) {
	t.Parallel()
	err := openFails(t, store.Options{URL: storetest.WithDatabase(t, storetest.Server(t), "headrace_none")})
	wantFault(t, err, fault.NotFound, "database_missing")
	wantHint(t, err, "createdb")
}

func TestARoleThatMayNotMakeTables(t *testing.T) {
	t.Parallel()
	d := storetest.Postgres(t)
	name := role(t, storetest.Server(t), "headrace_reader")
	storetest.Exec(t, d.Options.URL, `REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
	err := openFails(t, store.Options{URL: as(t, d.Options.URL, name, "right")})
	wantFault(t, err, fault.Denied, "database_denied")
	wantHint(t, err, "GRANT ALL ON SCHEMA public")
}

func TestTwoNodesThatMakeTheSchemaTogether(t *testing.T) {
	t.Parallel()
	d := storetest.Postgres(t)
	failed := make(chan error)
	const nodes = 4
	for range nodes {
		go func() {
			s, err := store.Open(t.Context(), store.Options{URL: d.Options.URL})
			if err == nil {
				err = s.Close()
			}
			failed <- err
		}()
	}
	for range nodes {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

func TestTheServersClockIsOurs(t *testing.T) {
	t.Parallel()
	d := storetest.Postgres(t)
	d.Options.Now = nil
	s := d.Open(t)
	if off := time.Since(s.Now()).Abs(); off > time.Minute {
		t.Errorf("the clock is off by %v", off)
	}
	if s.Now().Location() != time.UTC {
		t.Error("not UTC")
	}
}

// The server is killed and comes back under our feet: the same store says so and goes on, and what was committed is there.
func TestAServerThatIsRestarted(t *testing.T) {
	t.Parallel()
	storetest.Server(t) // without one there is no server to start either
	script, err := filepath.Abs("../../scripts/postgres")
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(script, args...).Output()
		if err != nil {
			t.Fatalf("scripts/postgres %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	server := run("start")
	t.Cleanup(func() { run("stop", server) })
	clock := storetest.NewClock()
	s, err := store.Open(t.Context(), store.Options{URL: server, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{t: t, s: s, clock: clock}
	w.source = w.make(store.Object{Kind: store.Source, Name: "audit", Tenant: "contoso"})
	f := w.flow("f", 1)
	w.list(splits(0, 10)...)
	l := w.takeLane(f)
	all := w.due(l, 10)
	w.deliver(l, all[0])

	run("halt", server)
	for range 10 { // every connection of the pool learns of it
		err := s.CommitBatch(t.Context(), l, w.batch(all[1]))
		if fault.ClassOf(err) != fault.Unavailable {
			t.Fatalf("while the server is down: %v (%s)", err, fault.ClassOf(err))
		}
		wantHint(t, err, "work goes on by itself")
		if _, err := s.Backlog(t.Context(), f.ID); fault.ClassOf(err) != fault.Unavailable {
			t.Fatalf("while the server is down: %v (%s)", err, fault.ClassOf(err))
		}
	}
	run("resume", server)
	w.deliver(l, all[1:]...)
	if c, err := s.Counts(t.Context(), f.ID, 0); err != nil || c.Delivered != 10 {
		t.Errorf("after the restart %+v, %v", c, err)
	}
	run("halt", server)
	run("resume", server)
	w.list(split(20)) // the pool's old connections are replaced without an error
}
