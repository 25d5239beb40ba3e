package dispatch_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/dispatch"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// local is a dispatcher over a fresh SQLite database whose clock is the bubble's.
type local struct {
	*dispatch.Local
	*world
	node  *node
	dir   string
	looks atomic.Int64 // how often the store was asked for anything that depends on time
}

func newLocal(t *testing.T, w *world, log *slog.Logger) *local {
	t.Helper()
	l := &local{world: w, node: &node{world: w}}
	d := storetest.SQLite(t)
	d.Options.Now = func() time.Time { l.looks.Add(1); return time.Now().UTC() }
	l.dir = d.Options.Dir
	s := d.Open(t)
	w.configure(t, s)
	l.Local = dispatch.NewLocal(log)
	l.Engine = engine.New(engine.Options{Store: s, Opener: l.node, Node: "test", Wake: l.Wake, Log: log})
	l.Store = s
	t.Cleanup(func() { _ = l.Engine.Close() })
	return l
}

// start runs the dispatcher until the given function is called.
func (l *local) start(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the dispatcher ended with %v", err)
		}
	}
}

func TestLocalLooksOnceASecondWhenNothingIsDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		source := w.add("a", connectortest.SourceOptions{Interval: time.Minute})
		splits(source, 3)
		l := newLocal(t, w, logTo(t))
		stop := l.start(t)
		wait(30 * time.Second)
		before, listings := l.looks.Load(), source.Listings()
		const minutes = 10
		wait(minutes * time.Minute)
		if n := source.Listings() - listings; n != minutes {
			t.Errorf("%d listings in %d minutes of a source that wants one a minute", n, minutes)
		}
		if per := float64(l.looks.Load()-before) / (minutes * 60); per > 10 {
			t.Errorf("the store was asked %.1f times a second with nothing to do", per)
		}
		stop()
		if missing, twice := w.missing(); missing+twice > 0 {
			t.Errorf("%d records missing, %d twice", missing, twice)
		}
	})
}

func TestLocalDeliversAtOnceWhatAListingFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		source := w.add("a", connectortest.SourceOptions{Interval: time.Hour})
		var listed time.Time
		w.wrapSource = func(s connector.Source) connector.Source {
			// While it lists, the lanes' look has found nothing and rests for a second.
			return ended{connectortest.SlowEnumerate(s, 350*time.Millisecond), &listed}
		}
		l := newLocal(t, w, logTo(t))
		stop := l.start(t)
		wait(10 * time.Second)
		splits(source, 5)
		if err := l.Store.ListNow(t.Context()); err != nil {
			t.Fatal(err)
		}
		asked := time.Now()
		l.Wake()
		eventually(t, time.Minute, "all records delivered", func() bool { missing, _ := w.missing(); return missing == 0 })
		if late := listed.Sub(asked); late > 400*time.Millisecond {
			t.Errorf("a rung bell was heard after %s", late-350*time.Millisecond)
		}
		if late := time.Since(listed); late > 300*time.Millisecond {
			t.Errorf("delivered %s after it was listed", late)
		}
		stop()
	})
}

// ended notes when an Enumerate ended.
type ended struct {
	connector.Source
	at *time.Time
}

// Enumerate notes its end.
func (e ended) Enumerate(ctx context.Context, c connector.Cursor) (connector.Enumeration, error) {
	defer func() { *e.at = time.Now() }()
	return e.Source.Enumerate(ctx, c)
}

func TestLocalDoesNotSpinOnAStoreThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		splits(w.add("a", connectortest.SourceOptions{Interval: time.Hour}), 3)
		var log bytes.Buffer
		l := newLocal(t, w, slog.New(slog.NewTextHandler(&log, nil)))
		db, err := sql.Open("sqlite", "file:"+filepath.Join(l.dir, "headrace.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if _, err := db.ExecContext(t.Context(), `CREATE TRIGGER full BEFORE UPDATE ON lane BEGIN SELECT RAISE(FAIL, 'no room'); END`); err != nil {
			t.Fatal(err)
		}
		stop := l.start(t)
		const seconds = 60
		wait(seconds * time.Second)
		if _, err := db.ExecContext(t.Context(), `DROP TRIGGER full`); err != nil {
			t.Fatal(err)
		}
		eventually(t, time.Minute, "it goes on when the store can be written again and the lease is over", func() bool { missing, _ := w.missing(); return missing == 0 })
		stop()
		said := strings.Count(log.String(), "a turn failed")
		if most := (l.Listers + l.Deliverers) * (seconds + 1); said == 0 || said > most {
			t.Errorf("the trouble was told %d times in %d s; between 1 and %d are right", said, seconds, most)
		}
	})
}

