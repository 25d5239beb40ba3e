package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"slices"
)

// A Sighting says that a split holds keys, each as the inventory has it. Which content a split has never changes, so that
// this stays true for as long as the flow makes the same of it: a later crawl that lists the split need not read it to
// know that these keys are still there.
type Sighting struct {
	DestinationID int64
	SplitID       int64
	Crawl         int64   // the one that read the split
	Hashes        []int64 // KeyHash of each key, in any order
}

// An inventory is gone through part by part, so that what is remembered of one part fits into memory: of 50 million
// unchanged keys it takes 12 MB. Two keys with one hash count as seen if one of them was: nothing is deleted on a doubt.
const (
	partBits  = 5
	firstPart = -1 << (partBits - 1)
	lastPart  = 1<<(partBits-1) - 1
)

// partOf is the part that a key's hash belongs to; parts and hashes have one order.
func partOf(hash int64) int64 { return hash >> (64 - partBits) }

// lastOf is the highest hash of a part.
func lastOf(part int64) int64 { return part<<(64-partBits) | (1<<(64-partBits) - 1) }

// sightingRow is what one split has in one part.
type sightingRow struct {
	Sighting
	part   int64
	packed []byte
}

// putSightings remembers what was seen unchanged.
func (t tx) putSightings(ctx context.Context, all []Sighting) error {
	var args []any
	for _, s := range all {
		for _, r := range s.rows() {
			args = append(args, r.DestinationID, r.SplitID, r.part, r.Crawl, r.packed)
		}
	}
	return inRows(args, 5, func(values string, part []any) error {
		return t.exec(ctx, `INSERT INTO sighting (destination_id, split_id, part, crawl, hashes) `+values, part...)
	})
}

// rows packs a sighting, one row for each part.
func (s Sighting) rows() []sightingRow {
	slices.Sort(s.Hashes)
	s.Hashes = slices.Compact(s.Hashes)
	var rows []sightingRow
	for _, h := range s.Hashes {
		if n := len(rows); n == 0 || rows[n-1].part != partOf(h) {
			rows = append(rows, sightingRow{Sighting: s, part: partOf(h)})
		}
		r := &rows[len(rows)-1]
		r.packed = binary.BigEndian.AppendUint64(r.packed, uint64(h)) //nolint:gosec // the same 64 bits
	}
	return rows
}

// appendSeen appends the hashes that a row holds.
func appendSeen(all []int64, packed []byte) []int64 {
	for h := range slices.Chunk(packed, 8) {
		all = append(all, int64(binary.BigEndian.Uint64(h))) //nolint:gosec // the same 64 bits
	}
	return all
}

// A Crawled names a crawl, or one that would be, with what its splits are compared with.
type Crawled struct {
	DestinationID int64
	FlowID        int64
	Number        int64
}

// seenIn gives the hashes of a part that a crawl saw unchanged, sorted: in what it read, and in what it listed and needed
// not read.
func (t tx) seenIn(ctx context.Context, c Crawled, part int64) ([]int64, error) {
	var all []int64
	err := t.each(ctx, `SELECT hashes FROM sighting WHERE destination_id = ? AND part = ? AND (crawl >= ? OR EXISTS
		(SELECT 1 FROM delivery d WHERE d.split_id = sighting.split_id AND d.flow_id = ? AND d.pass >= ? AND sighting.crawl >= d.since))`,
		[]any{c.DestinationID, part, c.Number, c.FlowID, c.Number * passes}, func(scan func(...any) error) error {
			var packed sql.RawBytes
			err := scan(&packed)
			all = appendSeen(all, packed)
			return err
		})
	slices.Sort(all)
	return all, err
}

// SeenBeside gives the hashes, sorted, that splits were found to hold in the part of the inventory that a hash belongs
// to, and the highest hash of that part. counts says which splits, by the crawl that read them.
func (s *Store) SeenBeside(ctx context.Context, destinationID, hash int64, counts func(splitID, crawl int64) bool) (seen []int64, last int64, err error) {
	err = s.reading().each(ctx, `SELECT split_id, crawl, hashes FROM sighting WHERE destination_id = ? AND part = ?`, []any{destinationID, partOf(hash)}, func(scan func(...any) error) error {
		var (
			split, crawl int64
			packed       sql.RawBytes
		)
		err := scan(&split, &crawl, &packed)
		if err == nil && counts(split, crawl) {
			seen = appendSeen(seen, packed)
		}
		return err
	})
	slices.Sort(seen)
	return seen, lastOf(partOf(hash)), s.trouble(err)
}

// DoubtItems says of items that nobody knows what of them is at the destination: the next crawl reads the splits that hold
// them and sends them again. It gives how many of them the inventory has.
func (s *Store) DoubtItems(ctx context.Context, destinationID int64, keys []string) (known int64, err error) {
	err = s.inTx(ctx, func(t tx) error {
		known = 0
		parts := map[int64][]int64{}
		for part := range slices.Chunk(keys, inventoryChunk) {
			items := make([]hashedItem, len(part))
			for i, key := range part {
				h := KeyHash(key)
				items[i] = hashedItem{InventoryItem{DestinationID: destinationID, Key: key}, h}
				parts[partOf(h)] = append(parts[partOf(h)], h)
			}
			where, args := named(items)
			n, err := t.changed(ctx, `UPDATE inventory SET state = CASE WHEN state = 1 THEN 0 ELSE state END WHERE `+where, args...)
			if err != nil {
				return err
			}
			known += n
		}
		for part, hashes := range parts {
			if err := t.doubtSightings(ctx, destinationID, part, hashes); err != nil {
				return err
			}
		}
		return nil
	})
	return known, err
}

// doubtSightings has the splits read again that were found to hold one of some keys of a part.
func (t tx) doubtSightings(ctx context.Context, destinationID, part int64, hashes []int64) error {
	holds := map[int64]bool{}
	err := t.each(ctx, `SELECT split_id, hashes FROM sighting WHERE destination_id = ? AND part = ?`, []any{destinationID, part}, func(scan func(...any) error) error {
		var (
			split  int64
			packed sql.RawBytes
		)
		err := scan(&split, &packed)
		seen := appendSeen(nil, packed)
		for _, h := range hashes {
			if _, has := slices.BinarySearch(seen, h); has {
				holds[split] = true
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	splits := make([]int64, 0, len(holds))
	for split := range holds {
		splits = append(splits, split)
	}
	return inChunks(splits, func(part []any) error {
		return t.exec(ctx, `UPDATE delivery SET revision = 0 WHERE state = 1 AND split_id IN (`+marks(len(part))+`)`, part...)
	})
}
