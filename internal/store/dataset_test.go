package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/store"
)

// lesson adds n records and keeps as many samples.
func (w *world) lesson(source int64, stream string, n int, changes ...store.DatasetChange) {
	w.t.Helper()
	l := store.Lesson{SourceID: source, Stream: stream, Learn: func(known store.Dataset) (store.Dataset, []store.DatasetChange, error) {
		known.Records += int64(n)
		known.Fields, known.Last = 3, w.clock.Now()
		known.Shape = fmt.Appendf(known.Shape, "%d,", n)
		return known, changes, nil
	}}
	for i := range n {
		l.Samples = append(l.Samples, store.DatasetSample{Time: w.clock.Now(), Key: fmt.Sprint(stream, i), Body: []byte(`{"a":1}`), Cut: i == 0, Whole: i == 1})
	}
	w.ok(w.s.Learn(w.ctx(), l))
}

func (w *world) samples(source int64, stream string) []store.DatasetSample {
	w.t.Helper()
	all, err := w.s.DatasetSamples(w.ctx(), source, stream, true, 1000)
	w.ok(err)
	return all
}

func TestLessonsAddUp(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		other := w.make(store.Object{Kind: store.Source, Name: "other"})
		w.lesson(w.source.ID, "b", 1)
		w.lesson(w.source.ID, "a", 2)
		w.lesson(w.source.ID, "a", 3)
		w.lesson(other.ID, "a", 4)
		shapes, err := w.s.DatasetShapes(w.ctx(), w.source.ID)
		w.ok(err)
		if len(shapes) != 2 || shapes[0].Stream != "a" || shapes[0].Records != 5 || string(shapes[0].Shape) != "2,3," || !shapes[0].Last.Equal(w.clock.Now()) || !shapes[0].Looked.Equal(w.clock.Now()) {
			t.Errorf("%+v", shapes)
		}
		all, err := w.s.DatasetsOf(w.ctx(), []int64{w.source.ID, other.ID})
		w.ok(err)
		if len(all[w.source.ID]) != 2 || all[w.source.ID][1].Stream != "b" || all[other.ID][0].Records != 4 {
			t.Errorf("%+v", all)
		}
		got := w.samples(w.source.ID, "a")
		if len(got) != 5 || got[0].Key != "a2" || got[4].Key != "a0" || !got[4].Cut || got[0].Cut || string(got[0].Body) != `{"a":1}` || !got[0].Time.Equal(w.clock.Now()) {
			t.Errorf("%+v", got)
		}
		if n := len(w.samples(w.source.ID, "")); n != 6 {
			t.Errorf("%d samples of all streams", n)
		}
		without, err := w.s.DatasetSamples(w.ctx(), w.source.ID, "a", false, 2)
		w.ok(err)
		if len(without) != 2 || without[0].Key != "a2" || without[1].Key != "a0" {
			t.Errorf("those that tell of nobody: %+v", without)
		}
		w.ok(w.s.ForgetWhole(w.ctx(), w.source.ID))
		if n := len(w.samples(w.source.ID, "a")); n != 3 || !w.samples(other.ID, "a")[2].Whole {
			t.Errorf("%d left", n)
		}
	})
}

func TestALessonThatFailsLeavesNothing(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		no := errors.New("no")
		err := w.s.Learn(w.ctx(), store.Lesson{SourceID: w.source.ID, Stream: "a", Samples: []store.DatasetSample{{Key: "x"}},
			Learn: func(d store.Dataset) (store.Dataset, []store.DatasetChange, error) { return d, nil, no }})
		if !errors.Is(err, no) {
			t.Fatalf("err %v", err)
		}
		all, err := w.s.DatasetShapes(w.ctx(), w.source.ID)
		w.ok(err)
		if len(all)+len(w.samples(w.source.ID, "")) != 0 {
			t.Errorf("left: %+v", all)
		}
	})
}

func TestFewRecordsAreKept(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.lesson(w.source.ID, "quiet", 1)
		w.lesson(w.source.ID, "busy", 30)
		w.lesson(w.source.ID, "busy", 1)
		got := w.samples(w.source.ID, "busy")
		if len(got) != 20 || got[0].Key != "busy0" || got[1].Key != "busy29" || got[19].Key != "busy11" {
			t.Errorf("%d kept: %+v", len(got), got)
		}
		if n := len(w.samples(w.source.ID, "quiet")); n != 1 {
			t.Errorf("%d of the quiet one", n)
		}
		for i := range 110 { // a folder has many streams
			w.lesson(w.source.ID, fmt.Sprint("s", i), 1)
		}
		if n := len(w.samples(w.source.ID, "")); n != 100 {
			t.Errorf("%d kept of all", n)
		}
		all, err := w.s.DatasetsOf(w.ctx(), []int64{w.source.ID})
		w.ok(err)
		if len(all[w.source.ID]) != 100 {
			t.Errorf("%d streams", len(all[w.source.ID]))
		}
	})
}

