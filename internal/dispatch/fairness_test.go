package dispatch_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/store"
)

// TestABackfillDelaysAnotherTenantsEventsByARestOfATurn gives one tenant more lanes than there are workers, all with a
// backlog that lasts far beyond the test: how large it is plays no part, since a turn's length is what bounds the wait.
// Time is the bubble's, so that the waits are exact.
func TestABackfillDelaysAnotherTenantsEventsByARestOfATurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const lanes, backlog = 12, 1000 // splits of one record, five in a batch
		w := newWorld()
		big := w.add("big", connectortest.SourceOptions{Interval: time.Hour})
		for i := range backlog {
			big.Put(connector.Split{ID: fmt.Sprint(i), Stream: "s", Time: connectortest.Start.Add(time.Duration(i) * time.Second)}, connectortest.Records(i, i+1)...)
		}
		w.destinations["big"] = connectortest.NewMemoryDestination(connectortest.DestinationOptions{BatchRecords: 5})
		l := newLocal(t, w, logTo(t)) // makes the first of its flows
		l.node.wrap = func(d connector.Destination) connector.Destination {
			return connectortest.SlowWrite(d, 300*time.Millisecond)
		}
		source, err := l.Store.Object(t.Context(), store.Source, "big")
		if err != nil {
			t.Fatal(err)
		}
		for i := range lanes {
			name := fmt.Sprintf("big-%d", i)
			w.destinations[name] = connectortest.NewMemoryDestination(connectortest.DestinationOptions{BatchRecords: 5})
			destination := create(t, l.Store, store.Object{Kind: store.Destination, Name: name})
			create(t, l.Store, store.Object{Kind: store.Flow, Name: name, Tenant: "big", SourceID: source.ID, DestinationID: destination.ID, Lanes: 1})
		}
		fresh := w.add("small", connectortest.SourceOptions{Interval: time.Second}) // it comes last, wherever it is put in a row
		other := create(t, l.Store, store.Object{Kind: store.Source, Name: "small", Tenant: "small"})
		place := create(t, l.Store, store.Object{Kind: store.Destination, Name: "small"})
		create(t, l.Store, store.Object{Kind: store.Flow, Name: "small", Tenant: "small", SourceID: other.ID, DestinationID: place.ID, Lanes: 1})
		stop := l.start(t)
		wait(10 * time.Second) // all workers are at it
		var waits []time.Duration
		for i := range 6 {
			fresh.Put(connector.Split{ID: fmt.Sprint(i), Stream: "s", Time: time.Now()}, connectortest.Records(i, i+1)...)
			put := time.Now()
			eventually(t, 5*time.Minute, "a fresh event is delivered", func() bool { return len(w.destinations["small"].Records()) > i })
			waits = append(waits, time.Since(put))
			wait(700 * time.Millisecond)
		}
		behind := 0
		for i := range lanes {
			if len(w.destinations[fmt.Sprintf("big-%d", i)].Records()) < backlog {
				behind++
			}
		}
		stop()
		// A second until the listing, the rest of a turn of 5 s with the 48 splits that it had read ahead (ten writes), and
		// the event's own write.
		if slowest := slices.Max(waits); slowest > 10*time.Second {
			t.Errorf("fresh events waited up to %s: %v", slowest, waits)
		}
		if behind <= l.Deliverers {
			t.Errorf("only %d lanes of the backfill are still behind: nobody had to wait", behind)
		}
		t.Logf("fresh events waited %v", waits)
	})
}
