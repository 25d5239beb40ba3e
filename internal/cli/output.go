package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/itchyny/gojq"
	"golang.org/x/term"

	"github.com/headrace/headrace/internal/config"
)

var formats = []string{"table", "wide", "json", "ndjson", "yaml", "csv", "id"}

// checkFormats refuses flags about output that don't go together.
func (s *session) checkFormats() error {
	f := &s.flags
	if f.output != "" && !slices.Contains(formats, f.output) {
		return usage("--output %q is not one of %s%s", f.output, strings.Join(formats, ", "), config.DidYouMean(f.output, formats))
	}
	if f.json != "" && f.output != "" && f.output != "json" {
		return usage("--json and --output %s do not go together", f.output)
	}
	progress := []string{"auto", "bar", "plain", "json", "none"}
	if !slices.Contains(progress, f.progress) {
		return usage("--progress %q is not one of %s%s", f.progress, strings.Join(progress, ", "), config.DidYouMean(f.progress, progress))
	}
	if f.jq != "" {
		if _, err := gojq.Parse(f.jq); err != nil {
			return usage("--jq: %v", err)
		}
	}
	return nil
}

// format is how data is to be written.
func (s *session) format() string {
	switch {
	case s.flags.output == "ndjson":
		return "ndjson"
	case s.flags.json != "" || s.flags.jq != "":
		return "json"
	case s.flags.output != "":
		return s.flags.output
	}
	return "table"
}

func (s *session) wantsJSON() bool { return s.format() == "json" || s.format() == "ndjson" }

// A column is one of a table. T is a row.
type column[T any] struct {
	head string
	text func(T) string
	wide bool // only in wide and csv
}

// list writes rows in the asked-for format. empty is said, as a message, when there are none.
func list[T any](s *session, rows []T, id func(T) string, empty string, columns []column[T]) error {
	switch s.format() {
	case "json", "yaml":
		if rows == nil {
			rows = []T{}
		}
		return s.value(rows)
	case "ndjson":
		for _, r := range rows {
			if err := s.line(r); err != nil {
				return err
			}
		}
		return nil
	case "id":
		for _, r := range rows {
			if err := s.print(id(r) + "\n"); err != nil {
				return err
			}
		}
		return nil
	}
	cells := [][]string{}
	var head []string
	for _, c := range columns {
		if !c.wide || s.format() != "table" || s.flags.plain {
			head = append(head, c.head)
		}
	}
	for _, r := range rows {
		var line []string
		for _, c := range columns {
			if !c.wide || s.format() != "table" || s.flags.plain {
				line = append(line, c.text(r))
			}
		}
		cells = append(cells, line)
	}
	if s.format() == "csv" {
		return s.csv(head, cells)
	}
	if len(rows) == 0 {
		s.say("%s", empty)
		return nil
	}
	return s.table(head, cells)
}

// A pair is a line of what one thing looks like.
type pair struct{ name, text string }

// one writes one thing: pairs for people, the whole for programs.
func one[T any](s *session, v T, id string, pairs []pair) error {
	switch s.format() {
	case "json", "yaml":
		return s.value(v)
	case "ndjson":
		return s.line(v)
	case "id":
		return s.print(id + "\n")
	case "csv":
		var head, line []string
		for _, p := range pairs {
			head, line = append(head, p.name), append(line, p.text)
		}
		return s.csv(head, [][]string{line})
	}
	width := 0
	for _, p := range pairs {
		width = max(width, utf8.RuneCountInString(p.name))
	}
	var b strings.Builder
	for _, p := range pairs {
		if p.text == "" {
			continue
		}
		if s.flags.plain {
			fmt.Fprintf(&b, "%s\t%s\n", p.name, p.text)
			continue
		}
		indent := "\n" + strings.Repeat(" ", width+2)
		fmt.Fprintf(&b, "%s%s  %s\n", p.name, strings.Repeat(" ", width-utf8.RuneCountInString(p.name)), strings.ReplaceAll(p.text, "\n", indent))
	}
	return s.print(b.String())
}

