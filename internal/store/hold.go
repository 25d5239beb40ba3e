package store

import (
	"context"
	"encoding/json"
	"time"
)

// A Perishable is a split that a flow still wants and that its source forgets before long.
type Perishable struct {
	Delivery
	SourceID int64
}

// Perishable gives splits of a source of which a flow still wants the content, of whose life in the source more than
// half is over, and that are not held yet: those that end first. A split has one row, however many flows want it. Of several
// nodes each gives what it is to hold itself: what its own lanes want, for they read only what is here, and for one of the
// nodes also what the lanes of no living home want.
func (s *Store) Perishable(ctx context.Context, sourceID int64, limit int) ([]Perishable, error) {
	var all []Perishable
	now := micros(s.now())
	lane, mine, err := s.toHold(ctx, sourceID)
	if err != nil {
		return nil, err
	}
	// By the deliveries that are pending, of which there are few, and not by the splits, of which there are many.
	err = s.reading().each(ctx, `SELECT DISTINCT s.id, s.stream, s.time, s.ready, s.expires, b.body FROM object f JOIN delivery d ON d.flow_id = f.id`+lane+`
		JOIN split s ON s.id = d.split_id JOIN split_body b ON b.split_id = s.id
		WHERE f.kind = ? AND f.source = ? AND d.state IN (0, 3) AND d.state = 0 AND s.source_id = ? AND s.expires > ? AND s.ready <= ? AND (s.expires - s.time) / 2 + s.time < ?
		AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.split_id = s.id) ORDER BY s.expires LIMIT ?`, append(mine, Flow, sourceID, sourceID, now, now, now, limit),
		func(scan func(...any) error) error {
			var (
				p                  Perishable
				at, ready, expires int64
				body               []byte
				kept               splitBody
			)
			if err := scan(&p.SplitID, &p.Split.Stream, &at, &ready, &expires, &body); err != nil {
				return err
			}
			if err := json.Unmarshal(body, &kept); err != nil {
				return err
			}
			if kept.Inline != nil {
				return nil // its content is with us
			}
			p.SourceID = sourceID
			p.Split.ID, p.Split.Locator, p.Split.Inline = kept.ID, kept.Locator, kept.Inline
			p.Split.Time, p.Split.Ready, p.Split.Expires = moment(at), moment(ready), moment(expires)
			all = append(all, p)
			return nil
		})
	return all, s.trouble(err)
}

// HoldSplit says that a split's content is kept by us under a name. Deliveries that wait for it are held from now on.
func (s *Store) HoldSplit(ctx context.Context, p Perishable, name string, bytes int64) error {
	return s.inTx(ctx, func(t tx) error {
		if err := t.exec(ctx, `INSERT INTO hold (split_id, source_id, name, bytes, made, home) VALUES (?,?,?,?,?,?) ON CONFLICT (split_id) DO NOTHING`,
			p.SplitID, p.SourceID, name, bytes, micros(s.now()), s.home); err != nil {
			return err
		}
		return t.exec(ctx, `UPDATE delivery SET state = ? WHERE split_id = ? AND state = ?`, Held, p.SplitID, Pending)
	})
}

// HeldBytes is how much is held for a source.
func (s *Store) HeldBytes(ctx context.Context, sourceID int64) (int64, error) {
	var n int64
	err := s.reading().row(ctx, `SELECT coalesce(sum(bytes), 0) FROM hold WHERE source_id = ?`, sourceID).Scan(&n)
	return n, s.trouble(err)
}

// toHold joins the lanes for which this process holds content of a source.
func (s *Store) toHold(ctx context.Context, sourceID int64) (join string, args []any, err error) {
	if s.kind != onPostgres || s.home == "" {
		return "", nil, nil
	}
	living := micros(s.now().Add(-HomeGone))
	var keeper string
	err = s.reading().row(ctx, `SELECT h.name FROM home h WHERE h.seen >= ? ORDER BY (SELECT count(*) FROM hold k WHERE k.source_id = ? AND k.home = h.name) DESC, h.name LIMIT 1`,
		living, sourceID).Scan(&keeper)
	if err != nil && !isNoRows(err) {
		return "", nil, s.trouble(err)
	}
	return ` JOIN lane l ON l.flow_id = d.flow_id AND l.lane = d.lane AND (l.home = ? OR ? = 1 AND NOT EXISTS (SELECT 1 FROM home h WHERE h.name = l.home AND h.seen >= ?))`,
		[]any{s.home, flag(keeper == s.home), living}, nil
}

// HeldAs is the name under which a split's content is kept, and at whose home; "": it is not.
func (s *Store) HeldAs(ctx context.Context, splitID int64) (name, home string, err error) {
	err = s.reading().row(ctx, `SELECT name, home FROM hold WHERE split_id = ?`, splitID).Scan(&name, &home)
	if isNoRows(err) {
		err = nil
	}
	return name, home, s.trouble(err)
}

// HeldContent is content that we keep.
type HeldContent struct {
	SplitID int64
	Name    string
	Made    time.Time
}

// Unwanted gives content that is kept though no flow wants it any more.
func (s *Store) Unwanted(ctx context.Context, limit int) ([]HeldContent, error) {
	var all []HeldContent
	err := s.reading().each(ctx, `SELECT split_id, name, made FROM hold h WHERE NOT EXISTS
		(SELECT 1 FROM delivery d WHERE d.split_id = h.split_id AND d.state IN (0, 2, 3)) LIMIT ?`, []any{limit}, func(scan func(...any) error) error {
		var (
			h    HeldContent
			made int64
		)
		err := scan(&h.SplitID, &h.Name, &made)
		h.Made = moment(made)
		all = append(all, h)
		return err
	})
	return all, s.trouble(err)
}

// LetGo forgets that content is kept. Deliveries that still wait for it must have it from the source again.
func (s *Store) LetGo(ctx context.Context, splitID int64) error {
	return s.inTx(ctx, func(t tx) error {
		if err := t.exec(ctx, `DELETE FROM hold WHERE split_id = ?`, splitID); err != nil {
			return err
		}
		return t.exec(ctx, `UPDATE delivery SET state = ? WHERE split_id = ? AND state = ?`, Pending, splitID, Held)
	})
}
