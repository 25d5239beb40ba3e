package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/fault"
)

// Parse reads all documents of a text, YAML or JSON. An empty text has none. With an error it gives the documents that can be
// read all the same; the error has every syntax error that there is, up to 20.
func Parse(text []byte) ([]*yaml.Node, error) {
	if len(text) > maxInput {
		return nil, fault.Problems{{Text: fmt.Sprintf("the file has %d MB; %d MB is the most, which is some ten thousand objects", len(text)/1_000_000, maxInput/1_000_000)}}.Err()
	}
	if problems := encodingProblems(text); len(problems) > 0 {
		return nil, problems.Err()
	}
	var (
		docs     []*yaml.Node
		problems fault.Problems
	)
	for begin := 0; ; {
		some, err := parseFrom(text, begin)
		docs = append(docs, some...)
		if err == nil {
			return docs, problems.Err()
		}
		p := syntaxProblem(err)
		problems = append(problems, p)
		next := nextDocument(text, max(p.Line, begin+1))
		if next == 0 || len(problems) == maxWrong {
			return docs, problems.Err()
		}
		begin = next
	}
}

// parseFrom reads the documents from a line on (0 and 1 are the first); lines keep their numbers.
func parseFrom(text []byte, line int) ([]*yaml.Node, error) {
	rest := text
	for range line - 1 {
		_, rest, _ = bytes.Cut(rest, []byte("\n"))
	}
	blank := bytes.Repeat([]byte("\n"), max(0, line-1))
	dec := yaml.NewDecoder(io.MultiReader(bytes.NewReader(blank), bytes.NewReader(rest)))
	var docs []*yaml.Node
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return docs, err
		}
		if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 && doc.Content[0].ShortTag() != "!!null" {
			docs = append(docs, doc.Content[0])
		}
	}
}

// nextDocument finds the first line from the given one on that begins a document; 0 if none does.
func nextDocument(text []byte, line int) int {
	n := 0
	for one := range bytes.Lines(text) {
		if n++; n >= line && bytes.HasPrefix(one, []byte("---")) && len(bytes.TrimSpace(one[3:])) == 0 {
			return n
		}
	}
	return 0
}

// encodingProblems tells what makes a text no UTF-8 text, with the lines.
func encodingProblems(text []byte) fault.Problems {
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		return fault.Problems{{Text: "the file is UTF-16, as some Windows programs write it; save it as UTF-8"}}
	}
	var problems fault.Problems
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if text := encodingOf(line); text != "" {
			problems = append(problems, fault.Problem{Line: n, Text: text})
		}
		if len(problems) == maxWrong {
			break
		}
	}
	return problems
}

// encodingOf tells what a line has that no YAML may have; "" if it is clean.
func encodingOf(line []byte) string {
	column := 1
	for rest := line; len(rest) > 0; column++ {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			return fmt.Sprintf("column %d is no UTF-8 (byte 0x%02X); save the file as UTF-8", column, rest[0])
		case unicode.IsControl(r) && !strings.ContainsRune("\t\r\n\u0085", r):
			return fmt.Sprintf("column %d is a control character (U+%04X); is this a text file?", column, r)
		}
		rest = rest[size:]
	}
	return ""
}

// syntaxProblem gives the YAML library's error its place among problems.
func syntaxProblem(err error) fault.Problem {
	e, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		return fault.Problem{Text: err.Error()}
	}
	p := fault.Problem{Line: e.Mark.Line, Text: e.Message}
	if e.ContextMark.Line > 0 && e.ContextMark.Line < e.Mark.Line {
		p.Text += fmt.Sprintf(" (%s that begins at line %d)", e.ContextMsg, e.ContextMark.Line)
	}
	if strings.Contains(e.Message, "cannot start any token") {
		p.Text += "; is there a tab in the indentation, or a value that needs quotes?"
	}
	return p
}
