package flow

import (
	"testing"
	"time"

	"github.com/headrace/headrace/internal/store"
)

func TestWhatARunDoesInWords(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 17, 3, 0, 0, 0, time.UTC)
	row := []store.DeliveryRow{{Stream: "Audit.SharePoint", Time: at}}
	slow := &store.Trouble{Class: "throttled", Title: "Microsoft asked us to slow down", Until: at}
	for name, c := range map[string]struct {
		run     store.Run
		p       store.RunProgress
		open    []store.DeliveryRow
		trouble *store.Trouble
		want    string
	}{
		"delivers":      {store.Run{State: store.RunGoing}, store.RunProgress{Pending: 7}, row, nil, "Audit.SharePoint 17 Nov 03:00Z · delivering, 7 splits left"},
		"waits":         {store.Run{State: store.RunGoing}, store.RunProgress{Pending: 7}, row, slow, "waiting until 03:00:00Z: Microsoft asked us to slow down"},
		"waits to list": {store.Run{State: store.RunGoing}, store.RunProgress{Listing: true, Windows: 4}, nil, slow, "waiting until 03:00:00Z: Microsoft asked us to slow down"},
		"lists":         {store.Run{State: store.RunGoing}, store.RunProgress{Listing: true, Windows: 4}, nil, nil, "listing, 4 windows left"},
		"holds":         {store.Run{State: store.RunHolding}, store.RunProgress{}, nil, nil, "waiting for approval of its deletes"},
		"ended":         {store.Run{State: store.RunSucceeded, Finished: at}, store.RunProgress{}, nil, slow, store.RunSucceeded},
	} {
		if got := doing(c.run, c.p, c.open, c.trouble); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestHowLongARunStillTakes(t *testing.T) {
	t.Parallel()
	if l := left(100, store.RunProgress{Pending: 50}, 20*time.Minute); l == nil || l.Low != "7m30s" || l.High != "15m" {
		t.Errorf("%+v", l)
	}
	for name, l := range map[string]*Left{
		"nothing done yet":   left(1, store.RunProgress{Pending: 50}, time.Minute),
		"more is listed yet": left(100, store.RunProgress{Pending: 50, Listing: true, Windows: 3}, time.Minute),
		"nothing left":       left(100, store.RunProgress{}, time.Minute),
	} {
		if l != nil {
			t.Errorf("%s: %+v", name, l)
		}
	}
}
