package connectortest

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

func sourceSpec(t *testing.T, r sourceRun) {
	if r.spec.Config == nil || r.spec.Open == nil || r.spec.Check == nil || r.spec.Interval == nil {
		t.Fatal("Config, Open, Check and Interval are needed")
	}
	if r.spec.Interval(r.remote.config(r.spec)) <= 0 {
		t.Error("the interval between listings is not positive")
	}
	if r.remote.Splits < 2 || r.remote.Records < 2 {
		t.Error("the remote of this case is too small to show anything")
	}
}

func (m Remote) config(spec connector.SourceSpec) connector.Config {
	if m.Config != nil {
		return m.Config
	}
	return spec.Config()
}

func listsEverything(t *testing.T, r sourceRun) {
	l := list(t, r.src, nil)
	if n := len(ids(l.splits)); n < r.remote.Splits {
		t.Errorf("%d splits, want at least %d", n, r.remote.Splits)
	}
	if len(l.cursors[len(l.cursors)-1]) == 0 {
		t.Error("the cursor at the end is empty, which means the beginning")
	}
	for _, s := range l.splits {
		if s.ID == "" || s.Stream == "" || s.Time.IsZero() {
			t.Errorf("split %+v lacks ID, stream or time", s)
		}
		if s.Time.Location() != time.UTC {
			t.Errorf("split %s: its time is not UTC: %s", s.ID, s.Time)
		}
		if s.Locator == nil && s.Inline == nil || s.Locator != nil && !json.Valid(s.Locator) {
			t.Errorf("split %s: locator %q is no JSON", s.ID, s.Locator)
		}
	}
	count := 0
	for _, s := range ids(l.splits) {
		for _, rec := range read(t, r.src, s, 0) {
			count++
			if rec.Op != connector.Upsert && rec.Op != connector.Delete {
				t.Errorf("record %s: operation %d", rec.Key, rec.Op)
			}
			if !rec.Time.IsZero() && rec.Time.Location() != time.UTC {
				t.Errorf("record %s: its time is not UTC", rec.Key)
			}
		}
	}
	if count < r.remote.Records {
		t.Errorf("%d records, want at least %d", count, r.remote.Records)
	}
}

// What came after a cursor comes again when the listing begins there again, with the same IDs; more may come.
func listsAgain(t *testing.T, r sourceRun) {
	first := list(t, r.src, nil)
	all := ids(first.splits)
	for i, cursor := range first.cursors {
		again := ids(list(t, r.src, cursor).splits)
		for id := range again {
			if _, known := all[id]; !known {
				t.Errorf("listing again from cursor %d gives the split %s, which was not there before", i, id)
			}
		}
		for _, page := range first.pages[min(i, len(first.pages)):] {
			for _, s := range page {
				_, found := again[s.ID]
				seen := slices.ContainsFunc(slices.Concat(first.pages[:i]...), func(b connector.Split) bool { return b.ID == s.ID })
				if !found && !seen {
					t.Errorf("listing again from cursor %d leaves out the split %s", i, s.ID)
				}
			}
		}
	}
}

