package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// stages says how many letters came from where.
func stages(letters []store.DeadLetter) map[string]int {
	n := map[string]int{}
	for _, l := range letters {
		n[l.Stage]++
	}
	return n
}

func TestTransformsMakeNoneOneOrMany(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.small(5)
		r.change = func(_ context.Context, rec connector.Record, emit func(connector.Record) error) error {
			var n int
			_, _ = fmt.Sscanf(rec.Key, "k%d", &n)
			for i := range n % 4 { // none, one, two or three
				out := rec
				out.Body = fmt.Appendf(nil, `{"of":%d,"i":%d}`, n, i)
				if err := emit(out); err != nil {
					return err
				}
			}
			return nil
		}
		r.put("a", 0, 40)
		r.put("b", 20, 40)
		r.hooks(nil, func(n int) {
			if n == 4 {
				r.usurp()
			}
		})
		r.once()
		var want []string
		for n := range 40 {
			for i := range n % 4 {
				want = append(want, fmt.Sprintf(`{"of":%d,"i":%d}`, n, i))
			}
		}
		sameBodies(t, r.append.Bodies(), want)
	})
}

// A record that a transform refuses in the middle leaves nothing of itself behind but a dead letter.
func TestATransformThatRefusesHalfWay(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.change = func(_ context.Context, rec connector.Record, emit func(connector.Record) error) error {
			if err := emit(rec); err != nil {
				return err
			}
			if rec.Key == "k3" {
				return fault.New(fault.Invalid, "no").WithHint("look")
			}
			return nil
		}
		r.put("a", 0, 6)
		r.once()
		recs := connectortest.Records(0, 6)
		r.holds(append(recs[:3:3], recs[4:]...)...)
		letters := r.letters()
		if len(letters) != 1 || letters[0].Key != "k3" || letters[0].Stage != "transform" || string(letters[0].Body) != string(recs[3].Body) || letters[0].Hint != "look" || letters[0].Reason == "" {
			t.Errorf("letters %+v", letters)
		}
		if c := r.counts(); c.Dead != 1 || c.Delivered != 5 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestRecordsThatNoDestinationTakes(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.set.MaxRecord = 600_000
		large := record("large", `{"x":"`+strings.Repeat("y", 500_000)+`"}`)
		huge := record("huge", `{"x":"`+strings.Repeat("y", 600_000)+`"}`)
		list, text, none := record("list", `[1]`), record("text", `"x"`), record("none", ``)
		blank := record("blank", " \n{\"a\":1}")
		r.source.Put(connector.Split{ID: "a", Stream: "s", Time: r.store.Now()}, large, huge, list, text, none, blank, record("k", `{}`))
		r.once()
		r.holds(large, blank, record("k", `{}`))
		if got := stages(r.letters()); got["source"] != 4 || len(got) != 1 {
			t.Errorf("letters %v", got)
		}
	})
}

// What the source refuses of a split are letters, as many as there are, and the rest of the split is delivered.
func TestRecordsThatTheSourceRefuses(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		refuse := fault.New(fault.Invalid, "too large")
		r.source.Put(connector.Split{ID: "a", Stream: "s", Time: r.store.Now()},
			record("k1", `{"n":1}`), record("", ""), record("k2", `{"n":2}`), record("", ""), record("k3", ""), record("", `{"half`), record("k4", `{"n":4}`))
		for _, i := range []int{1, 3, 4, 5} {
			r.source.Refuse("a", i, refuse)
		}
		r.once()
		r.holds(record("k1", `{"n":1}`), record("k2", `{"n":2}`), record("k4", `{"n":4}`))
		letters := r.letters()
		if len(letters) != 4 {
			t.Fatalf("%d letters, want 4: %+v", len(letters), letters)
		}
		if b := r.backlog(); b.Pending+b.Failed != 0 {
			t.Errorf("backlog %+v", b)
		}
		// The same refusals in another split are repeats; a good record of a refused one's key is not.
		r.source.Put(connector.Split{ID: "b", Stream: "s", Time: r.store.Now()}, record("k3", ""), record("", `{"half`))
		r.source.Refuse("b", 0, refuse)
		r.source.Refuse("b", 1, refuse)
		r.source.Put(connector.Split{ID: "c", Stream: "s", Time: r.store.Now()}, record("k3", `{"n":3}`))
		r.once()
		r.holds(record("k1", `{"n":1}`), record("k2", `{"n":2}`), record("k4", `{"n":4}`), record("k3", `{"n":3}`))
		if n := len(r.letters()); n != 4 {
			t.Errorf("%d letters, want 4", n)
		}
	})
}

// A split that is refused as a whole is no dead letter: it is tried again, and fails where people look.
func TestASplitThatIsInvalidAsAWhole(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.put("a", 0, 5)
		r.put("b", 5, 10)
		r.fails("a", 2, 0, fault.New(fault.Invalid, "it is HTML"))
		r.fails("b", 9, 0, fault.New(fault.Invalid, "it is HTML"))
		r.once()
		r.holds(connectortest.Records(0, 5)...)
		if b := r.backlog(); b.Failed != 1 || len(r.letters()) != 0 {
			t.Errorf("backlog %+v, letters %+v", b, r.letters())
		}
	})
}

