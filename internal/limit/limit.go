// Package limit keeps us under the request quotas of the services that we call, for each quota as a whole and over all
// nodes.
//
// A quota has a scope (a name such as "o365/TENANT/PUBLISHER") and an allowance of requests for a minute. Its time is cut into evenly
// spaced slots, one for each request. A node leases a run of slots, a block, from the scope's row in a Ledger and uses
// them in its own process, so that the row is asked once in some seconds and not for each request. The ledger of one process is Memory; that of
// several nodes is a table. All arithmetic is here (see Row); a ledger only keeps rows. Start at Limits.
package limit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"golang.org/x/sync/semaphore"
)

// Limits hands out the limiters of all scopes. It is safe for concurrent use.
type Limits struct {
	ledger Ledger

	mu       sync.Mutex
	gates    map[string]*gate
	limiters map[limiterKey]*limiter
}

type limiterKey struct {
	scope     string
	perMinute int
}

// New makes limits that stand in ledger.
func New(ledger Ledger) *Limits {
	return &Limits{ledger: ledger, gates: map[string]*gate{}, limiters: map[limiterKey]*limiter{}}
}

// Scope gives the limiter of a quota of perMinute requests (less than 1 counts as 1). Asked again with the same
// arguments it gives the same one. Limiters of one scope with different allowances share the scope's slots, and each
// keeps to its own allowance. It has the signature of connector.Env's Limit.
//
// A limiter serves those who wait in the order in which they came. No sliding minute holds more than the allowance, also as
// seen by a server that requests reach up to a second late; a caller that always has a request waiting gets 96.7 % of the allowance. From
// rest, up to half a second's worth goes out at once.
func (l *Limits) Scope(scope string, perMinute int) connector.Limiter {
	key := limiterKey{scope, max(1, perMinute)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if lim, ok := l.limiters[key]; ok {
		return lim
	}
	g, ok := l.gates[scope]
	if !ok {
		g = &gate{changed: make(chan struct{})}
		l.gates[scope] = g
	}
	lim := &limiter{ledger: l.ledger, scope: scope, perMinute: key.perMinute, gate: g, turn: semaphore.NewWeighted(1)}
	l.limiters[key] = lim
	g.tally.allowed.Store(int64(key.perMinute))
	return lim
}

// A gate is what the limiters of one scope in this process share besides the row: a block that must be obeyed
// at once, and whether the next lease is to slow the scope down.
type gate struct {
	mu      sync.Mutex
	blocked time.Time
	slow    bool
	epoch   uint64        // slots leased in an older epoch are void
	changed chan struct{} // closed when a new epoch begins
	tally   tally
}

func (g *gate) look() (blocked time.Time, epoch uint64, changed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.blocked, g.epoch, g.changed
}

func (g *gate) change(fn func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	fn()
	g.epoch++
	close(g.changed)
	g.changed = make(chan struct{})
}

// silence stops all until a time, unless they are stopped for longer.
func (g *gate) silence(until time.Time) {
	g.change(func() {
		if until.After(g.blocked) {
			g.blocked = until
		}
	})
}

func (g *gate) takeSlow() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	slow := g.slow
	g.slow = false
	return slow
}

type limiter struct {
	ledger    Ledger
	scope     string
	perMinute int
	gate      *gate
	waiting   atomic.Int64        // requests asked for and not yet allowed
	turn      *semaphore.Weighted // serves in order of arrival; its holder alone touches what follows
	block     block
	usedUp    int // size of the last block if it was used to its end; the next may be twice as large
}

// A block is a run of leased slots in this process's time.
type block struct {
	next  time.Time
	every time.Duration
	left  int
	size  int
	epoch uint64
}

// shortSilence is how much of a silence that the remote asked for is waited out in Take. Who must wait longer is told
// until when, and can tell people.
const shortSilence = 4 * time.Second

// Take waits until n requests may be made, or ctx ends. n < 1 is none. While the remote's silence lasts longer than
// some seconds the error is Throttled, with the time when it is over; another is the context's or the ledger's.
func (l *limiter) Take(ctx context.Context, n int) error {
	if n < 1 {
		return ctx.Err()
	}
	l.waiting.Add(int64(n))
	done := 0
	defer func() { l.waiting.Add(int64(done - n)) }()
	if err := l.turn.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("wait for a request of quota %s: %w", l.scope, err)
	}
	defer l.turn.Release(1)
	for ; done < n; done++ {
		if err := l.takeOne(ctx); err != nil {
			return fmt.Errorf("wait for a request of quota %s: %w", l.scope, err)
		}
		l.waiting.Add(-1)
	}
	return nil
}

