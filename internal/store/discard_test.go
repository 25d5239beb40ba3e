package store_test

import (
	"testing"
	"time"

	"github.com/headrace/headrace/internal/store"
)

func TestDiscardedLettersKeepWhyAndWho(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		l := w.takeLane(f)
		w.letters(l, store.DeadLetter{FlowID: f.ID, Key: "a", Body: []byte(`{}`), Stage: "source"}, store.DeadLetter{FlowID: f.ID, Key: "b", Body: []byte(`{}`), Stage: "source"})
		all, err := w.s.DeadLetters(w.ctx(), store.LetterFilter{FlowID: f.ID})
		w.ok(err)
		w.clock.Add(time.Hour)
		n, err := w.s.DiscardLetters(store.As(w.ctx(), "ana"), []string{all[0].UID, all[0].UID, "dl_none"}, "test data")
		w.ok(err)
		if n != 1 {
			t.Errorf("%d were discarded", n)
		}
		gone, err := w.s.DeadLetter(w.ctx(), all[0].UID)
		w.ok(err)
		if gone.State != store.LetterDiscarded || gone.Why != "test data" || gone.By != "ana" || !gone.Until.Equal(w.clock.Now().Add(store.DefaultRetention().Letters)) {
			t.Errorf("%+v", gone)
		}
		if other, err := w.s.DeadLetter(w.ctx(), all[1].UID); err != nil || other.State != store.LetterOpen || other.Why != "" || other.By != "" {
			t.Errorf("the other: %+v, %v", other, err)
		}
		w.clock.Add(2 * store.DefaultRetention().Open)
		_, err = w.s.Sweep(w.ctx(), store.DefaultRetention())
		w.ok(err)
		if left, err := w.s.DeadLetters(w.ctx(), store.LetterFilter{}); err != nil || len(left) != 0 {
			t.Errorf("%d letters are left, %v", len(left), err)
		}
	})
}

func TestARunRemembersWhoBeganItAndWhatItTook(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		r, err := w.s.CreateRun(store.As(w.ctx(), "ana"), store.Run{Kind: store.Backfill, FlowID: f.ID, Spec: []byte(`{}`)}, &store.RunListing{SourceID: w.source.ID, Tenant: "contoso"})
		w.ok(err)
		if got, err := w.s.Run(w.ctx(), r.UID); err != nil || got.By != "ana" {
			t.Errorf("begun by %q, %v", got.By, err)
		}
		if none, err := w.s.RunWork(w.ctx(), r.ID); err != nil || none != (store.RunWork{}) {
			t.Errorf("before anything was done: %+v, %v", none, err)
		}
		l := w.takeListing()
		for l.RunID != r.ID {
			l = w.takeListing()
		}
		w.listAs(l, split(-3000), split(-3001))
		lane := w.takeLane(f)
		w.clock.Add(time.Second)
		w.ok(w.s.CommitBatch(w.ctx(), lane, w.batch(w.due(lane, 1)...)))
		work, err := w.s.RunWork(w.ctx(), r.ID)
		w.ok(err)
		if work.Listed.IsZero() || !work.First.Equal(w.clock.Now()) || !work.Last.Equal(work.First) || work.Attempts != 0 || work.Trouble != nil {
			t.Errorf("%+v", work)
		}
	})
}

func TestAnHourOfAStreamShowsItsSplits(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f, g := w.flow("f", 1), w.flow("g", 1)
		w.list(split(0), split(1))
		lane := w.takeLane(f)
		w.ok(w.s.CommitBatch(w.ctx(), lane, w.batch(w.due(lane, 1)...)))
		q := store.WindowQuery{SourceID: w.source.ID, FlowID: f.ID, Stream: split(0).Stream, Hour: split(0).Time}
		got, err := w.s.WindowSplits(w.ctx(), q, 10)
		w.ok(err)
		states := map[string]int{}
		for _, d := range got {
			states[d.State]++
		}
		if len(got) != 2 || states["delivered"] != 1 || states["pending"] != 1 || got[0].Listed.IsZero() {
			t.Errorf("of f: %+v", got)
		}
		q.FlowID = g.ID
		if of, err := w.s.WindowSplits(w.ctx(), q, 1); err != nil || len(of) != 1 || of[0].State != "pending" {
			t.Errorf("the first of g: %+v, %v", of, err)
		}
		q.FlowID = 0
		if of, err := w.s.WindowSplits(w.ctx(), q, 10); err != nil || len(of) != 2 || of[0].State != "" {
			t.Errorf("of the listing alone: %+v, %v", of, err)
		}
		q.Hour = q.Hour.Add(24 * time.Hour)
		if none, err := w.s.WindowSplits(w.ctx(), q, 10); err != nil || len(none) != 0 {
			t.Errorf("of another hour: %+v, %v", none, err)
		}
		q.Hour, q.FlowID = split(0).Time, f.ID
		if listed, delivered, err := w.s.CoverageTimes(w.ctx(), q); err != nil || listed.IsZero() || delivered.IsZero() {
			t.Errorf("listed %s, delivered %s, %v", listed, delivered, err)
		}
	})
}
