package dispatch_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/dispatch"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/store/storetest"
	"github.com/jackc/pgx/v5"
)

// postgres gives a fresh database whose time is the server's, as nodes have it.
func postgres(t *testing.T) *storetest.Database {
	t.Helper()
	d := storetest.Postgres(t)
	d.Options.Now = nil
	return d
}

// riverNode is one node with its engine.
type riverNode struct {
	*node
	river *dispatch.River
	stop  func()
}

// startNode starts a node on a database. It ends with the test, if it was not stopped before.
func startNode(t *testing.T, d *storetest.Database, w *world, name string, set engine.Settings, wrap func(connector.Destination) connector.Destination) *riverNode {
	t.Helper()
	n := &riverNode{node: &node{world: w, wrap: wrap}, river: dispatch.NewRiver(logTo(t))}
	n.river.Store = d.Open(t)
	n.river.Engine = engine.New(engine.Options{Store: n.river.Store, Opener: n.node, Settings: set, Node: name, Wake: n.river.Wake, Log: logTo(t)})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- n.river.Run(ctx) }()
	stopped := false
	n.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("node %s ended with %v", name, err)
		}
		_ = n.river.Engine.Close()
	}
	t.Cleanup(n.stop)
	return n
}

// short are settings with short turns and a short lease, so that a test sees many.
func short() engine.Settings {
	s := engine.DefaultSettings()
	s.Lease, s.Renew, s.Turn, s.Grace = 3*time.Second, 500*time.Millisecond, 200*time.Millisecond, time.Second
	return s
}

func TestNodesShareTheWork(t *testing.T) {
	t.Parallel()
	d, w := postgres(t), newWorld()
	for i := range 6 {
		splits(w.add(fmt.Sprintf("t%d", i), connectortest.SourceOptions{Interval: time.Hour, Page: 10}), 60)
	}
	w.configure(t, d.Open(t))
	slow := func(dst connector.Destination) connector.Destination {
		return connectortest.SlowWrite(dst, 30*time.Millisecond)
	}
	a := startNode(t, d, w, "a", short(), slow)
	b := startNode(t, d, w, "b", short(), slow)
	eventually(t, time.Minute, "all records delivered", func() bool { missing, _ := w.missing(); return missing == 0 })
	a.stop()
	b.stop()
	if _, twice := w.missing(); twice > 0 {
		t.Errorf("%d records were written twice", twice)
	}
	if a.written() == 0 || b.written() == 0 { // how much each does is a matter of who is free when
		t.Errorf("node a wrote %d batches, node b %d: that is not shared", a.written(), b.written())
	}
}

func TestAKilledNodeIsReplacedWithinItsLease(t *testing.T) {
	t.Parallel()
	d, w := postgres(t), newWorld()
	splits(w.add(helperSource, connectortest.SourceOptions{Interval: time.Hour}), helperSplits)
	w.configure(t, d.Open(t))
	helper := startHelper(t, d)
	helper.says(t, "writing") // it holds the lane, and its job runs
	b := startNode(t, d, w, "b", short(), nil)
	wait(2 * short().Lease)
	if b.written() > 0 {
		t.Error("the lane of a node that is alive, if slow, was taken over")
	}
	helper.kill(t)
	killed := time.Now()
	eventually(t, time.Minute, "the killed node's lane goes on", func() bool { missing, _ := w.missing(); return missing == 0 })
	if took := time.Since(killed); took > short().Lease+3*time.Second {
		t.Errorf("that took %s; the lease lasts %s", took, short().Lease)
	}
	if _, twice := w.missing(); twice > 0 {
		t.Errorf("%d records were written twice", twice)
	}
}

