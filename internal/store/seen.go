package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"slices"
	"sort"
	"time"

	"github.com/headrace/headrace/internal/connector"
)

// HashSize is how many bytes of a key's hash are remembered.
const HashSize = len(connector.Hash{})

// A SeenBlock is keys of one hour that one commit delivered: sorted hashes, packed.
type SeenBlock struct {
	Generation int64
	Hour       int64 // hours since 1970, of the records' time
	Hashes     []connector.Hash
}

const (
	// blockHashes bounds a block, so that looking one key up never reads much.
	blockHashes = 1024
	// mergeAt sorted runs of one tier become one of the next: a key is rewritten once for each tier, not once for
	// each commit.
	mergeAt = 8

	// A block's number says where it stands, so that the primary key alone tells which runs there are: tier, the run
	// in it, the part of the run.
	runBlocks  = 1 << 24
	tierBlocks = runBlocks << 8
)

// putHour stores keys of one hour as a run of the lowest tier.
func (t tx) putHour(ctx context.Context, flowID, generation, hour int64, hashes []connector.Hash, added int64) error {
	slices.SortFunc(hashes, compareHashes)
	runs, err := t.insertSeen(ctx, flowID, generation, hour, 0, slices.Compact(hashes), added)
	for tier := int64(0); err == nil && runs >= mergeAt; tier++ {
		runs, err = t.mergeSeen(ctx, flowID, generation, hour, tier)
	}
	return err
}

// insertSeen stores sorted hashes as a run of a tier, in blocks of a bounded size, and tells how many runs the tier has
// now. In each of them at most one block can hold a certain key.
func (t tx) insertSeen(ctx context.Context, flowID, generation, hour, tier int64, hashes []connector.Hash, added int64) (int64, error) {
	block := int64(-1)
	packed := make([]byte, 0, min(len(hashes), blockHashes)*HashSize)
	for part := range slices.Chunk(hashes, blockHashes) {
		packed = packHashes(packed[:0], part)
		low, high := part[0][:], part[len(part)-1][:]
		var err error
		if block < 0 { // behind the last run of the tier
			err = t.row(ctx, beginRun, flowID, generation, hour, tier*tierBlocks-runBlocks, low, high, packed, added,
				flowID, generation, hour, tier*tierBlocks, (tier+1)*tierBlocks).Scan(&block)
		} else {
			block++
			err = t.exec(ctx, `INSERT INTO seen (flow_id, generation, hour, block, low, high, hashes, added) VALUES (?,?,?,?,?,?,?,?)`,
				flowID, generation, hour, block, low, high, packed, added)
		}
		if err != nil {
			return 0, err
		}
	}
	return (block-tier*tierBlocks)/runBlocks + 1, nil
}

// beginRun inserts the first block of a run and gives its number, in one statement: there is one for each hour.
var beginRun = `INSERT INTO seen (flow_id, generation, hour, block, low, high, hashes, added)
	SELECT CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT),
		(coalesce(max(block), CAST(? AS BIGINT)) / ` + number(runBlocks) + ` + 1) * ` + number(runBlocks) + `, ?, ?, ?, CAST(? AS BIGINT)
	FROM seen WHERE flow_id = ? AND generation = ? AND hour = ? AND block >= ? AND block < ? RETURNING block`

// mergeSeen makes the runs of a tier into one run of the next and tells how many that one has now.
func (t tx) mergeSeen(ctx context.Context, flowID, generation, hour, tier int64) (int64, error) {
	var (
		all   []connector.Hash
		added int64
	)
	where, args := ` WHERE flow_id = ? AND generation = ? AND hour = ? AND block >= ? AND block < ?`, []any{flowID, generation, hour, tier * tierBlocks, (tier + 1) * tierBlocks}
	err := t.each(ctx, `SELECT hashes, added FROM seen`+where, args, func(scan func(...any) error) error {
		var (
			packed sql.RawBytes
			at     int64
		)
		if err := scan(&packed, &at); err != nil {
			return err
		}
		all = appendHashes(all, packed)
		added = max(added, at)
		return nil
	})
	if err != nil {
		return 0, err
	}
	if err := t.exec(ctx, `DELETE FROM seen`+where, args...); err != nil {
		return 0, err
	}
	slices.SortFunc(all, compareHashes)
	all = slices.Compact(all)
	return t.insertSeen(ctx, flowID, generation, hour, tier+1, all, added)
}

// packHashes appends hashes, one behind the other.
func packHashes(packed []byte, hashes []connector.Hash) []byte {
	for _, h := range hashes {
		packed = append(packed, h[:]...)
	}
	return packed
}

// appendHashes appends the hashes that a block has.
func appendHashes(all []connector.Hash, packed []byte) []connector.Hash {
	for h := range slices.Chunk(packed, HashSize) {
		all = append(all, connector.Hash(h))
	}
	return all
}

