package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// rig is a source, flows and a destination in memory, over a real database whose clock the test moves.
type rig struct {
	t      testing.TB
	d      *storetest.Database
	store  *store.Store
	source *connectortest.MemorySource
	append *connectortest.MemoryDestination
	keyed  *connectortest.KeyedDestination
	from   store.Object
	to     store.Object
	flow   store.Object
	rules  engine.MirrorRules
	set    engine.Settings
	log    *journal

	// What stands between the engine and the connectors; nil: nothing does.
	change     func(ctx context.Context, r connector.Record, emit func(connector.Record) error) error
	wrap       func(connector.Destination) connector.Destination
	wrapSource func(connector.Source) connector.Source
	spec       func(*connector.DestinationSpec)
	openTo     func(flow store.Object) connector.Destination // in place of append
	openErr    error                                         // what opening says
	hold       string                                        // the folder of held content
	sample     func(*engine.Source, []connector.Record)

	engine *engine.Engine

	versions map[string]string // a mirror's files: their split now
}

// each runs a test over each database, on a rig that appends or mirrors.
func each(t *testing.T, mirror bool, test func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		test(t, newRig(t, d, connectortest.SourceOptions{Mutable: mirror}, mirror))
	})
}

func newRig(t testing.TB, d *storetest.Database, from connectortest.SourceOptions, mirror bool) *rig {
	t.Helper()
	return rigOn(t, d, d.Open(t), from, mirror)
}

// another makes a new rig on the same database in the place of this one: making a database takes long.
func (r *rig) another() *rig { return r.again(connectortest.SourceOptions{}) }

func (r *rig) again(from connectortest.SourceOptions) *rig {
	r.t.Helper()
	for _, o := range []store.Object{r.flow, r.from, r.to} {
		o, err := r.store.ObjectByID(r.ctx(), o.Kind, o.ID)
		r.ok(err)
		r.ok(r.store.DeleteObject(r.ctx(), o))
	}
	return rigOn(r.t, r.d, r.store, from, strings.Contains(string(r.flow.Spec), "mirror"))
}

func rigOn(t testing.TB, d *storetest.Database, s *store.Store, from connectortest.SourceOptions, mirror bool) *rig {
	t.Helper()
	from.Now, from.Mutable = d.Clock.Now, from.Mutable || mirror
	r := &rig{t: t, d: d, store: s, set: engine.DefaultSettings(), log: &journal{}, versions: map[string]string{},
		rules:  engine.MirrorRules{Deletes: "absence", GuardPercent: 10, GuardKeys: 10},
		source: connectortest.NewMemorySource(from),
		append: connectortest.NewMemoryDestination(connectortest.DestinationOptions{}),
		keyed:  connectortest.NewKeyedDestination(connectortest.DestinationOptions{}),
	}
	r.set.Linger, r.set.Turn = time.Minute, time.Minute // batches are cut by size alone, so that tests know them
	r.from = r.create(store.Object{Kind: store.Source, Name: "from", Tenant: "t1"})
	r.to = r.create(store.Object{Kind: store.Destination, Name: "to"})
	r.flow = r.newFlow("flow", mirror)
	return r
}

func (r *rig) newFlow(name string, mirror bool) store.Object {
	r.t.Helper()
	spec := `{"mode":"append"}`
	if mirror {
		spec = `{"mode":"mirror"}`
	}
	return r.create(store.Object{Kind: store.Flow, Name: name, Spec: []byte(spec), SourceID: r.from.ID, DestinationID: r.to.ID, Tenant: "t1", Lanes: 1})
}

func (r *rig) create(o store.Object) store.Object {
	r.t.Helper()
	if o.Spec == nil {
		o.Spec = []byte(`{}`)
	}
	made, err := r.store.CreateObject(r.ctx(), o, nil)
	r.ok(err)
	return made
}

func (r *rig) ctx() context.Context { return r.t.Context() }

func (r *rig) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// OpenSource gives the memory source.
func (r *rig) OpenSource(context.Context, store.Object) (*engine.Source, error) {
	if r.openErr != nil {
		return nil, r.openErr
	}
	spec, opened := r.source.Spec(), r.source.Open()
	if r.wrapSource != nil {
		opened = r.wrapSource(opened)
	}
	return &engine.Source{Source: opened, Spec: *spec.Source, Config: spec.Source.Config()}, nil
}

// OpenFlow gives the memory destination that the flow writes to.
func (r *rig) OpenFlow(_ context.Context, flow, _, _ store.Object) (*engine.Flow, error) {
	f := &engine.Flow{Rules: r.rules, Transform: r.change, Mirror: strings.Contains(string(flow.Spec), "mirror")}
	if f.Mirror {
		f.Destination, f.Spec, f.Prepare = r.keyed.Open(), *r.keyed.Spec().Destination, connectortest.PrepareItem
	} else {
		f.Destination, f.Spec = r.append.Open(), *r.append.Spec().Destination
	}
	if r.openTo != nil {
		f.Destination = r.openTo(flow)
	}
	if r.spec != nil {
		r.spec(&f.Spec)
	}
	if r.wrap != nil {
		f.Destination = r.wrap(f.Destination)
	}
	return f, nil
}

