package transform_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/transform"
)

func compile(t testing.TB, steps ...transform.Step) *transform.Chain {
	t.Helper()
	c, err := transform.Compile(steps, transform.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// apply gives the bodies that a chain makes of one.
func apply(t testing.TB, c *transform.Chain, body string) ([]string, error) {
	t.Helper()
	var made []string
	err := c.Apply(t.Context(), connector.Record{Key: "k", Body: json.RawMessage(body)}, func(r connector.Record) error {
		made = append(made, string(r.Body))
		return nil
	})
	return made, err
}

const event = `{"Id":"a1", "Workload":"Exchange","Size":12345678901234567890123,"Price":1.10,"Items":[1,{"b":2}],"Gone":null,
	"On":true,"Off":false,"odd name":"x","@odata.type":"t","esc\u0061ped":"caf\u00e9 \"q\"","Path":"a\\b"}`

func TestKeep(t *testing.T) {
	t.Parallel()
	cases := map[string]bool{
		`Workload == "Exchange"`:     true,
		`.Workload == "Exchange"`:    true,
		`Workload != "OneDrive"`:     true,
		`Workload == "exchange"`:     false,
		`Missing == null`:            true,
		`Gone == null and Gone != 0`: true,
		`Missing`:                    false,
		`Workload`:                   true,
		`Off`:                        false,
		`not Off and On`:             true,
		`not (Off or On)`:            false,
		`not Workload == "x"`:        true, // not binds looser than ==
		`(.Off == true) | not`:       true,
		`.On and .Off | not`:         true, // | binds loosest
		`Off or On and Off`:          false,
		`Size > 12345678901234567890122 and Size < 12345678901234567890124`: true, // no digits lost
		`Size == 12345678901234567890124`:                                   false,
		`Price == 1.1`:                                                      true,
		`Price <= 1.0999`:                                                   false,
		`-1 < Price`:                                                        true,
		`Missing < Off and Off < On and On < -1e9`:                          true, // jq's order of types
		`Workload > 9 and Items > Workload`:                                 true,
		`Items == Items and Items != null`:                                  true,
		`."odd name" == "x"`:                                                true,
		`.["@odata.type"] == "t"`:                                           true,
		`.escaped == "café \"q\""`:                                          true,
		`Path == "a\\b" and Path == "a\u005cb"`:                             true,
		`"a" < "b" and "a" < "aa"`:                                          true,
		`true`:                                                              true,
		`.and == null and .null == null`:                                    true,
		"On and\n\tnot Off":                                                 true,
	}
	for source, want := range cases {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			kept, err := apply(t, compile(t, transform.Step{Keep: source}), event)
			if err != nil {
				t.Fatal(err)
			}
			if (len(kept) == 1) != want {
				t.Errorf("kept %d records, want %v", len(kept), want)
			}
			if want && kept[0] != event {
				t.Errorf("the bytes changed: %s", kept[0])
			}
			dropped, err := apply(t, compile(t, transform.Step{Drop: source}), event)
			if err != nil || (len(dropped) == 1) == want {
				t.Errorf("drop let %d records through (%v), want the opposite of keep", len(dropped), err)
			}
		})
	}
}

