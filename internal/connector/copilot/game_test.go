package copilot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	files "github.com/headrace/headrace/internal/connector/file/source"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/m365sim"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// gameSeeds are the games that are played: HEADRACE_SEED plays one again, HEADRACE_SEEDS says how many.
func gameSeeds(t *testing.T, usual int) []uint64 {
	t.Helper()
	if text := os.Getenv("HEADRACE_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return []uint64{seed}
	}
	if n, err := strconv.Atoi(os.Getenv("HEADRACE_SEEDS")); err == nil {
		usual = n
	}
	all := make([]uint64, usual)
	for i := range all {
		all[i] = rand.Uint64()
	}
	return all
}

// Whatever happens to the folder, to the tenant and to us, in the end the tenant holds what the folder holds: the real file
// source, engine, database and destination against the simulated tenant, with edits, crawls, crashes and faults at random.
func TestRandomFilling(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		n := 6
		if d.Shared || testing.Short() {
			n = 2
		}
		s := d.Open(t)
		for i, seed := range gameSeeds(t, n) {
			g := newFilling(t, d, s, i, seed)
			g.play()
			if t.Failed() {
				t.Fatalf("play it again with HEADRACE_SEED=%d\n%s", seed, g.said)
			}
			g.leave()
		}
	})
}

// filling is one game.
type filling struct {
	*world
	d      *storetest.Database
	store  *store.Store
	rand   *rand.Rand
	seed   uint64
	said   *tail
	flow   store.Object
	from   store.Object
	to     store.Object
	engine *engine.Engine
	batch  int // records
	faulty atomic.Bool
	killed atomic.Bool
	tick   atomic.Uint64

	folder string
	model  map[string]map[string]string // by file: the text of each of its items, by key
	edits  int
}

func newFilling(t *testing.T, d *storetest.Database, s *store.Store, number int, seed uint64, change ...func(*m365sim.Scenario)) *filling {
	t.Helper()
	g := &filling{d: d, store: s, seed: seed, rand: rand.New(rand.NewPCG(seed, 3)), said: &tail{}, folder: t.TempDir(), model: map[string]map[string]string{}}
	g.batch = 1 + g.rand.IntN(12)
	g.world = newWorld(t, func(s *m365sim.Scenario) {
		s.Graph.SchemaTime = m365sim.Duration(time.Duration(g.rand.IntN(200)) * time.Millisecond)
		for _, c := range change {
			c(s)
		}
	})
	g.env.Now, g.env.Log = d.Clock.Now, slog.New(slog.NewTextHandler(g.said, nil))
	g.cfg.Connection.ID = fmt.Sprint("game", number)
	g.cfg.Schema = json.RawMessage(inferred)
	g.cfg.Item = Item{Properties: map[string]string{"title": `.title // .Name`, "from": `.path // "table"`}, Content: ".text // .Text", ContentType: "text", ACL: `[{type: "everyone"}]`}
	g.cfg.Concurrency = 1 + g.rand.IntN(8)
	if err := g.cfg.Validate().Err(); err != nil {
		t.Fatal(err)
	}
	create := func(o store.Object) store.Object {
		if o.Spec == nil {
			o.Spec = []byte(`{}`)
		}
		made, err := s.CreateObject(t.Context(), o, nil)
		g.ok(err)
		return made
	}
	g.from = create(store.Object{Kind: store.Source, Name: fmt.Sprint("from", number), Tenant: "t1"})
	g.to = create(store.Object{Kind: store.Destination, Name: fmt.Sprint("to", number)})
	g.flow = create(store.Object{Kind: store.Flow, Name: fmt.Sprint("flow", number), Spec: []byte(`{"mode":"mirror"}`), SourceID: g.from.ID, DestinationID: g.to.ID, Tenant: "t1", Lanes: 1})
	return g
}

// leave takes the flow out, so that the next game has the database for itself.
func (g *filling) leave() {
	for _, o := range []store.Object{g.flow, g.from, g.to} {
		o, err := g.store.ObjectByID(context.Background(), o.Kind, o.ID)
		g.ok(err)
		g.ok(g.store.DeleteObject(context.Background(), o))
	}
}

func (g *filling) ok(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatalf("seed %d: %v\n%s", g.seed, err, g.said)
	}
}

// OpenSource gives the real file source.
func (g *filling) OpenSource(context.Context, store.Object) (*engine.Source, error) {
	cfg := files.Default()
	cfg.Path, cfg.Key = g.folder, "Number"
	spec := files.Spec()
	opened, err := spec.Open(cfg, g.env)
	if err != nil {
		return nil, err
	}
	g.t.Cleanup(func() { _ = opened.Close() })
	return &engine.Source{Source: opened, Spec: *spec, Config: cfg}, nil
}

