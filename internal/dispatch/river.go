package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
	"golang.org/x/sync/errgroup"
)

// River spreads turns over all nodes of one PostgreSQL. A job is one turn of one listing or lane; it is unique by
// the lease that the turn will end, so that a killed node's job, which River believes to be running, keeps nobody from the
// turn after it. River holds no state that matters: without its tables the next look fills them again.
//
// The lanes of a node's own disk are not carried anywhere: a pool like Local's works them beside River's.
type River struct {
	house
	Listers    int // listings at the same time on this node
	Deliverers int // lanes at the same time on this node, and as many of those that are at home here
}

// NewRiver makes a dispatcher. Its Wake is what the engine is given; Engine and Store are set before it runs.
func NewRiver(log *slog.Logger) *River {
	return &River{house: newHouse(log), Listers: 8, Deliverers: 8}
}

const (
	listingQueue = "listing"
	laneQueue    = "lane"

	// jobTime is more than a turn with its grace period can take; a job that lasts longer belonged to a killed node.
	jobTime = 2 * time.Minute

	// insertTime bounds the putting of jobs into the queue.
	insertTime = 10 * time.Second

	// stuck is how long a job can keep others of its turn out of the queue. A node that is killed between taking the
	// job and taking the lease leaves a job that runs, for River, and a turn that nobody has.
	stuck = 15 * time.Second
)

// listingTurn is the job of one listing's turn.
type listingTurn struct {
	ID    int64 `json:"id"`
	Lease int64 `json:"lease"`
}

// Kind names the job.
func (listingTurn) Kind() string { return "listing" }

// laneTurn is the job of one lane's turn.
type laneTurn struct {
	ID    int64 `json:"id"`
	Lease int64 `json:"lease"`
}

// Kind names the job.
func (laneTurn) Kind() string { return "lane" }

// Run works until ctx ends, then waits for the turns under way.
func (r *River) Run(ctx context.Context) error {
	pool, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	client, err := river.NewClient(riverpgxv5.New(pool), r.config())
	if err != nil {
		return fault.New(fault.Internal, "set up the queue: %w", err)
	}
	if err := client.Start(ctx); err != nil {
		return &fault.Error{Class: fault.Unavailable, Code: "queue", Title: "the queue in PostgreSQL cannot be started", Err: err, Hint: "look at the database server"}
	}
	var all errgroup.Group
	all.Go(func() error { return r.feed(ctx, r.bells[0], r.insertListings(client)) })
	all.Go(func() error { return r.feed(ctx, r.bells[1], r.insertLanes(client)) })
	all.Go(func() error { return r.pool(ctx, r.bells[2], r.Deliverers, r.dueAtHome, r.Engine.DeliverNext) })
	all.Go(func() error { return r.keepHouse(ctx) })
	err = all.Wait()
	<-client.Stopped()
	return err
}

func (r *River) config() *river.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[listingTurn]) error {
		return r.work(ctx, r.Engine.ListNext)
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[laneTurn]) error {
		return r.work(ctx, r.Engine.DeliverNext)
	}))
	return &river.Config{
		ID:      r.Engine.Node(),
		Workers: workers,
		Queues:  map[string]river.QueueConfig{listingQueue: {MaxWorkers: r.Listers}, laneQueue: {MaxWorkers: r.Deliverers}},
		// Our own settings bound a turn; the lease guards it.
		JobTimeout: jobTime, RescueStuckJobsAfter: 2 * jobTime, MaxAttempts: 1,
		CompletedJobRetentionPeriod: time.Minute, DiscardedJobRetentionPeriod: time.Minute, CancelledJobRetentionPeriod: time.Minute,
		FetchCooldown: 20 * time.Millisecond, FetchPollInterval: time.Second,
		Logger: slog.New(atLeast{r.Log.Handler(), slog.LevelWarn}),
	}
}

// work has the turn whose turn it is: the job only says that there is one.
func (r *River) work(ctx context.Context, next func(context.Context, int64) (bool, error)) error {
	did, err := next(ctx, 0)
	if err != nil {
		r.say(ctx, err)
		r.breathe(ctx)
	}
	if did {
		r.Wake()
	}
	return nil // the store says what is due again
}

