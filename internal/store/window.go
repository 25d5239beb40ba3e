package store

import (
	"context"
	"time"
)

// A WindowQuery picks the splits of one hour of a stream.
type WindowQuery struct {
	SourceID int64
	FlowID   int64 // whose deliveries are told; 0: none
	Stream   string
	Hour     time.Time
}

// WindowSplits gives the splits of an hour in the order in which they were listed, at most limit, with how a flow's deliveries of
// them stand. A split's State is "" where the flow has no delivery of it.
func (s *Store) WindowSplits(ctx context.Context, q WindowQuery, limit int) ([]DeliveryRow, error) {
	from := q.Hour.Truncate(time.Hour)
	var all []DeliveryRow
	err := s.reading().each(ctx, `SELECT CAST(? AS BIGINT), s.id, coalesce(d.run_id, 0), coalesce(d.state, CAST(? AS BIGINT)), coalesce(d.attempts, 0), coalesce(d.waits, 0), coalesce(d.due, 0), coalesce(d.progress, 0), coalesce(d.finished, 0), coalesce(d.error, ''),
		s.stream, s.time, s.listed_at, s.expires, b.body FROM split s LEFT JOIN delivery d ON d.split_id = s.id AND d.flow_id = ? LEFT JOIN split_body b ON b.split_id = s.id
		WHERE (s.source_id + 0) = ? AND s.stream = ? AND s.time >= ? AND s.time < ? ORDER BY s.listed_at, s.id LIMIT ?`,
		[]any{q.FlowID, noState, q.FlowID, q.SourceID, q.Stream, micros(from), micros(from.Add(time.Hour)), limit}, func(scan func(...any) error) error {
			d, err := scanDelivery(scan)
			all = append(all, d)
			return err
		})
	return all, s.trouble(err)
}

// CoverageTimes gives when the rows of an hour of a stream last changed: what the listing knows, and what a flow delivered.
func (s *Store) CoverageTimes(ctx context.Context, q WindowQuery) (listed, delivered time.Time, err error) {
	err = s.reading().each(ctx, `SELECT flow_id, updated FROM coverage WHERE source_id = ? AND flow_id IN (0, ?) AND stream = ? AND hour = ?`,
		[]any{q.SourceID, q.FlowID, q.Stream, hourOf(q.Hour)}, func(scan func(...any) error) error {
			var flow, updated int64
			err := scan(&flow, &updated)
			if flow == 0 {
				listed = moment(updated)
			} else {
				delivered = moment(updated)
			}
			return err
		})
	return listed, delivered, s.trouble(err)
}
