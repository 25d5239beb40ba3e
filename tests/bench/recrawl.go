package main

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/copilot"
	"github.com/headrace/headrace/internal/store"
)

// seeded is how many documents are really sent before the rest of the inventory is written by hand.
const seeded = 10

// recrawl100k crawls 100,000 documents in which nothing changed, from NDJSON and from CSV.
func recrawl100k(ctx context.Context, b bench) ([]row, error) {
	var all []row
	for _, name := range []string{"docs.ndjson", "docs.csv"} {
		rows, err := b.recrawl(ctx, name, b.keys, "≥ 20,000", "shown")
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

func recrawlMillion(ctx context.Context, b bench) ([]row, error) {
	return b.recrawl(ctx, "docs.ndjson", 10*b.keys, "≥ 20,000", "≤ 200 MiB")
}

// inventory is a large inventory, on both databases.
func inventory(ctx context.Context, b bench) ([]row, error) {
	all, err := b.recrawl(ctx, "docs.ndjson", 50*b.keys, "≥ 30,000", "bounded")
	if err != nil {
		return nil, err
	}
	server := os.Getenv(databaseVariable)
	if server == "" {
		return append(all, row{"the same on PostgreSQL", "not measured: no " + databaseVariable + " (scripts/postgres run make bench)", "≥ 30,000"}), nil
	}
	database, drop, err := freshDatabase(ctx, server)
	if err != nil {
		return nil, err
	}
	defer drop()
	b.database = database
	rows, err := b.recrawl(ctx, "docs.ndjson", 50*b.keys, "≥ 30,000", "bounded")
	return append(all, rows...), err
}

// recrawl fills a tenant with a few documents, writes the inventory as if all of them had been sent, and measures crawls of all.
func (b bench) recrawl(ctx context.Context, name string, n int, speed, memory string) ([]row, error) {
	dir, err := b.folder("recrawl")
	if err != nil {
		return nil, err
	}
	f, err := b.simulate(ctx, dir, graphScenario("{ profile: quick, schemaTime: 0s }"))
	if err != nil {
		return nil, err
	}
	defer f.stop()
	table, data := filepath.Join(dir, name), filepath.Join(dir, "data")
	file, err := f.fillFlow(dir, table)
	if err != nil {
		return nil, err
	}
	more, kind := []string(nil), "SQLite"
	if b.database != "" {
		more, kind = []string{"--database", b.database, "--master-key", "file://" + filepath.Join(dir, "master.key")}, "PostgreSQL"
		if said, err := b.command(ctx, append([]string{"init", "--data", data}, more...)...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("headrace init: %w\n%s", err, said)
		}
	}
	if err := writeRows(table, seeded); err != nil {
		return nil, err
	}
	if _, err := b.collected(ctx, file, data, more...); err != nil {
		return nil, err
	}
	if err := b.seed(ctx, data, seeded, n); err != nil {
		return nil, fmt.Errorf("write the inventory: %w", err)
	}
	if err := writeRows(table, n); err != nil {
		return nil, err
	}
	// The table is a new version: each document is read, mapped and compared.
	profiled := b
	if profiled.profile, err = os.MkdirTemp(cmp.Or(b.profile, dir), "recrawl-*"); err != nil {
		return nil, err
	}
	whole, err := profiled.collected(ctx, file, data, more...)
	if err != nil {
		return nil, err
	}
	shares, err := stages(profiled.profile)
	if err != nil {
		return nil, err
	}
	again, err := b.collected(ctx, file, data, more...) // nothing at all changed: no document is read
	if err != nil {
		return nil, err
	}
	c, _, _, err := f.graph(ctx)
	if err != nil {
		return nil, err
	}
	extra := c.writes() - seeded
	if c.Items != seeded || extra != 0 {
		return nil, fmt.Errorf("a crawl in which nothing changed wrote %d times, and %d items are there", extra, c.Items)
	}
	title := fmt.Sprintf("%d unchanged documents of a changed %s, %s", n, strings.ToUpper(filepath.Ext(name)[1:]), kind)
	return []row{
		{title, fmt.Sprintf("%.0f documents/s (%s), %.1f s of CPU", float64(n)/whole.wall.Seconds(), whole.wall.Round(10*time.Millisecond), whole.cpu.Seconds()), speed + " documents/s"},
		{"… writes to Graph", fmt.Sprint(extra), "0"},
		{"… peak memory", mib(whole.peak), memory},
		{"… share of each stage of the CPU", shares, "shown"},
		{"… the file itself unchanged", fmt.Sprintf("%s, %s", again.wall.Round(10*time.Millisecond), mib(again.peak)), "shown"},
	}, nil
}

// seed writes inventory rows for the documents from to to (exclusive), as the engine would after sending them: prepared by
// the destination's own code.
func (b bench) seed(ctx context.Context, data string, from, to int) error {
	prepare, err := preparer()
	if err != nil {
		return err
	}
	insert, done, err := b.inserter(ctx, data)
	if err != nil {
		return err
	}
	defer done()
	var batch [][]any
	for i := from; i < to; i++ {
		id, title, text := document(i)
		items, err := prepare(connector.Record{Key: id, Body: fmt.Appendf(nil, `{"id":%q,"title":%q,"text":%q}`, id, title, text)})
		if err != nil {
			return err
		}
		p := items[0]
		batch = append(batch, []any{store.KeyHash(p.Key), p.Key, store.KeyHash(id), bytes.Clone(p.Content[:]), bytes.Clone(p.ACL[:])})
		if len(batch) == 20_000 || i == to-1 {
			if err := insert(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
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
func (b bench) inserter(ctx context.Context, data string) (func([][]any) error, func(), error) {
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
		return func(rows [][]any) error {
			_, err := conn.CopyFrom(ctx, pgx.Identifier{"inventory"}, columns, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
				r := rows[i]
				return []any{destination, r[0], r[1], r[2], split, state, r[3], r[4], crawl, ""}, nil
			}))
			return err
		}, done, nil
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "headrace.db"))
	if err != nil {
		return nil, nil, err
	}
	done := func() { _ = db.Close() }
	if err := db.QueryRowContext(ctx, seedLike).Scan(&destination, &split, &state, &crawl); err != nil {
		done()
		return nil, nil, err
	}
	return func(rows [][]any) error {
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
			if _, err := statement.ExecContext(ctx, destination, r[0], r[1], r[2], split, state, r[3], r[4], crawl, ""); err != nil {
				return err
			}
		}
		return tx.Commit()
	}, done, nil
}