// takeOne uses the next slot when its time comes. A slot is used at most lateness after its time; older ones are
// dropped, else a pause followed by a rush would break the sliding minute.
func (l *limiter) takeOne(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		blocked, epoch, changed := l.gate.look()
		if wait := time.Until(blocked); wait > 0 {
			l.block = block{}
			if wait > shortSilence {
				return &fault.Error{Class: fault.Throttled, Code: "throttled", Title: "The remote asked for silence", RetryAt: blocked}
			}
			if err := sleep(ctx, wait, nil); err != nil {
				return err
			}
			continue
		}
		now := time.Now()
		l.block.drop(now, epoch)
		if l.block.left == 0 {
			wait, err := l.lease(ctx, epoch)
			if err != nil {
				return err
			}
			if err := sleep(ctx, wait, changed); err != nil && !errors.Is(err, errChanged) {
				return err
			}
			continue
		}
		err := sleep(ctx, l.block.next.Sub(now), changed)
		switch {
		case errors.Is(err, errChanged):
			continue
		case err != nil:
			return err
		}
		l.block.use()
		if l.block.left == 0 {
			l.usedUp = l.block.size
		}
		return nil
	}
}

// drop forgets slots that are too old to be used or of an older epoch.
func (b *block) drop(now time.Time, epoch uint64) {
	if b.epoch != epoch {
		*b = block{}
		return
	}
	if late := now.Sub(b.next) - lateness; late > 0 && b.left > 0 {
		gone := int(min(int64(b.left), int64((late+b.every-1)/b.every)))
		b.left -= gone
		b.next = b.next.Add(time.Duration(gone) * b.every)
	}
}

func (b *block) use() {
	b.left--
	b.next = b.next.Add(b.every)
}

// lease gets the next block. If there is none to be had yet it tells how long to wait before asking again.
func (l *limiter) lease(ctx context.Context, epoch uint64) (time.Duration, error) {
	// A busy caller doubles its blocks, so that the ledger is asked seldom; one that left slots unused asks for what waits.
	want := max(int(l.waiting.Load()), 2*l.usedUp)
	l.usedUp = 0
	ask := Ask{PerMinute: l.perMinute, Want: want, Slow: l.gate.takeSlow()}
	var grant Grant
	err := l.ledger.Update(ctx, l.scope, func(now time.Time, row Row) Row {
		row, grant = row.Lease(now, ask)
		return row
	})
	if err != nil {
		if ask.Slow {
			l.Slow()
		}
		return 0, err
	}
	if grant.Silence > 0 { // another node was told, or this one before it was started anew
		l.gate.silence(time.Now().Add(grant.Silence))
		return 0, nil
	}
	if grant.Slots == 0 {
		return max(grant.Wait, time.Millisecond), nil
	}
	l.block = block{next: time.Now().Add(grant.Wait), every: grant.Every, left: grant.Slots, size: grant.Slots, epoch: epoch}
	return 0, nil
}

// Block stops all requests of this scope until a time that the remote named: in this process at once, on other nodes
// when they next lease, within some 3 s. An earlier time than one already set changes nothing. In this process it holds even if the ledger
// fails.
func (l *limiter) Block(ctx context.Context, until time.Time) error {
	wait := time.Until(until)
	if wait <= 0 {
		return nil
	}
	l.gate.silence(until)
	err := l.ledger.Update(ctx, l.scope, func(now time.Time, row Row) Row { return row.Block(now.Add(wait)) })
	if err != nil {
		return fmt.Errorf("block quota %s until %s: %w", l.scope, until.UTC().Format(time.RFC3339), err)
	}
	return nil
}

// Slow makes the scope's rate smaller from the next lease on, which it makes due now: see Row for how much and how
// long. It asks nobody and returns at once.
func (l *limiter) Slow() { l.gate.change(func() { l.gate.slow = true }) }

var errChanged = errors.New("the scope changed")

// sleep waits for d, for ctx to end or for changed to be closed (errChanged).
func sleep(ctx context.Context, d time.Duration, changed <-chan struct{}) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-changed:
		return errChanged
	case <-ctx.Done():
		return ctx.Err()
	}
}
