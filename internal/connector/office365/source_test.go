package office365

import (
	"testing"
)

func TestCollectsWhatTheFeedHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	src := w.open()
	var c crawl
	w.enumerate(src, &c)
	if len(c.failed) > 0 || len(c.lost) > 0 {
		t.Fatalf("failed %v, lost %v", c.failed, c.lost)
	}
	got := w.harvest(src, &c)
	if d := w.compare(got); !d.Perfect() || d.Due == 0 {
		t.Errorf("the harvest is not perfect: %s", d)
	}
	t.Logf("%d splits, %d records, %d calls", len(c.splits), len(got), c.calls)
}
