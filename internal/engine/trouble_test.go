package engine_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// fails makes the next reads of a split fail so many times.
func (r *rig) fails(id string, times, after int, err error) {
	for range times {
		r.source.FailRead(id, after, err)
	}
}

// What becomes of a split that its source can't give says the error's class.
func TestErrorsOfTheSourceByClass(t *testing.T) {
	mistake := errors.New("nil pointer")
	cases := []struct {
		name  string
		err   error
		times int
		end   store.State
		reads int
		loud  string
	}{
		{name: "lost is lost, loudly", err: fault.New(fault.Lost, "it has expired"), times: 1, end: store.Lost, reads: 1, loud: "content is lost"},
		{name: "not found is discarded", err: fault.New(fault.NotFound, "gone"), times: 1, end: store.Discarded, reads: 1},
		{name: "changed is discarded", err: fault.New(fault.Conflict, "changed"), times: 1, end: store.Discarded, reads: 1},
		{name: "a mistake of ours fails after five tries", err: mistake, times: 5, end: store.Failed, reads: 5, loud: "a delivery has failed"},
		{name: "a mistake that passes is delivered", err: mistake, times: 4, end: store.Delivered, reads: 5},
		{name: "unavailable waits and does not count", err: fault.New(fault.Unavailable, "503"), times: 4, end: store.Delivered, reads: 5},
		{name: "throttled waits as often as it takes", err: fault.New(fault.Throttled, "429"), times: 12, end: store.Delivered, reads: 13},
	}
	each(t, false, func(t *testing.T, r *rig) {
		for _, c := range cases {
			r = r.another()
			t.Run(c.name, func(t *testing.T) {
				r.put("bad", 0, 20)
				r.put("good", 100, 110)
				r.fails("bad", c.times, 7, c.err) // 7 records are given before
				standing := r.once()
				b, n := r.backlog(), r.counts()
				want := 10 + 7
				switch c.end {
				case store.Delivered:
					want = 10 + 20
				case store.Failed:
					if b.Failed != 1 {
						t.Errorf("backlog %+v", b)
					}
				case store.Lost:
					if b.Lost != 1 || n.Lost != 1 {
						t.Errorf("backlog %+v, counts %+v", b, n)
					}
					if cover := r.lostHours(); cover != 1 {
						t.Errorf("coverage says %d lost", cover)
					}
				}
				if c.end != store.Delivered {
					want = 10
				}
				// What was read before the error may have been delivered; with an order that changes, some of all.
				if got := len(r.append.Records()); got < want || got > 30 {
					t.Errorf("%d records stand, want at least %d", got, want)
				}
				if b.Pending != 0 || r.source.Reads("bad") != c.reads || r.source.Reads("good") != 1 {
					t.Errorf("backlog %+v; bad was read %d times, want %d; good %d\n%s", b, r.source.Reads("bad"), c.reads, r.source.Reads("good"), r.log)
				}
				if c.loud != "" && !r.log.has(c.loud) {
					t.Errorf("nobody said %q", c.loud)
				}
				if len(standing.Troubles) != 0 {
					t.Errorf("troubles %+v", standing.Troubles)
				}
			})
		}
	})
}

func (r *rig) lostHours() int64 {
	r.t.Helper()
	rows, err := r.store.Coverage(r.ctx(), r.from.ID, r.store.Now().Add(-100*time.Hour), r.store.Now().Add(time.Hour))
	r.ok(err)
	var n int64
	for _, row := range rows {
		n += row.Lost
	}
	return n
}

// A split that waits too long is lost when it expires, and not before.
func TestASplitThatExpiresWhileItWaits(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.source.Put(connector.Split{ID: "s", Stream: "s", Time: r.store.Now(), Expires: r.store.Now().Add(20 * time.Second)}, connectortest.Records(0, 5)...)
		r.fails("s", 20, 0, fault.New(fault.Throttled, "429"))
		r.once()
		r.holds()
		if c := r.counts(); c.Lost != 1 || !r.log.has("content is lost") || r.source.Reads("s") < 3 {
			t.Errorf("counts %+v after %d reads", c, r.source.Reads("s"))
		}
	})
}

// Without a right to read, the lane rests; nothing is dropped; and a run that ends by itself does not wait for a person.
func TestASourceThatDenies(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		for i := range 5 {
			r.put(fmt.Sprint("s", i), i*10, i*10+10)
			r.fails(fmt.Sprint("s", i), 10, 0, fault.New(fault.Denied, "no permission").WithHint("grant it"))
		}
		began := r.store.Now()
		standing := r.once()
		if len(standing.Troubles) == 0 || standing.Troubles[0].Class != "denied" {
			t.Errorf("troubles %+v", standing.Troubles)
		}
		if took := r.store.Now().Sub(began); took > 2*time.Minute {
			t.Errorf("waited %s for a person", took)
		}
		if b := r.backlog(); b.Pending != 5 || b.Failed+b.Lost != 0 {
			t.Errorf("backlog %+v", b)
		}
	})
}