func TestOnceEnds(t *testing.T) {
	t.Parallel()
	const retryAfter = 2 * time.Minute
	for name, c := range map[string]struct {
		prepare   func(source *connectortest.MemorySource, dst *connectortest.MemoryDestination)
		code      string        // of the error; "": none
		delivered int           // records
		between   time.Duration // it takes at least so long …
		and       time.Duration // … and at most so long
	}{
		"when all is delivered": {func(source *connectortest.MemorySource, _ *connectortest.MemoryDestination) {
			splits(source, 30)
		}, "", 300, 0, 2 * time.Second},
		"when there is nothing": {func(*connectortest.MemorySource, *connectortest.MemoryDestination) {}, "", 0, 0, time.Second},
		"with an error when a source can't be listed": {func(source *connectortest.MemorySource, _ *connectortest.MemoryDestination) {
			splits(source, 3)
			for range 100 {
				source.FailList(fault.New(fault.Unavailable, "no answer"))
			}
		}, "not_all_delivered", 0, 10 * time.Second, time.Minute},
		"after a trouble that passed": {func(source *connectortest.MemorySource, _ *connectortest.MemoryDestination) {
			splits(source, 3)
			source.FailList(fault.New(fault.Unavailable, "no answer"), fault.New(fault.Unavailable, "no answer"))
		}, "", 30, 3 * time.Second, time.Minute},
		"after the wait that the remote asked for": {func(source *connectortest.MemorySource, _ *connectortest.MemoryDestination) {
			splits(source, 3)
			source.FailList(&fault.Error{Class: fault.Throttled, Code: "AF429", Title: "slow down", RetryAt: time.Now().Add(retryAfter)})
		}, "", 30, retryAfter, retryAfter + time.Minute},
		"without content that may not be read yet": {func(source *connectortest.MemorySource, _ *connectortest.MemoryDestination) {
			splits(source, 3)
			source.Put(connector.Split{ID: "young", Stream: "s", Time: connectortest.Start, Ready: time.Now().Add(time.Hour)}, connectortest.Records(900, 910)...)
		}, "", 30, 0, 2 * time.Second},
		"with an error when a split can't be read": {func(source *connectortest.MemorySource, _ *connectortest.MemoryDestination) {
			splits(source, 3)
			for range 100 {
				source.FailRead("s1", 0, fault.New(fault.Unavailable, "no answer"))
			}
		}, "not_all_delivered", 20, 10 * time.Second, 2 * time.Minute},
		"without waiting for what failed for good": {func(source *connectortest.MemorySource, _ *connectortest.MemoryDestination) {
			splits(source, 3)
			for range 100 {
				source.FailRead("s1", 0, fault.New(fault.Internal, "never"))
			}
		}, "", 20, 5 * time.Second, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				source := w.add("a", connectortest.SourceOptions{Interval: time.Hour})
				c.prepare(source, w.destinations["a"])
				l := newLocal(t, w, slog.New(slog.DiscardHandler))
				began, seen := time.Now(), 0
				err := l.Once(t.Context(), func(store.Standing) { seen++ })
				took := time.Since(began)
				if e, _ := fault.As(err); c.code == "" && err != nil || c.code != "" && (e == nil || e.Code != c.code || e.Title == "") {
					t.Errorf("it ended with %v, want %q", err, c.code)
				}
				if took < c.between || took > c.and {
					t.Errorf("it took %s, want between %s and %s", took, c.between, c.and)
				}
				if n := len(w.destinations["a"].Records()); n != c.delivered {
					t.Errorf("%d records delivered, want %d", n, c.delivered)
				}
				if seen == 0 {
					t.Error("nobody was told of the progress")
				}
			})
		})
	}
}

func TestOnceEndsThoughTheSourcesAlwaysHaveMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for i := range 5 {
			source := w.add(fmt.Sprint(i), connectortest.SourceOptions{Interval: time.Second})
			splits(source, 10)
		}
		w.wrapSource = func(s connector.Source) connector.Source { return connectortest.SlowEnumerate(s, 800*time.Millisecond) }
		l := newLocal(t, w, logTo(t))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		ended := make(chan struct{})
		defer func() { cancel(); <-ended }()
		go func() { // the feed goes on
			defer close(ended)
			for n := 1000; ctx.Err() == nil; n++ {
				for name, source := range w.sources {
					source.Put(connector.Split{ID: fmt.Sprint(name, n), Stream: "s", Time: connectortest.Start}, connectortest.Records(n*10, n*10+10)...)
				}
				wait(50 * time.Millisecond)
			}
		}()
		l.node.wrap = func(d connector.Destination) connector.Destination {
			return connectortest.SlowWrite(d, 300*time.Millisecond)
		}
		began := time.Now()
		if err := l.Once(ctx, nil); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("it took %s", took)
		}
		for name := range w.destinations {
			if n := len(w.destinations[name].Records()); n < 100 {
				t.Errorf("source %s: %d records delivered of the 100 that were there at the beginning", name, n)
			}
		}
	})
}

func TestOnceEndsWhenItIsAskedTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		splits(w.add("a", connectortest.SourceOptions{}), 3)
		l := newLocal(t, w, logTo(t))
		l.node.wrap = func(d connector.Destination) connector.Destination { return connectortest.SlowWrite(d, 5*time.Second) }
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		if err := l.Once(ctx, nil); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
		if took := time.Since(began); took < 5*time.Second || took > 10*time.Second {
			t.Errorf("it ended after %s: the batch in hand takes 5s, and nothing else is waited for", took)
		}
		if missing, twice := w.missing(); missing+twice > 0 {
			t.Errorf("the batch in hand was dropped: %d missing, %d twice", missing, twice)
		}
		lanes, err := l.Store.Lanes(t.Context(), 0)
		if err != nil || len(lanes) != 1 || lanes[0].Held {
			t.Errorf("the lane was not given back: %+v, %v", lanes, err)
		}
	})
}

func TestOnceWithNothingToDoEndsWell(t *testing.T) {
	t.Parallel()
	l := newLocal(t, newWorld(), logTo(t))
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Run(done); err != nil { // as Once stops it, when it has not begun yet
		t.Errorf("got %v", err)
	}
}