func TestChangesOfADataset(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		for i := range 3 {
			w.lesson(w.source.ID, "a", 0, store.DatasetChange{Kind: "new", Path: fmt.Sprint(".f", i), Since: w.clock.Now(), Types: 4})
			w.clock.Add(time.Hour)
		}
		w.lesson(w.source.ID, "b", 0, store.DatasetChange{Kind: "types", Path: ".x", OldTypes: 1, Types: 5})
		page := func(stream string, since time.Time, p store.Page) ([]store.DatasetChange, string) {
			t.Helper()
			all, next, err := w.s.DatasetChanges(w.ctx(), store.ChangeFilter{SourceID: w.source.ID, Stream: stream, Since: since}, p)
			w.ok(err)
			return all, next
		}
		first, next := page("", time.Time{}, store.Page{Limit: 3})
		rest, end := page("", time.Time{}, store.Page{Limit: 3, After: next})
		if len(first) != 3 || first[0].Path != ".x" || first[0].OldTypes != 1 || first[0].Types != 5 || first[1].Path != ".f2" || len(rest) != 1 || rest[0].Path != ".f0" || end != "" {
			t.Errorf("%+v, then %+v, %q", first, rest, end)
		}
		if of, _ := page("a", w.clock.Now().Add(-90*time.Minute), store.Page{}); len(of) != 1 || of[0].Path != ".f2" {
			t.Errorf("lately of a: %+v", of)
		}
		like, _, err := w.s.DatasetChanges(w.ctx(), store.ChangeFilter{SourceID: w.source.ID, Query: "F1"}, store.Page{})
		w.ok(err)
		if len(like) != 1 || like[0].Path != ".f1" {
			t.Errorf("with f1 in the path: %+v", like)
		}
		n, err := w.s.ChangesOf(w.ctx(), []int64{w.source.ID}, w.clock.Now().Add(-90*time.Minute))
		w.ok(err)
		if n[w.source.ID] != 2 {
			t.Errorf("counts %v", n)
		}
		if _, _, err := w.s.DatasetChanges(w.ctx(), store.ChangeFilter{SourceID: w.source.ID}, store.Page{After: "?"}); err == nil {
			t.Error("a wrong place is taken")
		}
	})
}

func TestDatasetsAreForgotten(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		left := func() (samples, streams int, changes int64) {
			t.Helper()
			all, err := w.s.DatasetsOf(w.ctx(), []int64{w.source.ID})
			w.ok(err)
			n, err := w.s.ChangesOf(w.ctx(), []int64{w.source.ID}, time.Time{})
			w.ok(err)
			return len(w.samples(w.source.ID, "")), len(all[w.source.ID]), n[w.source.ID]
		}
		change := store.DatasetChange{Kind: "new", Path: ".f"}
		w.lesson(w.source.ID, "a", 2, change)
		kept, err := w.s.LearnedSources(w.ctx())
		w.ok(err)
		if len(kept) != 1 || kept[0] != w.source.ID {
			t.Errorf("kept of %v", kept)
		}
		w.ok(w.s.ForgetDataset(w.ctx(), w.source.ID, false))
		if s, d, c := left(); s != 0 || d != 1 || c != 1 {
			t.Errorf("the records alone: %d, %d, %d", s, d, c)
		}
		w.ok(w.s.ForgetDataset(w.ctx(), w.source.ID, true))
		if s, d, c := left(); s+d+int(c) != 0 {
			t.Errorf("all: %d, %d, %d", s, d, c)
		}
		w.lesson(w.source.ID, "a", 2, change)
		w.clock.Add(29 * 24 * time.Hour)
		w.lesson(w.source.ID, "a", 1)
		w.clock.Add(2 * 24 * time.Hour)
		_, err = w.s.Sweep(w.ctx(), store.DefaultRetention())
		w.ok(err)
		if s, d, c := left(); s != 1 || d != 1 || c != 1 {
			t.Errorf("after a month: %d, %d, %d", s, d, c)
		}
		w.clock.Add(366 * 24 * time.Hour)
		_, err = w.s.Sweep(w.ctx(), store.DefaultRetention())
		w.ok(err)
		if s, d, c := left(); s != 0 || d != 1 || c != 0 {
			t.Errorf("after a year: %d, %d, %d", s, d, c)
		}
		w.lesson(w.source.ID, "a", 2, change)
		w.ok(w.s.DeleteObject(w.ctx(), w.source))
		if s, d, c := left(); s+d+int(c) != 0 {
			t.Errorf("the source is gone: %d, %d, %d", s, d, c)
		}
		w.lesson(w.source.ID, "a", 2, change)
		if s, d, c := left(); s+d+int(c) != 0 {
			t.Errorf("learned of a source that is gone: %d, %d, %d", s, d, c)
		}
	})
}
