package engine

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
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
	crawl  int64 // a mirror's newest crawl
	feed   *feeder
	end    time.Time

	written chan *batch // committed ones, whose memory the next may have

	// careful: the lane's last write failed. Each split is written alone, so that a bad one is found and its
	// neighbours pass.
	careful bool

	mu       sync.Mutex
	trouble  error // what stops the lane; nil: go on
	poisoned bool  // the trouble is one split's, and is put down there
}

// Deliver works one turn of a lane: it recovers, reads what is due, writes it batch by batch, commits each, and gives
// the lease back. An error is one that an operator must see: trouble with the store. What the source or destination
// had to say is remembered with the delivery or the lane.
func (e *Engine) Deliver(ctx context.Context, l store.Lane) error {
	ours := e.keep(ctx, l.Lease)
	leave, err := e.alone(ours.work, row{id: l.ID}, ours)
	defer leave()
	var t *turn
	if err == nil {
		t, err = e.work(ours, l)
	}
	ours.end()
	if ours.lost() || isLeaseLost(err) {
		e.ended(l, false) // somebody else has delivered since
		return nil
	}
	if ctx.Err() != nil && fault.ClassOf(err) == fault.Canceled {
		err = nil
	}
	e.ended(l, err == nil)
	if err == nil && t != nil {
		err = t.stop()
	}
	return e.release(ctx, l, t, err)
}

// work is a turn from its beginning to its end. What it opened is closed: a destination may have locked what it writes,
// and the lane is another's soon.
func (e *Engine) work(ours tenure, l store.Lane) (*turn, error) {
	t, done, err := e.begin(ours.work, l)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := t.recover(ours.work); err != nil {
		return t, err
	}
	return t, t.work(ours)
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
	done := func() { sourceDone(); flowDone() }
	t := &turn{engine: e, lane: l, source: source, flow: flow, end: time.Now().Add(e.set.Turn), careful: l.Failures > 0, written: make(chan *batch, 1)}
	t.feed = newFeeder(t, l)
	if flow.Mirror {
		if t.crawl, err = e.store.OpenCrawl(ctx, l.FlowID); err != nil {
			done()
			return nil, nil, err
		}
	}
	e.remember(l)
	return t, done, nil
}

// remember makes sure that what the filters know of the flow is all that was delivered: another node, or a turn whose
// last commit nobody heard of, may have added to it.
func (e *Engine) remember(l store.Lane) {
	e.mu.Lock()
	last, known := e.lanes[l.ID]
	e.mu.Unlock()
	if !known || !l.Follows(last) {
		e.memory.forget(l.FlowID)
	}
}

// ended says how a lane's turn went: after one that went well the filters stay good until another has the lane.
func (e *Engine) ended(l store.Lane, well bool) {
	e.mu.Lock()
	if well {
		e.lanes[l.ID] = l.Lease
	} else {
		delete(e.lanes, l.ID)
	}
	e.mu.Unlock()
	if !well {
		e.memory.forget(l.FlowID)
	}
}

// recover lets the destination undo what was written and never committed.
func (t *turn) recover(ctx context.Context) error {
	home, err := t.comeHome(ctx)
	if err != nil {
		return fmt.Errorf("recover %s: %w", t.flow.Object.Name, err)
	}
	result, err := t.flow.Write(ctx, connector.Batch{ID: t.batchID(0), Lane: t.lane.Number, After: t.lane.Receipt})
	if err != nil {
		return fmt.Errorf("recover %s: %w", t.flow.Object.Name, err)
	}
	same := len(result.Receipt) == 0 || bytes.Equal(result.Receipt, t.lane.Receipt)
	if same && home == t.lane.Home && !t.lane.Moved {
		return nil
	}
	if len(result.Receipt) > 0 {
		t.lane.Receipt = result.Receipt
	}
	// The destination knows more now than our receipt: it must not be asked by the old one again.
	if err := t.engine.store.SettleLane(ctx, t.lane, home, t.lane.Receipt); err != nil {
		return fmt.Errorf("commit the receipt of a recovery: %w", err)
	}
	return nil
}

func (t *turn) batchID(n int) string { return fmt.Sprintf("%d.%d.%d", t.lane.FlowID, t.lane.Number, n) }

// work reads, assembles and writes side by side until the turn is over. Whichever of the three meets an error stops
// the others; what is not committed then comes again.
func (t *turn) work(ours tenure) error {
	ctx, cancel := context.WithCancelCause(ours.work)
	defer cancel(nil)
	batches := make(chan *batch) // one is written while the next is assembled
	var (
		side            sync.WaitGroup
		fed, wrote, put error
		inHand          = newInHand()
	)
	stopAll := func(err error) error {
		if err != nil {
			cancel(err)
		}
		return err
	}
	side.Go(func() { fed = stopAll(t.feed.run(ctx)) })
	side.Go(func() { wrote = stopAll(t.write(ctx, ours.lease, batches, inHand)) })
	put = stopAll((&assembler{turn: t, inHand: inHand, out: batches}).run(ctx))
	close(batches)
	drain(t.feed.readings) // readers that wait for a taker
	side.Wait()
	if wrote != nil || ours.work.Err() != nil { // what the others say then is that they were stopped
		return wrote
	}
	if put != nil {
		return put
	}
	return fed
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

// levelOf says how loud a trouble is: what the remote asked to wait for is none while it is soon over.
func levelOf(err error, rest time.Duration) slog.Level {
	const soon = 15 * time.Minute
	if fault.ClassOf(err) == fault.Throttled && rest <= soon {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// release gives the lease back. An error that stopped the turn makes the lane rest; it is logged here, once.
func (e *Engine) release(ctx context.Context, l store.Lane, t *turn, err error) error {
	ctx = context.WithoutCancel(ctx)
	now := e.store.Now()
	var (
		trouble *store.Trouble
		blocked time.Time
	)
	if err != nil {
		name, failures := fmt.Sprint(l.FlowID), l.Failures
		if t != nil {
			name = t.flow.Object.Name
			if t.poisoned {
				failures = min(failures, poisonRest)
			}
		}
		blocked = pause(now, err, failures)
		said := troubleOf(err, now, blocked)
		trouble = &said
		e.log.Log(ctx, levelOf(err, blocked.Sub(now)), "a lane rests", "flow", name, "lane", l.Number, "class", fault.ClassOf(err), "err", err, "hint", fault.HintOf(err), "again", blocked)
	}
	if err := e.store.ReleaseLane(ctx, l, blocked, trouble); err != nil && !isLeaseLost(err) {
		return fmt.Errorf("give lane %d back: %w", l.ID, err)
	}
	return e.finishRuns(ctx, l.FlowID)
}
