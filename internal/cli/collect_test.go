package cli

import (
	"testing"

	"github.com/headrace/headrace/internal/store"
)

// A flow whose removal is worked off meanwhile takes its counts with it; what the others did is told all the same.
func TestWhatWasDoneWhileAFlowWasRemoved(t *testing.T) {
	t.Parallel()
	before := totals{flows: map[int64]store.Counts{1: {Listed: 10, Delivered: 9}, 2: {Listed: 28, Delivered: 28}}}
	after := totals{Counts: store.Counts{Listed: 15, Delivered: 13}, flows: map[int64]store.Counts{1: {Listed: 12, Delivered: 10}, 3: {Listed: 3, Delivered: 3}}}
	if got := after.since(before); got.Listed != 5 || got.Delivered != 4 {
		t.Errorf("got %+v", got)
	}
}