// OpenFlow gives the real destination.
func (g *filling) OpenFlow(context.Context, store.Object, store.Object, store.Object) (*engine.Flow, error) {
	do, err := prepare(g.cfg)
	if err != nil {
		return nil, err
	}
	spec := *Spec().Destination
	spec.BatchRecords = g.batch
	return &engine.Flow{Destination: struck{g.open(), g}, Spec: spec, Prepare: do, Mirror: true,
		Rules: engine.MirrorRules{Deletes: "absence", GuardPercent: 100, GuardKeys: 10}}, nil
}

// struck is a destination whose process is killed now and then: before a batch, or when it is written and nobody knows.
type struck struct {
	connector.Destination
	g *filling
}

func (s struck) Write(ctx context.Context, batch connector.Batch) (connector.Result, error) {
	if !s.g.faulty.Load() || len(batch.Records) == 0 {
		return s.Destination.Write(ctx, batch)
	}
	switch rand.New(rand.NewPCG(s.g.seed, s.g.tick.Add(1))).IntN(10) {
	case 0:
		s.g.usurp()
	case 1:
		defer s.g.usurp()
	}
	return s.Destination.Write(ctx, batch)
}

// usurp takes every lease away: to who works now it is as if it had been killed.
func (g *filling) usurp() {
	g.killed.Store(true)
	if !g.d.Shared {
		g.ok(g.store.TakeOver(context.Background()))
		return
	}
	for _, table := range []string{"lane", "listing"} {
		storetest.Exec(g.t, g.d.Options.URL, `UPDATE `+table+` SET lease = lease + 1, lease_until = 0 WHERE lease_until > 0`)
	}
}

// start begins anew, as after a crash.
func (g *filling) start() {
	set := engine.DefaultSettings()
	set.Linger, set.Turn = time.Minute, time.Minute
	set.ReadAhead, set.Readers = 1+g.rand.IntN(5), 1+g.rand.IntN(4)
	g.engine = engine.New(engine.Options{Store: g.store, Opener: g, Settings: set, Node: "test", Log: g.env.Log})
}

func (g *filling) turn() bool {
	listed, err := g.engine.ListNext(g.t.Context(), 0)
	g.ok(err)
	delivered, err := g.engine.DeliverNext(g.t.Context(), 0)
	g.ok(err)
	return listed || delivered
}

func (g *filling) chance(percent int) bool { return g.rand.IntN(100) < percent }

// play plays it.
func (g *filling) play() {
	for range 1 + g.rand.IntN(30) {
		g.edit()
	}
	g.faulty.Store(true)
	g.faults(
		m365sim.Fault{On: "item-put", Do: "503", Probability: 0.05}, m365sim.Fault{On: "item-put", Do: "lost-answer", Probability: 0.05},
		m365sim.Fault{On: "item-delete", Do: "lost-answer", Probability: 0.1}, m365sim.Fault{On: "item-delete", Do: "503", Probability: 0.05},
		m365sim.Fault{On: "graph", Do: "reset", Probability: 0.02}, m365sim.Fault{On: "item-put", Do: "throttle", Probability: 0.01, RetryAfter: m365sim.Duration(time.Second)},
		m365sim.Fault{On: "token", Do: "503", Probability: 0.05},
	)
	for range 10 {
		for range g.rand.IntN(8) {
			g.edit()
		}
		if g.engine == nil || g.chance(40) {
			g.start()
		}
		g.ok(g.engine.StartCrawls(g.t.Context()))
		for range g.rand.IntN(8) {
			if !g.turn() {
				g.d.Clock.Add(time.Duration(g.rand.IntN(90)) * time.Second)
			}
			if g.killed.Swap(false) && g.chance(60) { // what was sent and nobody knows of goes, or changes
				for _, name := range slices.Sorted(maps.Keys(g.model)) {
					if g.chance(40) {
						g.remove(name)
					}
				}
			}
			if g.chance(20) {
				g.edit() // in mid-crawl
			}
		}
		g.d.Clock.Add(time.Duration(g.rand.IntN(120)) * time.Minute)
	}
	g.faulty.Store(false)
	g.faults()
	g.mend()
	g.crawl() // ends the one that is open
	g.crawl()
	g.compare()
	before := g.writes()
	g.t.Logf("seed %d: %d edits, %s", g.seed, g.edits, before)
	g.crawl()
	if after := g.writes(); after != before {
		g.t.Errorf("a crawl in which nothing changed wrote: %s, before %s", after, before)
	}
}

func (g *filling) writes() string {
	for _, c := range g.tenant.Connections() {
		if c.ID == g.cfg.Connection.ID {
			return fmt.Sprintf("%+v", c.Writes)
		}
	}
	return "no connection"
}

