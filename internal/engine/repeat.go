package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/connector"
)

// recognised says which records of a chunk are repeats.
type recognised struct {
	hashes []connector.Hash // by which each record is known; zero where nobody asks
	before []bool           // delivered before
	leans  []bool           // of the repeats: what it repeats is in hand, or stands before it, and not committed yet
	places []connector.Hash // of the refused ones with neither key nor body, in order
}

func (k *recognised) repeat(i int) bool { return k.before[i] || k.leans[i] }

// recognise finds the records of a chunk that were delivered before, or are in hand. Destinations that recognise a
// key themselves get everything.
func (a *assembler) recognise(ctx context.Context, r *reading, c *chunk) (*recognised, error) {
	k := &recognised{hashes: make([]connector.Hash, len(c.records)), before: make([]bool, len(c.records)), leans: make([]bool, len(c.records))}
	for i := range c.records {
		k.hashes[i] = a.identity(r, c, i)
		if c.refused[i] != nil && c.records[i].Key == "" && len(c.records[i].Body) == 0 {
			k.places = append(k.places, k.hashes[i])
		}
	}
	if a.turn.flow.Spec.Keyed {
		return k, nil
	}
	hours := map[int64][]int{}
	here := make(map[connector.Hash]bool, len(c.records))
	for i, h := range k.hashes {
		if here[h] || a.inHand.has(h) {
			k.leans[i] = true
			continue
		}
		here[h] = true
		hour := hourOf(c.records[i].Time)
		hours[hour] = append(hours[hour], i)
	}
	for hour, at := range hours {
		if err := a.seen(ctx, hourKey{r.delivery.FlowID, r.delivery.Generation, hour}, at, k); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// seen marks those of an hour's records that were delivered before.
func (a *assembler) seen(ctx context.Context, key hourKey, at []int, k *recognised) error {
	ask := make([]connector.Hash, len(at))
	for n, i := range at {
		ask[n] = k.hashes[i]
	}
	e := a.turn.engine
	maybe, err := e.memory.maybe(ctx, e.store, key, ask)
	if err != nil || len(maybe) == 0 {
		return err
	}
	seen, err := e.store.Seen(ctx, key.flow, key.generation, key.hour, maybe)
	if err != nil {
		return err
	}
	for _, i := range at {
		k.before[i] = seen[k.hashes[i]]
	}
	return nil
}

// identity is what a record is known by: its key, or its bytes if it has none. A refused one is another than a good one of
// the same key, which may still come; without key and bytes it is known by its place.
func (a *assembler) identity(r *reading, c *chunk, i int) connector.Hash {
	record, refused := c.records[i], c.refused[i] != nil
	switch {
	case refused && record.Key == "" && len(record.Body) == 0:
		place := r.delivery.Progress + r.taken + int64(i)
		if !a.turn.source.Spec.StableOrder { // then only their number is the same at every reading
			r.nameless++
			place = r.nameless
		}
		return hashOf("place", fmt.Appendf(nil, "%s\x00%d", r.delivery.Split.ID, place))
	case refused:
		return hashOf("refused\x00"+record.Key, record.Body)
	case a.turn.flow.Spec.Keyed:
		return connector.Hash{}
	case a.turn.versioned():
		// A thing that changes has the same key again, and another body that must not be dropped: each record of each
		// version is one of its own.
		return hashOf("version", fmt.Appendf(nil, "%s\x00%d", r.delivery.Split.ID, r.delivery.Progress+r.taken+int64(i)))
	case record.Key != "":
		sum := sha256.Sum256([]byte(record.Key))
		return connector.Hash(sum[:16])
	}
	return hashOf("bytes", record.Body)
}

// hashOf hashes bytes so that no key's own hash is the same.
func hashOf(kind string, b []byte) connector.Hash {
	h := sha256.New()
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(kind))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(b)
	return connector.Hash(h.Sum(nil)[:16])
}

// hourOf is the hour under which a record is remembered.
func hourOf(t time.Time) int64 {
	s := t.Unix()
	if s < 0 {
		return (s - 3599) / 3600
	}
	return s / 3600
}
