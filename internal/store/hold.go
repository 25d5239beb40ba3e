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
// half is over, and that are not held yet: those that end first. A split has one row, however many flows want it.
func (s *Store) Perishable(ctx context.Context, sourceID int64, limit int) ([]Perishable, error) {
	var all []Perishable
	now := micros(s.now())
	// By the deliveries that are pending, of which there are few, and not by the splits, of which there are many.
	err := s.reading().each(ctx, `SELECT DISTINCT s.id, s.stream, s.time, s.ready, s.expires, b.body FROM object f JOIN delivery d ON d.flow_id = f.id
		JOIN split s ON s.id = d.split_id JOIN split_body b ON b.split_id = s.id
		WHERE f.kind = ? AND f.source = ? AND d.state IN (0, 3) AND d.state = 0 AND s.source_id = ? AND s.expires > ? AND s.ready <= ? AND (s.expires - s.time) / 2 + s.time < ?
		AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.split_id = s.id) ORDER BY s.expires LIMIT ?`, []any{Flow, sourceID, sourceID, now, now, now, limit},
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
		if err := t.exec(ctx, `INSERT INTO hold (split_id, source_id, name, bytes, made) VALUES (?,?,?,?,?) ON CONFLICT (split_id) DO NOTHING`,
			p.SplitID, p.SourceID, name, bytes, micros(s.now())); err != nil {
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

// HeldAs is the name under which a split's content is kept; "": it is not.
func (s *Store) HeldAs(ctx context.Context, splitID int64) (string, error) {
	var name string
	err := s.reading().row(ctx, `SELECT name FROM hold WHERE split_id = ?`, splitID).Scan(&name)
	if isNoRows(err) {
		return "", nil
	}
	return name, s.trouble(err)
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
