package config

import (
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

type hold struct {
	Limit connector.Size `yaml:"limit" doc:"Most bytes to keep" example:"20GB"`
}

type shape struct {
	Types    []string           `yaml:"contentTypes" doc:"What to collect" enum:"Audit.General,Audit.Exchange"`
	Start    connector.Duration `yaml:"start"`
	Interval connector.Duration `yaml:"interval" doc:"Time between two listings"`
	Rate     int                `yaml:"requestsPerMinute"`
	On       bool               `yaml:"on"`
	Hold     hold               `yaml:"hold"`
	Expires  time.Time          `yaml:"expires"`
	Labels   map[string]string  `yaml:"labels"`
	Free     any                `yaml:"free"`
	Raw      yaml.Node          `yaml:"raw"`
	Inner    `yaml:",inline"`
	Hidden   string
}

type Inner struct {
	Note string `yaml:"note"`
}

func defaults() *shape {
	return &shape{Types: []string{"Audit.General"}, Interval: connector.Duration(time.Minute), Rate: 2000}
}

func decode(t *testing.T, text string) (*shape, fault.Problems) {
	t.Helper()
	node, err := ParseOne([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s := defaults()
	return s, Decode(node, s, "spec")
}

func TestDecodeFillsWhatIsGivenAndKeepsDefaults(t *testing.T) {
	t.Parallel()
	s, problems := decode(t, `
start: -7d
on: true
hold: { limit: 20GB }
expires: 2027-06-14
labels: { a: "1", b: no }
free: [1, {x: y}]
note: inlined
interval:
`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if s.Start.Std() != -7*24*time.Hour || !s.On || s.Hold.Limit != 20e9 || s.Expires.Format(time.DateOnly) != "2027-06-14" || s.Labels["b"] != "no" || s.Note != "inlined" {
		t.Errorf("got %+v", s)
	}
	if s.Rate != 2000 || s.Interval.Std() != time.Minute || s.Types[0] != "Audit.General" {
		t.Errorf("defaults are gone: %+v", s)
	}
}

func TestDecodeReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, problems := decode(t, `contentType: [Audit.General]
contentTypes: [Audit.Exchang]
requestsPerMinute: many
on: "yes"
interval: 60
hold: 20GB
hold: { limit: lots }
labels: [a]
Hidden: x
`)
	want := []string{
		`line 7: spec.hold: is given twice`,
		`line 1: spec.contentType: there is no such field; did you mean "contentTypes"?`,
		`line 2: spec.contentTypes[0]: "Audit.Exchang" is not one of Audit.General, Audit.Exchange; did you mean "Audit.Exchange"?`,
		`line 3: spec.requestsPerMinute: "many" is not a whole number`,
		`line 4: spec.on: "yes" is not true or false`,
		`line 5: spec.interval: "60" is not a duration; write it like 90s, 15m, 24h or 7d`,
		`line 6: spec.hold: must be a mapping with the fields limit`,
		`line 8: spec.labels: must be a mapping, like { name: value }`,
		`line 9: spec.Hidden: there is no such field; there are contentTypes, start, interval, requestsPerMinute, on, hold, expires, labels, free, raw, note`,
	}
	if got := problems.Error(); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestDecodeNeverQuotesWhatMayBeASecret(t *testing.T) {
	t.Parallel()
	_, problems := decode(t, "hold: topsecret\nlabels: topsecret\ncontentTypes: topsecret\n")
	if len(problems) != 3 || strings.Contains(problems.Error(), "topsecret") {
		t.Errorf("got %v", problems)
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	s, problems := decode(t, `
labels: &l { a: one }
free: { <<: *l, b: two }
`)
	if len(problems) > 0 || s.Free.(map[string]any)["a"] != "one" {
		t.Errorf("got %v, %v", s.Free, problems)
	}
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		prev := strings.Repeat("*a"+string(rune('a'+i-2))+",", 10)
		if i == 1 {
			prev = strings.Repeat("*a0,", 10)
		}
		bomb.WriteString("k" + string(rune('a'+i-1)) + ": &a" + string(rune('a'+i-1)) + " [" + strings.TrimSuffix(prev, ",") + "]\n")
	}
	node, err := ParseOne([]byte(bomb.String()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := JSON(node); err == nil {
		t.Error("a bomb of aliases was written out")
	}
	cyclic, err := ParseOne([]byte("free: &a [*a]"))
	if err == nil {
		if problems := Decode(cyclic, defaults(), ""); len(problems) == 0 {
			t.Error("a cycle has no problem")
		}
	}
}

func TestEncodeGivesOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	s, _ := decode(t, `{start: -7d, hold: {limit: 5MB}, on: true, note: "x: y", expires: 2027-06-14, contentTypes: [Audit.Exchange, Audit.General]}`)
	out, err := YAML(Encode(s, defaults()))
	if err != nil {
		t.Fatal(err)
	}
	want := `contentTypes: [Audit.Exchange, Audit.General]
start: -7d
on: true
hold:
  limit: 5MB
expires: 2027-06-14
note: 'x: y'
`
	if string(out) != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
	back, problems := decode(t, string(out))
	if len(problems) > 0 || back.Hold != s.Hold || !back.Expires.Equal(s.Expires) {
		t.Errorf("it does not come back: %+v, %v", back, problems)
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	good := "apiVersion: headrace/v1\nkind: %s\nmetadata: {name: %s}\nspec: {}\n"
	text := strings.NewReplacer("%s", "Flow").Replace("apiVersion: headrace/v1\nkind: %s\nmetadata: {name: f}\nspec: {}\n---\n# nothing\n---\n") + strings.Replace(strings.Replace(good, "%s", "Credential", 1), "%s", "c", 1)
	docs, problems := Documents([]File{{Name: "a.yaml", Text: []byte(text)}})
	if len(problems) > 0 || len(docs) != 2 || docs[0].Title() != "Credential c" || docs[1].Title() != "Flow f" {
		t.Fatalf("got %v, %v", docs, problems)
	}
	_, problems = Documents([]File{{Name: "a.yaml", Text: []byte("apiVersion: v1\nkind: flow\nmetadata: {name: a b, lable: x}\nspec: []\n---\n- x\n")}, {Name: "b.yaml", Text: []byte("a:\n\t- b")}})
	for _, want := range []string{"a.yaml:3: metadata.lable: there is no such field", "a.yaml:1: apiVersion: must be headrace/v1", `a.yaml:2: kind: "flow" is not one of Credential, Source, Destination, Flow; did you mean "Flow"?`, "a.yaml:3: metadata.name: a name has letters", "a.yaml:4: spec: must be a mapping", "a.yaml:6: must be a mapping", "b.yaml:2: "} {
		if !strings.Contains(problems.Error(), want) {
			t.Errorf("no %q in\n%s", want, problems.Error())
		}
	}
}

func TestDocumentsGiveWhatCanBeJudgedBesideTheProblems(t *testing.T) {
	t.Parallel()
	text := "apiVersion: v1\nkind: Flwo\nmetadata: {name: f}\nspec: {}\n---\nspec: {a: [}\n---\napiVersion: headrace/v1\nkind: Source\nmetadata: {name: s}\nspec: {<<: {connector: x}}\n"
	docs, problems := Documents([]File{{Name: "a.yaml", Text: []byte(text + "---\n" + text)}})
	if len(docs) != 4 || docs[0].Title() != "Source s" || docs[2].Title() != "Flow f" {
		t.Fatalf("got %v", docs)
	}
	if node := Take(docs[0].Spec, "connector"); node == nil || node.Value != "x" {
		t.Error("what << brings is not there")
	}
	for _, want := range []string{"a.yaml:6: did not find expected node content", "a.yaml:18: did not find", "a.yaml:13: apiVersion", "Source s is there twice, also at a.yaml:8"} {
		if !strings.Contains(problems.Error(), want) {
			t.Errorf("no %q in\n%s", want, problems.Error())
		}
	}
}

func TestEveryProblemHasItsLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"first line":        {"a: b: c", "x:1: mapping values are not allowed"},
		"tab":               {"a:\n\tb: 1\n", "x:2: found character that cannot start any token; is there a tab"},
		"open bracket":      {"a: 1\nb: [1\nc: 2\nd: 3\n", "x:3: did not find expected ',' or ']' (while parsing a flow sequence that begins at line 2)"},
		"open quote":        {"a: \"x\nb: 1\n---\nc: 1\n", "x:3: found unexpected document indicator (while scanning a quoted scalar that begins at line 1)"},
		"alias of nothing":  {"a: 1\nb: *c\n", "x:2: unknown anchor 'c' referenced"},
		"Latin-1":           {"a: 1\nb: caf\xe9\n", "x:2: column 7 is no UTF-8 (byte 0xE9); save the file as UTF-8"},
		"binary":            {"a: 1\n\x00\x01", "x:2: column 1 is a control character (U+0000); is this a text file?"},
		"UTF-16":            {"\xff\xfea\x00", "x: the file is UTF-16"},
		"nothing":           {"", "x: there is no object in it"},
		"only separators":   {"---\n# a\n---\n", "x: there is no object in it"},
		"too large":         {strings.Repeat("#", 10_000_000), "x: the file has 10 MB; 8 MB is the most"},
		"too deep":          {"a: " + strings.Repeat("[", 20_000), "x:1: exceeded max depth"},
		"byte order, CRLF":  {"\ufeffapiVersion: headrace/v1\r\nkind: Floww\r\n", `x:2: kind: "Floww" is not one of`},
		"many bad at once":  {strings.Repeat("a: [\n---\n", 50), "x:40: did not find expected node content"},
		"field given twice": {"kind: Flow\nkind: Flow\n", "x:2: kind: is given twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := Documents([]File{{Name: "x", Text: []byte(c.text)}})
			if !strings.Contains(problems.Error(), c.want) || len(problems) > maxWrong+4 {
				t.Errorf("no %q in\n%s", c.want, problems.Error())
			}
		})
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	base, _ := ParseOne([]byte(`{a: 1, b: {c: 2, d: 3}, e: [1]}`))
	patch, _ := ParseOne([]byte(`{a: null, b: {d: 4}, e: [2], f: x}`))
	got, err := JSON(Merge(base, patch))
	if err != nil || string(got) != `{"b":{"c":2,"d":4},"e":[2],"f":"x"}` {
		t.Errorf("got %s, %v", got, err)
	}
	if raw, _ := JSON(base); string(raw) != `{"a":1,"b":{"c":2,"d":3},"e":[1]}` {
		t.Errorf("the base changed: %s", raw)
	}
}

func TestFieldsDescribeSettings(t *testing.T) {
	t.Parallel()
	byPath := map[string]Field{}
	for _, f := range Fields(defaults()) {
		byPath[f.Path] = f
	}
	if f := byPath["hold.limit"]; f.Type != "size" || f.Example != "20GB" || f.Doc == "" {
		t.Errorf("got %+v", f)
	}
	if f := byPath["contentTypes"]; f.Type != "list of text" || f.Default != "Audit.General" || len(f.Enum) != 2 {
		t.Errorf("got %+v", f)
	}
	if f := byPath["interval"]; f.Default != "1m" {
		t.Errorf("got %+v", f)
	}
	schema := Schema(defaults())
	if schema["properties"].(map[string]any)["interval"].(map[string]any)["default"] != "1m" {
		t.Errorf("got %v", schema)
	}
}

func TestFieldsOfListsAreDescribedToo(t *testing.T) {
	t.Parallel()
	type step struct {
		Path  string   `yaml:"path" doc:"Where"`
		Parts []string `yaml:"parts"`
	}
	type all struct {
		Steps []step `yaml:"steps" doc:"What to do"`
		Last  string `yaml:"last"`
	}
	var got []string
	for _, f := range Spread(Fields(&all{})) {
		got = append(got, f.Path+" "+f.Type)
	}
	if want := []string{"steps list of mapping", "steps[].path text", "steps[].parts list of text", "last text"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "a: 1", "hold: {limit: 5GB}", "free: &a [*a]", "<<: [{a: 1}]", "labels: {<<: {a: b}}", "? [a]\n: b", "expires: 2027-01-01", "raw: !!binary aGk=", `{"on": true}`, "free: {a: .nan}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		node, err := ParseOne(text)
		if err != nil {
			return
		}
		s := defaults()
		if problems := Decode(node, s, ""); len(problems) > 0 {
			return
		}
		out, err := YAML(Encode(s, defaults()))
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseOne(out)
		if err != nil {
			t.Fatalf("what was written can't be read: %v\n%s", err, out)
		}
		if problems := Decode(again, defaults(), ""); len(problems) > 0 {
			t.Fatalf("what was written is refused: %v\n%s", problems, out)
		}
		_, _ = Documents([]File{{Name: "x", Text: text}})
	})
}

// A jq program in brackets is a list to YAML.
func TestAProgramInBracketsNeedsQuotes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"acl: [{a: b}]":  "put what is in brackets in quotes",
		"acl: {a: b}":    "put what is in brackets in quotes",
		"acl:\n- a\n- b": "acl: must be a text",
	} {
		node, err := ParseOne([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			ACL string `yaml:"acl"`
		}
		if err := Decode(node, &v, "").Err(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(text, "-") == strings.Contains(err.Error(), "quotes") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
