package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// turn is one lane's turn at work.
type turn struct {
	engine *Engine
	lane   store.Lane
	source *Source
	flow   *Flow
	crawl  int64 // a mirror's open crawl
	feed   *feeder
	end    time.Time

	mu      sync.Mutex
	trouble error // what stops the lane; nil: go on
}

// Deliver works one turn of a lane: it recovers, reads what is due, writes it batch by batch, commits each, and gives
// the lease back. An error is one that an operator must see: trouble with the store. What the source or destination
// had to say is remembered with the delivery or the lane.
func (e *Engine) Deliver(ctx context.Context, l store.Lane) error {
	t, done, err := e.begin(ctx, l)
	if err != nil {
		return e.release(ctx, l, nil, err)
	}
	held, free := e.keep(ctx, l.Lease)
	err = t.recover(held)
	if err == nil {
		err = t.work(held)
	}
	lost := isLeaseLost(err) || errors.Is(context.Cause(held), store.ErrLeaseLost)
	done() // before the lane is another's: a destination may have locked what it writes
	free()
	if lost {
		e.memory.forget(l.FlowID) // somebody else has delivered since
		return nil
	}
	if err == nil {
		err = t.stop()
	}
	return e.release(ctx, l, t, err)
}

// begin opens what the turn needs.
func (e *Engine) begin(ctx context.Context, l store.Lane) (*turn, func(), error) {
	flow, flowDone, err := e.open.flow(ctx, l.FlowID)
	if err != nil {
		return nil, nil, err
	}
	source, sourceDone, err := e.open.source(ctx, flow.Object.SourceID)
	if err != nil {
		flowDone()
		return nil, nil, err
	}
	t := &turn{engine: e, lane: l, source: source, flow: flow, end: time.Now().Add(e.set.Turn)}
	t.feed = &feeder{turn: t, readings: make(chan *reading, e.set.ReadAhead), begun: map[int64]bool{}}
	if flow.Mirror {
		if t.crawl, err = e.store.OpenCrawl(ctx, l.FlowID); err != nil {
			sourceDone()
			flowDone()
			return nil, nil, err
		}
	}
	if e.store.Shared() {
		e.memory.forget(l.FlowID) // another node may have delivered since our last turn
	}
	return t, func() { sourceDone(); flowDone() }, nil
}

// recover lets the destination undo what was written and never committed.
func (t *turn) recover(ctx context.Context) error {
	_, err := t.flow.Write(ctx, connector.Batch{ID: t.batchID(0), Lane: t.lane.Number, After: t.lane.Receipt})
	if err != nil {
		return fmt.Errorf("recover %s: %w", t.flow.Object.Name, err)
	}
	return nil
}

func (t *turn) batchID(n int) string { return fmt.Sprintf("%d.%d.%d", t.lane.FlowID, t.lane.Number, n) }

// work reads, assembles and writes side by side until the turn is over. Whichever of the three meets an error stops
// the others; what is not committed then comes again.
func (t *turn) work(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	batches := make(chan *batch) // one is written while the next is assembled
	var (
		side   sync.WaitGroup
		failed = make([]error, 2)
		inHand = newInHand()
	)
	fail := func(i int, err error) {
		if failed[i] = err; err != nil {
			cancel(err)
		}
	}
	side.Go(func() { fail(0, t.feed.run(ctx)) })
	side.Go(func() { fail(1, t.write(ctx, batches, inHand)) })
	err := (&assembler{turn: t, inHand: inHand, out: batches}).run(ctx)
	close(batches)
	if err != nil {
		cancel(err)
	}
	drain(t.feed.readings) // readers that wait for a taker
	side.Wait()
	for _, first := range []error{failed[1], err, failed[0]} {
		if first != nil && !errors.Is(first, context.Canceled) {
			return first
		}
	}
	return nil
}

// drain takes what nobody wants any more, so that no reader waits for ever.
func drain(readings <-chan *reading) {
	for r := range readings {
		for range r.chunks {
		}
	}
}

// over tells whether the turn claims no more.
func (t *turn) over() bool { return time.Now().After(t.end) || t.stop() != nil }

// stop is what stops the lane, if something does.
func (t *turn) stop() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.trouble
}

// halt stops the lane after what is under way. The first reason stays.
func (t *turn) halt(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.trouble == nil {
		t.trouble = err
	}
}

// release gives the lease back. An error that stopped the turn makes the lane rest; it is logged here, once.
func (e *Engine) release(ctx context.Context, l store.Lane, t *turn, err error) error {
	ctx = context.WithoutCancel(ctx)
	now := e.store.Now()
	var (
		trouble *store.Trouble
		blocked time.Time
	)
	if err != nil && !errors.Is(err, context.Canceled) {
		blocked = pause(now, err, l.Failures)
		said := troubleOf(err, now, blocked)
		trouble = &said
		name := fmt.Sprint(l.FlowID)
		if t != nil {
			name = t.flow.Object.Name
		}
		e.log.Warn("a lane rests", "flow", name, "lane", l.Number, "class", fault.ClassOf(err), "err", err, "hint", fault.HintOf(err), "again", blocked)
	}
	if e := e.store.ReleaseLane(ctx, l, blocked, trouble); e != nil && !isLeaseLost(e) {
		return fmt.Errorf("give lane %d back: %w", l.ID, e)
	}
	return e.finishRuns(ctx, l.FlowID)
}
