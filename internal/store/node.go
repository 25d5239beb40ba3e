package store

import (
	"context"
	"time"
)

// A Node is a process that has this database open beside others, as it last reported.
type Node struct {
	Name    string    `json:"name"`
	Keyset  int64     `json:"keyset"` // the revision of the vault's keyset that it has
	Started time.Time `json:"started"`
	Seen    time.Time `json:"seen"` // of the last report
}

// forgetAfter is how long a node that never reported again is still named: a killed one can't take its row along.
const forgetAfter = time.Hour

// ReportNode says that a node is there, with its home, and which keyset it has.
func (s *Store) ReportNode(ctx context.Context, name string, keyset int64) error {
	return s.inTx(ctx, func(t tx) error {
		now := s.now()
		if err := t.reportHome(ctx); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM node WHERE seen < ?`, micros(now.Add(-forgetAfter))); err != nil {
			return err
		}
		return t.exec(ctx, `INSERT INTO node (name, keyset, started, seen) VALUES (?,?,?,?)
			ON CONFLICT (name) DO UPDATE SET keyset = excluded.keyset, seen = excluded.seen`, name, keyset, micros(now), micros(now))
	})
}

// Nodes gives those that reported within the last hour and were not stopped since, by name.
func (s *Store) Nodes(ctx context.Context) ([]Node, error) {
	var all []Node
	err := s.reading().each(ctx, `SELECT name, keyset, started, seen FROM node WHERE seen >= ? ORDER BY name`, []any{micros(s.now().Add(-forgetAfter))}, func(scan func(...any) error) error {
		var (
			n             Node
			started, seen int64
		)
		err := scan(&n.Name, &n.Keyset, &started, &seen)
		n.Started, n.Seen = moment(started), moment(seen)
		all = append(all, n)
		return err
	})
	return all, s.trouble(err)
}

// ForgetNode drops a node that was stopped. One that is not there is no error.
func (s *Store) ForgetNode(ctx context.Context, name string) error {
	return s.inTx(ctx, func(t tx) error { return t.exec(ctx, `DELETE FROM node WHERE name = ?`, name) })
}