// SeenIn gives every hash that is remembered of an hour, in no order, for a filter in memory. It is one statement: each costs
// more than what it finds, and what moves from the recent commits to the hours in between is not missed.
func (s *Store) SeenIn(ctx context.Context, flowID, generation, hour int64) ([]connector.Hash, error) {
	var all []connector.Hash
	err := s.reading().each(ctx, `SELECT 1, hashes FROM seen_recent WHERE flow_id = ? AND generation = ? AND first_hour <= ? AND last_hour >= ?
		UNION ALL SELECT 0, hashes FROM seen WHERE flow_id = ? AND generation = ? AND hour = ?`, []any{flowID, generation, hour, hour, flowID, generation, hour},
		func(scan func(...any) error) error {
			var (
				recent int64
				packed sql.RawBytes
			)
			if err := scan(&recent, &packed); err != nil {
				return err
			}
			if recent == 0 {
				all = appendHashes(all, packed)
			} else {
				ofHour(packed, hour, func(hashes []byte) { all = appendHashes(all, hashes) })
			}
			return nil
		})
	return all, s.trouble(err)
}

// Seen tells which of the hashes of one hour were delivered before. It reads only the blocks in which one of them can be.
func (s *Store) Seen(ctx context.Context, flowID, generation, hour int64, hashes []connector.Hash) (map[connector.Hash]bool, error) {
	found := map[connector.Hash]bool{}
	sorted := slices.Clone(hashes)
	slices.SortFunc(sorted, compareHashes)
	return found, s.inSnapshot(ctx, func(t tx) error {
		if err := t.recent(ctx, flowID, generation, hour, func(hashes []byte) { findIn(hashes, sorted, found) }); err != nil {
			return err
		}
		blocks, err := t.blocksWith(ctx, flowID, generation, hour, sorted)
		if err != nil {
			return err
		}
		const chunk = 64 // blocks of at most 16 KiB
		for part := range slices.Chunk(blocks, chunk) {
			if err := t.each(ctx, `SELECT hashes FROM seen WHERE flow_id = ? AND generation = ? AND hour = ? AND block IN (`+marks(len(part))+`)`,
				append([]any{flowID, generation, hour}, part...), func(scan func(...any) error) error {
					var packed sql.RawBytes
					err := scan(&packed)
					findIn(packed, sorted, found)
					return err
				}); err != nil {
				return err
			}
		}
		return nil
	})
}

// blocksWith gives the blocks of an hour in which one of the sorted hashes can be.
func (t tx) blocksWith(ctx context.Context, flowID, generation, hour int64, sorted []connector.Hash) ([]any, error) {
	var blocks []any
	err := t.each(ctx, `SELECT block, low, high FROM seen WHERE flow_id = ? AND generation = ? AND hour = ?`, []any{flowID, generation, hour},
		func(scan func(...any) error) error {
			var (
				block     int64
				low, high sql.RawBytes
			)
			err := scan(&block, &low, &high)
			if i := sort.Search(len(sorted), func(i int) bool { return bytes.Compare(sorted[i][:], low) >= 0 }); i < len(sorted) && bytes.Compare(sorted[i][:], high) <= 0 {
				blocks = append(blocks, block)
			}
			return err
		})
	return blocks, err
}

// findIn adds those of the sorted hashes that a block has.
func findIn(packed []byte, sorted []connector.Hash, found map[connector.Hash]bool) {
	n := len(packed) / HashSize
	at := func(i int) []byte { return packed[i*HashSize : (i+1)*HashSize] }
	from := sort.Search(len(sorted), func(i int) bool { return n == 0 || bytes.Compare(sorted[i][:], at(0)) >= 0 })
	low := 0
	for _, h := range sorted[from:] {
		low += sort.Search(n-low, func(i int) bool { return bytes.Compare(at(low+i), h[:]) >= 0 })
		if low == n {
			return
		}
		if bytes.Equal(at(low), h[:]) {
			found[h] = true
		}
	}
}

// compareHashes orders hashes as their bytes are ordered.
func compareHashes(x, y connector.Hash) int {
	if a, b := binary.BigEndian.Uint64(x[:8]), binary.BigEndian.Uint64(y[:8]); a != b {
		return cmp.Compare(a, b)
	}
	return cmp.Compare(binary.BigEndian.Uint64(x[8:]), binary.BigEndian.Uint64(y[8:]))
}

// forgetSeen forgets the hours to which nothing was added since before. An hour is kept whole or not at all: one of which a
// recent commit may have keys stays.
func (t tx) forgetSeen(ctx context.Context, before time.Time, limit int) (int64, error) {
	if err := t.foldOld(ctx, before); err != nil {
		return 0, err
	}
	stale, err := t.flowHours(ctx, `SELECT s.flow_id, s.generation, s.hour
		FROM (SELECT flow_id, generation, hour FROM seen GROUP BY flow_id, generation, hour HAVING max(added) < ?) s
		WHERE NOT EXISTS (SELECT 1 FROM seen_recent r WHERE r.flow_id = s.flow_id AND r.generation = s.generation AND r.first_hour <= s.hour AND r.last_hour >= s.hour) LIMIT ?`,
		micros(before), limit)
	for _, k := range stale {
		if err == nil {
			err = t.exec(ctx, `DELETE FROM seen WHERE flow_id = ? AND generation = ? AND hour = ?`, k[0], k[1], k[2])
		}
	}
	return int64(len(stale)), err
}

// flowHours gives what a query finds: flow, generation and hour.
func (t tx) flowHours(ctx context.Context, q string, args ...any) ([][3]int64, error) {
	var all [][3]int64
	err := t.each(ctx, q, args, func(scan func(...any) error) error {
		var k [3]int64
		err := scan(&k[0], &k[1], &k[2])
		all = append(all, k)
		return err
	})
	return all, err
}
