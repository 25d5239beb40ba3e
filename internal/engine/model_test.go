package engine_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// HEADRACE_SEED plays one seed again; HEADRACE_SEEDS says how many are played.
func seeds(t *testing.T, usual int) []uint64 {
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

// games plays random games on each kind of database, several on one: making a database takes long.
func games(t *testing.T, mirror bool, play func(g *game)) {
	t.Helper()
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		n := 25
		if d.Shared {
			n = 6
		}
		r := newRig(t, d, connectortest.SourceOptions{}, mirror)
		for _, seed := range seeds(t, n) {
			g := &game{rand: rand.New(rand.NewPCG(seed, 1)), seed: seed}
			options := connectortest.SourceOptions{StableOrder: g.chance(50), Overlap: g.rand.IntN(4), Page: g.rand.IntN(4)}
			r = r.again(options)
			g.rig, g.whole = r, options.Page == 0
			g.setUp()
			play(g)
			if t.Failed() {
				t.Fatalf("play it again with HEADRACE_SEED=%d\n%s", seed, r.log)
			}
		}
	})
}

// game is a rig with faults at random.
type game struct {
	*rig
	rand   *rand.Rand
	seed   uint64
	faults bool
	whole  bool // one pass over the source is one listing: it meets each thing once, in one version
	tick   atomic.Uint64
}

func (g *game) chance(percent int) bool { return g.rand.IntN(100) < percent }

// set chooses small bounds, so that everything is cut everywhere.
func (g *game) setUp() {
	g.rig.set.ReadAhead, g.rig.set.Readers = 1+g.rand.IntN(5), 1+g.rand.IntN(4)
	if g.chance(30) {
		g.rig.set.Memory = 1
	}
	if g.chance(30) {
		g.rig.set.Turn = 0
	}
	g.small(1 + g.rand.IntN(12))
	inner := g.append.Open()
	if strings.Contains(string(g.flow.Spec), "mirror") {
		inner = g.keyed.Open()
	}
	g.faulty(gamble{inner, g})
	g.wrapSource = func(s connector.Source) connector.Source { return gambleSource{s, g} }
}

// gamble throws dice of its own at each write: readers and the writer work side by side.
type gamble struct {
	connector.Destination
	g *game
}

func (b gamble) Write(ctx context.Context, batch connector.Batch) (connector.Result, error) {
	if len(batch.Records) == 0 || !b.g.faults {
		return b.Destination.Write(ctx, batch)
	}
	down := &fault.Error{Class: fault.Unavailable, Title: "down"}
	switch dice := rand.New(rand.NewPCG(b.g.seed, uint64(len(batch.Records))+uint64(b.g.tick.Add(1)))); dice.IntN(16) {
	case 0:
		return connectortest.FailWrite(b.Destination, 1, down).Write(ctx, batch)
	case 1:
		return connectortest.FailAfterWrite(b.Destination, 1, down).Write(ctx, batch)
	case 2:
		return connectortest.Half(b.Destination, 1, down).Write(ctx, batch)
	case 3:
		return connectortest.Stop(b.Destination, 1, down).Write(ctx, batch)
	case 4:
		b.g.usurp()
	case 5:
		defer b.g.usurp()
	case 6:
		return connectortest.FailAfterWrite(b.Destination, 1, fault.New(fault.Internal, "bug")).Write(ctx, batch)
	}
	return b.Destination.Write(ctx, batch)
}

type gambleSource struct {
	connector.Source
	g *game
}

func (b gambleSource) Read(ctx context.Context, split connector.Split, skip int64) iter.Seq2[connector.Record, error] {
	dice := rand.New(rand.NewPCG(b.g.seed, uint64(b.g.tick.Add(1))))
	if !b.g.faults || dice.IntN(6) > 0 {
		return b.Source.Read(ctx, split, skip)
	}
	return connectortest.FailRead(b.Source, 1, dice.IntN(6), fault.New(fault.Unavailable, "503")).Read(ctx, split, skip)
}

func (b gambleSource) Enumerate(ctx context.Context, cursor connector.Cursor) (connector.Enumeration, error) {
	if b.g.faults && rand.New(rand.NewPCG(b.g.seed, uint64(b.g.tick.Add(1)))).IntN(5) == 0 {
		return connector.Enumeration{}, fault.New(fault.Unavailable, "503")
	}
	return b.Source.Enumerate(ctx, cursor)
}

// work lets an engine work for some turns, or a while, and perhaps leaves it there.
func (g *game) work() {
	g.t.Helper()
	if g.engine == nil || g.chance(40) {
		g.start() // as after a crash
	}
	g.ok(g.engine.StartCrawls(g.ctx()))
	for range g.rand.IntN(8) {
		if !g.turn() {
			g.d.Clock.Add(time.Duration(g.rand.IntN(90)) * time.Second)
		}
	}
}

