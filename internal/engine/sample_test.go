package engine_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/engine"
)

// What the source yields is shown in passing, refused records too; what we made ourselves is not.
func TestRecordsAreShownInPassing(t *testing.T) {
	each(t, false, func(t *testing.T, r *rig) {
		var (
			mu    sync.Mutex
			shown []string
		)
		r.sample = func(from *engine.Source, records []connector.Record) {
			mu.Lock()
			defer mu.Unlock()
			for _, one := range records {
				if from.Object.ID != r.from.ID || one.Stream == "" || one.Time.IsZero() {
					t.Errorf("%+v of %s", one, from.Object.Name)
				}
				shown = append(shown, one.Key)
			}
		}
		list := record("list", `[1]`) // refused: no object
		r.source.Put(connector.Split{ID: "a", Stream: "s", Time: r.store.Now()}, append(connectortest.Records(0, 3), list)...)
		r.once()
		want := []string{"k0", "k1", "k2", "list"}
		if !slices.Equal(shown, want) {
			t.Fatalf("shown %v, want %v", shown, want)
		}
		letters := r.letters()
		if len(letters) != 1 {
			t.Fatalf("letters %+v", letters)
		}
		r.replay(letters...)
		r.once()
		if !slices.Equal(shown, want) {
			t.Errorf("after a replay: %v, want %v", shown, want)
		}
	})
}
