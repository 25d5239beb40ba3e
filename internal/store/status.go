package store

import (
	"context"
	"time"
)

// ListingStatus is how a source's listing stands.
type ListingStatus struct {
	SourceID int64     `json:"-"`
	RunID    int64     `json:"-"`
	Due      time.Time `json:"due,omitzero"` // zero: it sleeps (paused)
	Listed   time.Time `json:"listed,omitzero"`
	Pending  int       `json:"pending"` // ranges left to list
	Ended    bool      `json:"ended"`
	Failures int       `json:"failures"`
	Trouble  *Trouble  `json:"trouble,omitempty"`
}

// LaneStatus is how a lane stands.
type LaneStatus struct {
	FlowID   int64     `json:"-"`
	Number   int       `json:"lane"`
	Due      time.Time `json:"due,omitzero"`
	Held     bool      `json:"held"` // a worker holds the lease now
	Failures int       `json:"failures"`
	Trouble  *Trouble  `json:"trouble,omitempty"`
}

// Backlog is what a flow has still to do, and what it could not do.
type Backlog struct {
	Pending int64     `json:"pending"` // deliveries that wait, those included that may not be read yet
	Ready   int64     `json:"ready"`   // of these, how many may be read now
	Failed  int64     `json:"failed"`
	Lost    int64     `json:"lost"`
	Oldest  time.Time `json:"oldest,omitzero"`  // of the ready ones
	Expires time.Time `json:"expires,omitzero"` // when the first pending one can no longer be had
}

func sleeping(due int64) time.Time {
	if due == never {
		return time.Time{}
	}
	return moment(due)
}

// Listings gives how all listings that have not ended stand; sourceID 0: of all sources.
func (s *Store) Listings(ctx context.Context, sourceID int64) ([]ListingStatus, error) {
	var all []ListingStatus
	err := s.reading().each(ctx, `SELECT source_id, run_id, due, listed_at, pending, ended, failures, error FROM listing
		WHERE (source_id = ? OR ? = 0) AND ended = 0 ORDER BY source_id, run_id`, []any{sourceID, sourceID}, func(scan func(...any) error) error {
		var (
			l           ListingStatus
			due, listed int64
			ended       int64
			trouble     string
		)
		err := scan(&l.SourceID, &l.RunID, &due, &listed, &l.Pending, &ended, &l.Failures, &trouble)
		l.Due, l.Listed, l.Ended, l.Trouble = sleeping(due), moment(listed), ended != 0, parseTrouble(trouble)
		all = append(all, l)
		return err
	})
	return all, s.trouble(err)
}

// Lanes gives how the lanes stand; flowID 0: of all flows.
func (s *Store) Lanes(ctx context.Context, flowID int64) ([]LaneStatus, error) {
	var all []LaneStatus
	now := micros(s.now())
	err := s.reading().each(ctx, `SELECT flow_id, lane, due, lease_until, failures, error FROM lane WHERE flow_id = ? OR ? = 0 ORDER BY flow_id, lane`, []any{flowID, flowID},
		func(scan func(...any) error) error {
			var (
				l          LaneStatus
				due, until int64
				trouble    string
			)
			err := scan(&l.FlowID, &l.Number, &due, &until, &l.Failures, &trouble)
			l.Due, l.Held, l.Trouble = sleeping(due), until > now, parseTrouble(trouble)
			all = append(all, l)
			return err
		})
	return all, s.trouble(err)
}

// Backlog tells what a flow has still to do.
func (s *Store) Backlog(ctx context.Context, flowID int64) (Backlog, error) {
	var (
		b               Backlog
		oldest, expires int64
		now             = micros(s.now())
	)
	t := s.reading()
	err := t.row(ctx, `SELECT count(*), coalesce(sum(CASE WHEN d.due <= ? THEN 1 ELSE 0 END), 0), coalesce(min(CASE WHEN d.due <= ? THEN d.time END), 0),
		coalesce(min(CASE WHEN s.expires > 0 THEN s.expires END), 0) FROM delivery d JOIN split s ON s.id = d.split_id WHERE d.flow_id = ? AND d.state IN (0, 3)`,
		now, now, flowID).Scan(&b.Pending, &b.Ready, &oldest, &expires)
	if err != nil {
		return b, s.trouble(err)
	}
	b.Oldest, b.Expires = moment(oldest), moment(expires)
	err = t.row(ctx, `SELECT coalesce(sum(CASE WHEN state = 2 THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN state = 4 THEN 1 ELSE 0 END), 0)
		FROM delivery WHERE flow_id = ? AND state IN (2, 4)`, flowID).Scan(&b.Failed, &b.Lost)
	return b, s.trouble(err)
}

// RangeState counts the splits of a stretch of time that a flow has delivered and those it has not.
func (s *Store) RangeState(ctx context.Context, flowID int64, stream string, from, to time.Time) (delivered, open int64, err error) {
	err = s.reading().row(ctx, `SELECT coalesce(sum(CASE WHEN d.state = 1 THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN d.state <> 1 THEN 1 ELSE 0 END), 0)
		FROM delivery d JOIN split s ON s.id = d.split_id WHERE d.flow_id = ? AND s.stream = ? AND s.time >= ? AND s.time < ?`,
		flowID, stream, micros(from), micros(to)).Scan(&delivered, &open)
	return delivered, open, s.trouble(err)
}

// A Trial is a delivery that did not end well, for people.
type Trial struct {
	Split    string    `json:"split"`
	Stream   string    `json:"stream"`
	Time     time.Time `json:"time"`
	State    string    `json:"state"`
	Attempts int       `json:"attempts"`
	Trouble  *Trouble  `json:"trouble,omitempty"`
}

// Trials gives the failed and lost deliveries of a flow and those that wait after a trouble, the oldest first.
func (s *Store) Trials(ctx context.Context, flowID int64, limit int) ([]Trial, error) {
	var all []Trial
	err := s.reading().each(ctx, `SELECT s.stream, s.time, s.body, d.state, d.attempts + d.waits, coalesce(d.error, '') FROM delivery d JOIN split s ON s.id = d.split_id
		WHERE d.flow_id = ? AND (d.state IN (2, 4) OR (d.state IN (0, 3) AND d.error IS NOT NULL)) ORDER BY d.time LIMIT ?`, []any{flowID, limit},
		func(scan func(...any) error) error {
			var (
				trial   Trial
				at      int64
				state   State
				body    []byte
				trouble string
			)
			if err := scan(&trial.Stream, &at, &body, &state, &trial.Attempts, &trouble); err != nil {
				return err
			}
			trial.Time, trial.State, trial.Trouble, trial.Split = moment(at), state.String(), parseTrouble(trouble), splitID(body)
			all = append(all, trial)
			return nil
		})
	return all, s.trouble(err)
}
