package store_test

import (
	"slices"
	"testing"
	"time"
)

func TestNodesReport(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		names := func(want ...string) {
			t.Helper()
			all, err := w.s.Nodes(w.ctx())
			w.ok(err)
			var got []string
			for _, n := range all {
				got = append(got, n.Name)
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		began := w.clock.Now()
		w.ok(w.s.ReportNode(w.ctx(), "b", 1))
		w.ok(w.s.ReportNode(w.ctx(), "a", 1))
		w.clock.Add(30 * time.Minute)
		w.ok(w.s.ReportNode(w.ctx(), "a", 2))
		names("a", "b")
		all, err := w.s.Nodes(w.ctx())
		w.ok(err)
		if a := all[0]; a.Keyset != 2 || !a.Started.Equal(began) || !a.Seen.Equal(w.clock.Now()) {
			t.Errorf("got %+v", a)
		}
		w.ok(w.s.ForgetNode(w.ctx(), "a"))
		w.ok(w.s.ForgetNode(w.ctx(), "a"))
		names("b")
		w.clock.Add(31 * time.Minute)
		names() // b never reported again
		w.ok(w.s.ReportNode(w.ctx(), "c", 2))
		names("c")
	})
}
