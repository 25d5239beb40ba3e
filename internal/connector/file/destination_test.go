package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
)

// hooked opens a destination whose changes go through a hook.
func hooked(t testing.TB, dir string, hook func(op, path string, do func() error) error) *destination {
	t.Helper()
	cfg := Default()
	cfg.Path, cfg.Name = dir, "{stream}.ndjson"
	dst, err := open(cfg, connectortest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dst.Close() })
	d := dst.(*destination)
	d.targets.disk.hook = hook
	return d
}

func mustWrite(t testing.TB, d connector.Destination, after connector.Receipt, records ...connector.Record) connector.Receipt {
	t.Helper()
	res, err := d.Write(context.Background(), connector.Batch{After: after, Records: records})
	if err != nil {
		t.Fatalf("write: %v (%s)", err, fault.HintOf(err))
	}
	return res.Receipt
}

func mustHold(t *testing.T, dir string, records ...connector.Record) {
	t.Helper()
	got, want := readLines(t, dir), connectortest.Bodies(records)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("the folder holds %d records, want %d", len(got), len(want))
	}
}

// Each change may fail once, with each error; the write is taken back and works when it comes again.
func TestEveryChangeMayFail(t *testing.T) {
	t.Parallel()
	for _, errno := range []error{syscall.EIO, errors.New("something new")} {
		for fail := 0; ; fail++ {
			var count atomic.Int64
			dir := t.TempDir()
			d := hooked(t, dir, func(_, _ string, do func() error) error {
				if count.Add(1) == int64(fail+1) {
					return errno
				}
				return do()
			})
			var after connector.Receipt
			failed := 0
			for i := 0; i < 4; {
				batch := connectortest.Records(i*10, i*10+10)
				batch[3].Stream, batch[4].Stream = "other", fmt.Sprint("new", i)
				res, err := d.Write(context.Background(), connector.Batch{After: after, Records: batch})
				if err == nil {
					after, i = res.Receipt, i+1
					continue
				}
				if e, ok := fault.As(err); !ok || !errors.Is(err, errno) || e.Hint == "" || e.Code == "" {
					t.Fatalf("failure %d: %v (%+v), want a hint, a code and %v", fail, err, e, errno)
				}
				if failed++; failed > 1 {
					t.Fatalf("failure %d comes again: %v", fail, err)
				}
				mustHold(t, dir, connectortest.Records(0, i*10)...)
			}
			mustHold(t, dir, connectortest.Records(0, 40)...)
			if failed == 0 {
				break
			}
		}
	}
}

// A file that somebody else makes in the moment before we do is not ours to remove.
func TestForeignFileIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	foreign := filepath.Join(dir, "Audit.Test.ndjson")
	d := hooked(t, dir, func(op, path string, do func() error) error {
		if op == "create" && path == foreign {
			if err := os.WriteFile(foreign, []byte("{}\n"), 0o600); err != nil {
				return err
			}
		}
		return do()
	})
	after := mustWrite(t, d, nil)
	_, err := d.Write(context.Background(), connector.Batch{After: after, Records: connectortest.Records(0, 5)})
	if e, ok := fault.As(err); !ok || e.Class != fault.Unavailable || e.Code != "file_changed" {
		t.Fatalf("error is %v, want file_changed", err)
	}
	if err := d.Close(); err != nil { // also the journal on disk must not speak of it
		t.Fatal(err)
	}
	mustWrite(t, hooked(t, dir, nil), after)
	if text, err := os.ReadFile(foreign); string(text) != "{}\n" {
		t.Errorf("the foreign file holds %q, %v", text, err)
	}
}

func TestManyFilesInOneBatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	spread := func(from, to int) []connector.Record {
		records := connectortest.Records(from, to)
		for i := range records {
			records[i].Stream = fmt.Sprint("s", i%300)
		}
		return records
	}
	d := hooked(t, dir, nil)
	var after connector.Receipt
	for i := range 4 {
		if i == 2 {
			_ = d.Close()
			d = hooked(t, dir, nil)
		}
		after = mustWrite(t, d, after, spread(i*600, i*600+600)...)
		if n := len(d.targets.open); n > maxOpen {
			t.Errorf("%d files are open, more than %d", n, maxOpen)
		}
	}
	mustWrite(t, d, after, spread(9000, 9600)...) // never committed
	mustWrite(t, d, after)
	mustHold(t, dir, spread(0, 2400)...)
	if entries, _ := os.ReadDir(dir); len(entries) != 301 {
		t.Errorf("%d names, want 300 files and one folder", len(entries))
	}
}

