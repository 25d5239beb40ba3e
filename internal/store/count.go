package store

import (
	"context"
	"time"
)

// Counts are what a flow (or one of its runs) has done since it was made.
type Counts struct {
	Listed    int64     `json:"listed"`    // splits listed for it
	Splits    int64     `json:"splits"`    // splits delivered whole
	Fetched   int64     `json:"fetched"`   // records read, repeated reads included
	Delivered int64     `json:"delivered"` // records stored by the destination
	Repeats   int64     `json:"repeats"`   // records dropped because they had been delivered before
	Dropped   int64     `json:"dropped"`   // records that the transform dropped on purpose
	Dead      int64     `json:"dead_letters"`
	Deleted   int64     `json:"deleted"`
	Lost      int64     `json:"lost"` // splits
	Bytes     int64     `json:"bytes"`
	Newest    time.Time `json:"newest,omitzero"` // of the records delivered
	Last      time.Time `json:"last,omitzero"`   // when something was delivered last
}

// Plus adds two counts.
func (c Counts) Plus(d Counts) Counts {
	c.Listed += d.Listed
	c.Splits += d.Splits
	c.Fetched += d.Fetched
	c.Delivered += d.Delivered
	c.Repeats += d.Repeats
	c.Dropped += d.Dropped
	c.Dead += d.Dead
	c.Deleted += d.Deleted
	c.Lost += d.Lost
	c.Bytes += d.Bytes
	if d.Newest.After(c.Newest) {
		c.Newest = d.Newest
	}
	if d.Last.After(c.Last) {
		c.Last = d.Last
	}
	return c
}

func (t tx) addCounts(ctx context.Context, flowID, runID int64, c Counts) error {
	return t.exec(ctx, `INSERT INTO flow_count (flow_id, run_id, listed, splits, fetched, delivered, repeats, dropped, dead, deleted, lost, bytes, newest, last)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (flow_id, run_id) DO UPDATE SET
		listed = flow_count.listed + excluded.listed, splits = flow_count.splits + excluded.splits, fetched = flow_count.fetched + excluded.fetched,
		delivered = flow_count.delivered + excluded.delivered, repeats = flow_count.repeats + excluded.repeats, dropped = flow_count.dropped + excluded.dropped,
		dead = flow_count.dead + excluded.dead, deleted = flow_count.deleted + excluded.deleted, lost = flow_count.lost + excluded.lost, bytes = flow_count.bytes + excluded.bytes,
		newest = CASE WHEN excluded.newest > flow_count.newest THEN excluded.newest ELSE flow_count.newest END,
		last = CASE WHEN excluded.last > flow_count.last THEN excluded.last ELSE flow_count.last END`,
		flowID, runID, c.Listed, c.Splits, c.Fetched, c.Delivered, c.Repeats, c.Dropped, c.Dead, c.Deleted, c.Lost, c.Bytes, micros(c.Newest), micros(c.Last))
}

const countColumns = `listed, splits, fetched, delivered, repeats, dropped, dead, deleted, lost, bytes, newest, last`

// scanCounts reads what stands before the counts into before.
func scanCounts(scan func(...any) error, before ...any) (Counts, error) {
	var (
		c            Counts
		newest, last int64
	)
	err := scan(append(before, &c.Listed, &c.Splits, &c.Fetched, &c.Delivered, &c.Repeats, &c.Dropped, &c.Dead, &c.Deleted, &c.Lost, &c.Bytes, &newest, &last)...)
	c.Newest, c.Last = moment(newest), moment(last)
	return c, err
}

// Counts gives what a flow has done; runID 0: in all.
func (s *Store) Counts(ctx context.Context, flowID, runID int64) (Counts, error) {
	c, err := scanCounts(s.reading().row(ctx, `SELECT `+countColumns+` FROM flow_count WHERE flow_id = ? AND run_id = ?`, flowID, runID).Scan)
	if isNoRows(err) {
		return Counts{}, nil
	}
	return c, s.trouble(err)
}
