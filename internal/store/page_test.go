package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// walk reads a list page by page and gives it whole.
func walk[T any](w *world, limit int, page func(store.Page) ([]T, string, error)) []T {
	w.t.Helper()
	var all []T
	for p := (store.Page{Limit: limit}); ; {
		some, next, err := page(p)
		w.ok(err)
		if len(some) > limit {
			w.t.Fatalf("a page of %d has %d", limit, len(some))
		}
		all = append(all, some...)
		if next == "" {
			return all
		}
		if len(some) == 0 || len(all) > 10_000 {
			w.t.Fatalf("pages do not end: %d so far", len(all))
		}
		p.After = next
	}
}

func TestObjectsComeInPagesByName(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		for n := range 23 {
			w.make(store.Object{Kind: store.Credential, Name: fmt.Sprintf("c%02d", n), Spec: []byte(`{"type":"file"}`), Tenant: fmt.Sprint(n % 2)})
		}
		w.make(store.Object{Kind: store.Credential, Name: "50%_off", Spec: []byte(`{"type":"other"}`)})
		names := func(f store.ObjectFilter) []string {
			f.Kind = store.Credential
			var names []string
			for _, o := range walk(w, 5, func(p store.Page) ([]store.Object, string, error) { return w.s.ObjectsPage(w.ctx(), f, p) }) {
				names = append(names, o.Name)
			}
			n, err := w.s.CountObjects(w.ctx(), f)
			w.ok(err)
			if n != int64(len(names)) {
				t.Errorf("%+v: %d are counted, %d are there", f, n, len(names))
			}
			return names
		}
		if all := names(store.ObjectFilter{}); len(all) != 24 || !slices.IsSorted(all) {
			t.Errorf("all: %v", all)
		}
		for name, c := range map[string]struct {
			filter store.ObjectFilter
			want   int
		}{
			"part of a name":        {store.ObjectFilter{Query: "C1"}, 10},
			"signs of a pattern":    {store.ObjectFilter{Query: "0%_"}, 1},
			"a sign alone":          {store.ObjectFilter{Query: "%"}, 1},
			"connector":             {store.ObjectFilter{Connector: "file"}, 23},
			"tenant":                {store.ObjectFilter{Tenant: "1"}, 11},
			"nobody is paused":      {store.ObjectFilter{Paused: new(true)}, 0},
			"all are at work":       {store.ObjectFilter{Paused: new(false)}, 24},
			"nothing of that owner": {store.ObjectFilter{Owner: "x"}, 0},
		} {
			if got := names(c.filter); len(got) != c.want {
				t.Errorf("%s: %v, want %d", name, got, c.want)
			}
		}
	})
}

func TestAPageGoesOnWhereverTheListChanged(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		var made []store.Object
		for n := range 6 {
			made = append(made, w.make(store.Object{Kind: store.Credential, Name: fmt.Sprintf("c%d", n)}))
		}
		f := store.ObjectFilter{Kind: store.Credential}
		first, next, err := w.s.ObjectsPage(w.ctx(), f, store.Page{Limit: 3})
		w.ok(err)
		w.ok(w.s.DeleteObject(w.ctx(), made[2])) // the last of the page, where the next begins
		w.make(store.Object{Kind: store.Credential, Name: "a"})
		second, end, err := w.s.ObjectsPage(w.ctx(), f, store.Page{Limit: 3, After: next})
		w.ok(err)
		if len(first) != 3 || len(second) != 3 || second[0].Name != "c3" || end != "" {
			t.Errorf("first %d, second %v, end %q", len(first), second, end)
		}
		for _, wrong := range []string{"x", "c3", "W10", "WyJhIiwiYiJd", strings.Repeat("W", 5000)} {
			_, _, err := w.s.ObjectsPage(w.ctx(), f, store.Page{After: wrong})
			wantFault(t, err, fault.Invalid, "invalid_input")
		}
	})
}

