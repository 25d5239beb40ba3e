package audit

import (
	"context"
	"encoding/json"
	"time"

	"github.com/headrace/headrace/internal/telemetry"
)

// A sum is how often something was done since it was written last: a credential's use is an entry for each hour, not for each request.
type sum struct {
	times, failed int64
	since         time.Time
}

type sumKey struct {
	operation string
	object    Object
}

const (
	sumEvery = time.Hour
	sumKinds = 10_000           // different sums that are held at most
	parting  = 20 * time.Second // for the last sums: 10,000 of them on a busy machine
)

// Count adds one to the hour's sum of an operation on an object, as "credential.use". It costs no write: Run writes sums each hour
// and when it ends, so a crash takes at most an hour's along.
func (l *Log) Count(operation string, object Object, failed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := sumKey{operation, object}
	one := l.sums[key]
	if one == nil {
		if len(l.sums) >= sumKinds {
			key.object = Object{Kind: object.Kind, Name: "(others)"}
			one = l.sums[key]
		}
		if one == nil {
			one = &sum{since: l.o.Store.Now()}
			l.sums[key] = one
		}
	}
	one.times++
	if failed {
		one.failed++
	}
}

// Run writes the sums each hour and forgets old entries each day, until ctx ends.
func (l *Log) Run(ctx context.Context) error {
	tick := time.NewTicker(sumEvery)
	defer tick.Stop()
	for hour := 0; ; hour++ {
		if hour%24 == 0 {
			if n, err := l.Trim(ctx); err != nil && ctx.Err() == nil {
				l.o.Log.Warn("old entries of the audit log could not be removed", telemetry.Err, err)
			} else if n > 0 {
				l.o.Log.Info("old entries of the audit log were removed", telemetry.Count, n)
			}
		}
		select {
		case <-tick.C:
			l.writeSums(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
			defer cancel()
			l.writeSums(last)
			return nil
		}
	}
}

// writeSums writes what was counted; what can't be written is counted on.
func (l *Log) writeSums(ctx context.Context) {
	l.mu.Lock()
	sums := l.sums
	l.sums = map[sumKey]*sum{}
	l.mu.Unlock()
	if len(sums) == 0 {
		return
	}
	entries := make([]Entry, 0, len(sums))
	for key, one := range sums {
		after, _ := json.Marshal(map[string]any{"failed": one.failed, "since": one.since.UTC().Format(time.RFC3339)})
		entries = append(entries, l.complete(ctx, Entry{Who: Who{Kind: System, Name: "headrace"}, Operation: key.operation, Object: key.object, Times: one.times, After: after}))
	}
	chain, err := l.chain(ctx)
	if err == nil {
		err = l.o.Store.AppendAudit(ctx, chain, entries)
	}
	if err == nil {
		return
	}
	l.o.Log.Warn("sums of the audit log could not be written; they are kept for the next time", telemetry.Err, err)
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, old := range sums {
		if one := l.sums[key]; one != nil {
			old.times, old.failed = old.times+one.times, old.failed+one.failed
		}
		l.sums[key] = old
	}
}
