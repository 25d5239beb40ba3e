package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/connector"
)

// A State is where a delivery stands.
type State int64

// The states of a delivery. Pending and Held ones are worked on; the others stand until a person or a listing says
// otherwise.
const (
	Pending   State = 0
	Delivered State = 1
	Failed    State = 2
	Held      State = 3 // pending, and the split's content is kept by us
	Lost      State = 4
	Discarded State = 5
)

var stateNames = [...]string{"pending", "delivered", "failed", "held", "lost", "discarded"}

// noState is that of a split that a flow has no delivery of.
const noState State = -1

// String gives the state's word; "" for none.
func (s State) String() string {
	if s == noState {
		return ""
	}
	return stateNames[s]
}

// A Delivery is one split on its way through one flow.
type Delivery struct {
	FlowID     int64
	SplitID    int64
	RunID      int64
	Generation int64
	Crawl      int64 // the number of the crawl that wants it; 0: none does
	Revision   int64 // the flow's at the first attempt; 0: not tried yet
	State      State
	Attempts   int
	Waits      int
	Progress   int64 // source records that are committed, where the order is stable
	Split      connector.Split
}

// DueInOrder is Due with the oldest first alone, for a flow in which what comes later replaces what came before.
func (s *Store) DueInOrder(ctx context.Context, l Lane, n int, skip map[int64]bool) ([]Delivery, error) {
	all, err := s.due(ctx, l, n, skip, "ASC")
	if err != nil {
		return nil, err
	}
	return s.deliveries(ctx, l, all)
}

// Due gives the deliveries of a lane that are due, at most n: the newest and the oldest side by side, so that catching
// up starves no fresh data. The lane's lease makes them the caller's; those in skip are left out.
func (s *Store) Due(ctx context.Context, l Lane, n int, skip map[int64]bool) ([]Delivery, error) {
	newest, err := s.due(ctx, l, (n+1)/2, skip, "DESC")
	if err != nil {
		return nil, err
	}
	oldest, err := s.due(ctx, l, n/2, skip, "ASC")
	if err != nil {
		return nil, err
	}
	all := make([]int64, 0, n)
	for i := range newest { // there are no fewer than of the oldest
		all = append(all, newest[i])
		if i < len(oldest) {
			all = append(all, oldest[i])
		}
	}
	return s.deliveries(ctx, l, unique(all))
}

// unique keeps the first of each.
func unique(ids []int64) []int64 {
	met := make(map[int64]bool, len(ids))
	return slices.DeleteFunc(ids, func(id int64) bool {
		again := met[id]
		met[id] = true
		return again
	})
}

// due gives the splits of deliveries that are due, at most n and without those in skip. It reads no more than an index.
func (s *Store) due(ctx context.Context, l Lane, n int, skip map[int64]bool, order string) ([]int64, error) {
	var all []int64
	err := s.reading().each(ctx, `SELECT split_id FROM delivery WHERE flow_id = ? AND lane = ? AND state IN (0, 3) AND due <= ?
		ORDER BY time `+order+`, split_id `+order+` LIMIT ?`, []any{l.FlowID, l.Number, micros(s.now()), n + len(skip)}, func(scan func(...any) error) error {
		var id int64
		if err := scan(&id); err != nil {
			return err
		}
		if !skip[id] && len(all) < n {
			all = append(all, id)
		}
		return nil
	})
	return all, s.trouble(err)
}

// deliveries gives a lane's deliveries of splits, in the order of these, without those that are no longer pending.
func (s *Store) deliveries(ctx context.Context, l Lane, splits []int64) ([]Delivery, error) {
	found := make(map[int64]Delivery, len(splits))
	err := inChunks(splits, func(part []any) error {
		return s.reading().each(ctx, `SELECT d.flow_id, d.split_id, d.run_id, d.generation, d.revision, d.state, d.attempts, d.waits, d.progress,
			s.stream, s.time, s.ready, s.expires, b.body, coalesce((SELECT r.number FROM run r WHERE r.id = d.run_id), 0)
			FROM delivery d JOIN split s ON s.id = d.split_id LEFT JOIN split_body b ON b.split_id = d.split_id
			WHERE d.flow_id = ? AND d.state IN (0, 3) AND d.split_id IN ( `+marks(len(part))+`)`, append([]any{l.FlowID}, part...), func(scan func(...any) error) error {
			d, err := scanDue(scan)
			found[d.SplitID] = d
			return err
		})
	})
	all := make([]Delivery, 0, len(found))
	for _, id := range splits {
		if d, ok := found[id]; ok {
			all = append(all, d)
		}
	}
	return all, s.trouble(err)
}

