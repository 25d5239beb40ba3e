package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/internal/telemetry"
)

// A Change says that something is not as it was. It is told when it is committed, by the process that did it.
type Change struct {
	Kind string `json:"k"` // credential, source, destination, flow, run, progress (a flow's), letters (a flow's)
	ID   int64  `json:"i"` // of the object or the run
}

// Kinds of changes beside those of objects.
const (
	ChangedRun      = "run"
	ChangedProgress = "progress"
	ChangedLetters  = "letters"
)

// Watch says who is told of changes from now on. It must return at once; it is called from every goroutine that commits.
// It is set once, before anything is committed.
func (s *Store) Watch(told func(Change)) { s.told = told }

// every stands for all flows, where it is not known of which.
const every = -1

// tell notes a change, to be told when the transaction is committed.
func (t tx) tell(kind string, id int64) {
	if t.changes != nil && id != 0 {
		*t.changes = append(*t.changes, Change{kind, id})
	}
}

// channel is where nodes tell each other of changes.
const channel = "headrace_change"

// LongestNotice is how many bytes a notice may have (PostgreSQL's manual, NOTIFY).
const LongestNotice = 7900

// Notify sends a notice to the other nodes. On SQLite there are none.
func (s *Store) Notify(ctx context.Context, notice string) error {
	if s.kind != onPostgres {
		return nil
	}
	_, err := s.write.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, notice)
	return s.trouble(err)
}

// Listen hands notices of the other nodes to heard until ctx ends, this node's own among them. lost is called when some may have been
// missed. On SQLite there are none: it returns at once.
func (s *Store) Listen(ctx context.Context, heard func(notice string), lost func()) {
	if s.kind != onPostgres {
		return
	}
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, time.Minute) {
		began := time.Now()
		err := s.listen(ctx, heard)
		if ctx.Err() != nil {
			return
		}
		lost()
		s.log.Debug("changes of other nodes are not heard", telemetry.Err, err)
		if time.Since(began) > time.Minute {
			pause = time.Second
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

func (s *Store) listen(ctx context.Context, heard func(string)) error {
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		return err
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		heard(n.Payload)
	}
}

// RunsWithIDs gives runs by their numbers. What is not there is left out.
func (s *Store) RunsWithIDs(ctx context.Context, ids []int64) (map[int64]Run, error) {
	found := map[int64]Run{}
	err := s.reading().chunks(ctx, ids, func(marks string) string {
		return `SELECT ` + runColumns + ` FROM run WHERE id IN (` + marks + `)`
	}, func(scan func(...any) error) error {
		r, err := scanRun(scan)
		found[r.ID] = r
		return err
	})
	return found, s.trouble(err)
}