func TestUsersAreCountedAndTheFirstNamed(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		other := w.make(store.Object{Kind: store.Source, Name: "other"})
		for n := range 5 {
			w.flow(fmt.Sprintf("f%d", n), 1)
		}
		users, err := w.s.UsersOf(w.ctx(), store.Source, []int64{w.source.ID, other.ID, 0}, 2)
		w.ok(err)
		if u := users[w.source.ID]; u.Total != 5 || len(u.First) != 2 || u.First[0].Name != "f0" || u.First[0].Kind != store.Flow {
			t.Errorf("users %+v", u)
		}
		if u, ok := users[other.ID]; ok {
			t.Errorf("nobody uses it, but: %+v", u)
		}
	})
}

func (w *world) letter(f store.Object, n int, reason string) store.DeadLetter {
	return store.DeadLetter{FlowID: f.ID, SplitID: 1, Key: fmt.Sprintf("k%d", n), Time: w.clock.Now(), Stream: "Audit.Exchange", Body: []byte(fmt.Sprintf(`{"n":%d}`, n)),
		Stage: "destination", Class: "invalid", Reason: reason}
}

func TestLettersAreGroupedByReason(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		w.list(splits(0, 3)...)
		l := w.takeLane(f)
		var letters []store.DeadLetter
		for n := range 12 {
			letters = append(letters, w.letter(f, n, fmt.Sprintf("property eventTime: \"%d-13-01\" is no date in item 0f1e2d3c4b5a6978%d", n, n)))
		}
		for n := range 3 {
			letters = append(letters, w.letter(f, 100+n, "property title is missing"))
		}
		first := w.clock.Now()
		w.ok(w.s.CommitBatch(w.ctx(), l, store.Committed{SourceID: w.source.ID, Keep: lease, Letters: letters[:5]}))
		last := w.clock.Add(time.Minute)
		w.ok(w.s.CommitBatch(w.ctx(), l, store.Committed{SourceID: w.source.ID, Keep: lease, Letters: letters[5:]}))

		groups, count, many, err := w.s.LetterGroups(w.ctx(), 0, store.LetterOpen, 10)
		w.ok(err)
		if len(groups) != 2 || count != 15 || many != 2 || groups[0].Count != 12 || groups[1].Reason != "property title is missing" || groups[0].FlowID != f.ID {
			t.Fatalf("%d letters in %d groups: %+v", count, many, groups)
		}
		if !groups[0].First.Equal(first) || !groups[0].Last.Equal(last) {
			t.Errorf("from %s to %s, want %s to %s", groups[0].First, groups[0].Last, first, last)
		}
		if top, count, many, err := w.s.LetterGroups(w.ctx(), f.ID, store.LetterOpen, 1); err != nil || len(top) != 1 || count != 15 || many != 2 {
			t.Errorf("the largest: %+v of %d letters in %d groups, %v", top, count, many, err)
		}
		filter := store.LetterFilter{Alike: groups[0].Group, State: store.LetterOpen, Newest: true}
		of := walk(w, 5, func(p store.Page) ([]store.DeadLetter, string, error) {
			return w.s.DeadLettersPage(w.ctx(), filter, p, false)
		})
		if len(of) != 12 || of[0].ID < of[11].ID || of[0].Size == 0 || of[0].Body != nil {
			t.Errorf("%d letters of the group, the newest first: %+v", len(of), of)
		}
		_, _, err = w.s.DeadLettersPage(w.ctx(), store.LetterFilter{Alike: "nonsense"}, store.Page{}, false)
		wantFault(t, err, fault.Invalid, "invalid_input")
		open, err := w.s.OpenLettersOf(w.ctx(), []int64{f.ID})
		w.ok(err)
		if open[f.ID] != 15 {
			t.Errorf("%d are open", open[f.ID])
		}
	})
}

