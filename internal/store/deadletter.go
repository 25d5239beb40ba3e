package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// A DeadLetter is a record that a source, a transform or a destination refused for good, with the reason.
type DeadLetter struct {
	ID      int64           `json:"-"`
	UID     string          `json:"id"`
	FlowID  int64           `json:"-"`
	SplitID int64           `json:"-"`
	RunID   int64           `json:"-"`
	Key     string          `json:"key"`
	Op      connector.Op    `json:"op"`
	Time    time.Time       `json:"time"`
	Stream  string          `json:"stream"`
	Tenant  string          `json:"tenant,omitempty"`
	Body    json.RawMessage `json:"-"`     // the record as the source gave it; empty if it was too large to be held, or no JSON
	Size    int64           `json:"bytes"` // of Body
	Place   string          `json:"-"`     // tells letters with neither key nor body apart
	Stage   string          `json:"stage"` // source, transform, prepare, destination
	Class   string          `json:"class"`
	Reason  string          `json:"reason"`
	Hint    string          `json:"hint,omitempty"`
	Alike   string          `json:"group"` // of letters that were refused for the same reason, whatever differs from record to record
	State   string          `json:"state"` // open, replaying, replayed, discarded
	Created time.Time       `json:"created"`
	Updated time.Time       `json:"updated"`
	Until   time.Time       `json:"kept_until"`               // then it is forgotten
	Why     string          `json:"discard_reason,omitempty"` // of a discarded one: why somebody gave it up, if they said it
	By      string          `json:"discarded_by,omitempty"`
}

// The states of a dead letter.
const (
	LetterOpen      = "open"
	LetterReplaying = "replaying"
	LetterReplayed  = "replayed"
	LetterDiscarded = "discarded"
)

// putLetters keeps letters, each once for its split, and gives how many of each split the same run had refused before: a split
// that is read again refuses the same records again.
func (t tx) putLetters(ctx context.Context, letters []DeadLetter) (again map[int64]int64, err error) {
	tally, again := letterTally{}, map[int64]int64{}
	for _, d := range letters {
		sum := sha256.Sum256(append([]byte(d.Key+"\x00"+d.Stage+"\x00"+d.Place+"\x00"), d.Body...))
		now := micros(t.s.now())
		group := alike(d)
		n, err := t.changed(ctx, `INSERT INTO dead_letter (uid, flow_id, split_id, run_id, hash, key, op, time, stream, tenant, body, bytes, stage, class, reason, hint, alike, state, created, updated)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (flow_id, split_id, hash) DO NOTHING`,
			newUID("dl_"), d.FlowID, d.SplitID, d.RunID, sum[:16], d.Key, int64(d.Op), micros(d.Time), d.Stream, d.Tenant, squeeze(d.Body), len(d.Body),
			d.Stage, d.Class, d.Reason, d.Hint, group, LetterOpen, now, now)
		if err != nil {
			return nil, err
		}
		tally[letterPlace{LetterOpen, d.FlowID, group}] += n
		if n > 0 {
			continue
		}
		moved, err := t.changed(ctx, `UPDATE dead_letter SET run_id = ? WHERE flow_id = ? AND split_id = ? AND hash = ? AND run_id <> ?`, d.RunID, d.FlowID, d.SplitID, sum[:16], d.RunID)
		if err != nil {
			return nil, err
		}
		again[d.SplitID] += 1 - moved
	}
	return again, t.addLetters(ctx, tally)
}

// A LetterFilter picks dead letters. Zero fields pick all.
type LetterFilter struct {
	FlowID int64
	UIDs   []string
	State  string
	Stage  string
	Stream string
	Alike  string // a group's name
	After  int64  // the ID of the last letter of the page before
	Limit  int    // 0: 100
	Newest bool   // the newest first
}

