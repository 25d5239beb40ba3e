package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// Splits that we make ourselves begin with one of these; the engine reads them, not the source.
const (
	DeletePrefix = "headrace:delete:" // Inline: a DeleteRange
	ReplayPrefix = "headrace:replay:" // Inline: a ReplayedRecord
)

// OpenCrawl is the number of the crawl under whose number a mirror's items are marked: the open one, else the last.
func (s *Store) OpenCrawl(ctx context.Context, flowID int64) (int64, error) {
	var n int64
	err := s.reading().row(ctx, `SELECT coalesce(max(number), 0) FROM run WHERE flow_id = ? AND kind = ?`, flowID, Crawl).Scan(&n)
	return n, s.trouble(err)
}

// LastCrawl gives a flow's newest crawl; false: there is none.
func (s *Store) LastCrawl(ctx context.Context, flowID int64) (Run, bool, error) {
	r, err := scanRun(s.reading().row(ctx, `SELECT `+runColumns+` FROM run WHERE flow_id = ? AND kind = ? ORDER BY number DESC LIMIT 1`, flowID, Crawl).Scan)
	if isNoRows(err) {
		return r, false, nil
	}
	return r, err == nil, s.trouble(err)
}

// StartCrawl begins a crawl of a mirror flow. all: it reads every split, those too that have not changed since they were
// delivered; a flow's first crawl always does. Conflict (crawl_open) while another is under way.
func (s *Store) StartCrawl(ctx context.Context, flow Object, all bool) (Run, error) {
	spec := `{}`
	if all {
		spec = `{"all":true}`
	}
	return s.CreateRun(ctx, Run{Kind: Crawl, FlowID: flow.ID, All: all, Spec: json.RawMessage(spec)}, &RunListing{SourceID: flow.SourceID, Tenant: flow.Tenant})
}

// LastFullCrawl is when a flow's newest crawl began that reads everything; zero: there is none, or it was canceled.
func (s *Store) LastFullCrawl(ctx context.Context, flowID int64) (time.Time, error) {
	var at int64
	err := s.reading().row(ctx, `SELECT coalesce(max(created), 0) FROM run WHERE flow_id = ? AND kind = ? AND reads_all = 1 AND state <> ?`, flowID, Crawl, RunCanceled).Scan(&at)
	return moment(at), s.trouble(err)
}

// nextCrawl numbers a flow's crawl. Numbers rise for each flow, and over all that the destination's inventory has seen: a
// flow that takes over the items of a removed one must be able to tell which of them its own crawls did not see.
func (t tx) nextCrawl(ctx context.Context, flowID int64) (int64, error) {
	var last int64
	if err := t.row(ctx, `SELECT coalesce(max(number), 0) FROM run WHERE flow_id = ? AND kind = ?`, flowID, Crawl).Scan(&last); err != nil || last > 0 {
		return last + 1, err
	}
	for _, table := range []string{"inventory", "sighting"} {
		var seen int64
		if err := t.row(ctx, `SELECT coalesce(max(i.crawl), 0) FROM `+table+` i JOIN object f ON f.destination = i.destination_id WHERE f.id = ?`, flowID).Scan(&seen); err != nil {
			return 0, err
		}
		last = max(last, seen)
	}
	return last + 1, nil
}

// CrawlComplete tells whether a run's listing came to its end and held everything that the source has, and whether
// everything in it could be told by its key.
func (s *Store) CrawlComplete(ctx context.Context, runID int64) (bool, error) {
	var complete int64
	err := s.reading().row(ctx, `SELECT coalesce(max(CASE WHEN ended = 1 THEN complete ELSE 0 END), 0) FROM listing
		WHERE run_id = ? AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = listing.run_id AND r.doubtful = 1)`, runID).Scan(&complete)
	return complete != 0, s.trouble(err)
}

