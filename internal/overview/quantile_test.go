package overview

import (
	"testing"

	"github.com/headrace/headrace/internal/store"
)

func TestQuantileOfWaits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		waits [len(store.Waits)]int64
		want  float64
	}{
		"nothing measured is no value":      {},
		"half-way through the first":        {[len(store.Waits)]int64{10}, 30},
		"later than the last bound":         {[len(store.Waits)]int64{6: 10}, 24 * 3600},
		"the middle of what is in two rows": {[len(store.Waits)]int64{5, 5}, 60},
	} {
		if got := quantile(c.waits, 0.5); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
