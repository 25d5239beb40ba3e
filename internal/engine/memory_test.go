package engine

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/headrace/headrace/internal/connector"
)

// hourOfStore is what a store remembers of one hour.
type hourOfStore []connector.Hash

func (h hourOfStore) SeenIn(context.Context, int64, int64, int64) ([]connector.Hash, error) {
	return h, nil
}

func randomHashes(r *rand.Rand, n int) []connector.Hash {
	all := make([]connector.Hash, n)
	for i := range all {
		binary.BigEndian.PutUint64(all[i][:], r.Uint64())
		binary.BigEndian.PutUint64(all[i][8:], r.Uint64())
	}
	return all
}

// TestFiltersTellNewFromSeen grows an hour's filter commit by commit, as a backlog does: no hash that was delivered may
// be called new, and hardly a new one seen, since each such costs a look into the store.
func TestFiltersTellNewFromSeen(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	m, key := newMemory(1<<30), hourKey{flow: 1, hour: 7}
	stored := hourOfStore(randomHashes(random, 1000))
	ask := func(hashes []connector.Hash) int {
		t.Helper()
		maybe, err := m.maybe(t.Context(), stored, key, hashes)
		if err != nil {
			t.Fatal(err)
		}
		return len(maybe)
	}
	if n := ask(stored); n != len(stored) {
		t.Fatalf("%d of %d that the store has may have been seen", n, len(stored))
	}
	for range 50 {
		fresh := randomHashes(random, 1000)
		m.add(key, fresh)
		if n := ask(fresh); n != len(fresh) {
			t.Fatalf("%d of %d that were added may have been seen", n, len(fresh))
		}
	}
	const strangers = 100_000
	if n := ask(randomHashes(random, strangers)); n > strangers/1000 {
		t.Errorf("%d of %d new hashes look seen", n, strangers)
	} else {
		t.Logf("%d of %d new hashes look seen; %d bytes for each that is known", n, strangers, m.bytes/51_000)
	}
}
