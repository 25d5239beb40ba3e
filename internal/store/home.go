package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// A Home is a node's own disk. A lane whose destination writes there stays at home, whatever process works on it; on
// SQLite there is one process and nothing has a home.
type Home struct {
	Name string    `json:"name"`
	Seen time.Time `json:"seen"` // when a process of it reported last
}

// HomeGone is after how long without a report a home is taken for gone: leases of its processes have ended by then, and a
// restart is over. Others may then try whether they reach its files.
const HomeGone = 45 * time.Second

// forgetHomeAfter is how long a home that nothing belongs to is remembered.
const forgetHomeAfter = 30 * 24 * time.Hour

// Alive tells whether a process of the home works, as far as is known.
func (h Home) Alive(now time.Time) bool { return h.Seen.After(now.Add(-HomeGone)) }

// Settle says at which home this process works, before it takes any lane. Lanes that rested because they could not be
// reached elsewhere are due at once.
func (s *Store) Settle(ctx context.Context, home string) error {
	s.home = home
	if home == "" {
		return nil
	}
	return s.inTx(ctx, func(t tx) error {
		if err := t.reportHome(ctx); err != nil {
			return err
		}
		return t.exec(ctx, `UPDATE lane SET due = ?, blocked = 0 WHERE home = ? AND failures > 0 AND paused = 0`, micros(s.now()), home)
	})
}

// Home is where this process works; "": nowhere in particular.
func (s *Store) Home() string { return s.home }

// reportHome says that this process's home is alive.
func (t tx) reportHome(ctx context.Context) error {
	if t.s.home == "" {
		return nil
	}
	now := t.s.now()
	if err := t.exec(ctx, `DELETE FROM home WHERE seen < ? AND NOT EXISTS (SELECT 1 FROM lane l WHERE l.home = home.name) AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.home = home.name)`,
		micros(now.Add(-forgetHomeAfter))); err != nil {
		return err
	}
	return t.exec(ctx, `INSERT INTO home (name, seen) VALUES (?,?) ON CONFLICT (name) DO UPDATE SET seen = excluded.seen`, t.s.home, micros(now))
}

// homes gives all that are known, by name.
func (t tx) homes(ctx context.Context) ([]Home, error) {
	var all []Home
	err := t.each(ctx, `SELECT name, seen FROM home ORDER BY name`, nil, func(scan func(...any) error) error {
		var (
			h    Home
			seen int64
		)
		err := scan(&h.Name, &seen)
		h.Seen = moment(seen)
		all = append(all, h)
		return err
	})
	return all, err
}

// Homes gives all homes that are known, by name; a home that nothing belongs to is forgotten a month after its last report.
func (s *Store) Homes(ctx context.Context) ([]Home, error) {
	all, err := s.reading().homes(ctx)
	return all, s.trouble(err)
}

// HomeOf gives one home; Seen is zero if it never reported.
func (s *Store) HomeOf(ctx context.Context, name string) (Home, error) {
	var seen int64
	err := s.reading().row(ctx, `SELECT seen FROM home WHERE name = ?`, name).Scan(&seen)
	if isNoRows(err) {
		err = nil
	}
	return Home{Name: name, Seen: moment(seen)}, s.trouble(err)
}

// mine is the condition that a lane, by the alias x, may be taken by this process: it has no home, or this one, or one that
// is gone.
func (s *Store) mine() (condition string, args []any) {
	if s.kind != onPostgres {
		return "", nil
	}
	return ` AND (x.home IN ('', ?) OR NOT EXISTS (SELECT 1 FROM home h WHERE h.name = x.home AND h.seen >= ?))`, []any{s.home, micros(s.now().Add(-HomeGone))}
}

// SettleLane gives a lane its home, beside the receipt of what it has written there; "": any node may have it.
func (s *Store) SettleLane(ctx context.Context, l Lane, home string, receipt []byte) error {
	return s.inTx(ctx, func(t tx) error {
		return t.underLease(ctx, l.Lease, `home = ?, moved = 0, receipt = ?`, home, receipt)
	})
}

// SendLane gives the lane of a delivery, if any node may have it, to a home for its next turn: only there can be read what is
// held for it.
func (s *Store) SendLane(ctx context.Context, d Delivery, home string) error {
	return s.inTx(ctx, func(t tx) error {
		return t.exec(ctx, `UPDATE lane SET home = ? WHERE home = '' AND flow_id = ? AND lane = (SELECT lane FROM delivery WHERE split_id = ? AND flow_id = ?)`, home, d.FlowID, d.SplitID, d.FlowID)
	})
}

// MoveFlow gives the lanes of a flow another home, where they begin anew. NotFound for a home that never reported; Conflict
// if none of the lanes has a home, or all have this one.
func (s *Store) MoveFlow(ctx context.Context, flow Object, to string) error {
	return s.inTx(ctx, func(t tx) error {
		if err := t.movable(ctx, flow, to); err != nil {
			return err
		}
		now := micros(s.now())
		t.tell(Flow, flow.ID)
		return t.exec(ctx, `UPDATE lane SET home = ?, moved = 1, due = CASE WHEN failures > 0 OR due < ? THEN ? ELSE due END, blocked = 0, failures = 0, error = ''
			WHERE flow_id = ? AND home <> '' AND home <> ?`, to, now, now, flow.ID, to)
	})
}

func (t tx) movable(ctx context.Context, flow Object, to string) error {
	all, err := t.homes(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(h Home) bool { return h.Name == to }) {
		return noHome(to, all)
	}
	var settled, elsewhere int
	if err := t.row(ctx, `SELECT count(*), coalesce(sum(CASE WHEN home <> ? THEN 1 ELSE 0 END), 0) FROM lane WHERE flow_id = ? AND home <> ''`, to, flow.ID).Scan(&settled, &elsewhere); err != nil {
		return err
	}
	switch {
	case settled == 0:
		return &fault.Error{Class: fault.Conflict, Code: "no_home", Title: fmt.Sprintf("flow %q belongs to no node", flow.Name),
			Hint: "it has written no files of a local disk; whichever node has time works for it"}
	case elsewhere == 0:
		return &fault.Error{Class: fault.Conflict, Code: "at_home", Title: fmt.Sprintf("the files of flow %q are on node %s already", flow.Name, to)}
	}
	return nil
}

// noHome names the homes that there are.
func noHome(name string, all []Home) error {
	hint := "start headrace serve on the node that the flow is to move to"
	if len(all) > 0 {
		names := make([]string, len(all))
		for i, h := range all {
			names[i] = h.Name
		}
		hint = "there are: " + strings.Join(names, ", ")
	}
	return &fault.Error{Class: fault.NotFound, Code: "node_not_found", Title: fmt.Sprintf("there is no node %q", name), Hint: hint}
}
