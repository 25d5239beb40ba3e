package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/copilot"
	"github.com/headrace/headrace/internal/store"
)

// item is what an inventory's row has of one document alone.
type item struct {
	hash, source int64
	key          string
	content, acl connector.Hash
}

// seed writes inventory rows for the documents from to to (exclusive), as the engine would after sending them: prepared by
// the destination's own code. They are written in the order of their hashes, which costs minutes less for millions.
func (b bench) seed(ctx context.Context, data string, from, to int) error {
	if err := b.write(ctx, data, from, to); err != nil {
		return err
	}
	return forgetPeak()
}

func (b bench) write(ctx context.Context, data string, from, to int) error {
	items, err := prepared(ctx, from, to)
	if err != nil {
		return err
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.hash, b.hash) })
	insert, done, err := b.inserter(ctx, data)
	if err != nil {
		return err
	}
	defer done()
	for batch := range slices.Chunk(items, 50_000) {
		if err := insert(batch); err != nil {
			return err
		}
	}
	return nil
}

// forgetPeak gives unused memory back and lets the kernel count this process's peak anew: a process that it starts begins
// with that as its own.
func forgetPeak() error {
	debug.FreeOSMemory()
	err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // not Linux
	}
	return err
}

// prepared maps the documents, one part on each processor.
func prepared(ctx context.Context, from, to int) ([]item, error) {
	items := make([]item, to-from)
	group, ctx := errgroup.WithContext(ctx)
	part := len(items)/runtime.GOMAXPROCS(0) + 1
	for first := 0; first < len(items); first += part {
		group.Go(func() error {
			prepare, err := preparer()
			if err != nil {
				return err
			}
			for i := first; i < min(first+part, len(items)) && ctx.Err() == nil; i++ {
				id, title, text := document(from + i)
				p, err := prepare(connector.Record{Key: id, Body: fmt.Appendf(nil, `{"id":%q,"title":%q,"text":%q}`, id, title, text)})
				if err != nil {
					return err
				}
				items[i] = item{hash: store.KeyHash(p[0].Key), source: store.KeyHash(id), key: p[0].Key, content: p[0].Content, acl: p[0].ACL}
			}
			return ctx.Err()
		})
	}
	return items, group.Wait()
}

// preparer is the destination's own mapping of a record.
func preparer() (func(connector.Record) ([]connector.Prepared, error), error) {
	spec := copilot.Spec().Destination
	cfg := spec.Config()
	node, err := config.ParseOne([]byte("connection: { id: " + fillConnection + ", name: Documents, description: \"Documents of Contoso for measuring. Ask what stands in which of them.\" }" +
		strings.ReplaceAll(fillItem, "\n  ", "\n")))
	if err != nil {
		return nil, err
	}
	if err := config.Decode(node, cfg, "").Err(); err != nil {
		return nil, err
	}
	return spec.Prepare(cfg)
}

// The columns that differ are those of seed; the rest is as it stands in a row that is there.
const (
	seedStatement = `INSERT INTO inventory (destination_id, hash, key, source_key, split_id, state, content, acl, crawl, error) VALUES `
	seedLike      = `SELECT destination_id, split_id, state, crawl FROM inventory LIMIT 1`
)

// inserter gives what writes rows into the inventory of a data folder that nobody has open, or of PostgreSQL.
func (b bench) inserter(ctx context.Context, data string) (func([]item) error, func(), error) {
	var destination, split, state, crawl int64
	if b.database != "" {
		conn, err := pgx.Connect(ctx, b.database)
		if err != nil {
			return nil, nil, err
		}
		done := func() { _ = conn.Close(ctx) }
		if err := conn.QueryRow(ctx, seedLike).Scan(&destination, &split, &state, &crawl); err != nil {
			done()
			return nil, nil, err
		}
		columns := []string{"destination_id", "hash", "key", "source_key", "split_id", "state", "content", "acl", "crawl", "error"}
		return func(rows []item) error {
			_, err := conn.CopyFrom(ctx, pgx.Identifier{"inventory"}, columns, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
				r := rows[i]
				return []any{destination, r.hash, r.key, r.source, split, state, r.content[:], r.acl[:], crawl, ""}, nil
			}))
			return err
		}, done, nil
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "headrace.db")+"?_pragma=synchronous(off)&_pragma=cache_size(-262144)")
	if err != nil {
		return nil, nil, err
	}
	done := func() { _ = db.Close() }
	if err := db.QueryRowContext(ctx, seedLike).Scan(&destination, &split, &state, &crawl); err != nil {
		done()
		return nil, nil, err
	}
	return func(rows []item) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		statement, err := tx.PrepareContext(ctx, seedStatement+`(?,?,?,?,?,?,?,?,?,?)`)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if _, err := statement.ExecContext(ctx, destination, r.hash, r.key, r.source, split, state, r.content[:], r.acl[:], crawl, ""); err != nil {
				return err
			}
		}
		return tx.Commit()
	}, done, nil
}
