package transform_test

import (
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/transform"
)

func TestMistakesHaveTheirPlace(t *testing.T) {
	t.Parallel()
	got := transform.Mistakes([]transform.Step{{Keep: `a == 1`}, {JQ: ".a |\n  .b ||"}, {Keep: "a ="}, {}, {JQ: "nosuch(1)"}})
	if len(got) != 4 {
		t.Fatalf("%+v", got)
	}
	if m := got[0]; m.Step != 1 || m.Field != "transform[1].jq" || m.Line != 2 || m.Column < 6 || !strings.Contains(m.Text, "^") {
		t.Errorf("in the second line: %+v", m)
	}
	if m := got[1]; m.Step != 2 || m.Line != 1 || m.Column == 0 {
		t.Errorf("of a filter: %+v", m)
	}
	if m := got[2]; m.Step != 3 || m.Line != 0 || m.Field != "transform[3]" {
		t.Errorf("an empty step: %+v", m)
	}
	if m := got[3]; m.Step != 4 || m.Text == "" {
		t.Errorf("a name nobody knows: %+v", m)
	}
	if none := transform.Mistakes([]transform.Step{{JQ: "."}}); len(none) != 0 {
		t.Errorf("%+v", none)
	}
}

func TestATrialTellsWhichStepItWas(t *testing.T) {
	t.Parallel()
	chain, err := transform.Compile([]transform.Step{{Keep: `.a != 0`}, {JQ: `if .a == 2 then error("two") elif .a == 5 then def f: f; f else ., (select(.a == 3) | {b: 1}) end`}, {Drop: `.a == 4`}},
		transform.Limits{Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]struct {
		made, step int
		text       string
	}{
		`{"a":0}`: {0, 0, ""},
		`{"a":1}`: {1, -1, ""},
		`{"a":2}`: {0, 1, "two"},
		`{"a":3}`: {2, -1, ""},
		`{"a":4}`: {0, 2, ""},
		`{"a":5}`: {0, 1, "did not end in time"},
		`[]`:      {0, 0, "object"},
	} {
		got := chain.Try(t.Context(), connector.Record{Op: connector.Upsert, Body: []byte(body)})
		if len(got.Made) != want.made || got.Step != want.step || (got.Err != nil) != (want.text != "") || got.Err != nil && !strings.Contains(got.Err.Error(), want.text) {
			t.Errorf("%s: %+v, want %+v", body, got, want)
		}
	}
	if got := chain.Try(t.Context(), connector.Record{Op: connector.Delete, Key: "k"}); len(got.Made) != 1 || got.Step != -1 {
		t.Errorf("a delete: %+v", got)
	}
}
