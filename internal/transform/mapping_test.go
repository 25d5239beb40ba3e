package transform

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

func TestMappingMakesOneValueOfEachRule(t *testing.T) {
	t.Parallel()
	m, err := CompileMapping([]Rule{{"a", ".title"}, {"b", "[.n, .big]"}, {"c", "empty"}, {"d", `"x/" + .title`}, {"e", " .title "}, {"f", ".none"}, {"g", ".n | ."}}, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Values([]byte(`{"title":"T","n":1,"big":12345678901234567890123}`))
	if want := `[T [1 12345678901234567890123] <nil> x/T T <nil> 1]`; err != nil || fmt.Sprint(got) != want {
		t.Errorf("got %v, %v; want %s", got, err, want)
	}
}

func TestMappingRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ jq, body, want string }{
		"more than one value":    {".a, .b", `{}`, "item.x: the program .a, .b made more than one value"},
		"an error of the second": {`1, error("no")`, `{}`, "item.x: the program"},
		"an error":               {`.a | ltrimstr(1) | error("why")`, `{}`, "why"},
		"a wrong type":           {`.a + {}`, `{"a":1}`, "item.x"},
		"no object":              {".", `[1]`, "not a JSON object"},
		"an endless program":     {"def f: f; f", `{}`, "did not end in time"},
		"halt":                   {"halt", `{}`, "called halt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := CompileMapping([]Rule{{"item.x", c.jq}}, Limits{Timeout: 200 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			_, err = m.Values([]byte(c.body))
			if fault.ClassOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestMappingReportsAllProgramsThatAreNone(t *testing.T) {
	t.Parallel()
	_, err := CompileMapping([]Rule{{"item.id", ".a |"}, {"item.ok", "."}, {"item.acl", "input"}}, Limits{})
	if err == nil || !strings.Contains(err.Error(), "item.id") || !strings.Contains(err.Error(), "item.acl") || strings.Contains(err.Error(), "item.ok") {
		t.Errorf("got %v", err)
	}
}
