package engine

import (
	"slices"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
)

// batch is records that will be written together, and what is to be remembered when they are.
type batch struct {
	id      string
	records []connector.Record
	owner   []int  // records[i] belongs to splits[owner[i]]
	memos   []memo // records[i] came from the record with this key; zero: nothing is remembered
	bytes   int
	splits  []*splitPart
	seen    map[hourKey][]connector.Hash
	letters []store.DeadLetter
	items   []store.InventoryItem // a mirror's, in the order of records
	keys    map[string]bool       // of items
	// unchanged are a mirror's items that need no sending; only that they were seen is remembered.
	unchanged []store.InventoryItem
	backs     []store.Setback
	chunks    []*chunk
}

// splitPart is what a batch has of one split.
type splitPart struct {
	delivery store.Delivery
	read     int64 // source records taken, of this batch
	upTo     int64 // source records taken since the split's beginning
	done     bool  // the split ends in this batch
	failed   bool  // some of its records were not tried: it comes again
	counts   store.Counts
}

func newBatch() *batch {
	return &batch{seen: map[hourKey][]connector.Hash{}, keys: map[string]bool{}}
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

// open says that the following records belong to a split.
func (b *batch) open(r *reading) {
	b.splits = append(b.splits, &splitPart{delivery: r.delivery, upTo: r.delivery.Progress + r.taken})
}

func (b *batch) last() *splitPart { return b.splits[len(b.splits)-1] }

// use keeps a chunk's memory until the batch is written.
func (b *batch) use(c *chunk) {
	if n := len(b.chunks); n > 0 && b.chunks[n-1] == c {
		return
	}
	c.users.Add(1)
	b.chunks = append(b.chunks, c)
}

// has tells whether a key is in this batch already: what comes later wins, so it must be sent too.
func (b *batch) has(key string) bool { return b.keys[key] }

func (b *batch) put(r connector.Record) {
	b.records = append(b.records, r)
	b.owner = append(b.owner, len(b.splits)-1)
	b.memos = append(b.memos, memo{})
	b.bytes += len(r.Body) + 1
}

// cutBack takes back the last n records: the source record that they came from was refused after all.
func (b *batch) cutBack(n int) {
	for range n {
		last := len(b.records) - 1
		b.bytes -= len(b.records[last].Body) + 1
		b.records, b.owner, b.memos = b.records[:last], b.owner[:last], b.memos[:last]
		if len(b.items) > last {
			b.items = b.items[:last]
		}
	}
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
	for i := from; i < len(b.memos); i++ {
		b.memos[i] = memo{key, h}
	}
}

// inHand is the keys of batches that are assembled and not committed yet.
type inHand struct {
	mu   sync.Mutex
	keys map[connector.Hash]bool
}

func newInHand() *inHand { return &inHand{keys: map[connector.Hash]bool{}} }

func (i *inHand) has(h connector.Hash) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[h]
}

func (i *inHand) add(h connector.Hash) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys[h] = true
}

func (i *inHand) remove(hashes []connector.Hash) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, h := range hashes {
		delete(i.keys, h)
	}
}

// forgetUntried takes the keys of records that were not tried out of what will have been delivered.
func (b *batch) forgetUntried(outcomes []connector.Outcome) {
	untried := map[memo]bool{}
	for i, o := range outcomes {
		if o.Kind == connector.NotTried && b.memos[i] != (memo{}) {
			untried[b.memos[i]] = true
		}
	}
	if len(untried) == 0 {
		return
	}
	for key, hashes := range b.seen {
		b.seen[key] = slices.DeleteFunc(hashes, func(h connector.Hash) bool { return untried[memo{key, h}] })
	}
}
