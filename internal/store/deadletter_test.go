package store_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

func (w *world) letters(l store.Lane, letters ...store.DeadLetter) {
	w.t.Helper()
	w.ok(w.s.CommitBatch(w.ctx(), l, store.Committed{Keep: lease, Letters: letters}))
}

func TestDeadLettersAreKeptOnceAndWhole(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		l := w.takeLane(f)
		body := append([]byte(`{"a":"`), append(bytes.Repeat([]byte("x\xff"), 50_000), `"}`...)...) // raw bytes, no UTF-8
		letter := store.DeadLetter{FlowID: f.ID, SplitID: 3, RunID: 4, Key: "k", Op: connector.Delete, Time: w.clock.Now(), Stream: "s", Tenant: "t", Body: body,
			Stage: "destination", Class: "invalid", Reason: "too wide", Hint: "make it smaller"}
		w.letters(l, letter, letter)
		w.letters(l, letter) // a repeated batch
		all, err := w.s.DeadLetters(w.ctx(), store.LetterFilter{FlowID: f.ID})
		w.ok(err)
		if len(all) != 1 {
			t.Fatalf("%d letters of one refusal", len(all))
		}
		got, err := w.s.DeadLetter(w.ctx(), all[0].UID)
		w.ok(err)
		if !bytes.Equal(got.Body, body) || all[0].Body != nil || all[0].Size != int64(len(body)) {
			t.Errorf("body of %d bytes, in the list %d", len(got.Body), len(all[0].Body))
		}
		got.Body, letter.Body = nil, nil
		letter.ID, letter.UID, letter.Size, letter.Alike, letter.State, letter.Created, letter.Updated = got.ID, got.UID, got.Size, got.Alike, store.LetterOpen, w.clock.Now(), w.clock.Now()
		letter.Until = w.clock.Now().Add(store.DefaultRetention().Open)
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", letter) {
			t.Errorf("got  %+v\nwant %+v", got, letter)
		}
		// with neither key nor body the place tells them apart
		w.letters(l, store.DeadLetter{FlowID: f.ID, SplitID: 3, Place: "1", Stage: "source"}, store.DeadLetter{FlowID: f.ID, SplitID: 3, Place: "2", Stage: "source"})
		if n, err := w.s.OpenLetters(w.ctx(), f.ID); err != nil || n != 3 {
			t.Errorf("%d open, %v", n, err)
		}
		_, err = w.s.DeadLetter(w.ctx(), "dl_none")
		wantFault(t, err, fault.NotFound, "dead_letter_not_found")
	})
}

// A split is read again after a turn that stopped half-way: what was refused is refused again, and counts once for each run.
func TestARecordThatIsRefusedAgainCountsOnce(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		l := w.takeLane(f)
		refuse := func(run int64, keys ...string) {
			t.Helper()
			c := store.Committed{Keep: lease, Deliveries: []store.Progressed{{Delivery: store.Delivery{FlowID: f.ID, SplitID: 3, RunID: run}, Counts: store.Counts{Dead: int64(len(keys))}}}}
			for _, key := range keys {
				c.Letters = append(c.Letters, store.DeadLetter{FlowID: f.ID, SplitID: 3, RunID: run, Key: key, Stage: "source"})
			}
			w.ok(w.s.CommitBatch(w.ctx(), l, c))
		}
		for _, step := range []struct {
			run           int64
			keys          []string
			all, of, open int64
		}{
			{4, []string{"a", "b"}, 2, 2, 2},
			{4, []string{"a", "b"}, 2, 2, 2},      // the same again
			{4, []string{"a", "b", "c"}, 3, 3, 3}, // and further than before
			{5, []string{"a"}, 4, 1, 3},           // another run meets it: its own count, the same letter
			{5, []string{"a"}, 4, 1, 3},
		} {
			refuse(step.run, step.keys...)
			all, err := w.s.Counts(w.ctx(), f.ID, 0)
			w.ok(err)
			of, err := w.s.Counts(w.ctx(), f.ID, step.run)
			w.ok(err)
			open, err := w.s.OpenLetters(w.ctx(), f.ID)
			w.ok(err)
			if all.Dead != step.all || of.Dead != step.of || open != step.open {
				t.Errorf("run %d, %q: %d of the flow, %d of the run, %d open; want %d, %d, %d", step.run, step.keys, all.Dead, of.Dead, open, step.all, step.of, step.open)
			}
		}
	})
}

