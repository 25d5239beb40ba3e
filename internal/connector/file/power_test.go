package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
)

var errCut = errors.New("the power is cut")

// A powerDisk knows what of a folder is durable. From its cut on nothing happens any more.
type powerDisk struct {
	root string
	cut  int // so many changes happen; -1: all

	mu      sync.Mutex
	count   int
	content map[string][]byte // as of the last sync of each file
	named   map[string]bool   // names that are durable, of files and folders
}

func newPowerDisk(root string, cut int) *powerDisk {
	p := &powerDisk{root: root, cut: cut, content: map[string][]byte{}, named: map[string]bool{}}
	_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		p.named[path] = true
		if err == nil && !e.IsDir() {
			p.content[path], err = os.ReadFile(path)
		}
		return err
	})
	return p
}

func (p *powerDisk) hook(op, path string, do func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut >= 0 && p.count >= p.cut {
		return errCut
	}
	p.count++
	switch op {
	case "sync":
		text, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		p.content[path] = text
	case "syncdir":
		p.syncDir(path)
	default:
		return do()
	}
	return nil
}

func (p *powerDisk) syncDir(dir string) {
	entries, _ := os.ReadDir(dir)
	live := map[string]bool{}
	for _, e := range entries {
		live[filepath.Join(dir, e.Name())] = true
	}
	for path := range live {
		p.named[path] = true
	}
	for path := range maps.Clone(p.named) {
		if filepath.Dir(path) == dir && !live[path] {
			delete(p.named, path)
			delete(p.content, path)
		}
	}
}

// leave copies into dir what the cut leaves: of all that was not synced, anything may be there, or not, or in part.
func (p *powerDisk) leave(t *testing.T, dir string, rng *rand.Rand) {
	t.Helper()
	live := newPowerDisk(p.root, -1) // reads it
	gone := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(live.named)) { // parents first
		gone[path] = path != p.root && (gone[filepath.Dir(path)] || !p.named[path] && rng.IntN(2) == 0)
	}
	for _, path := range slices.Sorted(maps.Keys(union(p.content, live.content))) {
		durable, synced := p.content[path]
		now, there := live.content[path]
		if gone[path] || !there && rng.IntN(2) == 0 {
			continue
		}
		if !there {
			now = durable
		}
		if !synced {
			durable = nil
		}
		rel, _ := filepath.Rel(p.root, path)
		put(t, filepath.Join(dir, rel), mix(durable, now, rng))
	}
	for path := range live.named {
		if rel, _ := filepath.Rel(p.root, path); !gone[path] && live.content[path] == nil {
			_ = os.MkdirAll(filepath.Join(dir, rel), 0o750)
		}
	}
}

func union(a, b map[string][]byte) map[string][]byte {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

func put(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, text, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// mix makes what a disk may hold of a file whose last change was not synced: the old, the new, or the new up to
// somewhere and then the old, or nothing but zeros where the size came first.
func mix(durable, now []byte, rng *rand.Rand) []byte {
	switch rng.IntN(4) {
	case 0:
		return durable
	case 1:
		return now
	}
	at := 0
	for at < min(len(durable), len(now)) && durable[at] == now[at] {
		at++
	}
	out := bytes.Clone(now)
	if rest := len(now) - at; rest > 0 {
		at += rng.IntN(rest + 1)
	}
	tail := out[min(at, len(out)):]
	clear(tail)
	if at < len(durable) {
		copy(tail, durable[at:])
	}
	if rng.IntN(2) == 0 {
		out = out[:max(at, min(len(durable), len(out)))]
	}
	return out
}

func TestPowerCutAtEveryChange(t *testing.T) {
	t.Parallel()
	for c, stride := range map[Compression]int{None: 1, Gzip: 4, Zstd: 7} {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(2) {
				for cut := 0; powerCut(t, c, cut, seed); cut += stride {
				}
			}
		})
	}
}

