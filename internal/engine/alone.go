package engine

import (
	"context"

	"github.com/headrace/headrace/internal/store"
)

// occupant is a turn that works on one row now.
type occupant struct {
	lose context.CancelCauseFunc
	left chan struct{} // closed when the turn is over
}

// A row is what a turn works on; no two turns of one process do at the same time.
type row struct {
	listing bool
	id      int64
}

// alone makes a turn the only one of its row in this process; leave ends that. A machine that slept wakes up with
// leases that have run out: the row may be given out again before the earlier turn has noticed, and its sources and
// destinations are promised one caller at a time. The earlier turn is told that its lease is lost, and waited for.
func (e *Engine) alone(ctx context.Context, r row, ours tenure) (leave func(), err error) {
	mine := &occupant{lose: ours.lose, left: make(chan struct{})}
	for {
		e.mu.Lock()
		earlier := e.occupants[r]
		if earlier == nil {
			e.occupants[r] = mine
			e.mu.Unlock()
			return func() {
				e.mu.Lock()
				delete(e.occupants, r)
				e.mu.Unlock()
				close(mine.left)
			}, nil
		}
		e.mu.Unlock()
		earlier.lose(store.ErrLeaseLost)
		select {
		case <-earlier.left:
		case <-ctx.Done():
			return func() {}, context.Cause(ctx)
		}
	}
}
