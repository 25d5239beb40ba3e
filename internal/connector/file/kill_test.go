package file_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/connector/file"
)

// committed is what an engine remembers.
type committed struct {
	After connector.Receipt `json:"after"`
	Next  int               `json:"next"`
}

func (c committed) save(dir string) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "state.new"), text, 0o600); err != nil {
		return err
	}
	return os.Rename(filepath.Join(dir, "state.new"), filepath.Join(dir, "state"))
}

func load(dir string) (c committed, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "state"))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	return c, errors.Join(err, json.Unmarshal(text, &c))
}

func killConfig(dir, compression string) *file.Config {
	c := file.Default()
	c.Path, c.Name, c.Compression, c.RotateSize = filepath.Join(dir, "out"), "{stream}/x.ndjson", file.Compression(compression), 1<<16
	return c
}

// killed are the records of the test: each goes to one of three streams.
func killed(from, to int) []connector.Record {
	records := connectortest.Records(from, to)
	for i := range records {
		records[i].Stream = fmt.Sprint("s", (from+i)%3)
	}
	return records
}

// killedWriter writes and commits until somebody kills it.
func killedWriter() error {
	dir := os.Getenv("FILE_TEST_DIR")
	state, err := load(dir)
	if err != nil {
		return err
	}
	var t testing.T
	dst, err := file.Spec().Destination.Open(killConfig(dir, os.Getenv("FILE_TEST_COMPRESSION")), connectortest.Env(&t))
	if err != nil {
		return err
	}
	if _, err := dst.Write(context.Background(), connector.Batch{After: state.After}); err != nil {
		return err
	}
	fmt.Println("begins")
	for {
		n := 1 + rand.IntN(300)
		res, err := dst.Write(context.Background(), connector.Batch{After: state.After, Records: killed(state.Next, state.Next+n)})
		if err != nil {
			return err
		}
		state = committed{res.Receipt, state.Next + n}
		if err := state.save(dir); err != nil {
			return err
		}
	}
}

func TestKilledAtAnyInstant(t *testing.T) {
	t.Parallel()
	for _, compression := range []string{"none", "none", "none", "none", "gzip", "zstd"} {
		t.Run(compression, func(t *testing.T) {
			t.Parallel()
			// On a busy machine many kills come before the first commit, or between two writes: it goes on until there was
			// one, and one has torn a write.
			dir, undone, stored := t.TempDir(), 0, 0
			for kills := 0; kills < 18 || (undone == 0 || stored == 0) && kills < 1000; kills++ {
				kill(t, dir, compression)
				undone += verifyKilled(t, dir, compression)
				state, err := load(dir)
				if err != nil {
					t.Fatal(err)
				}
				stored = state.Next
			}
			if stored == 0 || undone == 0 {
				t.Errorf("%d records were committed and %d writes undone: the kills hit nothing", stored, undone)
			}
		})
	}
}

// kill starts a writer and kills it a little later.
func kill(t *testing.T, dir, compression string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FILE_TEST_HELPER=kill", "FILE_TEST_DIR="+dir, "FILE_TEST_COMPRESSION="+compression)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = out.Read(make([]byte, 10))
	<-time.After(time.Duration(rand.IntN(25_000)) * time.Microsecond)
	_ = cmd.Process.Kill()
	if err := cmd.Wait(); cmd.ProcessState.Exited() {
		t.Fatalf("the writer ended by itself: %v, %s", err, said.String())
	}
}

// verifyKilled recovers and compares the files, series by series in the order of rotation, with what was committed. It
// tells how many writes had to be undone.
func verifyKilled(t *testing.T, dir, compression string) int {
	t.Helper()
	state, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	cfg := killConfig(dir, compression)
	before := sizes(cfg.Path)
	dst := open(t, cfg)
	if _, err := dst.Write(context.Background(), connector.Batch{After: state.After}); err != nil {
		t.Fatalf("recover: %v", err)
	}
	_ = dst.Close()
	want, got, files := map[string]*strings.Builder{}, map[string]string{}, tree(t, cfg.Path)
	for _, r := range killed(0, state.Next) {
		if want[r.Stream] == nil {
			want[r.Stream] = &strings.Builder{}
		}
		want[r.Stream].Write(append(r.Body, '\n'))
	}
	for s := range 3 {
		for n := 0; ; n++ {
			name := strings.Replace(fmt.Sprintf("s%d/x.%d.ndjson", s, n), ".0.", ".", 1)
			text, ok := files[name+map[string]string{"gzip": ".gz", "zstd": ".zst"}[compression]]
			if !ok {
				break
			}
			got[fmt.Sprint("s", s)] += text
		}
	}
	for s, b := range want {
		if text := b.String(); got[s] != text {
			t.Fatalf("after %d records: %s holds %d bytes, want %d; they part at %d", state.Next, s, len(got[s]), len(text), part(got[s], text))
		}
	}
	if !slices.Equal(before, sizes(cfg.Path)) {
		return 1
	}
	return 0
}

// part is where two texts part.
func part(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// sizes are names and sizes of all files.
func sizes(dir string) []string {
	var out []string
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil && !strings.Contains(path, ".headrace") {
			out = append(out, fmt.Sprint(path, info.Size()))
		}
		return err
	})
	return out
}
