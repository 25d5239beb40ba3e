package store

import (
	"context"
	"slices"
)

// A SoundSplit is one that a crawl would not read again: its row, and the crawl that read it.
type SoundSplit struct{ Row, Since int64 }

// SoundSplits gives, of the splits of a mirror's source, those that a crawl would not read again: delivered by this
// revision, everything that they became surely at the destination. It marks nothing.
func (s *Store) SoundSplits(ctx context.Context, flow Object, revision int64, ids []string) (map[string]SoundSplit, error) {
	var last int64
	if err := s.reading().row(ctx, `SELECT `+lastPass, flow.ID).Scan(&last); err != nil {
		return nil, s.trouble(err)
	}
	sound := map[string]SoundSplit{}
	for part := range slices.Chunk(ids, splitChunk) {
		byHash := map[[16]byte]string{}
		args := []any{flow.ID, revision, last, 0, LetterReplaying, LetterReplayed, flow.DestinationID, flow.SourceID}
		for _, id := range part {
			hash := SplitHash(id)
			byHash[hash] = id
			args = append(args, hash[:])
		}
		err := s.reading().each(ctx, `SELECT s.id, s.hash, delivery.since FROM split s JOIN delivery ON delivery.split_id = s.id WHERE `+soundDelivery+` AND s.source_id = ? AND s.hash IN (`+marks(len(part))+`)`, args,
			func(scan func(...any) error) error {
				var (
					one  SoundSplit
					hash []byte
				)
				err := scan(&one.Row, &hash, &one.Since)
				if err == nil {
					sound[byHash[[16]byte(hash)]] = one
				}
				return err
			})
		if err != nil {
			return nil, s.trouble(err)
		}
	}
	return sound, nil
}
