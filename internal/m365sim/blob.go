package m365sim

import (
	"slices"
	"sort"
	"sync/atomic"
)

// A blob is one content blob: a recipe for its body, and times in milliseconds. All but the notes at its end is
// fixed once it is made.
type blob struct {
	seq       int // in its stream
	ctype     int
	id        string
	created   int64 // contentCreated
	available int64 // when listings begin to show it; later than created when it is late
	settled   int64 // from then on it is whole
	seed      uint64
	own       int         // records of its own
	first     int         // loaded events: the index of the first
	loaded    bool        // its own records are a person's
	extras    []recordRef // records of other blobs that come again in this one
	partial   bool        // gives only some of its records until settled
	bytes     int         // each generated record has at least so many
	kind      string      // of a special blob

	exact   atomic.Bool  // last listed by a startTime equal to created
	listed  atomic.Int32 // times
	fetched atomic.Int32 // times, whole
	reads   atomic.Uint32
}

// A recordRef is a record of some blob.
type recordRef struct {
	blob  *blob
	index int
	plain bool // DLP without details, as the workload's own content type has it
}

func (b *blob) expires() int64 { return b.created + retention.Milliseconds() }

func (b *blob) size() int { return b.own + len(b.extras) }

// record is the i-th record of the blob: its own or one that comes again.
func (b *blob) record(i int) recordRef {
	if i < b.own {
		return recordRef{blob: b, index: i}
	}
	return b.extras[i-b.own]
}

func (b *blob) noteListed(exact bool) {
	b.listed.Add(1)
	b.exact.Store(exact)
}

// readable is how many records a read gives now.
func (b *blob) readable(now int64, rules Partial) int {
	if now >= b.settled || !b.partial && !(rules.OnExactStart && b.exact.Load()) {
		return b.size()
	}
	return int(chance(mix(b.seed, 11)) * float64(b.size()))
}

// A stream is the content of one tenant and type.
type stream struct {
	ctype     int
	blobs     []*blob // in the order in which they were made
	byCreated []*blob
	byID      map[string]*blob
}

func (x *stream) add(b *blob) {
	b.seq, b.ctype = len(x.blobs), x.ctype
	x.blobs = append(x.blobs, b)
	x.byID[b.id] = b
	at := sort.Search(len(x.byCreated), func(i int) bool { return x.byCreated[i].created > b.created })
	x.byCreated = slices.Insert(x.byCreated, at, b)
}

// between gives the blobs whose contentCreated is in [from, to).
func (x *stream) between(from, to int64) []*blob {
	low := sort.Search(len(x.byCreated), func(i int) bool { return x.byCreated[i].created >= from })
	high := sort.Search(len(x.byCreated), func(i int) bool { return x.byCreated[i].created >= to })
	return x.byCreated[low:high]
}
