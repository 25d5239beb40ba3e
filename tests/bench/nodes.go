package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// databaseVariable names the environment variable with the URL of a PostgreSQL server; `scripts/postgres run` sets it.
const databaseVariable = "HEADRACE_TEST_DATABASE"

// nodes collects eight tenants with one process and with two on one PostgreSQL.
func nodes(ctx context.Context, b bench) ([]row, error) {
	const name = "eight tenants, PostgreSQL: one process and two"
	server := os.Getenv(databaseVariable)
	if server == "" {
		return []row{{name, "not measured: no " + databaseVariable + " (scripts/postgres run make bench)", "shown"}}, nil
	}
	var said []string
	for n := 1; n <= 2; n++ {
		u, events, err := b.cluster(ctx, server, n)
		if err != nil {
			return nil, err
		}
		said = append(said, fmt.Sprintf("%d: %.0f events/s, %.1f s of CPU for a million", n, float64(events)/u.wall.Seconds(), u.cpu.Seconds()/float64(events)*1e6))
	}
	return []row{{name, strings.Join(said, "; "), "shown"}}, nil
}

// cluster collects a feed with so many processes and measures them together.
func (b bench) cluster(ctx context.Context, server string, processes int) (u usage, events int, err error) {
	const tenants = 8
	play := replace(scenario(b.events/tenants*2, ""), "name: contoso", fmt.Sprintf("name: contoso\n    count: %d", tenants))
	f, dir, file, err := b.standard(ctx, "nodes", play, unhurried)
	if err != nil {
		return u, 0, err
	}
	defer f.stop()
	database, drop, err := freshDatabase(ctx, server)
	if err != nil {
		return u, 0, err
	}
	defer drop()
	shared := []string{"--database", database, "--master-key", "file://" + filepath.Join(dir, "master.key")}
	for _, args := range [][]string{{"init"}, {"apply", "-f", file, "--yes"}} {
		cmd := b.command(ctx, append(append(args, "--data", filepath.Join(dir, "init")), shared...)...)
		if said, err := cmd.CombinedOutput(); err != nil {
			return u, 0, fmt.Errorf("headrace %s: %w\n%s", args[0], err, said)
		}
	}
	began := time.Now()
	running := make([]*exec.Cmd, processes)
	for i := range running {
		running[i] = b.command(ctx, append([]string{"serve", "--data", filepath.Join(dir, fmt.Sprint("node", i))}, shared...)...)
		running[i].Stdout, running[i].Stderr = new(bytes.Buffer), new(bytes.Buffer)
		if err := running[i].Start(); err != nil {
			return u, 0, err
		}
		defer func() { _ = running[i].Process.Kill() }()
	}
	want := b.events / tenants * 2 * tenants
	last, err := complete(ctx, filepath.Join(dir, "out"), want)
	if err != nil {
		return u, 0, err
	}
	for _, cmd := range running {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			return u, 0, fmt.Errorf("headrace serve: %w\n%s", err, cmd.Stderr)
		}
		one := used(cmd, 0)
		u.cpu, u.peak = u.cpu+one.cpu, max(u.peak, one.peak)
	}
	u.wall = last.Sub(began)
	events, err = lines(filepath.Join(dir, "out"))
	if err == nil && events != want {
		err = fmt.Errorf("%d processes delivered %d of %d events", processes, events, want)
	}
	return u, events, err
}

// complete waits until a folder has so many lines, and gives the moment when it grew last. Lines are only counted while
// it does not grow, so that counting takes nothing from who is measured.
func complete(ctx context.Context, dir string, want int) (time.Time, error) {
	last, size, counted, began := time.Time{}, int64(0), false, time.Now()
	for {
		if err := wait(ctx, 50*time.Millisecond); err != nil {
			return last, err
		}
		now, err := folderSize(dir)
		switch {
		case err != nil:
			return last, err
		case now > size:
			last, size, counted = time.Now(), now, false
		case !counted && time.Since(last) > time.Second:
			n, err := lines(dir)
			if err != nil || n >= want {
				return last, err
			}
			counted = true
		case time.Since(began) > 5*time.Minute:
			return last, fmt.Errorf("not all of %d events were delivered within 5 minutes", want)
		}
	}
}

// freshDatabase makes a database of its own on the server, and gives its URL and what drops it.
func freshDatabase(ctx context.Context, server string) (string, func(), error) {
	name := "headrace_bench_" + strings.ToLower(rand.Text()[:10])
	run := func(ctx context.Context, statement string) error {
		conn, err := pgx.Connect(ctx, server)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(ctx) }()
		_, err = conn.Exec(ctx, statement)
		return err
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", nil, err
	}
	if err := run(ctx, `CREATE DATABASE `+name); err != nil {
		return "", nil, fmt.Errorf("make a database: %w", err)
	}
	u.Path = "/" + name
	return u.String(), func() { _ = run(context.WithoutCancel(ctx), `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`) }, nil
}

// command is headrace with arguments, in its environment.
func (b bench) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.binary, args...)
	cmd.Env = b.environment()
	return cmd
}