// One split that can't be read stops nothing else, also when there are many of them.
func TestPoisonedSplitsStopNothingElse(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		for i := range 40 {
			id := fmt.Sprint("s", i)
			r.put(id, i*10, i*10+10)
			if i%4 == 0 {
				r.fails(id, 100, 0, errors.New("poison"))
			}
		}
		r.once()
		if b := r.backlog(); b.Failed != 10 || b.Pending != 0 {
			t.Errorf("backlog %+v", b)
		}
		if c := r.counts(); c.Delivered != 300 {
			t.Errorf("counts %+v", c)
		}
	})
}

// poison refuses a batch that has a certain record, as a destination with a bug does.
func (r *rig) poison(key string, err error) {
	r.faulty(connectortest.OnWrite(r.append.Open(), func(_ context.Context, b connector.Batch) error {
		for _, rec := range b.Records {
			if rec.Key == key {
				return err
			}
		}
		return nil
	}))
}

// A batch that the destination refuses as a whole is taken apart: the split whose fault it is fails, the others pass.
func TestOneSplitThatTheDestinationCannotTake(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.poison("k55", fault.New(fault.Internal, "index out of range"))
		for i := range 20 {
			r.put(fmt.Sprint("s", i), i*10, i*10+10)
		}
		began := r.store.Now()
		r.once()
		if b := r.backlog(); b.Failed != 1 || b.Pending != 0 {
			t.Errorf("backlog %+v\n%s", b, r.log)
		}
		if c := r.counts(); c.Delivered != 190 {
			t.Errorf("counts %+v", c)
		}
		if took := r.store.Now().Sub(began); took > 5*time.Minute {
			t.Errorf("took %s", took)
		}
		r.wrap = nil // mended
		n, err := r.store.RetryDeliveries(r.ctx(), r.flow.ID)
		r.ok(err)
		r.once()
		r.holds(connectortest.Records(0, 200)...)
		if n != 1 {
			t.Errorf("%d tried again", n)
		}
	})
}

// A destination that denies stops its lane, drops nothing, and goes on when somebody has mended it.
func TestADestinationThatDenies(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		denied := fault.New(fault.Denied, "403").WithHint("grant it")
		r.faulty(connectortest.FailWrite(r.append.Open(), 0, denied))
		r.put("a", 0, 10)
		r.put("b", 10, 20)
		standing := r.once()
		if len(standing.Troubles) == 0 || standing.Troubles[0].Class != "denied" || standing.Troubles[0].Hint != "grant it" {
			t.Errorf("troubles %+v", standing.Troubles)
		}
		if b := r.backlog(); b.Pending != 2 || b.Failed+b.Lost != 0 {
			t.Errorf("backlog %+v", b)
		}
		r.wrap = nil
		var err error
		r.to, err = r.store.UpdateObject(r.ctx(), r.to, nil)
		r.ok(err)
		lanes, err := r.store.Lanes(r.ctx(), r.flow.ID)
		r.ok(err)
		if lanes[0].Due.After(r.store.Now()) {
			t.Errorf("the lane rests until %s though its destination was changed", lanes[0].Due)
		}
		r.once()
		r.holds(connectortest.Records(0, 20)...)
	})
}

// A time that a remote asks to wait for is waited for, not more and not less.
func TestRetryAfterIsObeyed(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		until := r.store.Now().Add(7 * time.Minute)
		r.faulty(connectortest.FailWrite(r.append.Open(), 1, &fault.Error{Class: fault.Throttled, Title: "slow down", RetryAt: until}))
		r.put("a", 0, 10)
		standing := r.once()
		r.holds(connectortest.Records(0, 10)...)
		if now := r.store.Now(); now.Before(until) || now.After(until.Add(time.Minute)) || len(standing.Troubles) != 0 {
			t.Errorf("it is %s, asked for %s; troubles %+v", now, until, standing.Troubles)
		}

		until = r.store.Now().Add(9 * time.Minute)
		r.put("b", 10, 20)
		r.fails("b", 1, 0, &fault.Error{Class: fault.Throttled, Title: "slow down", RetryAt: until})
		r.once()
		r.holds(connectortest.Records(0, 20)...)
		if now := r.store.Now(); now.Before(until) || now.After(until.Add(time.Minute)) {
			t.Errorf("it is %s, asked for %s", now, until)
		}

		until = r.store.Now().Add(11 * time.Minute)
		r.put("c", 20, 30)
		r.source.FailList(&fault.Error{Class: fault.Throttled, Title: "slow down", RetryAt: until})
		r.once()
		r.holds(connectortest.Records(0, 30)...)
		if now := r.store.Now(); now.Before(until) || now.After(until.Add(time.Minute)) {
			t.Errorf("it is %s, asked for %s", now, until)
		}
	})
}