// powerCut plays a flow whose power is cut after so many changes, and again while it recovers; then it must go on as if
// nothing had happened. It tells whether the cut came before the end.
func powerCut(t *testing.T, c Compression, cut int, seed uint64) bool {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(cut), seed))
	lane := &lane{t: t, compression: c, dir: t.TempDir()}
	hit := lane.play(cut, 5)
	if seed%2 == 0 { // a second cut soon after, in the middle of recovering
		lane.restart(hit, rng)
		again := lane.play(rng.IntN(12), 1)
		lane.restart(again, rng)
	} else {
		lane.restart(hit, rng)
	}
	lane.play(rng.IntN(40), 2)
	lane.play(-1, 0)
	lane.verify(fmt.Sprintf("cut %d, seed %d: after recovering", cut, seed))
	lane.play(-1, 2)
	lane.verify(fmt.Sprintf("cut %d, seed %d: after going on", cut, seed))
	return hit.count >= cut
}

// A lane is the engine's side: what was committed.
type lane struct {
	t           *testing.T
	compression Compression
	dir         string
	after       connector.Receipt
	batches     []int // sizes of the committed batches
	plays       int
}

// play recovers and writes some batches until the power is cut.
func (l *lane) play(cut, batches int) *powerDisk {
	l.t.Helper()
	power := newPowerDisk(l.dir, cut)
	l.plays++
	cfg := Default()
	cfg.Path, cfg.Name, cfg.Compression = l.dir, "{stream}/{hour}.ndjson", l.compression
	dst, err := open(cfg, connectortest.Env(l.t))
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = dst.Close() }()
	d := dst.(*destination)
	d.path, d.targets.root = l.dir, l.dir
	d.targets.disk.hook, d.targets.cfg.RotateSize = power.hook, 700
	for i := -1; i < batches; i++ {
		n := 0
		if i >= 0 {
			n = 1 + (len(l.batches)*7)%23
		}
		res, err := dst.Write(context.Background(), connector.Batch{After: l.after, Records: l.records(len(l.batches), n)})
		switch {
		case errors.Is(err, errCut):
			return power
		case err != nil:
			l.t.Fatalf("cut %d: write: %v", cut, err)
		case i < 0 && l.after == nil: // an empty write need not be committed
		case i < 0:
			l.after = res.Receipt
		case i == 3 && cut%2 == 1: // a commit that is lost: the same records come again in other batches
			if _, err := dst.Write(context.Background(), connector.Batch{After: l.after}); err != nil {
				if errors.Is(err, errCut) {
					return power
				}
				l.t.Fatal(err)
			}
		default:
			l.after, l.batches = res.Receipt, append(l.batches, n)
		}
	}
	return power
}

// records are the records of the b-th batch. When it comes again it may go to other files.
func (l *lane) records(b, n int) []connector.Record {
	records := connectortest.Records(b*100, b*100+n)
	for i := range records {
		if records[i].Stream = "d"; l.plays%2 == 1 {
			records[i].Stream = []string{"a", "b", fmt.Sprint("c", b)}[i%3]
		}
	}
	return records
}

// restart moves the lane to what the cut leaves.
func (l *lane) restart(power *powerDisk, rng *rand.Rand) {
	l.t.Helper()
	dir := l.t.TempDir()
	power.leave(l.t, dir, rng)
	if l.after != nil { // the receipt knows the folder by its path
		l.after = connector.Receipt(strings.ReplaceAll(string(l.after), l.dir, dir))
	}
	l.dir = dir
}

// verify compares the files with what was committed.
func (l *lane) verify(when string) {
	l.t.Helper()
	want, got := map[string]int{}, map[string]int{}
	for b, n := range l.batches {
		for _, body := range connectortest.Bodies(l.records(b, n)) {
			want[body]++
		}
	}
	for _, line := range readLines(l.t, l.dir) {
		got[line]++
	}
	for line, n := range got {
		if want[line] != n {
			l.t.Fatalf("%s: %q is there %d times, want %d", when, line, n, want[line])
		}
	}
	if len(got) != len(want) {
		l.t.Fatalf("%s: %d records, want %d", when, len(got), len(want))
	}
}
