package transform

import (
	"context"
	"errors"
	"fmt"

	"github.com/headrace/headrace/internal/connector"
)

// A Mistake is a step that does not compile.
type Mistake struct {
	Step   int    `json:"step"`  // its index in the list
	Field  string `json:"field"` // transform[1].jq
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Text   string `json:"text"`
}

// Mistakes gives everything that keeps steps from compiling, with its place where there is one.
func Mistakes(steps []Step) []Mistake {
	var all []Mistake
	for i, s := range steps {
		one, err := compileStep(fmt.Sprintf("transform[%d]", i), s)
		if err == nil {
			continue
		}
		m := Mistake{Step: i, Field: one.name, Text: err.Error()}
		if at, ok := errors.AsType[*Misplaced](err); ok {
			m.Line, m.Column = at.Line, at.Column
		}
		all = append(all, m)
	}
	return all
}

// A Trial is what became of one record.
type Trial struct {
	Made []connector.Record // in order; none: a step dropped it, or it failed
	Step int                // the index of the step that dropped or refused it; -1: none did
	Err  error              // why it was refused
}

// Try takes a record through the chain step by step, to tell which one dropped or refused it. Its result is Apply's, but
// that each step has the limits for itself.
func (c *Chain) Try(ctx context.Context, record connector.Record) Trial {
	made := []connector.Record{record}
	if c == nil || record.Op == connector.Delete {
		return Trial{Made: made, Step: -1}
	}
	for i := range c.steps {
		alone := &Chain{steps: c.steps[i : i+1], limits: c.limits}
		var next []connector.Record
		for _, r := range made {
			err := alone.Apply(ctx, r, func(out connector.Record) error {
				next = append(next, out)
				return nil
			})
			if err == nil && len(next) > c.limits.Outputs {
				err = fmt.Errorf("the steps make more than %d records of one", c.limits.Outputs)
			}
			if err != nil {
				return Trial{Step: i, Err: err}
			}
		}
		if made = next; len(made) == 0 {
			return Trial{Step: i}
		}
	}
	return Trial{Made: made, Step: -1}
}
