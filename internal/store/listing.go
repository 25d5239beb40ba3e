package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/headrace/headrace/internal/connector"
)

// Trouble is the last trouble of a listing or a lane, as people see it.
type Trouble struct {
	Class string    `json:"class"`
	Text  string    `json:"text"`
	Hint  string    `json:"hint,omitempty"`
	Since time.Time `json:"since"`           // when it began
	Until time.Time `json:"until,omitzero"`  // when it is tried again
	Title string    `json:"title,omitempty"` // one line
}

func (t *Trouble) text() string {
	if t == nil {
		return ""
	}
	b, _ := json.Marshal(t)
	return string(b)
}

func parseTrouble(text string) *Trouble {
	var t Trouble
	if text == "" || json.Unmarshal([]byte(text), &t) != nil {
		return nil
	}
	return &t
}

// Listed is what one listing found, to be remembered in one transaction.
type Listed struct {
	Enumeration connector.Enumeration
	Lanes       map[int64]int // the flows that want the source's splits, with their number of lanes
	Due         time.Time     // when the next one is due
	Keep        bool          // the lease stays ours: we list on at once
	Ended       bool          // a run's listing has come to its end
	Trouble     *Trouble      // of streams that failed; nil: all is well
	Failures    int           // in a row, as of now
	Crawl       *CrawlListing // a mirror's crawl: what was delivered before and is sound is only marked as seen
}

// CrawlListing says what a crawl compares with.
type CrawlListing struct {
	Number        int64
	DestinationID int64
	Revision      int64 // of flow and destination together: an older delivery is done again
}

// CommitListing remembers what was listed, if the lease is still ours: new splits, a pending delivery of each for
// every flow, the cursor, gaps and coverage. It gives how many splits were not known before.
func (s *Store) CommitListing(ctx context.Context, l Listing, found Listed) (int, error) {
	fresh := 0
	err := s.inTx(ctx, func(t tx) error {
		fresh = 0
		now := micros(s.now())
		release := `, lease_until = 0`
		if found.Keep {
			release = ""
		}
		err := t.underLease(ctx, l.Lease, `cursor = ?, due = ?, complete = ?, ended = ?, pending = ?, error = ?, failures = ?, listed_at = ?`+release,
			nonNil(found.Enumeration.Cursor), micros(found.Due), flag(found.Enumeration.Complete), flag(found.Ended), found.Enumeration.Pending,
			found.Trouble.text(), found.Failures, now)
		if err != nil {
			return err
		}
		if fresh, err = t.putSplits(ctx, l, found); err != nil {
			return err
		}
		if err := t.putGaps(ctx, l.SourceID, found.Enumeration.Lost); err != nil {
			return err
		}
		return t.cover(ctx, l.SourceID, found.Enumeration.Listed)
	})
	return fresh, err
}

// FailListing gives the lease back after a listing that failed as a whole: nothing of it counts.
func (s *Store) FailListing(ctx context.Context, l Listing, trouble Trouble, again time.Time) error {
	return s.inTx(ctx, func(t tx) error {
		return t.underLease(ctx, l.Lease, `due = ?, error = ?, failures = failures + 1, lease_until = 0`, micros(again), trouble.text())
	})
}

// PutOff gives the lease back without having listed.
func (s *Store) PutOff(ctx context.Context, l Listing, until time.Time) error {
	return s.inTx(ctx, func(t tx) error {
		return t.underLease(ctx, l.Lease, `due = ?, lease_until = 0`, micros(until))
	})
}

