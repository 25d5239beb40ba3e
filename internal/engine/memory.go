package engine

import (
	"container/list"
	"context"
	"encoding/binary"
	"math/bits"
	"sync"

	"github.com/headrace/headrace/internal/connector"
)

// memory is the filters that know, in bounded memory, which records are surely new to a flow. A filter holds the
// hashes of one hour and may err only to the safe side: "maybe seen" is looked up in the store. Filters are made from
// the store when an hour is first touched, and the least recently used ones are forgotten.
type memory struct {
	mu     sync.Mutex
	bound  int
	bytes  int
	hours  map[hourKey]*list.Element // of *hourFilter
	recent *list.List                // front: used last
}

// hourKey is one hour of what one flow remembers.
type hourKey struct{ flow, generation, hour int64 }

type hourFilter struct {
	key   hourKey
	sets  []*bloom
	whole bool // it holds what the store has
}

func newMemory(bound int) *memory {
	return &memory{bound: bound, hours: map[hourKey]*list.Element{}, recent: list.New()}
}

// loader reads what the store remembers of an hour.
type loader interface {
	SeenIn(ctx context.Context, flow, generation, hour int64) ([]connector.Hash, error)
}

// maybe tells which hashes of an hour may have been seen; the others are surely new. Only the lane's worker asks
// and adds.
func (m *memory) maybe(ctx context.Context, from loader, key hourKey, hashes []connector.Hash) ([]connector.Hash, error) {
	f, err := m.filter(ctx, from, key)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []connector.Hash
	for _, h := range hashes {
		if f.has(h) {
			out = append(out, h)
		}
	}
	return out, nil
}

// add puts delivered hashes into the filter of their hour, if there is one in memory or on its way.
func (m *memory) add(key hourKey, hashes []connector.Hash) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.hours[key]
	if !ok {
		return
	}
	f := e.Value.(*hourFilter)
	for _, h := range hashes {
		m.bytes += f.add(h)
	}
	m.shrink()
}

// forget drops what is known of a flow: another worker may have added to its hours since.
func (m *memory) forget(flow int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, e := range m.hours {
		if key.flow == flow {
			m.drop(e)
		}
	}
}

// filter finds the filter of an hour or makes it from the store. It stands in its place while it is being read, so that
// what is delivered meanwhile goes into it too.
func (m *memory) filter(ctx context.Context, from loader, key hourKey) (*hourFilter, error) {
	m.mu.Lock()
	if e, ok := m.hours[key]; ok && e.Value.(*hourFilter).whole {
		m.recent.MoveToFront(e)
		m.mu.Unlock()
		return e.Value.(*hourFilter), nil
	}
	f := &hourFilter{key: key, sets: []*bloom{newBloom(64)}}
	var place *list.Element
	if _, taken := m.hours[key]; !taken {
		place = m.recent.PushFront(f)
		m.hours[key] = place
		m.bytes += f.size()
	}
	m.mu.Unlock()

	known, err := from.SeenIn(ctx, key.flow, key.generation, key.hour)
	m.mu.Lock()
	defer m.mu.Unlock()
	before := f.size()
	stored := newBloom(max(len(known)*2, 512))
	for _, h := range known {
		stored.add(h)
	}
	f.sets, f.whole = append(f.sets, stored), true // the last has room
	if m.hours[key] != place || place == nil {
		return f, err // forgotten meanwhile, or another's: good for this once
	}
	m.bytes += f.size() - before
	if err != nil {
		m.drop(place)
		return nil, err
	}
	m.shrink()
	return f, nil
}

// shrink forgets the least recently used hours, but never the last one.
func (m *memory) shrink() {
	for m.bytes > m.bound && m.recent.Len() > 1 {
		m.drop(m.recent.Back())
	}
}

func (m *memory) drop(e *list.Element) {
	f := m.recent.Remove(e).(*hourFilter)
	delete(m.hours, f.key)
	m.bytes -= f.size()
}

// add gives by how many bytes the filter grew.
func (f *hourFilter) add(h connector.Hash) int {
	last := f.sets[len(f.sets)-1]
	grown := 0
	if last.room == 0 {
		last = newBloom(last.capacity * 2)
		f.sets = append(f.sets, last)
		grown = len(last.bits) * 8
	}
	last.add(h)
	return grown
}

func (f *hourFilter) has(h connector.Hash) bool {
	for _, s := range f.sets {
		if s.has(h) {
			return true
		}
	}
	return false
}

func (f *hourFilter) size() int {
	n := 0
	for _, s := range f.sets {
		n += len(s.bits) * 8
	}
	return n
}

// bloom is a Bloom filter with 24 bits and 8 probes for each of its capacity: fewer than one of 10,000 new hashes look
// seen. A filter that has grown is several of these, a chunk of records is looked up as a whole, and a look into the store
// costs more than all of the chunk's probes: with half of the bits every second chunk had one. The hashes are uniform
// already, so the probes are arithmetic on them.
type bloom struct {
	bits           []uint64
	capacity, room int
}

const (
	bitsEach = 24
	probes   = 8
)

func newBloom(capacity int) *bloom {
	return &bloom{bits: make([]uint64, (capacity*bitsEach+63)/64), capacity: capacity, room: capacity}
}

func (b *bloom) add(h connector.Hash) {
	b.room--
	x, y := halves(h)
	for range probes {
		i := b.place(x)
		b.bits[i/64] |= 1 << (i % 64)
		x += y
	}
}

func (b *bloom) has(h connector.Hash) bool {
	x, y := halves(h)
	for range probes {
		i := b.place(x)
		if b.bits[i/64]&(1<<(i%64)) == 0 {
			return false
		}
		x += y
	}
	return true
}

// place is which bit stands for a number: the number's share of all numbers, which is a remainder without dividing.
func (b *bloom) place(x uint64) uint64 {
	i, _ := bits.Mul64(x, uint64(len(b.bits))*64)
	return i
}

func halves(h connector.Hash) (uint64, uint64) {
	return binary.BigEndian.Uint64(h[:8]), binary.BigEndian.Uint64(h[8:]) | 1
}
