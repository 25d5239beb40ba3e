package engine_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/dispatch"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// rig is a source, a flow and a destination in memory, over a real database.
type rig struct {
	t      *testing.T
	store  *store.Store
	source *connectortest.MemorySource
	append *connectortest.MemoryDestination
	keyed  *connectortest.KeyedDestination
	flow   store.Object
	rules  engine.MirrorRules
	change func(ctx context.Context, r connector.Record, emit func(connector.Record) error) error
	wrap   func(connector.Destination) connector.Destination
	set    engine.Settings
}

// newRig makes a rig whose flow appends, or mirrors if keyed is true.
func newRig(t *testing.T, s *store.Store, keyed bool) *rig {
	t.Helper()
	r := &rig{t: t, store: s, set: engine.DefaultSettings(), rules: engine.MirrorRules{Deletes: "absence", GuardPercent: 10, GuardKeys: 10}}
	r.source = connectortest.NewMemorySource(connectortest.SourceOptions{Now: s.Now, Mutable: keyed})
	r.append = connectortest.NewMemoryDestination(connectortest.DestinationOptions{})
	r.keyed = connectortest.NewKeyedDestination(connectortest.DestinationOptions{})
	ctx := t.Context()
	source := r.create(ctx, store.Object{Kind: store.Source, Name: "from", Tenant: "t1"})
	destination := r.create(ctx, store.Object{Kind: store.Destination, Name: "to"})
	spec := `{"mode":"append"}`
	if keyed {
		spec = `{"mode":"mirror"}`
	}
	r.flow = r.create(ctx, store.Object{Kind: store.Flow, Name: "flow", Spec: []byte(spec), SourceID: source.ID, DestinationID: destination.ID, Tenant: "t1", Lanes: 1})
	return r
}

func (r *rig) create(ctx context.Context, o store.Object) store.Object {
	r.t.Helper()
	if o.Spec == nil {
		o.Spec = []byte(`{}`)
	}
	made, err := r.store.CreateObject(ctx, o, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return made
}

// OpenSource gives the memory source.
func (r *rig) OpenSource(context.Context, store.Object) (*engine.Source, error) {
	spec := r.source.Spec()
	return &engine.Source{Source: r.source.Open(), Spec: *spec.Source, Config: spec.Source.Config()}, nil
}

// OpenFlow gives the memory destination that the flow writes to.
func (r *rig) OpenFlow(_ context.Context, flow, _, _ store.Object) (*engine.Flow, error) {
	f := &engine.Flow{Rules: r.rules, Transform: r.change, Mirror: strings.Contains(string(flow.Spec), "mirror")}
	if f.Mirror {
		f.Destination, f.Spec, f.Prepare = r.keyed.Open(), *r.keyed.Spec().Destination, connectortest.PrepareItem
	} else {
		f.Destination, f.Spec = r.append.Open(), *r.append.Spec().Destination
	}
	if r.wrap != nil {
		f.Destination = r.wrap(f.Destination)
	}
	return f, nil
}

// once runs a new engine until all that is available is delivered.
func (r *rig) once() error {
	r.t.Helper()
	local := dispatch.NewLocal(slog.New(slog.DiscardHandler))
	e := engine.New(engine.Options{Store: r.store, Opener: r, Settings: r.set, Node: "test", Wake: local.Wake, Log: slog.New(slog.NewTextHandler(r.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))})
	local.Engine, local.Store = e, r.store
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	err := local.Once(ctx, nil)
	if ctx.Err() != nil {
		st, _ := r.store.Standing(r.t.Context(), time.Time{})
		lanes, _ := r.store.Lanes(r.t.Context(), 0)
		r.t.Fatalf("not done within a minute: %+v, lanes %+v, backlog now %v", st, lanes, r.store.Now())
	}
	if cerr := e.Close(); cerr != nil {
		r.t.Error(cerr)
	}
	return err
}

func (r *rig) counts() store.Counts {
	r.t.Helper()
	c, err := r.store.Counts(r.t.Context(), r.flow.ID, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func sameBodies(t *testing.T, got, want []string) {
	t.Helper()
	g, w := slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(g, w) {
		t.Errorf("the destination holds %d records, want %d:\n got %.300v\nwant %.300v", len(g), len(w), g, w)
	}
}

func TestEveryRecordIsDeliveredOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		r := newRig(t, open(), false)
		for i := range 50 {
			r.source.Put(connector.Split{ID: string(rune('A' + i)), Stream: "s", Time: r.store.Now().Add(-time.Duration(i) * time.Hour)}, connectortest.Records(i*100, i*100+100)...)
		}
		// The same records once more, in other splits.
		r.source.Put(connector.Split{ID: "again", Stream: "s", Time: r.store.Now()}, connectortest.Records(50, 150)...)
		if err := r.once(); err != nil {
			t.Fatal(err)
		}
		sameBodies(t, r.append.Bodies(), connectortest.Bodies(connectortest.Records(0, 5000)))
		if c := r.counts(); c.Delivered != 5000 || c.Repeats != 100 || c.Fetched != 5100 || c.Splits != 51 || c.Listed != 51 {
			t.Errorf("counts are %+v", c)
		}
		r.source.Put(connector.Split{ID: "later", Stream: "s", Time: r.store.Now()}, connectortest.Records(4990, 5010)...)
		if err := r.once(); err != nil {
			t.Fatal(err)
		}
		sameBodies(t, r.append.Bodies(), connectortest.Bodies(connectortest.Records(0, 5010)))
	})
}