// where gives the conditions of a filter. Letters of one flow are read along the flow's index, others along that of their stream or stage
// if there is one of these: seldom ones among many are found at once. Without statistics SQLite takes the state's.
func (f LetterFilter) where() (*where, error) {
	w := &where{}
	state, stage := `state = ?`, `stage = ?`
	if f.FlowID == 0 && len(f.UIDs) == 0 && (f.Stage != "" || f.Stream != "") {
		state = `(state || '') = ?`
	}
	if f.Stream != "" {
		stage = `(stage || '') = ?`
	}
	if f.FlowID != 0 {
		w.and(`flow_id = ?`, f.FlowID)
	}
	if f.State != "" {
		w.and(state, f.State)
	}
	if f.Stage != "" {
		w.and(stage, f.Stage)
	}
	if f.Stream != "" {
		w.and(`stream = ?`, f.Stream)
	}
	if f.Alike != "" {
		n, ok := parseAlike(f.Alike)
		if !ok {
			return w, fault.Problems{{Field: "group", Text: "is no group of dead letters; take one from the list of groups"}}.Err()
		}
		w.and(`alike = ?`, n)
	}
	if len(f.UIDs) > 0 {
		w.in(`uid`, asArgs(f.UIDs)...)
	}
	return w, nil
}

// DeadLetters gives a page of letters without their bodies, oldest first.
func (s *Store) DeadLetters(ctx context.Context, f LetterFilter) ([]DeadLetter, error) {
	return s.letters(ctx, f, false)
}

// DeadLettersWhole gives a page of letters with their bodies.
func (s *Store) DeadLettersWhole(ctx context.Context, f LetterFilter) ([]DeadLetter, error) {
	return s.letters(ctx, f, true)
}

// DeadLettersPage gives a page of letters, with their bodies if whole, and where the next page begins; "": there is none.
// After and Limit of the filter are the page's.
func (s *Store) DeadLettersPage(ctx context.Context, f LetterFilter, p Page, whole bool) ([]DeadLetter, string, error) {
	if _, err := p.place(&f.After); err != nil {
		return nil, "", err
	}
	f.Limit = p.limit() + 1
	all, err := s.letters(ctx, f, whole)
	all, next := cut(p, all, func(d DeadLetter) string { return place(d.ID) })
	return all, next, err
}

const letterColumns = `id, uid, flow_id, split_id, run_id, key, op, time, stream, tenant, stage, class, reason, hint, alike, state, created, updated, bytes,
	coalesce((SELECT x.reason FROM discarded x WHERE x.letter_id = dead_letter.id), ''), coalesce((SELECT x.begun_by FROM discarded x WHERE x.letter_id = dead_letter.id), '')`

func scanLetter(scan func(...any) error, more ...any) (DeadLetter, error) {
	var (
		d                    DeadLetter
		at, created, updated int64
		op, group            int64
	)
	err := scan(append([]any{&d.ID, &d.UID, &d.FlowID, &d.SplitID, &d.RunID, &d.Key, &op, &at, &d.Stream, &d.Tenant, &d.Stage, &d.Class, &d.Reason, &d.Hint,
		&group, &d.State, &created, &updated, &d.Size, &d.Why, &d.By}, more...)...)
	d.Op, d.Time, d.Created, d.Updated, d.Alike = connector.Op(op), moment(at), moment(created), moment(updated), alikeName(group)
	d.Until = d.until(DefaultRetention())
	return d, err
}

func (s *Store) letters(ctx context.Context, f LetterFilter, whole bool) ([]DeadLetter, error) {
	w, err := f.where()
	if err != nil {
		return nil, err
	}
	columns, order := letterColumns, `id`
	if whole {
		columns += `, body`
	}
	if f.Newest {
		order = `id DESC`
	}
	switch {
	case f.After != 0 && f.Newest:
		w.and(`id < ?`, f.After)
	case f.After != 0:
		w.and(`id > ?`, f.After)
	}
	if f.Limit == 0 {
		f.Limit = usualPage
	}
	var all []DeadLetter
	err = s.reading().each(ctx, `SELECT `+columns+` FROM dead_letter`+w.String()+` ORDER BY `+order+` LIMIT ?`, append(w.args, f.Limit), func(scan func(...any) error) error {
		var (
			d    DeadLetter
			body []byte
			err  error
		)
		if whole {
			d, err = scanLetter(scan, &body)
		} else {
			d, err = scanLetter(scan)
		}
		if err == nil && whole {
			d.Body, err = unsqueeze(body)
		}
		all = append(all, d)
		return err
	})
	return all, s.trouble(err)
}