func TestDeliveriesComeInPagesByState(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		w.list(splits(0, 20)...)
		l := w.takeLane(f)
		due := w.due(l, 20)
		w.deliver(l, due[:7]...)
		w.ok(w.s.SetBack(w.ctx(), l, w.source.ID, []store.Setback{{Delivery: due[7], State: store.Failed, Error: store.Trouble{Class: "invalid", Text: "bad"}}}))
		page := func(filter store.DeliveryFilter) []store.DeliveryRow {
			t.Helper()
			return walk(w, 3, func(p store.Page) ([]store.DeliveryRow, string, error) { return w.s.Deliveries(w.ctx(), filter, p) })
		}
		all := page(store.DeliveryFilter{FlowID: f.ID})
		if len(all) != 20 || all[0].SplitID < all[19].SplitID {
			t.Errorf("%d deliveries, the newest first: %+v", len(all), all)
		}
		for state, want := range map[store.State]int{store.Pending: 12, store.Delivered: 7, store.Failed: 1, store.Lost: 0} {
			if got := page(store.DeliveryFilter{FlowID: f.ID, States: []store.State{state}}); len(got) != want {
				t.Errorf("%s: %d, want %d", state, len(got), want)
			}
		}
		failed := page(store.DeliveryFilter{FlowID: f.ID, States: []store.State{store.Failed}})
		if d := failed[0]; d.Split != due[7].Split.ID || d.Trouble == nil || d.Trouble.Text != "bad" || d.State != "failed" || !d.Due.IsZero() || d.Finished.IsZero() {
			t.Errorf("failed: %+v", d)
		}
		if got := page(store.DeliveryFilter{FlowID: f.ID, Stream: "Audit.General"}); len(got) != 0 {
			t.Errorf("of another stream: %+v", got)
		}
		_, _, err := w.s.Deliveries(w.ctx(), store.DeliveryFilter{}, store.Page{})
		wantFault(t, err, fault.Invalid, "invalid_input")
	})
}

func TestRunsAreWatchedTogether(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f, g := w.flow("f", 1), w.flow("g", 1)
		var made []store.Run
		for n := range 5 {
			flow := f
			if n%2 == 1 {
				flow = g
			}
			r, err := w.s.CreateRun(w.ctx(), store.Run{Kind: store.Backfill, FlowID: flow.ID, Spec: []byte(`{}`)}, &store.RunListing{SourceID: w.source.ID, Tenant: "contoso"})
			w.ok(err)
			made = append(made, r)
		}
		w.ok(w.s.EndRun(w.ctx(), made[0].ID, store.RunSucceeded, ""))
		of := func(filter store.RunFilter) []store.Run {
			return walk(w, 2, func(p store.Page) ([]store.Run, string, error) { return w.s.RunsPage(w.ctx(), filter, p) })
		}
		if all := of(store.RunFilter{}); len(all) != 5 || all[0].UID != made[4].UID {
			t.Errorf("all: %+v", all)
		}
		if got := of(store.RunFilter{FlowID: f.ID, States: []string{store.RunGoing, store.RunHolding}}); len(got) != 2 {
			t.Errorf("running of f: %+v", got)
		}
		l := w.takeListing()
		for l.RunID == 0 {
			l = w.takeListing()
		}
		w.listAs(l, splits(0, 4)...)
		progress, err := w.s.RunsProgress(w.ctx(), made)
		w.ok(err)
		counts, err := w.s.RunCounts(w.ctx(), made)
		w.ok(err)
		for _, r := range made {
			one, err := w.s.Progress(w.ctx(), r)
			w.ok(err)
			c, err := w.s.Counts(w.ctx(), r.FlowID, r.ID)
			w.ok(err)
			if progress[r.ID] != one || counts[r.ID] != c {
				t.Errorf("run %d: %+v %+v, alone %+v %+v", r.ID, progress[r.ID], counts[r.ID], one, c)
			}
			if r.ID == l.RunID && (one.Pending != 4 || c.Listed != 4 || one.Listing) {
				t.Errorf("the run that listed: %+v %+v", one, c)
			}
		}
		windows, err := w.s.RunWindows(w.ctx(), l.RunID, 10)
		w.ok(err)
		if len(windows) != 1 || windows[0].Pending != 4 || windows[0].Stream != "Audit.Exchange" || !windows[0].Hour.Equal(split(0).Time) {
			t.Errorf("windows: %+v", windows)
		}
		if of := walk(w, 3, func(p store.Page) ([]store.DeliveryRow, string, error) {
			return w.s.Deliveries(w.ctx(), store.DeliveryFilter{RunID: l.RunID}, p)
		}); len(of) != 4 || of[0].State != "pending" {
			t.Errorf("deliveries of the run: %+v", of)
		}
		open, err := w.s.OpenRuns(w.ctx(), []int64{f.ID, g.ID})
		w.ok(err)
		if len(open[f.ID]) != 2 || len(open[g.ID]) != 2 {
			t.Errorf("open: %+v", open)
		}
	})
}

