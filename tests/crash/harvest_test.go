package crash

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/m365sim"
	"github.com/klauspost/compress/zstd"
)

// harvest is the records in the files below a folder. A line without its end is a failure: the files are at rest.
func harvest(t *testing.T, dir string) (records [][]byte, files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.Name() == ".headrace" {
				return fs.SkipDir
			}
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".zst") {
			text = unpack(t, path, text)
		}
		files++
		if len(text) > 0 && text[len(text)-1] != '\n' {
			t.Errorf("%s does not end with the end of a record: …%q", path, text[max(0, len(text)-60):])
		}
		for line := range bytes.Lines(text) {
			records = append(records, bytes.TrimSuffix(line, []byte("\n")))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return records, files
}

func unpack(t *testing.T, path string, packed []byte) []byte {
	t.Helper()
	r, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := r.DecodeAll(packed, nil)
	if err != nil {
		t.Fatalf("%s can't be unpacked: %v", path, err)
	}
	return text
}

// bytesIn is the size of all files below a folder; 0 if it is not there yet.
func bytesIn(dir string) int64 {
	var n int64
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

// compare holds the files against the simulator's ledger: every record that was there until then, exactly once, byte
// for byte.
func compare(t *testing.T, sim *tenant, dir string, until time.Time) {
	t.Helper()
	compareTenant(t, sim, "", dir, until)
}

// compareRecords holds what was delivered against what a tenant offered until a time.
func compareRecords(t *testing.T, ledger *m365sim.Ledger, records [][]byte, until time.Time) m365sim.Difference {
	t.Helper()
	difference, err := ledger.CompareRecords(slices.Values(records), m365sim.Comparison{Until: until})
	if err != nil {
		t.Fatal(err)
	}
	return difference
}

// compareTenant is compare for one of several tenants.
func compareTenant(t *testing.T, sim *tenant, name, dir string, until time.Time) {
	t.Helper()
	ledger, err := sim.sim.Ledger(name)
	if err != nil {
		t.Fatal(err)
	}
	records, files := harvest(t, dir)
	difference := compareRecords(t, ledger, records, until)
	if !difference.Perfect() || difference.Due == 0 {
		t.Errorf("the files differ from what the tenant offered: %s", difference)
		for _, b := range ledger.Blobs() {
			if b.Fetched == 0 && b.Settled.Before(until) {
				t.Logf("never read whole: %s of %s, %d records, created %s, available %s later, listed %d times", b.ContentID, b.ContentType, b.Records,
					b.Created.Format("15:04:05.000"), b.Available.Sub(b.Created), b.Listed)
			}
		}
	}
	t.Logf("%d records due, %d in %d files", difference.Due, len(records), files)
}
