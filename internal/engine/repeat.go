package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/connector"
)

// recognised says which records of a chunk are repeats.
type recognised struct {
	hashes []connector.Hash // by which each record is known; zero where nobody asks
	before []bool           // delivered before
	leans  []bool           // of the repeats: what it repeats is in hand, or stands before it, and not committed yet
	places []connector.Hash // of the refused ones with neither key nor body, in order

	here map[connector.Hash]bool // the chunk's own
	ask  []asked                 // what the filters are asked for
	hour []connector.Hash        // of one hour, while they are asked
	key  []byte                  // a key, while it is hashed
}

// asked is a record of a chunk of which neither is the same one in hand nor does it stand before it in the chunk.
type asked struct {
	hour int64
	at   int // its place in the chunk
}

func (k *recognised) repeat(i int) bool { return k.before[i] || k.leans[i] }

// reset forgets the chunk before and makes room for so many records.
func (k *recognised) reset(records int) {
	if cap(k.hashes) < records {
		k.hashes, k.before, k.leans = make([]connector.Hash, records), make([]bool, records), make([]bool, records)
	}
	k.hashes, k.before, k.leans, k.places, k.ask = k.hashes[:records], k.before[:records], k.leans[:records], nil, k.ask[:0]
	clear(k.before)
	clear(k.leans)
	if k.here == nil {
		k.here = map[connector.Hash]bool{}
	}
	clear(k.here)
}

// recognise finds the records of a chunk that were delivered before, or are in hand. Destinations that recognise a
// key themselves get everything. What it gives is good until the next chunk.
func (a *assembler) recognise(ctx context.Context, r *reading, c *chunk) (*recognised, error) {
	k := &a.now
	k.reset(len(c.records))
	for i := range c.records {
		k.hashes[i] = a.identity(r, c, i)
		if c.refused[i] != nil && c.records[i].Key == "" && len(c.records[i].Body) == 0 {
			k.places = append(k.places, k.hashes[i])
		}
	}
	if a.turn.flow.Spec.Keyed {
		return k, nil
	}
	a.inHand.mark(k.hashes, k.leans)
	for i, h := range k.hashes {
		if k.leans[i] = k.leans[i] || k.here[h]; !k.leans[i] {
			k.here[h] = true
			k.ask = append(k.ask, asked{hourOf(c.records[i].Time), i})
		}
	}
	slices.SortFunc(k.ask, func(x, y asked) int { return cmp.Compare(x.hour, y.hour) })
	for rest := k.ask; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].hour == rest[0].hour {
			n++
		}
		if err := a.seen(ctx, hourKey{r.delivery.FlowID, r.delivery.Generation, rest[0].hour}, rest[:n], k); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return k, nil
}

// seen marks those of an hour's records that were delivered before.
func (a *assembler) seen(ctx context.Context, key hourKey, of []asked, k *recognised) error {
	k.hour = k.hour[:0]
	for _, one := range of {
		k.hour = append(k.hour, k.hashes[one.at])
	}
	e := a.turn.engine
	maybe, err := e.memory.maybe(ctx, e.store, key, k.hour)
	if err != nil || len(maybe) == 0 {
		return err
	}
	seen, err := e.store.Seen(ctx, key.flow, key.generation, key.hour, maybe)
	if err != nil {
		return err
	}
	for _, one := range of {
		k.before[one.at] = seen[k.hashes[one.at]]
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
		a.now.key = append(a.now.key[:0], record.Key...)
		sum := sha256.Sum256(a.now.key)
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
