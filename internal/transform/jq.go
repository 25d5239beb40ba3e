package transform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/headrace/headrace/internal/fault"
	"github.com/itchyny/gojq"
)

// A program is a compiled jq program. It sees nothing but its record: $ENV is empty, input, debug, import and the like
// do not compile.
type program struct {
	source string
	code   *gojq.Code
}

func compileJQ(source string) (*program, error) {
	query, err := gojq.Parse(source)
	if err != nil {
		at := len(source)
		if e, ok := errors.AsType[*gojq.ParseError](err); ok {
			at = min(e.Offset, len(source))
			if at >= len(e.Token) && strings.HasSuffix(source[:at], e.Token) {
				at -= len(e.Token) // the offset is behind the token
			}
		}
		return nil, pointAt(source, at, fmt.Sprintf("not a jq program: %s", err))
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, fmt.Errorf("not a jq program that can run here: %s", clipped(err.Error()+whyNot(err.Error())))
	}
	return &program{source: source, code: code}, nil
}

// whyNot adds advice for what jq has and we don't.
func whyNot(text string) string {
	switch {
	case strings.Contains(text, "input"):
		return "; a transform sees one record at a time"
	case strings.Contains(text, "load module"):
		return "; write the module's functions into the program"
	case strings.Contains(text, "debug/") || strings.Contains(text, "stderr/"):
		return "; a transform has nowhere to write to"
	}
	if name, ok := strings.CutPrefix(text, "function not defined: "); ok && strings.HasSuffix(name, "/0") {
		return fmt.Sprintf("; a text stands in double quotes: %q, a field begins with a dot: .%s", strings.TrimSuffix(name, "/0"), strings.TrimSuffix(name, "/0"))
	}
	return ""
}

// short is the program as errors name it: its first line, at most 60 characters.
func (p *program) short() string {
	line, rest, _ := strings.Cut(strings.TrimSpace(p.source), "\n")
	r := []rune(line)
	if len(r) > 60 {
		return string(r[:59]) + "…"
	}
	if rest != "" {
		return line + " …"
	}
	return line
}

// each runs the program on a record and gives yield every object it makes, one after the other.
func (p *program) each(w *watcher, body []byte, yield func(any) error) (err error) {
	input, err := decodeObject(body)
	if err != nil {
		return fault.New(fault.Invalid, "%w", err)
	}
	// A bug in the interpreter costs this record, not the process.
	defer func() {
		if broken := recover(); broken != nil {
			err = fault.New(fault.Invalid, "the program %s broke the jq interpreter: %v", p.short(), broken)
		}
	}()
	for iter := p.code.RunWithContext(w.ctx, input); ; {
		value, more := iter.Next()
		if !more {
			return nil
		}
		switch v := value.(type) {
		case error:
			return p.explain(w, v)
		case map[string]any:
			if err := yield(v); err != nil {
				return err
			}
		default:
			return fault.New(fault.Invalid, "the program %s made %s %s; a record must be a JSON object",
				p.short(), article(gojq.TypeOf(v)), gojq.TypeOf(v)).
				WithHint("Make the program give objects, for example {value: …}. To drop a record give empty, or use select(…).")
		}
	}
}

// explain classifies what a program stopped with.
func (p *program) explain(w *watcher, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		why := context.Cause(w.ctx)
		if !errors.Is(why, errTooLong) && !errors.Is(why, errTooBig) {
			return why
		}
		return fault.New(fault.Invalid, "the program %s %w on this record and was stopped", p.short(), why).
			WithHint("Look for a recursion or a loop that does not end (def, recurse, repeat, until, range). Try it with jq on this record.")
	}
	if _, ok := errors.AsType[*gojq.HaltError](err); ok {
		return fault.New(fault.Invalid, "the program %s called halt", p.short()).
			WithHint("halt ends jq itself. To drop a record give empty; to refuse one call error(\"why\").")
	}
	return fault.New(fault.Invalid, "the program %s: %w", p.short(), err)
}

func article(noun string) string {
	if strings.HasPrefix(noun, "a") {
		return "an"
	}
	if noun == "null" {
		return "the value"
	}
	return "a"
}
