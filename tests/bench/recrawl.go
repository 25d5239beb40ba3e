package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
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