func scanDue(scan func(...any) error) (Delivery, error) {
	var (
		d                  Delivery
		at, ready, expires int64
		body               sql.RawBytes
		kept               splitBody
	)
	if err := scan(&d.FlowID, &d.SplitID, &d.RunID, &d.Generation, &d.Revision, &d.State, &d.Attempts, &d.Waits, &d.Progress,
		&d.Split.Stream, &at, &ready, &expires, &body, &d.Crawl); err != nil {
		return d, err
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &kept); err != nil {
			return d, err
		}
	}
	d.Split.ID, d.Split.Locator, d.Split.Inline = kept.ID, kept.Locator, kept.Inline
	d.Split.Time, d.Split.Ready, d.Split.Expires = moment(at), moment(ready), moment(expires)
	return d, nil
}

// Progressed is what a batch did for one delivery.
type Progressed struct {
	Delivery
	Done     bool  // every record of the split is committed with this batch
	Revision int64 // the flow's, put down at the first attempt
	Read     int64 // source records that are committed, counted from the split's beginning
	Doubt    bool  // a record without a key was refused: the crawl can't tell what it did not see
	Counts         // of this batch, for coverage
}

// Committed is what one batch did, to be remembered in one transaction.
type Committed struct {
	Receipt    connector.Receipt
	Deliveries []Progressed
	Seen       []SeenBlock
	Letters    []DeadLetter
	Inventory  []InventoryItem
	Sightings  []Sighting
	Saw        []SawKey
	SourceID   int64
	Keep       time.Duration // the lease lasts this much longer
	Stuck      bool          // the destination took nothing: the lane has not recovered from its trouble
}

// CommitBatch remembers a batch that the destination has stored, if the lease is still ours.
func (s *Store) CommitBatch(ctx context.Context, l Lane, c Committed) error {
	return s.inTx(ctx, func(t tx) error {
		now := s.now()
		if err := t.underLease(ctx, l.Lease, `receipt = ?, lease_until = ?, failures = CASE WHEN ? = 1 THEN failures ELSE 0 END, error = CASE WHEN ? = 1 THEN error ELSE '' END`,
			[]byte(c.Receipt), micros(now.Add(c.Keep)), flag(c.Stuck), flag(c.Stuck)); err != nil {
			return err
		}
		if err := t.putSeen(ctx, l.FlowID, c.Seen); err != nil {
			return err
		}
		again, err := t.putLetters(ctx, c.Letters)
		if err != nil {
			return err
		}
		if len(again) > 0 {
			c.Deliveries = slices.Clone(c.Deliveries)
			for i := range c.Deliveries {
				c.Deliveries[i].Dead -= min(again[c.Deliveries[i].SplitID], c.Deliveries[i].Dead)
			}
		}
		if err := t.putInventory(ctx, c.Inventory); err != nil {
			return err
		}
		if err := t.putSightings(ctx, c.Sightings); err != nil {
			return err
		}
		if err := t.sawKeys(ctx, c.Saw); err != nil {
			return err
		}
		return t.progress(ctx, l, c, micros(now))
	})
}

