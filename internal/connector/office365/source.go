package office365

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"golang.org/x/sync/errgroup"
)

type source struct {
	cfg *Config
	api *api
	env connector.Env
}

// Close gives idle connections back.
func (s *source) Close() error { return s.api.client.Close() }

const (
	// mostSplits and longest bound one call of Enumerate: when they are reached no further window is begun.
	mostSplits = 2000
	longest    = 15 * time.Second
)

// Enumerate lists some windows of every content type, what is new first. See connector.Source.
func (s *source) Enumerate(ctx context.Context, raw connector.Cursor) (connector.Enumeration, error) {
	c, err := readCursor(raw)
	if err != nil {
		return connector.Enumeration{}, err
	}
	failed, err := s.subscribe(ctx, c)
	if err != nil {
		return connector.Enumeration{}, fmt.Errorf("subscriptions: %w", err)
	}
	l := &listing{source: s, cursor: c, began: s.env.Now(), plan: planner{cfg: s.cfg, now: s.api.client.Now(), only: c.Range}}
	if c.Range != nil {
		c.Range.To = earlier(c.Range.To, l.plan.end()) // a range that ends in the future would never end
	}
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		l.fail(name, failed[name])
	}
	if err := l.run(ctx); err != nil {
		return connector.Enumeration{}, err
	}
	return l.result()
}

// A listing is one call of Enumerate. Content types are listed side by side, and so are the windows of one.
type listing struct {
	source *source
	cursor *cursor
	plan   planner
	began  time.Time
	slots  chan struct{} // one for each request chain that may run

	mu        sync.Mutex
	out       connector.Enumeration
	throttled error // the tenant's quota is used up: nothing more is asked
	fails     map[string]bool
	owed      bool // look backs were left out for what is new
}

func (l *listing) run(ctx context.Context) error {
	l.slots = make(chan struct{}, l.source.cfg.ListConcurrency)
	group, ctx := errgroup.WithContext(ctx)
	for _, name := range l.source.cfg.streams() {
		if l.failed(name) {
			continue
		}
		place := l.place(name) // the map is only touched here
		group.Go(func() error { return l.stream(ctx, name, place) })
	}
	return group.Wait()
}

// place gives the stream's place in the cursor.
func (l *listing) place(name string) *stream {
	start := l.plan.end().Add(l.source.cfg.Start.Std())
	if l.cursor.Range != nil {
		start = l.cursor.Range.From
	} else {
		start = later(start, l.plan.limit()) // what was never promised is not lost
	}
	before := l.cursor.Streams[name]
	place := l.cursor.begin(name, start)
	if before != place {
		place.Begun, place.DeepDone, place.Looked = l.plan.now, l.plan.now, l.plan.now // everything is listed for the first time now
		if before != nil {
			place.Started = before.Started
		}
		if l.cursor.Range == nil {
			l.source.env.Log.Info("collecting begins", "stream", name, "start", start)
		}
	}
	return place
}

// stream lists one content type. Only the end of the context is an error; everything else is the stream's own failure.
func (l *listing) stream(ctx context.Context, name string, place *stream) error {
	before := place.copy()
	missed := l.plan.missed(place) // before clamp moves on
	lost := l.plan.clamp(place)
	windows := l.plan.plan(name, place)
	if len(windows) == 0 {
		l.lose(name, lost, neverListed)
		l.lose(name, missed, notListedAgain)
		return nil
	}
	// The first window shows whether the type can be listed at all. If it can't, nothing of it changes: what the
	// service forgets meanwhile is reported as one loss when it can be listed again.
	if ok, err := l.window(ctx, place, windows[0], true); err != nil || !ok {
		*place = *before
		return err
	}
	l.lose(name, lost, neverListed)
	l.lose(name, missed, notListedAgain)
	return l.rest(ctx, place, windows)
}

