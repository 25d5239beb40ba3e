package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/connector"
)

// foldAt commits' keys are moved to the hours to which they belong. Looking a key up reads what these commits have of its
// hour; writing costs a row for each hour only once in so many commits.
const foldAt = 16

// putSeen remembers what one commit delivered.
func (t tx) putSeen(ctx context.Context, flowID int64, blocks []SeenBlock) error {
	generations := map[int64][]SeenBlock{}
	for _, b := range blocks {
		if len(b.Hashes) > 0 {
			b.Hashes = slices.Clone(b.Hashes)
			slices.SortFunc(b.Hashes, compareHashes)
			b.Hashes = slices.Compact(b.Hashes)
			generations[b.Generation] = append(generations[b.Generation], b)
		}
	}
	for _, generation := range slices.Sorted(maps.Keys(generations)) {
		of := generations[generation]
		slices.SortFunc(of, func(x, y SeenBlock) int { return cmp.Compare(x.Hour, y.Hour) })
		if err := t.putRecent(ctx, flowID, generation, of); err != nil {
			return err
		}
	}
	return nil
}

// putRecent stores the sorted keys of one commit, in their hours' order.
func (t tx) putRecent(ctx context.Context, flowID, generation int64, of []SeenBlock) error {
	var batch int64
	if err := t.row(ctx, `SELECT coalesce(max(batch) + 1, 0) FROM seen_recent WHERE flow_id = ? AND generation = ?`, flowID, generation).Scan(&batch); err != nil {
		return err
	}
	added := micros(t.s.now())
	for n, part := range packRecent(of) {
		if err := t.exec(ctx, `INSERT INTO seen_recent (flow_id, generation, batch, part, first_hour, last_hour, added, hashes) VALUES (?,?,?,?,?,?,?,?)`,
			flowID, generation, batch, n, part.first, part.last, added, part.packed); err != nil {
			return err
		}
	}
	if batch+1 < foldAt {
		return nil
	}
	return t.foldRecent(ctx, flowID, generation)
}

// A recentPart is one row: sections of keys, each of one hour.
type recentPart struct {
	first, last int64
	packed      []byte
}

// sectionHead is what stands before a section's keys: the hour and how many there are.
const sectionHead = 8 + 4

// packRecent puts keys into parts of at most blockHashes.
func packRecent(of []SeenBlock) []recentPart {
	var (
		parts []recentPart
		room  int // of the last part
	)
	for _, b := range of {
		for hashes := b.Hashes; len(hashes) > 0; {
			if room == 0 {
				parts, room = append(parts, recentPart{first: b.Hour}), blockHashes
			}
			section := hashes[:min(room, len(hashes))]
			hashes, room = hashes[len(section):], room-len(section)
			p := &parts[len(parts)-1]
			p.last = b.Hour
			p.packed = slices.Grow(p.packed, sectionHead+len(section)*HashSize)
			p.packed = binary.BigEndian.AppendUint64(p.packed, uint64(b.Hour))
			p.packed = binary.BigEndian.AppendUint32(p.packed, uint32(len(section)))
			p.packed = packHashes(p.packed, section)
		}
	}
	return parts
}

// sections calls f with each hour's keys of a part.
func sections(packed []byte, f func(hour int64, hashes []byte)) {
	for len(packed) >= sectionHead {
		hour, size := int64(binary.BigEndian.Uint64(packed)), int(binary.BigEndian.Uint32(packed[8:]))*HashSize
		packed = packed[sectionHead:]
		size = min(size, len(packed))
		f(hour, packed[:size])
		packed = packed[size:]
	}
}

// recent calls f with each list of sorted keys that recent commits have of an hour.
func (t tx) recent(ctx context.Context, flowID, generation, hour int64, f func(hashes []byte)) error {
	return t.each(ctx, `SELECT hashes FROM seen_recent WHERE flow_id = ? AND generation = ? AND first_hour <= ? AND last_hour >= ?`, []any{flowID, generation, hour, hour},
		func(scan func(...any) error) error {
			var packed sql.RawBytes
			if err := scan(&packed); err != nil {
				return err
			}
			ofHour(packed, hour, f)
			return nil
		})
}

// ofHour calls f with each list of keys that a part has of an hour.
func ofHour(packed []byte, hour int64, f func(hashes []byte)) {
	sections(packed, func(of int64, hashes []byte) {
		if of == hour {
			f(hashes)
		}
	})
}

// foldRecent moves the keys of the recent commits to their hours. A commit that another transaction adds meanwhile stays.
func (t tx) foldRecent(ctx context.Context, flowID, generation int64) error {
	hours, added := map[int64][]connector.Hash{}, map[int64]int64{}
	var last int64
	err := t.each(ctx, `SELECT batch, added, hashes FROM seen_recent WHERE flow_id = ? AND generation = ?`, []any{flowID, generation}, func(scan func(...any) error) error {
		var (
			batch, at int64
			packed    sql.RawBytes
		)
		if err := scan(&batch, &at, &packed); err != nil {
			return err
		}
		last = max(last, batch)
		sections(packed, func(hour int64, hashes []byte) {
			hours[hour] = appendHashes(hours[hour], hashes)
			added[hour] = max(added[hour], at)
		})
		return nil
	})
	if err == nil {
		err = t.exec(ctx, `DELETE FROM seen_recent WHERE flow_id = ? AND generation = ? AND batch <= ?`, flowID, generation, last)
	}
	for _, hour := range slices.Sorted(maps.Keys(hours)) {
		if err != nil {
			return err
		}
		err = t.putHour(ctx, flowID, generation, hour, hours[hour], added[hour])
	}
	return err
}

// foldOld moves recent commits that are old to their hours, where they are forgotten hour by hour.
func (t tx) foldOld(ctx context.Context, before time.Time) error {
	old, err := t.flowHours(ctx, `SELECT flow_id, generation, 0 FROM seen_recent GROUP BY flow_id, generation HAVING min(added) < ?`, micros(before))
	for _, k := range old {
		if err == nil {
			err = t.foldRecent(ctx, k[0], k[1])
		}
	}
	return err
}
