package crash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/store/storetest"
)

// TestFilesStayWithTheNodeThatHasThem runs `serve` twice on one PostgreSQL, each with a disk of its own. A flow's files grow at
// one node alone. While that node is dead the other writes none, and says whom the flow waits for; when it is back it goes on;
// and a person moves the flow when it is not to come back. Over both disks each record is there once.
func TestFilesStayWithTheNodeThatHasThem(t *testing.T) {
	t.Parallel()
	database := storetest.Postgres(t)
	scenario := clusterScenario()
	scenario.Content.EventsPerMinute = 600
	sim := serve(t, scenario, "")
	c := newCluster(t, sim, database.Options.URL, true)
	nodes := map[string]*process{"first": c.node(t, "first"), "second": c.node(t, "second")}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the first node said:\n%s\nthe second:\n%s", nodes["first"].stderr, nodes["second"].stderr)
		}
	})
	const flow = clusterFlow
	c.until(t, time.Minute, "every flow writes somewhere", func() bool {
		for _, name := range c.names() {
			if c.at("first", name)+c.at("second", name) == 0 {
				return false
			}
		}
		return true
	})
	home, other := "first", "second"
	if c.at(home, flow) == 0 {
		home, other = other, home
	}
	<-time.After(5 * time.Second) // many turns
	for _, name := range c.names() {
		if c.at("first", name) > 0 && c.at("second", name) > 0 {
			t.Errorf("flow %s writes on both disks", name)
		}
	}

	nodes[home].kill(t)
	c.until(t, 3*time.Minute, "the flow tells whom it waits for", func() bool {
		shown := c.ask(t, other, "flow", "show", flow)
		return strings.Contains(shown, "waits for node "+c.name(t, home)) && strings.Contains(shown, "headrace flow move "+flow+" --to "+c.name(t, other))
	})
	if n := c.at(other, flow); n > 0 {
		t.Errorf("the other node began %d bytes of files of its own", n)
	}

	nodes[home] = c.node(t, home)
	before := c.at(home, flow)
	c.until(t, 30*time.Second, "the flow goes on when its node is back", func() bool { return c.at(home, flow) > before })

	c.stop(t, nodes[home])
	c.ask(t, other, "flow", "move", flow, "--to", c.name(t, other), "--dry-run")
	<-time.After(3 * time.Second)
	if n := c.at(other, flow); n > 0 {
		t.Errorf("a dry run moved the flow: %d bytes", n)
	}
	c.ask(t, other, "flow", "move", flow, "--to", c.name(t, other), "--yes")
	c.until(t, 30*time.Second, "the flow goes on where it was moved to", func() bool { return c.at(other, flow) > 0 })
	nodes[home] = c.node(t, home) // it has other flows to go on with, and leaves this one alone
	left := c.at(home, flow)
	end := sim.sim.Clock().Now()
	<-time.After(8 * time.Second) // lag is 2 s
	c.stop(t, nodes[home])
	if code := startIn(t, filepath.Join(c.out, home), "", "", "run", "-f", c.file, "--once", "--progress", "none", "--data", c.folder(home), "--database", c.database, "--master-key", "file://"+c.keys).wait(t, 2*time.Minute); code != 0 {
		t.Errorf("the last run ended with %d", code)
	}
	c.stop(t, nodes[other])
	if c.at(home, flow) != left {
		t.Error("the node goes on with a flow that was moved away")
	}
	for _, name := range c.names() {
		c.compare(t, sim, name, end)
	}
}

// clusterFlow is one of the cluster's.
const clusterFlow = "tenant-0001"

// at is how many bytes a flow has on a node's own disk.
func (c *cluster) at(node, flow string) int64 { return bytesIn(filepath.Join(c.out, node, flow)) }

// name is what a node is called in the database.
func (c *cluster) name(t *testing.T, node string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(c.folder(node), "node"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

// ask asks a node that runs.
func (c *cluster) ask(t *testing.T, node string, args ...string) string {
	t.Helper()
	p := start(t, "", "", append(args, "--data", c.folder(node))...)
	if code := p.wait(t, time.Minute); code != 0 {
		t.Fatalf("%v ended with %d:\n%s", args, code, p.stderr)
	}
	return p.stderr.String()
}

func (c *cluster) stop(t *testing.T, p *process) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t, time.Minute); code != 0 {
		t.Errorf("a node that was asked to stop ended with %d:\n%s", code, p.stderr)
	}
}

func (c *cluster) until(t *testing.T, within time.Duration, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !so(); <-time.After(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

// compare holds a flow's files on both disks against the ledger.
func (c *cluster) compare(t *testing.T, sim *tenant, name string, until time.Time) {
	t.Helper()
	ledger, err := sim.sim.Ledger(name)
	if err != nil {
		t.Fatal(err)
	}
	var records [][]byte
	for _, node := range []string{"first", "second"} {
		if dir := filepath.Join(c.out, node, name); bytesIn(dir) > 0 {
			here, _ := harvest(t, dir)
			records = append(records, here...)
		}
	}
	difference := compareRecords(t, ledger, records, until)
	if !difference.Perfect() || difference.Due == 0 {
		t.Errorf("the files of %s differ from what the tenant offered: %s", name, difference)
	}
}
