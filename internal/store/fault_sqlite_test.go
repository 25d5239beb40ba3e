package store_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// wantHint checks that an error says what to do.
func wantHint(t testing.TB, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(fault.HintOf(err), word) && !strings.Contains(err.Error(), word) {
			t.Errorf("neither error nor hint says %q: %v (%s)", word, err, fault.HintOf(err))
		}
	}
}

func openFails(t testing.TB, o store.Options) error {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err == nil {
		_ = s.Close()
		t.Fatal("it was opened")
	}
	return err
}

func TestAFolderThatAnotherProcessHolds(t *testing.T) {
	t.Parallel()
	d := storetest.SQLite(t)
	other := exec.CommandContext(t.Context(), os.Args[0])
	other.Env = append(os.Environ(), holdVariable+"="+d.Options.Dir)
	other.Stderr = os.Stderr
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	err = openFails(t, d.Options)
	wantFault(t, err, fault.Unavailable, "data_folder_in_use")
	wantHint(t, err, d.Options.Dir, "stop the other process", "--data")
	_ = in.Close()
	if err := other.Wait(); err != nil {
		t.Fatal(err)
	}
	d.Open(t) // given back
}

func TestAKilledProcessLeavesNoLock(t *testing.T) {
	t.Parallel()
	d := storetest.SQLite(t)
	other := exec.CommandContext(t.Context(), os.Args[0])
	other.Env = append(os.Environ(), holdVariable+"="+d.Options.Dir)
	if _, err := other.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait()
	d.Open(t)
}

func TestADataFolderThatIsNone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		err := openFails(t, store.Options{Dir: dir})
		wantFault(t, err, fault.Unavailable, "data_folder")
		wantHint(t, err, dir, "--data DIR")
	}
}

func TestADataFolderThatMayNotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if os.Getuid() == 0 {
		dir = mount(t, "ro,size=1m") // modes do not stop root
	} else if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	err := openFails(t, store.Options{Dir: dir})
	wantFault(t, err, fault.Unavailable, "data_folder")
	wantHint(t, err, dir, "may write there")
}

// mount gives a folder of a file system of its own; without the right to mount the test is skipped.
func mount(t testing.TB, options string) string {
	t.Helper()
	dir := t.TempDir()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("a small file system can only be mounted by root on Linux")
	}
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", options, "headrace-test", dir).CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v: %s", dir, err, out)
		}
	})
	return dir
}

func TestAFileThatIsNoDatabase(t *testing.T) {
	t.Parallel()
	garbage := make([]byte, 10_000)
	_, _ = rand.Read(garbage)
	for name, content := range map[string][]byte{"random bytes": garbage, "text": bytes.Repeat([]byte("not a database\n"), 500), "a cut header": []byte("SQLite format 3\x00abc")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := storetest.SQLite(t)
			file := filepath.Join(d.Options.Dir, "headrace.db")
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			err := openFails(t, d.Options)
			wantFault(t, err, fault.Internal, "database_damaged")
			wantHint(t, err, file, "restore it from a backup")
			if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, content) {
				t.Errorf("the file was changed, %v", err)
			}
		})
	}
}

func TestADatabaseWithADamagedPage(t *testing.T) {
	t.Parallel()
	d := storetest.SQLite(t)
	w := newWorld(t, d)
	w.flow("f", 1)
	w.list(splits(0, 3000)...)
	w.ok(w.s.Close())
	file := filepath.Join(d.Options.Dir, "headrace.db")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for at := len(content) / 4 &^ 4095; at < len(content)/2; at++ {
		content[at] = 0xa5
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	err = openFails(t, d.Options)
	wantFault(t, err, fault.Internal, "database_damaged")
	wantHint(t, err, "restore it from a backup")
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the damaged file is no longer there: %v", err)
	}
}

func TestADatabaseThatAnotherProgramLocks(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits 5 s for the lock")
	}
	d := storetest.SQLite(t)
	w := newWorld(t, d)
	conn, err := raw(t, d).Conn(t.Context())
	w.ok(err)
	_, err = conn.ExecContext(t.Context(), `BEGIN IMMEDIATE`)
	w.ok(err)
	err = w.s.WakeSource(t.Context(), w.source.ID)
	wantFault(t, err, fault.Unavailable, "database_locked")
	wantHint(t, err, "database browser")
	_, err = conn.ExecContext(t.Context(), `ROLLBACK`)
	w.ok(err)
	w.ok(w.s.WakeSource(t.Context(), w.source.ID))
}

