package connectortest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// SourceOptions say how a MemorySource behaves. The zero value is a source of immutable splits whose order is not
// stable, like the activity feed.
type SourceOptions struct {
	Name        string        // the connector's name; "" is "memory"
	Page        int           // splits in one enumeration; 0 is all
	Overlap     int           // splits of each stream that a later listing lists again
	StableOrder bool          // Read keeps the order and takes skip
	Mutable     bool          // splits change and vanish
	Interval    time.Duration // between listings; 0 is a minute
	Horizon     time.Duration // how far back it can be listed; 0: without bound
	Hold        int64         // bytes that may be held of what expires
	Now         func() time.Time
	// Wrap stands around each Source that Spec opens; for faults.
	Wrap func(connector.Source) connector.Source
}

// A MemorySource is a remote in memory. It keeps the contract strictly: Read reuses one buffer for all bodies, changes
// the order at every read unless the order is stable, and refuses a skip that it was not promised. All its methods may
// be called at any time from any goroutine.
type MemorySource struct {
	opt SourceOptions

	mu        sync.Mutex
	seq       int64 // rises with every change; a cursor holds one for each stream
	splits    map[string]*memorySplit
	gone      map[string]error // by split ID: what Read says
	gaps      []memoryGap
	streams   []string // in the order of their first split
	failed    map[string]error
	listErrs  []error
	listings  int
	reads     map[string]int
	readFault map[string][]readFault
}

type memorySplit struct {
	connector.Split
	seq     int64
	records []connector.Record
	refused map[int]error
}

type memoryGap struct {
	seq int64
	gap connector.Gap
}

type readFault struct {
	after int
	err   error
}

// NewMemorySource makes an empty remote.
func NewMemorySource(opt SourceOptions) *MemorySource {
	opt.Name = cmp.Or(opt.Name, "memory")
	opt.Interval = cmp.Or(opt.Interval, time.Minute)
	if opt.Now == nil {
		opt.Now = func() time.Time { return time.Now().UTC() }
	}
	return &MemorySource{
		opt: opt, splits: map[string]*memorySplit{}, gone: map[string]error{}, failed: map[string]error{},
		reads: map[string]int{}, readFault: map[string][]readFault{},
	}
}

// Put adds a split with its records, or replaces the one of the same ID. Its Locator is set if it has neither that nor
// Inline. A split that is put late, with an early Time, is a late one.
func (m *MemorySource) Put(split connector.Split, records ...connector.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(split, records)
}

func (m *MemorySource) put(split connector.Split, records []connector.Record) {
	if split.Locator == nil && split.Inline == nil {
		split.Locator, _ = json.Marshal(memoryLocator{ID: split.ID})
	}
	if !slices.Contains(m.streams, split.Stream) {
		m.streams = append(m.streams, split.Stream)
	}
	m.seq++
	delete(m.gone, split.ID)
	m.splits[split.ID] = &memorySplit{Split: split, seq: m.seq, records: clone(records), refused: map[int]error{}}
}

// Replace is a change of a mutable thing: its old version, known by its ID, is a Conflict from now on, and the new one
// is listed.
func (m *MemorySource) Replace(oldID string, split connector.Split, records ...connector.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(oldID, fault.New(fault.Conflict, "split %s changed since it was listed", oldID))
	m.put(split, records)
}

// Remove is a mutable thing that was deleted: it is listed no more and reading it is a Conflict.
func (m *MemorySource) Remove(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(id, fault.New(fault.Conflict, "split %s was removed since it was listed", id))
}

// Expire is a split that the remote no longer has: it is listed no more and reading it is Lost.
func (m *MemorySource) Expire(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(id, fault.New(fault.Lost, "split %s has expired at the source", id))
}

func (m *MemorySource) drop(id string, err error) {
	m.seq++
	delete(m.splits, id)
	m.gone[id] = err
}

// Lose reports a gap in the next listing.
func (m *MemorySource) Lose(gap connector.Gap) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seq++
	m.gaps = append(m.gaps, memoryGap{m.seq, gap})
}