// TestWrongExpressions: each error says where and what would be right.
func TestWrongExpressions(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		`Workload = "OneDrive"`:              "column 10: a comparison is written with two: ==\n    Workload = \"OneDrive\"\n             ^",
		`Workload == 'OneDrive'`:             "column 13: a text stands in double quotes",
		`Workload == OneDrive"`:              "column 21: the text has no end",
		`a && b`:                             "column 3: this is written and",
		`a || b`:                             "column 3: this is written or",
		`!a`:                                 "column 1: a negation is written not",
		`a <> b`:                             "column 3: unequal is written !=",
		`.a.b == 1`:                          "column 3: only top-level fields",
		`a[0] == 1`:                          "column 2: only top-level fields",
		`."a"."b" == 1`:                      "column 5: only top-level fields",
		`test("x")`:                          "column 1: functions can't be called here; for them take a jq step: {jq: 'select(…)'}",
		`a | length`:                         "column 5: after | only not",
		`a + 1 == 2`:                         "column 3: calculations",
		`a == 1 == true`:                     "column 8: comparisons can't be chained",
		`a not b`:                            "column 3: not stands before what it negates",
		`a b`:                                "column 3: want a comparison",
		`a ==`:                               "column 5: want a field, a text in double quotes, a number, true, false, null, not or ( here, but the expression ends",
		`(a`:                                 "column 3: the expression ends here; a ) is missing for the ( at column 1",
		`a)`:                                 "column 2: this ) closes nothing",
		`and b`:                              "before and; a field of that name is written .and",
		`.`:                                  "column 1: a field's name should follow the dot",
		`.["a`:                               "column 3: the text has no end",
		`.["a" == 1`:                         "column 6: a ] is missing",
		`a == 01`:                            "column 6: not a number",
		`a == 1.`:                            "column 6: not a number",
		`a == "\x"`:                          "column 6: not a valid text",
		`a == "\(1)"`:                        `column 7: texts can't have \(…) here`,
		`@odata.type == 1`:                   "column 1: calculations, arrays",
		"On and\n\tOff = 1":                  "line 2, column 6: a comparison is written with two: ==\n    \tOff = 1\n    \t    ^",
		`é == 1`:                             `column 1: a field whose name has other characters`,
		`"é" = 1`:                            "column 5: a comparison",
		strings.Repeat("(", 200):             "nested more than 100 deep",
		strings.Repeat("not ", 200) + "a":    "nested more than 100 deep",
		strings.Repeat("a or ", 20000) + "a": "at most 65536 are read",
	}
	for source, want := range cases {
		t.Run(source[:min(len(source), 20)], func(t *testing.T) {
			t.Parallel()
			_, err := transform.Compile([]transform.Step{{Keep: source}}, transform.Limits{})
			if err == nil || fault.ClassOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v\nwant it to contain %s", err, want)
			}
		})
	}
}

func TestAllWrongStepsAreReportedTogether(t *testing.T) {
	t.Parallel()
	_, err := transform.Compile([]transform.Step{
		{Keep: "a = 1"}, {JQ: "."}, {JQ: ".a | foo("}, {}, {Keep: "a", Drop: "b"}, {JQ: "input"}, {Drop: "f(1)"}, {JQ: `.a = "x`}, {JQ: `import "m" as m; .`}, {JQ: "nosuch"},
	}, transform.Limits{})
	var problems fault.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want fault.Problems", err)
	}
	want := []struct{ field, text string }{
		{"transform[0].keep", "=="},
		{"transform[2].jq", "not a jq program: unexpected EOF\n    .a | foo(\n             ^"},
		{"transform[3]", "the step is empty"},
		{"transform[4]", "a step does one thing"},
		{"transform[5].jq", "a transform sees one record at a time"},
		{"transform[6].drop", "select(… | not)"},
		{"transform[7].jq", "unterminated string literal"},
		{"transform[8].jq", "write the module's functions into the program"},
		{"transform[9].jq", `function not defined: nosuch/0; a text stands in double quotes: "nosuch"`},
	}
	if len(problems) != len(want) {
		t.Fatalf("%d problems, want %d:\n%v", len(problems), len(want), err)
	}
	for i, w := range want {
		if problems[i].Field != w.field || !strings.Contains(problems[i].Text, w.text) {
			t.Errorf("problem %d is %s: %s\nwant %s: … %s …", i, problems[i].Field, problems[i].Text, w.field, w.text)
		}
	}
}

func TestJQ(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		program, body string
		want          []string
	}{
		"one of one":                          {`del(.b)`, `{"a":1, "b":2}`, []string{`{"a":1}`}},
		"none of one":                         {`select(.a > 1)`, `{"a":1}`, nil},
		"several of one":                      {`.items[] + {id}`, `{"id":7,"items":[{"x":1},{"x":2}]}`, []string{`{"id":7,"x":1}`, `{"id":7,"x":2}`}},
		"numbers keep their digits":           {`.`, `{"a":12345678901234567890123,"b":1.10,"c":1E2,"d":-0}`, []string{`{"a":12345678901234567890123,"b":1.10,"c":1E2,"d":-0}`}},
		"large whole numbers are exact":       {`.a += 1`, `{"a":12345678901234567890123}`, []string{`{"a":12345678901234567890124}`}},
		"the environment is empty":            {`{e: ($ENV | length), f: (env | length)}`, `{}`, []string{`{"e":0,"f":0}`}},
		"text is escaped as little as can be": {`.`, `{"b":"\u003ca\u003e \u00e9 \"\\ \u0001"}`, []string{`{"b":"<a> é \"\\ \u0001"}`}},
		"of a name twice the last stays":      {`.`, `{"a":1,"a":2}`, []string{`{"a":2}`}},
		"nan is null":                         {`{a: nan}`, `{}`, []string{`{"a":null}`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := apply(t, compile(t, transform.Step{JQ: c.program}), c.body)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("made %q, %v\nwant %q", got, err, c.want)
			}
		})
	}
}

