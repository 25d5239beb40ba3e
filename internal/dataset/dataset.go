// Package dataset knows what a source's records look like: the last ones seen, the fields they have, and which fields
// are new. It learns from a few records a second that the data path hands over in passing (Recorder), and from samples
// that people ask for.
//
// Records themselves are kept in memory only, a few hundred kilobytes for each stream and some megabytes in all: they
// tell of people, and a restart forgets them; "sample now" fetches new ones. What lasts is the shape of the records,
// with examples from which what tells of a person is taken out. Start at Service; Shape is the inference.
package dataset

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The JSON types of a field; one may have several. An integer is a number without a fraction.
const (
	Null = 1 << iota
	Boolean
	Integer
	Number
	String
	Array
	Object
)

var typeNames = []string{"null", "boolean", "integer", "number", "string", "array", "object"}

// TypeNames gives the words for a set of types.
func TypeNames(types int64) []string {
	names := []string{}
	for i, name := range typeNames {
		if types&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

const (
	mostPaths = 2000 // of one stream; a map whose names are IDs would have no end
	mostDepth = 20
	mostItems = 100 // of an array that are looked at
)

// A Field is what was seen of one path.
type Field struct {
	Path    string // as jq writes it: .ModifiedProperties[].Name
	Types   int64
	Present int64  // in so many records
	Example string // of the newest record that has one, redacted
}

// A Shape is what some records look like.
type Shape struct {
	Records int64
	Cut     bool // there were more paths than are kept

	fields map[string]*Field
}

// NewShape gives the shape of no records.
func NewShape() *Shape { return &Shape{fields: map[string]*Field{}} }

// Fields gives the fields by path.
func (s *Shape) Fields() []Field {
	all := make([]Field, 0, len(s.fields))
	for _, f := range s.fields {
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b Field) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// Add looks at one more record; false: it is no JSON.
func (s *Shape) Add(body []byte) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if d.Decode(&value) != nil {
		return false
	}
	s.Records++
	seen := map[string]bool{}
	s.look("", value, 0, seen)
	for path := range seen {
		s.fields[path].Present++
	}
	return true
}

func (s *Shape) look(path string, value any, depth int, seen map[string]bool) {
	if path != "" && !s.see(path, value, seen) || depth >= mostDepth {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		for _, name := range sortedNames(v) {
			s.look(path+step(name), v[name], depth+1, seen)
		}
	case []any:
		for _, item := range v[:min(len(v), mostItems)] {
			s.look(path+"[]", item, depth+1, seen)
		}
	}
}

func sortedNames(v map[string]any) []string {
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// see notes that a path has a value; false: there are too many paths.
func (s *Shape) see(path string, value any, seen map[string]bool) bool {
	f := s.fields[path]
	if f == nil {
		if len(s.fields) >= mostPaths || !utf8.ValidString(path) || len(path) > 500 {
			s.Cut = true
			return false
		}
		f = &Field{Path: path}
		s.fields[path] = f
	}
	f.Types |= typeOf(value)
	if example := exampleOf(path, value); example != "" && !seen[path] {
		f.Example = example
	}
	seen[path] = true
	return true
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// step writes a name as jq does.
func step(name string) string {
	if plainName.MatchString(name) {
		return "." + name
	}
	return "." + strconv.Quote(name)
}

func typeOf(value any) int64 {
	switch v := value.(type) {
	case nil:
		return Null
	case bool:
		return Boolean
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return Number
		}
		return Integer
	case string:
		return String
	case []any:
		return Array
	}
	return Object
}

const longestExample = 80 // characters

func exampleOf(path string, value any) string {
	switch v := value.(type) {
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return shorten(v.String())
	case string:
		return shorten(redactAt(path, v))
	}
	return ""
}

func shorten(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	if r := []rune(text); len(r) > longestExample {
		return string(r[:longestExample-1]) + "…"
	}
	return text
}
