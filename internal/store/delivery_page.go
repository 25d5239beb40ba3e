package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// A DeliveryFilter picks the deliveries of a flow or of a run; one of the two must be given.
type DeliveryFilter struct {
	FlowID int64
	RunID  int64
	States []State // none: in any
	Stream string
}

// A DeliveryRow is a delivery for people.
type DeliveryRow struct {
	SplitID  int64     `json:"-"`
	FlowID   int64     `json:"-"`
	RunID    int64     `json:"-"`
	Split    string    `json:"split,omitempty"` // its ID at the source, as long as it may be read again
	Stream   string    `json:"stream"`
	Time     time.Time `json:"time"`
	Listed   time.Time `json:"listed"`
	Expires  time.Time `json:"expires,omitzero"` // after this the source no longer has it
	State    string    `json:"state"`
	Attempts int       `json:"attempts"`     // that count
	Waits    int       `json:"waits"`        // that do not
	Due      time.Time `json:"due,omitzero"` // of one that waits
	Finished time.Time `json:"finished,omitzero"`
	Records  int64     `json:"records_done"` // committed so far, where the source's order is stable
	Trouble  *Trouble  `json:"trouble,omitempty"`

	state State
}

// Deliveries gives a page of deliveries: a run's by state, pending ones first; a flow's the newest listed first. next is
// where the next page begins; "": there is none.
func (s *Store) Deliveries(ctx context.Context, f DeliveryFilter, p Page) (all []DeliveryRow, next string, err error) {
	w := &where{}
	order := `d.split_id DESC`
	switch {
	case f.RunID != 0:
		w.and(`d.run_id = ?`, f.RunID)
		order = `d.state, d.split_id`
	case f.FlowID != 0:
		f.ofFlow(w)
	default:
		return nil, "", fault.Problems{{Field: "flow", Text: "is missing: name a flow or a run"}}.Err()
	}
	if f.RunID != 0 && f.FlowID != 0 {
		w.and(`d.flow_id = ?`, f.FlowID)
	}
	if len(f.States) > 0 {
		w.in(`d.state`, asArgs(f.States)...)
	}
	if f.Stream != "" {
		w.and(`s.stream = ?`, f.Stream)
	}
	var state, split int64
	on, err := p.place(&state, &split)
	if err != nil {
		return nil, "", err
	}
	if on && f.RunID != 0 {
		w.and(`(d.state, d.split_id) > (?, ?)`, state, split)
	} else if on {
		w.and(`d.split_id < ?`, split)
	}
	err = s.reading().each(ctx, `SELECT d.flow_id, d.split_id, d.run_id, d.state, d.attempts, d.waits, d.due, d.progress, d.finished, coalesce(d.error, ''),
		s.stream, s.time, s.listed_at, s.expires, b.body FROM delivery d JOIN split s ON s.id = d.split_id LEFT JOIN split_body b ON b.split_id = d.split_id`+
		w.String()+` ORDER BY `+order+` LIMIT ?`, append(w.args, p.limit()+1), func(scan func(...any) error) error {
		d, err := scanDelivery(scan)
		all = append(all, d)
		return err
	})
	all, next = cut(p, all, func(d DeliveryRow) string { return place(int64(d.state), d.SplitID) })
	return all, next, s.trouble(err)
}

// ofFlow picks a flow's deliveries by the index that has least of them: what waits and what went wrong has its own.
func (f DeliveryFilter) ofFlow(w *where) {
	only := func(states ...State) bool {
		return len(f.States) > 0 && !slices.ContainsFunc(f.States, func(s State) bool { return !slices.Contains(states, s) })
	}
	switch {
	case only(Pending, Held):
		w.and(`d.flow_id = ? AND d.state IN (0, 3)`, f.FlowID)
	case only(Failed, Lost):
		w.and(`d.flow_id = ? AND d.state IN (2, 4)`, f.FlowID)
	default:
		w.and(`(d.flow_id + 0) = ?`, f.FlowID)
	}
}

func scanDelivery(scan func(...any) error) (DeliveryRow, error) {
	var (
		d                                  DeliveryRow
		due, finished, at, listed, expires int64
		trouble                            string
		body                               []byte
	)
	err := scan(&d.FlowID, &d.SplitID, &d.RunID, &d.state, &d.Attempts, &d.Waits, &due, &d.Records, &finished, &trouble, &d.Stream, &at, &listed, &expires, &body)
	if err != nil {
		return d, err
	}
	d.State, d.Split, d.Trouble = d.state.String(), splitID(body), parseTrouble(trouble)
	d.Time, d.Listed, d.Expires, d.Finished = moment(at), moment(listed), moment(expires), moment(finished)
	if d.state == Pending || d.state == Held {
		d.Due = moment(due)
	}
	return d, nil
}

// ParseState is State's String backwards.
func ParseState(name string) (State, bool) {
	for i, n := range stateNames {
		if n == name {
			return State(i), true
		}
	}
	return 0, false
}

// A RunWindow is one hour of one stream in a run: how its deliveries stand.
type RunWindow struct {
	Stream    string    `json:"stream"`
	Hour      time.Time `json:"hour"`
	Pending   int64     `json:"pending"`
	Delivered int64     `json:"delivered"`
	Failed    int64     `json:"failed"`
	Lost      int64     `json:"lost"`
	Discarded int64     `json:"discarded"`
}

// RunWindows gives how a run's deliveries stand, by stream and hour; at most so many.
func (s *Store) RunWindows(ctx context.Context, runID int64, limit int) ([]RunWindow, error) {
	var all []RunWindow
	const sum = `sum(CASE WHEN d.state IN (%) THEN 1 ELSE 0 END)`
	count := func(states string) string { return strings.Replace(sum, "%", states, 1) }
	const hour = `s.time / 3600000000`
	err := s.reading().each(ctx, `SELECT s.stream, `+hour+`, `+count("0, 3")+`, `+count("1")+`, `+count("2")+`, `+count("4")+`, `+count("5")+`
		FROM delivery d JOIN split s ON s.id = d.split_id WHERE d.run_id = ? AND d.run_id <> 0 GROUP BY s.stream, `+hour+` ORDER BY s.stream, `+hour+` LIMIT ?`, []any{runID, limit},
		func(scan func(...any) error) error {
			var (
				w  RunWindow
				at int64
			)
			err := scan(&w.Stream, &at, &w.Pending, &w.Delivered, &w.Failed, &w.Lost, &w.Discarded)
			w.Hour = time.Unix(at*3600, 0).UTC()
			all = append(all, w)
			return err
		})
	return all, s.trouble(err)
}