// start makes a new engine over what there is, as after a crash.
func (r *rig) start() *engine.Engine {
	r.engine = engine.New(engine.Options{Store: r.store, Opener: r, Settings: r.set, Node: "test", HoldDir: r.hold, Sample: r.sample, Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	return r.engine
}

// once works on a new engine until all that is available is delivered, moving the clock to whatever is waited for.
func (r *rig) once() store.Standing {
	r.t.Helper()
	defer func(e *engine.Engine) { r.ok(e.Close()) }(r.start())
	return r.goOn()
}

// goOn is once on the same engine.
func (r *rig) goOn() store.Standing {
	r.t.Helper()
	ctx, since := r.ctx(), r.store.Now()
	r.ok(r.store.ListNow(ctx))
	r.ok(r.engine.StartCrawls(ctx))
	idle := 0
	for range 5000 {
		if r.turn() {
			idle = 0
			continue
		}
		r.ok(r.engine.FinishRuns(ctx)) // it may find work
		standing, err := r.store.Standing(ctx, since)
		r.ok(err)
		if standing.Idle() {
			return standing
		}
		next, err := r.store.NextDue(ctx)
		r.ok(err)
		if !next.After(r.store.Now()) {
			if idle++; idle < 3 {
				continue
			}
			r.t.Fatalf("work is left and due (%+v), and nobody takes it\n%s", standing, r.log)
		}
		r.d.Clock.Add(next.Sub(r.store.Now()))
	}
	r.t.Fatalf("no end after 5000 turns\n%s", r.log)
	return store.Standing{}
}

// turn gives a listing and a lane their turns; false: nothing was due.
func (r *rig) turn() bool {
	r.t.Helper()
	listed, err := r.engine.ListNext(r.ctx(), 0)
	r.ok(err)
	delivered, err := r.engine.DeliverNext(r.ctx(), 0)
	r.ok(err)
	return listed || delivered
}

// list gives listings their turns until none is due.
func (r *rig) list() {
	r.t.Helper()
	for {
		if did, err := r.engine.ListNext(r.ctx(), 0); err != nil || !did {
			r.ok(err)
			return
		}
	}
}

// put adds a split "s<n>" of an hour ago with the records from to to.
func (r *rig) put(id string, from, to int) {
	r.source.Put(connector.Split{ID: id, Stream: "s", Time: r.store.Now().Add(-time.Hour)}, connectortest.Records(from, to)...)
}

func (r *rig) counts() store.Counts { return r.countsOf(r.flow, 0) }

func (r *rig) countsOf(flow store.Object, run int64) store.Counts {
	r.t.Helper()
	c, err := r.store.Counts(r.ctx(), flow.ID, run)
	r.ok(err)
	return c
}

func (r *rig) backlog() store.Backlog {
	r.t.Helper()
	b, err := r.store.Backlog(r.ctx(), r.flow.ID)
	r.ok(err)
	return b
}

func (r *rig) letters() []store.DeadLetter {
	r.t.Helper()
	all, err := r.store.DeadLettersWhole(r.ctx(), store.LetterFilter{Limit: 1000})
	r.ok(err)
	return all
}

// holds checks that the destination has these records, each once.
func (r *rig) holds(want ...connector.Record) {
	r.t.Helper()
	sameBodies(r.t, r.append.Bodies(), connectortest.Bodies(want))
}

func sameBodies(t testing.TB, got, want []string) {
	t.Helper()
	g, w := slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if slices.Equal(g, w) {
		return
	}
	count := map[string]int{}
	for _, b := range g {
		count[b]++
	}
	for _, b := range w {
		count[b]--
	}
	var wrong []string
	for b, n := range count {
		if n != 0 {
			wrong = append(wrong, fmt.Sprintf("%+d × %s", n, b))
		}
	}
	slices.Sort(wrong)
	t.Errorf("the destination holds %d records, want %d; wrong are %d: %.600v", len(g), len(w), len(wrong), wrong)
}

// record makes one with a body of its own.
func record(key, body string) connector.Record {
	return connector.Record{Key: key, Time: connectortest.Start, Body: []byte(body)}
}

// journal keeps what the engine logs.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	text := j.b.String()
	return text[max(0, len(text)-4000):]
}

func (j *journal) has(text string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Contains(j.b.String(), text)
}

// usurp takes every lease away, as if another worker had found them ended: to who works now it is as if it were
// killed.
func (r *rig) usurp() {
	r.t.Helper()
	if !r.d.Shared {
		r.ok(r.store.TakeOver(context.Background()))
		return
	}
	for _, table := range []string{"lane", "listing"} {
		storetest.Exec(r.t, r.d.Options.URL, `UPDATE `+table+` SET lease = lease + 1, lease_until = 0 WHERE lease_until > 0`)
	}
}

// small makes the destination take so few records in a batch.
func (r *rig) small(records int) {
	r.spec = func(s *connector.DestinationSpec) { s.BatchRecords = records }
}

// faulty puts one faulty destination in the place of all that are opened.
func (r *rig) faulty(d connector.Destination) {
	r.wrap = func(connector.Destination) connector.Destination { return d }
}

// before calls hook before each write with records, after when it was written and nobody knows.
func (r *rig) hooks(before, after func(n int)) {
	n := 0
	inner := r.append.Open()
	if r.wrap != nil {
		inner = r.wrap(inner)
	}
	if strings.Contains(string(r.flow.Spec), "mirror") {
		inner = r.keyed.Open()
	}
	r.faulty(afterWrite{inner, func(b connector.Batch) {
		if n++; before != nil {
			before(n)
		}
	}, func(connector.Batch) {
		if after != nil {
			after(n)
		}
	}})
}

type afterWrite struct {
	connector.Destination
	before, after func(connector.Batch)
}

func (a afterWrite) Write(ctx context.Context, b connector.Batch) (connector.Result, error) {
	if len(b.Records) == 0 {
		return a.Destination.Write(ctx, b)
	}
	a.before(b)
	result, err := a.Destination.Write(ctx, b)
	a.after(b)
	return result, err
}