func (t tx) progress(ctx context.Context, l Lane, c Committed, now int64) error {
	var done []int64
	for _, p := range c.Deliveries {
		if p.Done {
			done = append(done, p.SplitID)
		}
	}
	if err := t.lockSplits(ctx, done); err != nil {
		return err
	}
	total, runs := Counts{}, map[int64]Counts{}
	cover, did := map[splitHour]Coverage{}, map[string]*Activity{}
	for _, p := range c.Deliveries {
		set, args := ``, []any{p.Read, p.Revision}
		if p.Done {
			p.Splits++
			set, args = `, state = ?, finished = ?, error = NULL`, append(args, Delivered, now)
		}
		if err := t.exec(ctx, `UPDATE delivery SET progress = ?, revision = CASE WHEN revision = 0 THEN ? ELSE revision END`+set+` WHERE flow_id = ? AND split_id = ?`,
			append(args, l.FlowID, p.SplitID)...); err != nil {
			return err
		}
		if p.Doubt {
			if err := t.exec(ctx, `UPDATE run SET doubtful = 1 WHERE id = ?`, p.RunID); err != nil {
				return err
			}
		}
		total = total.Plus(p.Counts)
		if p.RunID != 0 {
			runs[p.RunID] = runs[p.RunID].Plus(p.Counts)
		}
		key := splitHour{p.Split.Stream, hourOf(p.Split.Time)}
		at := cover[key]
		at.SourceID, at.FlowID, at.Stream, at.Hour = c.SourceID, l.FlowID, key.stream, key.hour
		at.Splits += p.Splits
		at.Records += p.Delivered
		at.Repeats += p.Repeats
		at.Dead += p.Dead
		cover[key] = at
		if did[key.stream] == nil {
			did[key.stream] = &Activity{}
		}
		did[key.stream].add(p, moment(now))
	}
	if err := t.forgetBodies(ctx, done); err != nil {
		return err
	}
	t.tell(ChangedProgress, l.FlowID)
	for run := range runs {
		t.tell(ChangedRun, run)
	}
	if len(c.Letters) > 0 {
		t.tell(ChangedLetters, l.FlowID)
	}
	if err := t.countBatch(ctx, l.FlowID, total, runs, cover); err != nil || len(did) == 0 {
		return err
	}
	return t.addActivity(ctx, l.FlowID, l.ID, did)
}

