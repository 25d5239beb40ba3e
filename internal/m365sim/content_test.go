package m365sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestWeeksOfOddContent plays everything that makes the feed hard at once, with a client that polls as one must:
// the whole seven days, each time.
func TestWeeksOfOddContent(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.TokenLifetime = Duration(60 * day)
		s.Content = Content{
			Events: 200, History: Duration(7 * day), EventsPerMinute: 0.015, BlobEvery: Duration(6 * time.Hour),
			RecordsPerBlob: Span{1, 20}, SameTimeShare: 0.3, Late: Late{0.3, Duration(30 * time.Hour)},
			Partial: Partial{Share: 0.2, Settle: Duration(15 * time.Minute), OnExactStart: true},
			Repeat:  Repeat{0.1, Duration(4 * day)}, DLPTwice: true, ShuffleKeys: true,
		}
	})
	c := newClient(t, sim, "")
	got := harvest{}
	for range 4 {
		got = c.harvest(got)
		sim.Clock().Advance(80 * time.Hour)
	}
	got = c.harvest(got)
	sim.Clock().Advance(time.Hour) // all that was partial has settled
	got = c.harvest(got)
	d := got.want(t, sim, "", Comparison{})
	fmt.Fprintln(t.Output(), d)
	if d.Due < 400 {
		t.Errorf("only %d records in two weeks", d.Due)
	}
	x := sim.tenants[0]
	seen := map[string]bool{}
	for _, stream := range x.streams {
		created := map[int64]bool{}
		for _, b := range stream.blobs {
			seen["same contentCreated"] = seen["same contentCreated"] || created[b.created]
			created[b.created] = true
			seen["late"] = seen["late"] || b.available > b.created
			seen["partial"] = seen["partial"] || b.partial
			for _, again := range b.extras {
				seen["repeated"] = seen["repeated"] || !again.plain
				seen["DLP twice"] = seen["DLP twice"] || again.plain
			}
		}
	}
	for _, what := range []string{"same contentCreated", "late", "partial", "repeated", "DLP twice"} {
		if !seen[what] {
			t.Errorf("nothing was %s", what)
		}
	}
}

func TestACursorThatIsATimeLosesLateBlobs(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.TokenLifetime = Duration(60 * day)
		s.Content = Content{
			EventsPerMinute: 1, BlobEvery: Duration(5 * time.Minute), RecordsPerBlob: Span{1, 20}, Late: Late{0.3, Duration(time.Hour)},
		}
	})
	c := newClient(t, sim, "")
	got := map[string]bool{}
	for from := noon; from.Before(noon.Add(4 * time.Hour)); from = from.Add(time.Hour) {
		sim.Clock().Set(from.Add(time.Hour))
		for _, contentType := range ContentTypes {
			for _, item := range c.listAll(contentType, from, from.Add(time.Hour)) {
				for _, raw := range c.fetch(item) {
					got[idOf(raw)] = true
				}
			}
		}
	}
	ledger, err := sim.Ledger("")
	if err != nil {
		t.Fatal(err)
	}
	d, err := ledger.Compare(maps.Keys(got), Comparison{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Missing == 0 || d.Extra != 0 {
		t.Errorf("a client that never lists again has %v", d)
	}
}

func TestPartialBlobsSettle(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Content = Content{
			EventsPerMinute: 100, BlobEvery: Duration(time.Minute), RecordsPerBlob: Exactly(20),
			Partial: Partial{Settle: Duration(10 * time.Minute), OnExactStart: true},
		}
	})
	c := newClient(t, sim, "")
	sim.Clock().Advance(time.Minute)
	item := c.listAll("Audit.Exchange", noon, noon.Add(time.Hour))[0]
	whole := len(c.fetch(item))
	created, _ := time.Parse(time.RFC3339, item.ContentCreated)
	c.list("Audit.Exchange", created, created.Add(time.Hour))
	if part := len(c.fetch(item)); part >= whole {
		t.Errorf("listed from its own contentCreated the blob gives %d of %d records, want fewer", part, whole)
	}
	sim.Clock().Advance(11 * time.Minute)
	if settled := len(c.fetch(item)); settled != whole {
		t.Errorf("settled, the blob gives %d records, want %d", settled, whole)
	}
}