// A listing that fails is tried again; one that goes on failing is told, and not waited for without end.
func TestListingsThatFail(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.put("a", 0, 10)
		down := fault.New(fault.Unavailable, "503")
		r.source.FailList(down, down, down)
		if standing := r.once(); len(standing.Troubles) != 0 {
			t.Errorf("troubles %+v", standing.Troubles)
		}
		r.holds(connectortest.Records(0, 10)...)
		for range 50 {
			r.source.FailList(down)
		}
		if standing := r.once(); len(standing.Troubles) != 1 || standing.Troubles[0].Class != "unavailable" {
			t.Errorf("troubles %+v", standing.Troubles)
		}
		began := r.store.Now()
		for range 50 {
			r.source.FailList(fault.New(fault.Denied, "401"))
		}
		r.once()
		if took := r.store.Now().Sub(began); took > time.Minute {
			t.Errorf("waited %s for a person", took)
		}
	})
}

// One stream that can't be listed stops nothing of the others.
func TestOneStreamThatCannotBeListed(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		at := r.store.Now()
		r.source.Put(connector.Split{ID: "a", Stream: "good", Time: at}, connectortest.Records(0, 10)...)
		r.source.Put(connector.Split{ID: "b", Stream: "bad", Time: at}, connectortest.Records(10, 20)...)
		r.source.FailStream("bad", fault.New(fault.Denied, "no permission for this one"))
		standing := r.once()
		r.holds(connectortest.Records(0, 10)...)
		if len(standing.Troubles) != 1 || standing.Troubles[0].Class != "denied" {
			t.Errorf("troubles %+v", standing.Troubles)
		}
		r.source.FailStream("bad", nil)
		r.once()
		r.holds(connectortest.Records(0, 20)...)
	})
}

// What a source says that it can't list any more is said once more, aloud.
func TestGapsAreLoud(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.put("a", 0, 1)
		r.source.Lose(connector.Gap{Range: connector.Range{Stream: "s", From: connectortest.Start, To: connectortest.Start.Add(time.Hour)}, Reason: "too old"})
		r.once()
		gaps, err := r.store.Gaps(r.ctx(), r.from.ID)
		r.ok(err)
		if len(gaps) != 1 || gaps[0].Reason != "too old" || !r.log.has("a stretch of time is lost") {
			t.Errorf("gaps %+v", gaps)
		}
	})
}

// A flow that can't be opened rests and is tried again.
func TestAFlowThatCannotBeOpened(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.put("a", 0, 10)
		r.openErr = fault.New(fault.Denied, "the vault is closed")
		if standing := r.once(); len(standing.Troubles) == 0 || r.backlog().Pending != 0 {
			t.Errorf("standing %+v", standing)
		}
		r.openErr = nil
		r.once()
		r.holds(connectortest.Records(0, 10)...)
	})
}

// A source that stalls in the middle of one split does not keep the ones before it from being committed.
func TestWhatWasReadIsNotHeldBackByASlowSplit(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.set.Linger = 5 * time.Millisecond
		release := make(chan struct{})
		delivered := make(chan struct{}, 100)
		r.wrapSource = func(s connector.Source) connector.Source { return stall{s, "slow", release} }
		r.faulty(afterWrite{r.append.Open(), func(connector.Batch) {}, func(connector.Batch) { delivered <- struct{}{} }})
		r.source.Put(connector.Split{ID: "slow", Stream: "s", Time: r.store.Now()}, connectortest.Records(0, 10)...)
		r.source.Put(connector.Split{ID: "fast", Stream: "s", Time: r.store.Now().Add(time.Second)}, connectortest.Records(10, 20)...)
		e := r.start()
		r.list()
		done := make(chan error)
		go func() {
			_, err := e.DeliverNext(r.ctx(), 0)
			done <- err
		}()
		<-delivered
		r.holds(connectortest.Records(10, 20)...)
		close(release)
		r.ok(<-done)
		r.holds(connectortest.Records(0, 20)...)
	})
}

// stall holds one split's read back.
type stall struct {
	connector.Source
	id      string
	release <-chan struct{}
}

func (s stall) Read(ctx context.Context, split connector.Split, skip int64) iter.Seq2[connector.Record, error] {
	if split.ID == s.id {
		select {
		case <-s.release:
		case <-ctx.Done():
		}
	}
	return s.Source.Read(ctx, split, skip)
}
