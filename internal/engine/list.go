package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// List works one turn of a listing: it asks the source what there is after the cursor and remembers it, until the
// source has no more or the turn is over. The lease is given back. An error is one that an operator must see: trouble
// with the store. What the source had to say is remembered as the listing's trouble.
func (e *Engine) List(ctx context.Context, l store.Listing) error {
	ours := e.keep(ctx, l.Lease)
	defer ours.end()
	leave, err := e.alone(ours.work, row{listing: true, id: l.ID}, ours)
	defer leave()
	if err != nil {
		return e.failListing(ours, l, nil, err)
	}
	source, done, err := e.open.source(ours.work, l.SourceID)
	if err != nil {
		return e.failListing(ours, l, nil, err)
	}
	defer done()
	if idle, err := e.unwanted(ours.lease, l, source); idle || err != nil {
		return err
	}
	for end := time.Now().Add(e.set.Turn); ; {
		found, err := source.Enumerate(ours.work, connector.Cursor(l.Cursor))
		if err != nil {
			return e.failListing(ours, l, source, err)
		}
		more := found.More && ours.work.Err() == nil && time.Now().Before(end)
		// The source has spoken: what it found is kept even if we were asked to stop meanwhile.
		err = e.commitListing(ours.lease, &l, source, found, more)
		if isLeaseLost(err) || ours.lost() {
			return nil // somebody else lists, or the run was canceled
		}
		if err != nil {
			return fmt.Errorf("list %s: %w", source.Object.Name, err)
		}
		if !more {
			return nil
		}
	}
}

// unwanted gives a listing back that nobody needs: no flow takes what it would find. A new flow wakes it.
func (e *Engine) unwanted(ctx context.Context, l store.Listing, source *Source) (bool, error) {
	if l.RunID != 0 {
		return false, nil
	}
	flows, err := e.store.Uses(ctx, source.Object)
	if err != nil {
		return false, err
	}
	for _, flow := range flows {
		if !mirrors(flow) {
			return false, nil
		}
	}
	return true, e.store.PutOff(ctx, l, e.store.Now().Add(interval(source)))
}

// commitListing remembers one enumeration and wakes whoever delivers.
func (e *Engine) commitListing(ctx context.Context, l *store.Listing, source *Source, found connector.Enumeration, keep bool) error {
	flows, err := e.store.Uses(ctx, source.Object)
	if err != nil {
		return err
	}
	now := e.store.Now()
	listed := store.Listed{Enumeration: found, Lanes: map[int64]int{}, Keep: keep, Due: now}
	for _, flow := range flows {
		// A mirror is fed by its crawls only.
		if flow.ID == l.FlowID || l.RunID == 0 && !mirrors(flow) {
			listed.Lanes[flow.ID] = max(flow.Lanes, 1)
		}
	}
	if listed.Crawl, err = e.crawlListing(ctx, *l, source, flows); err != nil {
		return err
	}
	listed.Ended = l.RunID != 0 && !found.More && (listed.Crawl != nil || !passing(found.Failed))
	if !found.More {
		listed.Due = now.Add(interval(source))
	}
	if len(found.Failed) > 0 {
		// The others are listed at their usual times, these sooner at first.
		first := found.Failed[0]
		listed.Failures = l.Failures + 1
		if at := pause(now, first.Err, l.Failures); !fault.RetryAt(first.Err).IsZero() || at.Before(listed.Due) {
			listed.Due = at
		}
		t := troubleOf(fmt.Errorf("%s: %w", first.Stream, first.Err), now, listed.Due)
		t.Streams = inPart(source, found.Failed)
		listed.Trouble = &t
	}
	fresh, err := e.store.CommitListing(ctx, *l, listed)
	if err != nil {
		return err
	}
	l.Cursor, l.Failures = found.Cursor, listed.Failures
	e.sayListed(source, found, fresh)
	if fresh > 0 || l.RunID != 0 {
		e.wake()
	}
	if listed.Ended {
		return e.Finish(ctx, l.RunID)
	}
	return nil
}

// passing tells whether streams that could not be listed may be a little later, with nobody doing anything: a backfill waits for
// these. A crawl does not; it is incomplete, and the next one looks again.
func passing(failed []connector.StreamError) bool {
	return slices.ContainsFunc(failed, func(f connector.StreamError) bool {
		class := fault.ClassOf(f.Err)
		return class == fault.Throttled || class == fault.Unavailable || class == fault.Canceled
	})
}

// inPart names the streams that failed, if the source has others; none: all of it did, or nobody knows.
func inPart(source *Source, failed []connector.StreamError) []string {
	if source.Spec.Streams == nil || len(failed) >= len(source.Spec.Streams(source.Config)) {
		return nil
	}
	var names []string
	for _, f := range failed {
		names = append(names, f.Stream)
	}
	return names
}

// crawlListing says what a crawl's listing compares with; nil for other listings.
func (e *Engine) crawlListing(ctx context.Context, l store.Listing, source *Source, flows []store.Object) (*store.CrawlListing, error) {
	for _, flow := range flows {
		if l.RunID == 0 || flow.ID != l.FlowID || !mirrors(flow) {
			continue
		}
		run, err := e.store.RunByID(ctx, l.RunID)
		if err != nil {
			return nil, err
		}
		destination, err := e.store.ObjectByID(ctx, store.Destination, flow.DestinationID)
		if err != nil {
			return nil, err
		}
		return &store.CrawlListing{Number: run.Number, DestinationID: flow.DestinationID, Revision: revisionOf(flow, source.Object, destination), All: run.All}, nil
	}
	return nil, nil
}

// sayListed logs what an operator may have to act on.
func (e *Engine) sayListed(source *Source, found connector.Enumeration, fresh int) {
	for _, gap := range found.Lost {
		e.log.Error("a stretch of time is lost", "source", source.Object.Name, "stream", gap.Stream, "from", gap.From, "to", gap.To, "reason", gap.Reason)
	}
	for _, failed := range found.Failed {
		e.log.Warn("a stream could not be listed", "source", source.Object.Name, "stream", failed.Stream, "err", failed.Err, "hint", fault.HintOf(failed.Err))
	}
	if fresh > 0 {
		e.log.Debug("listed", "source", source.Object.Name, "splits", fresh)
	}
}

// failListing puts the next listing off.
func (e *Engine) failListing(ours tenure, l store.Listing, source *Source, err error) error {
	now := e.store.Now()
	var back error
	switch {
	case ours.lost():
		return nil
	case ours.work.Err() != nil: // asked to stop: whoever comes next begins where this one began
		back = e.store.PutOff(ours.lease, l, now)
	default:
		again := pause(now, err, l.Failures)
		name := fmt.Sprint(l.SourceID)
		if source != nil {
			name = source.Object.Name
		}
		e.log.Log(ours.lease, levelOf(err, again.Sub(now)), "listing failed", "source", name, "class", fault.ClassOf(err), "err", err, "hint", fault.HintOf(err), "again", again)
		back = e.store.FailListing(ours.lease, l, troubleOf(err, now, again), again)
	}
	if isLeaseLost(back) {
		return nil
	}
	return back
}

// interval is how long a source rests between two listings.
func interval(source *Source) time.Duration {
	if source.Spec.Interval != nil {
		if d := source.Spec.Interval(source.Config); d > 0 {
			return d
		}
	}
	return time.Minute
}
