// Package transform is the chain of a flow's transform list: it makes none, one or several records of one.
//
// A step keeps or drops records by an expression over top-level fields, or runs a jq program. keep and drop read only the
// fields they name and pass a record's bytes on untouched. jq decodes the record and writes it anew: numbers keep the
// digits they came with unless the program calculates with them, but names are sorted, white space goes, and of a name that
// stands twice the last stays. Delete records pass every step untouched.
//
// Nothing here reads a file, an environment variable or another record. A chain gives the same for the same record,
// unless a program asks for the time of day with now. Start at Compile.
package transform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// A Step is one entry of the list; exactly one field is set.
type Step struct {
	Keep string `yaml:"keep,omitempty" json:"keep,omitempty" doc:"Keep only records for which this is true" example:"Workload != \"OneDrive\""`
	Drop string `yaml:"drop,omitempty" json:"drop,omitempty" doc:"Drop records for which this is true" example:"Operation == \"FileAccessed\""`
	JQ   string `yaml:"jq,omitempty" json:"jq,omitempty" doc:"jq program that makes none, one or several records of one" example:"del(.AppAccessContext)"`
}

// Limits bound what the jq programs of a chain may use for one record. A zero field takes the default.
type Limits struct {
	Timeout time.Duration // 5 s
	Outputs int           // records made of one: 10,000
	Bytes   int64         // of all records made of one: 128 MiB
	Memory  int64         // by which the process may grow while a program runs longer than some milliseconds: 128 MiB
}

func (l Limits) withDefaults() Limits {
	if l.Timeout <= 0 {
		l.Timeout = 5 * time.Second
	}
	if l.Outputs <= 0 {
		l.Outputs = 10_000
	}
	if l.Bytes <= 0 {
		l.Bytes = 128 << 20
	}
	if l.Memory <= 0 {
		l.Memory = 128 << 20
	}
	return l
}

// A Chain is a compiled transform list. It is safe for concurrent use. A nil Chain changes nothing.
type Chain struct {
	steps  []step
	limits Limits
}

// A step is a filter or a program.
type step struct {
	name    string // "transform[1].jq"
	filter  *filter
	drop    bool
	program *program
}

// Compile checks and compiles all steps. Its error is fault.Problems, one for each wrong step, with the field
// transform[N].keep, .drop or .jq.
func Compile(steps []Step, limits Limits) (*Chain, error) {
	chain := &Chain{limits: limits.withDefaults()}
	var problems fault.Problems
	for i, s := range steps {
		one, err := compileStep(fmt.Sprintf("transform[%d]", i), s)
		if err != nil {
			problems = append(problems, fault.Problem{Field: one.name, Text: err.Error()})
			continue
		}
		chain.steps = append(chain.steps, one)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return chain, nil
}

func compileStep(name string, s Step) (one step, err error) {
	switch {
	case s.Keep != "" && s.Drop == "" && s.JQ == "":
		one.name = name + ".keep"
		one.filter, err = parseFilter(s.Keep, "select(…)")
	case s.Drop != "" && s.Keep == "" && s.JQ == "":
		one.name, one.drop = name+".drop", true
		one.filter, err = parseFilter(s.Drop, "select(… | not)")
	case s.JQ != "" && s.Keep == "" && s.Drop == "":
		one.name = name + ".jq"
		one.program, err = compileJQ(s.JQ)
	case s == Step{}:
		one.name, err = name, errors.New("the step is empty; give it one of keep, drop or jq")
	default:
		one.name, err = name, errors.New("a step does one thing; make a step each of its keep, drop and jq")
	}
	return one, err
}

// Apply gives emit the records that the chain makes of one, in order. They have its key, time, stream and tenant; what a filter passed
// on shares its Body with it, what jq made does not.
//
// An Invalid error refuses the record: its body is no JSON object, or a program failed on it, made something else
// than objects, or needed more than the limits allow. Then nothing was emitted. The error names the step, and can quote up to some 30 bytes of a value. An error of
// emit ends Apply and is given back as it is, as is ctx's end.
func (c *Chain) Apply(ctx context.Context, record connector.Record, emit func(connector.Record) error) error {
	if c == nil || record.Op == connector.Delete {
		return emit(record)
	}
	for i, s := range c.steps {
		if s.program != nil {
			return c.rewrite(ctx, i, record, emit)
		}
		pass, err := s.pass(record.Body)
		if err != nil || !pass {
			return err
		}
	}
	return emit(record)
}

// rewrite runs the steps from the first program on. All outputs are made before the first is emitted.
func (c *Chain) rewrite(ctx context.Context, first int, record connector.Record, emit func(connector.Record) error) error {
	w := watch(ctx, c.limits)
	defer w.stop()
	r := run{limits: c.limits, watch: w, steps: c.steps}
	if err := r.from(first, record.Body); err != nil {
		return err
	}
	w.stop()
	for _, body := range r.made {
		record.Body = body
		if err := emit(record); err != nil {
			return err
		}
	}
	return nil
}

// A run is one record's way through the steps.
type run struct {
	limits  Limits
	watch   *watcher
	steps   []step
	outputs int
	bytes   int64
	made    [][]byte
}

func (r *run) from(i int, body []byte) error {
	if i == len(r.steps) {
		r.made = append(r.made, body)
		return nil
	}
	s := &r.steps[i]
	if s.program == nil {
		pass, err := s.pass(body)
		if err != nil || !pass {
			return err
		}
		return r.from(i+1, body)
	}
	err := s.program.each(r.watch, body, func(value any) error {
		r.outputs++
		if r.outputs > r.limits.Outputs {
			return fault.New(fault.Invalid, "the program %s makes more than %d records of one", s.program.short(), r.limits.Outputs)
		}
		next, err := encode(value, r.limits.Bytes-r.bytes)
		if err != nil {
			return fault.New(fault.Invalid, "the program %s: %w", s.program.short(), err)
		}
		r.bytes += int64(len(next))
		return r.from(i+1, next)
	})
	return s.wrap(err)
}

// pass tells whether the step, a filter, lets the record through.
func (s *step) pass(body []byte) (bool, error) {
	truth, err := s.filter.match(body)
	if err != nil {
		return false, s.wrap(fault.New(fault.Invalid, "%w", err))
	}
	return truth != s.drop, nil
}

// wrap says in which step an error arose, once.
func (s *step) wrap(err error) error {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Code != "" {
		return err
	}
	wrapped := *e
	wrapped.Code, wrapped.Title = "transform_failed", s.name
	return &wrapped
}
