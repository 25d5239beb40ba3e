package store

import (
	"context"
	"slices"
	"strings"
)

// A RunFilter picks runs. Zero fields pick all.
type RunFilter struct {
	FlowID int64
	Kind   string
	States []string
}

func (f RunFilter) where() *where {
	w := &where{}
	if f.FlowID != 0 {
		w.and(`flow_id = ?`, f.FlowID)
	}
	if f.Kind != "" {
		w.and(`kind = ?`, f.Kind)
	}
	if len(f.States) > 0 {
		w.in(`state`, asArgs(f.States)...)
	}
	return w
}

// RunsPage gives a page of runs, the newest first, and where the next page begins; "": there is none.
func (s *Store) RunsPage(ctx context.Context, f RunFilter, p Page) ([]Run, string, error) {
	w := f.where()
	var id int64
	if on, err := p.place(&id); err != nil {
		return nil, "", err
	} else if on {
		w.and(`id < ?`, id)
	}
	all, err := s.runs(ctx, w, p.limit()+1)
	all, next := cut(p, all, func(r Run) string { return place(r.ID) })
	return all, next, err
}

func (s *Store) runs(ctx context.Context, w *where, limit int) ([]Run, error) {
	var all []Run
	err := s.reading().each(ctx, `SELECT `+runColumns+` FROM run`+w.String()+` ORDER BY id DESC LIMIT ?`, append(w.args, limit), func(scan func(...any) error) error {
		r, err := scanRun(scan)
		all = append(all, r)
		return err
	})
	return all, s.trouble(err)
}

// RunCounts gives what runs have done, by their IDs.
func (s *Store) RunCounts(ctx context.Context, runs []Run) (map[int64]Counts, error) {
	found := map[int64]Counts{}
	const chunk = 250
	for part := range slices.Chunk(runs, chunk) {
		var args []any
		for _, r := range part {
			args = append(args, r.FlowID, r.ID)
		}
		err := s.reading().each(ctx, `SELECT run_id, `+countColumns+` FROM flow_count WHERE (flow_id, run_id) IN (VALUES `+strings.Repeat(`,(CAST(? AS BIGINT), CAST(? AS BIGINT))`, len(part))[1:]+`)`, args,
			func(scan func(...any) error) error {
				var id int64
				c, err := scanCounts(scan, &id)
				found[id] = c
				return err
			})
		if err != nil {
			return nil, s.trouble(err)
		}
	}
	return found, nil
}

// RunsProgress tells how far runs have come, by their IDs. One that has ended has nothing pending.
func (s *Store) RunsProgress(ctx context.Context, runs []Run) (map[int64]RunProgress, error) {
	found := map[int64]RunProgress{}
	ids := make([]int64, len(runs))
	for i, r := range runs {
		ids[i] = r.ID
	}
	t := s.reading()
	err := t.chunks(ctx, ids, func(marks string) string {
		return `SELECT run_id, count(*), coalesce(sum(pending), 0) FROM listing WHERE ended = 0 AND run_id IN (` + marks + `) GROUP BY run_id`
	}, func(scan func(...any) error) error {
		var (
			id   int64
			open int
			p    RunProgress
		)
		err := scan(&id, &open, &p.Windows)
		p.Listing = open > 0
		found[id] = p
		return err
	})
	if err != nil {
		return nil, s.trouble(err)
	}
	err = t.chunks(ctx, ids, func(marks string) string {
		return `SELECT run_id, state, count(*) FROM delivery WHERE run_id <> 0 AND state IN (0, 2, 3, 4) AND run_id IN (` + marks + `) GROUP BY run_id, state`
	}, func(scan func(...any) error) error {
		var (
			id, n int64
			state State
		)
		if err := scan(&id, &state, &n); err != nil {
			return err
		}
		p := found[id]
		switch state {
		case Failed:
			p.Failed += n
		case Lost:
			p.Lost += n
		default:
			p.Pending += n
		}
		found[id] = p
		return nil
	})
	return found, s.trouble(err)
}
