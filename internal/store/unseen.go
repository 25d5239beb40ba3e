package store

import (
	"context"
	"math"
	"slices"
)

// A key is unseen by a crawl if no split that the crawl read or listed holds it. The item's own row says which split held
// it when it was written last, and sightings say which have held it unchanged since.
const unseenRow = `destination_id = ? AND hash > ? AND hash <= ? AND crawl < ? AND NOT EXISTS
	(SELECT 1 FROM delivery d WHERE d.split_id = inventory.split_id AND d.flow_id = ? AND d.pass >= ? AND inventory.crawl >= d.since)`

func (c Crawled) unseenArgs(after, upTo int64) []any {
	return []any{c.DestinationID, after, upTo, c.Number, c.FlowID, c.Number * passes}
}

// seenPart is what is remembered of one part while an inventory is gone through.
type seenPart struct {
	crawled Crawled
	part    int64
	known   bool
	hashes  []int64
}

// has tells whether a hash was seen. Hashes are asked for in any order, those of one part together.
func (s *seenPart) has(ctx context.Context, t tx, hash int64) (bool, error) {
	if part := partOf(hash); !s.known || part != s.part {
		var err error
		if s.hashes, err = t.seenIn(ctx, s.crawled, part); err != nil {
			return false, err
		}
		s.part, s.known = part, true
	}
	_, seen := slices.BinarySearch(s.hashes, hash)
	return seen, nil
}

// InventorySize counts the items of a destination, and those that a crawl did not see.
func (s *Store) InventorySize(ctx context.Context, c Crawled) (all, unseen int64, err error) {
	t := s.reading()
	if err := t.row(ctx, `SELECT count(*) FROM inventory WHERE destination_id = ?`, c.DestinationID).Scan(&all); err != nil {
		return 0, 0, s.trouble(err)
	}
	after := int64(math.MinInt64)
	for part := int64(firstPart); part <= lastPart; part++ {
		n, err := t.countUnseen(ctx, c, part, after)
		if err != nil {
			return 0, 0, s.trouble(err)
		}
		unseen, after = unseen+n, lastOf(part)
	}
	return all, unseen, nil
}

// countUnseen counts the items of a part, after a hash, that a crawl did not see.
func (t tx) countUnseen(ctx context.Context, c Crawled, part, after int64) (n int64, err error) {
	seen, err := t.seenIn(ctx, c, part)
	if err != nil {
		return 0, err
	}
	err = t.each(ctx, `SELECT hash FROM inventory WHERE `+unseenRow+` ORDER BY hash`, c.unseenArgs(after, lastOf(part)), func(scan func(...any) error) error {
		var hash int64
		if err := scan(&hash); err != nil {
			return err
		}
		for len(seen) > 0 && seen[0] < hash { // both are sorted
			seen = seen[1:]
		}
		if len(seen) == 0 || seen[0] != hash {
			n++
		}
		return nil
	})
	return n, err
}

// Unseen gives a page of the items that a crawl did not see, in the order of their keys' hashes: those after one, up to
// another, which is one of them. The first page is after math.MinInt64. Items with one hash are never parted, so that a
// page may have some more than limit.
func (s *Store) Unseen(ctx context.Context, c Crawled, after, upTo int64, limit int) ([]InventoryItem, error) {
	const least = 1000 // rows are looked at together
	t := s.reading()
	seen := &seenPart{crawled: c}
	var page []InventoryItem
	for limit = max(limit, 1); len(page) < limit; {
		last, err := t.stretch(ctx, c.DestinationID, after, upTo, max(limit, least))
		if err != nil {
			return nil, s.trouble(err)
		}
		items, err := t.unseenUpTo(ctx, c, after, last)
		if err != nil {
			return nil, s.trouble(err)
		}
		for _, i := range items {
			if was, err := seen.has(ctx, t, i.hash); err != nil {
				return nil, s.trouble(err)
			} else if was {
				continue
			}
			if n := len(page); n >= limit && KeyHash(page[n-1].Key) != i.hash {
				return page, nil
			}
			page = append(page, i.InventoryItem)
		}
		if last == upTo {
			break
		}
		after = last
	}
	return page, nil
}

// stretch is up to which hash so many rows of an inventory follow a hash; upTo if there are fewer.
func (t tx) stretch(ctx context.Context, destinationID, after, upTo int64, rows int) (last int64, err error) {
	err = t.row(ctx, `SELECT coalesce((SELECT hash FROM inventory WHERE destination_id = ? AND hash > ? AND hash <= ? ORDER BY hash LIMIT 1 OFFSET ?), ?)`,
		destinationID, after, upTo, rows-1, upTo).Scan(&last)
	return last, err
}

// unseenUpTo gives the items of a stretch whose rows do not say that they were seen.
func (t tx) unseenUpTo(ctx context.Context, c Crawled, after, upTo int64) ([]hashedItem, error) {
	var all []hashedItem
	err := t.each(ctx, `SELECT hash, `+itemColumns+` FROM inventory WHERE `+unseenRow+` ORDER BY hash, key`, c.unseenArgs(after, upTo), func(scan func(...any) error) error {
		var hash int64
		i, err := scanItem(c.DestinationID, func(to ...any) error { return scan(append([]any{&hash}, to...)...) })
		all = append(all, hashedItem{i, hash})
		return err
	})
	return all, err
}

// Inventory gives a page of a destination's items in the order of their hashes, after one; the first page is after
// math.MinInt64. Items with one hash are never parted, so that a page may have some more than limit.
func (s *Store) Inventory(ctx context.Context, destinationID, after int64, limit int) ([]InventoryItem, error) {
	var all []InventoryItem
	last, err := s.reading().stretch(ctx, destinationID, after, math.MaxInt64, max(limit, 1))
	if err != nil {
		return nil, s.trouble(err)
	}
	err = s.reading().each(ctx, `SELECT `+itemColumns+` FROM inventory WHERE destination_id = ? AND hash > ? AND hash <= ? ORDER BY hash, key`, []any{destinationID, after, last}, func(scan func(...any) error) error {
		i, err := scanItem(destinationID, scan)
		all = append(all, i)
		return err
	})
	return all, s.trouble(err)
}
