package store

import (
	"context"
	"fmt"
	"time"
)

// ListingStatus is how a source's listing stands.
type ListingStatus struct {
	SourceID int64     `json:"-"`
	RunID    int64     `json:"-"`
	Due      time.Time `json:"due,omitzero"`    // zero: it sleeps (paused)
	Listed   time.Time `json:"listed,omitzero"` // of a mirror's source: when a crawl listed it last
	Pending  int       `json:"pending"`         // ranges left to list
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
	Home     string    `json:"home,omitempty"`      // the node whose own disk its files are on; "": any node may have it
	HomeSeen time.Time `json:"home_seen,omitzero"`  // when that node reported last
	HomeGone bool      `json:"home_gone,omitempty"` // it should have reported since
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
	w := &where{}
	w.and(`ended = 0`)
	if sourceID != 0 {
		w.and(`source_id = ?`, sourceID)
	}
	err := s.reading().each(ctx, `SELECT source_id, run_id, CASE WHEN paused = 1 THEN `+number(never)+` ELSE due END,
		CASE WHEN listed_at = 0 THEN coalesce((SELECT max(c.listed_at) FROM listing c WHERE c.source_id = listing.source_id), 0) ELSE listed_at END,
		pending, ended, failures, error FROM listing`+w.String()+` ORDER BY source_id, run_id`, w.args, func(scan func(...any) error) error {
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
	err := s.reading().each(ctx, `SELECT flow_id, lane, CASE WHEN paused = 1 THEN ? ELSE due END, lease_until, failures, error, lane.home, coalesce(h.seen, 0) FROM lane
		LEFT JOIN home h ON h.name = lane.home WHERE flow_id = ? OR ? = 0 ORDER BY flow_id, lane`, []any{int64(never), flowID, flowID},
		func(scan func(...any) error) error {
			var (
				l                LaneStatus
				due, until, seen int64
				trouble          string
			)
			err := scan(&l.FlowID, &l.Number, &due, &until, &l.Failures, &trouble, &l.Home, &seen)
			l.HomeSeen = moment(seen)
			l.HomeGone = l.Home != "" && !Home{l.Home, l.HomeSeen}.Alive(moment(now))
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
	err := s.reading().each(ctx, `SELECT s.stream, s.time, b.body, d.state, d.tries, coalesce(d.error, '') FROM (
			SELECT split_id, state, attempts + waits AS tries, error, time FROM delivery WHERE flow_id = ? AND state IN (2, 4)
			UNION ALL SELECT split_id, state, attempts + waits AS tries, error, time FROM delivery WHERE flow_id = ? AND state IN (0, 3) AND error IS NOT NULL) d
		JOIN split s ON s.id = d.split_id LEFT JOIN split_body b ON b.split_id = s.id ORDER BY d.time, d.split_id LIMIT ?`, []any{flowID, flowID, limit},
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

// Standing sums up what is left to do now, for a run that ends when that is nothing.
type Standing struct {
	Unlisted  bool // some listing has not come to its end since a time
	Available bool // some delivery's split may be read now, those that wait after a trouble included
	Ending    bool // some run has nothing left to do and is about to end
	Troubles  []Trouble
}

// Idle tells whether nothing is left to do.
func (s Standing) Idle() bool { return !s.Unlisted && !s.Available && !s.Ending }

// hopeful is the condition that something may still end well by itself: it has not failed five times in a row, or twice
// for want of a permission or a right setting, which only a person can mend. What was asked to wait always may.
func hopeful(failures, trouble string) string {
	return `(` + failures + ` < CASE WHEN ` + trouble + ` LIKE '{"class":"denied"%' OR ` + trouble + ` LIKE '{"class":"invalid"%' THEN 2 ELSE 5 END
		OR ` + trouble + ` LIKE '{"class":"throttled"%')`
}

// Standing tells what is left to do; since is when the work began. What failed again and again is not waited for but
// told as a trouble, once nothing else is left, and so is what another node has to do that is gone; what was asked to wait by the remote is waited for. It is asked some
// times a second while a backlog goes down, so nothing in it counts: each question ends with the first row found.
func (s *Store) Standing(ctx context.Context, since time.Time) (Standing, error) {
	var (
		st Standing
		t  = s.reading()
	)
	const exists = `(SELECT count(*) FROM (SELECT 1 %s LIMIT 1) found)`
	// One statement sees one moment: asked one after the other, what goes from one answer to the next could be in none.
	var unlisted, available, ending int
	err := t.row(ctx, `SELECT `+fmt.Sprintf(exists, `FROM listing l WHERE l.ended = 0 AND l.paused = 0 AND (l.run_id <> 0 OR l.listed_at < ? OR l.due <= l.listed_at OR l.failures > 0) AND `+hopeful("l.failures", "l.error")+`
			AND (l.run_id <> 0 OR EXISTS (SELECT 1 FROM object o WHERE o.kind = 'flow' AND o.source = l.source_id AND o.paused = 0 AND o.spec NOT LIKE '%"mode":"mirror"%'))`)+`, `+
		fmt.Sprintf(exists, `FROM lane l JOIN delivery d ON d.flow_id = l.flow_id AND d.lane = l.lane JOIN split s ON s.id = d.split_id
			WHERE d.state IN (0, 3) AND s.ready <= ? AND l.paused = 0 AND (l.failures = 0 OR l.home IN ('', ?)) AND `+hopeful("d.waits", "coalesce(d.error, '')")+` AND `+hopeful("l.failures", "l.error"))+`, `+
		// Those with work left are found above, unless nobody waits for it.
		fmt.Sprintf(exists, `FROM run r WHERE r.state = ? AND NOT EXISTS (SELECT 1 FROM listing l WHERE l.run_id = r.id AND l.ended = 0)
			AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.flow_id = r.flow_id AND d.run_id = r.id AND d.state IN (0, 3))`),
		micros(since), micros(s.now()), s.home, RunGoing).Scan(&unlisted, &available, &ending)
	if err != nil {
		return st, s.trouble(err)
	}
	st.Unlisted, st.Available, st.Ending = unlisted > 0, available > 0, ending > 0
	if !st.Idle() {
		return st, nil
	}
	st.Troubles, err = t.troubles(ctx)
	return st, s.trouble(err)
}

// troubles are those of listings, lanes and deliveries that nobody waits for any more.
func (t tx) troubles(ctx context.Context) ([]Trouble, error) {
	var all []Trouble
	for _, q := range []string{
		`SELECT error FROM listing WHERE ended = 0 AND paused = 0 AND error <> '' AND failures > 0`,
		`SELECT error FROM lane WHERE paused = 0 AND error <> '' AND failures > 0`,
		`SELECT DISTINCT d.error FROM delivery d WHERE d.state IN (0, 3) AND d.error IS NOT NULL AND NOT ` + hopeful("d.waits", "d.error") + ` LIMIT 20`,
	} {
		if err := t.each(ctx, q, nil, func(scan func(...any) error) error {
			var text string
			if err := scan(&text); err != nil {
				return err
			}
			if trouble := parseTrouble(text); trouble != nil && trouble.Class != "throttled" {
				all = append(all, *trouble)
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}
