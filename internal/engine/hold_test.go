package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// holding runs a test on a rig with a hold of so many bytes, whose flow can't deliver for now.
func holding(t *testing.T, bound int64, stable bool, test func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		r := newRig(t, d, connectortest.SourceOptions{Hold: bound, StableOrder: stable}, false)
		r.hold = t.TempDir()
		r.stopLane()
		r.start()
		test(t, r)
	})
}

// stopLane lets the destination be away until goOnAgain.
func (r *rig) stopLane() {
	r.faulty(connectortest.FailWrite(r.append.Open(), 0, &fault.Error{Class: fault.Throttled, Title: "later", RetryAt: r.store.Now().Add(30 * time.Hour)}))
}

// perish puts a split that expires in ten hours.
func (r *rig) perish(id string, records ...connector.Record) {
	r.source.Put(connector.Split{ID: id, Stream: "s", Time: r.store.Now(), Expires: r.store.Now().Add(10 * time.Hour)}, records...)
}

// pass lets hours pass, at each of which the engine works and holds what it should.
func (r *rig) pass(hours int) {
	r.t.Helper()
	for range hours {
		r.d.Clock.Add(time.Hour)
		for r.turn() {
		}
		r.ok(r.engine.Hold(r.ctx()))
	}
}

// files gives the files of the hold.
func (r *rig) heldFiles() []string {
	r.t.Helper()
	all, err := filepath.Glob(filepath.Join(r.hold, "*", "*"))
	r.ok(err)
	return all
}

func (r *rig) mend() {
	r.wrap = nil
	r.start()
	r.d.Clock.Add(40 * time.Hour)
}

func TestWhatExpiresIsHeldUntilItIsDelivered(t *testing.T) {
	holding(t, 1<<20, false, func(t *testing.T, r *rig) {
		refused := record("bad", `{"half`)
		r.perish("a", append(connectortest.Records(0, 50), refused)...)
		r.source.Refuse("a", 50, fault.New(fault.Invalid, "cut off").WithHint("look"))
		r.perish("b", connectortest.Records(50, 60)...)
		r.put("keeps", 60, 70) // never expires
		r.pass(4)
		if n := len(r.heldFiles()); n != 0 {
			t.Fatalf("%d are held before half their life is over", n)
		}
		r.pass(2)
		if n := len(r.heldFiles()); n != 2 {
			t.Fatalf("%d are held, want two\n%s", n, r.log)
		}
		r.source.Expire("a")
		r.source.Expire("b")
		r.pass(10)
		if b := r.backlog(); b.Pending != 3 || b.Lost != 0 {
			t.Errorf("backlog %+v", b)
		}
		reads := r.source.Reads("a")
		r.mend()
		r.once()
		r.holds(connectortest.Records(0, 70)...)
		if l := r.letters(); len(l) != 1 || l[0].Key != "bad" || l[0].Reason != "cut off" || l[0].Hint != "look" || string(l[0].Body) != `{"half` {
			t.Errorf("letters %+v", l)
		}
		if r.source.Reads("a") != reads {
			t.Errorf("a was read at the source, not from the hold")
		}
		r.ok(r.start().Hold(r.ctx()))
		if n := len(r.heldFiles()); n != 0 {
			t.Errorf("%d are held though all is delivered", n)
		}
	})
}

// What is held serves a second flow too, and stays until that has it.
func TestASecondFlowReadsFromTheHold(t *testing.T) {
	holding(t, 1<<20, false, func(t *testing.T, r *rig) {
		second := connectortest.NewMemoryDestination(connectortest.DestinationOptions{})
		other := r.newFlow("other", false)
		r.openTo = func(f store.Object) connector.Destination {
			if f.ID == other.ID {
				return second.Open()
			}
			return r.append.Open()
		}
		r.wrap = nil
		pause := func(o store.Object, paused bool) store.Object {
			t.Helper()
			o.Paused = paused
			o, err := r.store.UpdateObject(r.ctx(), o, nil)
			r.ok(err)
			return o
		}
		r.flow, other = pause(r.flow, true), pause(other, true)
		r.perish("a", connectortest.Records(0, 20)...)
		r.pass(7)
		r.source.Expire("a")
		r.d.Clock.Add(20 * time.Hour)
		r.flow = pause(r.flow, false)
		r.once()
		r.holds(connectortest.Records(0, 20)...)
		r.ok(r.start().Hold(r.ctx()))
		if n := len(r.heldFiles()); n != 1 {
			t.Fatalf("%d are held while a flow wants it", n)
		}
		other = pause(other, false)
		r.once()
		sameBodies(t, second.Bodies(), connectortest.Bodies(connectortest.Records(0, 20)))
		r.ok(r.start().Hold(r.ctx()))
		if n := len(r.heldFiles()); n != 0 {
			t.Errorf("%d are held though nobody wants it", n)
		}
	})
}

