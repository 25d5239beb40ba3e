package flow

import (
	"testing"
	"time"

	"github.com/headrace/headrace/internal/store"
)

func TestTheStepsOfARun(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 17, 3, 0, 0, 0, time.UTC)
	run := store.Run{Kind: store.Backfill, State: store.RunGoing, Created: at, Spec: []byte(`{"from":"2026-11-15T00:00:00Z","to":"2026-11-20T00:00:00Z"}`)}
	counts := store.Counts{Listed: 40, Splits: 20, Fetched: 500, Repeats: 100, Delivered: 380, Dropped: 15, Dead: 5}
	work := store.RunWork{Listed: at.Add(time.Minute), Attempts: 3, First: at.Add(time.Second), Last: at.Add(5 * time.Minute)}
	slow := store.Troubled{Failures: 2, Trouble: &store.Trouble{Class: "unavailable", Title: "the disk is full"}}
	going := steps(run, counts, store.RunProgress{Pending: 18, Failed: 2}, work, []store.DeliveryRow{{}, {Trouble: &store.Trouble{Title: "not found"}}}, slow)
	want := []RunStep{
		{Name: "plan", Count: 120, Of: "hours", Began: at, Ended: at},
		{Name: "list", Count: 40, Of: "splits", Began: at, Ended: work.Listed},
		{Name: "fetch", Count: 500, Of: "records", Bad: 2, Retries: 3, Error: "not found"},
		{Name: "transform", Count: 400, Of: "records", Left: 15},
		{Name: "deliver", Count: 380, Of: "records", Bad: 5, Retries: 2, Error: "the disk is full"},
		{Name: "commit", Count: 20, Of: "splits", Began: work.First},
	}
	if len(going) != len(want) {
		t.Fatalf("%d steps: %+v", len(going), going)
	}
	for i := range want {
		if going[i] != want[i] {
			t.Errorf("step %d: %+v\nwant %+v", i, going[i], want[i])
		}
	}
	run.Finished = at.Add(time.Hour)
	over := steps(run, counts, store.RunProgress{}, work, nil, slow)
	if last := over[len(over)-1]; !last.Ended.Equal(work.Last) || over[4].Error != "" || over[4].Retries != 0 {
		t.Errorf("at the end: %+v, %+v", over[4], last)
	}
	if crawl := steps(store.Run{Kind: store.Crawl}, counts, store.RunProgress{Listing: true}, work, nil, store.Troubled{}); crawl[0].Name != "list" || !crawl[0].Ended.IsZero() {
		t.Errorf("a crawl: %+v", crawl[0])
	}
	if replay := steps(store.Run{Kind: store.Replay, Spec: []byte(`{"deadLetters":["a","b"]}`)}, counts, store.RunProgress{}, work, nil, store.Troubled{}); replay[0].Count != 2 || replay[0].Of != "records" {
		t.Errorf("a replay: %+v", replay[0])
	}
}