// value writes JSON (through --json=fields and --jq) or YAML.
func (s *session) value(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	if s.format() == "yaml" {
		node, err := config.ParseOne(raw)
		if err != nil {
			return err
		}
		text, err := config.YAML(config.Plain(node))
		if err != nil {
			return err
		}
		return s.print(string(text))
	}
	if s.flags.json != "" && s.flags.json != "*" {
		if raw, err = pick(raw, strings.Split(s.flags.json, ",")); err != nil {
			return err
		}
	}
	if s.flags.jq != "" {
		return s.query(raw)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	out.WriteByte('\n')
	return s.print(out.String())
}

// line writes one value on a line.
func (s *session) line(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	if s.flags.jq != "" {
		return s.query(raw)
	}
	return s.print(string(raw) + "\n")
}

// pick keeps some fields of an object, or of each object of a list.
func pick(raw []byte, fields []string) ([]byte, error) {
	var all []map[string]json.RawMessage
	if json.Unmarshal(raw, &all) == nil {
		kept := make([]json.RawMessage, len(all))
		for i, o := range all {
			one, err := pickOne(o, fields)
			if err != nil {
				return nil, err
			}
			kept[i] = one
		}
		return json.Marshal(kept)
	}
	var o map[string]json.RawMessage
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, usage("--json=FIELDS needs objects, and this is none")
	}
	return pickOne(o, fields)
}

func pickOne(o map[string]json.RawMessage, fields []string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range fields {
		f = strings.TrimSpace(f)
		v, ok := o[f]
		if !ok {
			var known []string
			for k := range o {
				known = append(known, k)
			}
			slices.Sort(known)
			return nil, usage("--json: there is no field %q%s", f, config.DidYouMean(f, known)).WithHint("There are: %s", strings.Join(known, ", "))
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(f) + ":")
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// query runs --jq; texts are written without quotes.
func (s *session) query(raw []byte) error {
	q, err := gojq.Parse(s.flags.jq)
	if err != nil {
		return usage("--jq: %v", err)
	}
	in, err := decoded(raw)
	if err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	code, err := gojq.Compile(q)
	if err != nil {
		return usage("--jq: %v", err)
	}
	iter := code.Run(in)
	for {
		v, ok := iter.Next()
		if !ok {
			return nil
		}
		if err, bad := v.(error); bad {
			return usage("--jq: %v", err)
		}
		text, isText := v.(string)
		if !isText {
			out, err := gojq.Marshal(v)
			if err != nil {
				return fmt.Errorf("write JSON: %w", err)
			}
			text = string(out)
		}
		if err := s.print(text + "\n"); err != nil {
			return err
		}
	}
}

func (s *session) csv(head []string, cells [][]string) error {
	w := csv.NewWriter(s.out)
	if err := w.WriteAll(append([][]string{head}, cells...)); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// table writes columns. On a terminal, lines are cut to its width; elsewhere nothing is.
func (s *session) table(head []string, cells [][]string) error {
	if s.flags.plain {
		var b strings.Builder
		for _, line := range append([][]string{head}, cells...) {
			b.WriteString(strings.Join(line, "\t") + "\n")
		}
		return s.print(b.String())
	}
	widths := make([]int, len(head))
	for _, line := range append([][]string{head}, cells...) {
		for i, c := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	limit := 0
	if s.outTTY && s.format() == "table" {
		limit, _, _ = term.GetSize(int(s.io.Out.Fd()))
	}
	var b strings.Builder
	for _, line := range append([][]string{head}, cells...) {
		var row strings.Builder
		for i, c := range line {
			row.WriteString(c)
			if i < len(line)-1 {
				row.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c)+2))
			}
		}
		b.WriteString(cut(strings.TrimRight(row.String(), " "), limit) + "\n")
	}
	return s.print(b.String())
}

// cut shortens a line; limit 0: not at all.
func cut(line string, limit int) string {
	if limit <= 1 || utf8.RuneCountInString(line) <= limit {
		return line
	}
	return string([]rune(line)[:limit-1]) + "…"
}

// print writes data.
func (s *session) print(text string) error {
	if _, err := io.WriteString(s.out, text); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}

// say writes a message, unless --quiet.
func (s *session) say(format string, args ...any) {
	if !s.flags.quiet {
		fmt.Fprintf(s.err, format+"\n", args...)
	}
}

func (s *session) paint(code, text string) string {
	if !s.colored {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *session) red(text string) string    { return s.paint("31", text) }
func (s *session) green(text string) string  { return s.paint("32", text) }
func (s *session) yellow(text string) string { return s.paint("33", text) }
func (s *session) bold(text string) string   { return s.paint("1", text) }

// done says that something was done, with a tick.
func (s *session) done(format string, args ...any) {
	s.say("%s %s", s.green("✓"), fmt.Sprintf(format, args...))
}

// next suggests a command.
func (s *session) next(format string, args ...any) {
	s.say("  next: %s%s", fmt.Sprintf(format, args...), s.where())
}

// where gives the --data flag that a suggested command needs.
func (s *session) where() string {
	if s.flags.data == "./headrace-data" || s.io.Getenv("HEADRACE_DATA_DIR") == s.flags.data {
		return ""
	}
	return " --data " + s.flags.data
}