func TestBlobsExpire(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) { s.TokenLifetime = Duration(60 * day) })
	c := newClient(t, sim, "")
	item := c.listAll("Audit.Exchange", noon.Add(-day), noon)[0]
	expires, _ := time.Parse(time.RFC3339, item.ContentExpiration)
	sim.Clock().Set(expires.Add(-time.Millisecond))
	c.fetch(item)
	sim.Clock().Advance(time.Millisecond)
	if got := c.do("GET", item.ContentURI, nil, nil); got.code() != "AF20051" {
		t.Errorf("expired: %d %s", got.status, got.body)
	}
	if d := c.harvest(nil).want(t, sim, "", Comparison{Since: sim.now()}); d.Due == 0 || d.Due == 600 {
		t.Errorf("a client that begins now is due %d records, want some of 600", d.Due)
	}
}

func TestKeyOrderChangesBetweenReads(t *testing.T) {
	t.Parallel()
	for _, shuffle := range []bool{false, true} {
		sim := open(t, func(s *Scenario) { s.Content.ShuffleKeys = shuffle })
		c := newClient(t, sim, "")
		item := c.listAll("Audit.AzureActiveDirectory", noon.Add(-day), noon)[0]
		first, second := c.fetch(item)[0], c.fetch(item)[0]
		if bytes.Equal(first, second) == shuffle {
			t.Errorf("shuffle %v: the same bytes twice is %v", shuffle, !shuffle)
		}
		var a, b map[string]any
		if json.Unmarshal(first, &a) != nil || json.Unmarshal(second, &b) != nil || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Error("the two reads differ in more than order")
		}
	}
}

func TestGeneratedRecordsLookReal(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) { s.Content.Events = 2000 })
	ledger, err := sim.Ledger("")
	if err != nil {
		t.Fatal(err)
	}
	records, size := 0, 0
	kinds, ids := map[int]int{}, map[string]bool{}
	lag := [3]int{}
	for record, err := range ledger.Records() {
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			ID             string `json:"Id"`
			RecordType     int
			CreationTime   string
			OrganizationID string `json:"OrganizationId"`
			Operation      string
			UserType       *int
			UserKey        string
			Workload       string
			UserID         string `json:"UserId"`
		}
		if err := json.Unmarshal(record.Raw, &r); err != nil {
			t.Fatalf("%s: %v", record.Raw, err)
		}
		at, err := time.Parse("2006-01-02T15:04:05", r.CreationTime)
		if err != nil || !isGUID(r.ID) || r.OrganizationID != sim.tenants[0].ID || r.Operation == "" || r.UserType == nil ||
			r.UserKey == "" || r.Workload == "" || r.UserID == "" {
			t.Fatalf("a common key is missing or odd: %s", record.Raw)
		}
		if want := typeOfRecord(r.RecordType); ContentTypes[want] != record.Blob.ContentType {
			t.Errorf("record type %d came through %s", r.RecordType, record.Blob.ContentType)
		}
		if id, err := sim.recordID(sim.tenants[0], recordRef{}.of(sim, record)); err != nil || id != r.ID {
			t.Fatalf("recordID says %s, the record %s (%v)", id, r.ID, err)
		}
		age := record.Blob.Created.Sub(at)
		switch {
		case age <= time.Hour+time.Second:
			lag[0]++
		case age <= day+time.Second:
			lag[1]++
		default:
			lag[2]++
		}
		kinds[r.RecordType]++
		ids[r.ID] = true
		records, size = records+1, size+len(record.Raw)
	}
	if len(ids) != records {
		t.Errorf("%d Ids for %d records", len(ids), records)
	}
	if mean := size / records; mean < 1200 || mean > 1700 {
		t.Errorf("mean size %d, want about 1400", mean)
	}
	if len(kinds) < 25 {
		t.Errorf("%d record types, want at least 25: %v", len(kinds), kinds)
	}
	if early := float64(lag[0]) / float64(records); early < 0.75 || early > 0.85 || lag[2] == 0 {
		t.Errorf("%v within an hour, a day, later; want about 80 %%, 15 %%, 5 %%", lag)
	}
}

