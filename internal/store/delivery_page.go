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

// lookedAt is how many deliveries of a flow or a run one page looks at for those that a filter picks: a seldom state or stream among
// millions must not keep anybody waiting. Such a page can be short, even empty, and still have a next.
const lookedAt = 10_000

// Deliveries gives a page of deliveries: a run's by state, pending ones first; a flow's the newest listed first. next is
// where the next page begins; "": there is none. A page of a filter can be short, or empty, though others follow.
func (s *Store) Deliveries(ctx context.Context, f DeliveryFilter, p Page) (all []DeliveryRow, next string, err error) {
	if f.RunID == 0 && f.FlowID == 0 {
		return nil, "", fault.Problems{{Field: "flow", Text: "is missing: name a flow or a run"}}.Err()
	}
	from, order, err := s.deliveriesFrom(ctx, f, p)
	if err != nil {
		return nil, "", err
	}
	picked := &where{}
	if f.RunID != 0 && f.FlowID != 0 {
		picked.and(`d.flow_id = ?`, f.FlowID)
	}
	if len(f.States) > 0 && f.RunID == 0 {
		picked.in(`d.state`, asArgs(f.States)...)
	}
	if f.Stream != "" {
		picked.and(`s.stream = ?`, f.Stream)
	}
	look := lookedAt
	if len(picked.parts) == 0 {
		look = p.limit() + 1
	}
	looked := `(SELECT * FROM delivery d` + from.String() + ` ORDER BY ` + order + ` LIMIT ?)`
	t, args := s.reading(), append(slices.Clone(from.args), look)
	err = t.each(ctx, `SELECT d.flow_id, d.split_id, d.run_id, d.state, d.attempts, d.waits, d.due, d.progress, d.finished, coalesce(d.error, ''),
		s.stream, s.time, s.listed_at, s.expires, b.body FROM `+looked+` d JOIN split s ON s.id = d.split_id LEFT JOIN split_body b ON b.split_id = d.split_id`+
		picked.String()+` ORDER BY `+order+` LIMIT ?`, append(append(args, picked.args...), p.limit()+1), func(scan func(...any) error) error {
		d, err := scanDelivery(scan)
		all = append(all, d)
		return err
	})
	all, next = cut(p, all, func(d DeliveryRow) string { return place(int64(d.state), d.SplitID) })
	if err != nil || next != "" || len(picked.parts) == 0 {
		return all, next, s.trouble(err)
	}
	var last DeliveryRow // that was looked at, if there may be more behind it
	err = t.row(ctx, `SELECT d.state, d.split_id FROM delivery d`+from.String()+` ORDER BY `+order+` LIMIT 1 OFFSET ?`, append(slices.Clone(from.args), lookedAt-1)...).Scan(&last.state, &last.SplitID)
	if isNoRows(err) {
		return all, "", nil
	}
	return all, place(int64(last.state), last.SplitID), s.trouble(err)
}

// deliveriesFrom gives the deliveries that a page goes through and their order, both of one index.
func (s *Store) deliveriesFrom(ctx context.Context, f DeliveryFilter, p Page) (w *where, order string, err error) {
	var state, split int64
	on, err := p.place(&state, &split)
	if err != nil {
		return nil, "", err
	}
	w = &where{}
	if f.RunID != 0 {
		w.and(`d.run_id = ? AND d.run_id <> 0`, f.RunID)
		if len(f.States) > 0 {
			w.in(`d.state`, asArgs(f.States)...)
		}
		if on {
			w.and(`(d.state, d.split_id) > (?, ?)`, state, split)
		}
		return w, `d.state, d.split_id`, nil
	}
	few, err := s.few(ctx, f)
	if err != nil {
		return nil, "", err
	}
	if few != "" {
		w.and(`d.flow_id = ? AND d.state `+few, f.FlowID)
	} else {
		w.and(`(d.flow_id + 0) = ?`, f.FlowID)
	}
	if on {
		w.and(`d.split_id < ?`, split)
	}
	return w, `d.split_id DESC`, nil
}

// few gives the condition of the index that has only the states a filter picks, if it has so few of the flow's deliveries that they
// can be put in order; "": the index of all that the flow has is better.
func (s *Store) few(ctx context.Context, f DeliveryFilter) (string, error) {
	for _, one := range []struct {
		states    []State
		condition string
	}{{[]State{Pending, Held}, `IN (0, 3)`}, {[]State{Failed, Lost}, `IN (2, 4)`}, {[]State{Discarded}, `= 5`}} {
		if len(f.States) == 0 || slices.ContainsFunc(f.States, func(s State) bool { return !slices.Contains(one.states, s) }) {
			continue
		}
		var n int
		err := s.reading().row(ctx, `SELECT count(*) FROM (SELECT 1 FROM delivery WHERE flow_id = ? AND state `+one.condition+` LIMIT ?) found`, f.FlowID, lookedAt).Scan(&n)
		if err != nil || n == lookedAt {
			return "", s.trouble(err)
		}
		return one.condition, nil
	}
	return "", nil
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
