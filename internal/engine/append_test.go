package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

func TestEveryRecordIsDeliveredOnce(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		for i := range 20 {
			r.put(fmt.Sprint("s", i), i*50, i*50+50)
		}
		r.put("again", 25, 75) // the same records once more, in another split
		r.once()
		r.holds(connectortest.Records(0, 1000)...)
		if c := r.counts(); c.Delivered != 1000 || c.Repeats != 50 || c.Fetched != 1050 || c.Splits != 21 || c.Listed != 21 || c.Newest.IsZero() {
			t.Errorf("counts are %+v", c)
		}
		r.put("later", 990, 1010) // and after a restart
		r.once()
		r.holds(connectortest.Records(0, 1010)...)
		if standing := r.once(); len(standing.Troubles) != 0 {
			t.Errorf("troubles %+v", standing.Troubles)
		}
	})
}

// Whatever a destination's Write does, each record is there once in the end.
func TestFaultsOfTheDestinationRepeatNothing(t *testing.T) {
	down := fault.New(fault.Unavailable, "the disk is away")
	faults := map[string]func(d connector.Destination, n int, now time.Time) connector.Destination{
		"fails before it writes": func(d connector.Destination, n int, _ time.Time) connector.Destination {
			return connectortest.FailWrite(d, n, down)
		},
		"fails after it wrote": func(d connector.Destination, n int, _ time.Time) connector.Destination {
			return connectortest.FailAfterWrite(d, n, down)
		},
		"writes half": func(d connector.Destination, n int, _ time.Time) connector.Destination {
			return connectortest.Half(d, n, down)
		},
		"stores half and stops": func(d connector.Destination, n int, now time.Time) connector.Destination {
			return connectortest.Stop(d, n, &fault.Error{Class: fault.Throttled, Title: "slow down", RetryAt: now.Add(40 * time.Second)})
		},
		"stores half and says nothing": func(d connector.Destination, n int, _ time.Time) connector.Destination {
			return connectortest.Stop(d, n, nil)
		},
		"has a bug": func(d connector.Destination, n int, _ time.Time) connector.Destination {
			return connectortest.FailAfterWrite(d, n, errors.New("index out of range"))
		},
	}
	each(t, false, func(t *testing.T, r *rig) {
		for name, wrap := range faults {
			for _, n := range []int{1, 4} {
				r = r.another()
				r.small(9)
				r.faulty(wrap(r.append.Open(), n, r.store.Now()))
				for i := range 6 { // every record twice, in splits that overlap
					r.put(fmt.Sprint("s", i), i*10, i*10+20)
				}
				r.once()
				if sameBodies(t, r.append.Bodies(), connectortest.Bodies(connectortest.Records(0, 70))); t.Failed() {
					t.Fatalf("when write %d %s\n%s", n, name, r.log)
				}
				if b := r.backlog(); b.Pending+b.Failed+b.Lost != 0 {
					t.Errorf("when write %d %s: left are %+v", n, name, b)
				}
			}
		}
	})
}

// A worker that is killed before, or after, a write leaves nothing twice and nothing out.
func TestACrashAtAnyWriteRepeatsNothing(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.small(7)
		killed := 0
		kill := func(n int) {
			if n%3 == 0 {
				killed++
				r.usurp()
			}
		}
		r.hooks(func(n int) { kill(n) }, func(n int) { kill(n + 1) })
		for i := range 6 {
			r.put(fmt.Sprint("s", i), i*10, i*10+20)
		}
		r.once()
		r.holds(connectortest.Records(0, 70)...)
		if killed < 3 || r.append.Undone() == 0 {
			t.Errorf("killed %d times, %d writes undone: the test tests nothing", killed, r.append.Undone())
		}
	})
}

// A split of many batches that crashes in the middle goes on; what was committed of it is not written again.
func TestAHugeSplitSurvivesACrashInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, stable := range map[string]bool{"stable order": true, "any order": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
				r := newRig(t, d, connectortest.SourceOptions{StableOrder: stable}, false)
				r.small(50)
				r.hooks(nil, func(n int) {
					if n == 10 || n == 17 {
						r.usurp()
					}
				})
				r.put("huge", 0, 3000)
				r.once()
				r.holds(connectortest.Records(0, 3000)...)
				if c := r.counts(); c.Delivered != 3000 || stable && (c.Repeats != 0 || c.Fetched != 3000) {
					t.Errorf("counts %+v", c)
				}
				if r.source.Reads("huge") != 3 {
					t.Errorf("read %d times", r.source.Reads("huge"))
				}
			})
		})
	}
}

