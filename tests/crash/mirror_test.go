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
)

// A mirror is a folder of documents that a real program keeps in step with a simulated Copilot connection.
type mirror struct {
	t      *testing.T
	sim    *tenant
	random *rand.Rand
	docs   string
	file   string
	data   string
	texts  map[string]string // by file
	made   int
}

const (
	mirrored      = "policies"
	mirrorDocs    = 120
	mirrorLongest = 2 * time.Second // how long the program lives at most before it is killed
)

func TestAMirrorThatIsKilledAtAnyInstantEndsEqualToItsSource(t *testing.T) {
	t.Parallel()
	seed := number(t, "HEADRACE_CRASH_SEED", int(time.Now().UnixNano()%1_000_000))
	kills := number(t, "HEADRACE_CRASH_KILLS", 16)
	if testing.Short() {
		kills = min(kills, 5)
	}
	t.Logf("HEADRACE_CRASH_SEED=%d repeats the instants", seed)
	s := m365sim.DefaultScenario()
	s.Content.Events = 0
	s.Graph.Latency, s.Graph.SchemaTime = m365sim.Duration(30*time.Millisecond), m365sim.Duration(2*time.Second)
	s.Faults = []m365sim.Fault{
		{On: "item-put", Do: "503", Probability: 0.02}, {On: "item-put", Do: "lost-answer", Probability: 0.02}, {On: "item-delete", Do: "lost-answer", Probability: 0.05},
		{On: "item-put", Do: "throttle", Probability: 0.005, RetryAfter: m365sim.Duration(time.Second)}, {On: "graph", Do: "reset", Probability: 0.01},
	}
	m := newMirror(t, serve(t, s, ""), rand.New(rand.NewPCG(uint64(seed), 7)))
	for range mirrorDocs {
		m.add()
	}
	for range kills {
		start(t, m.secret(), "", m.command("run", "-f", m.file, "--progress", "none")...).killAfter(t, 100*time.Millisecond+time.Duration(m.random.Int64N(int64(mirrorLongest))))
		m.change()
	}
	if err := m.sim.sim.SetFaults(); err != nil {
		t.Fatal(err)
	}
	m.run() // ends the crawl that was open, and begun before the last changes
	m.settle()
	held, err := m.sim.sim.Graph("")
	if err != nil {
		t.Fatal(err)
	}
	c, err := held.Connection(mirrored)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("killed %d times; %+v", kills, c.Writes)
	// A kill repeats at most the batch in hand, and a lost answer what it was for.
	if most := (kills + 1) * mirrorDocs; c.Writes.Unchanged > most {
		t.Errorf("%d items were sent again byte for byte, more than %d", c.Writes.Unchanged, most)
	}
	before := c.Writes
	m.settle()
	if c, err = held.Connection(mirrored); err != nil || c.Writes != before {
		t.Errorf("a crawl in which nothing changed wrote: %+v, before %+v, %v", c.Writes, before, err)
	}
}

func newMirror(t *testing.T, sim *tenant, random *rand.Rand) *mirror {
	t.Helper()
	dir := t.TempDir()
	m := &mirror{t: t, sim: sim, random: random, docs: filepath.Join(dir, "docs"), file: filepath.Join(dir, "mirror.yaml"), data: filepath.Join(dir, "data"), texts: map[string]string{}}
	if err := os.MkdirAll(m.docs, 0o750); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`apiVersion: headrace/v1
kind: Credential
metadata: { name: copilot }
spec: { type: microsoft-365-copilot, cloud: custom, tenantId: %s, clientId: %s, clientSecret: { ref: "env:%s" }, endpoints: { login: %q, graph: %q, ca: %q } }
---
apiVersion: headrace/v1
kind: Source
metadata: { name: docs }
spec: { connector: file, path: %q }
---
apiVersion: headrace/v1
kind: Destination
metadata: { name: copilot }
spec:
  connector: microsoft-365-copilot
  credential: copilot
  connection: { id: %s, name: Policies, description: "Policies of Contoso on leave, travel and security. Ask what is allowed." }
  item:
    properties: { title: .path, url: "\"https://intranet.contoso.com/\" + .slug" }
    content: .text
    acl: '[{type: "everyone"}]'
---
apiVersion: headrace/v1
kind: Flow
metadata: { name: docs-to-copilot }
spec: { source: docs, destination: copilot, mode: mirror, schedule: { every: 1s }, guard: 90%% }
`, sim.ID, sim.Apps[1].ClientID, secretVariable, sim.sim.LoginURL(), sim.sim.GraphURL(), sim.ca, m.docs, mirrored)
	if err := os.WriteFile(m.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *mirror) secret() string { return m.sim.Apps[1].Secrets[0].Value }

func (m *mirror) command(args ...string) []string {
	return append(args, "--data", m.data, "--no-input")
}

func (m *mirror) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.docs, name), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
	m.texts[name] = text
}

func (m *mirror) add() {
	m.made++
	m.write(fmt.Sprintf("p%d.txt", m.made), fmt.Sprintf("Policy %d, as it was first.\n", m.made))
}

// change edits, removes and adds some documents.
func (m *mirror) change() {
	m.t.Helper()
	for name := range m.texts {
		switch m.random.IntN(20) {
		case 0:
			m.write(name, fmt.Sprintf("%s Edited, version %d.\n", strings.TrimSpace(m.texts[name]), m.random.Int32()))
		case 1:
			if err := os.Remove(filepath.Join(m.docs, name)); err != nil {
				m.t.Fatal(err)
			}
			delete(m.texts, name)
		case 2:
			m.add()
		}
	}
}

// run runs the program to its end.
func (m *mirror) run() *process {
	m.t.Helper()
	<-time.After(1500 * time.Millisecond) // the next crawl is due
	p := start(m.t, m.secret(), "", m.command("run", "-f", m.file, "--once", "--progress", "none")...)
	if code := p.wait(m.t, 2*time.Minute); code != 0 {
		m.t.Fatalf("the last run ended with %d:\n%s", code, p.stderr)
	}
	return p
}

// settle runs the program to its end and compares the tenant with the folder.
func (m *mirror) settle() {
	m.t.Helper()
	p := m.run()
	held, err := m.sim.sim.Graph("")
	if err != nil {
		m.t.Fatal(err)
	}
	items, err := held.Items(mirrored)
	if err != nil {
		m.t.Fatal(err)
	}
	have := map[string]string{}
	for it := range items {
		var body struct {
			Properties struct{ Title string }
			Content    struct{ Value string }
		}
		if err := json.Unmarshal(it.Body, &body); err != nil {
			m.t.Fatal(err)
		}
		have[body.Properties.Title] = body.Content.Value
	}
	for name, text := range m.texts {
		switch got, there := have[name]; {
		case !there:
			m.t.Errorf("%s is missing in the tenant", name)
		case strings.TrimSpace(got) != strings.TrimSpace(text):
			m.t.Errorf("%s is stale: %q, want %q", name, got, text)
		}
	}
	for name := range have {
		if _, wanted := m.texts[name]; !wanted {
			m.t.Errorf("%s is an orphan in the tenant", name)
		}
	}
	if m.t.Failed() {
		m.t.Fatalf("the last run said:\n%s", p.stderr)
	}
}