// Refuse makes Read yield an Invalid error beside the split's i-th record.
func (m *MemorySource) Refuse(id string, i int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.splits[id].refused[i] = err
}

// FailStream makes listings report that a stream could not be listed, until err is nil.
func (m *MemorySource) FailStream(stream string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		delete(m.failed, stream)
		return
	}
	m.failed[stream] = err
}

// FailList makes the next calls of Enumerate fail, one for each error.
func (m *MemorySource) FailList(errs ...error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listErrs = append(m.listErrs, errs...)
}

// FailRead makes the next Read of a split end with err after some records. Called again it is for the Read after that.
func (m *MemorySource) FailRead(id string, after int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.readFault[id] = append(m.readFault[id], readFault{after, err})
}

// Listings is how often Enumerate was called.
func (m *MemorySource) Listings() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.listings
}

// Reads is how often a split's Read was begun.
func (m *MemorySource) Reads(id string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reads[id]
}

// Records are all records that the remote has now, by split ID and in order.
func (m *MemorySource) Records() []connector.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []connector.Record
	for _, s := range m.sorted() {
		out = append(out, clone(s.records)...)
	}
	return out
}

// Open gives a Source that reads this remote. Several may be open.
func (m *MemorySource) Open() connector.Source {
	var s connector.Source = memoryReader{m}
	if m.opt.Wrap != nil {
		s = m.opt.Wrap(s)
	}
	return s
}

// MemoryConfig is the config of the connectors in memory.
type MemoryConfig struct {
	Streams []string `yaml:"streams" doc:"Streams to list; empty is all"`
	Refuse  string   `yaml:"refuse" doc:"Makes the config invalid with this text"`
}

// Validate reports Refuse.
func (c *MemoryConfig) Validate() fault.Problems {
	if c.Refuse != "" {
		return fault.Problems{{Field: "refuse", Text: c.Refuse}}
	}
	return nil
}

// Spec makes a connector of this remote.
func (m *MemorySource) Spec() connector.Spec {
	spec := connector.Spec{
		Name: m.opt.Name, Title: "Memory", Summary: "Records in memory, for tests.", README: "# Memory\n",
		Source: &connector.SourceSpec{
			Config:      func() connector.Config { return &MemoryConfig{} },
			Open:        func(connector.Config, connector.Env) (connector.Source, error) { return m.Open(), nil },
			StableOrder: m.opt.StableOrder,
			Mutable:     m.opt.Mutable,
			Interval:    func(connector.Config) time.Duration { return m.opt.Interval },
			Horizon:     m.opt.Horizon,
			Streams:     func(cfg connector.Config) []string { return cfg.(*MemoryConfig).Streams },
			Hold:        func(connector.Config) int64 { return m.opt.Hold },
			Check: func(context.Context, connector.Config, connector.Env) []connector.Check {
				return []connector.Check{{Name: "Memory", Result: connector.Works, Text: "it is there"}}
			},
		},
	}
	if m.opt.Mutable {
		spec.Source.Find = func(ctx context.Context, _ connector.Config, _ connector.Env, sought connector.Sought) (connector.Record, error) {
			return m.Find(ctx, sought)
		}
	} else {
		spec.Source.Range = func(_ connector.Config, from, to time.Time) (connector.Cursor, error) {
			return memoryCursor{Version: 1, From: from, To: to}.encode(), nil
		}
	}
	return spec
}

// Find looks a record up among what is there now; it is the spec's if the source is Mutable.
func (m *MemorySource) Find(ctx context.Context, sought connector.Sought) (connector.Record, error) {
	if err := ctx.Err(); err != nil {
		return connector.Record{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.sorted() {
		found := *s
		if s.Inline != nil {
			found, _ = inline(s.Split)
		}
		for i, r := range found.records {
			if sought.Fits(r.Key) {
				return clone([]connector.Record{r})[0], found.refused[i]
			}
		}
	}
	return connector.Record{}, fault.New(fault.NotFound, "there is no record %q", sought.Key)
}
