package limit

import (
	"context"
	"math"
	"sync"
	"time"
)

// A Ledger keeps one Row for each scope, seen by all nodes.
type Ledger interface {
	// Update changes one scope's row in one transaction of its own. In this order it: locks the row against all other
	// Updates (a scope without a row has the zero Row, and two nodes that come first at once must not both start from
	// it); reads the database's clock AFTER it got the lock (PostgreSQL: clock_timestamp(), not now(), which is the
	// time when the transaction began and may be before another node's lease); calls change once with both; stores what change gives; commits.
	//
	// change is pure and quick. It may be called again if the transaction is tried again; only the last call counts. Times
	// need microseconds; a zero time.Time is stored as NULL and comes back as zero. A database that can't be reached is an Unavailable
	// error, and then nothing was leased.
	//
	// Rows may be deleted when Free and Blocked are more than an hour ago.
	Update(ctx context.Context, scope string, change func(now time.Time, row Row) Row) error
}

// A Row is what is remembered of one scope. All times are the ledger's own clock's.
type Row struct {
	Free    time.Time // the first slot that nobody has leased
	Blocked time.Time // no slot lies before it: the latest time that the remote named
	Pace    float64   // the part of the allowance that is used, (0, 1]; 0 counts as 1
	Paced   time.Time // when Pace was set last
}

// An Ask is what a node asks of a row.
type Ask struct {
	PerMinute int  // the allowance
	Want      int  // how many requests wait; less than 1 counts as 1
	Slow      bool // the remote refused a request within the allowance
}

// A Grant is a run of slots, or the advice to ask again.
type Grant struct {
	Slots int           // how many; 0: none yet
	Wait  time.Duration // to the first slot, at most half of lateness ago; without slots: until it makes sense to ask again
	Every time.Duration // from one slot to the next

	Silence time.Duration // without slots: how long the remote's silence lasts, if it is what must be waited for
}

const (
	// minute is the time in which the allowance's slots are spread. A slot may be used up to lateness after its time,
	// and its request may reach the server up to transit late. So at most the slots of 62 s reach it within 60 s, and
	// those are the allowance.
	minute   = time.Minute + lateness + transit
	lateness = time.Second
	transit  = time.Second

	// A block is at most blockTime long and begins within horizon. So a node learns of another's Block within their sum.
	blockTime = 2 * time.Second
	horizon   = time.Second

	slower     = 0.7              // what Slow leaves of the pace
	slowest    = 0.05             // but never less
	sameSlow   = 10 * time.Second // refusals so close together are one
	slowTime   = time.Minute      // how long a slower pace is kept before it recovers
	recovery   = 0.1              // of the allowance, for each minute
	staleAhead = 2 * time.Minute  // Free is never so far ahead, unless the ledger's clock went back
)

// Lease gives slots from the row, and the row after it.
func (r Row) Lease(now time.Time, ask Ask) (Row, Grant) {
	if ask.Slow {
		r = r.slow(now)
	}
	// Rounded up: a slot too many in a minute would be over the allowance.
	every := time.Duration(math.Ceil(float64(minute) / float64(max(1, ask.PerMinute)) / r.pace(now)))
	from := r.Free
	if from.Sub(now) > max(staleAhead, horizon+every) {
		from = now
	}
	// Not a whole lateness back: the first slots would be too old before the ledger has committed them.
	if rest := now.Add(-lateness / 2); from.Before(rest) {
		from = rest
	}
	if from.Before(r.Blocked) {
		from = r.Blocked
	}
	wait := from.Sub(now)
	if wait > horizon {
		return r, Grant{Wait: wait - horizon, Silence: max(0, r.Blocked.Sub(now))}
	}
	slots := min(max(1, ask.Want), max(1, int(blockTime/every)))
	r.Free = from.Add(time.Duration(slots) * every)
	if kept := r.Free.Truncate(time.Microsecond); kept.Before(r.Free) { // a ledger may keep no more, and must not lose time
		r.Free = kept.Add(time.Microsecond)
	}
	return r, Grant{Slots: slots, Wait: wait, Every: every}
}

// Block is the row after the remote asked for silence until a time.
func (r Row) Block(until time.Time) Row {
	if until.After(r.Blocked) {
		r.Blocked = until
	}
	return r
}

// pace is the part of the allowance to use now: as it was set for a while, then slowly back to all of it.
func (r Row) pace(now time.Time) float64 {
	if r.Pace <= 0 || r.Pace >= 1 {
		return 1
	}
	rest := max(0, now.Sub(r.Paced)-slowTime)
	return min(1, r.Pace+recovery*rest.Minutes())
}

func (r Row) slow(now time.Time) Row {
	if since := now.Sub(r.Paced); !r.Paced.IsZero() && since >= 0 && since < sameSlow {
		return r
	}
	r.Pace, r.Paced = max(slowest, slower*r.pace(now)), now
	return r
}

// Memory is the ledger of a single process.
type Memory struct {
	mu   sync.Mutex
	rows map[string]Row
}

// NewMemory makes an empty ledger.
func NewMemory() *Memory { return &Memory{rows: map[string]Row{}} }

// Update changes the scope's row; it cannot fail.
func (m *Memory) Update(_ context.Context, scope string, change func(now time.Time, row Row) Row) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows[scope] = change(time.Now(), m.rows[scope])
	return nil
}
