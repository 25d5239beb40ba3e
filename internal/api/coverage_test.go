package api

import (
	"testing"

	"github.com/headrace/headrace/internal/store"
)

func TestNobodyAskedForWhatIsBeforeTheBeginning(t *testing.T) {
	t.Parallel()
	const (
		whole = 1<<60 - 1
		late  = whole &^ (1<<43 - 1) // from minute 43 on
		early = 1<<20 - 1            // up to minute 20
	)
	row := func(stream string, hour int64, minutes uint64) store.Coverage {
		return store.Coverage{Stream: stream, Hour: hour, Minutes: minutes}
	}
	for name, c := range map[string]struct {
		before, now store.Coverage
		busy        bool
		want        int
	}{
		"collecting begins at minute 43":     {store.Coverage{}, row("a", 100, late), false, 17},
		"the hour before was listed":         {row("a", 99, whole), row("a", 100, late), false, 60},
		"that was another stream's":          {row("b", 99, whole), row("a", 100, late), false, 17},
		"that was long before, a backfill's": {row("a", 90, whole), row("a", 100, late), false, 17},
		"a listing is still at it":           {store.Coverage{}, row("a", 100, late), true, 60},
		"the present hour":                   {row("a", 99, whole), row("a", 100, early), false, 60},
		"the present hour is the first":      {store.Coverage{}, row("a", 100, early), false, 60},
		"splits of an hour never listed":     {store.Coverage{}, row("a", 100, 0), false, 0},
	} {
		if got := asked(c.before, c.now, c.busy); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