// A damaged file is told, and its split comes from the source if that still has it; else it is lost, loudly. None of its
// records is used before it is known to be whole.
func TestADamagedHold(t *testing.T) {
	damage := map[string]func(t *testing.T, path string){
		"cut off": func(t *testing.T, path string) {
			info, err := os.Stat(path)
			if err != nil || os.Truncate(path, info.Size()-9) != nil {
				t.Fatal(err)
			}
		},
		"changed": func(t *testing.T, path string) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)/2] ^= 0x10
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"empty": func(t *testing.T, path string) {
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, spoil := range damage {
		t.Run(name, func(t *testing.T) {
			holding(t, 1<<20, false, func(t *testing.T, r *rig) {
				r.perish("still there", connectortest.Records(0, 200)...)
				r.perish("gone", connectortest.Records(200, 400)...)
				r.pass(7)
				for _, path := range r.heldFiles() {
					spoil(t, path)
				}
				r.source.Expire("gone")
				r.wrap = nil
				r.start()
				_, err := r.store.RetryDeliveries(r.ctx(), r.flow.ID)
				r.ok(err)
				r.to, err = r.store.UpdateObject(r.ctx(), r.to, nil) // a person mends the destination
				r.ok(err)
				r.once()
				r.holds(connectortest.Records(0, 200)...)
				if b := r.backlog(); b.Lost != 1 || b.Pending != 0 || !r.log.has("held content cannot be used") || !r.log.has("content is lost") {
					t.Errorf("backlog %+v\n%s", b, r.log)
				}
			})
		})
	}
}

// The hold is bounded, and says so before and when it is full.
func TestAFullHold(t *testing.T) {
	holding(t, 3000, false, func(t *testing.T, r *rig) {
		for i := range 40 {
			r.perish(fmt.Sprint("s", i), connectortest.Records(i*10, i*10+10)...)
		}
		r.pass(7)
		total := int64(0)
		for _, path := range r.heldFiles() {
			info, err := os.Stat(path)
			r.ok(err)
			total += info.Size()
		}
		// Those that are being read when the bound is met may pass it.
		if total < 3000 || total > 3000+9*400 || !r.log.has("the hold is full") {
			t.Errorf("%d bytes are held\n%s", total, r.log)
		}
		used, err := r.store.HeldBytes(r.ctx(), r.from.ID)
		r.ok(err)
		if used != total {
			t.Errorf("the store says %d bytes, the disk %d", used, total)
		}
		r.pass(5)
		for i := range 40 {
			r.source.Expire(fmt.Sprint("s", i))
		}
		r.mend()
		r.once()
		b, n := r.backlog(), len(r.append.Records())
		if b.Lost == 0 || n == 0 || int(b.Lost)*10+n != 400 {
			t.Errorf("%d records delivered, backlog %+v", n, b)
		}
	})
}

// A source without a hold loses what expires, and nothing is written.
func TestNoHold(t *testing.T) {
	holding(t, 0, false, func(t *testing.T, r *rig) {
		r.perish("a", connectortest.Records(0, 5)...)
		r.pass(11)
		if n := len(r.heldFiles()); n != 0 {
			t.Errorf("%d are held", n)
		}
		r.mend()
		r.once()
		if b := r.backlog(); b.Lost != 1 {
			t.Errorf("backlog %+v", b)
		}
	})
}

// A split that was half delivered when it was held goes on where it was.
func TestAHeldSplitGoesOnWhereItWas(t *testing.T) {
	holding(t, 1<<20, true, func(t *testing.T, r *rig) {
		r.small(10)
		inner := r.append.Open()
		later := &fault.Error{Class: fault.Throttled, Title: "later", RetryAt: r.store.Now().Add(30 * time.Hour)}
		writes := 0
		r.faulty(connectortest.OnWrite(inner, func(_ context.Context, b connector.Batch) error {
			if len(b.Records) == 0 {
				return nil
			}
			if writes++; writes > 3 && writes < 20 || writes == 22 {
				later.RetryAt = r.store.Now().Add(30 * time.Hour)
				return later
			}
			return nil
		}))
		r.start()
		r.perish("a", connectortest.Records(0, 100)...)
		r.pass(7) // three batches of ten are there
		r.source.Expire("a")
		if n := len(r.append.Records()); n != 30 || len(r.heldFiles()) != 1 {
			t.Fatalf("%d records, %d held", n, len(r.heldFiles()))
		}
		writes = 20
		r.d.Clock.Add(40 * time.Hour)
		r.goOn()
		r.holds(connectortest.Records(0, 100)...)
		if c := r.counts(); c.Delivered != 100 || c.Repeats != 0 || c.Fetched != 100 {
			t.Errorf("counts %+v", c)
		}
	})
}

// Files that a crash left behind go, those in use stay.
func TestWhatACrashLeftInTheHoldGoes(t *testing.T) {
	holding(t, 1<<20, false, func(t *testing.T, r *rig) {
		r.perish("a", connectortest.Records(0, 5)...)
		r.pass(7)
		dir := filepath.Dir(r.heldFiles()[0])
		old := time.Now().Add(-3 * time.Hour)
		for _, name := range []string{".writing-123", "999999.zst"} {
			path := filepath.Join(dir, name)
			r.ok(os.WriteFile(path, []byte("x"), 0o600))
			r.ok(os.Chtimes(path, old, old))
		}
		fresh := filepath.Join(dir, ".writing-now")
		r.ok(os.WriteFile(fresh, []byte("x"), 0o600))
		r.ok(os.Chtimes(r.heldFiles()[len(r.heldFiles())-1], old, old))
		r.ok(r.engine.Hold(r.ctx()))
		left, err := os.ReadDir(dir)
		r.ok(err)
		if len(left) != 2 {
			t.Errorf("left are %v", left)
		}
	})
}
