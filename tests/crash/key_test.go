package crash

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/m365sim"
	"github.com/headrace/headrace/internal/store/storetest"
)

// TestTheDataKeyIsRotatedOverNodes rotates it with `serve` running twice on one PostgreSQL: with a node that was killed, and
// by a command that is killed in the middle. Every secret must open at every node, whatever happened.
func TestTheDataKeyIsRotatedOverNodes(t *testing.T) {
	t.Parallel()
	database := storetest.Postgres(t)
	scenario := m365sim.DefaultScenario()
	scenario.Content.Events = 0
	r := newKeyRig(t, serve(t, scenario, ""), database.Options.URL)
	r.run(t, 0, "", "init")
	first, second := r.node(t, "first"), r.node(t, "second")
	r.sees(t, 3) // and the command that looks
	r.add(t, "first", "one")
	r.add(t, "second", "two")

	before := r.keys(t).KeyID
	r.run(t, 0, "", "key", "rotate", "--yes")
	if got := r.keys(t); got.KeyID == before || got.Keys != 1 {
		t.Errorf("after the rotation: %+v, it was %s", got, before)
	}
	r.opens(t)

	// A node is killed; its report grows old.
	before = r.keys(t).KeyID
	second.kill(t)
	name := r.nodeOf(t, second)
	r.age(t, name)
	said := r.run(t, 7, "", "key", "rotate", "--yes")
	for _, want := range []string{"these nodes do not report: " + name, "nothing is sealed by it yet", "--forget-node " + name, "goes on where it stopped"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	if got := r.keys(t); got.KeyID != before || got.Keys != 2 {
		t.Errorf("a rotation that waits for a node: %+v", got)
	}
	r.add(t, "first", "three")
	r.opens(t)
	if said := r.run(t, 0, "", "key", "rotate", "--yes", "--forget-node", name); !strings.Contains(said, "the rotation that was stopped is at its end") {
		t.Errorf("it said %s", said)
	}
	if got := r.keys(t); got.KeyID == before || got.Keys != 1 {
		t.Errorf("after the rotation went on: %+v", got)
	}
	r.opens(t)

	// The command is killed; a new one goes on.
	for range 3 {
		p := r.start(t, "", "key", "rotate", "--yes")
		p.killAfter(t, 100*time.Millisecond+rand.N(4*time.Second))
		gone := r.nodeOf(t, p)
		r.add(t, "first", "more-"+gone)
		r.run(t, 0, "", "key", "rotate", "--yes", "--forget-node", gone)
		if got := r.keys(t); got.Keys != 1 {
			t.Errorf("after the rotation went on: %+v", got)
		}
		r.opens(t)
	}
	if err := first.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := first.wait(t, time.Minute); code != 0 {
		t.Errorf("the node ended with %d:\n%s", code, first.stderr)
	}
	r.sees(t, 1)
}

// keyRig is what the nodes and commands have in common.
type keyRig struct {
	dir, database string
	sim           *tenant
	names         []string
}

func newKeyRig(t *testing.T, sim *tenant, database string) *keyRig {
	t.Helper()
	dir, err := os.MkdirTemp("", "hr") //nolint:usetesting // t.TempDir is too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return &keyRig{dir: dir, database: database, sim: sim}
}

// start starts a command with a node's data folder, or "" for one of its own: then it opens the database itself.
func (r *keyRig) start(t *testing.T, node string, args ...string) *process {
	t.Helper()
	if node == "" {
		node = "command"
	}
	return start(t, "", r.sim.ClientSecret, append(args, "--data", filepath.Join(r.dir, node), "--database", r.database, "--master-key", "file://"+filepath.Join(r.dir, "master.key"))...)
}

// run runs a command to its end and gives what it said.
func (r *keyRig) run(t *testing.T, want int, node string, args ...string) string {
	t.Helper()
	p := r.start(t, node, args...)
	if code := p.wait(t, 2*time.Minute); code != want {
		t.Fatalf("%v ended with %d, want %d:\n%s", args, code, want, p.stderr)
	}
	return p.stderr.String()
}

func (r *keyRig) node(t *testing.T, name string) *process {
	t.Helper()
	p := r.start(t, name, "serve", "--log-format", "json")
	r.until(t, name+" serves", func() bool { return strings.Contains(p.stderr.String(), `"msg":"serving"`) })
	return p
}

func (r *keyRig) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.After(time.Minute); !ok(); {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-deadline:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

type keyInfo struct {
	KeyID string `json:"key_id"`
	Keys  int    `json:"keys"`
	Nodes []struct{ Name string }
}

func (r *keyRig) keys(t *testing.T) keyInfo {
	t.Helper()
	var v keyInfo
	if text := r.run(t, 0, "", "key", "show-id", "--json"); json.Unmarshal([]byte(text), &v) != nil {
		t.Fatalf("not readable: %s", text)
	}
	return v
}

// sees waits until so many nodes are there.
func (r *keyRig) sees(t *testing.T, n int) {
	t.Helper()
	r.until(t, fmt.Sprintf("%d nodes", n), func() bool { return len(r.keys(t).Nodes) == n })
}

func (*keyRig) nodeOf(t *testing.T, p *process) string {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s-%d", host, p.cmd.Process.Pid)
}

// age makes a node's last report ten minutes old.
func (r *keyRig) age(t *testing.T, name string) {
	t.Helper()
	storetest.Exec(t, r.database, `UPDATE node SET seen = seen - 600000000 WHERE name = '`+name+`'`)
}

// add saves a credential through a node.
func (r *keyRig) add(t *testing.T, node, name string) {
	t.Helper()
	r.run(t, 0, node, "credential", "add", name, "--type", "office-365-management-api", "--client-id", r.sim.ClientID, "--tenant-id", r.sim.ID, "--cloud", "custom", "--endpoint-login", r.sim.sim.LoginURL(),
		"--endpoint-management", r.sim.sim.ManagementURL(), "--endpoint-ca", r.sim.ca, "--client-secret-stdin")
	r.names = append(r.names, name)
}

// opens wants every secret to open, at the first node and for a command that reads the database anew.
func (r *keyRig) opens(t *testing.T) {
	t.Helper()
	for _, name := range r.names {
		for _, node := range []string{"first", ""} {
			r.run(t, 0, node, "credential", "test", name)
		}
	}
}