// Filters that have no room are made again from the store, and find the same repeats.
func TestRepeatsAreFoundWithFiltersThatHaveNoRoom(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.set.Memory = 1
		r.small(40)
		var want []connector.Record
		for hour := range 12 {
			for i := range 30 {
				rec := record(fmt.Sprintf("h%d-%d", hour, i), fmt.Sprintf(`{"h":%d,"i":%d}`, hour, i))
				rec.Time = rec.Time.Add(time.Duration(hour)*time.Hour - 3*time.Hour)
				want = append(want, rec)
			}
		}
		for i := range 8 { // each split has every third hour's records, and so every record comes in several
			var some []connector.Record
			for k, rec := range want {
				if k%3 == i%3 {
					some = append(some, rec)
				}
			}
			r.source.Put(connector.Split{ID: fmt.Sprint("s", i), Stream: "s", Time: r.store.Now()}, some...)
		}
		r.once()
		r.holds(want...)
		if c := r.counts(); c.Repeats != c.Fetched-int64(len(want)) {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestRecordsWithoutAKeyAreKnownByTheirBytes(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		a, b := record("", `{"n":1}`), record("", `{"n":2}`)
		keyed := record(`{"n":1}`, `{"n":3}`) // its key is another's body
		r.source.Put(connector.Split{ID: "s1", Stream: "s", Time: r.store.Now()}, a, b, a)
		r.source.Put(connector.Split{ID: "s2", Stream: "s", Time: r.store.Now()}, b, keyed)
		r.once()
		r.holds(a, b, keyed)
		if c := r.counts(); c.Repeats != 2 {
			t.Errorf("counts %+v", c)
		}
	})
}

// What a batch in hand holds is a repeat too, but only as long as it is not turned away.
func TestARepeatOfWhatWasNotTriedIsNotLost(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.faulty(connectortest.Stop(r.append.Open(), 1, fault.New(fault.Unavailable, "full")))
		recs := connectortest.Records(0, 10)
		r.put("a", 0, 10)
		r.put("b", 0, 10)
		r.start()
		r.turn()
		// Of the first write half was stored. Whichever split leaned on the other must come again.
		if b := r.backlog(); b.Pending != 2 {
			t.Fatalf("backlog %+v", b)
		}
		r.source.Expire("a") // one of the two can't be read again
		r.goOn()
		r.holds(recs...)
	})
}

// A destination that stores a part and gives no reason must not have what follows taken for all.
func TestWhatWasNotTriedWithoutAReasonComesAgain(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.small(10)
		r.faulty(connectortest.Stop(r.append.Open(), 2, nil))
		r.put("a", 0, 40)
		r.once()
		r.holds(connectortest.Records(0, 40)...)
	})
}

// Each write follows the last receipt that the destination gave, the one of a recovery too.
func TestEachWriteFollowsTheLastReceipt(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.small(7)
		chain := &receipts{Destination: r.append.Open(), t: t}
		r.faulty(chain)
		for i := range 5 {
			r.put(fmt.Sprint("s", i), i*10, i*10+10)
			r.once()
		}
		r.holds(connectortest.Records(0, 50)...)
		if chain.count < 10 {
			t.Errorf("%d writes", chain.count)
		}
	})
}

// receipts refuses a write that does not follow the last one.
type receipts struct {
	connector.Destination
	t     *testing.T
	last  connector.Receipt
	count int
}

func (c *receipts) Write(ctx context.Context, b connector.Batch) (connector.Result, error) {
	if c.count++; string(b.After) != string(c.last) {
		c.t.Errorf("a write follows %q, the last receipt was %q", b.After, c.last)
	}
	result, err := c.Destination.Write(ctx, b)
	c.last = result.Receipt
	return result, err
}

func TestAStopRequestEndsSoonAndLosesNothing(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.small(10)
		r.set.Grace = 5 * time.Second
		for i := range 10 {
			r.put(fmt.Sprint("s", i), i*20, i*20+20)
		}
		e := r.start()
		r.list()
		ctx, cancel := context.WithCancel(r.ctx())
		defer cancel()
		r.faulty(connectortest.CancelWrite(connectortest.SlowWrite(r.append.Open(), time.Millisecond), 3, cancel))
		if did, err := e.DeliverNext(ctx, 0); !did || err != nil {
			t.Fatalf("%v, %v", did, err)
		}
		if n := len(r.append.Records()); n != 30 || r.append.Undone() != 0 {
			t.Errorf("%d records stand, %d undone; the write in hand was to be ended and committed", n, r.append.Undone())
		}
		if lanes, err := r.store.Lanes(r.ctx(), r.flow.ID); err != nil || lanes[0].Held || lanes[0].Trouble != nil || lanes[0].Due.After(r.store.Now()) {
			t.Errorf("lane %+v, %v", lanes[0], err)
		}
		r.once()
		r.holds(connectortest.Records(0, 200)...)
		if r.append.Undone() != 0 {
			t.Errorf("%d undone", r.append.Undone())
		}
	})
}