// rest lists what follows the first window, and sees to it that look backs are made up for.
func (l *listing) rest(ctx context.Context, place *stream, windows []window) error {
	var left, looked atomic.Bool
	group, ctx := errgroup.WithContext(ctx)
	for _, chain := range chains(windows[1:]) {
		group.Go(func() error {
			for _, w := range chain {
				if ok, err := l.window(ctx, place, w, false); err != nil || !ok {
					left.Store(true)
					return err
				}
				if w.why != catchUp {
					looked.Store(true)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	catchingUp := slices.ContainsFunc(windows, func(w window) bool { return w.why == catchUp })
	if !catchingUp && !left.Load() {
		place.Looked = l.plan.now
	}
	// But not again and again without getting anywhere.
	if l.plan.owed(place) && (catchingUp || looked.Load()) && !l.failed(windows[0].stream) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.owed = true
	}
	return nil
}

// chains are windows that must be listed one after the other. What is caught up with can come in any order; a look back
// goes on where it stopped.
func chains(windows []window) [][]window {
	var all [][]window
	for i, w := range windows {
		if i > 0 && w.why != catchUp && windows[i-1].why == w.why {
			all[len(all)-1] = append(all[len(all)-1], w)
			continue
		}
		all = append(all, []window{w})
	}
	return all
}

// window lists one window and takes it into the stream, and reports whether it did. Only windows that must be are begun
// when a bound of this call is reached.
func (l *listing) window(ctx context.Context, place *stream, w window, must bool) (bool, error) {
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if l.full(must) {
		return false, nil
	}
	found, pages, err := l.source.api.contents(ctx, w.stream, w.stretch, l.plan.limit())
	if err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		l.fail(w.stream, err)
		return false, nil
	}
	skew, _ := l.source.api.client.Skew()
	twice := l.plan.twice(place, w)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range found {
		l.out.Splits = append(l.out.Splits, c.splits(w.stream, l.plan.now, l.source.cfg.Lag.Std(), skew, twice)...)
	}
	if listed := l.plan.finish(place, w, pages); !listed.empty() {
		l.out.Listed = append(l.out.Listed, connector.Range{Stream: w.stream, From: listed.From, To: listed.To})
	}
	return true, nil
}

// full tells whether no further window should be begun.
func (l *listing) full(must bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.throttled != nil || !must && (len(l.out.Splits) >= mostSplits || l.source.env.Now().Sub(l.began) > longest)
}

func (l *listing) fail(name string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fails == nil {
		l.fails = map[string]bool{}
	}
	if code := codeOf(err); code == "AF20022" || code == "AF20023" {
		l.cursor.Checked = time.Time{} // look at the subscriptions at the next call
	}
	if fault.ClassOf(err) == fault.Throttled && l.throttled == nil {
		l.throttled = err // the quota is the tenant's
	}
	if !l.fails[name] {
		l.fails[name] = true
		l.out.Failed = append(l.out.Failed, connector.StreamError{Stream: name, Err: err})
	}
}

func (l *listing) failed(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fails[name]
}

// Why time is lost.
const (
	neverListed    = "it was not listed within the 7 days that the service keeps content; Purview's audit search may still have the records"
	notListedAgain = "it was listed once and what was there is collected, but nobody looked again for content that came late until the service had forgotten it; Purview's audit search may still have the records"
)

// lose reports time that was promised and can't be listed any more.
func (l *listing) lose(name string, lost []stretch, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range lost {
		l.out.Lost = append(l.out.Lost, connector.Gap{
			Range:  connector.Range{Stream: name, From: g.From, To: g.To},
			Reason: reason,
		})
	}
}

// result puts the call's outcome together. If the quota was used up before anything was listed, the whole call waits.
func (l *listing) result() (connector.Enumeration, error) {
	if l.throttled != nil && len(l.out.Listed) == 0 && len(l.out.Splits) == 0 {
		return connector.Enumeration{}, l.throttled
	}
	for _, name := range l.source.cfg.streams() {
		place := l.cursor.Streams[name]
		if place == nil || len(place.Listed) == 0 {
			continue
		}
		pending := l.plan.pending(place)
		l.out.Pending += pending
		if pending > 0 && !l.fails[name] && l.throttled == nil {
			l.out.More = true
		}
	}
	if l.owed && l.throttled == nil {
		l.out.More = true
	}
	raw, err := l.cursor.raw()
	l.out.Cursor = raw
	return l.out, err
}

// copy is deep.
func (s *stream) copy() *stream {
	c := *s
	c.Listed = slices.Clone(s.Listed)
	return &c
}
