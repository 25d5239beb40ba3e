package store

import (
	"context"
	"time"
)

// Numbers count what there is. Each is a range of an index, however many things there are.
type Numbers struct {
	Credentials  int64 `json:"credentials"`
	Sources      int64 `json:"sources"`
	Destinations int64 `json:"destinations"`
	Flows        int64 `json:"flows"`
	PausedFlows  int64 `json:"paused_flows"`
	Tenants      int64 `json:"tenants"` // of sources
	OpenRuns     int64 `json:"open_runs"`
}

// Numbers counts what there is.
func (s *Store) Numbers(ctx context.Context) (Numbers, error) {
	var n Numbers
	one := func(kind string) string { return `(SELECT count(*) FROM object WHERE kind = '` + kind + `')` }
	err := s.reading().row(ctx, `SELECT `+one(Credential)+`, `+one(Source)+`, `+one(Destination)+`, `+one(Flow)+`,
		(SELECT count(*) FROM object WHERE kind = 'flow' AND paused = 1),
		(SELECT count(*) FROM (SELECT DISTINCT tenant FROM object WHERE kind = 'source' AND tenant <> '') found),
		(SELECT count(*) FROM run WHERE state IN (?, ?))`, RunGoing, RunHolding).
		Scan(&n.Credentials, &n.Sources, &n.Destinations, &n.Flows, &n.PausedFlows, &n.Tenants, &n.OpenRuns)
	return n, s.trouble(err)
}

// Expiring gives the credentials whose secrets end before a time, the first to end first.
func (s *Store) Expiring(ctx context.Context, before time.Time, limit int) ([]Object, error) {
	return s.objects(ctx, `WHERE expires <> 0 AND expires < ? ORDER BY expires LIMIT ?`, micros(before), limit)
}

// PausedObjects gives what people have stopped, by kind and name.
func (s *Store) PausedObjects(ctx context.Context, limit int) ([]Object, error) {
	return s.objects(ctx, `WHERE paused = 1 ORDER BY kind, name LIMIT ?`, limit)
}

// BadTests gives the objects whose last test found something to be done.
func (s *Store) BadTests(ctx context.Context, limit int) ([]Object, error) {
	return s.objects(ctx, `WHERE id IN (SELECT object_id FROM tested WHERE ok = 0 ORDER BY object_id LIMIT ?) ORDER BY kind, name`, limit)
}

func (s *Store) objects(ctx context.Context, rest string, args ...any) ([]Object, error) {
	var all []Object
	err := s.reading().each(ctx, `SELECT `+objectColumns+` FROM object `+rest, args, func(scan func(...any) error) error {
		o, err := scanObject(scan)
		all = append(all, o)
		return err
	})
	return all, s.trouble(err)
}

// A Stuck is a flow or a source whose work has trouble.
type Stuck struct {
	ID int64 // of the flow or source
	Troubled
	Listed time.Time // a source's: when it was last listed to its end
}

// StuckLanes gives the flows with a lane in trouble, the longest failing first, and how many there are.
func (s *Store) StuckLanes(ctx context.Context, limit int) ([]Stuck, int64, error) {
	return s.stuck(ctx, `SELECT flow_id, failures, error, due, 0, count(*) OVER () FROM lane WHERE failures > 0 AND paused = 0 ORDER BY failures DESC, id LIMIT ?`, limit)
}

// StuckListings gives the sources with a listing in trouble, the longest failing first, and how many there are.
func (s *Store) StuckListings(ctx context.Context, limit int) ([]Stuck, int64, error) {
	return s.stuck(ctx, `SELECT source_id, failures, error, due, listed_at, count(*) OVER () FROM listing WHERE failures > 0 AND ended = 0 AND paused = 0 ORDER BY failures DESC, id LIMIT ?`, limit)
}

func (s *Store) stuck(ctx context.Context, q string, limit int) (all []Stuck, total int64, err error) {
	known := map[int64]bool{}
	err = s.reading().each(ctx, q, []any{limit}, func(scan func(...any) error) error {
		var (
			one         Stuck
			due, listed int64
			text        string
		)
		err := scan(&one.ID, &one.Failures, &text, &due, &listed, &total)
		one.Trouble, one.Due, one.Listed = parseTrouble(text), sleeping(due), moment(listed)
		if !known[one.ID] {
			all = append(all, one)
		}
		known[one.ID] = true
		return err
	})
	return all, total, s.trouble(err)
}

// A Waiting is the oldest delivery that a flow still has to make.
type Waiting struct {
	Time    time.Time // of its split
	Expires time.Time // after this the source no longer has it; zero: never
	Held    bool      // it is kept by us, and can't be lost
}