// WakeSource makes the next listing of a source due now.
func (s *Store) WakeSource(ctx context.Context, sourceID int64) error {
	return s.inTx(ctx, func(t tx) error {
		return t.exec(ctx, `UPDATE listing SET due = ? WHERE source_id = ? AND ended = 0 AND due > ? AND due < ?`, micros(s.now()), sourceID, micros(s.now()), int64(never))
	})
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// SplitHash recognises a split of a source by its ID.
func SplitHash(id string) [16]byte {
	sum := sha256.Sum256([]byte(id))
	return [16]byte(sum[:16])
}

// splitBody is what is kept of a split only as long as a flow wants it.
type splitBody struct {
	ID      string          `json:"i"`
	Locator json.RawMessage `json:"l,omitempty"`
	Inline  json.RawMessage `json:"c,omitempty"`
}

// putSplits inserts the splits that are not known and their deliveries, and wakes the lanes that have work now.
func (t tx) putSplits(ctx context.Context, l Listing, found Listed) (int, error) {
	if len(found.Enumeration.Splits) == 0 {
		return 0, nil
	}
	insert, err := t.prepare(ctx, `INSERT INTO split (source_id, hash, stream, time, ready, expires, listed_at, body) VALUES (?,?,?,?,?,?,?,?)
		ON CONFLICT (source_id, hash) DO NOTHING RETURNING id`)
	if err != nil {
		return 0, err
	}
	defer func() { _ = insert.Close() }()
	deliver, err := t.prepare(ctx, `INSERT INTO delivery (flow_id, split_id, run_id, generation, lane, state, due, time) VALUES (?,?,?,?,?,?,?,?)
		ON CONFLICT (flow_id, split_id) DO NOTHING`)
	if err != nil {
		return 0, err
	}
	defer func() { _ = deliver.Close() }()

	now := micros(t.s.now())
	fresh := 0
	wake := map[int64]int64{} // flow → due
	hours := map[splitHour]int64{}
	for i := range found.Enumeration.Splits {
		split := &found.Enumeration.Splits[i]
		hash := SplitHash(split.ID)
		body, err := json.Marshal(splitBody{split.ID, split.Locator, split.Inline})
		if err != nil {
			return 0, err
		}
		var id int64
		err = insert.QueryRowContext(ctx, l.SourceID, hash[:], split.Stream, micros(split.Time), micros(split.Ready), micros(split.Expires), now, body).Scan(&id)
		known := isNoRows(err)
		if err != nil && !known {
			return 0, err
		}
		if known {
			if l.FlowID == 0 {
				continue
			}
			if id, err = t.wantAgain(ctx, l, hash[:], body, found.Crawl); err != nil {
				return 0, err
			}
		} else {
			fresh++
			hours[splitHour{split.Stream, hourOf(split.Time)}]++
		}
		due := max(micros(split.Ready), now)
		for flow, lanes := range found.Lanes {
			if l.FlowID != 0 && flow != l.FlowID {
				continue
			}
			lane := 0
			if lanes > 1 {
				lane = int(hash[0]) % lanes
			}
			if _, err := deliver.ExecContext(ctx, flow, id, l.RunID, l.Generation, lane, Pending, due, micros(split.Time)); err != nil {
				return 0, err
			}
			if first, ok := wake[flow]; !ok || due < first {
				wake[flow] = due
			}
		}
	}
	return fresh, t.wakeFlows(ctx, l, fresh, wake, hours)
}

// wakeFlows counts what was listed and makes lanes due that have new work; a paused flow sleeps on.
func (t tx) wakeFlows(ctx context.Context, l Listing, fresh int, wake map[int64]int64, hours map[splitHour]int64) error {
	for key, n := range hours {
		if err := t.addCoverage(ctx, Coverage{SourceID: l.SourceID, Stream: key.stream, Hour: key.hour, Splits: n}); err != nil {
			return err
		}
	}
	for flow, due := range wake {
		if err := t.exec(ctx, `UPDATE lane SET due = ? WHERE flow_id = ? AND due > ? AND NOT EXISTS (SELECT 1 FROM object o WHERE o.id = ? AND o.paused = 1)`,
			due, flow, due, flow); err != nil {
			return err
		}
		if err := t.addCounts(ctx, flow, 0, Counts{Listed: int64(fresh)}); err != nil {
			return err
		}
		if l.RunID != 0 {
			if err := t.addCounts(ctx, flow, l.RunID, Counts{Listed: int64(fresh)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// wantAgain makes a known split readable again and its delivery pending, for a backfill: what this flow has delivered
// stays so unless the run asks for everything again.
func (t tx) wantAgain(ctx context.Context, l Listing, hash, body []byte, crawl *CrawlListing) (int64, error) {
	var id int64
	if err := t.row(ctx, `SELECT id FROM split WHERE source_id = ? AND hash = ?`, l.SourceID, hash).Scan(&id); err != nil {
		return 0, err
	}
	states := "2, 4, 5"
	if l.Generation != 0 {
		states = "1, 2, 4, 5"
	}
	if crawl != nil {
		sound, err := t.deliveredSound(ctx, l, id, *crawl)
		if err != nil {
			return 0, err
		}
		if !sound {
			states = "1, 2, 4, 5"
		}
	}
	n, err := t.changed(ctx, `UPDATE delivery SET state = 0, run_id = ?, generation = ?, attempts = 0, waits = 0, progress = 0, due = ?, error = NULL
		WHERE flow_id = ? AND split_id = ? AND state IN (`+states+`)`, l.RunID, l.Generation, micros(t.s.now()), l.FlowID, id)
	if err != nil {
		return 0, err
	}
	var missing int
	if err := t.row(ctx, `SELECT count(*) FROM delivery WHERE flow_id = ? AND split_id = ?`, l.FlowID, id).Scan(&missing); err != nil {
		return 0, err
	}
	if n > 0 || missing == 0 {
		return id, t.exec(ctx, `UPDATE split SET body = ? WHERE id = ?`, body, id)
	}
	return id, nil
}

// deliveredSound tells whether a split needs no reading: it was delivered by the same revision and everything that it
// became is surely at the destination. Then it is marked as seen by the crawl.
func (t tx) deliveredSound(ctx context.Context, l Listing, splitID int64, crawl CrawlListing) (bool, error) {
	var n int
	err := t.row(ctx, `SELECT count(*) FROM delivery WHERE flow_id = ? AND split_id = ? AND state = 1 AND revision = ?`, l.FlowID, splitID, crawl.Revision).Scan(&n)
	if err != nil || n == 0 {
		return false, err
	}
	return t.sawSplit(ctx, crawl.DestinationID, splitID, crawl.Number)
}

type splitHour struct {
	stream string
	hour   int64
}

// putGaps remembers lost ranges, each once.
func (t tx) putGaps(ctx context.Context, sourceID int64, gaps []connector.Gap) error {
	for _, g := range gaps {
		if err := t.exec(ctx, `INSERT INTO gap (source_id, stream, from_time, to_time, reason, reported) VALUES (?,?,?,?,?,?)
			ON CONFLICT (source_id, stream, from_time, to_time) DO NOTHING`, sourceID, g.Stream, micros(g.From), micros(g.To), g.Reason, micros(t.s.now())); err != nil {
			return err
		}
	}
	return nil
}

// ListNow makes the listings of all sources that are not paused due now.
func (s *Store) ListNow(ctx context.Context) error {
	return s.inTx(ctx, func(t tx) error {
		return t.exec(ctx, `UPDATE listing SET due = ? WHERE ended = 0 AND due < ?`, micros(s.now()), int64(never))
	})
}
