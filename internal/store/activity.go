package store

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Activity is what flows did in a slot of time of our own clock: a minute, or an hour.
type Activity struct {
	FlowID int64     `json:"-"`
	Stream string    `json:"stream,omitempty"`
	Start  time.Time `json:"start"`

	Splits    int64 `json:"splits"`
	Fetched   int64 `json:"fetched"`
	Delivered int64 `json:"delivered"`
	Repeats   int64 `json:"repeats"`
	Dropped   int64 `json:"dropped"`
	Dead      int64 `json:"dead_letters"`
	Deleted   int64 `json:"deleted"`
	Lost      int64 `json:"lost"`
	Bytes     int64 `json:"bytes"`

	// Of what is delivered as it comes, backfills and other runs left out:
	Newest  time.Time         `json:"newest,omitzero"`           // of the records delivered
	LagLow  int64             `json:"lag_low_seconds,omitempty"` // from a batch's newest record to its delivery
	LagHigh int64             `json:"lag_high_seconds,omitempty"`
	Lagging bool              `json:"lag_known"`
	Waits   [len(Waits)]int64 `json:"waits"` // records delivered so soon after their split's time; see Waits
}

// Waits are the upper bounds of Activity's Waits; the last has none.
var Waits = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 0}

// Widths of slots, in minutes.
const (
	minutely = 1
	hourly   = 60
)

// How long slots are kept.
const (
	keepMinutes = 6 * time.Hour
	keepHours   = 31 * 24 * time.Hour
)

// sumParts is in how many parts the sum of all flows is kept where several nodes commit at the same time.
const sumParts = 16

// add counts what a batch did for one delivery.
func (a *Activity) add(p Progressed, now time.Time) {
	a.Splits += p.Splits
	a.Fetched += p.Fetched
	a.Delivered += p.Delivered
	a.Repeats += p.Repeats
	a.Dropped += p.Dropped
	a.Dead += p.Dead
	a.Deleted += p.Deleted
	a.Bytes += p.Bytes
	if p.RunID != 0 || p.Delivered == 0 {
		return
	}
	if p.Newest.After(a.Newest) {
		a.Newest, a.Lagging = p.Newest, true
		a.LagLow = max(0, int64(now.Sub(p.Newest)/time.Second))
		a.LagHigh = a.LagLow
	}
	waited, place := now.Sub(p.Split.Time), len(Waits)-1
	for i, bound := range Waits[:place] {
		if waited <= bound {
			place = i
			break
		}
	}
	a.Waits[place] += p.Delivered
}

func (a *Activity) plus(b Activity) {
	a.Splits += b.Splits
	a.Fetched += b.Fetched
	a.Delivered += b.Delivered
	a.Repeats += b.Repeats
	a.Dropped += b.Dropped
	a.Dead += b.Dead
	a.Deleted += b.Deleted
	a.Lost += b.Lost
	a.Bytes += b.Bytes
	for i, n := range b.Waits {
		a.Waits[i] += n
	}
	if !b.Lagging {
		return
	}
	if !a.Lagging || b.LagLow < a.LagLow {
		a.LagLow = b.LagLow
	}
	a.LagHigh = max(a.LagHigh, b.LagHigh)
	a.Lagging = true
	if b.Newest.After(a.Newest) {
		a.Newest = b.Newest
	}
}

// addActivity counts what a flow did just now, by stream, for itself and for the sum of all. Rows are written in one order
// by everybody, so that no two transactions wait for each other.
func (t tx) addActivity(ctx context.Context, flowID, lane int64, streams map[string]*Activity) error {
	minute := floorDiv(t.s.now().Unix(), 60)
	sum := Activity{}
	for _, width := range []int64{minutely, hourly} {
		for _, stream := range slices.Sorted(maps.Keys(streams)) {
			if err := t.putActivity(ctx, flowID, width, minute-minute%width, stream, *streams[stream]); err != nil {
				return err
			}
		}
	}
	for _, a := range streams {
		sum.plus(*a)
	}
	part := int64(-1)
	if t.s.kind == onPostgres {
		part -= lane % sumParts
	}
	if err := t.putActivity(ctx, part, minutely, minute, "", sum); err != nil {
		return err
	}
	return t.putActivity(ctx, part, hourly, minute-minute%hourly, "", sum)
}

const activityCounts = `splits, fetched, delivered, repeats, dropped, dead, deleted, lost, bytes, in_1m, in_5m, in_15m, in_1h, in_6h, in_1d, later`

