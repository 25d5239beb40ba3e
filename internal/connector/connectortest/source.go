package connectortest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// A SourceCase is a source under test.
type SourceCase struct {
	Spec connector.SourceSpec
	// Remote makes a new remote that does not change by itself.
	Remote func(t *testing.T) Remote
}

// A Remote is what a source reads.
type Remote struct {
	// Open gives a source over it; called again it is as after a restart.
	Open func(t *testing.T) connector.Source
	// Splits and Records are how many there are at least, so that no test is empty.
	Splits, Records int
	// Change changes the thing of a split, so that reading the split is a Conflict; nil: nothing changes there.
	Change func(t *testing.T, split connector.Split)
	// Expire makes the remote forget a split, so that reading it is Lost; nil: it forgets nothing.
	Expire func(t *testing.T, split connector.Split)
	// Stall makes the remote answer nothing any more; nil: that can't be had.
	Stall func(t *testing.T)
	// Find looks a record up here; nil: the spec's Find does with Config.
	Find func(ctx context.Context, sought connector.Sought) (connector.Record, error)
	// From and To are a range that holds everything, for sources with a Range.
	Config   connector.Config
	From, To time.Time
}

// Source runs the contract of a source.
func Source(t *testing.T, c SourceCase) {
	t.Helper()
	tests := map[string]func(*testing.T, sourceRun){
		"a spec says what it can do":                        sourceSpec,
		"a listing ends and names each split":               listsEverything,
		"listing again is harmless":                         listsAgain,
		"a listing goes on after a restart":                 listsAfterRestart,
		"only a listing from the zero cursor is complete":   completeFromZero,
		"a cursor of something else is refused":             strangeCursor,
		"reading twice gives the same":                      readsTwice,
		"skip leaves out the first records":                 readsSkipping,
		"reading can be left at any record":                 readsPartly,
		"several may read at once":                          readsAtOnce,
		"cancelling ends it":                                cancelledSource,
		"a remote that answers nothing is given up on stop": stalledSource,
		"what changed is a conflict":                        changedSplit,
		"what is gone for good is lost":                     expiredSplit,
		"a backfill lists its range and ends":               listsRange,
		"each record is found by its key":                   findsEach,
		"what is not offered is not found":                  findsNothing,
		"what changed is found as it is now":                findsChanged,
		"a search ends with its context":                    findStopped,
		"closing twice is harmless":                         closesSourceTwice,
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			remote := c.Remote(t)
			src := remote.Open(t)
			t.Cleanup(func() { _ = src.Close() })
			tests[name](t, sourceRun{c.Spec, remote, src})
		})
	}
}

type sourceRun struct {
	spec   connector.SourceSpec
	remote Remote
	src    connector.Source
}

// A listing is what a series of enumerations gave.
type listing struct {
	splits  []connector.Split
	cursors []connector.Cursor // cursors[i] was in force before page i; the last is the end
	pages   [][]connector.Split
	full    bool // the last page was complete
}

const maxPages = 10_000

// list enumerates to the end.
func list(t *testing.T, src connector.Source, cursor connector.Cursor) listing {
	t.Helper()
	l := listing{cursors: []connector.Cursor{cursor}}
	for range maxPages {
		e, err := src.Enumerate(context.Background(), cursor)
		if err != nil {
			t.Fatalf("enumerate after %q: %v (%s)", cursor, err, fault.HintOf(err))
		}
		for _, f := range e.Failed {
			t.Fatalf("stream %s could not be listed: %v", f.Stream, f.Err)
		}
		cursor = slices.Clone(e.Cursor)
		l.splits, l.pages, l.cursors = append(l.splits, e.Splits...), append(l.pages, e.Splits), append(l.cursors, cursor)
		if l.full = e.Complete; l.full && e.More {
			t.Error("an enumeration is complete and has more")
		}
		if !e.More {
			return l
		}
	}
	t.Fatalf("the listing has not ended after %d enumerations", maxPages)
	return l
}

func ids(splits []connector.Split) map[string]connector.Split {
	out := map[string]connector.Split{}
	for _, s := range splits {
		out[s.ID] = s
	}
	return out
}

// read collects what a split yields; a refused record counts as one.
func read(t *testing.T, src connector.Source, split connector.Split, skip int64) []connector.Record {
	t.Helper()
	var out []connector.Record
	for rec, err := range src.Read(context.Background(), split, skip) {
		if err != nil && (fault.ClassOf(err) != fault.Invalid || rec.Key == "") {
			t.Fatalf("read %s: %v (%s)", split.ID, err, fault.HintOf(err))
		}
		out = append(out, clone([]connector.Record{rec})...)
	}
	return out
}

// signature makes records comparable.
func signature(records []connector.Record, ordered bool) []string {
	out := make([]string, len(records))
	for i, r := range records {
		out[i] = fmt.Sprintf("%s|%d|%s|%s", r.Key, r.Op, r.Time, r.Body)
	}
	if !ordered {
		slices.Sort(out)
	}
	return out
}
