package file_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/connector/file"
	"github.com/headrace/headrace/internal/fault"
)

// A history is a folder with three committed writes of ten records, and the receipts before and after them.
func history(t *testing.T, dir string) (receipts []connector.Receipt) {
	t.Helper()
	dst := open(t, config(dir))
	receipts = append(receipts, write(t, dst, nil))
	for i := range 3 {
		receipts = append(receipts, write(t, dst, receipts[i], connectortest.Records(i*10, i*10+10)...))
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
	return receipts
}

// copyTree copies a folder with everything in it.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
}

// Where files and receipts are not from the same history nothing may be touched, and the way out that the hint names
// must work.
func TestDoubtTouchesNothing(t *testing.T) {
	t.Parallel()
	all := lines(connectortest.Records(0, 30)...)
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string, r []connector.Receipt) connector.Receipt // gives the receipt to go on with
		code  string
		held  string
	}{
		"the receipts are from a backup": {func(_ *testing.T, _ string, r []connector.Receipt) connector.Receipt { return r[1] }, "receipt_mismatch", all},
		"the files are from a backup": {func(t *testing.T, dir string, r []connector.Receipt) connector.Receipt {
			backup := t.TempDir()
			copyTree(t, dir, backup)
			dst := open(t, config(dir))
			last := write(t, dst, r[3], connectortest.Records(90, 91)...)
			last = write(t, dst, last, connectortest.Records(91, 92)...)
			_ = dst.Close()
			copyTree(t, backup, dir)
			return last
		}, "receipt_mismatch", all},
		"the files are of another history": {func(t *testing.T, dir string, r []connector.Receipt) connector.Receipt {
			other := history(t, t.TempDir())
			return connector.Receipt(strings.Replace(string(other[3]), pathOf(other[3]), dir, 1))
		}, "receipt_mismatch", all},
		"the journal is damaged": {func(t *testing.T, dir string, r []connector.Receipt) connector.Receipt {
			for _, n := range []string{"0", "1"} {
				if err := os.WriteFile(filepath.Join(dir, ".headrace", "test-flow.journal."+n), []byte("zzzz"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return r[3]
		}, "journal_damaged", all},
		"the disk is not mounted": {func(t *testing.T, dir string, r []connector.Receipt) connector.Receipt {
			remove(t, filepath.Join(dir, ".headrace"), filepath.Join(dir, "out.ndjson"))
			return r[3]
		}, "folder_forgotten", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			after := c.spoil(t, dir, history(t, dir))
			dst := open(t, config(dir))
			for range 2 {
				_, err := dst.Write(context.Background(), connector.Batch{After: after, Records: connectortest.Records(50, 51)})
				refused(t, err, fault.Denied, c.code, dir)
			}
			if got := tree(t, dir)["out.ndjson"]; got != c.held {
				t.Fatalf("in doubt the file was changed to %d bytes, want %d", len(got), len(c.held))
			}
			_ = dst.Close()
			if c.code == "folder_forgotten" { // what the hints say
				_ = os.Mkdir(filepath.Join(dir, ".headrace"), 0o700)
			} else {
				remove(t, filepath.Join(dir, ".headrace", "test-flow.journal.0"), filepath.Join(dir, ".headrace", "test-flow.journal.1"))
			}
			write(t, open(t, config(dir)), after, connectortest.Records(50, 51)...)
			if got, want := tree(t, dir)["out.ndjson"], c.held+lines(connectortest.Records(50, 51)...); got != want {
				t.Errorf("after the way out the file holds %d bytes, want %d", len(got), len(want))
			}
		})
	}
}

func pathOf(r connector.Receipt) string {
	_, rest, _ := strings.Cut(string(r), `"path":"`)
	path, _, _ := strings.Cut(rest, `"`)
	return path
}

func TestFolderVanishesWhileOpen(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out")
	dst := open(t, config(dir))
	after := write(t, dst, nil, connectortest.Records(0, 1)...)
	remove(t, dir)
	_, err := dst.Write(context.Background(), connector.Batch{After: after, Records: connectortest.Records(1, 2)})
	refused(t, err, fault.Denied, "folder_forgotten", dir)
	if err := os.MkdirAll(filepath.Join(dir, ".headrace"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dst, after, connectortest.Records(1, 2)...)
	if got := tree(t, dir)["out.ndjson"]; got != lines(connectortest.Records(1, 2)...) {
		t.Errorf("the file holds %q", got)
	}
}

func TestFilesOfAnEarlierLifeAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	history(t, dir)
	dst := open(t, config(dir)) // the data folder was deleted: no receipt
	begin := write(t, dst, nil)
	after := write(t, dst, begin, connectortest.Records(30, 35)...)
	write(t, dst, after, connectortest.Records(80, 90)...) // never committed
	write(t, dst, after, connectortest.Records(35, 40)...)
	if got := tree(t, dir)["out.ndjson"]; got != lines(connectortest.Records(0, 40)...) {
		t.Errorf("the file holds %d bytes, want all 40 records once", len(got))
	}
}

func TestAnotherPath(t *testing.T) {
	t.Parallel()
	dir, moved, fresh := t.TempDir(), filepath.Join(t.TempDir(), "moved"), filepath.Join(t.TempDir(), "fresh")
	r := history(t, dir)
	dst := open(t, config(fresh))
	after := write(t, dst, r[3], connectortest.Records(30, 31)...)
	write(t, dst, after, connectortest.Records(31, 32)...) // never committed
	write(t, dst, after, connectortest.Records(31, 33)...)
	if got := tree(t, fresh)["out.ndjson"]; got != lines(connectortest.Records(30, 33)...) {
		t.Errorf("the new folder holds %q", got)
	}
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	write(t, open(t, config(moved)), r[2]) // moved with its journal: the third write is still known, and undone
	if got := tree(t, moved)["out.ndjson"]; got != lines(connectortest.Records(0, 20)...) {
		t.Errorf("the moved folder holds %d bytes, want the first 20 records", len(got))
	}
}

func TestTornFileWithoutAJournalIsLeftAlone(t *testing.T) {
	t.Parallel()
	for c, ext := range map[file.Compression]string{file.None: "", file.Gzip: ".gz", file.Zstd: ".zst"} {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cfg := config(dir)
			cfg.Compression = c
			dst := open(t, cfg)
			write(t, dst, nil, connectortest.Records(0, 50)...)
			_ = dst.Close()
			name := filepath.Join(dir, "out.ndjson"+ext)
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(name, info.Size()-3); err != nil {
				t.Fatal(err)
			}
			remove(t, filepath.Join(dir, ".headrace"))
			write(t, open(t, cfg), nil, connectortest.Records(50, 60)...)
			if got := unpack(t, filepath.Join(dir, "out.1.ndjson"+ext)); got != lines(connectortest.Records(50, 60)...) {
				t.Errorf("the next file holds %q", got)
			}
		})
	}
}