// putActivityQuery adds to a slot: counts are summed, the lag's bounds widened.
var putActivityQuery = func() string {
	var set strings.Builder
	for name := range strings.SplitSeq(activityCounts, ", ") {
		set.WriteString(name + ` = activity.` + name + ` + excluded.` + name + `, `)
	}
	return `INSERT INTO activity (flow_id, width, minute, stream, newest, lag_low, lag_high, ` + activityCounts + `) VALUES (` + marks(7+16) + `)
		ON CONFLICT (flow_id, width, minute, stream) DO UPDATE SET ` + set.String() + `
		newest = CASE WHEN excluded.newest > activity.newest THEN excluded.newest ELSE activity.newest END,
		lag_low = CASE WHEN excluded.lag_low >= 0 AND (activity.lag_low < 0 OR excluded.lag_low < activity.lag_low) THEN excluded.lag_low ELSE activity.lag_low END,
		lag_high = CASE WHEN excluded.lag_high > activity.lag_high THEN excluded.lag_high ELSE activity.lag_high END`
}()

func (t tx) putActivity(ctx context.Context, flowID, width, minute int64, stream string, a Activity) error {
	if !a.Lagging {
		a.LagLow, a.LagHigh = -1, -1
	}
	return t.exec(ctx, putActivityQuery, flowID, width, minute, stream, micros(a.Newest), a.LagLow, a.LagHigh,
		a.Splits, a.Fetched, a.Delivered, a.Repeats, a.Dropped, a.Dead, a.Deleted, a.Lost, a.Bytes,
		a.Waits[0], a.Waits[1], a.Waits[2], a.Waits[3], a.Waits[4], a.Waits[5], a.Waits[6])
}

// An ActivityQuery picks slots from From on and before To.
type ActivityQuery struct {
	FlowIDs  []int64 // none: the sum of all flows
	From, To time.Time
	Minutes  bool // slots of a minute, of which the last six hours are kept; else of an hour
	Streams  bool // a slot for each stream; else one for all. Of the sum of all flows there is only one for all
}

// Activities gives slots in which something was done, by flow, stream and time. Where nothing was done there is none.
func (s *Store) Activities(ctx context.Context, q ActivityQuery) ([]Activity, error) {
	width := int64(hourly)
	if q.Minutes {
		width = minutely
	}
	flow, stream := `flow_id`, `''`
	w := &where{}
	if len(q.FlowIDs) == 0 {
		flow = `0`
		w.and(`flow_id IN (` + sumIDs() + `)`)
	} else {
		w.in(`flow_id`, asArgs(q.FlowIDs)...)
	}
	if q.Streams {
		stream = `stream`
	}
	w.and(`width = ? AND minute >= ? AND minute < ?`, width, floorDiv(q.From.Unix(), 60), floorDiv(q.To.Add(time.Minute-1).Unix(), 60))
	var sums strings.Builder
	for name := range strings.SplitSeq(activityCounts, ", ") {
		sums.WriteString(`, sum(` + name + `)`)
	}
	var all []Activity
	err := s.reading().each(ctx, `SELECT flow, stream_, minute, max(newest), coalesce(min(CASE WHEN lag_low >= 0 THEN lag_low END), -1), max(lag_high)`+sums.String()+` FROM
		(SELECT `+flow+` AS flow, `+stream+` AS stream_, activity.* FROM activity`+w.String()+`) found GROUP BY flow, stream_, minute ORDER BY flow, stream_, minute`, w.args,
		func(scan func(...any) error) error {
			var (
				a              Activity
				minute, newest int64
			)
			err := scan(&a.FlowID, &a.Stream, &minute, &newest, &a.LagLow, &a.LagHigh, &a.Splits, &a.Fetched, &a.Delivered, &a.Repeats, &a.Dropped, &a.Dead, &a.Deleted, &a.Lost, &a.Bytes,
				&a.Waits[0], &a.Waits[1], &a.Waits[2], &a.Waits[3], &a.Waits[4], &a.Waits[5], &a.Waits[6])
			a.Start, a.Newest, a.Lagging = time.Unix(minute*60, 0).UTC(), moment(newest), a.LagLow >= 0
			a.LagLow, a.LagHigh = max(0, a.LagLow), max(0, a.LagHigh)
			all = append(all, a)
			return err
		})
	return all, s.trouble(err)
}

func sumIDs() string {
	parts := make([]string, sumParts)
	for i := range parts {
		parts[i] = strconv.Itoa(-1 - i)
	}
	return strings.Join(parts, ", ")
}

// sweepActivity forgets slots that are older than they are kept.
func (t tx) sweepActivity(ctx context.Context, now time.Time) (int64, error) {
	var total int64
	for _, table := range []string{`activity`, `request`} {
		for width, keep := range map[int64]time.Duration{minutely: keepMinutes, hourly: keepHours} {
			n, err := t.changed(ctx, `DELETE FROM `+table+` WHERE width = ? AND minute < ?`, width, floorDiv(now.Add(-keep).Unix(), 60))
			if err != nil {
				return total, err
			}
			total += n
		}
	}
	return total, nil
}
