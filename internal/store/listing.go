package store

import (
	"context"
	"encoding/json"
	"strings"
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
	Code  string    `json:"code,omitempty"`  // of the error, for programs: secret_expired, throttled, schema_pending, …
	// Streams are those that could not be listed, while others could; none: it is about the whole.
	Streams []string `json:"streams,omitempty"`
}

// Line is the trouble in one line.
func (t *Trouble) Line() string {
	if t.Title != "" {
		return t.Title
	}
	line, _, _ := strings.Cut(t.Text, "\n")
	return line
}

// Partial tells whether only some streams have it.
func (t *Trouble) Partial() bool { return len(t.Streams) > 0 }

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
	All           bool  // everything is delivered again, whatever it was

	pass, before int64 // over the source: this one's number and that of the one before
}

// CommitListing remembers what was listed, if the lease is still ours: new splits, a pending delivery of each for
// every flow, the cursor, gaps and coverage. It gives how many splits were not known before.
func (s *Store) CommitListing(ctx context.Context, l Listing, found Listed) (int, error) {
	fresh := 0
	err := s.inTx(ctx, func(t tx) error {
		if err := t.lockListings(ctx, l.SourceID); err != nil {
			return err
		}
		trouble, err := t.since(ctx, l.Lease, found.Trouble)
		if err != nil {
			return err
		}
		release := `, lease_until = 0`
		if found.Keep {
			release = ""
		}
		err = t.underLease(ctx, l.Lease, `cursor = ?, due = ?, complete = ?, ended = ?, pending = ?, error = ?, failures = ?, listed_at = ?`+release,
			nonNil(found.Enumeration.Cursor), micros(found.Due), flag(found.Enumeration.Complete), flag(found.Ended), found.Enumeration.Pending,
			trouble.text(), found.Failures, micros(s.now()))
		if err != nil {
			return err
		}
		if found.Crawl != nil {
			crawl := *found.Crawl
			if crawl.pass, crawl.before, err = t.passes(ctx, l); err != nil {
				return err
			}
			found.Crawl = &crawl
		}
		if fresh, err = t.putSplits(ctx, l, found); err != nil {
			return err
		}
		if err := t.putGaps(ctx, l.SourceID, found.Enumeration.Lost); err != nil {
			return err
		}
		if fresh > 0 || found.Trouble != nil {
			t.tell(Source, l.SourceID)
		}
		t.tell(ChangedRun, l.RunID)
		return t.cover(ctx, l.SourceID, found.Enumeration.Listed)
	})
	return fresh, err
}

// lockListings lets one listing of a source be committed at a time (a backfill runs beside the continuous one), so that
// each knows what the other has listed.
func (t tx) lockListings(ctx context.Context, sourceID int64) error {
	if t.s.kind == onSQLite {
		return nil
	}
	return t.exec(ctx, `SELECT id FROM listing WHERE source_id = ? ORDER BY id FOR UPDATE`, sourceID)
}

// FailListing gives the lease back after a listing that failed as a whole: nothing of it counts.
func (s *Store) FailListing(ctx context.Context, l Listing, trouble Trouble, again time.Time) error {
	return s.inTx(ctx, func(t tx) error {
		t.tell(Source, l.SourceID)
		said, err := t.since(ctx, l.Lease, &trouble)
		if err != nil {
			return err
		}
		return t.underLease(ctx, l.Lease, `due = ?, error = ?, failures = failures + 1, lease_until = 0`, micros(again), said.text())
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
		return t.exec(ctx, `UPDATE listing SET due = ? WHERE source_id = ? AND ended = 0 AND due > ?`, micros(s.now()), sourceID, micros(s.now()))
	})
}

// Cursors gives how far the continuous listings of sources have come; one that has not begun has none.
func (s *Store) Cursors(ctx context.Context, sourceIDs []int64) (map[int64]connector.Cursor, error) {
	found := map[int64]connector.Cursor{}
	err := s.reading().chunks(ctx, sourceIDs, func(marks string) string {
		return `SELECT source_id, cursor FROM listing WHERE run_id = 0 AND source_id IN (` + marks + `)`
	}, func(scan func(...any) error) error {
		var (
			id     int64
			cursor []byte
		)
		err := scan(&id, &cursor)
		if len(cursor) > 0 {
			found[id] = cursor
		}
		return err
	})
	return found, s.trouble(err)
}

// since gives when the trouble of a row began: what failed before, and has not been well in between, goes on.
func (t tx) since(ctx context.Context, l Lease, now *Trouble) (*Trouble, error) {
	if now == nil {
		return nil, nil
	}
	var text string
	err := t.row(ctx, `SELECT error FROM `+l.table+` WHERE id = ? AND lease = ?`, l.ID, l.token).Scan(&text)
	if isNoRows(err) {
		return nil, ErrLeaseLost
	}
	said := *now
	if before := parseTrouble(text); before != nil && !before.Since.IsZero() {
		said.Since = before.Since
	}
	return &said, err
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
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

// ListNow makes the listings of all sources that are not paused due now, and what rests after a trouble of its own is
// tried at once: a person asked. What a remote asked to wait for is not.
func (s *Store) ListNow(ctx context.Context) error {
	return s.inTx(ctx, func(t tx) error {
		now := micros(s.now())
		for _, q := range []string{
			`UPDATE listing SET due = ?, failures = 0 WHERE ended = 0 AND paused = 0 AND NOT (error LIKE '{"class":"throttled"%' AND due > ?)`,
			`UPDATE delivery SET due = ?, waits = 0 WHERE state IN (0, 3) AND waits > 0 AND NOT (error LIKE '{"class":"throttled"%' AND due > ?)`,
			`UPDATE lane SET due = ?, failures = 0, blocked = 0 WHERE paused = 0 AND failures > 0 AND NOT (error LIKE '{"class":"throttled"%' AND blocked > ?)`,
		} {
			if err := t.exec(ctx, q, now, now); err != nil {
				return err
			}
		}
		return nil
	})
}