// OldestWaiting gives the oldest deliveries that flows still have to make; a flow with nothing to do has none.
func (s *Store) OldestWaiting(ctx context.Context, flowIDs []int64) (map[int64]Waiting, error) {
	found := map[int64]Waiting{}
	for _, id := range flowIDs {
		var (
			at, expires int64
			state       State
		)
		err := s.reading().row(ctx, `SELECT d.time, s.expires, d.state FROM delivery d JOIN split s ON s.id = d.split_id
			WHERE d.flow_id = ? AND d.lane IN (SELECT lane FROM lane WHERE flow_id = ?) AND d.state IN (0, 3) ORDER BY d.time, d.split_id LIMIT 1`, id, id).Scan(&at, &expires, &state)
		if isNoRows(err) {
			continue
		}
		if err != nil {
			return nil, s.trouble(err)
		}
		found[id] = Waiting{Time: moment(at), Expires: moment(expires), Held: state == Held}
	}
	return found, nil
}

// FailedDeliveries counts a flow's deliveries that have failed or were lost.
type FailedDeliveries struct {
	FlowID       int64
	Failed, Lost int64
	LostAt       time.Time // the last of these
}

// Failures counts the deliveries of flows that have failed, and those that were lost since a time, the most first.
func (s *Store) Failures(ctx context.Context, since time.Time, limit int) ([]FailedDeliveries, error) {
	var all []FailedDeliveries
	err := s.reading().each(ctx, `SELECT flow_id, sum(CASE WHEN state = 2 THEN 1 ELSE 0 END), sum(CASE WHEN state = 4 THEN 1 ELSE 0 END), max(CASE WHEN state = 4 THEN finished ELSE 0 END) FROM delivery
		WHERE state IN (2, 4) AND (state = 2 OR finished >= ?) GROUP BY flow_id ORDER BY count(*) DESC LIMIT ?`, []any{micros(since), limit}, func(scan func(...any) error) error {
		var (
			f    FailedDeliveries
			lost int64
		)
		err := scan(&f.FlowID, &f.Failed, &f.Lost, &lost)
		f.LostAt = moment(lost)
		all = append(all, f)
		return err
	})
	return all, s.trouble(err)
}

// A GapSum is what was lost of a source, as reported since a time.
type GapSum struct {
	SourceID int64
	Count    int64
	From, To time.Time
	Reported time.Time // the last
	Reason   string
}

// RecentGaps gives the sources of which something was reported lost since a time, the last report first.
func (s *Store) RecentGaps(ctx context.Context, since time.Time, limit int) ([]GapSum, error) {
	var all []GapSum
	err := s.reading().each(ctx, `SELECT source_id, count(*), min(from_time), max(to_time), max(reported), max(reason) FROM gap WHERE reported >= ? GROUP BY source_id ORDER BY max(reported) DESC LIMIT ?`,
		[]any{micros(since), limit}, func(scan func(...any) error) error {
			var (
				g                  GapSum
				from, to, reported int64
			)
			err := scan(&g.SourceID, &g.Count, &from, &to, &reported, &g.Reason)
			g.From, g.To, g.Reported = moment(from), moment(to), moment(reported)
			all = append(all, g)
			return err
		})
	return all, s.trouble(err)
}

// Throttles gives the quotas that refused requests since a time, the most first.
func (s *Store) Throttles(ctx context.Context, since time.Time, limit int) ([]QuotaUse, error) {
	return s.quotaUses(ctx, ` AND throttled > 0`, since, limit)
}

// Missing is what was not listed of a source's past.
type Missing struct {
	SourceID int64
	Stream   string
	Hours    int64
	Oldest   time.Time
}

// MissingHours gives, of each source and stream, the hours between two times that were not listed to their end, though the hour
// before was listed; the oldest first. The hour in which collecting began is no missing one. The hour before is looked up for
// each that is not whole, of which there are few: with EXISTS, PostgreSQL joined all hours.
func (s *Store) MissingHours(ctx context.Context, from, to time.Time, limit int) ([]Missing, error) {
	var all []Missing
	err := s.reading().each(ctx, `SELECT c.source_id, c.stream, count(*), min(c.hour) FROM coverage c WHERE c.flow_id = 0 AND c.minutes <> 1152921504606846975 AND c.hour >= ? AND c.hour < ?
		AND (SELECT b.minutes FROM coverage b WHERE b.source_id = c.source_id AND b.flow_id = 0 AND b.stream = c.stream AND b.hour = c.hour - 1) <> 0
		GROUP BY c.source_id, c.stream ORDER BY min(c.hour), c.source_id, c.stream LIMIT ?`, []any{hourOf(from), hourOf(to), limit}, func(scan func(...any) error) error {
		var (
			m    Missing
			hour int64
		)
		err := scan(&m.SourceID, &m.Stream, &m.Hours, &hour)
		m.Oldest = time.Unix(hour*3600, 0).UTC()
		all = append(all, m)
		return err
	})
	return all, s.trouble(err)
}
