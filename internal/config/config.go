// Package config turns what people write (YAML, JSON, command line settings) into the structs of the program, and
// describes those structs to people: help, forms, reference pages, JSON Schema.
//
// Decoding is strict: an unknown field, a wrong type or a field given twice is a problem, and all problems are
// reported together, each with its field and line. A struct's fields are named by their `yaml:"…"` tags; a struct
// without one for a field does not show that field. It knows nothing of the kinds of objects but their envelope.
// Start at Decode, then Documents.
package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/fault"
)

const (
	maxInput = 8 << 20 // bytes of one file
	maxWrong = 20      // syntax errors that are told of one file
	maxNodes = 200_000 // nodes of one document after its aliases are followed: a bomb of aliases ends here
	maxDepth = 100     // how deep a document may be nested
	maxName  = 63      // characters of an object's name
)

// ParseOne reads a text with exactly one document; JSON is YAML, so stored specs come this way too. An empty text is
// an empty mapping.
func ParseOne(text []byte) (*yaml.Node, error) {
	docs, err := Parse(text)
	if err != nil {
		return nil, err
	}
	switch len(docs) {
	case 0:
		return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}, nil
	case 1:
		return docs[0], nil
	}
	return nil, fault.Problems{{Line: docs[1].Line, Text: "one document is expected here"}}.Err()
}

// JSON writes a node as JSON; the order of fields is kept.
func JSON(node *yaml.Node) (json.RawMessage, error) {
	var out bytes.Buffer
	w := jsonWriter{out: &out}
	if err := w.write(node, 0); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

type jsonWriter struct {
	out   *bytes.Buffer
	nodes int
}

func (w *jsonWriter) write(node *yaml.Node, depth int) error {
	if w.nodes++; w.nodes > maxNodes || depth > maxDepth {
		return fault.Problems{tooDeep(node)}.Err()
	}
	switch node = resolve(node); node.Kind {
	case yaml.MappingNode:
		return w.mapping(node, depth)
	case yaml.SequenceNode:
		w.out.WriteByte('[')
		for i, item := range node.Content {
			if i > 0 {
				w.out.WriteByte(',')
			}
			if err := w.write(item, depth+1); err != nil {
				return err
			}
		}
		w.out.WriteByte(']')
		return nil
	}
	var v any
	if err := node.Decode(&v); err != nil {
		return fault.Problems{{Line: node.Line, Text: err.Error()}}.Err()
	}
	if node.ShortTag() == "!!timestamp" {
		v = node.Value
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fault.Problems{{Line: node.Line, Text: "this value can't be written as JSON"}}.Err()
	}
	w.out.Write(raw)
	return nil
}

func (w *jsonWriter) mapping(node *yaml.Node, depth int) error {
	pairs, problems := pairsOf(node, "")
	if len(problems) > 0 {
		return problems.Err()
	}
	w.out.WriteByte('{')
	for i, p := range pairs {
		if i > 0 {
			w.out.WriteByte(',')
		}
		raw, _ := json.Marshal(p.key.Value)
		w.out.Write(raw)
		w.out.WriteByte(':')
		if err := w.write(p.value, depth+1); err != nil {
			return err
		}
	}
	w.out.WriteByte('}')
	return nil
}

// YAML writes a node as YAML in block style.
func YAML(nodes ...*yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	for _, n := range nodes {
		if err := enc.Encode(n); err != nil {
			return nil, fmt.Errorf("write YAML: %w", err)
		}
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return out.Bytes(), nil
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// CheckName tells what is wrong with an object's name; "" if nothing is.
func CheckName(name string) string {
	switch {
	case name == "":
		return "enter a name"
	case len(name) > maxName:
		return fmt.Sprintf("the name is longer than %d characters", maxName)
	case !nameForm.MatchString(name):
		return "a name has letters, digits, dots, dashes and underscores, and begins with a letter or digit"
	}
	return ""
}
