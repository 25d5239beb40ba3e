package flow

import (
	"context"
	"fmt"
	"math/bits"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// A BackfillRequest asks for a flow's past again.
type BackfillRequest struct {
	Flow string
	Window
	Again bool // also what was delivered before
}

// A BackfillPlan tells what a backfill would fetch.
type BackfillPlan struct {
	Window
	Streams   int           `json:"streams"`
	Hours     int           `json:"hours"`
	Windows   int           `json:"windows"`   // stream × hour
	Delivered int           `json:"delivered"` // of the windows
	Missing   int           `json:"missing"`   // of the windows: would be fetched
	Clamped   bool          `json:"clamped"`   // the request reached further back than the source does
	Left      time.Duration `json:"left_ns,omitempty"`
	LeftText  string        `json:"recoverable_for,omitempty"` // how long the oldest missing window can still be had; "": without end
}

// String says it in a sentence.
func (p BackfillPlan) String() string {
	text := fmt.Sprintf("%d windows (%d streams × %d h); %d missing, %d already delivered → would fetch %d.", p.Windows, p.Streams, p.Hours, p.Missing, p.Delivered, p.Missing)
	if p.Missing > 0 && p.LeftText != "" {
		text += " Oldest is recoverable for " + p.LeftText + "."
	}
	if p.Clamped {
		text += " What is older than the source keeps is left out."
	}
	return text
}

// PlanBackfill tells what Backfill would do.
func (s *Service) PlanBackfill(ctx context.Context, r BackfillRequest) (BackfillPlan, error) {
	_, src, use, w, clamped, err := s.backfillOf(ctx, r)
	if err != nil {
		return BackfillPlan{}, err
	}
	o, err := s.Store.Object(ctx, store.Flow, r.Flow)
	if err != nil {
		return BackfillPlan{}, err
	}
	rows, err := s.Store.Coverage(ctx, src.ID, w.From, w.To)
	if err != nil {
		return BackfillPlan{}, err
	}
	streams := streamsOf(use, rows)
	p := BackfillPlan{Window: w, Streams: len(streams), Hours: hours(w), Clamped: clamped}
	p.Windows = p.Streams * p.Hours
	oldest := time.Time{}
	whole := delivered(rows, o.ID)
	for _, stream := range streams {
		for at := w.From.Truncate(hour); at.Before(w.To); at = at.Add(hour) {
			if whole[slot{stream, at.Unix() / 3600}] && !r.Again {
				p.Delivered++
				continue
			}
			p.Missing++
			if oldest.IsZero() || at.Before(oldest) {
				oldest = at
			}
		}
	}
	if horizon := use.Connector.Source.Horizon; horizon > 0 && !oldest.IsZero() {
		if oldest.Before(w.From) {
			oldest = w.From
		}
		p.Left = oldest.Add(horizon).Sub(s.Store.Now()).Truncate(time.Minute)
		p.LeftText = connector.Duration(p.Left).String()
	}
	return p, nil
}

type slot struct {
	stream string
	hour   int64
}

// delivered gives the windows of which everything listed was delivered to a flow, and that were listed to their end.
func delivered(rows []store.Coverage, flowID int64) map[slot]bool {
	listed, done := map[slot]store.Coverage{}, map[slot]store.Coverage{}
	for _, row := range rows {
		switch row.FlowID {
		case 0:
			listed[slot{row.Stream, row.Hour}] = row
		case flowID:
			done[slot{row.Stream, row.Hour}] = row
		}
	}
	whole := map[slot]bool{}
	for at, row := range listed {
		whole[at] = bits.OnesCount64(row.Minutes) == 60 && done[at].Splits >= row.Splits
	}
	return whole
}

func streamsOf(use object.Use, rows []store.Coverage) []string {
	if use.Connector.Source.Streams != nil {
		return use.Connector.Source.Streams(use.Config)
	}
	var all []string
	known := map[string]bool{}
	for _, row := range rows {
		if !known[row.Stream] {
			known[row.Stream] = true
			all = append(all, row.Stream)
		}
	}
	return all
}

// hours counts the hours that a window touches.
func hours(w Window) int {
	n := 0
	for at := w.From.Truncate(hour); at.Before(w.To); at = at.Add(hour) {
		n++
	}
	return n
}

// Backfill fetches a flow's past: what was not delivered, or with Again everything.
func (s *Service) Backfill(ctx context.Context, r BackfillRequest) (store.Run, error) {
	o, src, use, w, _, err := s.backfillOf(ctx, r)
	if err != nil {
		return store.Run{}, err
	}
	return s.startBackfill(ctx, o, src, use, w, r.Again, "asked for")
}

// backfillOf reads a request and clamps its window to what the source still has.
func (s *Service) backfillOf(ctx context.Context, r BackfillRequest) (o, src store.Object, use object.Use, w Window, clamped bool, err error) {
	if o, err = s.Store.Object(ctx, store.Flow, r.Flow); err != nil {
		return
	}
	if src, err = s.Store.ObjectByID(ctx, store.Source, o.SourceID); err != nil {
		return
	}
	if use, err = s.sources.Read(src); err != nil {
		return
	}
	if use.Connector.Source.Range == nil {
		err = fault.New(fault.Invalid, "source %q can't list a piece of time, so it has no backfill", src.Name)
		return
	}
	now := s.Store.Now().UTC()
	w = Window{From: r.From.UTC(), To: r.To.UTC()}
	if w.To.IsZero() || w.To.After(now) {
		w.To = now
	}
	if !w.From.Before(w.To) {
		err = fault.Problems{{Field: "from", Text: "must be before to, and in the past"}}.Err()
		return
	}
	if horizon := use.Connector.Source.Horizon; horizon > 0 && w.From.Before(reach(use, now)) {
		w.From, clamped = reach(use, now), true
		if !w.From.Before(w.To) {
			err = (&fault.Error{Class: fault.Lost, Code: "beyond_horizon", Title: fmt.Sprintf("the source keeps %s; all of this is older", connector.Duration(horizon))}).
				WithHint("Look for it in Purview's audit search and export it there.")
		}
	}
	return
}
