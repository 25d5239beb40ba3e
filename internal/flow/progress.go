package flow

import (
	"context"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
)

// A Progress is how far a run has come, for people.
type Progress struct {
	Percent float64   `json:"percent"` // of the splits listed so far
	Listing bool      `json:"listing"` // more may be listed yet, so that the percentage may fall
	Doing   string    `json:"doing"`   // what it does now, in words
	Steps   []RunStep `json:"steps"`
	Left    *Left     `json:"left,omitempty"` // how long it still takes; missing: not known

	Trouble *store.Trouble `json:"trouble,omitempty"` // of its lanes or its source's listing: why it does not go on just now
}

// Left is how long a run still takes, as far as its pace so far tells.
type Left struct {
	Low  string `json:"low"`
	High string `json:"high"`
}

// RunProgress tells how far a run has come.
func (s *Service) RunProgress(ctx context.Context, r store.Run, counts store.Counts, p store.RunProgress) (Progress, error) {
	out := Progress{Listing: p.Listing}
	ended := counts.Splits + p.Failed + p.Lost
	all := ended + p.Pending
	if r.State == store.RunCanceled {
		all = max(all, counts.Listed) // what still waited does so no more
	}
	if all > 0 {
		out.Percent = float64(ended*1000/all) / 10
	} else if !r.Finished.IsZero() {
		out.Percent = 100
	}
	open, _, err := s.Store.Deliveries(ctx, store.DeliveryFilter{RunID: r.ID, States: []store.State{store.Pending, store.Failed, store.Held, store.Lost}}, store.Page{Limit: 50})
	if err != nil {
		return out, err
	}
	lanes, err := s.Store.LaneTroubles(ctx, []int64{r.FlowID})
	if err != nil {
		return out, err
	}
	work, err := s.Store.RunWork(ctx, r.ID)
	if err != nil {
		return out, err
	}
	out.Steps = steps(r, counts, p, work, open, lanes[r.FlowID])
	if r.Finished.IsZero() {
		if out.Trouble, err = s.runTrouble(ctx, r, p, lanes[r.FlowID].Trouble); err != nil {
			return out, err
		}
	}
	out.Doing = doing(r, p, open, out.Trouble)
	out.Left = left(counts.Splits, p, s.Store.Now().Sub(r.Created))
	return out, nil
}

// runTrouble is what stops a run just now: its lanes' trouble, or while it lists that of its source's listing.
func (s *Service) runTrouble(ctx context.Context, r store.Run, p store.RunProgress, lane *store.Trouble) (*store.Trouble, error) {
	if lane != nil || !p.Listing {
		return lane, nil
	}
	o, err := s.Store.ObjectByID(ctx, store.Flow, r.FlowID)
	if err != nil {
		return nil, err
	}
	listings, err := s.Store.ListingTroubles(ctx, []int64{o.SourceID})
	return listings[o.SourceID].Trouble, err
}

func doing(r store.Run, p store.RunProgress, open []store.DeliveryRow, trouble *store.Trouble) string {
	switch {
	case r.State == store.RunHolding:
		return "waiting for approval of its deletes"
	case !r.Finished.IsZero():
		return r.State
	case trouble != nil && !trouble.Until.IsZero():
		return fmt.Sprintf("waiting until %s: %s", trouble.Until.UTC().Format("15:04:05Z"), trouble.Line())
	case trouble != nil:
		return "trying again after: " + trouble.Line()
	case len(open) > 0 && open[0].Stream != "":
		return fmt.Sprintf("%s %s · delivering, %d splits left", open[0].Stream, open[0].Time.UTC().Format("2 Jan 15:04Z"), p.Pending)
	case p.Listing && p.Windows > 0:
		return fmt.Sprintf("listing, %d windows left", p.Windows)
	case p.Listing:
		return "listing"
	case r.Deleting:
		return "deleting what the source no longer has"
	}
	return "ending"
}

// left widens what the pace so far says: what comes is seldom like what was.
func left(done int64, p store.RunProgress, took time.Duration) *Left {
	const least = 5 // splits from which a pace can be told
	if done < least || p.Pending == 0 || p.Listing && p.Windows > 0 || took <= 0 {
		return nil
	}
	each := float64(took) * float64(p.Pending) / float64(done)
	text := func(part float64) string {
		return connector.Duration(max(time.Second, time.Duration(each*part).Round(time.Second))).String()
	}
	return &Left{Low: text(0.75), High: text(1.5)}
}
