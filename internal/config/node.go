package config

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/fault"
)

type pair struct{ key, value *yaml.Node }

// resolve follows an alias to what it stands for.
func resolve(node *yaml.Node) *yaml.Node {
	for range maxDepth {
		if node.Kind != yaml.AliasNode || node.Alias == nil {
			return node
		}
		node = node.Alias
	}
	return node
}

func tooDeep(node *yaml.Node) fault.Problem {
	return fault.Problem{Line: node.Line, Text: "the document is nested too deep, or its aliases make it too large"}
}

// pairsOf gives a mapping's fields in order, those merged in by << last. A field given twice is a problem.
func pairsOf(node *yaml.Node, at string) ([]pair, fault.Problems) {
	var (
		own, merged []pair
		problems    fault.Problems
		lines       = map[string]int{}
	)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := resolve(node.Content[i]), node.Content[i+1]
		if key.Tag == "!!merge" {
			merged = append(merged, mergedPairs(resolve(value))...)
			continue
		}
		if key.Kind != yaml.ScalarNode {
			problems = append(problems, fault.Problem{Field: at, Line: key.Line, Text: "a field's name must be a single word"})
			continue
		}
		if _, twice := lines[key.Value]; twice {
			problems = append(problems, fault.Problem{Field: join(at, key.Value), Line: key.Line, Text: "is given twice"})
			continue
		}
		lines[key.Value] = key.Line
		own = append(own, pair{key, value})
	}
	for _, p := range merged {
		if _, have := lines[p.key.Value]; !have {
			lines[p.key.Value] = p.key.Line
			own = append(own, p)
		}
	}
	return own, problems
}

// expand gives a mapping with what << brings written out, so that Take and Put see it. Fields given twice stay.
func expand(node *yaml.Node) *yaml.Node {
	out := Copy(node)
	out.Content = nil
	var merged []pair
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Tag == "!!merge" {
			merged = append(merged, mergedPairs(resolve(node.Content[i+1]))...)
			continue
		}
		out.Content = append(out.Content, node.Content[i], node.Content[i+1])
	}
	for _, p := range merged {
		if Take(Copy(out), p.key.Value) == nil {
			out.Content = append(out.Content, p.key, p.value)
		}
	}
	return out
}

// mergedPairs gives what << brings: a mapping's fields, or those of several mappings, the first ones winning. A
// mapping that is merged may not merge others itself.
func mergedPairs(node *yaml.Node) []pair {
	sources := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		sources = node.Content
	}
	var all []pair
	for _, s := range sources {
		if s = resolve(s); s.Kind != yaml.MappingNode {
			continue
		}
		for i := 0; i+1 < len(s.Content); i += 2 {
			if k := resolve(s.Content[i]); k.Kind == yaml.ScalarNode && k.Tag != "!!merge" {
				all = append(all, pair{k, s.Content[i+1]})
			}
		}
	}
	return all
}

// join writes a field's path.
func join(at, name string) string {
	switch {
	case at == "":
		return name
	case name == "" || name[0] == '[':
		return at + name
	}
	return at + "." + name
}

// Take removes a field from a mapping and gives its value; nil if it isn't there.
func Take(node *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			value := node.Content[i+1]
			node.Content = append(node.Content[:i:i], node.Content[i+2:]...)
			return resolve(value)
		}
	}
	return nil
}

// Put sets a field of a mapping, at its place if it is there, else at the end. A nil value does nothing.
func Put(node *yaml.Node, name string, value *yaml.Node) {
	if value == nil {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			node.Content[i+1] = value
			return
		}
	}
	node.Content = append(node.Content, Text(name), value)
}

// Mapping makes an empty mapping.
func Mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }

// Text makes a text value.
func Text(s string) *yaml.Node {
	var n yaml.Node
	n.SetString(s)
	return &n
}

// Copy gives a mapping of the same fields, so that Take and Put leave the original alone.
func Copy(node *yaml.Node) *yaml.Node {
	c := *node
	c.Content = append([]*yaml.Node(nil), node.Content...)
	return &c
}

// Merge lays a patch over a mapping, as RFC 7396 does: null removes a field, mappings are merged, the rest replaces.
func Merge(base, patch *yaml.Node) *yaml.Node { return merge(base, patch, 0) }

func merge(base, patch *yaml.Node, depth int) *yaml.Node {
	patch = resolve(patch)
	if patch.Kind != yaml.MappingNode || depth > maxDepth {
		return patch
	}
	out := Mapping()
	if base != nil && resolve(base).Kind == yaml.MappingNode {
		out = Copy(resolve(base))
	}
	pairs, _ := pairsOf(patch, "")
	for _, p := range pairs {
		old := Take(Copy(out), p.key.Value)
		if resolve(p.value).ShortTag() == "!!null" {
			_ = Take(out, p.key.Value)
			continue
		}
		Put(out, p.key.Value, merge(old, p.value, depth+1))
	}
	return out
}

// Null makes an empty value, which takes a field back to its default in a Merge.
func Null() *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"} }

// LineOf finds the line of a field by its path ("hold.limit", "contentTypes[1]"), or that of the nearest thing around
// it; 0 if node has none.
func LineOf(node *yaml.Node, path string) int {
	node = resolve(node)
	line := node.Line
	for path != "" {
		var step string
		step, path = splitPath(path)
		next := child(node, step)
		if next == nil {
			return line
		}
		node = resolve(next)
		line = next.Line
	}
	return line
}

// splitPath gives a path's first step and the rest: "a.b" → "a", "b"; "a[1].b" → "a", "[1].b"; "[1].b" → "[1]", "b".
func splitPath(path string) (step, rest string) {
	if end := strings.IndexByte(path, ']'); path[0] == '[' && end > 0 {
		return path[:end+1], strings.TrimPrefix(path[end+1:], ".")
	}
	if i := strings.IndexAny(path, ".["); i > 0 {
		return path[:i], strings.TrimPrefix(path[i:], ".")
	}
	return path, ""
}

func child(node *yaml.Node, step string) *yaml.Node {
	if i, err := strconv.Atoi(strings.Trim(step, "[]")); err == nil && node.Kind == yaml.SequenceNode {
		if i >= 0 && i < len(node.Content) {
			return node.Content[i]
		}
		return nil
	}
	if node.Kind != yaml.MappingNode {
		return nil
	}
	pairs, _ := pairsOf(node, "")
	for _, p := range pairs {
		if p.key.Value == step {
			return p.value
		}
	}
	return nil
}

// Plain gives a copy in block style without the quotes and braces that a node read from JSON has.
func Plain(node *yaml.Node) *yaml.Node {
	c := *resolve(node)
	c.Line, c.Column, c.Anchor = 0, 0, ""
	switch c.Kind {
	case yaml.ScalarNode:
		if c.ShortTag() == "!!str" {
			return Text(c.Value)
		}
		c.Style = 0
	case yaml.SequenceNode:
		c.Style = yaml.FlowStyle
		for _, item := range c.Content {
			if resolve(item).Kind != yaml.ScalarNode {
				c.Style = 0
			}
		}
	default:
		c.Style = 0
	}
	c.Content = make([]*yaml.Node, len(node.Content))
	for i, item := range resolve(node).Content {
		c.Content[i] = Plain(item)
	}
	return &c
}
