package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// A Run is bounded work that has an end: a backfill, a replay, a crawl.
type Run struct {
	ID       int64           `json:"-"`
	UID      string          `json:"id"`
	Kind     string          `json:"kind"` // backfill, replay, crawl
	FlowID   int64           `json:"-"`
	Number   int64           `json:"number,omitempty"` // a crawl's
	State    string          `json:"state"`
	Spec     json.RawMessage `json:"spec"`
	Error    string          `json:"error,omitempty"`
	Deleting bool            `json:"deleting,omitempty"` // a crawl's: its deletes are on their way
	All      bool            `json:"all,omitempty"`      // a crawl's: it reads what has not changed too
	Unseen   *int64          `json:"unseen,omitempty"`   // a crawl's: items of the destination that it did not meet in the source; missing: it can't tell
	By       string          `json:"begun_by,omitempty"` // who asked for it; "": headrace itself
	Created  time.Time       `json:"created"`
	Finished time.Time       `json:"finished,omitzero"`
}

// Kinds and states of runs.
const (
	Backfill = "backfill"
	Replay   = "replay"
	Crawl    = "crawl"

	RunGoing     = "running"
	RunHolding   = "waiting for approval"
	RunSucceeded = "succeeded"
	RunDead      = "succeeded with dead letters"
	RunFailed    = "failed"
	RunCanceled  = "canceled"
)

// A RunListing says what a run lists, and from which cursor.
type RunListing struct {
	SourceID int64
	Cursor   []byte
	Tenant   string
	Again    bool // deliver also what was delivered before: a new generation
}

// CreateRun stores a new run. With a listing, its splits are listed and delivered to the run's flow.
func (s *Store) CreateRun(ctx context.Context, r Run, listing *RunListing) (Run, error) {
	r = s.newRun(ctx, r)
	err := s.inTx(ctx, func(t tx) error {
		if err := t.putRun(ctx, &r); err != nil || listing == nil {
			return err
		}
		generation := int64(0)
		if listing.Again {
			generation = r.ID
		}
		return t.exec(ctx, `INSERT INTO listing (source_id, run_id, flow_id, generation, cursor, tenant, due, paused)
			VALUES (?,?,?,?,?,?,?, coalesce((SELECT paused FROM object WHERE id = ? AND kind = ?), 0))`,
			listing.SourceID, r.ID, r.FlowID, generation, nonNil(listing.Cursor), listing.Tenant, micros(r.Created), listing.SourceID, Source)
	})
	return r, err
}

// newRun gives a run what every one begins with.
func (s *Store) newRun(ctx context.Context, r Run) Run {
	r.UID, r.State, r.Created, r.By = newUID("run_"), RunGoing, s.now(), actor(ctx)
	return r
}

// putRun stores a new run with its counts, and fills in its row and a crawl's number. Conflict (crawl_open) for a crawl
// beside another.
func (t tx) putRun(ctx context.Context, r *Run) error {
	if r.Kind == Crawl {
		if err := t.onlyCrawl(ctx, r.FlowID); err != nil {
			return err
		}
		var err error
		if r.Number, err = t.nextCrawl(ctx, r.FlowID); err != nil {
			return err
		}
	}
	if err := t.row(ctx, `INSERT INTO run (uid, kind, flow_id, number, state, deleting, reads_all, spec, begun_by, created) VALUES (?,?,?,?,?,?,?,?,?,?) RETURNING id`,
		r.UID, r.Kind, r.FlowID, r.Number, r.State, flag(r.Deleting), flag(r.All), string(r.Spec), r.By, micros(r.Created)).Scan(&r.ID); err != nil {
		return err
	}
	t.tell(ChangedRun, r.ID)
	return t.addCounts(ctx, r.FlowID, r.ID, Counts{})
}

// onlyCrawl refuses a crawl beside an open one, also when two nodes begin one at the same time.
func (t tx) onlyCrawl(ctx context.Context, flowID int64) error {
	if t.s.kind == onPostgres {
		if err := t.exec(ctx, `SELECT id FROM object WHERE id = ? FOR UPDATE`, flowID); err != nil {
			return err
		}
	}
	var open int
	err := t.row(ctx, `SELECT count(*) FROM run WHERE flow_id = ? AND kind = ? AND state IN (?, ?)`, flowID, Crawl, RunGoing, RunHolding).Scan(&open)
	if err == nil && open > 0 {
		err = &fault.Error{Class: fault.Conflict, Code: "crawl_open", Title: "a crawl of this flow is under way", Hint: "headrace run list shows it; cancel it to begin another"}
	}
	return err
}

const runColumns = `id, uid, kind, flow_id, number, state, deleting, reads_all, unseen, spec, error, begun_by, created, finished`

