package m365sim

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/m365sim/graph"
)

func TestTheExampleOfTheReadmeIsAScenario(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(found) == 0 {
		t.Fatal("README.md has no example")
	}
	for _, example := range found {
		scenario, err := ParseScenario(example[1])
		if err != nil {
			t.Fatalf("%v in\n%s", err, example[1])
		}
		if _, err := Open(Options{Scenario: &scenario}); err != nil {
			t.Errorf("%v in\n%s", err, example[1])
		}
	}
}

func TestEveryKeyIsInTheReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || of == reflect.TypeFor[time.Time]() || of == reflect.TypeFor[Span]() {
			return
		}
		for i := range of.NumField() {
			if key := of.Field(i).Tag.Get("yaml"); !bytes.Contains(readme, []byte("`"+key+"`")) {
				t.Errorf("README.md says nothing of `%s` (%s)", key, of.Name())
			}
			walk(of.Field(i).Type)
		}
	}
	walk(reflect.TypeFor[Scenario]())
	for kind := range faultKinds {
		if !bytes.Contains(readme, []byte("`"+kind+"`")) {
			t.Errorf("README.md says nothing of the fault `%s`", kind)
		}
	}
	for kind := range graph.FaultKinds {
		if !bytes.Contains(readme, []byte("`"+kind+"`")) {
			t.Errorf("README.md says nothing of the fault `%s`", kind)
		}
	}
	for _, kind := range slices.Concat(blobKinds, operations, graph.Operations, graphKinds) {
		if !bytes.Contains(readme, []byte("`"+kind+"`")) {
			t.Errorf("README.md says nothing of `%s`", kind)
		}
	}
}

func TestBadScenariosNameAllTheirProblems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"unknown keys and wrong types together": {`
seed: many
contnet: {}
content:
  events: 10
  history: a week
  recordsPerBlob: lots
`, []string{"line 2: cannot unmarshal", "line 3: contnet is not a key of scenario", `line 6: "a week" is not a duration; write 90s, 15m, 36h or 7d`,
			`line 7: "lots" is neither a number nor a range`}},
		"impossible values with their lines": {`
cloud: moon
limits:
  status: 500
tenants:
  - name: a
    id: 12
    subscriptions: { Audit.Skype: enabled, DLP.All: perhaps }
  - name: a
content: { late: { share: 2 } }
blobs:
  - { contentType: Audit.Exchange, kind: sour }
faults:
  - on: list
    do: melt
  - { on: token, do: aadsts, code: 5 }
`, []string{`line 2: cloud: "moon" is not one of dod, gcc, gcc-high, worldwide`, "line 4: limits.status: 500 is neither",
			`line 7: tenants[0].id: "12" is not a GUID`, `"Audit.Skype" is not one of any, Audit.AzureActiveDirectory`, `"perhaps" is not one of`,
			`line 9: tenants[1].name: "a" is there twice`, "line 10: content.late.share: 2 is not a share", `line 12: blobs[0].kind: "sour" is not one of`,
			`line 15: faults[0].do: "melt" is not one of`, "line 16: faults[1].code: AADSTS5 is not one of"}},
		"no YAML": {"tenants: [", []string{"line 1: did not find expected node content", "this is not well-formed YAML"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseScenario([]byte(c.text))
			var report *ScenarioError
			if !errors.As(err, &report) {
				t.Fatalf("got %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in: %v", want, err)
				}
			}
		})
	}
}

func TestATenantsContentBeginsWithTheScenarios(t *testing.T) {
	t.Parallel()
	scenario, err := ParseScenario([]byte("content: { events: 7, history: 2d }\ntenants: [{ name: a, content: { events: 9 } }, { name: b }]"))
	if err != nil {
		t.Fatal(err)
	}
	a := scenario.Tenants[0].Content
	if a.Events != 9 || a.History != Duration(48*time.Hour) || a.BlobEvery != Duration(time.Minute) || scenario.Tenants[1].Content != nil {
		t.Errorf("a: %+v, b: %+v", a, scenario.Tenants[1].Content)
	}
}

func TestTheSameSeedIsTheSameTenant(t *testing.T) {
	t.Parallel()
	make := func(seed uint64) (TenantInfo, []LedgerBlob) {
		scenario := DefaultScenario()
		scenario.Seed, scenario.Content.Events = seed, 200
		sim, err := Open(Options{Scenario: &scenario, Clock: StandingClock(noon)})
		if err != nil {
			t.Fatal(err)
		}
		ledger, err := sim.Ledger("")
		if err != nil {
			t.Fatal(err)
		}
		return sim.Tenants()[0], ledger.Blobs()
	}
	one, blobs := make(1)
	again, sameBlobs := make(1)
	two, _ := make(2)
	if !reflect.DeepEqual(one, again) || !slices.Equal(blobs, sameBlobs) {
		t.Error("the same seed gave another tenant")
	}
	if one.ID == two.ID || one.ClientSecret == two.ClientSecret || len(one.ClientSecret) != 40 {
		t.Errorf("seeds 1 and 2 give %+v and %+v", one, two)
	}
}

func TestAPortThatIsTaken(t *testing.T) {
	t.Parallel()
	sim := open(t, nil)
	other, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = other.Listen(t.Context(), strings.TrimPrefix(sim.URL(), "https://"))
	if err == nil || !strings.Contains(err.Error(), "another program has that port") {
		t.Errorf("got %v", err)
	}
	if err := other.Listen(t.Context(), "8443"); err == nil || !strings.Contains(err.Error(), "write host:port") {
		t.Errorf("got %v", err)
	}
	if err := other.Serve(t.Context()); err == nil {
		t.Error("Serve without Listen went well")
	}
}