// A state or stream that is seldom among many deliveries is looked for page by page.
func TestSeldomDeliveriesAreFoundPageByPage(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := newWorld(t, d)
		f := w.flow("f", 1)
		for _, q := range []string{
			`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000) INSERT INTO split (id, source_id, hash, stream, time, ready, expires, listed_at)
				SELECT i, 1, CAST(CAST(i AS TEXT) AS BYTES), CASE WHEN i IN (3, 24000) THEN 'seldom' ELSE 'usual' END, 0, 0, 0, 0 FROM n`,
			`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000) INSERT INTO delivery (flow_id, split_id, run_id, lane, state, due, time)
				SELECT ` + fmt.Sprint(f.ID) + `, i, 7, 0, CASE WHEN i <= 12000 THEN 0 WHEN i = 20000 THEN 2 ELSE 1 END, 0, 0 FROM n`,
		} {
			kind := "BLOB"
			if d.Shared {
				kind = "BYTEA"
			}
			_, err := raw(t, d).ExecContext(w.ctx(), strings.Replace(q, "BYTES", kind, 1))
			w.ok(err)
		}
		for name, c := range map[string]struct {
			filter store.DeliveryFilter
			want   string
			least  int // pages
		}{
			"a flow's by stream":         {store.DeliveryFilter{FlowID: f.ID, Stream: "seldom"}, "[24000 3]", 3},
			"a run's by stream":          {store.DeliveryFilter{RunID: 7, Stream: "seldom"}, "[3 24000]", 3},
			"a run's by state, stream":   {store.DeliveryFilter{RunID: 7, States: []store.State{store.Delivered}, Stream: "seldom"}, "[24000]", 2},
			"few in a state":             {store.DeliveryFilter{FlowID: f.ID, States: []store.State{store.Failed, store.Lost}}, "[20000]", 1},
			"none in a state":            {store.DeliveryFilter{FlowID: f.ID, States: []store.State{store.Discarded}}, "[]", 1},
			"many in a state, by stream": {store.DeliveryFilter{FlowID: f.ID, States: []store.State{store.Pending}, Stream: "seldom"}, "[3]", 3},
			"another's run":              {store.DeliveryFilter{FlowID: f.ID + 1, RunID: 7}, "[]", 3},
		} {
			ids, pages := []int64{}, 0
			for p := (store.Page{Limit: 5}); pages < 10; {
				all, next, err := w.s.Deliveries(w.ctx(), c.filter, p)
				w.ok(err)
				for _, row := range all {
					ids = append(ids, row.SplitID)
				}
				pages++
				if next == "" {
					break
				}
				p.After = next
			}
			if fmt.Sprint(ids) != c.want || pages < c.least || pages > 9 {
				t.Errorf("%s: %v on %d pages, want %s on %d or more", name, ids, pages, c.want, c.least)
			}
		}
	})
}

func TestCoverageOfSomeFlows(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		a, b := w.flow("a", 1), w.flow("b", 1)
		w.list(split(0), split(1))
		for _, f := range []store.Object{a, b} {
			l := w.takeLane(f)
			w.deliver(l, w.due(l, 5)...)
			w.release(l)
		}
		from, to := split(0).Time.Add(-time.Hour), split(1).Time.Add(time.Hour)
		whole, err := w.s.Coverage(w.ctx(), w.source.ID, from, to)
		w.ok(err)
		for name, flows := range map[string][]int64{"none": nil, "a": {a.ID}, "both": {a.ID, b.ID}, "one that is not there": {99}} {
			want := slices.DeleteFunc(slices.Clone(whole), func(c store.Coverage) bool { return c.FlowID != 0 && !slices.Contains(flows, c.FlowID) })
			got, err := w.s.CoverageOf(w.ctx(), w.source.ID, flows, from, to)
			w.ok(err)
			if len(want) < 1+len(flows)/2 || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s:\n got %v\nwant %v", name, got, want)
			}
		}
		if got, err := w.s.CoverageOf(w.ctx(), w.source.ID, nil, to.Add(time.Hour), to.Add(2*time.Hour)); err != nil || len(got) != 0 {
			t.Errorf("of another time: %v, %v", got, err)
		}
	})
}
