package limit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/limit"
)

// calls records when requests reached a server.
type calls struct {
	mu sync.Mutex
	at []time.Time
}

func (c *calls) add(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = append(c.at, at)
}

// worst is the largest number of calls in any 60 s.
func (c *calls) worst() int {
	slices.SortFunc(c.at, time.Time.Compare)
	worst, from := 0, 0
	for i, at := range c.at {
		for at.Sub(c.at[from]) >= time.Minute {
			from++
		}
		worst = max(worst, i-from+1)
	}
	return worst
}

// taken takes a request, and comes again when the remote's silence is over; false: ctx ended.
func taken(ctx context.Context, l connector.Limiter) bool {
	for {
		err := l.Take(ctx, 1)
		if fault.ClassOf(err) != fault.Throttled {
			return err == nil
		}
		select {
		case <-time.After(time.Until(fault.RetryAt(err))):
		case <-ctx.Done():
			return false
		}
	}
}

// press takes one request after the other in `workers` goroutines for each limiter until d is over. A request reaches the server up to jitter late.
func press(t *testing.T, d time.Duration, workers int, jitter time.Duration, limiters ...connector.Limiter) *calls {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var seen calls
	var wg sync.WaitGroup
	for n, l := range limiters {
		for w := range workers {
			wg.Go(func() {
				random := rand.New(rand.NewPCG(uint64(n), uint64(w)))
				for taken(ctx, l) {
					late := time.Duration(random.Int64N(int64(jitter) + 1))
					seen.add(time.Now().Add(late))
					// The call itself takes a while, so that waiters come and go.
					select {
					case <-time.After(late + 10*time.Millisecond):
					case <-ctx.Done():
					}
				}
			})
		}
	}
	wg.Wait()
	return &seen
}

// nodes gives n nodes' limiters on one ledger.
func nodes(n int, ledger limit.Ledger, perMinute int) []connector.Limiter {
	all := make([]connector.Limiter, n)
	for i := range all {
		all[i] = limit.New(ledger).Scope("o365/t/p", perMinute)
	}
	return all
}

// TestTheAllowanceIsUsedAndNeverExceeded holds both promises at once: no sliding minute over the allowance, and at
// least 95 % of it used, as a server sees it that requests reach late.
func TestTheAllowanceIsUsedAndNeverExceeded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ perMinute, minutes, nodes, workers int }{
		{1, 60, 1, 3}, {2, 60, 1, 3}, {7, 60, 1, 4}, {60, 20, 1, 8}, {600, 10, 1, 32}, {2000, 5, 1, 64}, {2000, 5, 2, 32}, {2000, 5, 5, 32}, {20000, 2, 2, 300},
	} {
		t.Run(fmt.Sprintf("%d a minute, %d nodes", c.perMinute, c.nodes), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				seen := press(t, time.Duration(c.minutes)*time.Minute, c.workers, time.Second, nodes(c.nodes, limit.NewMemory(), c.perMinute)...)
				if worst := seen.worst(); worst > c.perMinute {
					t.Errorf("a sliding minute had %d requests, the allowance is %d", worst, c.perMinute)
				}
				if used := float64(len(seen.at)) / float64(c.minutes*c.perMinute); used < 0.95 {
					t.Errorf("%.1f %% of the allowance used, want at least 95 %%", 100*used)
				}
			})
		})
	}
}

// TestAPauseThenARush looks for the classic hole of a token bucket: rest, burst, and the full rate after it.
func TestAPauseThenARush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limit.New(limit.NewMemory()).Scope("s", 2000)
		var all calls
		for _, rest := range []time.Duration{0, time.Minute, 700 * time.Millisecond, 3 * time.Second, time.Hour} {
			<-time.After(rest)
			began := time.Now()
			burst := press(t, 20*time.Second, 64, 0, l)
			first := 0
			for _, at := range burst.at {
				if at.Sub(began) < 50*time.Millisecond {
					first++
				}
			}
			if first > 2000/60+1 {
				t.Errorf("%d requests at once after a rest of %s, want at most a second's worth", first, rest)
			}
			all.at = append(all.at, burst.at...)
		}
		if worst := all.worst(); worst > 2000 {
			t.Errorf("a sliding minute had %d requests", worst)
		}
	})
}

func TestWaitersAreServedInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limit.New(limit.NewMemory()).Scope("s", 60)
		var mu sync.Mutex
		var order []int
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if err := l.Take(t.Context(), 1); err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
			})
			synctest.Wait()
		}
		wg.Wait()
		if !slices.IsSorted(order) {
			t.Errorf("served %v, want the order of arrival", order)
		}
	})
}

func TestALimiterOfAScopeIsMadeOnce(t *testing.T) {
	t.Parallel()
	all := limit.New(limit.NewMemory())
	if all.Scope("a", 10) != all.Scope("a", 10) {
		t.Error("the same scope and allowance gave two limiters; each would have a queue of its own")
	}
	if all.Scope("a", 0) != all.Scope("a", 1) {
		t.Error("an allowance below 1 must count as 1")
	}
}

// TestTwoAllowancesShareAScope: a source of 600 and one of 2,000 a minute on one quota stay under the larger together.
func TestTwoAllowancesShareAScope(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := limit.New(limit.NewMemory())
		seen := press(t, 10*time.Minute, 32, time.Second, all.Scope("s", 2000), all.Scope("s", 600))
		if worst := seen.worst(); worst > 2000 {
			t.Errorf("a sliding minute had %d requests of the two, the larger allowance is 2000", worst)
		}
	})
}

func TestBlockStopsEveryNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		both := nodes(2, limit.NewMemory(), 2000)
		until := time.Now().Add(10*time.Second + 90*time.Second)
		var blockedAt time.Time
		var wg sync.WaitGroup
		wg.Go(func() {
			<-time.After(10 * time.Second)
			blockedAt = time.Now()
			if err := both[0].Block(t.Context(), until); err != nil {
				t.Error(err)
			}
			// An earlier time than the one that is set changes nothing.
			if err := both[1].Block(t.Context(), time.Now().Add(time.Second)); err != nil {
				t.Error(err)
			}
		})
		var own, other *calls
		wg.Go(func() { own = press(t, 3*time.Minute, 16, 0, both[0]) })
		wg.Go(func() { other = press(t, 3*time.Minute, 16, 0, both[1]) })
		wg.Wait()
		check := func(name string, c *calls, grace time.Duration) {
			after := 0
			for _, at := range c.at {
				if at.After(blockedAt.Add(grace)) && at.Before(until) {
					t.Errorf("%s: a request %s after the block", name, at.Sub(blockedAt))
					return
				}
				if !at.Before(until) {
					after++
				}
			}
			if after == 0 {
				t.Errorf("%s: no request after the block was over", name)
			}
		}
		check("the node that was told", own, 0)
		check("the other node", other, 3*time.Second)
	})
}

// TestALongSilenceIsToldAShortOneIsWaitedFor has three waiters when the remote asks for silence: of the node that was told, of
// another, and of one that begins anew. None may wait without a word.
func TestALongSilenceIsToldAShortOneIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ledger := limit.NewMemory()
		both := nodes(2, ledger, 6)
		for _, l := range both { // 6 a minute: who comes next must wait for some 10 s
			if err := l.Take(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		told := make(chan error, 2)
		for _, l := range both {
			go func() { told <- l.Take(t.Context(), 1) }()
		}
		synctest.Wait()
		until := time.Now().Add(time.Minute)
		if err := both[0].Block(t.Context(), until); err != nil {
			t.Fatal(err)
		}
		fresh := nodes(1, ledger, 6)[0]
		for name, err := range map[string]error{"waited when it came": <-told, "waited on the other node": <-told, "came later": both[0].Take(t.Context(), 1), "a new process": fresh.Take(t.Context(), 1)} {
			if fault.ClassOf(err) != fault.Throttled || !fault.RetryAt(err).Equal(until) {
				t.Errorf("%s: %v until %s, want Throttled until %s", name, err, fault.RetryAt(err), until)
			}
		}
		<-time.After(time.Until(until) - 3*time.Second)
		if err := both[0].Take(t.Context(), 1); err != nil || time.Now().Before(until) {
			t.Errorf("%v at %s; a silence of 3 s is waited for, until %s", err, time.Now(), until)
		}
	})
}

func TestBlockHoldsHereThoughTheLedgerFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ledger := &broken{Ledger: limit.NewMemory()}
		l := limit.New(ledger).Scope("s", 60)
		ledger.err = errors.New("connection refused")
		if err := l.Block(t.Context(), time.Now().Add(time.Minute)); !errors.Is(err, ledger.err) {
			t.Errorf("Block = %v, want the ledger's error", err)
		}
		ledger.err = nil
		if err := l.Take(t.Context(), 1); fault.ClassOf(err) != fault.Throttled {
			t.Errorf("Take = %v, though blocked for a minute", err)
		}
		<-time.After(time.Minute)
		ledger.err = errors.New("connection refused")
		if err := l.Take(t.Context(), 100); !errors.Is(err, ledger.err) {
			t.Errorf("Take = %v, want the ledger's error", err)
		}
	})
}

type broken struct {
	limit.Ledger
	err error
}

func (b *broken) Update(ctx context.Context, scope string, change func(time.Time, limit.Row) limit.Row) error {
	if b.err != nil {
		return b.err
	}
	return b.Ledger.Update(ctx, scope, change)
}

func TestSlowShrinksThenRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		both := nodes(2, limit.NewMemory(), 600)
		rate := func() float64 { return float64(len(press(t, 30*time.Second, 8, 0, both[1]).at)) / 290 } // 290 is the full rate for 30 s
		rate()
		for range 20 { // twenty refusals of one moment are one
			both[0].Slow()
		}
		if err := both[0].Take(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if got := rate(); got < 0.6 || got > 0.8 {
			t.Errorf("after Slow the other node runs at %.0f %% of the rate, want 70 %%", 100*got)
		}
		<-time.After(2 * time.Minute)
		middle := rate()
		if middle <= 0.75 || middle >= 0.98 {
			t.Errorf("2.5 minutes after Slow the rate is %.0f %%, want it on its way back", 100*middle)
		}
		<-time.After(10 * time.Minute)
		if got := rate(); got < 0.95 {
			t.Errorf("long after Slow the rate is %.0f %%, want all of it", 100*got)
		}
	})
}

func TestACancelledWaiterLeavesTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limit.New(limit.NewMemory()).Scope("s", 1)
		if err := l.Take(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 3)
		for range 3 { // the head of the queue and two behind it
			go func() { errs <- l.Take(ctx, 1) }()
		}
		synctest.Wait()
		cancel()
		for range 3 {
			if err := <-errs; !errors.Is(err, context.Canceled) {
				t.Errorf("Take = %v, want the context's end", err)
			}
		}
		began := time.Now()
		if err := l.Take(t.Context(), 1); err != nil || time.Since(began) > 65*time.Second {
			t.Errorf("the next waiter got %v after %s; the cancelled ones must not have used slots", err, time.Since(began))
		}
		if err := l.Take(t.Context(), 0); err != nil {
			t.Errorf("Take of nothing = %v", err)
		}
	})
}

// TestTheLedgerIsAskedSeldom: a busy node leases blocks, not single requests.
func TestTheLedgerIsAskedSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ledger := &counting{Ledger: limit.NewMemory()}
		press(t, time.Minute, 4, 0, limit.New(ledger).Scope("s", 2000))
		if ledger.n > 45 {
			t.Errorf("%d leases in a busy minute, want about one in two seconds", ledger.n)
		}
	})
}

type counting struct {
	limit.Ledger
	n int
}

func (c *counting) Update(ctx context.Context, scope string, change func(time.Time, limit.Row) limit.Row) error {
	c.n++
	return c.Ledger.Update(ctx, scope, change)
}

// slowLedger is a database that takes a while to commit.
type slowLedger struct {
	*limit.Memory
	takes time.Duration
}

func (s slowLedger) Update(ctx context.Context, scope string, change func(time.Time, limit.Row) limit.Row) error {
	err := s.Memory.Update(ctx, scope, change)
	timer := time.NewTimer(s.takes)
	defer timer.Stop()
	<-timer.C
	return err
}

// TestASlowLedgerStillGivesSlots has a quota of which a slot is shorter than a commit: a slot must not be too old
// by the time it is ours.
func TestASlowLedgerStillGivesSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limit.New(slowLedger{limit.NewMemory(), 5 * time.Millisecond}).Scope("s", 1_000_000)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for i := range 10 {
			if err := l.Take(ctx, 1); err != nil {
				t.Fatalf("take %d: %v", i, err)
			}
		}
	})
}