// feed inserts a job for what is due, whenever a bell rings or something becomes due.
func (r *River) feed(ctx context.Context, bell <-chan struct{}, insert func(context.Context) (int, error)) error {
	for ctx.Err() == nil {
		n, err := insert(ctx)
		r.say(ctx, err)
		if n == 0 || err != nil {
			r.rest(ctx, bell)
		} else {
			r.pause(ctx, bell)
		}
	}
	return nil
}

// pause lets what was handed out be taken before the next look.
func (r *River) pause(ctx context.Context, bell <-chan struct{}) {
	timer := time.NewTimer(250 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-bell:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (r *River) dueAtHome(ctx context.Context) (int, error) {
	turns, err := r.Store.DueAtHome(ctx, r.Deliverers)
	return len(turns), err
}

func (r *River) insertListings(client *river.Client[pgx.Tx]) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		turns, err := r.Store.DueListings(ctx, 4*r.Listers)
		if err != nil {
			return 0, err
		}
		return insert(ctx, client, turns, listingQueue, func(t store.Turn) river.JobArgs { return listingTurn(t) })
	}
}

func (r *River) insertLanes(client *river.Client[pgx.Tx]) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		turns, err := r.Store.DueAnywhere(ctx, 4*r.Deliverers)
		if err != nil {
			return 0, err
		}
		return insert(ctx, client, turns, laneQueue, func(t store.Turn) river.JobArgs { return laneTurn(t) })
	}
}

// waiting are the states of a job that stands for a turn still to come. A completed one may have had another's turn.
var waiting = []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateScheduled, rivertype.JobStateRetryable}

// insert puts a job for each turn into the queue, unless there is one already.
func insert(ctx context.Context, client *river.Client[pgx.Tx], turns []store.Turn, queue string, args func(store.Turn) river.JobArgs) (int, error) {
	if len(turns) == 0 {
		return 0, nil
	}
	jobs := make([]river.InsertManyParams, len(turns))
	for i, turn := range turns {
		jobs[i] = river.InsertManyParams{Args: args(turn), InsertOpts: &river.InsertOpts{Queue: queue, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waiting, ByPeriod: stuck}}}
	}
	// A stop request does not tear it: River would complain of a notification that it could not send.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insertTime)
	defer cancel()
	if _, err := client.InsertMany(ctx, jobs); err != nil {
		return 0, &fault.Error{Class: fault.Unavailable, Code: "queue", Title: "turns cannot be put into the queue", Err: err, Hint: "look at the database server; work goes on by itself when it answers"}
	}
	return len(turns), nil
}

// connect opens River's own connections and brings its tables up to date, one node at a time.
func (r *River) connect(ctx context.Context) (*pgxpool.Pool, error) {
	pool, err := pgxpool.New(ctx, r.Store.URL())
	if err != nil {
		return nil, fault.New(fault.Invalid, "open the queue's connections: %w", err)
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = alone(ctx, pool, func() error {
			_, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
			return err
		})
	}
	if err != nil {
		pool.Close()
		return nil, &fault.Error{Class: fault.Unavailable, Code: "queue_schema", Title: "the queue's tables cannot be made", Err: err,
			Hint: "the database user must own the database or have CREATE on its schema"}
	}
	return pool, nil
}

// alone runs f while no other node does.
func alone(ctx context.Context, pool *pgxpool.Pool, f func() error) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	const lock = 0x72697665 // "rive"
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, lock); err != nil {
		return err
	}
	err = f()
	_, unlock := conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, lock)
	if unlock != nil {
		unlock = fmt.Errorf("unlock: %w", unlock)
	}
	return errors.Join(err, unlock)
}

// atLeast drops what is less important than a level.
type atLeast struct {
	slog.Handler
	level slog.Level
}

// Enabled tells whether a level is important enough.
func (a atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= a.level && a.Handler.Enabled(ctx, l)
}

// WithAttrs keeps the bound.
func (a atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{a.Handler.WithAttrs(attrs), a.level}
}

// WithGroup keeps the bound.
func (a atLeast) WithGroup(name string) slog.Handler {
	return atLeast{a.Handler.WithGroup(name), a.level}
}