func listsAfterRestart(t *testing.T, r sourceRun) {
	want := ids(list(t, r.src, nil).splits)
	got := map[string]connector.Split{}
	var cursor connector.Cursor
	for range maxPages {
		src := r.remote.Open(t)
		e, err := src.Enumerate(context.Background(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(got, ids(e.Splits))
		if err := src.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if cursor = slices.Clone(e.Cursor); !e.More {
			break
		}
	}
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Errorf("with a restart after each page %d splits are listed, want %d", len(got), len(want))
	}
	for id, s := range got { // a locator means the same to another source
		if a, b := signature(read(t, r.src, s, 0), false), signature(read(t, r.src, want[id], 0), false); !slices.Equal(a, b) {
			t.Errorf("split %s reads differently after a restart", id)
		}
	}
}

func completeFromZero(t *testing.T, r sourceRun) {
	l := list(t, r.src, nil)
	if r.spec.Mutable && !l.full {
		t.Error("a listing from the zero cursor of a mutable source is not complete")
	}
	if list(t, r.src, l.cursors[len(l.cursors)-1]).full {
		t.Error("a listing from a kept cursor says that it is complete")
	}
}

func strangeCursor(t *testing.T, r sourceRun) {
	for _, strange := range []string{"x", "\x00", `{"v":1000000}`, `{"version":1000000}`, "[]"} {
		if _, err := r.src.Enumerate(context.Background(), connector.Cursor(strange)); err == nil {
			t.Errorf("cursor %q is taken", strange)
		}
	}
}

func readsTwice(t *testing.T, r sourceRun) {
	for _, s := range ids(list(t, r.src, nil).splits) {
		one := signature(read(t, r.src, s, 0), r.spec.StableOrder)
		two := signature(read(t, r.src, s, 0), r.spec.StableOrder)
		if !slices.Equal(one, two) {
			t.Errorf("split %s gives %d records, then %d others", s.ID, len(one), len(two))
		}
	}
}

func readsSkipping(t *testing.T, r sourceRun) {
	if !r.spec.StableOrder {
		t.Skip("its order is not stable")
	}
	for _, s := range ids(list(t, r.src, nil).splits) {
		all := signature(read(t, r.src, s, 0), true)
		for skip := range len(all) + 1 {
			if got := signature(read(t, r.src, s, int64(skip)), true); !slices.Equal(got, all[skip:]) {
				t.Errorf("split %s, skip %d: %d records, want %d", s.ID, skip, len(got), len(all)-skip)
			}
		}
	}
}

func readsPartly(t *testing.T, r sourceRun) {
	for _, s := range ids(list(t, r.src, nil).splits) {
		for _, err := range r.src.Read(context.Background(), s, 0) {
			if err != nil {
				t.Errorf("split %s: the first record: %v", s.ID, err)
			}
			break
		}
		one := signature(read(t, r.src, s, 0), false)
		if two := signature(read(t, r.src, s, 0), false); !slices.Equal(one, two) {
			t.Errorf("split %s reads differently after it was left early", s.ID)
		}
	}
}

func readsAtOnce(t *testing.T, r sourceRun) {
	splits := ids(list(t, r.src, nil).splits)
	want := map[string][]string{}
	for id, s := range splits {
		want[id] = signature(read(t, r.src, s, 0), false)
	}
	var wait sync.WaitGroup
	for id, s := range splits {
		for range 3 {
			wait.Go(func() {
				var got []connector.Record
				for rec, err := range r.src.Read(context.Background(), s, 0) {
					if err != nil && fault.ClassOf(err) != fault.Invalid {
						t.Errorf("read %s: %v", id, err)
					}
					got = append(got, clone([]connector.Record{rec})...)
				}
				if !slices.Equal(signature(got, false), want[id]) {
					t.Errorf("split %s reads differently beside others", id)
				}
			})
		}
	}
	wait.Wait()
}

func cancelledSource(t *testing.T, r sourceRun) {
	splits := list(t, r.src, nil).splits
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.src.Enumerate(ctx, nil); err == nil || fault.ClassOf(err) != fault.Canceled {
		t.Errorf("a cancelled listing says %v, want a cancellation", err)
	}
	for _, s := range splits {
		if err := readCancelled(ctx, r.src, s, func(int) {}); err == nil || fault.ClassOf(err) != fault.Canceled {
			t.Errorf("a cancelled read of %s says %v, want a cancellation", s.ID, err)
		}
	}
	for _, s := range splits { // in the middle it may have read to the end already
		ctx, cancel := context.WithCancel(context.Background())
		if err := readCancelled(ctx, r.src, s, func(int) { cancel() }); err != nil && fault.ClassOf(err) != fault.Canceled {
			t.Errorf("a read of %s that was cancelled in the middle says %v, want a cancellation", s.ID, err)
		}
		cancel()
	}
}

// readCancelled gives the error that ended the read.
func readCancelled(ctx context.Context, src connector.Source, s connector.Split, each func(n int)) error {
	n := 0
	for rec, err := range src.Read(ctx, s, 0) {
		if err != nil && (rec.Key == "" || fault.ClassOf(err) != fault.Invalid) {
			return err
		}
		n++
		each(n)
	}
	return nil
}

func stalledSource(t *testing.T, r sourceRun) {
	if r.remote.Stall == nil {
		t.Skip("this remote always answers")
	}
	splits := list(t, r.src, nil).splits
	r.remote.Stall(t)
	// The deadline is what is tested; the suite's own timeout catches a source that does not mind it.
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.src.Enumerate(ctx, nil); err == nil || fault.ClassOf(err) != fault.Canceled {
		t.Errorf("a listing that got no answer says %v, want a cancellation", err)
	}
	if err := readCancelled(ctx, r.src, splits[0], func(int) {}); err == nil || fault.ClassOf(err) != fault.Canceled {
		t.Errorf("a read that got no answer says %v, want a cancellation", err)
	}
}

func changedSplit(t *testing.T, r sourceRun) {
	if r.remote.Change == nil {
		t.Skip("nothing changes there")
	}
	s := list(t, r.src, nil).splits[0]
	r.remote.Change(t, s)
	if err := readCancelled(context.Background(), r.src, s, func(int) {}); err == nil || fault.ClassOf(err) != fault.Conflict {
		t.Errorf("reading a split that changed says %v, want a conflict", err)
	}
	if _, listed := ids(list(t, r.src, nil).splits)[s.ID]; listed {
		t.Errorf("the changed thing has the ID that it had before: %s", s.ID)
	}
}

func expiredSplit(t *testing.T, r sourceRun) {
	if r.remote.Expire == nil {
		t.Skip("it forgets nothing")
	}
	s := list(t, r.src, nil).splits[0]
	r.remote.Expire(t, s)
	if err := readCancelled(context.Background(), r.src, s, func(int) {}); err == nil || fault.ClassOf(err) != fault.Lost {
		t.Errorf("reading a split that is gone says %v, want lost", err)
	}
}

func listsRange(t *testing.T, r sourceRun) {
	if r.spec.Range == nil {
		t.Skip("it has no ranges")
	}
	from, to := r.remote.From, r.remote.To
	if !from.Before(to) {
		t.Fatal("the case gives no range")
	}
	listRange := func(from, to time.Time) map[string]connector.Split {
		cursor, err := r.spec.Range(r.remote.config(r.spec), from, to)
		if err != nil {
			t.Fatalf("range: %v", err)
		}
		return ids(list(t, r.src, cursor).splits)
	}
	all := listRange(from, to)
	splits := slices.SortedFunc(maps.Values(all), func(a, b connector.Split) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	if len(splits) < r.remote.Splits {
		t.Fatalf("a backfill of everything gives %d splits, want at least %d", len(splits), r.remote.Splits)
	}
	middle := splits[len(splits)/2].Time
	left, right := listRange(from, middle), listRange(middle, to)
	for id := range all {
		_, l := left[id]
		_, rgt := right[id]
		if !l && !rgt {
			t.Errorf("split %s is in neither half of the range", id)
		}
	}
}

func closesSourceTwice(t *testing.T, r sourceRun) {
	list(t, r.src, nil)
	for range 2 {
		if err := r.src.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}