// edit does something to the folder: what it holds then stands in the model.
func (g *filling) edit() {
	g.edits++
	name := fmt.Sprintf("d%d/p%d.md", g.rand.IntN(3), g.rand.IntN(8))
	text := fmt.Sprintf("Text %d.", g.edits/(1+g.rand.IntN(2)))
	switch g.rand.IntN(12) {
	case 0, 1:
		g.remove(name)
	case 2: // moved
		if _, there := g.model[name]; there {
			g.remove(name)
			g.document("moved/"+filepath.Base(name), text)
		}
	case 3: // a table
		number := g.rand.IntN(3)
		rows := map[string]string{}
		for i := range g.rand.IntN(7) {
			rows[fmt.Sprintf("%d-%d", number, i)] = fmt.Sprintf("Row %d.", g.edits/(1+g.rand.IntN(3)))
		}
		g.table(fmt.Sprintf("t%d.csv", number), rows)
	case 4: // broken: what it was before stays until it is mended
		g.write(name, "---\ntitle: [\n---\nbroken")
		g.model[name] = nil
	case 5: // a whole folder goes
		if g.chance(30) {
			g.ok(os.RemoveAll(filepath.Join(g.folder, filepath.Dir(name))))
			maps.DeleteFunc(g.model, func(f string, _ map[string]string) bool { return strings.HasPrefix(f, filepath.Dir(name)+"/") })
		}
	default:
		g.document(name, text)
	}
}

func (g *filling) document(name, text string) {
	g.write(name, text)
	g.model[name] = map[string]string{name: text}
}

func (g *filling) table(name string, rows map[string]string) {
	text := "Number,Name,Text\n"
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		text += key + ",Row," + rows[key] + "\n"
	}
	g.write(name, text)
	g.model[name] = rows
}

// write gives each file a time of its own: two edits within one tick of the file system's clock look the same.
func (g *filling) write(name, text string) {
	path := filepath.Join(g.folder, name)
	g.ok(os.MkdirAll(filepath.Dir(path), 0o750))
	g.ok(os.WriteFile(path, []byte(text), 0o600))
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(g.edits) * time.Second)
	g.ok(os.Chtimes(path, at, at))
}

func (g *filling) remove(name string) {
	if err := os.Remove(filepath.Join(g.folder, name)); err != nil && !os.IsNotExist(err) {
		g.ok(err)
	}
	delete(g.model, name)
}

// mend leaves nothing that is broken, and something at all: a crawl that saw nothing deletes nothing.
func (g *filling) mend() {
	g.edits++
	for _, name := range slices.Sorted(maps.Keys(g.model)) {
		if g.model[name] == nil {
			g.document(name, "Mended.")
		}
	}
	g.document("always.md", "Always.")
	if last, ok, err := g.store.LastCrawl(g.t.Context(), g.flow.ID); err == nil && ok && last.State == store.RunHolding {
		g.ok(g.store.ApproveCrawl(g.t.Context(), last.UID))
	}
}

// crawl begins a crawl and works until nothing is left to do, moving the clock to whatever is waited for.
func (g *filling) crawl() {
	g.t.Helper()
	ctx := g.t.Context()
	g.d.Clock.Add(2 * time.Hour)
	g.start()
	g.ok(g.store.ListNow(ctx))
	g.ok(g.engine.StartCrawls(ctx))
	since := g.store.Now()
	for range 20_000 {
		if g.turn() {
			continue
		}
		g.ok(g.engine.FinishRuns(ctx))
		standing, err := g.store.Standing(ctx, since)
		g.ok(err)
		if standing.Idle() {
			return
		}
		next, err := g.store.NextDue(ctx)
		g.ok(err)
		if wait := next.Sub(g.store.Now()); wait > 0 {
			g.d.Clock.Add(wait)
		}
	}
	g.t.Fatalf("seed %d: the crawl has no end\n%s", g.seed, g.said)
}

// compare holds the tenant against the folder.
func (g *filling) compare() {
	g.t.Helper()
	want := map[string]string{}
	for _, items := range g.model {
		for key, text := range items {
			want[itemID(key)] = text
		}
	}
	items, err := g.tenant.Items(g.cfg.Connection.ID)
	g.ok(err)
	for it := range items {
		var body struct {
			Content struct{ Value string }
		}
		g.ok(json.Unmarshal(it.Body, &body))
		if text, wanted := want[it.ID]; !wanted {
			g.t.Errorf("%s is an orphan in the tenant", it.ID)
		} else if strings.TrimSpace(body.Content.Value) != text {
			g.t.Errorf("%s is stale: %q, want %q", it.ID, body.Content.Value, text)
		}
		delete(want, it.ID)
	}
	for id := range want {
		g.t.Errorf("%s is missing in the tenant", id)
	}
}

// tail keeps the end of what is logged.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b.Len() > 1<<16 {
		l.b.Next(1 << 15)
	}
	return l.b.Write(p)
}

func (l *tail) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.b.String()
	return text[max(0, len(text)-6000):]
}
