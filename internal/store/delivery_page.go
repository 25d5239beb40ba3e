package store

import (
	"context"
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
		w.and(`d.flow_id = ?`, f.FlowID)
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