func TestDeadLettersPageAndFilter(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		a, b := w.flow("a", 1), w.flow("b", 1)
		l := w.takeLane(a)
		for n := range 25 {
			w.letters(l, store.DeadLetter{FlowID: a.ID, Key: fmt.Sprint(n), Body: []byte(`{}`), Stage: "source"}, store.DeadLetter{FlowID: b.ID, Key: fmt.Sprint(n), Body: []byte(`{}`), Stage: "source"})
		}
		var keys []string
		var after int64
		for {
			page, err := w.s.DeadLettersWhole(w.ctx(), store.LetterFilter{FlowID: a.ID, After: after, Limit: 10})
			w.ok(err)
			for _, d := range page {
				keys, after = append(keys, d.Key), d.ID
				if string(d.Body) != `{}` {
					t.Errorf("body %q", d.Body)
				}
			}
			if len(page) < 10 {
				break
			}
		}
		if len(keys) != 25 || keys[0] != "0" || keys[24] != "24" {
			t.Errorf("pages gave %v", keys)
		}
		all, err := w.s.DeadLetters(w.ctx(), store.LetterFilter{Limit: 1000})
		w.ok(err)
		uids := []string{all[0].UID, all[1].UID, all[2].UID}
		if n, err := w.s.MarkLetters(w.ctx(), uids, store.LetterReplaying, store.LetterOpen); n != 3 || err != nil {
			t.Errorf("marked %d, %v", n, err)
		}
		if n, _ := w.s.MarkLetters(w.ctx(), uids, store.LetterDiscarded, store.LetterOpen); n != 0 {
			t.Errorf("%d were replaying and are discarded", n)
		}
		if n, _ := w.s.MarkLetters(w.ctx(), uids[:1], store.LetterReplayed, store.LetterReplaying, store.LetterOpen); n != 1 {
			t.Errorf("replayed %d", n)
		}
		for state, want := range map[string]int{store.LetterOpen: 47, store.LetterReplaying: 2, store.LetterReplayed: 1} {
			if got, _ := w.s.DeadLetters(w.ctx(), store.LetterFilter{State: state}); len(got) != want {
				t.Errorf("%s: %d, want %d", state, len(got), want)
			}
		}
		if got, _ := w.s.DeadLetters(w.ctx(), store.LetterFilter{UIDs: uids[1:]}); len(got) != 2 {
			t.Errorf("by UID %d", len(got))
		}
		if n, _ := w.s.OpenLetters(w.ctx(), 0); n != 47 {
			t.Errorf("open of all flows: %d", n)
		}
		w.clock.Add(time.Second)
		w.ok(w.s.EditLetter(w.ctx(), all[3].UID, []byte(`{"b":1}`)))
		if got, _ := w.s.DeadLetter(w.ctx(), all[3].UID); string(got.Body) != `{"b":1}` || !got.Updated.Equal(w.clock.Now()) {
			t.Errorf("edited %+v", got)
		}
		wantFault(t, w.s.EditLetter(w.ctx(), uids[0], []byte(`{}`)), fault.Conflict, "dead_letter_not_open")
	})
}

func TestReplaySendsLettersAsARun(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		l := w.takeLane(f)
		w.letters(l, store.DeadLetter{FlowID: f.ID, Key: "a", Body: []byte(`{"n":1}`)}, store.DeadLetter{FlowID: f.ID, Key: "b"})
		w.release(l)
		all, err := w.s.DeadLettersWhole(w.ctx(), store.LetterFilter{FlowID: f.ID})
		w.ok(err)
		_, err = w.s.ReplayLetters(w.ctx(), f, all) // b has no body: nothing of it happens
		wantFault(t, err, fault.Conflict, "dead_letter_not_replayable")
		if n, _ := w.s.OpenLetters(w.ctx(), f.ID); n != 2 {
			t.Fatalf("%d open after a refused replay", n)
		}
		r, err := w.s.ReplayLetters(w.ctx(), f, all[:1])
		w.ok(err)
		_, err = w.s.ReplayLetters(w.ctx(), f, all[:1])
		wantFault(t, err, fault.Conflict, "dead_letter_not_replayable")
		l = w.takeLane(f)
		got := w.due(l, 5)
		if len(got) != 1 || got[0].RunID != r.ID || got[0].Split.ID != store.ReplayPrefix+r.UID+":"+all[0].UID || len(got[0].Split.Inline) == 0 {
			t.Fatalf("replayed %+v", got)
		}
		if p, err := w.s.Progress(w.ctx(), r); err != nil || p.Pending != 1 || p.Listing {
			t.Errorf("progress %+v, %v", p, err)
		}
	})
}
