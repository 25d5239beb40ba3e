package store_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/headrace/headrace/internal/store/storetest"
	_ "github.com/jackc/pgx/v5/stdlib"
)

// raw opens the database of a test beside the store, to look at what no method shows or to spoil it.
func raw(t testing.TB, d *storetest.Database) *sql.DB {
	t.Helper()
	driver, name := "sqlite", "file:"+filepath.Join(d.Options.Dir, "headrace.db")+"?_pragma=busy_timeout(5000)"
	if d.Shared {
		driver, name = "pgx", d.Options.URL
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func bodies(t testing.TB, d *storetest.Database) (n int) {
	t.Helper()
	if err := raw(t, d).QueryRow(`SELECT count(*) FROM split_body`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
