package store

import (
	"context"
	"time"
)

// RunWork is what a run's listing and deliveries took, as far as it stands in their rows.
type RunWork struct {
	Listed   time.Time // when the listing last ended well; zero: never yet
	Failures int       // of the listing, in a row
	Trouble  *Trouble  // of the listing's last try
	Attempts int64     // of all deliveries, those included that do not count
	First    time.Time // when the first delivery ended
	Last     time.Time
}

// RunWork gives what a run took.
func (s *Store) RunWork(ctx context.Context, runID int64) (RunWork, error) {
	var (
		w           RunWork
		listed      int64
		trouble     string
		first, last int64
	)
	err := s.reading().row(ctx, `SELECT listed_at, failures, error FROM listing WHERE run_id = ? AND run_id <> 0`, runID).Scan(&listed, &w.Failures, &trouble)
	if err != nil && !isNoRows(err) {
		return w, s.trouble(err)
	}
	w.Listed, w.Trouble = moment(listed), parseTrouble(trouble)
	err = s.reading().row(ctx, `SELECT coalesce(sum(attempts + waits), 0), coalesce(min(CASE WHEN finished > 0 THEN finished END), 0), coalesce(max(finished), 0)
		FROM delivery WHERE run_id = ? AND run_id <> 0`, runID).Scan(&w.Attempts, &first, &last)
	w.First, w.Last = moment(first), moment(last)
	return w, s.trouble(err)
}
