package transform

import (
	"context"
	"fmt"
	"regexp"

	"github.com/headrace/headrace/internal/fault"
)

// A Rule is one value that a Mapping makes: the setting that holds its program, and the program.
type Rule struct {
	Field string // "item.properties.title", for errors
	JQ    string
}

// A Mapping is several jq programs that each make one value of the same record. It is safe for concurrent use.
type Mapping struct {
	rules  []mapped
	limits Limits
}

type mapped struct {
	field   string
	program *program
	name    string // of the record's field, if the program is nothing but that; "": it is more
}

// plainField is a program that any JSON library could run: .title
var plainField = regexp.MustCompile(`^\s*\.([A-Za-z_][A-Za-z0-9_]*)\s*$`)

// CompileMapping compiles all rules. Its error is fault.Problems, one for each program that is none.
func CompileMapping(rules []Rule, limits Limits) (*Mapping, error) {
	m := &Mapping{limits: limits.withDefaults()}
	var problems fault.Problems
	for _, r := range rules {
		p, err := compileJQ(r.JQ)
		if err != nil {
			problems = append(problems, fault.Problem{Field: r.Field, Text: err.Error()})
			continue
		}
		one := mapped{field: r.Field, program: p}
		if match := plainField.FindStringSubmatch(r.JQ); match != nil {
			one.name = match[1]
		}
		m.rules = append(m.rules, one)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return m, nil
}

// Values gives what each rule makes of a record, in the rules' order: nil, bool, int, float64, *big.Int, json.Number,
// string, []any or map[string]any. A rule that gives nothing (empty) has made nil. The limits' time and memory are for
// all rules together; how large a value is on paper is the caller's to look at, since its parts may be shared. An
// Invalid error names the rule that failed, or that made more than one value.
//
// There is no context: a record's bounds are in the limits, and nobody waits longer for it.
func (m *Mapping) Values(body []byte) ([]any, error) {
	w := watch(context.Background(), m.limits) //nolint:forbidigo // the limits end it, see above
	defer w.stop()
	input, err := decodeObject(body)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%w", err)
	}
	values := make([]any, len(m.rules))
	fields, _ := input.(map[string]any)
	for i, r := range m.rules {
		if r.name != "" {
			values[i] = fields[r.name]
			continue
		}
		if values[i], err = r.program.one(w, input); err != nil {
			return nil, fault.New(fault.Invalid, "%s: %w", r.field, err).WithHint("%s", fault.HintOf(err)).WithCode("mapping_failed")
		}
	}
	return values, nil
}

// one runs the program on a decoded record, which it does not change, and gives its only value; nil: it made none.
func (p *program) one(w *watcher, input any) (value any, err error) {
	defer func() { // as in each
		if broken := recover(); broken != nil {
			err = fault.New(fault.Invalid, "the program %s broke the jq interpreter: %v", p.short(), broken)
		}
	}()
	iter := p.code.RunWithContext(w.ctx, input)
	value, more := iter.Next()
	if !more {
		return nil, nil
	}
	if failed, ok := value.(error); ok {
		return nil, p.explain(w, failed)
	}
	second, more := iter.Next()
	if !more {
		return value, nil
	}
	if failed, ok := second.(error); ok {
		return nil, p.explain(w, failed)
	}
	return nil, fault.New(fault.Invalid, "the program %s made more than one value", p.short()).
		WithHint("%s", fmt.Sprintf("Put it in brackets for a list: [%s]. Take one with first(…).", p.short()))
}
