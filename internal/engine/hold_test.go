package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store/storetest"
)

// eachHolding runs a test on a rig whose source lets so many bytes be held and forgets its splits after a week. The
// destination is down.
func eachHolding(t *testing.T, bound int64, test func(t *testing.T, r *rig, up func())) {
	t.Helper()
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		r := newRig(t, d, connectortest.SourceOptions{Hold: bound}, false)
		r.hold = t.TempDir()
		down := true
		r.wrap = func(dst connector.Destination) connector.Destination {
			return connectortest.OnWrite(dst, func(_ context.Context, b connector.Batch) error {
				if down && len(b.Records) > 0 {
					return &fault.Error{Class: fault.Unavailable, Title: "the destination is down"}
				}
				return nil
			})
		}
		for i, id := range []string{"a", "b", "c"} {
			r.source.Put(connector.Split{ID: id, Stream: "s", Time: r.store.Now(), Expires: r.store.Now().Add(7 * 24 * time.Hour)}, connectortest.Records(i*10, i*10+10)...)
		}
		r.start()
		defer func() { r.ok(r.engine.Close()) }()
		r.list()
		test(t, r, func() { down = false })
	})
}

func (r *rig) heldFiles() []string {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(r.hold, "*", "*.zst"))
	r.ok(err)
	return files
}

func TestWhatTheSourceForgetsIsHeld(t *testing.T) {
	eachHolding(t, 1<<20, func(t *testing.T, r *rig, up func()) {
		r.d.Clock.Add(3 * 24 * time.Hour)
		r.ok(r.engine.Hold(r.ctx()))
		if n := len(r.heldFiles()); n != 0 {
			t.Fatalf("%d splits are held before half their life is over", n)
		}
		r.d.Clock.Add(24 * time.Hour)
		r.ok(r.engine.Hold(r.ctx()))
		if n := len(r.heldFiles()); n != 3 {
			t.Fatalf("%d splits are held, want 3\n%s", n, r.log)
		}
		r.d.Clock.Add(30 * 24 * time.Hour)
		for _, id := range []string{"a", "b", "c"} {
			r.source.Expire(id)
		}
		up()
		r.goOn()
		r.holds(connectortest.Records(0, 30)...)
		if c := r.counts(); c.Lost != 0 || c.Delivered != 30 {
			t.Errorf("counts %+v", c)
		}
		r.ok(r.engine.Hold(r.ctx()))
		if n := len(r.heldFiles()); n != 0 {
			t.Errorf("%d files are left though nobody wants them", n)
		}
	})
}

func TestADamagedHoldFallsBackToTheSource(t *testing.T) {
	eachHolding(t, 1<<20, func(t *testing.T, r *rig, up func()) {
		r.d.Clock.Add(4 * 24 * time.Hour)
		r.ok(r.engine.Hold(r.ctx()))
		files := r.heldFiles()
		if len(files) != 3 {
			t.Fatalf("%d files", len(files))
		}
		cut, err := os.Stat(files[0])
		r.ok(err)
		r.ok(os.Truncate(files[0], cut.Size()/2))
		r.ok(os.Remove(files[1]))
		up()
		r.goOn()
		r.holds(connectortest.Records(0, 30)...)
	})
}

func TestADamagedHoldOfWhatTheSourceForgotIsLostLoudly(t *testing.T) {
	eachHolding(t, 1<<20, func(t *testing.T, r *rig, up func()) {
		r.d.Clock.Add(4 * 24 * time.Hour)
		r.ok(r.engine.Hold(r.ctx()))
		r.ok(os.WriteFile(r.heldFiles()[0], []byte("garbage"), 0o600))
		r.d.Clock.Add(4 * 24 * time.Hour)
		up()
		r.goOn()
		if c := r.counts(); c.Lost != 1 || c.Delivered != 20 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestTheHoldHasABound(t *testing.T) {
	eachHolding(t, 1, func(t *testing.T, r *rig, _ func()) {
		r.d.Clock.Add(4 * 24 * time.Hour)
		r.ok(r.engine.Hold(r.ctx()))
		if n := len(r.heldFiles()); n != 1 {
			t.Errorf("%d splits are held, want the one that went over the bound", n)
		}
		if !r.log.has("the hold is full") {
			t.Errorf("a full hold is not an alarm:\n%s", r.log)
		}
	})
}
