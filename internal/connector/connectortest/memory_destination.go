package connectortest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// DestinationOptions say how a MemoryDestination or a KeyedDestination behaves.
type DestinationOptions struct {
	Name         string // the connector's name; "" is "memory-append" or "memory-keyed"
	Lanes        int
	BatchRecords int
	BatchBytes   int
	MaxRecord    int64 // 0: the engine's own bound
	Exclusive    bool  // two flows may not share it
	// Wrap stands around each Destination that Spec opens; for faults.
	Wrap func(connector.Destination) connector.Destination
}

// A MemoryDestination is a place in memory that is appended to, like a file: it recognises no key, and what a lane wrote
// after its last committed receipt is undone by the next Write. What it holds outlives its Destinations, as after a
// crash. A receipt that it never gave is refused.
type MemoryDestination struct {
	opt DestinationOptions

	mu     sync.Mutex
	lanes  map[int][]memoryWrite
	refuse map[string]error
	writes int
	undone int
}

type memoryWrite struct {
	batch   string
	records []connector.Record
}

type memoryReceipt struct {
	Kind   string `json:"kind"` // "memory"
	Lane   int    `json:"lane"`
	Writes int    `json:"writes"` // so many writes of the lane stand
}

// NewMemoryDestination makes an empty place.
func NewMemoryDestination(opt DestinationOptions) *MemoryDestination {
	opt.Name = cmp.Or(opt.Name, "memory-append")
	return &MemoryDestination{opt: opt, lanes: map[int][]memoryWrite{}, refuse: map[string]error{}}
}

// Records are what stands there: lane by lane, in the order they were written.
func (m *MemoryDestination) Records() []connector.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	lanes := make([]int, 0, len(m.lanes))
	for lane := range m.lanes {
		lanes = append(lanes, lane)
	}
	slices.Sort(lanes)
	var out []connector.Record
	for _, lane := range lanes {
		for _, w := range m.lanes[lane] {
			out = append(out, clone(w.records)...)
		}
	}
	return out
}

// Bodies are the bodies of Records.
func (m *MemoryDestination) Bodies() []string { return Bodies(m.Records()) }

// Writes is how many batches with records were written, Undone how many of them were undone.
func (m *MemoryDestination) Writes() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writes
}

// Undone is how many written batches were undone because they were never committed.
func (m *MemoryDestination) Undone() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.undone
}

// Refuse rejects the records of a key for good, until err is nil.
func (m *MemoryDestination) Refuse(key string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		delete(m.refuse, key)
		return
	}
	m.refuse[key] = err
}

// Open gives a Destination that writes there.
func (m *MemoryDestination) Open() connector.Destination {
	return m.opt.wrap(memoryWriter{m})
}

// Spec makes a connector of this place.
func (m *MemoryDestination) Spec() connector.Spec {
	spec := m.opt.spec()
	spec.Open = func(connector.Config, connector.Env) (connector.Destination, error) { return m.Open(), nil }
	return connector.Spec{Name: m.opt.Name, Title: "Memory", Summary: "A place in memory, for tests.", README: "# Memory\n", Destination: spec}
}

func (o DestinationOptions) wrap(d connector.Destination) connector.Destination {
	if o.Wrap != nil {
		return o.Wrap(d)
	}
	return d
}

// spec is what both kinds of destination have in common.
func (o DestinationOptions) spec() *connector.DestinationSpec {
	spec := &connector.DestinationSpec{
		Config:       func() connector.Config { return &MemoryConfig{} },
		Lanes:        o.Lanes,
		BatchRecords: o.BatchRecords,
		BatchBytes:   o.BatchBytes,
		Check: func(context.Context, connector.Config, connector.Env) []connector.Check {
			return []connector.Check{{Name: "Memory", Result: connector.Works, Text: "it is there"}}
		},
	}
	if o.MaxRecord > 0 {
		spec.MaxRecord = func(connector.Config) int64 { return o.MaxRecord }
	}
	if o.Exclusive {
		spec.Exclusive = func(connector.Config, string) string { return "memory:" + o.Name }
	}
	return spec
}

type memoryWriter struct{ m *MemoryDestination }

func (memoryWriter) Close() error { return nil }

// Write undoes what was not committed, then appends.
func (w memoryWriter) Write(ctx context.Context, batch connector.Batch) (connector.Result, error) {
	if err := ctx.Err(); err != nil {
		return connector.Result{}, err
	}
	m := w.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.recover(batch); err != nil {
		return connector.Result{}, err
	}
	out := connector.Result{Outcomes: make([]connector.Outcome, len(batch.Records))}
	var stored []connector.Record
	for i, r := range batch.Records {
		if err := m.refuse[r.Key]; err != nil {
			out.Outcomes[i] = connector.Outcome{Kind: connector.Rejected, Err: err}
			continue
		}
		out.Outcomes[i].Kind = connector.Stored
		stored = append(stored, r)
	}
	if len(batch.Records) > 0 {
		m.writes++
		m.lanes[batch.Lane] = append(m.lanes[batch.Lane], memoryWrite{batch.ID, clone(stored)})
	}
	out.Receipt, _ = json.Marshal(memoryReceipt{"memory", batch.Lane, len(m.lanes[batch.Lane])})
	return out, nil
}

func (m *MemoryDestination) recover(batch connector.Batch) error {
	var after memoryReceipt
	if len(batch.After) > 0 {
		if err := json.Unmarshal(batch.After, &after); err != nil || after.Kind != "memory" || after.Lane != batch.Lane {
			return fault.New(fault.Internal, "receipt %q is not one of lane %d", batch.After, batch.Lane)
		}
	}
	written := m.lanes[batch.Lane]
	if after.Writes > len(written) {
		return fault.New(fault.Internal, "receipt %q was never given: lane %d holds %d writes", batch.After, batch.Lane, len(written))
	}
	m.undone += len(written) - after.Writes
	m.lanes[batch.Lane] = written[:after.Writes:after.Writes]
	return nil
}
