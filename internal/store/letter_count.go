package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// A letterPlace is a group of a flow's dead letters in one state: what letter_count has a row for.
type letterPlace struct {
	state  string
	flowID int64
	alike  int64
}

// A letterTally is by how much places grow in a transaction. Whoever writes dead_letter counts in one and adds it before
// the transaction ends.
type letterTally map[letterPlace]int64

// addLetters writes a tally down. Rows are written in one order by everybody, so that no two transactions wait for each other.
func (t tx) addLetters(ctx context.Context, tally letterTally) error {
	places := slices.SortedFunc(maps.Keys(tally), func(a, b letterPlace) int {
		return cmp.Or(cmp.Compare(a.flowID, b.flowID), cmp.Compare(a.alike, b.alike), cmp.Compare(a.state, b.state))
	})
	for _, p := range places {
		if tally[p] == 0 {
			continue
		}
		if err := t.exec(ctx, `INSERT INTO letter_count (state, flow_id, alike, letters) VALUES (?,?,?,?)
			ON CONFLICT (state, flow_id, alike) DO UPDATE SET letters = letter_count.letters + excluded.letters`, p.state, p.flowID, p.alike, tally[p]); err != nil {
			return err
		}
	}
	return nil
}

// moveLetter sets the state of a letter that is in one of the states from, and gives its number; 0: it was in none of them.
func (t tx) moveLetter(ctx context.Context, tally letterTally, uid, state string, from ...string) (id int64, err error) {
	for _, was := range from {
		p := letterPlace{state: was}
		err := t.row(ctx, `UPDATE dead_letter SET state = ?, updated = ? WHERE uid = ? AND state = ? RETURNING id, flow_id, alike`, state, micros(t.s.now()), uid, was).Scan(&id, &p.flowID, &p.alike)
		if isNoRows(err) {
			continue
		}
		if err != nil {
			return 0, err
		}
		tally[p]--
		p.state = state
		tally[p]++
		return id, nil
	}
	return 0, nil
}

// sweepLetters forgets letters that ended before one time, and those made before another, at most sweepStep, and gives how many.
func (t tx) sweepLetters(ctx context.Context, ended, made int64) (n int64, err error) {
	tally := letterTally{}
	err = t.each(ctx, `DELETE FROM dead_letter WHERE id IN (SELECT id FROM dead_letter WHERE (state IN ('replayed', 'discarded') AND updated < ?) OR created < ? LIMIT ?) RETURNING state, flow_id, alike`,
		[]any{ended, made, sweepStep}, func(scan func(...any) error) error {
			var p letterPlace
			err := scan(&p.state, &p.flowID, &p.alike)
			tally[p]--
			n++
			return err
		})
	if err != nil {
		return n, err
	}
	if err := t.addLetters(ctx, tally); err != nil {
		return n, err
	}
	return n, t.exec(ctx, `DELETE FROM letter_count WHERE letters <= 0`)
}