// A stop request waits for a write no longer than the grace period.
func TestAWriteThatDoesNotEndIsCutOff(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.set.Grace = 50 * time.Millisecond
		r.put("s", 0, 10)
		e := r.start()
		r.list()
		ctx, cancel := context.WithCancel(r.ctx())
		inner := r.append.Open()
		r.faulty(connectortest.OnWrite(inner, func(ctx context.Context, b connector.Batch) error {
			if len(b.Records) == 0 {
				return nil
			}
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}))
		if _, err := e.DeliverNext(ctx, 0); err != nil {
			t.Fatal(err)
		}
		r.wrap = nil
		r.once()
		r.holds(connectortest.Records(0, 10)...)
	})
}

func TestAPausedFlowLosesNothing(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.put("a", 0, 10)
		r.flow.Paused = true
		var err error
		r.flow, err = r.store.UpdateObject(r.ctx(), r.flow, nil)
		r.ok(err)
		r.once()
		r.holds()
		r.put("b", 10, 20)
		r.flow.Paused = false
		r.flow, err = r.store.UpdateObject(r.ctx(), r.flow, nil)
		r.ok(err)
		r.once()
		r.holds(connectortest.Records(0, 20)...)
	})
}

// Two flows of one source each get everything, once, by one listing.
func TestTwoFlowsOfOneSource(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		second := connectortest.NewMemoryDestination(connectortest.DestinationOptions{})
		other := r.newFlow("other", false)
		r.put("a", 0, 30)
		r.put("b", 20, 50)
		first := r.append
		open := func(f store.Object) connector.Destination {
			if f.ID == other.ID {
				return second.Open()
			}
			return first.Open()
		}
		r.openTo = open
		r.once()
		r.holds(connectortest.Records(0, 50)...)
		sameBodies(t, second.Bodies(), connectortest.Bodies(connectortest.Records(0, 50)))
		if r.source.Reads("a") != 2 {
			t.Errorf("read %d times", r.source.Reads("a"))
		}
	})
}

// Repeats are remembered by the hour of the records' time, before 1970 too.
func TestRecordsOfOldTimes(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		old := record("old", `{"n":1}`)
		old.Time = time.Date(1969, 12, 31, 23, 30, 0, 0, time.UTC)
		none := record("none", `{"n":2}`)
		none.Time = time.Time{}
		r.source.Put(connector.Split{ID: "a", Stream: "s", Time: r.store.Now()}, old, none)
		r.once()
		r.source.Put(connector.Split{ID: "b", Stream: "s", Time: r.store.Now()}, old, none)
		r.once()
		r.holds(old, none)
	})
}

// A thing that changes has the same key again: each version is delivered, and each record of it once, also two that look
// alike.
func TestEveryVersionOfAThingIsDelivered(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		r := newRig(t, d, connectortest.SourceOptions{StableOrder: true, Mutable: true}, false)
		r.small(3)
		r.faulty(connectortest.Stop(r.append.Open(), 1, &fault.Error{Class: fault.Throttled, Title: "slow down", RetryAt: d.Clock.Now().Add(time.Second)}))
		r.hooks(nil, func(n int) {
			if n == 3 {
				r.usurp()
			}
		})
		split := func(version string) connector.Split {
			return connector.Split{ID: "a.md@" + version, Stream: "root", Time: connectortest.Start}
		}
		row := record("", `{"row":1}`)
		first := []connector.Record{record("a.md", `{"text":"one"}`), row, row, record("b", `{"n":1}`), record("b", `{"n":2}`)}
		r.source.Put(split("1"), first...)
		r.once()
		second := []connector.Record{record("a.md", `{"text":"two"}`), row}
		r.source.Replace("a.md@1", split("2"), second...)
		r.once()
		r.once()
		r.holds(append(first, second...)...)
		if c := r.counts(); c.Delivered != 7 {
			t.Errorf("counts %+v", c)
		}
	})
}
