package store

import (
	"context"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/connector"
)

// Coverage is what is known of one hour of one stream. FlowID 0: the listing's view (Splits listed, Minutes); else
// what that flow delivered.
type Coverage struct {
	SourceID, FlowID int64
	Stream           string
	Hour             int64  // hours since 1970
	Minutes          uint64 // a bit for each minute that was listed to its end
	Splits           int64
	Records          int64
	Repeats          int64
	Dead             int64
	Lost             int64
}

// ListedMinutes is how many minutes of the hour were listed to their end.
func (c Coverage) ListedMinutes() int { return bits.OnesCount64(c.Minutes) }

// Start is when the hour begins.
func (c Coverage) Start() time.Time { return time.Unix(c.Hour*3600, 0).UTC() }

func hourOf(t time.Time) int64 { return floorDiv(t.Unix(), 3600) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Coverage gives the rows of a source between two times, by stream, hour and flow.
func (s *Store) Coverage(ctx context.Context, sourceID int64, from, to time.Time) ([]Coverage, error) {
	var all []Coverage
	err := s.reading().each(ctx, `SELECT source_id, flow_id, stream, hour, minutes, splits, records, repeats, dead, lost FROM coverage
		WHERE source_id = ? AND hour >= ? AND hour <= ? ORDER BY stream, hour, flow_id`, []any{sourceID, hourOf(from), hourOf(to.Add(-time.Microsecond))},
		func(scan func(...any) error) error {
			c, err := scanCoverage(scan)
			all = append(all, c)
			return err
		})
	return all, s.trouble(err)
}

// CoverageOf gives the rows of a source between two times that are the listing's (flow 0) or of these flows, by stream, hour and flow. However much
// is kept of other times, it reads nothing else: streams are found by jumping from one to the next.
func (s *Store) CoverageOf(ctx context.Context, sourceID int64, flowIDs []int64, from, to time.Time) ([]Coverage, error) {
	args := []any{int64(0)}
	for _, id := range flowIDs {
		args = append(args, id)
	}
	args = append(args, sourceID, sourceID, sourceID, hourOf(from), hourOf(to.Add(-time.Microsecond)))
	const next = `SELECT min(n.stream) FROM coverage n WHERE n.source_id = ? AND n.flow_id = `
	var all []Coverage
	err := s.reading().each(ctx, `WITH RECURSIVE f(id) AS (VALUES `+strings.Repeat(`,(CAST(? AS BIGINT))`, len(flowIDs)+1)[1:]+`), k(flow, stream) AS (SELECT f.id, (`+next+`f.id) FROM f
		UNION ALL SELECT k.flow, (`+next+`k.flow AND n.stream > k.stream) FROM k WHERE k.stream IS NOT NULL)
		SELECT c.source_id, c.flow_id, c.stream, c.hour, c.minutes, c.splits, c.records, c.repeats, c.dead, c.lost FROM k CROSS JOIN coverage c
		WHERE c.source_id = ? AND c.flow_id = k.flow AND c.stream = k.stream AND c.hour >= ? AND c.hour <= ? ORDER BY c.stream, c.hour, c.flow_id`, args, func(scan func(...any) error) error {
		c, err := scanCoverage(scan)
		all = append(all, c)
		return err
	})
	return all, s.trouble(err)
}

func scanCoverage(scan func(...any) error) (Coverage, error) {
	var (
		c       Coverage
		minutes int64
	)
	err := scan(&c.SourceID, &c.FlowID, &c.Stream, &c.Hour, &minutes, &c.Splits, &c.Records, &c.Repeats, &c.Dead, &c.Lost)
	c.Minutes = uint64(minutes)
	return c, err
}

// addCoverage adds to the row of an hour.
func (t tx) addCoverage(ctx context.Context, c Coverage) error {
	return t.exec(ctx, `INSERT INTO coverage (source_id, flow_id, stream, hour, minutes, splits, records, repeats, dead, lost, updated) VALUES (?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT (source_id, flow_id, stream, hour) DO UPDATE SET minutes = coverage.minutes | excluded.minutes, splits = coverage.splits + excluded.splits,
		records = coverage.records + excluded.records, repeats = coverage.repeats + excluded.repeats, dead = coverage.dead + excluded.dead,
		lost = coverage.lost + excluded.lost, updated = excluded.updated`,
		c.SourceID, c.FlowID, c.Stream, c.Hour, int64(c.Minutes), c.Splits, c.Records, c.Repeats, c.Dead, c.Lost, micros(t.s.now()))
}

// coverBack bounds how far back listed hours are put down: a source that lists "everything until now" has no beginning.
const coverBack = 8 * 24 * time.Hour

// cover marks the minutes of ranges as listed: those that end within the range, the one in which it begins included, since
// the range before it ends where it begins. A row that would not change is not written.
func (t tx) cover(ctx context.Context, sourceID int64, ranges []connector.Range) error {
	const all = 1<<60 - 1
	masks := map[splitHour]uint64{}
	oldest := t.s.now().Add(-coverBack)
	for _, r := range ranges {
		if r.From.Before(oldest) {
			r.From = oldest
		}
		from := floorDiv(r.From.Unix(), 60)
		for m := from; m < floorDiv(r.To.Unix(), 60); {
			hour := floorDiv(m, 60)
			end := min((hour+1)*60, floorDiv(r.To.Unix(), 60))
			mask := uint64(all) >> (60 - (end - m)) << (m - hour*60)
			masks[splitHour{r.Stream, hour}] |= mask
			m = end
		}
	}
	var streams []string
	for k := range masks {
		if !slices.Contains(streams, k.stream) {
			streams = append(streams, k.stream)
		}
	}
	for _, stream := range streams {
		low, high := int64(math.MaxInt64), int64(math.MinInt64)
		for k := range masks {
			if k.stream == stream {
				low, high = min(low, k.hour), max(high, k.hour)
			}
		}
		err := t.each(ctx, `SELECT hour, minutes FROM coverage WHERE source_id = ? AND flow_id = 0 AND stream = ? AND hour >= ? AND hour <= ?`,
			[]any{sourceID, stream, low, high}, func(scan func(...any) error) error {
				var hour, have int64
				err := scan(&hour, &have)
				if mask, ok := masks[splitHour{stream, hour}]; ok && uint64(have)|mask == uint64(have) {
					delete(masks, splitHour{stream, hour})
				}
				return err
			})
		if err != nil {
			return err
		}
	}
	for k, mask := range masks {
		if err := t.addCoverage(ctx, Coverage{SourceID: sourceID, Stream: k.stream, Hour: k.hour, Minutes: mask}); err != nil {
			return err
		}
	}
	return nil
}

// A Gap is a range that was lost, as reported.
type Gap struct {
	SourceID int64     `json:"-"`
	Stream   string    `json:"stream"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Reason   string    `json:"reason"`
	Reported time.Time `json:"reported"`
}

// Gaps gives a source's lost ranges, the oldest first; sourceID 0: of all sources.
func (s *Store) Gaps(ctx context.Context, sourceID int64) ([]Gap, error) {
	var all []Gap
	w := &where{}
	if sourceID != 0 {
		w.and(`source_id = ?`, sourceID)
	}
	err := s.reading().each(ctx, `SELECT source_id, stream, from_time, to_time, reason, reported FROM gap`+w.String()+` ORDER BY from_time, stream`,
		w.args, func(scan func(...any) error) error {
			var (
				g                  Gap
				from, to, reported int64
			)
			err := scan(&g.SourceID, &g.Stream, &from, &to, &g.Reason, &reported)
			g.From, g.To, g.Reported = moment(from), moment(to), moment(reported)
			all = append(all, g)
			return err
		})
	return all, s.trouble(err)
}
