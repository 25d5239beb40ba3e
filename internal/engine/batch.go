package engine

import (
	"sync"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
)

// batch is records that will be written together, and what is to be remembered when they are.
type batch struct {
	id      string
	records []connector.Record
	made    bool               // records are made of others by a transform or for a keyed destination
	sources []connector.Record // then records[i] was made of sources[i]
	owner   []int              // records[i] belongs to splits[owner[i]]
	memos   []memo             // records[i] came from the record with this key; zero: nothing is remembered
	bytes   int
	splits  []*splitPart
	seen    map[hourKey][]connector.Hash
	count   int // of seen
	letters []store.DeadLetter
	backs   []store.Setback
	chunks  []*chunk // whose memory records and sources use
	held    int      // their bytes

	// A mirror's:
	items   []store.InventoryItem          // in the order of records
	sending map[string]bool                // keys of items
	kept    map[string]store.InventoryItem // what needs no sending, but another word on it: it came from elsewhere
	sighted int                            // keys that splits were found to hold as they are
	saw     []store.SawKey
}

// splitPart is what a batch has of one split.
type splitPart struct {
	delivery store.Delivery
	read     int64   // source records taken, of this batch
	upTo     int64   // source records taken since the split's beginning
	done     bool    // the split ends in this batch
	failed   bool    // some of its records were not tried: it comes again
	leans    bool    // a record was dropped because the same one is in hand
	doubt    bool    // a mirror's: a record without a key was refused
	holds    []int64 // a mirror's: hashes of keys that need no sending; only that the split holds them is remembered
	counts   store.Counts
}

func newBatch(made bool) *batch {
	return &batch{made: made, seen: map[hourKey][]connector.Hash{}, sending: map[string]bool{}, kept: map[string]store.InventoryItem{}}
}

// reset empties a batch of which nobody needs anything any more. The lists that are as long as it has records keep their
// memory: the next will be about as large.
func (b *batch) reset() {
	clear(b.records)
	clear(b.sources)
	next := newBatch(b.made)
	next.records, next.sources, next.owner, next.memos = b.records[:0], b.sources[:0], b.owner[:0], b.memos[:0]
	*b = *next
}

// empty tells whether there is nothing to write or to remember.
func (b *batch) empty() bool {
	if len(b.records)+len(b.letters)+len(b.backs)+len(b.items) > 0 {
		return false
	}
	for _, s := range b.splits {
		if s.done || s.read > 0 {
			return false
		}
	}
	return true
}

// memory is how many things are only remembered.
func (b *batch) memory() int { return b.count + len(b.letters) + len(b.kept) + b.sighted + len(b.saw) }

// open says that the following records belong to a split.
func (b *batch) open(r *reading) {
	b.splits = append(b.splits, &splitPart{delivery: r.delivery, upTo: r.delivery.Progress + r.taken})
}

// holds says that the split at hand has a key as the inventory has it.
func (b *batch) holds(hash int64) {
	at := b.last()
	at.holds = append(at.holds, hash)
	b.sighted++
}

func (b *batch) last() *splitPart { return b.splits[len(b.splits)-1] }

// use keeps a chunk's memory until the batch is written.
func (b *batch) use(c *chunk) {
	if n := len(b.chunks); n > 0 && b.chunks[n-1] == c {
		return
	}
	c.users.Add(1)
	b.chunks = append(b.chunks, c)
	b.held += cap(c.arena)
}

func (b *batch) put(r, source connector.Record) {
	b.records = append(b.records, r)
	if b.made {
		b.sources = append(b.sources, source)
	}
	b.owner = append(b.owner, len(b.splits)-1)
	b.memos = append(b.memos, memo{})
	b.bytes += len(r.Body) + 1
}

// source is what a record was made of.
func (b *batch) source(i int) connector.Record {
	if b.made {
		return b.sources[i]
	}
	return b.records[i]
}

// cutBack takes back the records from the given one on: the source record that they came from was refused after all.
func (b *batch) cutBack(from int) {
	for _, r := range b.records[from:] {
		b.bytes -= len(r.Body) + 1
	}
	b.records, b.owner, b.memos = b.records[:from], b.owner[:from], b.memos[:from]
	if b.made {
		b.sources = b.sources[:from]
	}
	if len(b.items) > from {
		b.items = b.items[:from]
	}
}

// alone gives the split of a batch that holds records of only one, and all of them.
func (b *batch) alone() (*splitPart, bool) {
	var only *splitPart
	for _, s := range b.splits {
		switch {
		case s.read == 0 && !s.done:
		case only != nil:
			return nil, false
		default:
			only = s
		}
	}
	return only, only != nil
}

// memo is where a delivered key is remembered.
type memo struct {
	key  hourKey
	hash connector.Hash
}

// remember says that a key will have been delivered, with the records from the given one on.
func (b *batch) remember(generation int64, at time.Time, h connector.Hash, from int) {
	key := hourKey{flow: b.last().delivery.FlowID, generation: generation, hour: hourOf(at)}
	b.seen[key] = append(b.seen[key], h)
	b.count++
	for i := from; i < len(b.memos); i++ {
		b.memos[i] = memo{key, h}
	}
}

// forgetUntried takes the keys of records that were not tried out of what will have been delivered, in a copy: the whole of it
// leaves our hands. Their splits come again, and so do those that dropped a repeat of what may be such a record.
func (b *batch) forgetUntried(outcomes []connector.Outcome) {
	untried := map[memo]bool{}
	for i, o := range outcomes {
		if o.Kind == connector.NotTried {
			b.splits[b.owner[i]].failed = true
			untried[b.memos[i]] = true
		}
	}
	for _, s := range b.splits {
		s.failed = s.failed || s.leans
	}
	tried := make(map[hourKey][]connector.Hash, len(b.seen))
	for key, hashes := range b.seen {
		for _, h := range hashes {
			if !untried[memo{key, h}] {
				tried[key] = append(tried[key], h)
			}
		}
	}
	b.seen = tried
}

// inHand is what is assembled and not committed yet: the identities of records, or a mirror's keys.
type inHand struct {
	mu   sync.Mutex
	keys map[connector.Hash]int
}

func newInHand() *inHand { return &inHand{keys: map[connector.Hash]int{}} }

func (i *inHand) has(h connector.Hash) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[h] > 0
}

// mark sets those of marks whose hashes are in hand.
func (i *inHand) mark(hashes []connector.Hash, marks []bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for n, h := range hashes {
		marks[n] = i.keys[h] > 0
	}
}

func (i *inHand) add(h connector.Hash) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys[h]++
}

func (i *inHand) remove(h connector.Hash) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.keys[h]--; i.keys[h] <= 0 {
		delete(i.keys, h)
	}
}
