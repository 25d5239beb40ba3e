package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/m365sim"
	"github.com/headrace/headrace/internal/store/storetest"
)

const clusterTenants = 4

// TestTwoNodesShareOnePostgreSQLAndOneIsKilled runs `serve` twice on one database. Both write files of the same disk, so
// that a lane can go on at the other node.
func TestTwoNodesShareOnePostgreSQLAndOneIsKilled(t *testing.T) {
	t.Parallel()
	database := storetest.Postgres(t)
	scenario := clusterScenario()
	sim := serve(t, scenario, "")
	c := newCluster(t, sim, database.Options.URL, false)

	first, second := c.node(t, "first"), c.node(t, "second")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the first node said:\n%s\nthe second:\n%s", first.stderr, second.stderr)
		}
	})
	c.grows(t, time.Minute, "both nodes are up")
	<-time.After(10 * time.Second)
	first.kill(t)
	killed := time.Now()
	c.grows(t, time.Minute, "the killed node's lanes go on")
	t.Logf("every flow had written again %s after the kill", time.Since(killed).Round(time.Second))

	third := c.node(t, "third")
	<-time.After(10 * time.Second)
	end := sim.sim.Clock().Now()
	<-time.After(5 * time.Second) // lag is 2 s
	for _, p := range []*process{second, third} {
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if code := p.wait(t, time.Minute); code != 0 {
			t.Errorf("a node that was asked to stop ended with %d:\n%s", code, p.stderr)
		}
		for line := range strings.Lines(p.stderr.String()) {
			if strings.Contains(line, "file_locked") || strings.Contains(line, "receipt_mismatch") || strings.Contains(line, `"level":"ERROR"`) {
				t.Errorf("a node complains: %s", line)
			}
		}
	}
	if code := c.start(t, "run", "-f", c.file, "--once", "--progress", "none").wait(t, 2*time.Minute); code != 0 {
		t.Errorf("the last run ended with %d", code)
	}
	for _, name := range c.names() {
		compareTenant(t, sim, name, filepath.Join(c.out, name), end)
	}
}

func clusterScenario() m365sim.Scenario {
	scenario := m365sim.DefaultScenario()
	scenario.Limits.RequestsPerMinute = 0
	scenario.Content.Events, scenario.Content.History = 3_000, hours(12)
	scenario.Content.EventsPerMinute, scenario.Content.BlobEvery = 3_000, m365sim.Duration(time.Second)
	scenario.Content.RecordsPerBlob = m365sim.Span{Min: 1, Max: 60}
	scenario.Tenants = []m365sim.Tenant{{Name: "tenant", Count: clusterTenants}}
	return scenario
}

// cluster is what all nodes have in common.
type cluster struct {
	*workplace
	database, keys string
	apart          bool // each node has a disk of its own: a folder below out, where it is started
}

func newCluster(t *testing.T, sim *tenant, database string, apart bool) *cluster {
	t.Helper()
	dir := t.TempDir()
	c := &cluster{database: database, apart: apart, keys: filepath.Join(dir, "master.key"),
		workplace: &workplace{data: filepath.Join(dir, "init"), file: filepath.Join(dir, "collect.yaml"), out: filepath.Join(dir, "out")}}
	var text strings.Builder
	for i, tenant := range sim.sim.Tenants() {
		name, secret := c.names()[i], filepath.Join(dir, "secret-"+tenant.Name)
		path := filepath.Join(c.out, name)
		if apart {
			path = name
		}
		if err := os.WriteFile(secret, []byte(tenant.ClientSecret), 0o600); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, `apiVersion: headrace/v1
kind: Credential
metadata: { name: %[1]s }
spec: { type: office-365-management-api, cloud: custom, tenantId: %[2]s, clientId: %[3]s, clientSecret: { ref: "file:%[4]s" }, endpoints: { login: %[5]q, management: %[6]q, ca: %[7]q } }
---
apiVersion: headrace/v1
kind: Source
metadata: { name: %[1]s }
spec: { connector: office-365-management-api, credential: %[1]s, contentTypes: [Audit.AzureActiveDirectory, Audit.Exchange, Audit.SharePoint, Audit.General, DLP.All], interval: 1s, lag: 2s, overlap: 2m, requestsPerMinute: 100000 }
---
apiVersion: headrace/v1
kind: Destination
metadata: { name: %[1]s }
spec: { connector: file, path: %[8]q, name: "{stream}.ndjson" }
---
apiVersion: headrace/v1
kind: Flow
metadata: { name: %[1]s }
spec: { source: %[1]s, destination: %[1]s }
---
`, name, tenant.ID, tenant.ClientID, secret, sim.sim.LoginURL(), sim.sim.ManagementURL(), sim.ca, path)
	}
	if err := os.WriteFile(c.file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init"}, {"apply", "-f", c.file, "--yes"}} {
		if p := c.start(t, args...); p.wait(t, time.Minute) != 0 {
			t.Fatalf("%v ended with %d:\n%s", args, p.cmd.ProcessState.ExitCode(), p.stderr)
		}
	}
	return c
}

// names are the simulated tenants', and the flows'.
func (*cluster) names() []string {
	var names []string
	for i := range clusterTenants {
		names = append(names, fmt.Sprintf("tenant-%04d", i+1))
	}
	return names
}

func (c *cluster) start(t *testing.T, args ...string) *process {
	t.Helper()
	return start(t, "", "", append(args, "--data", c.data, "--database", c.database, "--master-key", "file://"+c.keys)...)
}

// folder is a node's data folder.
func (c *cluster) folder(name string) string { return filepath.Join(filepath.Dir(c.file), name) }

// node starts one `serve`, with a data folder of its own for its socket.
func (c *cluster) node(t *testing.T, name string) *process {
	t.Helper()
	dir := ""
	if c.apart {
		dir = filepath.Join(c.out, name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return startIn(t, dir, "", "", "serve", "--data", c.folder(name), "--database", c.database, "--master-key", "file://"+c.keys, "--log-format", "json")
}

// grows waits until the files of every flow have grown.
func (c *cluster) grows(t *testing.T, within time.Duration, what string) {
	t.Helper()
	before := map[string]int64{}
	for _, name := range c.names() {
		before[name] = bytesIn(filepath.Join(c.out, name))
	}
	deadline := time.After(within)
	for len(before) > 0 {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-deadline:
			t.Fatalf("not within %s: %s; these flows write nothing: %v", within, what, before)
		}
		for name, size := range before {
			if bytesIn(filepath.Join(c.out, name)) > size {
				delete(before, name)
			}
		}
	}
}