// TestRefusedRecords: each is Invalid, names the step, and nothing of the record comes out.
func TestRefusedRecords(t *testing.T) {
	t.Parallel()
	const big = `"` + "0123456789" + `"`
	cases := map[string]struct {
		steps []transform.Step
		body  string
		want  string
	}{
		"keep on no object":                     {[]transform.Step{{Keep: "a"}}, `[1]`, "transform[0].keep: the record is not a JSON object"},
		"keep on broken JSON":                   {[]transform.Step{{Keep: "a"}}, `{"b":tru`, "transform[0].keep: the record is not valid JSON"},
		"keep on nothing":                       {[]transform.Step{{Keep: "a"}}, ``, "not a JSON object"},
		"jq on no object":                       {[]transform.Step{{JQ: "."}}, `null`, "transform[0].jq: the record is not a JSON object"},
		"jq on broken JSON":                     {[]transform.Step{{JQ: "."}}, `{"a":1`, "transform[0].jq: the record is not valid JSON"},
		"jq on two values":                      {[]transform.Step{{JQ: "."}}, `{} {}`, "something follows its end"},
		"jq makes a string":                     {[]transform.Step{{Keep: "true"}, {JQ: "., .a"}}, `{"a":"x"}`, "transform[1].jq: the program ., .a made a string"},
		"jq makes an array":                     {[]transform.Step{{JQ: "[.]"}}, `{}`, "made an array"},
		"jq fails":                              {[]transform.Step{{JQ: `{}, (.a + 1)`}}, `{"a":"x"}`, "cannot add"},
		"jq refuses by itself":                  {[]transform.Step{{JQ: `error("no tenant")`}}, `{}`, "no tenant"},
		"jq halts":                              {[]transform.Step{{JQ: `., halt`}}, `{}`, "called halt"},
		"the second jq fails":                   {[]transform.Step{{JQ: `{n: 1}, {n: 0}`}, {JQ: `{a: (1 / .n)}`}}, `{}`, "transform[1].jq: the program {a: (1 / .n)}"},
		"too many outputs":                      {[]transform.Step{{JQ: `range(200) | {a: .}`}}, `{}`, "makes more than 100 records of one"},
		"too many in two steps":                 {[]transform.Step{{JQ: `range(50) | {a: .}`}, {JQ: "., ."}}, `{}`, "makes more than 100 records of one"},
		"too many bytes":                        {[]transform.Step{{JQ: `range(90) | {a: ` + big + ` * 20}`}}, `{}`, "too large in sum"},
		"small in memory, without end on paper": {[]transform.Step{{JQ: `reduce range(60) as $i (.; {a: ., b: .})`}}, `{}`, "too large in sum"},
		"too deep":                              {[]transform.Step{{JQ: `reduce range(20000) as $i (.; {a: .})`}}, `{}`, "nested more than 10000 deep"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chain, err := transform.Compile(c.steps, transform.Limits{Outputs: 100, Bytes: 15_000, Timeout: time.Minute, Memory: 8 << 30})
			if name == "too deep" {
				chain, err = transform.Compile(c.steps, transform.Limits{Timeout: time.Minute, Memory: 8 << 30})
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := apply(t, chain, c.body)
			if err == nil || fault.ClassOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want Invalid with %q", err, c.want)
			}
			if len(got) != 0 {
				t.Errorf("a refused record left %d records behind", len(got))
			}
		})
	}
}