// mostRelists bounds how often one crawl lists again because things changed while they were read. Each time is another
// pass over the source; passes are numbered over all crawls of a flow.
const (
	mostRelists = 3
	passes      = mostRelists + 1 // of one crawl
	passOf      = `(r.number * 4 + r.relisted)`
)

// lastPass is the last pass of a flow's newest crawl that has ended.
const lastPass = `coalesce((SELECT max(` + passOf + `) FROM run r WHERE r.flow_id = ? AND r.kind = 'crawl' AND r.finished > 0), 0)`

// passes gives the number of the pass that a crawl's listing is at, and of the one before it. Where nobody knows any more
// how often the crawl before listed, it is a pass that met nothing.
func (t tx) passes(ctx context.Context, l Listing) (pass, before int64, err error) {
	var number, again int64
	if err := t.row(ctx, `SELECT number, relisted FROM run WHERE id = ?`, l.RunID).Scan(&number, &again); err != nil {
		return 0, 0, err
	}
	pass = number*passes + again
	if again > 0 {
		return pass, pass - 1, nil
	}
	err = t.row(ctx, `SELECT coalesce(max(`+passOf+`), ?) FROM run r WHERE r.flow_id = ? AND r.kind = ? AND r.number = ?`, pass-1, l.FlowID, Crawl, number-1).Scan(&before)
	return pass, before, err
}

// RelistCrawl makes a crawl list once more if some of its splits changed after they were listed: what they have become
// is not known to it yet. It gives how many there are, and whether it lists again; after some times it no longer does.
func (s *Store) RelistCrawl(ctx context.Context, r Run) (changed int64, again bool, err error) {
	err = s.inTx(ctx, func(t tx) error {
		again = false
		err := t.row(ctx, `SELECT count(*) FROM delivery WHERE flow_id = ? AND run_id = ? AND state = ?`, r.FlowID, r.ID, Discarded).Scan(&changed)
		if err != nil || changed == 0 {
			return err
		}
		n, err := t.changed(ctx, `UPDATE run SET relisted = relisted + 1 WHERE id = ? AND state = ? AND relisted < ?`, r.ID, RunGoing, mostRelists)
		if err != nil || n == 0 {
			return err
		}
		again = true
		if err := t.exec(ctx, `UPDATE delivery SET run_id = 0 WHERE flow_id = ? AND run_id = ? AND state = ?`, r.FlowID, r.ID, Discarded); err != nil {
			return err
		}
		return t.exec(ctx, `UPDATE listing SET ended = 0, complete = 0, cursor = ?, due = ? WHERE run_id = ?`, []byte{}, micros(s.now()), r.ID)
	})
	return changed, again, err
}

// ApproveCrawl lets a crawl that waits for approval go on with its deletes.
func (s *Store) ApproveCrawl(ctx context.Context, uid string) error {
	return s.inTx(ctx, func(t tx) error {
		var id int64
		err := t.row(ctx, `UPDATE run SET state = ?, error = '', spec = ? WHERE uid = ? AND kind = ? AND state = ? RETURNING id`, RunGoing, `{"approved":true}`, uid, Crawl, RunHolding).Scan(&id)
		t.tell(ChangedRun, id)
		if isNoRows(err) {
			err = &fault.Error{Class: fault.Conflict, Code: "nothing_to_approve", Title: "run " + uid + " does not wait for approval"}
		}
		return err
	})
}

// CountUnseen notes how many items of its destination a complete crawl did not meet in its source.
func (s *Store) CountUnseen(ctx context.Context, runID, unseen int64) error {
	return s.inTx(ctx, func(t tx) error {
		t.tell(ChangedRun, runID)
		return t.exec(ctx, `UPDATE run SET unseen = ? WHERE id = ?`, unseen, runID)
	})
}