// What a destination rejects for good is a letter with the record as its source gave it, not as a transform made it.
func TestRecordsThatTheDestinationRejects(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.change = func(_ context.Context, rec connector.Record, emit func(connector.Record) error) error {
			rec.Body = fmt.Appendf(nil, `{"was":%s}`, rec.Body)
			return emit(rec)
		}
		r.append.Refuse("k2", fault.New(fault.Invalid, "no mapping for n"))
		r.put("a", 0, 4)
		r.put("b", 2, 4)
		r.once()
		recs := connectortest.Records(0, 4)
		sameBodies(t, r.append.Bodies(), []string{`{"was":` + string(recs[0].Body) + `}`, `{"was":` + string(recs[1].Body) + `}`, `{"was":` + string(recs[3].Body) + `}`})
		letters := r.letters()
		if len(letters) != 1 || letters[0].Stage != "destination" || string(letters[0].Body) != string(recs[2].Body) || letters[0].Reason != "no mapping for n" {
			t.Errorf("letters %+v", letters)
		}
	})
}

// A crash between the write and the commit makes no letter twice.
func TestLettersAreMadeOnce(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.small(3)
		r.append.Refuse("k1", fault.New(fault.Invalid, "no"))
		r.append.Refuse("k7", fault.New(fault.Invalid, "no"))
		r.hooks(nil, func(n int) {
			if n < 4 {
				r.usurp()
			}
		})
		r.put("a", 0, 10)
		r.once()
		if n := len(r.letters()); n != 2 || r.counts().Dead != 2 {
			t.Errorf("%d letters, counts %+v", n, r.counts())
		}
	})
}

func (r *rig) replay(letters ...store.DeadLetter) store.Run {
	r.t.Helper()
	run, err := r.store.ReplayLetters(r.ctx(), r.flow, letters)
	r.ok(err)
	return run
}

func (r *rig) run(run store.Run) store.Run {
	r.t.Helper()
	run, err := r.store.RunByID(r.ctx(), run.ID)
	r.ok(err)
	return run
}

// Replayed letters go through the flow as it is now, edited ones as they are now; what is refused again is a new letter.
func TestReplay(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		refuse := map[string]bool{"k1": true, "k2": true, "k3": true}
		r.change = func(_ context.Context, rec connector.Record, emit func(connector.Record) error) error {
			if refuse[rec.Key] && !strings.Contains(string(rec.Body), "mended") {
				return fault.New(fault.Invalid, "refused")
			}
			return emit(rec)
		}
		r.put("a", 0, 5)
		r.once()
		recs := connectortest.Records(0, 5)
		r.holds(recs[0], recs[4])
		delete(refuse, "k1")
		letters := r.letters()
		if len(letters) != 3 {
			t.Fatalf("letters %+v", letters)
		}
		for _, l := range letters {
			if l.Key == "k2" {
				r.ok(r.store.EditLetter(r.ctx(), l.UID, []byte(`{"mended":true}`)))
			}
		}
		run := r.replay(r.letters()...)
		r.once()
		r.holds(recs[0], recs[4], recs[1], record("k2", `{"mended":true}`))
		if run = r.run(run); run.State != store.RunDead {
			t.Errorf("run %+v", run)
		}
		states := map[string]int{}
		var again store.DeadLetter
		for _, l := range r.letters() {
			states[l.State]++
			if l.State == store.LetterOpen {
				again = l
			}
		}
		if states[store.LetterReplayed] != 3 || states[store.LetterOpen] != 1 || again.Key != "k3" {
			t.Errorf("states %v, open %+v", states, again)
		}
		delete(refuse, "k3")
		if run = r.replay(again); run.ID == 0 {
			t.Fatal("no run")
		}
		r.once()
		r.holds(recs[0], recs[4], recs[1], record("k2", `{"mended":true}`), recs[3])
		if run = r.run(run); run.State != store.RunSucceeded {
			t.Errorf("run %+v", run)
		}
	})
}

// A replay that can't be delivered opens its letters again, and does not send them beside a second one.
func TestAReplayThatFails(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.append.Refuse("k1", fault.New(fault.Invalid, "no"))
		r.put("a", 0, 3)
		r.once()
		r.append.Refuse("k1", nil)
		r.poison("k1", fault.New(fault.Internal, "a bug"))
		run := r.replay(r.letters()...)
		r.once()
		if run = r.run(run); run.State != store.RunFailed {
			t.Errorf("run %+v", run)
		}
		if l := r.letters(); len(l) != 1 || l[0].State != store.LetterOpen {
			t.Fatalf("letters %+v", l)
		}
		r.wrap = nil
		if n, err := r.store.RetryDeliveries(r.ctx(), r.flow.ID); n != 0 || err != nil {
			t.Errorf("%d of a failed replay are tried again (%v)", n, err)
		}
		r.replay(r.letters()...)
		r.once()
		r.holds(connectortest.Records(0, 3)...)
	})
}

func TestACanceledReplayOpensItsLetters(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		r.append.Refuse("k1", fault.New(fault.Invalid, "no"))
		r.put("a", 0, 3)
		r.once()
		run := r.replay(r.letters()...)
		r.ok(r.store.EndRun(r.ctx(), run.ID, store.RunCanceled, "by a person"))
		r.once()
		if l := r.letters(); len(l) != 1 || l[0].State != store.LetterOpen {
			t.Errorf("letters %+v", l)
		}
	})
}
