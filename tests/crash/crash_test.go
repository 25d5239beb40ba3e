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

// longest is how long the program lives at most before it is killed: start-up, listing, writing, committing and
// rotation all happen within it.
const longest = 1500 * time.Millisecond

// faulty is a tenant in a bad mood: content late, repeated, partial at first, with equal times; requests that fail,
// break off, are refused for their number.
func faulty() m365sim.Scenario {
	s := m365sim.DefaultScenario()
	s.Limits.RequestsPerMinute = 0
	s.Paging.Size, s.Paging.Header, s.Paging.EmptyShare = 50, "mixed", 0.1
	s.Content = m365sim.Content{
		Events: 15_000, History: hours(12), EventsPerMinute: 24_000, BlobEvery: m365sim.Duration(time.Second),
		RecordsPerBlob: m365sim.Span{Min: 1, Max: 120}, SameTimeShare: 0.3,
		Late:    m365sim.Late{Share: 0.1, By: m365sim.Duration(20 * time.Second)},
		Partial: m365sim.Partial{Share: 0.3, Settle: m365sim.Duration(time.Second)},
		Repeat:  m365sim.Repeat{Share: 0.05, After: m365sim.Duration(15 * time.Second)},
	}
	s.Faults = []m365sim.Fault{
		{On: "blob", Do: "cut", Share: 0.05, First: 1},
		{On: "blob", Do: "truncate", Probability: 0.03},
		{On: "blob", Do: "reset", Probability: 0.02},
		{On: "blob", Do: "503", Probability: 0.03},
		{On: "blob", Do: "af50000", Probability: 0.02},
		{On: "list", Do: "503", Probability: 0.05},
		{On: "list", Do: "reset", Probability: 0.02},
		{On: "list", Do: "html", Probability: 0.02},
		{On: "any", Do: "throttle", Probability: 0.003, RetryAfter: m365sim.Duration(time.Second)},
		{On: "token", Do: "503", Every: 7},
	}
	return s
}

func hours(n int) m365sim.Duration { return m365sim.Duration(time.Duration(n) * time.Hour) }

// variant is one way to be killed.
type variant struct {
	name        string
	destination string // settings of the file destination
	vault       bool   // the secret stands in the vault, not in a reference
	events      string // file of a person's records
}

func TestKilledAtAnyInstantNothingIsLostAndNothingComesTwice(t *testing.T) {
	t.Parallel()
	seed := number(t, "HEADRACE_CRASH_SEED", int(time.Now().UnixNano()%1_000_000))
	kills := number(t, "HEADRACE_CRASH_KILLS", 36)
	if testing.Short() {
		kills = min(kills, 5)
	}
	t.Logf("HEADRACE_CRASH_SEED=%d repeats the instants; %d kills for each variant", seed, kills)
	variants := []variant{
		{name: "plain files, secret in the environment", destination: `name: "{stream}/{date}/{hour}.ndjson"`},
		{name: "zstd, secret in the vault", destination: `compression: zstd`, vault: true},
		{name: "small files", destination: `name: "{stream}.ndjson", rotateSize: 300KB`},
	}
	if data := os.Getenv("HEADRACE_DATA"); data != "" {
		variants = append(variants, variant{name: "real records", destination: `name: "{stream}.ndjson"`, events: filepath.Join(data, "o365", "unified-audit-log.ndjson")})
	} else {
		t.Log("real records are left out: HEADRACE_DATA does not name the folder that has o365/unified-audit-log.ndjson")
	}
	for i, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			crash(t, v, rand.New(rand.NewPCG(uint64(seed), uint64(i))), kills)
		})
	}
}

// crash kills the program so many times and then lets it come to its end.
func crash(t *testing.T, v variant, random *rand.Rand, kills int) {
	scenario := faulty()
	scenario.Seed = random.Uint64() >> 1
	if v.events != "" {
		scenario.Content.Repeat.Share, scenario.Content.EventsPerMinute = 0, 0
	}
	sim := serve(t, scenario, v.events)
	w := newWorkplace(t, sim, v)
	var idle, asking, writing int
	// Which instants are hit hangs on the machine's load: it goes on until some kills came while files were written.
	for done := 0; done < kills || v.events == "" && writing == 0 && done < 10*kills; done++ {
		requests, size := requestsTo(t, sim), bytesIn(w.out)
		start(t, w.secret, "", w.command("run", "-f", w.file, "--progress", "none")...).
			killAfter(t, time.Duration(random.Int64N(int64(longest))))
		switch {
		case bytesIn(w.out) != size:
			writing++
		case requestsTo(t, sim) != requests:
			asking++
		default:
			idle++
		}
	}
	t.Logf("killed %d times: %d before the first request, %d before the first byte, %d after that", kills, idle, asking, writing)
	end := sim.sim.Clock().Now()
	if err := sim.sim.SetFaults(); err != nil {
		t.Fatal(err)
	}
	// A blob that was listed younger than the lag (2 s) is read again when it has settled; so is one that was listed for
	// the first time by the first of these runs, however old it is.
	for range 2 {
		<-time.After(3 * time.Second)
		w.finish(t)
	}
	compare(t, sim, w.out, end)
}