// of finds the reference of a ledger record by its bytes' Id; only for records that don't come again.
func (recordRef) of(sim *Simulator, record LedgerRecord) recordRef {
	for _, stream := range sim.tenants[0].streams {
		if b := stream.byID[record.ContentID]; b != nil {
			for i := range b.size() {
				if guid(mix(b.record(i).seed(), 1)) == record.ID {
					return b.record(i)
				}
			}
		}
	}
	return recordRef{}
}

func TestSpecialBlobs(t *testing.T) {
	t.Parallel()
	sim := open(t, func(s *Scenario) {
		s.Content.Events = 0
		for _, kind := range blobKinds {
			s.Blobs = append(s.Blobs, SpecialBlob{ContentType: "Audit.General", Age: Duration(time.Hour), Records: 6, Kind: kind})
		}
		s.Blobs = append(s.Blobs, SpecialBlob{ContentType: "DLP.All", Age: Duration(time.Hour), RecordBytes: 25e6})
	})
	c := newClient(t, sim, "")
	var bodies []string
	for _, item := range c.listAll("Audit.General", noon.Add(-2*time.Hour), noon) {
		got := c.do("GET", item.ContentURI, nil, nil)
		if got.status != 200 {
			t.Errorf("%d %s", got.status, got.body)
		}
		bodies = append(bodies, string(got.body))
	}
	if len(bodies) != len(blobKinds) {
		t.Fatalf("%d blobs, want %d", len(bodies), len(blobKinds))
	}
	checks := map[string]func(string) bool{
		"records":      func(b string) bool { return json.Valid([]byte(b)) && strings.Count(b, `"Workload"`) == 6 },
		"no-id":        func(b string) bool { return json.Valid([]byte(b)) && strings.Count(b, `"NoId"`) == 3 },
		"not-objects":  func(b string) bool { return json.Valid([]byte(b)) && strings.Count(b, `"CreationTime"`) == 3 },
		"invalid-utf8": func(b string) bool { return strings.Contains(b, "caf\xe9") },
		"object":       func(b string) bool { return json.Valid([]byte(b)) && b[0] == '{' },
		"cut":          func(b string) bool { return !json.Valid([]byte(b)) && b[0] == '[' && strings.Contains(b, `"Id"`) },
		"empty":        func(b string) bool { return b == "[]" },
		"html":         func(b string) bool { return strings.HasPrefix(b, "<!DOCTYPE html>") },
	}
	for i, kind := range blobKinds {
		if !checks[kind](bodies[i]) {
			t.Errorf("%s: %.300s", kind, bodies[i])
		}
	}
	ledger, _ := sim.Ledger("")
	d, err := ledger.Compare(func(func(string) bool) {}, Comparison{ContentTypes: []string{"Audit.General"}})
	if err != nil || d.Due != 6+3+3+6 { // records, no-id, not-objects, invalid-utf8
		t.Errorf("what no client can read is due: %v %v", d, err)
	}
	item := c.listAll("DLP.All", noon.Add(-2*time.Hour), noon)[0]
	if got := c.do("GET", item.ContentURI, nil, nil); len(got.body) < 25e6 || len(got.body) > 26e6 || !json.Valid(got.body) {
		t.Errorf("the record of 25 MB has %d bytes", len(got.body))
	}
}

func TestGzipOnlyForThoseWhoAsk(t *testing.T) {
	t.Parallel()
	for _, offered := range []bool{true, false} {
		sim := open(t, func(s *Scenario) { s.Gzip = offered })
		c := newClient(t, sim, "")
		item := c.listAll("Audit.Exchange", noon.Add(-day), noon)[0]
		for _, wanted := range []string{"gzip", "identity"} {
			got := c.do("GET", item.ContentURI, nil, map[string]string{"Accept-Encoding": wanted})
			if packed := got.header.Get("Content-Encoding") == "gzip"; packed != (offered && wanted == "gzip") {
				t.Errorf("offered %v, wanted %s: packed is %v", offered, wanted, packed)
			}
		}
		c.harvest(nil).want(t, sim, "", Comparison{}) // Go's client unpacks by itself
	}
}

func TestBigScenariosAreSmallInMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	scenario := DefaultScenario()
	scenario.Tenants = []Tenant{{Name: "big"}, {Name: "small", Count: 1000, Content: &Content{
		Events: 100, History: Duration(day), BlobEvery: Duration(time.Minute), RecordsPerBlob: Exactly(20),
	}}}
	scenario.Content.Events, scenario.Content.RecordsPerBlob = 1_000_000, Exactly(100)
	sim, err := Open(Options{Scenario: &scenario, Clock: StandingClock(noon)})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20
	fmt.Fprintf(t.Output(), "a million events and a thousand tenants: %d MiB\n", used)
	if used > 100 {
		t.Errorf("%d MiB", used)
	}
	if n := len(sim.Tenants()); n != 1001 {
		t.Errorf("%d tenants", n)
	}
	runtime.KeepAlive(sim)
}

func TestEventsOfAPerson(t *testing.T) {
	t.Parallel()
	lines := []string{
		`{"Id":"e-1","RecordType":1,"odd":  1.50,"x":"é"}`, `{"RecordType":"15","Id":"e-2"}`, ``,
		`  {"Id":"e-3"}  `, `{"Id":"e-4","RecordType":6}` + "\r", `{"Id":"e-5","RecordType":13}`,
	}
	for name, source := range map[string]interface{ Read([]byte) (int, error) }{
		"read again":  strings.NewReader(strings.Join(lines, "\n")),
		"kept":        struct{ *bytes.Buffer }{bytes.NewBufferString(strings.Join(lines, "\n"))},
		"ends in \\n": strings.NewReader(strings.Join(lines, "\n") + "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := open(t, func(s *Scenario) { s.Content.DLPTwice = true })
			n, err := sim.LoadEvents("contoso", source)
			if err != nil || n != 5 {
				t.Fatal(n, err)
			}
			c := newClient(t, sim, "")
			got := c.harvest(nil)
			if d := got.want(t, sim, "", Comparison{}); d.Due != 5 {
				t.Errorf("due %d, want 5", d.Due)
			}
			for _, line := range lines {
				if line = strings.TrimSpace(line); line != "" && string(got[idOf([]byte(line))]) != line {
					t.Errorf("%s came as %s", line, got[idOf([]byte(line))])
				}
			}
			if items := c.listAll("Audit.AzureActiveDirectory", noon.Add(-7*day), noon); len(items) != 1 {
				t.Errorf("a RecordType in a text is not sorted by it: %v", items)
			}
		})
	}
}

func TestEventsThatAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{\"Id\":\"1\"}\n[1]":             "line 2: this is an array",
		"\n\n42":                          "line 3: this is not a JSON object",
		"{\"Id\":\"1\"":                   "line 1: this is not well-formed JSON",
		"{\"Id\":\"1\"} {\"Id\":\"2\"}\n": "line 1: there is more than one",
		"null":                            "line 1: this is not a JSON object",
	} {
		sim, err := Open(Options{Clock: StandingClock(noon)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sim.LoadEvents("", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %q", text, err, want)
		}
	}
}

func TestRealRecords(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("HEADRACE_DATA")
	if folder == "" {
		t.Skip("HEADRACE_DATA is not set: real records are not tried")
	}
	for _, name := range []string{"unified-audit-log.ndjson", "msdocs-examples.ndjson", "plaso-testdata.ndjson"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := os.Open(filepath.Join(folder, "o365", name))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = file.Close() })
			sim := open(t, nil)
			n, err := sim.LoadEvents("", file)
			if err != nil {
				t.Fatal(err)
			}
			d := newClient(t, sim, "").harvest(nil).want(t, sim, "", Comparison{})
			fmt.Fprintf(t.Output(), "%d records, %v\n", n, d)
		})
	}
}
