package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"golang.org/x/sys/unix"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// databaseFile is the database's name in the data folder.
const databaseFile = "headrace.db"

// openSQLite opens the data folder: one process at a time, one connection that writes, a pool that reads.
func openSQLite(ctx context.Context, o Options) (*Store, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, folderTrouble(o.Dir, err)
	}
	lock, err := lockFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Store{kind: onSQLite, kept: newStatements(), keptRead: newStatements(), now: o.Now, log: o.Log}
	if s.now == nil {
		s.now = func() time.Time { return time.Now().UTC() }
	}
	file := filepath.Join(o.Dir, databaseFile)
	pragmas := url.Values{"_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(memory)",
		"journal_size_limit(67108864)",
	}}
	dsn := "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + pragmas.Encode()
	if s.write, err = sql.Open("sqlite", dsn+"&_txlock=immediate&_pragma=cache_size(-8000)"); err != nil {
		_ = lock.Close()
		return nil, err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", dsn+"&_pragma=query_only(1)&_pragma=cache_size(-3000)"); err != nil {
		_ = errors.Join(s.write.Close(), lock.Close())
		return nil, err
	}
	s.read.SetMaxOpenConns(4)
	s.close = func() error { return errors.Join(s.read.Close(), s.write.Close(), lock.Close()) }
	if err := s.firstLook(ctx, file); err != nil {
		_ = s.close()
		return nil, err
	}
	return s, nil
}

// firstLook finds out whether the file is a sound database before anything relies on it.
func (s *Store) firstLook(ctx context.Context, file string) error {
	var objects int
	if err := s.write.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&objects); err != nil {
		return fmt.Errorf("open %s: %w", file, s.trouble(err))
	}
	if size, err := s.Size(ctx); err != nil || size > checkAtOpen {
		return err
	}
	if err := s.Check(ctx); err != nil {
		return fmt.Errorf("open %s: %w", file, err)
	}
	return nil
}

// checkAtOpen is up to which size a database is read through whenever it is opened: some tenths of a second. In a larger
// one damage shows when the damaged page is read, or by Check.
const checkAtOpen = 32 << 20

// Check reads the whole database through and says whether it is damaged. It takes seconds for each GB. On PostgreSQL that
// is the server's business, and nothing is done.
func (s *Store) Check(ctx context.Context) error {
	if s.kind != onSQLite {
		return nil
	}
	var answer string
	if err := s.read.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&answer); err != nil {
		return s.trouble(err)
	}
	if answer != "ok" {
		return damaged(errors.New(answer))
	}
	return nil
}

// lockFolder takes the folder for this process until the file is closed.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, folderTrouble(dir, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, &fault.Error{Class: fault.Unavailable, Code: "data_folder_in_use", Err: err,
			Title: fmt.Sprintf("the data folder %s is in use by another headrace process", dir),
			Hint:  "stop the other process, or use its commands: with `headrace serve` running they find it by the socket in that folder. Another folder: --data DIR"}
	}
	return f, nil
}

func folderTrouble(dir string, err error) error {
	return &fault.Error{Class: fault.Unavailable, Code: "data_folder", Err: err, Title: fmt.Sprintf("the data folder %s cannot be used", dir),
		Hint: "check that it is a folder and that this user may write there, or choose another with --data DIR"}
}

func damaged(err error) error {
	return &fault.Error{Class: fault.Internal, Code: "database_damaged", Err: err, Title: "the database is damaged",
		Hint: "nothing was changed. Move the data folder aside and restore it from a backup; without one start with an empty folder: what Microsoft still has (7 days) is collected again"}
}

// sqliteTrouble classifies what SQLite says; nil if it is not SQLite's.
func sqliteTrouble(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_FULL:
		return &fault.Error{Class: fault.Unavailable, Code: "disk_full", Title: "the disk of the data folder is full", Err: err,
			Hint: "free some space; work goes on by itself, nothing is lost"}
	case lib.SQLITE_IOERR:
		return &fault.Error{Class: fault.Unavailable, Code: "disk_trouble", Title: "the disk of the data folder cannot be read or written", Err: err,
			Hint: "look at the disk's free space, quota and health (dmesg); work goes on by itself when it recovers"}
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return &fault.Error{Class: fault.Unavailable, Code: "database_locked", Title: "the database is locked by another program", Err: err,
			Hint: "close what has headrace.db open (a database browser, a backup tool without WAL support)"}
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return damaged(err)
	case lib.SQLITE_ERROR: // no such table, no such column, or a mistake of ours
		return &fault.Error{Class: fault.Invalid, Code: "wrong_schema", Title: wrongSchemaTitle, Err: err, Hint: wrongSchemaHint}
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		return &fault.Error{Class: fault.Unavailable, Code: "data_folder", Title: "the database cannot be opened for writing", Err: err,
			Hint: "check the owner and the mode of the data folder and of headrace.db in it"}
	}
	return nil
}