// TestEndlessProgramsAreStopped: in time, by name, whether they only run or eat memory as well.
func TestEndlessProgramsAreStopped(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ program, want string }{
		"runs":       {`def f: f; f`, "did not end in time"},
		"grows":      {`def f: 1 + f; f`, "used too much memory"},
		"emits":      {`repeat(.)`, "makes more than"},
		"emits none": {`repeat(.) | empty`, "did not end in time"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := 300 * time.Millisecond
			if name == "grows" {
				timeout = time.Minute
			}
			chain, err := transform.Compile([]transform.Step{{JQ: c.program}}, transform.Limits{Timeout: timeout, Memory: 64 << 20, Outputs: 50})
			if err != nil {
				t.Fatal(err)
			}
			_, err = apply(t, chain, `{"a":1}`)
			if err == nil || fault.ClassOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.program) {
				t.Errorf("got %v, want Invalid naming the program and %q", err, c.want)
			}
		})
	}
}

func TestAStopIsNoFaultOfTheRecord(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := compile(t, transform.Step{JQ: "def f: f; f"}).Apply(ctx, connector.Record{Body: json.RawMessage(`{}`)}, func(connector.Record) error { return nil })
	if !errors.Is(err, context.Canceled) || fault.ClassOf(err) != fault.Canceled {
		t.Errorf("Apply = %v, want Canceled", err)
	}
}

func TestTheRestOfARecordStays(t *testing.T) {
	t.Parallel()
	in := connector.Record{Key: "k", Time: time.Unix(7, 0), Stream: "s", Tenant: "t", Body: json.RawMessage(`{"a":1}`)}
	err := compile(t, transform.Step{Keep: "a"}, transform.Step{JQ: "{b: .a}"}, transform.Step{Drop: "b == 2"}).Apply(t.Context(), in, func(r connector.Record) error {
		if r.Key != "k" || !r.Time.Equal(in.Time) || r.Stream != "s" || r.Tenant != "t" || string(r.Body) != `{"b":1}` {
			t.Errorf("made %+v", r)
		}
		return errors.New("full")
	})
	if err == nil || err.Error() != "full" {
		t.Errorf("Apply = %v, want emit's own error", err)
	}
}

func TestDeletesPassUntouched(t *testing.T) {
	t.Parallel()
	n := 0
	for _, c := range []*transform.Chain{compile(t, transform.Step{Keep: "false"}, transform.Step{JQ: "empty"}), nil} {
		err := c.Apply(t.Context(), connector.Record{Key: "k", Op: connector.Delete}, func(connector.Record) error { n++; return nil })
		if err != nil {
			t.Error(err)
		}
	}
	if n != 2 {
		t.Errorf("%d deletes came through, want 2", n)
	}
}

// TestAChainIsSharedByGoroutines is for the race detector: scanners and programs are reused.
func TestAChainIsSharedByGoroutines(t *testing.T) {
	t.Parallel()
	chain := compile(t, transform.Step{Keep: `Workload == "Exchange" and Items != null`}, transform.Step{JQ: `{Id, n: (.Items | length)}`})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				got, err := apply(t, chain, event)
				if err != nil || !slices.Equal(got, []string{`{"Id":"a1","n":2}`}) {
					t.Errorf("made %q, %v", got, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestOfANameTwiceTheFirstIsLookedAt(t *testing.T) {
	t.Parallel()
	got, err := apply(t, compile(t, transform.Step{Keep: "a == 1 and b == null"}), `{"a":1,"a":2}`)
	if err != nil || len(got) != 1 {
		t.Errorf("kept %d, %v", len(got), err)
	}
}

func TestMistakesInLongProgramsAreShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10_000)
	for _, source := range []string{long, ".a == " + long + " " + long, "(" + strings.Repeat(".a and ", 2_000), `"` + long, long + ": 1"} {
		for _, step := range []transform.Step{{JQ: source}, {Keep: source}} {
			for _, m := range transform.Mistakes([]transform.Step{step}) {
				if n := utf8.RuneCountInString(m.Text); n > 700 {
					t.Errorf("%.20s…: the mistake has %d characters: %s", source, n, m.Text)
				}
			}
		}
	}
	source := strings.Repeat(".e == 1 and ", 20) + "= 2" + strings.Repeat(" and .b == 1", 20)
	_, err := transform.Compile([]transform.Step{{JQ: source}}, transform.Limits{})
	want := "\n    …" + strings.Repeat(".e == 1 and ", 5) + "= 2" + strings.Repeat(" and .b == 1", 5)[:57] + "…\n    " + strings.Repeat(" ", 61) + "^"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v\nwant it to contain %s", err, want)
	}
}
