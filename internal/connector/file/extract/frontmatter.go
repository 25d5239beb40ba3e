package extract

import (
	"encoding/json"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"

	"github.com/headrace/headrace/internal/connector/file/row"
)

// Front matter is a page at most, and nothing that repeats itself by references.
const (
	mostFrontMatter = 256 << 10
	mostMetaBytes   = 1 << 20
	mostMetaDepth   = 32
)

// metadata makes a JSON object of front matter, in its order, and finds the title in it. Times stay as they are written.
func metadata(block []byte) (meta []byte, title string, err error) {
	const hint = "Front matter is YAML between two lines of ---: a value with a colon, a # or a quote in it needs quotes around it."
	if len(block) > mostFrontMatter {
		return nil, "", refuse("front_matter_wrong", hint, "the front matter has more than %d bytes", mostFrontMatter)
	}
	var node yaml.Node
	if err := yaml.Unmarshal(block, &node); err != nil {
		return nil, "", refuse("front_matter_wrong", hint, "the front matter cannot be read: %v", err)
	}
	if len(node.Content) == 0 {
		return []byte("{}"), "", nil
	}
	top := node.Content[0]
	if top.Kind == yaml.ScalarNode && top.ShortTag() == "!!null" {
		return []byte("{}"), "", nil
	}
	if top.Kind != yaml.MappingNode {
		return nil, "", refuse("front_matter_wrong", hint, "the front matter is no list of names and values")
	}
	m := metaWriter{}
	if !m.node(top, 0) {
		return nil, "", refuse("front_matter_wrong", hint, "the front matter %s: line %d of the file", m.problem, m.line+1)
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value == "title" && top.Content[i+1].Kind == yaml.ScalarNode {
			title = top.Content[i+1].Value
		}
	}
	return m.out, title, nil
}

type metaWriter struct {
	out     []byte
	line    int
	problem string
}

// number is what JSON and YAML both call one.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// node writes one value; false: it cannot be, for the problem.
func (m *metaWriter) node(n *yaml.Node, depth int) bool {
	m.line = n.Line
	if depth > mostMetaDepth || len(m.out) > mostMetaBytes {
		m.problem = "is too large, or nested too deeply"
		return false
	}
	switch n.Kind {
	case yaml.AliasNode:
		return m.node(n.Alias, depth+1)
	case yaml.SequenceNode:
		m.out = append(m.out, '[')
		for i, c := range n.Content {
			if i > 0 {
				m.out = append(m.out, ',')
			}
			if !m.node(c, depth+1) {
				return false
			}
		}
		m.out = append(m.out, ']')
	case yaml.MappingNode:
		return m.mapping(n, depth)
	default:
		m.scalar(n)
	}
	return true
}

func (m *metaWriter) mapping(n *yaml.Node, depth int) bool {
	m.out = append(m.out, '{')
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		m.line = name.Line
		if name.Kind != yaml.ScalarNode || seen[name.Value] {
			m.problem = fmt.Sprintf("has a name twice, or a name that is no text: %.80q", name.Value)
			return false
		}
		seen[name.Value] = true
		if i > 0 {
			m.out = append(m.out, ',')
		}
		m.out = append(row.Quote(m.out, name.Value), ':')
		if !m.node(n.Content[i+1], depth+1) {
			return false
		}
	}
	m.out = append(m.out, '}')
	return true
}

func (m *metaWriter) scalar(n *yaml.Node) {
	var truth bool
	switch tag := n.ShortTag(); {
	case tag == "!!null":
		m.out = append(m.out, "null"...)
	case tag == "!!bool" && n.Decode(&truth) == nil:
		text, _ := json.Marshal(truth)
		m.out = append(m.out, text...)
	case (tag == "!!int" || tag == "!!float") && number.MatchString(n.Value):
		m.out = append(m.out, n.Value...)
	default:
		m.out = row.Quote(m.out, n.Value)
	}
}
