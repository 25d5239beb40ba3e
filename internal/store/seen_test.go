package store_test

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

func hashOf(n int) connector.Hash {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return connector.Hash(sum[:16])
}

func hashes(from, to int) []connector.Hash {
	all := make([]connector.Hash, 0, to-from)
	for n := from; n < to; n++ {
		all = append(all, hashOf(n))
	}
	return all
}

func TestSeenKnowsExactlyWhatWasPut(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		l := w.takeLane(f)
		random := rand.New(rand.NewPCG(1, 2))
		next := 0
		for range 70 { // several merges of several tiers, and blocks that are cut
			size := 1 + random.IntN(400)
			if random.IntN(10) == 0 {
				size = 6000
			}
			mine := hashes(next, next+size)
			before := append([]connector.Hash(nil), mine...)
			c := store.Committed{Keep: lease, Seen: []store.SeenBlock{{Hour: 7, Hashes: mine}, {Hour: 8, Hashes: hashes(next, next+1)}, {Generation: 3, Hour: 7, Hashes: hashes(next+1, next+2)}}}
			w.ok(w.s.CommitBatch(w.ctx(), l, c))
			for i := range mine {
				if mine[i] != before[i] {
					t.Fatal("the caller's hashes were moved about")
				}
			}
			next += size
		}
		w.ok(w.s.CommitBatch(w.ctx(), l, store.Committed{Keep: lease, Seen: []store.SeenBlock{{Hour: 7, Hashes: hashes(0, 100)}}})) // put again
		asked := append(hashes(0, next), hashes(next, next+20_000)...)
		got, err := w.s.Seen(w.ctx(), f.ID, 0, 7, asked)
		w.ok(err)
		for i, h := range asked {
			if got[h] != (i < next) {
				t.Fatalf("hash %d of %d put: seen %v", i, next, got[h])
			}
		}
		for range 200 {
			n := random.IntN(2 * next)
			if got, err := w.s.Seen(w.ctx(), f.ID, 0, 7, hashes(n, n+1)); err != nil || got[hashOf(n)] != (n < next) || len(got) > 1 {
				t.Fatalf("hash %d of %d alone: %v, %v", n, next, got, err)
			}
		}
		// each alone, those at a block's edges too
		w.ok(w.s.CommitBatch(w.ctx(), l, store.Committed{Keep: lease, Seen: []store.SeenBlock{{Hour: 20, Hashes: hashes(0, 5)}}}))
		for n := range 7 {
			if got, err := w.s.Seen(w.ctx(), f.ID, 0, 20, hashes(n, n+1)); err != nil || got[hashOf(n)] != (n < 5) {
				t.Fatalf("hash %d of a block of 5: %v, %v", n, got, err)
			}
		}
		known, err := w.s.SeenIn(w.ctx(), f.ID, 0, 7)
		w.ok(err)
		filter := map[connector.Hash]bool{}
		for _, h := range known {
			filter[h] = true
		}
		if len(filter) != next || len(known) > next+100 {
			t.Errorf("SeenIn gave %d hashes, %d different, of %d", len(known), len(filter), next)
		}
		for _, other := range [][3]int64{{f.ID, 0, 9}, {f.ID, 1, 7}, {f.ID + 1, 0, 7}} {
			if got, _ := w.s.Seen(w.ctx(), other[0], other[1], other[2], hashes(0, 10)); len(got) != 0 {
				t.Errorf("%v knows %d of another's", other, len(got))
			}
		}
		if got, err := w.s.Seen(w.ctx(), f.ID, 0, 7, nil); err != nil || len(got) != 0 {
			t.Errorf("nothing asked: %v, %v", got, err)
		}
		if got, _ := w.s.Seen(w.ctx(), f.ID, 3, 7, hashes(0, 20)); len(got) == 0 || got[hashOf(0)] {
			t.Errorf("generation 3: %v", got)
		}
	})
}

// The database may take 24 bytes for each remembered key, whatever the commits' size.
func TestSeenTakesLittleDisk(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a million keys take some seconds")
	}
	const keys, hours, each = 1_000_000, 5, 5_000
	w := newWorld(t, storetest.SQLite(t))
	l := w.takeLane(w.flow("f", 1))
	before, err := w.s.Size(w.ctx())
	w.ok(err)
	random := rand.New(rand.NewChaCha8([32]byte{1}))
	for n := 0; n < keys; n += each {
		blocks := make([]store.SeenBlock, 0, hours)
		for hour := range hours { // late records of the hours before ride along with each commit
			block := store.SeenBlock{Hour: int64(n/(keys/hours) + hour)}
			for range map[bool]int{true: each - (hours-1)*each/50, false: each / 50}[hour == 0] {
				var h connector.Hash
				binary.BigEndian.PutUint64(h[:], random.Uint64())
				binary.BigEndian.PutUint64(h[8:], random.Uint64())
				block.Hashes = append(block.Hashes, h)
			}
			blocks = append(blocks, block)
		}
		w.ok(w.s.CommitBatch(w.ctx(), l, store.Committed{Keep: time.Hour, Seen: blocks}))
	}
	after, err := w.s.Size(w.ctx())
	w.ok(err)
	if per := float64(after-before) / keys; per > 24 {
		t.Errorf("%.1f bytes for each key", per)
	} else {
		t.Logf("%.1f bytes for each key", per)
	}
}
