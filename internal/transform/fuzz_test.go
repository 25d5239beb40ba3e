package transform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/itchyny/gojq"
)

// asJQ writes an expression as the jq program that should mean the same.
func (f *filter) asJQ() string { return f.write(f.root) }

func (f *filter) write(n node) string {
	switch n := n.(type) {
	case field:
		name, _ := json.Marshal(f.names[n.index])
		return fmt.Sprintf(".[%s]", name)
	case literal:
		switch n.value.kind {
		case kindNull:
			return "null"
		case kindFalse:
			return "false"
		case kindTrue:
			return "true"
		case kindString:
			text, _ := json.Marshal(string(n.value.text))
			return string(text)
		default:
			return string(n.value.text)
		}
	case negated:
		return "(" + f.write(n.of) + " | not)"
	case both:
		return "(" + f.write(n.left) + " and " + f.write(n.right) + ")"
	case either:
		return "(" + f.write(n.left) + " or " + f.write(n.right) + ")"
	case comparison:
		for sign, op := range operators {
			if op == n.op {
				return "(" + f.write(n.left) + " " + sign + " " + f.write(n.right) + ")"
			}
		}
	}
	panic(fmt.Sprintf("no such node: %T", n))
}

// FuzzFilterMeansWhatJQMeans parses any text as an expression and compares its truth with gojq's, on any record.
func FuzzFilterMeansWhatJQMeans(f *testing.F) {
	for _, source := range []string{
		`Workload != "OneDrive"`, `.a == 1 and (.b or not c) | not`, `a < "x" or .["b c"] >= -1.5e3`, `a == b`, `a < b and b <= c and c > d`,
		`"\u00e9\ud83d\ude00" == ."\n"`, `not not a`, `a == null`, `a == 12345678901234567890123`, `a = 1`, `.a.b`, `(((a`, `a == 1e999`,
	} {
		for _, body := range []string{
			`{"Workload":"Exchange","a":1,"b":true,"c":"x"}`, `{"a":[1,{"x":2}],"b":[1,{"x":2}],"c":{},"d":{"a":1}}`,
			`{"a":12345678901234567890123,"b":1e400,"c":-0.0,"d":0}`, "{\"a\":\"\xff\",\"\\n\":\"\\u00e9\\ud83d\\ude00\",\"b\":\"\\ud800\"}", `[]`, `{"a":`, `{}`,
		} {
			f.Add(source, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, source string, body []byte) {
		expr, err := parseFilter(source, "select(…)")
		if err != nil {
			if !strings.Contains(err.Error(), "column ") && len(source) <= maxSource {
				t.Errorf("%q: the error has no place: %v", source, err)
			}
			return
		}
		truth, err := expr.match(body)
		if err != nil {
			if jsontext.Value(body).IsValid() && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
				t.Fatalf("%s on a valid record: %v", source, err)
			}
			return
		}
		record, err := decodeObject(body)
		if err != nil || !jsontext.Value(body).IsValid() {
			return // broken behind the last field, or a name twice: there the two differ, as is documented
		}
		program, err := compileJQ(expr.asJQ())
		if err != nil {
			t.Fatalf("%s is written %s in jq, which does not compile: %v", source, expr.asJQ(), err)
		}
		want, _ := program.code.Run(record).Next()
		if failed, ok := want.(error); ok {
			t.Fatalf("%s: %v", expr.asJQ(), failed)
		}
		if jqTruth := want != nil && want != false; truth != jqTruth {
			t.Errorf("%s is %v of %s; jq says %v of %s", source, truth, body, want, expr.asJQ())
		}
	})
}

// FuzzRecordsSurviveJQ decodes and encodes any record: what comes out means what went in, for jq.
func FuzzRecordsSurviveJQ(f *testing.F) {
	for _, body := range []string{`{"a":[1,2.50,-0,1e9],"b":{"c":null,"d":"\u0000\u2028<"},"e":true}`, `{"a":"` + "\xff" + `"}`, `{"a":1,"a":[]}`, `{`, `7`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		record, err := decodeObject(body)
		if err != nil {
			if jsontext.Value(body).IsValid() && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
				t.Fatalf("a valid object was refused: %v", err)
			}
			return
		}
		out, err := encode(record, int64(10*len(body)+100))
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeObject(out)
		if err != nil || gojq.Compare(record, again) != 0 {
			t.Errorf("%s became %s (%v)", body, out, err)
		}
	})
}
