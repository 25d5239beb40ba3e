package api

import (
	"cmp"
	"context"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// CoverageRequest picks a source, or a flow's, or all by page, and a piece of time.
type CoverageRequest struct {
	Source string    `json:"source,omitempty" doc:"only of this source"`
	Flow   string    `json:"flow,omitempty" doc:"only of this flow and its source"`
	From   time.Time `json:"from,omitzero" doc:"seven days before the end if not said"`
	To     time.Time `json:"to,omitzero" doc:"now if not said"`
	After  string    `json:"after,omitempty" doc:"next of the page before"`
	Limit  int       `json:"limit,omitempty" doc:"how many sources; 20 if not said, at most 100" minimum:"0" maximum:"100"`
}

// A CoverageCell is one hour of one stream.
type CoverageCell struct {
	Source  string    `json:"source"`
	Flow    string    `json:"flow,omitempty"` // "": what the listing knows
	Stream  string    `json:"stream"`
	Hour    time.Time `json:"hour"`
	Minutes int       `json:"listed_minutes"`
	Asked   int       `json:"asked_minutes,omitempty"` // of the hour that the source is to list; less than 60 where its collecting begins
	Splits  int64     `json:"splits"`
	Records int64     `json:"records"`
	Repeats int64     `json:"repeats"`
	Dead    int64     `json:"dead_letters"`
	Lost    int64     `json:"lost"`
	Gap     int       `json:"gap_minutes,omitempty"` // minutes that can't be listed any more, or not again
}

// A SourceGap is a range that a source lost.
type SourceGap struct {
	Source string `json:"source"`
	store.Gap
}

// A Coverage is what is known of a piece of time. It has pages by source: one with hours of many streams is much.
type Coverage struct {
	From  time.Time      `json:"from"`
	To    time.Time      `json:"to"`
	Cells []CoverageCell `json:"cells"`
	Gaps  []SourceGap    `json:"gaps"` // that reach into it
	Next  string         `json:"next,omitempty" doc:"send it as after to get the sources that follow"`
}

const (
	usualSources = 20
	mostSources  = 100
	usualPast    = 7 * 24 * time.Hour
)

// CoverageShow shows hour by hour what was listed and delivered.
var CoverageShow = Operation[CoverageRequest, Coverage]{Name: "coverage.show", Route: "GET /coverage", Summary: "Show hour by hour what was listed, delivered and lost", Do: showCoverage}

func showCoverage(ctx context.Context, s *Services, in CoverageRequest) (Coverage, error) {
	if in.To.IsZero() {
		in.To = s.Store.Now().UTC()
	}
	if in.From.IsZero() {
		in.From = in.To.Add(-usualPast)
	}
	if err := inOrder(in.From, in.To); err != nil {
		return Coverage{}, err
	}
	out := Coverage{From: in.From, To: in.To, Cells: []CoverageCell{}, Gaps: []SourceGap{}}
	sources, flows, err := coveredBy(ctx, s, in, &out.Next)
	if err != nil {
		return out, err
	}
	cursors, err := s.Store.Cursors(ctx, object.IDs(sources))
	if err != nil {
		return out, err
	}
	for _, src := range sources {
		names, mirrors := map[int64]string{}, false
		for _, f := range flows[src.ID] {
			if in.Flow == "" && mirror(f) {
				mirrors = true
			} else {
				names[f.ID] = f.Name
			}
		}
		if mirrors && len(names) == 0 && in.Source == "" {
			continue // what only mirrors use has crawls, not hours
		}
		places := s.places(src, cursors[src.ID])
		cells, err := s.coverageOf(ctx, src, in, names, places)
		if err != nil {
			return out, err
		}
		gaps, err := s.Store.Gaps(ctx, src.ID)
		if err != nil {
			return out, err
		}
		all := hoursOf(src.Name, cells)
		if len(names) > 0 { // a source rests while no flow wants it
			all.addUnlisted(places, in, s.Store.Now())
		}
		all.addGaps(gaps, in)
		out.Cells = append(out.Cells, all.inOrder()...)
		for _, g := range gaps {
			if g.From.Before(in.To) && g.To.After(in.From) {
				out.Gaps = append(out.Gaps, SourceGap{src.Name, g})
			}
		}
	}
	return out, nil
}

// coveredBy gives the sources that are asked for, with the flows of each.
func coveredBy(ctx context.Context, s *Services, in CoverageRequest, next *string) (sources []store.Object, flows map[int64][]store.Object, err error) {
	switch {
	case in.Flow != "":
		f, err := s.Store.Object(ctx, store.Flow, in.Flow)
		if err != nil {
			return nil, nil, err
		}
		src, err := s.Store.ObjectByID(ctx, store.Source, f.SourceID)
		return []store.Object{src}, map[int64][]store.Object{src.ID: {f}}, err
	case in.Source != "":
		src, err := s.Store.Object(ctx, store.Source, in.Source)
		if err != nil {
			return nil, nil, err
		}
		sources = []store.Object{src}
	default:
		limit := in.Limit
		if limit <= 0 {
			limit = usualSources
		}
		if sources, *next, err = s.Store.ObjectsPage(ctx, store.ObjectFilter{Kind: store.Source}, store.Page{After: in.After, Limit: min(limit, mostSources)}); err != nil {
			return nil, nil, err
		}
	}
	flows, err = s.Store.FlowsOf(ctx, object.IDs(sources))
	return sources, flows, err
}

func mirror(f store.Object) bool {
	settings, err := flow.Read(f)
	return err == nil && settings.Mode == flow.Mirror
}

// coverageOf gives the cells of a source, of the flows with names; places as places gives them.
func (s *Services) coverageOf(ctx context.Context, src store.Object, in CoverageRequest, names map[int64]string, places map[string]connector.Range) ([]CoverageCell, error) {
	rows, err := s.Store.CoverageOf(ctx, src.ID, slices.Sorted(maps.Keys(names)), in.From.Add(-time.Hour), in.To)
	if err != nil {
		return nil, err
	}
	listings, err := s.Store.Listings(ctx, src.ID)
	if err != nil {
		return nil, err
	}
	busy := slices.ContainsFunc(listings, func(l store.ListingStatus) bool { return l.Pending > 0 })
	var cells []CoverageCell
	before := store.Coverage{} // the listing's row before this one
	for _, r := range rows {
		cell := CoverageCell{Source: src.Name, Flow: names[r.FlowID], Stream: r.Stream, Hour: r.Start(), Minutes: r.ListedMinutes(),
			Splits: r.Splits, Records: r.Records, Repeats: r.Repeats, Dead: r.Dead, Lost: r.Lost}
		if r.FlowID == 0 {
			cell.Asked = max(asked(before, r, busy), askedSince(places[r.Stream], r.Start()))
			before = r
		}
		if !r.Start().Before(in.From.Truncate(time.Hour)) {
			cells = append(cells, cell)
		}
	}
	return cells, nil
}

// places tells since when each stream of a source is to be listed, as far as its cursor knows.
func (s *Services) places(src store.Object, cursor connector.Cursor) map[string]connector.Range {
	use, err := s.Sources.Read(src)
	if err != nil {
		return nil // its settings are told elsewhere; what was listed is known without them
	}
	return use.Listed(cursor)
}

// askedSince gives how many minutes of an hour are to be listed of a stream whose collecting began at the beginning of its place.
func askedSince(place connector.Range, hour time.Time) int {
	if place.Stream == "" || !place.From.Before(hour.Add(time.Hour)) {
		return 0
	}
	return 60 - int(max(0, place.From.Sub(hour))/time.Minute)
}

// hours are a source's cells, among which an hour of a listing is found or added.
type hours struct {
	source string
	cells  []CoverageCell
	at     map[streamHour]int // where the hours of listings are among the cells
	known  int                // how many cells there were before any was added
}

// A streamHour is an hour of a stream, in seconds since 1970.
type streamHour struct {
	stream string
	hour   int64
}

func hoursOf(source string, cells []CoverageCell) *hours {
	h := &hours{source: source, cells: cells, at: map[streamHour]int{}, known: len(cells)}
	for i, c := range cells {
		if c.Flow == "" {
			h.at[streamHour{c.Stream, c.Hour.Unix()}] = i
		}
	}
	return h
}

// in gives the cell of an hour. One that is not there yet is added: nothing of it was listed, and so many of its minutes are to be.
func (h *hours) in(stream string, hour time.Time, asked int) *CoverageCell {
	key := streamHour{stream, hour.Unix()}
	i, ok := h.at[key]
	if !ok {
		i = len(h.cells)
		h.at[key] = i
		h.cells = append(h.cells, CoverageCell{Source: h.source, Stream: stream, Hour: hour.UTC(), Asked: asked})
	}
	return &h.cells[i]
}

// inOrder gives the cells, each of those that were added where it belongs.
func (h *hours) inOrder() []CoverageCell {
	if len(h.cells) > h.known {
		slices.SortStableFunc(h.cells, func(a, b CoverageCell) int {
			return cmp.Or(strings.Compare(a.Stream, b.Stream), a.Hour.Compare(b.Hour))
		})
	}
	return h.cells
}

// eachHour calls do with each hour that has some of a stretch of time and of what was asked for.
func eachHour(from, to time.Time, in CoverageRequest, do func(hour time.Time)) {
	hour := from.Truncate(time.Hour)
	if begin := in.From.Truncate(time.Hour); hour.Before(begin) {
		hour = begin
	}
	for ; hour.Before(to) && hour.Before(in.To); hour = hour.Add(time.Hour) {
		do(hour)
	}
}

// addUnlisted adds the hours of streams that are to be listed and of which nothing was yet: the source was away, or refuses.
func (h *hours) addUnlisted(places map[string]connector.Range, in CoverageRequest, now time.Time) {
	for stream, place := range places {
		eachHour(place.From, now, in, func(hour time.Time) {
			if asked := askedSince(place, hour); asked > 0 {
				h.in(stream, hour, asked)
			}
		})
	}
}

// addGaps puts what can't be listed any more into its hours.
func (h *hours) addGaps(gaps []store.Gap, in CoverageRequest) {
	for _, g := range gaps {
		eachHour(g.From, g.To, in, func(hour time.Time) {
			cell := h.in(g.Stream, hour, 60)
			begin, end := max(hour.Unix(), g.From.Unix()), min(hour.Add(time.Hour).Unix(), g.To.Unix())
			cell.Gap = min(60, cell.Gap+int((end-begin+59)/60))
		})
	}
}

// asked gives how many minutes of an hour are to be listed. Nobody asked for those before the first that was listed, if nothing of
// the hour before was: collecting or a backfill begins there. While a listing still has something to do (busy), they may yet come.
func asked(before, r store.Coverage, busy bool) int {
	follows := before.Stream == r.Stream && before.Hour == r.Hour-1 && before.Minutes != 0
	if busy || follows {
		return 60
	}
	return max(0, 60-bits.TrailingZeros64(r.Minutes))
}

// inOrder refuses a stretch of time that ends before it begins; a zero end is open.
func inOrder(from, to time.Time) error {
	if !to.IsZero() && from.After(to) {
		return fault.Problems{{Field: "from", Text: "is after to"}}.Err()
	}
	return nil
}