func TestAJobThatDiedBeforeItsLeaseBlocksNoLaneForLong(t *testing.T) {
	t.Parallel()
	d, w := postgres(t), newWorld()
	splits(w.add(helperSource, connectortest.SourceOptions{Interval: time.Hour}), helperSplits)
	s := d.Open(t)
	w.configure(t, s)
	conn := connect(t, d)
	lock := begin(t, conn, `BEGIN; LOCK TABLE turn IN SHARE MODE`)
	defer lock()
	helper := startHelper(t, d)
	// The node can see that there is work, and hand it out as jobs; it can't take the lease.
	eventually(t, 30*time.Second, "jobs run without a lease", func() bool { return count(t, d, `SELECT count(*) FROM river_job WHERE state = 'running'`) > 0 })
	helper.kill(t)
	if _, err := conn.Exec(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "the killed node's connections are gone", func() bool {
		return count(t, d, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 0
	})
	if n := count(t, d, `SELECT count(*) FROM listing WHERE lease_until > 0`); n > 0 {
		t.Fatal("the node had the lease: this is another test")
	}
	freed := time.Now()
	startNode(t, d, w, "b", short(), nil)
	eventually(t, time.Minute, "the turn is handed out again", func() bool { missing, _ := w.missing(); return missing == 0 })
	if took := time.Since(freed); took > 25*time.Second {
		t.Errorf("that took %s", took)
	}
}

func TestWorkGoesOnWhenTheQueueIsEmptied(t *testing.T) {
	t.Parallel()
	d, w := postgres(t), newWorld()
	source := w.add("a", connectortest.SourceOptions{Interval: time.Hour, Page: 5})
	splits(source, 100)
	w.configure(t, d.Open(t))
	n := startNode(t, d, w, "a", short(), func(dst connector.Destination) connector.Destination {
		return connectortest.SlowWrite(dst, 20*time.Millisecond)
	})
	for range 5 {
		wait(200 * time.Millisecond)
		storetest.Exec(t, d.Options.URL, `TRUNCATE river_job, river_leader, river_queue`)
	}
	source.Put(connector.Split{ID: "late", Stream: "s", Time: connectortest.Start}, connectortest.Records(5000, 5010)...)
	if err := n.river.Store.ListNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.river.Wake()
	eventually(t, 30*time.Second, "all records delivered", func() bool { missing, _ := w.missing(); return missing == 0 })
	if _, twice := w.missing(); twice > 0 {
		t.Errorf("%d records were written twice", twice)
	}
}

func TestThePollThatFindsNothingMakesNoWorkItem(t *testing.T) {
	t.Parallel()
	d, w := postgres(t), newWorld()
	source := w.add("a", connectortest.SourceOptions{Interval: time.Second})
	splits(source, 20)
	w.add("b", connectortest.SourceOptions{Interval: time.Hour})
	w.configure(t, d.Open(t))
	startNode(t, d, w, "a", short(), nil)
	startNode(t, d, w, "b", short(), nil)
	eventually(t, 30*time.Second, "all records delivered", func() bool { missing, _ := w.missing(); return missing == 0 })
	wait(time.Second)
	listings, jobs, lanes := source.Listings(), jobsMade(t, d, "%"), jobsMade(t, d, "lane")
	wait(5 * time.Second)
	listings, jobs, lanes = source.Listings()-listings, jobsMade(t, d, "%")-jobs, jobsMade(t, d, "lane")-lanes
	if listings < 2 || listings > 6 {
		t.Errorf("%d listings in 5 s of a source that wants one a second", listings)
	}
	// Two nodes look at the same time; the one that comes too late may have put its job in for the turn after.
	if jobs > 2*listings+2 {
		t.Errorf("%d jobs for %d listings that found nothing", jobs, listings)
	}
	if lanes > 0 {
		t.Errorf("%d jobs for lanes without work", lanes)
	}
}

func TestEndedJobsAreRemoved(t *testing.T) {
	t.Parallel()
	d, w := postgres(t), newWorld()
	splits(w.add("a", connectortest.SourceOptions{Interval: time.Hour}), 20)
	w.configure(t, d.Open(t))
	first := startNode(t, d, w, "a", short(), nil)
	eventually(t, 30*time.Second, "all records delivered", func() bool { missing, _ := w.missing(); return missing == 0 })
	first.stop()
	if n := count(t, d, `SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'discarded', 'cancelled')`); n > 0 {
		t.Errorf("%d jobs have not ended though their node did", n)
	}
	ended := count(t, d, `SELECT count(*) FROM river_job`)
	storetest.Exec(t, d.Options.URL, `UPDATE river_job SET finalized_at = finalized_at - interval '2 minutes'`)
	second := startNode(t, d, w, "b", short(), nil)
	defer second.stop()
	if ended == 0 {
		t.Fatal("no job was made: there is nothing to remove")
	}
	eventually(t, 30*time.Second, "jobs that ended two minutes ago are removed", func() bool {
		return count(t, d, `SELECT count(*) FROM river_job WHERE finalized_at < now() - interval '1 minute'`) == 0
	})
}

func connect(t *testing.T, d *storetest.Database) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.Options.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// begin runs statements; the function it gives ends their transaction, if they began one that is still open.
func begin(t *testing.T, conn *pgx.Conn, statements string) func() {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
	return func() { _, _ = conn.Exec(context.Background(), `ROLLBACK`) }
}

func count(t *testing.T, d *storetest.Database, query string, args ...any) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.Options.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var n int
	if err := conn.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		return 0 // the queue's tables are not there yet
	}
	return n
}

// jobsMade counts the jobs that were made since the beginning: none is removed within a minute.
func jobsMade(t *testing.T, d *storetest.Database, kind string) int {
	t.Helper()
	return count(t, d, `SELECT count(*) FROM river_job WHERE kind LIKE $1`, kind)
}
