package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/headrace/headrace/internal/connector"
)

// An ItemState is where an inventory item stands.
type ItemState int64

// The states of an item. One that is being sent counts as present when deletes are looked for and as different when
// contents are compared, so that a crash between sending and committing leaves neither an orphan nor a stale item.
const (
	Sending    ItemState = 0
	Sent       ItemState = 1
	SendFailed ItemState = 2
)

// String is the state's word for people.
func (s ItemState) String() string {
	switch s {
	case Sending:
		return "sending"
	case Sent:
		return "sent"
	}
	return "failed"
}

// An InventoryItem is one key that a mirror's destination holds.
type InventoryItem struct {
	DestinationID int64
	Key           string
	SourceKey     string // not kept as text: only its hash
	SourceHash    int64  // KeyHash of the source's key; only of an item that was read
	SplitID       int64  // the split and the crawl of the last word on it; those that only saw it again are in sightings
	Crawl         int64
	State         ItemState
	Content, ACL  connector.Hash
	Error         string
	Delete        bool // it is being deleted: only its state and error are changed, and no row is made
	Gone          bool // the destination no longer holds it: the row goes
}

// KeyHash is the 64 bits by which an inventory finds a key.
func KeyHash(key string) int64 {
	sum := sha256.Sum256([]byte(key))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// MarkSending says, before anything is sent, that these items may be at the destination from now on with a content
// that nobody knows.
func (s *Store) MarkSending(ctx context.Context, l Lane, items []InventoryItem) error {
	for i := range items {
		items[i].State = Sending
	}
	return s.inTx(ctx, func(t tx) error {
		if err := t.underLease(ctx, l.Lease, `lease = lease`); err != nil {
			return err
		}
		return t.putInventory(ctx, items)
	})
}

const itemColumns = `key, source_key, split_id, state, content, acl, crawl, coalesce(error, '')`

func scanItem(destination int64, scan func(...any) error) (InventoryItem, error) {
	var content, acl []byte
	i := InventoryItem{DestinationID: destination}
	err := scan(&i.Key, &i.SourceHash, &i.SplitID, &i.State, &content, &acl, &i.Crawl, &i.Error)
	copy(i.Content[:], content)
	copy(i.ACL[:], acl)
	return i, err
}

// lookupChunk is how many keys one statement of SQLite looks up: a length that few gives.
const lookupChunk = 256

// Items gives what the inventory knows of these keys.
func (s *Store) Items(ctx context.Context, destinationID int64, keys []string) (map[string]InventoryItem, error) {
	found := make(map[string]InventoryItem, len(keys))
	size := lookupChunk
	if s.kind != onSQLite {
		size = arraysChunk
	}
	for part := range slices.Chunk(keys, size) {
		hashes := make([]int64, len(part))
		for i, k := range part {
			hashes[i] = KeyHash(k)
		}
		among, args := `= ANY(?)`, []any{destinationID, hashes}
		if s.kind == onSQLite {
			list := few(asArgs(hashes))
			among, args = `IN ( `+marks(len(list))+`)`, append(args[:1], list...)
		}
		err := s.reading().each(ctx, `SELECT `+itemColumns+` FROM inventory WHERE destination_id = ? AND hash `+among, args, func(scan func(...any) error) error {
			i, err := scanItem(destinationID, scan)
			found[i.Key] = i
			return err
		})
		if err != nil {
			return nil, s.trouble(err)
		}
	}
	return found, nil
}

// ItemsOf gives the items that one key of the source produced: what a delete of it must reach.
func (s *Store) ItemsOf(ctx context.Context, destinationID int64, sourceKey string) ([]InventoryItem, error) {
	var all []InventoryItem
	err := s.reading().each(ctx, `SELECT `+itemColumns+` FROM inventory WHERE +destination_id = ? AND source_key = ?`, []any{destinationID, KeyHash(sourceKey)}, func(scan func(...any) error) error {
		i, err := scanItem(destinationID, scan)
		all = append(all, i)
		return err
	})
	return all, s.trouble(err)
}

// A SawKey is a key of the source whose record a crawl met though nothing was sent: it was refused.
type SawKey struct {
	DestinationID int64
	SourceKey     string
	SplitID       int64 // the items belong to it from now on: a later crawl that need not read it marks them too
	Crawl         int64
}

// sawKeys marks the items of keys as seen.
func (t tx) sawKeys(ctx context.Context, keys []SawKey) error {
	for _, k := range keys {
		if err := t.exec(ctx, `UPDATE inventory SET crawl = ?, split_id = ? WHERE +destination_id = ? AND source_key = ? AND crawl <= ?`,
			k.Crawl, k.SplitID, k.DestinationID, KeyHash(k.SourceKey), k.Crawl); err != nil {
			return err
		}
	}
	return nil
}