// After a full disk the same store goes on when there is space again, and what was refused did not happen in part.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	d := storetest.SQLite(t)
	d.Options.Dir = mount(t, "size=8m")
	w := newWorld(t, d)
	f := w.flow("f", 1)
	l := w.takeLane(f)
	filler := filepath.Join(d.Options.Dir, "filler")
	file, err := os.Create(filler)
	w.ok(err)
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	_ = file.Close()

	put, full := 0, 0
	for round := range 60 {
		var (
			listing store.Listing
			ok      bool
		)
		if listing, ok, err = w.s.TakeListing(t.Context(), "n", 0, 0); err == nil && ok {
			_, err = w.s.CommitListing(t.Context(), listing, store.Listed{Enumeration: enumeration(splits(put, put+20)...), Lanes: w.lanes(), Due: w.clock.Now()})
			if err == nil {
				put += 20
			}
		}
		if err != nil {
			full++
			if e, _ := fault.As(err); e == nil || e.Class != fault.Unavailable || e.Code != "disk_full" && e.Code != "disk_trouble" {
				t.Fatalf("round %d: %v", round, err)
			}
			wantHint(t, err, "disk", "work goes on by itself")
		}
		if _, err := w.s.Counts(t.Context(), f.ID, 0); err != nil {
			t.Fatalf("reading on a full disk: %v", err)
		}
		if full == 5 && filler != "" {
			w.ok(os.Remove(filler))
			filler = ""
		}
	}
	if full < 5 || put < 200 {
		t.Fatalf("%d refusals, %d splits put", full, put)
	}
	if got := pending(w, f); got != int64(put) {
		t.Errorf("%d pending of %d put", got, put)
	}
	w.deliver(l, w.due(l, 10_000)...)
	again := d.Open(t)
	if c, err := again.Counts(t.Context(), f.ID, 0); err != nil || c.Delivered != int64(put) || c.Listed != int64(put) {
		t.Errorf("opened again: %+v of %d, %v", c, put, err)
	}
}

func TestAFullDiskAtTheStart(t *testing.T) {
	t.Parallel()
	dir := mount(t, "size=16k")
	err := openFails(t, store.Options{Dir: dir})
	if e, _ := fault.As(err); e == nil || e.Class != fault.Unavailable {
		t.Fatalf("%v", err)
	}
	wantHint(t, err, "disk")
}

func TestADatabaseOfANewerVersion(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		w.ok(w.s.Close())
		if _, err := raw(t, d).Exec(fmt.Sprintf(`INSERT INTO headrace_schema (version_id, is_applied) VALUES (99, %s)`, map[bool]string{true: "true", false: "1"}[d.Shared])); err != nil {
			t.Fatal(err)
		}
		before := content(t, d)
		err := openFails(t, d.Options)
		wantFault(t, err, fault.Invalid, "newer_schema")
		wantHint(t, err, "version 99", "Nothing was changed", "backup")
		if after := content(t, d); !bytes.Equal(before, after) {
			t.Error("something was changed")
		}
	})
}

// content is the database file, or on PostgreSQL what its catalogue says of the tables.
func content(t testing.TB, d *storetest.Database) []byte {
	t.Helper()
	db := raw(t, d)
	defer func() { _ = db.Close() }()
	if !d.Shared {
		if _, err := db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(d.Options.Dir, "headrace.db"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var text string
	if err := db.QueryRow(`SELECT string_agg(c.oid || ' ' || c.relname || ' ' || c.relfilenode, E'\n' ORDER BY c.oid) ||
		(SELECT string_agg(id || ' ' || version_id, E'\n' ORDER BY id) FROM headrace_schema) FROM pg_class c`).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return []byte(text)
}

func TestADatabaseOfSomebodyElse(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		db := raw(t, d)
		if _, err := db.Exec(`CREATE TABLE object (shape TEXT)`); err != nil {
			t.Fatal(err)
		}
		err := openFails(t, d.Options)
		wantFault(t, err, fault.Invalid, "foreign_database")
		wantHint(t, err, `"object"`, "one of its own")
		if d.Shared && rows(t, d, "pg_tables WHERE schemaname = 'public'") != 1 {
			t.Error("we made tables there")
		}
	})
}

func TestASchemaThatWasChangedByHand(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		if _, err := raw(t, d).Exec(`ALTER TABLE gap RENAME TO hole`); err != nil {
			t.Fatal(err)
		}
		_, err := w.s.Gaps(t.Context(), 0)
		wantFault(t, err, fault.Invalid, "wrong_schema")
		wantHint(t, err, "changed by hand")
	})
}

func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		f := w.flow("f", 1)
		w.list(splits(0, 5)...)
		l := w.takeLane(f)
		w.deliver(l, w.due(l, 1)...)
		w.s = d.Open(t)
		if got := pending(w, f); got != 4 {
			t.Errorf("%d pending", got)
		}
		w.clock.Add(lease + time.Second)
		if l = w.takeLane(f); string(l.Receipt) != "r" {
			t.Errorf("receipt %q", l.Receipt)
		}
	})
}