// DeadLetter gives one with its body. NotFound if there is none.
func (s *Store) DeadLetter(ctx context.Context, uid string) (DeadLetter, error) {
	all, err := s.letters(ctx, LetterFilter{UIDs: []string{uid}, Limit: 1}, true)
	if err != nil {
		return DeadLetter{}, err
	}
	if len(all) == 0 {
		return DeadLetter{}, &fault.Error{Class: fault.NotFound, Code: "dead_letter_not_found", Title: "there is no dead letter " + uid,
			Hint: "headrace deadletter list shows what there is"}
	}
	return all[0], nil
}

// until is when a letter is forgotten.
func (d DeadLetter) until(r Retention) time.Time {
	longest := d.Created.Add(r.Open)
	ended := d.Updated.Add(r.Letters)
	if (d.State == LetterReplayed || d.State == LetterDiscarded) && ended.Before(longest) {
		return ended
	}
	return longest
}

// MarkLetters sets the state of letters that are in one of the states from; it gives how many changed.
func (s *Store) MarkLetters(ctx context.Context, uids []string, state string, from ...string) (int64, error) {
	var n int64
	err := s.inTx(ctx, func(t tx) error {
		n = 0
		tally := letterTally{}
		for _, uid := range uids {
			id, err := t.moveLetter(ctx, tally, uid, state, from...)
			if err != nil {
				return err
			}
			if id != 0 {
				n++
			}
		}
		if n > 0 {
			t.tell(ChangedLetters, every)
		}
		return t.addLetters(ctx, tally)
	})
	return n, err
}

// DiscardLetters gives open letters up for a reason, which may be ""; it gives how many.
func (s *Store) DiscardLetters(ctx context.Context, uids []string, reason string) (int64, error) {
	var n int64
	err := s.inTx(ctx, func(t tx) error {
		n = 0
		tally := letterTally{}
		for _, uid := range uids {
			id, err := t.moveLetter(ctx, tally, uid, LetterDiscarded, LetterOpen)
			if err == nil && id == 0 {
				continue
			}
			if err == nil {
				err = t.exec(ctx, `INSERT INTO discarded (letter_id, reason, begun_by) VALUES (?,?,?) ON CONFLICT (letter_id) DO UPDATE SET reason = excluded.reason, begun_by = excluded.begun_by`,
					id, reason, actor(ctx))
			}
			if err != nil {
				return err
			}
			n++
		}
		if n > 0 {
			t.tell(ChangedLetters, every)
		}
		return t.addLetters(ctx, tally)
	})
	return n, err
}

// EditLetter replaces the body of an open letter.
func (s *Store) EditLetter(ctx context.Context, uid string, body []byte) error {
	if _, err := s.DeadLetter(ctx, uid); err != nil {
		return err
	}
	return s.inTx(ctx, func(t tx) error {
		n, err := t.changed(ctx, `UPDATE dead_letter SET body = ?, bytes = ?, updated = ? WHERE uid = ? AND state = ?`, squeeze(body), len(body), micros(s.now()), uid, LetterOpen)
		if err == nil && n == 0 {
			err = &fault.Error{Class: fault.Conflict, Code: "dead_letter_not_open", Title: "dead letter " + uid + " is not open", Hint: "it was replayed or discarded meanwhile; only an open one can be edited"}
		}
		return err
	})
}

// OpenLetters counts the open letters of a flow; flowID 0: of all.
func (s *Store) OpenLetters(ctx context.Context, flowID int64) (int64, error) {
	var n int64
	err := s.reading().row(ctx, `SELECT coalesce(sum(letters), 0) FROM letter_count WHERE (flow_id = ? OR ? = 0) AND state = ?`, flowID, flowID, LetterOpen).Scan(&n)
	return n, s.trouble(err)
}
