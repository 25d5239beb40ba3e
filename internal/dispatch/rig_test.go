package dispatch_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/store"
)

// world is sources and destinations in memory that the nodes of a test share. Flow i leads from source i to
// destination i.
type world struct {
	sources      map[string]*connectortest.MemorySource // by the source's name
	destinations map[string]*connectortest.MemoryDestination
	wrapSource   func(connector.Source) connector.Source
}

func newWorld() *world {
	return &world{sources: map[string]*connectortest.MemorySource{}, destinations: map[string]*connectortest.MemoryDestination{}}
}

// add makes a source and a destination in memory.
func (w *world) add(name string, o connectortest.SourceOptions) *connectortest.MemorySource {
	w.sources[name] = connectortest.NewMemorySource(o)
	w.destinations[name] = connectortest.NewMemoryDestination(connectortest.DestinationOptions{BatchRecords: 50})
	return w.sources[name]
}

// configure makes the objects of everything in the world, each of a tenant of its own.
func (w *world) configure(t *testing.T, s *store.Store) {
	t.Helper()
	names := make([]string, 0, len(w.sources))
	for name := range w.sources {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		source := create(t, s, store.Object{Kind: store.Source, Name: name, Tenant: name})
		destination := create(t, s, store.Object{Kind: store.Destination, Name: name})
		create(t, s, store.Object{Kind: store.Flow, Name: name, Tenant: name, SourceID: source.ID, DestinationID: destination.ID, Lanes: 1})
	}
}

func create(t *testing.T, s *store.Store, o store.Object) store.Object {
	t.Helper()
	if o.Spec = []byte(`{}`); o.Kind == store.Flow {
		o.Spec = []byte(`{"mode":"append"}`)
	}
	made, err := s.CreateObject(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// missing tells how many records of all sources stand in no destination, and how many stand there twice.
func (w *world) missing() (missing, twice int) {
	for name, source := range w.sources {
		have := map[string]int{}
		for _, r := range w.destinations[name].Records() {
			if have[r.Key]++; have[r.Key] > 1 {
				twice++
			}
		}
		for _, r := range source.Records() {
			if have[r.Key] == 0 {
				missing++
			}
		}
	}
	return missing, twice
}

// node opens the world's things for one engine and counts what that engine writes.
type node struct {
	*world
	wrap func(connector.Destination) connector.Destination

	mu     sync.Mutex
	writes int
}

// OpenSource gives the source of that name.
func (n *node) OpenSource(_ context.Context, o store.Object) (*engine.Source, error) {
	source, ok := n.sources[o.Name]
	if !ok {
		return nil, fmt.Errorf("no source %s", o.Name)
	}
	spec := source.Spec().Source
	opened := source.Open()
	if n.wrapSource != nil {
		opened = n.wrapSource(opened)
	}
	return &engine.Source{Source: opened, Spec: *spec, Config: spec.Config()}, nil
}

// OpenFlow gives the destination of that name.
func (n *node) OpenFlow(_ context.Context, flow, _, _ store.Object) (*engine.Flow, error) {
	destination := n.destinations[flow.Name]
	opened := destination.Open()
	if n.wrap != nil {
		opened = n.wrap(opened)
	}
	counted := connectortest.OnWrite(opened, func(_ context.Context, b connector.Batch) error {
		n.mu.Lock()
		defer n.mu.Unlock()
		if len(b.Records) > 0 {
			n.writes++
		}
		return nil
	})
	return &engine.Flow{Destination: counted, Spec: *destination.Spec().Destination}, nil
}

func (n *node) written() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.writes
}

// eventually waits until done, looking often.
func eventually(t *testing.T, within time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

// wait lets time pass.
func wait(d time.Duration) { <-time.After(d) }

func logTo(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// splits puts n splits of ten records each into a source.
func splits(source *connectortest.MemorySource, n int) {
	for i := range n {
		source.Put(connector.Split{ID: fmt.Sprintf("s%d", i), Stream: "s", Time: connectortest.Start.Add(time.Duration(i) * time.Minute)}, connectortest.Records(i*10, i*10+10)...)
	}
}