// Two series can meet in one name: {stream} "x" rotated once, and "x.1".
func TestSeriesThatMeet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := hooked(t, dir, nil)
	d.targets.cfg.RotateSize = 60
	var after connector.Receipt
	for i := range 10 {
		records := connectortest.Records(i*4, i*4+4)
		for j := range records {
			records[j].Stream = "x"
			if i > 0 && j%2 == 1 {
				records[j].Stream = "x.1"
			}
		}
		after = mustWrite(t, d, after, records...)
	}
	mustHold(t, dir, connectortest.Records(0, 40)...)
}

func TestFilesAreClosedWhenIdleAndModesAreExact(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out")
	d := hooked(t, dir, nil)
	now := connectortest.Start
	d.now = func() time.Time { return now }
	d.cfg.DirMode, d.targets.cfg.FileMode = 0o755, 0o644
	after := mustWrite(t, d, nil, connectortest.Records(0, 1)...)
	now = now.Add(2 * maxIdle)
	other := connectortest.Records(1, 2)
	other[0].Stream = "other"
	mustWrite(t, d, after, other...)
	if len(d.targets.open) != 1 {
		t.Errorf("%d files are open, want only the last", len(d.targets.open))
	}
	for path, want := range map[string]os.FileMode{dir: 0o755 | os.ModeDir, filepath.Join(dir, "other.ndjson"): 0o644, filepath.Join(dir, stateDir): 0o700 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}

func TestConfigReportsAllProblems(t *testing.T) {
	t.Parallel()
	bad := &Config{Path: "~/x", Name: "{nope}", Compression: None, RotateSize: 5, MaxRecord: 0, FileMode: 0o111, DirMode: 0}
	var fields []string
	for _, p := range bad.Validate() {
		fields = append(fields, p.Field)
	}
	if want := []string{"path", "name", "rotateSize", "maxRecord", "fileMode", "dirMode"}; !slices.Equal(fields, want) {
		t.Errorf("problems with %v, want %v", fields, want)
	}
	for _, path := range []string{"", "  ", "s3://bucket", "a\x00b"} {
		c := Default()
		if c.Path = path; len(c.Validate()) != 1 {
			t.Errorf("path %q: %v, want one problem", path, c.Validate())
		}
	}
	c := Default()
	if c.Path = "/x"; c.Validate().Err() != nil {
		t.Errorf("the defaults are invalid: %v", c.Validate())
	}
	if c.Compression = "brotli"; !strings.Contains(c.Validate().Error(), "none, gzip or zstd") {
		t.Errorf("compression brotli: %v", c.Validate())
	}
	var m Mode
	for text, want := range map[string]Mode{"640": 0o640, "0640": 0o640, "0o640": 0o640} {
		if err := m.UnmarshalText([]byte(text)); err != nil || m != want {
			t.Errorf("mode %q = %v, %v", text, m, err)
		}
	}
	for _, text := range []string{"", "rw", "888", "01777"} {
		if err := m.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("mode %q = %v, want an error", text, m)
		}
	}
}

func TestExclusive(t *testing.T) {
	t.Parallel()
	a, b := Default(), Default()
	a.Path, b.Path = "/x/y", "/x/z/../y/"
	if exclusive(a, "one") != exclusive(b, "two") {
		t.Error("two flows with one path and name may not share it")
	}
	a.Name, b.Name = "{flow}.ndjson", "{flow}.ndjson"
	if exclusive(a, "one") == exclusive(b, "two") || exclusive(a, "one") != exclusive(b, "one") {
		t.Error("{flow} keeps two flows apart")
	}
}

func TestThereIsOneLane(t *testing.T) {
	t.Parallel()
	_, err := hooked(t, t.TempDir(), nil).Write(context.Background(), connector.Batch{Lane: 1})
	if fault.ClassOf(err) != fault.Internal || err == nil {
		t.Errorf("lane 1: %v, want an internal error", err)
	}
}

func BenchmarkWrite(b *testing.B) {
	body := `{"Id":"` + strings.Repeat("0123456789", 139) + `"}`
	for _, c := range []Compression{None, Gzip, Zstd} {
		b.Run(string(c), func(b *testing.B) {
			d := hooked(b, b.TempDir(), nil)
			d.cfg.Compression, d.targets.cfg.Compression = c, c
			d.packer, _ = newPacker(c)
			records := connectortest.Records(0, 2800) // about 4 MB
			for i := range records {
				records[i].Body = []byte(body)
			}
			var after connector.Receipt
			b.SetBytes(int64(len(records) * len(body)))
			for b.Loop() {
				after = mustWrite(b, d, after, records...)
			}
			b.ReportMetric(float64(b.N*len(records))/b.Elapsed().Seconds(), "events/s")
		})
	}
}