func scanRun(scan func(...any) error) (Run, error) {
	var (
		r                 Run
		spec              string
		created, finished int64
		deleting, all     int64
		unseen            int64
	)
	err := scan(&r.ID, &r.UID, &r.Kind, &r.FlowID, &r.Number, &r.State, &deleting, &all, &unseen, &spec, &r.Error, &r.By, &created, &finished)
	r.Deleting, r.All = deleting != 0, all != 0
	if unseen >= 0 {
		r.Unseen = &unseen
	}
	r.Spec, r.Created, r.Finished = json.RawMessage(spec), moment(created), moment(finished)
	return r, err
}

// A RunQuery picks the newest runs: of a flow (0: all), in a state ("": any).
type RunQuery struct {
	FlowID int64
	State  string
	Limit  int
}

// Runs gives runs, the newest first.
func (s *Store) Runs(ctx context.Context, q RunQuery) ([]Run, error) {
	f := RunFilter{FlowID: q.FlowID}
	if q.State != "" {
		f.States = []string{q.State}
	}
	return s.runs(ctx, f.where(), q.Limit)
}

// Run gives one by UID. NotFound if there is none.
func (s *Store) Run(ctx context.Context, uid string) (Run, error) {
	r, err := scanRun(s.reading().row(ctx, `SELECT `+runColumns+` FROM run WHERE uid = ?`, uid).Scan)
	if isNoRows(err) {
		return r, &fault.Error{Class: fault.NotFound, Code: "run_not_found", Title: "there is no run " + uid, Hint: "headrace run list shows the newest ones"}
	}
	return r, s.trouble(err)
}

// RunByID gives one by its number. NotFound if there is none.
func (s *Store) RunByID(ctx context.Context, id int64) (Run, error) {
	r, err := scanRun(s.reading().row(ctx, `SELECT `+runColumns+` FROM run WHERE id = ?`, id).Scan)
	if isNoRows(err) {
		return r, notFound("run", fmt.Sprint(id))
	}
	return r, s.trouble(err)
}

// RunProgress is how far a run has come.
type RunProgress struct {
	Listing bool  `json:"listing"` // it is still listing
	Windows int   `json:"windows"` // ranges left to list, as far as the source can tell
	Pending int64 `json:"pending"` // deliveries that wait
	Failed  int64 `json:"failed"`
	Lost    int64 `json:"lost"`
}

// Progress tells how far a run has come.
func (s *Store) Progress(ctx context.Context, r Run) (RunProgress, error) {
	all, err := s.RunsProgress(ctx, []Run{r})
	return all[r.ID], err
}

// Unlisted gives the trouble for which a backfill's listing left streams out when it ended; nil: all was listed. A crawl knows by
// itself whether it was complete.
func (s *Store) Unlisted(ctx context.Context, r Run) (*Trouble, error) {
	if r.Kind != Backfill {
		return nil, nil
	}
	var text string
	err := s.reading().row(ctx, `SELECT error FROM listing WHERE run_id = ?`, r.ID).Scan(&text)
	if isNoRows(err) {
		return nil, nil
	}
	return parseTrouble(text), s.trouble(err)
}

// EndRun sets the state of a running run and ends its listing; who holds that one loses the lease. Canceled, what still
// waits goes back to what it was before the run: delivered, failed or lost, and discarded if only the run wanted it.
// Nothing happens if it has ended already.
func (s *Store) EndRun(ctx context.Context, id int64, state, reason string) error {
	return s.inTx(ctx, func(t tx) error {
		// The listing first: one that is being committed has it locked, and its splits must be seen below.
		var flow int64
		err := t.row(ctx, `UPDATE listing SET ended = 1, lease = lease + 1, lease_until = 0 WHERE run_id = ? AND ended = 0
			AND EXISTS (SELECT 1 FROM run r WHERE r.id = ? AND r.state IN (?, ?)) RETURNING flow_id`, id, id, RunGoing, RunHolding).Scan(&flow)
		if err != nil && !isNoRows(err) {
			return err
		}
		err = t.row(ctx, `UPDATE run SET state = ?, error = ?, finished = ? WHERE id = ? AND state IN (?, ?) RETURNING flow_id`,
			state, reason, micros(s.now()), id, RunGoing, RunHolding).Scan(&flow)
		if isNoRows(err) {
			return nil
		}
		if err != nil {
			return err
		}
		t.tell(ChangedRun, id)
		t.tell(Flow, flow)
		if err := t.settleReplay(ctx, id); err != nil || state != RunCanceled {
			return err
		}
		var splits []int64
		if err := t.each(ctx, `SELECT split_id FROM delivery WHERE flow_id = ? AND run_id = ? AND state IN (0, 3)`, []any{flow, id}, func(scan func(...any) error) error {
			var split int64
			err := scan(&split)
			splits = append(splits, split)
			return err
		}); err != nil {
			return err
		}
		if err := t.lockSplits(ctx, splits); err != nil {
			return err
		}
		if err := t.exec(ctx, `UPDATE delivery SET state = prior, revision = 0 WHERE flow_id = ? AND run_id = ? AND state IN (0, 3)`, flow, id); err != nil {
			return err
		}
		return t.forgetBodies(ctx, splits)
	})
}