// workplace is a data folder, a file that says what to collect, and the folder where it goes.
type workplace struct {
	data, file, out string
	secret          string
}

func newWorkplace(t *testing.T, sim *tenant, v variant) *workplace {
	t.Helper()
	dir := t.TempDir()
	w := &workplace{data: filepath.Join(dir, "data"), file: filepath.Join(dir, "collect.yaml"), out: filepath.Join(dir, "out"), secret: sim.ClientSecret}
	credential := fmt.Sprintf(`apiVersion: headrace/v1
kind: Credential
metadata: { name: sim }
spec: { type: office-365-management-api, cloud: custom, tenantId: %s, clientId: %s, clientSecret: { ref: "env:%s" }, endpoints: { login: %q, management: %q, ca: %q } }
---
`, sim.ID, sim.ClientID, secretVariable, sim.sim.LoginURL(), sim.sim.ManagementURL(), sim.ca)
	if v.vault {
		credential, w.secret = "", ""
		p := start(t, "", sim.ClientSecret, w.command("credential", "add", "sim", "--type", "office-365-management-api", "--client-secret-stdin", "--no-test",
			"--cloud", "custom", "--tenant-id", sim.ID, "--client-id", sim.ClientID,
			"--endpoint-login", sim.sim.LoginURL(), "--endpoint-management", sim.sim.ManagementURL(), "--endpoint-ca", sim.ca)...)
		if code := p.wait(t, time.Minute); code != 0 {
			t.Fatalf("saving the credential ended with %d:\n%s", code, p.stderr)
		}
	}
	text := credential + fmt.Sprintf(`apiVersion: headrace/v1
kind: Source
metadata: { name: sim }
spec:
  connector: office-365-management-api
  credential: sim
  contentTypes: [Audit.AzureActiveDirectory, Audit.Exchange, Audit.SharePoint, Audit.General, DLP.All]
  interval: 1s
  lag: 2s
  overlap: 2m
  requestsPerMinute: 100000
---
apiVersion: headrace/v1
kind: Destination
metadata: { name: files }
spec: { connector: file, path: %q, %s }
---
apiVersion: headrace/v1
kind: Flow
metadata: { name: sim }
spec: { source: sim, destination: files }
`, w.out, v.destination)
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *workplace) command(args ...string) []string { return append(args, "--data", w.data) }

// summary is what the program says at its end.
type summary struct {
	Event  string `json:"event"`
	Counts struct {
		Dead int64 `json:"dead"`
		Lost int64 `json:"lost"`
	} `json:"counts"`
	Failed int64             `json:"failed"`
	Gaps   []json.RawMessage `json:"gaps"`
}

// finish lets the program come to its end, undisturbed, and looks at what it says of itself.
func (w *workplace) finish(t *testing.T) {
	t.Helper()
	p := start(t, w.secret, "", w.command("run", "-f", w.file, "--once", "--progress", "json")...)
	if code := p.wait(t, 3*time.Minute); code != 0 {
		t.Errorf("the last run ended with %d:\n%s", code, p.stderr)
	}
	for line := range strings.Lines(p.stderr.String()) {
		var s summary
		if json.Unmarshal([]byte(line), &s) != nil || s.Event != "summary" {
			continue
		}
		if s.Failed+s.Counts.Lost+s.Counts.Dead > 0 || len(s.Gaps) > 0 {
			t.Errorf("the program says that not all is well: %s", line)
		}
		return
	}
	t.Errorf("the last run told no summary:\n%s", p.stderr)
}

// requestsTo is how many requests the tenant has met.
func requestsTo(t *testing.T, sim *tenant) int {
	t.Helper()
	ledger, err := sim.sim.Ledger("")
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Summary().Requests.Total
}
