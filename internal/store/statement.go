package store

import (
	"context"
	"database/sql"
	"strings"
	"sync"
)

// statements keeps prepared statements of SQLite's pools, where parsing one costs more than running it. pgx keeps
// PostgreSQL's by itself.
//
// A statement can't be prepared on the one writing connection while a transaction has it. So a statement that
// was met in a transaction is noted and prepared when the transaction has ended, for the next one.
type statements struct {
	mu     sync.Mutex
	ready  map[string]*sql.Stmt
	wanted map[string]bool
}

// statementBound is more than there are different statements in this package.
const statementBound = 600

func newStatements() *statements {
	return &statements{ready: map[string]*sql.Stmt{}, wanted: map[string]bool{}}
}

// get gives the prepared statement, or nil and whether it will be one. Lists of varying length are not kept; one that has
// few lengths (few, inRows) is written with a blank before its first mark, and before a row's bracket.
func (c *statements) get(q string) (stmt *sql.Stmt, wanted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if stmt := c.ready[q]; stmt != nil {
		return stmt, false
	}
	if len(c.ready)+len(c.wanted) < statementBound && !strings.Contains(q, "IN (?") && !strings.Contains(q, "IN (VALUES") && !strings.Contains(q, "),(?") {
		c.wanted[q] = true
	}
	return nil, c.wanted[q]
}

// fill prepares what is wanted. It waits for a connection without holding the lock: whoever has the connection may be
// asking for a statement.
func (c *statements) fill(ctx context.Context, db *sql.DB) {
	c.mu.Lock()
	wanted := c.wanted
	c.wanted = map[string]bool{}
	c.mu.Unlock()
	for q := range wanted {
		stmt, err := db.PrepareContext(ctx, q)
		if err != nil {
			return // it is run unprepared, and says then what is wrong
		}
		c.mu.Lock()
		if c.ready[q] == nil {
			c.ready[q] = stmt
			stmt = nil
		}
		c.mu.Unlock()
		if stmt != nil {
			_ = stmt.Close() // somebody else was faster
		}
	}
}
