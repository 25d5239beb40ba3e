package store

import (
	"context"
	"slices"
)

// SoundSplits gives, for the splits of a mirror's source, the rows of those that a crawl would not read again: delivered
// by this revision, everything that they became surely at the destination. It marks nothing.
func (s *Store) SoundSplits(ctx context.Context, flow Object, revision int64, ids []string) (map[string]int64, error) {
	sound := map[string]int64{}
	for part := range slices.Chunk(ids, splitChunk) {
		byHash := map[[16]byte]string{}
		args := []any{flow.ID, revision, LetterReplaying, LetterReplayed, flow.DestinationID, flow.SourceID}
		for _, id := range part {
			hash := SplitHash(id)
			byHash[hash] = id
			args = append(args, hash[:])
		}
		err := s.reading().each(ctx, `SELECT s.id, s.hash FROM split s JOIN delivery ON delivery.split_id = s.id WHERE `+soundDelivery+` AND s.source_id = ? AND s.hash IN (`+marks(len(part))+`)`, args,
			func(scan func(...any) error) error {
				var (
					id   int64
					hash []byte
				)
				err := scan(&id, &hash)
				if err == nil {
					sound[byHash[[16]byte(hash)]] = id
				}
				return err
			})
		if err != nil {
			return nil, s.trouble(err)
		}
	}
	return sound, nil
}

// Inventory gives a page of a destination's items in the order of their hashes, after one; the first page is after
// math.MinInt64. Items with one hash are never parted, so that a page may have some more than limit.
func (s *Store) Inventory(ctx context.Context, destinationID, after int64, limit int) ([]InventoryItem, error) {
	return s.Unseen(ctx, destinationID, never, after, limit)
}