// HoldCrawl makes a crawl wait for approval.
func (s *Store) HoldCrawl(ctx context.Context, runID int64, reason string) error {
	return s.inTx(ctx, func(t tx) error {
		t.tell(ChangedRun, runID)
		return t.exec(ctx, `UPDATE run SET state = ?, error = ? WHERE id = ? AND state = ?`, RunHolding, reason, runID, RunGoing)
	})
}

// A DeleteRange is a part of a destination's inventory, by the hashes of keys: of what is in it, what a crawl did not see is
// deleted. What that is, is looked up when it is read: millions of keys are never in hand, nor in one transaction.
type DeleteRange struct {
	After int64 `json:"after"`
	UpTo  int64 `json:"upTo"`
}

// rangeItems is about how many of the items to be deleted one range has.
const rangeItems = 1000

// StartDeletes decides a crawl's deletes: the items that it did not see, so many, become splits of its flow, delivered
// like anything else. false: somebody else has decided them already.
func (s *Store) StartDeletes(ctx context.Context, r Run, sourceID, unseen int64) (bool, error) {
	var first int64
	err := s.inTx(ctx, func(t tx) error {
		var err error
		first, err = t.changed(ctx, `UPDATE run SET deleting = 1 WHERE id = ? AND state = ? AND deleting = 0`, r.ID, RunGoing)
		if err != nil || first == 0 {
			return err
		}
		return t.putDeletes(ctx, r, sourceID, unseen)
	})
	return first > 0, err
}

// putDeletes cuts the inventory into ranges, so many that each has some of the items that a run did not see: hashes lie
// evenly.
func (t tx) putDeletes(ctx context.Context, r Run, sourceID, unseen int64) error {
	n := uint64(max(0, unseen+rangeItems-1) / rangeItems) //nolint:gosec // not below 0
	after := int64(math.MinInt64)
	for i := range n {
		upTo := int64(math.MaxInt64)
		if i < n-1 {
			upTo = after + int64(math.MaxUint64/n) //nolint:gosec // no more than half of all, since n is at least 2 here
		}
		inline, err := json.Marshal(DeleteRange{after, upTo})
		if err != nil {
			return err
		}
		if err := t.putOwn(ctx, sourceID, r, fmt.Sprintf("%s%s:%d", DeletePrefix, r.UID, i), inline); err != nil {
			return err
		}
		after = upTo
	}
	return nil
}

// removalSpec is the request of a run that empties a mirror's destination before its flow is removed.
const removalSpec = `{"removal":true}`

// Removal tells whether the run deletes all items of its flow's destination, as the flow's end.
func (r Run) Removal() bool { return r.Kind == Crawl && string(r.Spec) == removalSpec }

// StartRemoval begins the end of a mirror flow: a run that deletes every item of its destination. Whoever ends the run
// removes the flow if all went well. Conflict (crawl_open) while a crawl is under way.
func (s *Store) StartRemoval(ctx context.Context, flow Object) (Run, error) {
	r := s.newRun(ctx, Run{Kind: Crawl, FlowID: flow.ID, Deleting: true, Spec: json.RawMessage(removalSpec)})
	err := s.inTx(ctx, func(t tx) error {
		if err := t.putRun(ctx, &r); err != nil {
			return err
		}
		var all int64
		if err := t.row(ctx, `SELECT count(*) FROM inventory WHERE destination_id = ?`, flow.DestinationID).Scan(&all); err != nil {
			return err
		}
		return t.putDeletes(ctx, r, flow.SourceID, all)
	})
	return r, err
}

// putOwn makes a split of ours with its delivery to a run's flow, due now.
func (t tx) putOwn(ctx context.Context, sourceID int64, r Run, id string, inline []byte) error {
	now := micros(t.s.now())
	hash := SplitHash(id)
	var split int64
	if err := t.row(ctx, `INSERT INTO split (source_id, hash, stream, time, ready, expires, listed_at) VALUES (?,?,?,?,0,0,?) RETURNING id`,
		sourceID, hash[:], r.Kind, now, now).Scan(&split); err != nil {
		return err
	}
	if err := t.putBody(ctx, split, splitBody{ID: id, Inline: inline}); err != nil {
		return err
	}
	if err := t.exec(ctx, `INSERT INTO delivery (flow_id, split_id, run_id, generation, lane, state, due, time) VALUES (?,?,?,?,0,0,?,?)`, r.FlowID, split, r.ID, r.ID, now, now); err != nil {
		return err
	}
	return t.wakeLanes(ctx, r.FlowID, now)
}

