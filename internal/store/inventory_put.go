package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// inventoryChunk is how many items one statement writes that names each of them; arraysChunk one that has them in arrays.
const (
	inventoryChunk = 256
	arraysChunk    = 5000
)

// putInventory writes items, many with one statement, in the order of their hashes so that pages are touched once. Of
// items with one key the last counts.
func (t tx) putInventory(ctx context.Context, items []InventoryItem) error {
	var whole, deleting, gone []hashedItem
	for _, i := range lastOfEach(items) {
		switch {
		case i.Gone:
			gone = append(gone, i)
		case i.Delete:
			deleting = append(deleting, i)
		default:
			whole = append(whole, i)
		}
	}
	insert := inventoryChunk
	if t.s.kind != onSQLite {
		insert = arraysChunk
	}
	for _, step := range []struct {
		items []hashedItem
		put   func(context.Context, []hashedItem) error
		size  int
	}{{whole, t.putItems, insert}, {deleting, t.markDeletes, inventoryChunk}, {gone, t.dropItems, inventoryChunk}} {
		for part := range slices.Chunk(step.items, step.size) {
			if err := step.put(ctx, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// hashedItem is an item with its key's hash.
type hashedItem struct {
	InventoryItem
	hash int64
}

// lastOfEach gives the last item of each key, with the highest crawl of them, sorted by hash.
func lastOfEach(items []InventoryItem) []hashedItem {
	at := make(map[string]int, len(items))
	all := make([]hashedItem, 0, len(items))
	for _, i := range items {
		n, ok := at[i.Key]
		if !ok {
			at[i.Key] = len(all)
			all = append(all, hashedItem{i, KeyHash(i.Key)})
			continue
		}
		i.Crawl = max(i.Crawl, all[n].Crawl)
		all[n].InventoryItem = i
	}
	slices.SortFunc(all, func(a, b hashedItem) int { return cmp.Or(cmp.Compare(a.hash, b.hash), strings.Compare(a.Key, b.Key)) })
	return all
}

const insertItems = `INSERT INTO inventory (destination_id, hash, key, source_key, split_id, state, content, acl, crawl, error) `

func (t tx) putItems(ctx context.Context, items []hashedItem) error {
	put := func(rows string, args []any) error {
		return t.exec(ctx, insertItems+rows+` ON CONFLICT (destination_id, hash, key) DO UPDATE SET source_key = excluded.source_key, split_id = excluded.split_id, state = excluded.state,
		content = excluded.content, acl = excluded.acl, crawl = CASE WHEN excluded.crawl > inventory.crawl THEN excluded.crawl ELSE inventory.crawl END, error = excluded.error`, args...)
	}
	if t.s.kind != onSQLite {
		return put(columnsOf(items))
	}
	const width = 10
	args := make([]any, 0, width*len(items))
	for _, i := range items {
		args = append(args, i.DestinationID, i.hash, i.Key, KeyHash(i.SourceKey), i.SplitID, i.State, i.Content[:], i.ACL[:], i.Crawl, i.Error)
	}
	return inRows(args, width, put)
}

// columnsOf gives items as the rows of an insert: for PostgreSQL one array for each column, which it takes in a fraction of the
// time that thousands of arguments cost it.
func columnsOf(items []hashedItem) (rows string, args []any) {
	n := len(items)
	destinations, hashes, sources, splits, states, crawls := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	keys, errs, contents, acls := make([]string, n), make([]string, n), make([][]byte, n), make([][]byte, n)
	for at, i := range items {
		destinations[at], hashes[at], sources[at], splits[at], states[at], crawls[at] = i.DestinationID, i.hash, KeyHash(i.SourceKey), i.SplitID, int64(i.State), i.Crawl
		keys[at], errs[at], contents[at], acls[at] = i.Key, i.Error, items[at].Content[:], items[at].ACL[:]
	}
	return `SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bytea[], ?::bytea[], ?::bigint[], ?::text[])`,
		[]any{destinations, hashes, keys, sources, splits, states, contents, acls, crawls, errs}
}

// markDeletes says of items that they are being deleted, or why they could not be, and which split wants it: that one is
// read again until they are gone.
func (t tx) markDeletes(ctx context.Context, items []hashedItem) error {
	for len(items) > 0 {
		n := 1
		for n < len(items) && items[n].State == items[0].State && items[n].Error == items[0].Error && items[n].SplitID == items[0].SplitID {
			n++
		}
		where, args := named(items[:n])
		if err := t.exec(ctx, `UPDATE inventory SET state = ?, error = ?, split_id = ? WHERE `+where, append([]any{items[0].State, items[0].Error, items[0].SplitID}, args...)...); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

func (t tx) dropItems(ctx context.Context, items []hashedItem) error {
	where, args := named(items)
	return t.exec(ctx, `DELETE FROM inventory WHERE `+where, args...)
}

// named is the condition that finds exactly these items of one destination. The key is hidden from the index: both databases would look
// up each hash with each key, a million pairs for a thousand items.
func named(items []hashedItem) (where string, args []any) {
	args = append(args, items[0].DestinationID)
	for _, i := range items {
		args = append(args, i.hash)
	}
	for _, i := range items {
		args = append(args, i.Key)
	}
	return `destination_id = ? AND hash IN (` + marks(len(items)) + `) AND key || '' IN (` + marks(len(items)) + `)`, args
}
