package flow

import (
	"encoding/json"
	"time"

	"github.com/headrace/headrace/internal/store"
)

// A RunStep is one step of the work. Fetching, transforming, delivering and committing go hand in hand, batch by batch: they share
// one time.
type RunStep struct {
	Name    string    `json:"name"` // plan, list, fetch, transform, deliver, commit
	Count   int64     `json:"count"`
	Of      string    `json:"of"`                 // what is counted: hours, splits, records
	Bad     int64     `json:"bad,omitempty"`      // of these, how many went wrong there
	Left    int64     `json:"left_out,omitempty"` // of these, how many were left out on purpose
	Retries int64     `json:"retries,omitempty"`  // tries that were repeated
	Error   string    `json:"error,omitempty"`    // the last trouble there
	Began   time.Time `json:"began,omitzero"`     // missing: not known, or not yet
	Ended   time.Time `json:"ended,omitzero"`     // missing: it goes on
}

// steps makes a run's steps of what is known of it.
func steps(r store.Run, counts store.Counts, p store.RunProgress, work store.RunWork, open []store.DeliveryRow, lane store.Troubled) []RunStep {
	list := RunStep{Name: "list", Count: counts.Listed, Of: "splits", Retries: int64(work.Failures), Error: line(work.Trouble), Began: r.Created}
	if !p.Listing {
		list.Ended = work.Listed
	}
	fetch := RunStep{Name: "fetch", Count: counts.Fetched, Of: "records", Bad: p.Failed + p.Lost, Retries: work.Attempts}
	for _, d := range open {
		if d.Trouble != nil {
			fetch.Error = d.Trouble.Line()
			break
		}
	}
	if r.Kind == store.Replay {
		list = RunStep{Name: "list", Count: counts.Listed, Of: "splits"}
	}
	deliver := RunStep{Name: "deliver", Count: counts.Delivered, Of: "records", Bad: counts.Dead, Retries: int64(lane.Failures), Error: line(lane.Trouble)}
	if !r.Finished.IsZero() {
		deliver.Retries, deliver.Error = 0, "" // the lane's trouble is of what came after
	}
	all := []RunStep{
		list, fetch,
		{Name: "transform", Count: counts.Fetched - counts.Repeats, Of: "records", Left: counts.Dropped}, deliver,
		{Name: "commit", Count: counts.Splits, Of: "splits", Began: work.First, Ended: work.Last},
	}
	if p.Pending > 0 {
		all[len(all)-1].Ended = time.Time{}
	}
	if planned, ok := planned(r); ok {
		all = append([]RunStep{planned}, all...)
	}
	return all
}

// planned is what a run was asked for; a crawl is of all that there is.
func planned(r store.Run) (RunStep, bool) {
	var spec struct {
		Window
		DeadLetters []string `json:"deadLetters"`
	}
	if json.Unmarshal(r.Spec, &spec) != nil {
		return RunStep{}, false
	}
	switch r.Kind {
	case store.Backfill:
		return RunStep{Name: "plan", Count: int64(hours(spec.Window)), Of: "hours", Began: r.Created, Ended: r.Created}, true
	case store.Replay:
		return RunStep{Name: "plan", Count: int64(len(spec.DeadLetters)), Of: "records", Began: r.Created, Ended: r.Created}, true
	}
	return RunStep{}, false
}

func line(t *store.Trouble) string {
	if t == nil {
		return ""
	}
	return t.Line()
}
