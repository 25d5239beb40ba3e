// Package engine is the data path. It reads from top to bottom:
//
//	List     asks a source what there is and remembers it: splits, cursor, gaps            list.go
//	Deliver  takes one lane's turn: read → drop repeats → transform → batch → write → commit  deliver.go, read.go, assemble.go, write.go
//	Finish   ends runs; for a mirror it deletes what a complete crawl did not see          finish.go
//
// What is due, delivered or lost stands in the store; a lease on the listing or lane makes the work ours, and every
// commit checks it. A crash repeats at most the batch in hand of each lane. Nothing here starts a goroutine that it
// does not wait for, and no network call happens inside a transaction.
package engine

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
)

// Settings are the bounds of the data path. Their defaults are measured; see tests/bench.
type Settings struct {
	Lease      time.Duration // how long a lease lasts without being renewed
	Renew      time.Duration // how often it is renewed
	Turn       time.Duration // how long a lane or a listing works before others have their turn
	Grace      time.Duration // how long a step that has begun may take after a stop request
	Linger     time.Duration // how long a batch waits to become fuller
	Readers    int           // splits that are read at the same time, in the whole process
	ReadAhead  int           // splits that one lane reads ahead
	BatchBytes int           // of one batch; lanes that are at work at the same time share it
	BatchCount int
	MaxRecord  int64 // bytes; a larger record is a dead letter, unless the destination says otherwise
	Attempts   int   // tries that count before a delivery has failed
	Memory     int   // bytes of the filters that know surely new records
}

// DefaultSettings are what the binary runs with.
func DefaultSettings() Settings {
	return Settings{
		Lease: 45 * time.Second, Renew: 10 * time.Second, Turn: 5 * time.Second, Grace: 20 * time.Second, Linger: 200 * time.Millisecond,
		Readers: 128, ReadAhead: 96, BatchBytes: 6 << 20, BatchCount: 10_000, MaxRecord: 32_000_000, Attempts: 5, Memory: 32 << 20,
	}
}

// Options are what an Engine works with.
type Options struct {
	Store    *store.Store
	Opener   Opener
	Settings Settings // zero: DefaultSettings
	Node     string   // who holds our leases, for people
	HoldDir  string   // where content is kept that expires before it is delivered; "": nowhere
	Wake     func()   // called when a listing found work; may be nil
	// Sample is shown what sources yield, some records of one split at a time, so that somebody can learn what they look
	// like. It is called in the middle of the work: it must return at once, and copy what it keeps. nil: nobody looks.
	Sample func(source *Source, records []connector.Record)
	Log    *slog.Logger
}

// Engine runs the data path. Its methods may be called from several goroutines, each with a lease of its own.
type Engine struct {
	store   *store.Store
	open    *openers
	set     Settings
	node    string
	wake    func()
	sample  func(*Source, []connector.Record)
	log     *slog.Logger
	slots   chan struct{} // one for each split that is being read
	holdDir string
	memory  *memory
	chunks  sync.Pool
	working atomic.Int32 // lanes that assemble batches now

	mu        sync.Mutex
	lanes     map[int64]store.Lease // the last lease of each lane whose turn ended well
	occupants map[row]*occupant     // the turns under way
}

// New makes an engine. Close closes what it opened.
func New(o Options) *Engine {
	if o.Settings == (Settings{}) {
		o.Settings = DefaultSettings()
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	if o.Sample == nil {
		o.Sample = func(*Source, []connector.Record) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Engine{
		store: o.Store, open: newOpeners(o.Store, o.Opener), set: o.Settings, node: o.Node, wake: o.Wake, sample: o.Sample, log: o.Log,
		slots: make(chan struct{}, o.Settings.Readers), memory: newMemory(o.Settings.Memory), lanes: map[int64]store.Lease{}, occupants: map[row]*occupant{}, holdDir: o.HoldDir,
		chunks: sync.Pool{New: func() any { return newChunk(chunkBytes) }},
	}
}

// Close closes the sources and destinations that the engine opened. No turn may be under way.
func (e *Engine) Close() error { return e.open.close() }

// Node is who this engine is.
func (e *Engine) Node() string { return e.node }

// ListNext takes the listing whose turn it is and lists; false: none is due. id picks a certain listing; 0 any.
func (e *Engine) ListNext(ctx context.Context, id int64) (bool, error) {
	l, ok, err := e.store.TakeListing(ctx, e.node, id, e.set.Lease)
	if err != nil || !ok {
		return false, err
	}
	return true, e.List(ctx, l)
}

// DeliverNext takes the lane whose turn it is and delivers; false: none is due. id picks a certain lane; 0 any.
func (e *Engine) DeliverNext(ctx context.Context, id int64) (bool, error) {
	l, ok, err := e.store.TakeLane(ctx, e.node, id, e.set.Lease)
	if err != nil || !ok {
		return false, err
	}
	return true, e.Deliver(ctx, l)
}

// A Source is an opened source with what its spec says of it.
type Source struct {
	connector.Source
	Spec   connector.SourceSpec
	Config connector.Config
	Object store.Object
}

// A Flow is an opened flow: its destination, its transform and its rules.
type Flow struct {
	connector.Destination
	Spec      connector.DestinationSpec
	Object    store.Object
	Mirror    bool
	MaxRecord int64 // 0: the engine's own bound
	// Transform makes none, one or several records of one and calls emit for each; nil: none. An Invalid error
	// refuses the record.
	Transform func(ctx context.Context, r connector.Record, emit func(connector.Record) error) error
	// Prepare makes what a keyed destination is sent; nil for others.
	Prepare func(connector.Record) ([]connector.Prepared, error)
	Rules   MirrorRules
	// Holds tells whether what a lane has written is where this process writes; nil: all nodes reach the same thing.
	Holds func(after connector.Receipt) (bool, error)

	revision int64 // of everything that decides what is sent
}

// MirrorRules say how a mirror is kept in step.
type MirrorRules struct {
	Deletes      string        // absence, tombstone, never
	GuardPercent float64       // a crawl that would delete more than this part …
	GuardKeys    int64         // … and more than so many keys waits for approval
	Every        time.Duration // between two crawls
	Full         time.Duration // between two full crawls
}

// An Opener opens what people configured. The engine keeps what it opened until a revision changes.
type Opener interface {
	OpenSource(ctx context.Context, source store.Object) (*Source, error)
	OpenFlow(ctx context.Context, flow, source, destination store.Object) (*Flow, error)
}
