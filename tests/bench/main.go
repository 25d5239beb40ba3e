// Command bench measures headrace against a simulated tenant in a process of its own, and prints a table. It judges
// nothing: timings never decide whether a test passes. Each case is the real binary on a real disk.
//
//	make bench                       all cases
//	make bench ARGS="-only clean"    those whose name contains a word
//	scripts/postgres run make bench  with those that need PostgreSQL
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// bench is what the cases share.
type bench struct {
	binary string
	dir    string // a folder of its own for each case is made in it
	events int
	keys   int // documents of the smallest crawl; the larger ones have 10 and 50 times as many
	rows   int // of the large CSV

	database string // URL of a PostgreSQL database in place of the data folder's; "": none
	profile  string // where the profiles go; "": none
}

// row is one line of the table.
type row struct{ name, result, aim string }

// measure runs one case.
type measure struct {
	name string
	run  func(ctx context.Context, b bench) ([]row, error)
}

func main() {
	only := flag.String("only", "", "cases whose name contains this")
	events := flag.Int("events", 50_000, "records in the standard feed")
	keys := flag.Int("keys", 100_000, "documents of the smallest crawl in which nothing changed; the larger ones have 10 and 50 times as many")
	rows := flag.Int("rows", 5_000_000, "rows of the large CSV")
	profile := flag.String("profile", "", "an existing folder into which each headrace that is measured writes its profiles, for go tool pprof")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *only, bench{events: *events, keys: *keys, rows: *rows, profile: *profile}); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, b bench) error {
	dir, err := os.MkdirTemp("", "headrace-bench-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b.binary, b.dir = os.Getenv("HEADRACE_BINARY"), dir
	if b.binary == "" {
		return fmt.Errorf("HEADRACE_BINARY names no binary; `make bench` builds one and sets it")
	}
	if !slices.ContainsFunc(cases(), func(m measure) bool { return strings.Contains(m.name, only) }) {
		return fmt.Errorf("no case has %q in its name", only)
	}
	fmt.Printf("| case | measured | aim |\n|---|---|---|\n")
	for _, m := range cases() {
		if !strings.Contains(m.name, only) {
			continue
		}
		began := time.Now()
		rows, err := m.run(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		for _, r := range rows {
			fmt.Printf("| %s | %s | %s |\n", r.name, r.result, r.aim)
		}
		fmt.Fprintf(os.Stderr, "(%s took %s)\n", m.name, time.Since(began).Round(time.Second))
	}
	return ctx.Err()
}