// countBatch adds up what a batch did, rows in one order for all, so that no two transactions wait for each other.
func (t tx) countBatch(ctx context.Context, flowID int64, total Counts, runs map[int64]Counts, cover map[splitHour]Coverage) error {
	last := t.s.now()
	total.Last = last
	if err := t.addCounts(ctx, flowID, 0, total); err != nil {
		return err
	}
	for _, run := range slices.Sorted(maps.Keys(runs)) {
		counts := runs[run]
		counts.Last = last
		if err := t.addCounts(ctx, flowID, run, counts); err != nil {
			return err
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(cover), compareHours) {
		if err := t.addCoverage(ctx, cover[at]); err != nil {
			return err
		}
	}
	return nil
}

// lockSplits lets one transaction at a time end deliveries of a split: of two flows that end theirs together, the
// second then sees that nobody wants it any more.
func (t tx) lockSplits(ctx context.Context, splits []int64) error {
	if t.s.kind == onSQLite {
		return nil
	}
	return inChunks(splits, func(part []any) error {
		return t.exec(ctx, `SELECT id FROM split WHERE id IN (`+marks(len(part))+`) ORDER BY id FOR UPDATE`, part...)
	})
}

// forgetBodies forgets what only reading splits needed, where no flow wants them any more. A failed delivery can be tried
// again.
func (t tx) forgetBodies(ctx context.Context, splits []int64) error {
	return inChunks(splits, func(part []any) error {
		return t.exec(ctx, `DELETE FROM split_body WHERE split_id IN ( `+marks(len(part))+`)
			AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.split_id = split_body.split_id AND d.state IN (0, 2, 3))`, part...)
	})
}

// inChunks calls f with so many of the IDs as one statement takes, the last one perhaps several times.
func inChunks(ids []int64, f func(part []any) error) error {
	const chunk = 500
	for part := range slices.Chunk(slices.Sorted(slices.Values(ids)), chunk) {
		if err := f(few(asArgs(part))); err != nil {
			return err
		}
	}
	return nil
}

// A Setback is what became of a delivery that could not be read or written.
type Setback struct {
	Delivery
	State State     // Pending (again, at Due), Failed, Lost or Discarded
	Due   time.Time // of a pending one
	Count bool      // the attempt counts
	Error Trouble
}

// SetBack writes setbacks down under the lane's lease.
func (s *Store) SetBack(ctx context.Context, l Lane, sourceID int64, backs []Setback) error {
	if len(backs) == 0 {
		return nil
	}
	return s.inTx(ctx, func(t tx) error {
		if err := t.underLease(ctx, l.Lease, `lease = lease`); err != nil {
			return err
		}
		ids := make([]int64, len(backs))
		for i, b := range backs {
			ids[i] = b.SplitID
		}
		if err := t.lockSplits(ctx, ids); err != nil {
			return err
		}
		for _, b := range backs {
			if err := t.setBack(ctx, l, sourceID, b); err != nil {
				return err
			}
		}
		return t.forgetBodies(ctx, ids)
	})
}

// setBack writes one down, unless a person has ended the delivery in the meantime.
func (t tx) setBack(ctx context.Context, l Lane, sourceID int64, b Setback) error {
	if b.State == Pending {
		return t.exec(ctx, `UPDATE delivery SET due = ?, attempts = attempts + ?, waits = waits + ?, error = ?, revision = CASE WHEN revision = 0 THEN ? ELSE revision END
			WHERE flow_id = ? AND split_id = ? AND state IN (0, 3)`, micros(b.Due), flag(b.Count), flag(!b.Count), b.Error.text(), b.Revision, l.FlowID, b.SplitID)
	}
	n, err := t.changed(ctx, `UPDATE delivery SET state = ?, finished = ?, attempts = attempts + ?, error = ? WHERE flow_id = ? AND split_id = ? AND state IN (0, 3)`,
		b.State, micros(t.s.now()), flag(b.Count), b.Error.text(), l.FlowID, b.SplitID)
	if err != nil || n == 0 || b.State != Lost {
		return err
	}
	return t.lose(ctx, l.FlowID, sourceID, b)
}

// lose counts a lost split where people look for it.
func (t tx) lose(ctx context.Context, flowID, sourceID int64, b Setback) error {
	if err := t.addCounts(ctx, flowID, 0, Counts{Lost: 1}); err != nil {
		return err
	}
	if b.RunID != 0 {
		if err := t.addCounts(ctx, flowID, b.RunID, Counts{Lost: 1}); err != nil {
			return err
		}
	}
	if err := t.addCoverage(ctx, Coverage{SourceID: sourceID, FlowID: flowID, Stream: b.Split.Stream, Hour: hourOf(b.Split.Time), Lost: 1}); err != nil {
		return err
	}
	return t.addActivity(ctx, flowID, flowID, map[string]*Activity{b.Split.Stream: {Lost: 1}})
}

// ReleaseLane gives the lease back and says when the lane is due again: when its next delivery is, but not before
// blocked. A trouble is shown until the next batch is committed.
func (s *Store) ReleaseLane(ctx context.Context, l Lane, blocked time.Time, trouble *Trouble) error {
	return s.inTx(ctx, func(t tx) error {
		set, args := `lease_until = 0, blocked = ?`, []any{micros(blocked)}
		said, err := t.since(ctx, l.Lease, trouble)
		if err != nil {
			return err
		}
		if said != nil {
			set, args = set+`, error = ?, failures = failures + 1`, append(args, said.text())
		}
		// The row is locked by this statement before the deliveries are looked at: a listing that adds some after
		// that waits for us in wakeLanes, and then makes the lane due itself.
		if err := t.underLease(ctx, l.Lease, set, args...); err != nil {
			return err
		}
		if trouble != nil {
			t.tell(Flow, l.FlowID)
		}
		var due int64
		if err := t.row(ctx, `SELECT coalesce(min(due), ?) FROM delivery WHERE flow_id = ? AND lane = ? AND state IN (0, 3)`, int64(never), l.FlowID, l.Number).Scan(&due); err != nil {
			return err
		}
		return t.exec(ctx, `UPDATE lane SET due = ? WHERE id = ?`, max(due, micros(blocked)), l.ID)
	})
}

// RetryDeliveries makes the failed deliveries of a flow pending again and gives their number. The flow's lanes are due at
// once, blocked or not: a person asked.
func (s *Store) RetryDeliveries(ctx context.Context, flowID int64) (int64, error) {
	var n int64
	err := s.inTx(ctx, func(t tx) error {
		var err error
		now := micros(s.now())
		n, err = t.changed(ctx, `UPDATE delivery SET state = 0, attempts = 0, waits = 0, revision = 0, due = ?, error = NULL
			WHERE flow_id = ? AND state IN (2, 4) AND state = 2`, now, flowID)
		if err != nil || n == 0 {
			return err
		}
		t.tell(Flow, flowID)
		return t.exec(ctx, `UPDATE lane SET blocked = 0, due = CASE WHEN due < ? THEN due ELSE ? END WHERE flow_id = ?`, now, now, flowID)
	})
	return n, err
}