// Whatever happens, in the end each record is there once.
func TestRandomAppending(t *testing.T) {
	games(t, false, func(g *game) {
		type record struct{ connector.Record }
		pool := map[int]*record{}
		living := map[string][]int{} // splits that can still be read
		next := 0
		g.faults = true
		for step := range 12 {
			for range g.rand.IntN(4) { // splits, of new records and of old ones, on time or late
				id := fmt.Sprintf("s%d", next)
				next++
				var recs []connector.Record
				for range g.rand.IntN(30) {
					n := g.rand.IntN(40 + 20*step)
					if pool[n] == nil {
						rec := connectortest.Records(n, n+1)[0]
						rec.Time = rec.Time.Add(time.Duration(n%5) * time.Hour)
						if n%7 == 0 {
							rec.Key = ""
						}
						pool[n] = &record{Record: rec}
					}
					living[id] = append(living[id], n)
					recs = append(recs, pool[n].Record)
				}
				g.source.Put(connector.Split{ID: id, Stream: "s", Time: g.store.Now().Add(-time.Duration(g.rand.IntN(50)) * time.Hour)}, recs...)
			}
			if g.chance(15) && len(living) > 0 {
				id := fmt.Sprintf("s%d", g.rand.IntN(next))
				if _, ok := living[id]; ok {
					g.source.Expire(id)
					delete(living, id)
				}
			}
			g.work()
		}
		g.faults = false
		_, err := g.store.RetryDeliveries(g.ctx(), g.flow.ID) // chance may have failed one five times
		g.ok(err)
		g.once()
		must := map[string]bool{}
		for _, numbers := range living {
			for _, n := range numbers {
				must[string(pool[n].Body)] = true
			}
		}
		got := map[string]int{}
		for _, body := range g.append.Bodies() {
			if got[body]++; got[body] == 2 {
				g.t.Errorf("%s is there twice", body)
			}
		}
		for body := range must {
			if got[body] == 0 {
				g.t.Errorf("%s is missing", body)
			}
		}
		if b := g.backlog(); b.Pending+b.Failed != 0 {
			g.t.Errorf("backlog %+v", b)
		}
	})
}

// meddle does what a person may do at any time: cancel a crawl, try failed deliveries again, say that items are not there.
func (g *game) meddle() {
	g.t.Helper()
	last, ok, err := g.store.LastCrawl(g.ctx(), g.flow.ID)
	g.ok(err)
	switch {
	case ok && last.Finished.IsZero() && g.chance(20):
		g.ok(g.store.EndRun(g.ctx(), last.ID, store.RunCanceled, ""))
	case g.chance(20):
		_, err := g.store.RetryDeliveries(g.ctx(), g.flow.ID)
		g.ok(err)
	case g.chance(20):
		_, err := g.store.DoubtItems(g.ctx(), g.to.ID, g.keyed.Keys())
		g.ok(err)
	}
}

// Whatever happens, after one sound crawl the destination is the source.
func TestRandomMirroring(t *testing.T) {
	games(t, true, func(g *game) {
		g.rules.GuardPercent = 100
		type content struct {
			version int
			items   []connector.Record
		}
		model, were := map[string][]connector.Record{}, map[string][]content{}
		version := 0
		g.faults = true
		for range 12 {
			for range g.rand.IntN(6) {
				name := fmt.Sprint("f", g.rand.IntN(12))
				version++
				switch {
				case g.chance(30) && g.versions[name] != "":
					g.unfile(name)
					delete(model, name)
				case g.whole && g.chance(30) && len(were[name]) > 0: // it is as it was once
					again := were[name][g.rand.IntN(len(were[name]))]
					g.file(name, again.version, again.items...)
					model[name] = again.items
				default:
					var items []connector.Record
					for i := range g.rand.IntN(5) { // a key stays with its file
						items = append(items, item(fmt.Sprintf("%s-%d", name, i), version/(1+g.rand.IntN(3))))
					}
					g.file(name, version, items...)
					model[name] = items
					were[name] = append(were[name], content{version, items})
				}
			}
			g.work()
			g.meddle()
			g.d.Clock.Add(time.Duration(g.rand.IntN(120)) * time.Minute)
		}
		g.file("always", version, item("always", 1)) // a crawl that sees nothing deletes nothing
		g.faults = false
		if last, ok, err := g.store.LastCrawl(g.ctx(), g.flow.ID); err == nil && ok && last.State == store.RunHolding {
			g.ok(g.store.ApproveCrawl(g.ctx(), last.UID)) // one that saw nothing
		}
		g.crawl()
		if last := g.crawl(); last.State == store.RunHolding {
			g.t.Errorf("run %+v", last)
		}
		want := []connector.Record{item("always", 1)}
		for _, items := range model {
			want = append(want, items...)
		}
		g.mirrors(want...)
	})
}