// settleReplay says of each letter that a replay took whether it was sent, and opens the others again: their deliveries
// failed or were canceled. Nothing happens for other runs.
func (t tx) settleReplay(ctx context.Context, runID int64) error {
	var uid, text string
	err := t.row(ctx, `SELECT uid, spec FROM run WHERE id = ? AND kind = ?`, runID, Replay).Scan(&uid, &text)
	if isNoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var spec struct {
		DeadLetters []string `json:"deadLetters"`
	}
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return fault.New(fault.Internal, "read run %s: %w", uid, err)
	}
	tally := letterTally{}
	for _, letter := range spec.DeadLetters {
		hash := SplitHash(ReplayPrefix + uid + ":" + letter)
		var sent int
		if err := t.row(ctx, `SELECT count(*) FROM delivery d JOIN split s ON s.id = d.split_id WHERE d.run_id = ? AND d.state = ? AND s.hash = ?`, runID, Delivered, hash[:]).Scan(&sent); err != nil {
			return err
		}
		state := LetterReplayed
		if sent == 0 {
			state = LetterOpen
		}
		if _, err := t.moveLetter(ctx, tally, letter, state, LetterReplaying); err != nil {
			return err
		}
	}
	if err := t.addLetters(ctx, tally); err != nil {
		return err
	}
	// A letter that is open again may be replayed again; what failed of this one must not be sent beside that.
	return t.exec(ctx, `UPDATE delivery SET state = ? WHERE run_id = ? AND state IN (?, ?)`, Discarded, runID, Failed, Lost)
}

// A ReplayedRecord is a dead letter on its way again.
type ReplayedRecord struct {
	Key    string       `json:"key"`
	Op     connector.Op `json:"op"`
	Time   time.Time    `json:"time"`
	Stream string       `json:"stream"`
	Body   []byte       `json:"body"`
}

// ReplayLetters sends open letters of one flow again, as a run. Conflict if one is not open or has no body.
func (s *Store) ReplayLetters(ctx context.Context, flow Object, letters []DeadLetter) (Run, error) {
	uids := make([]string, len(letters))
	for i, d := range letters {
		uids[i] = d.UID
	}
	spec, err := json.Marshal(map[string]any{"deadLetters": uids})
	if err != nil {
		return Run{}, err
	}
	r := s.newRun(ctx, Run{Kind: Replay, FlowID: flow.ID, Spec: spec})
	err = s.inTx(ctx, func(t tx) error {
		if err := t.putRun(ctx, &r); err != nil {
			return err
		}
		tally := letterTally{}
		for _, d := range letters {
			id, err := t.moveLetter(ctx, tally, d.UID, LetterReplaying, LetterOpen)
			if err != nil {
				return err
			}
			if id == 0 || len(d.Body) == 0 {
				return &fault.Error{Class: fault.Conflict, Code: "dead_letter_not_replayable", Title: fmt.Sprintf("dead letter %s is not open, or its record was too large to be kept", d.UID)}
			}
			inline, err := json.Marshal(ReplayedRecord{d.Key, d.Op, d.Time, d.Stream, d.Body})
			if err != nil {
				return err
			}
			if err := t.putOwn(ctx, flow.SourceID, r, ReplayPrefix+r.UID+":"+d.UID, inline); err != nil {
				return err
			}
		}
		return t.addLetters(ctx, tally)
	})
	return r, err
}
