// Package dataset knows what a source's records look like: some of the last ones, the fields that they have, and what
// changed about these. It learns from a few records a minute that the data path shows in passing (Recorder), in a
// goroutine of its own; the data path never waits for it.
//
// Records tell of people. So few are kept, for a month at most, without what tells of a person unless the source's settings
// say otherwise; examples of fields never have it. What lasts is the shape of the records. Start at Service for what doors
// show, at Recorder for how it is learned; Shape is the inference, known.go how it adds up over time.
package dataset

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
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
	Present int64     // in so many records
	Example string    // of the newest record that has one, redacted
	First   time.Time // the times of the oldest and the newest record that has it
	Last    time.Time

	latest any // of what Example is made when somebody asks: to take out what tells of a person costs more than all else
}

// A Shape is what some records look like.
type Shape struct {
	Records int64
	Cut     bool // there were more paths than are kept
	First   time.Time
	Last    time.Time

	fields map[string]*Field
}

// NewShape gives the shape of no records.
func NewShape() *Shape { return &Shape{fields: map[string]*Field{}} }

// Fields gives the fields by path.
func (s *Shape) Fields() []Field {
	all := make([]Field, 0, len(s.fields))
	for _, f := range s.fields {
		if example := exampleOf(f.Path, f.latest); example != "" {
			f.Example = example
		}
		f.latest = nil
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b Field) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// Add looks at one more record; false: it is no JSON.
func (s *Shape) Add(body []byte) bool { return s.AddAt(body, time.Time{}) }

// AddAt looks at one more record, of that time; false: it is no JSON.
func (s *Shape) AddAt(body []byte, at time.Time) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if d.Decode(&value) != nil {
		return false
	}
	s.Records++
	s.First, s.Last = earlier(s.First, at), later(s.Last, at)
	seen := map[string]bool{}
	s.look("", value, 0, seen)
	for path := range seen {
		f := s.fields[path]
		f.Present++
		f.First, f.Last = earlier(f.First, at), later(f.Last, at)
	}
	return true
}

// earlier gives the earlier of two times; none is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (s *Shape) look(path string, value any, depth int, seen map[string]bool) {
	if path != "" && !s.see(path, value, seen) || depth >= mostDepth {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			s.look(path+step(name), v[name], depth+1, seen)
		}
	case []any:
		for _, item := range v[:min(len(v), mostItems)] {
			s.look(path+"[]", item, depth+1, seen)
		}
	}
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
	if !seen[path] && hasExample(value) {
		f.latest = value
	}
	seen[path] = true
	return true
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// plain gives a name without what tells of a person.
func plain(name string) string {
	if strings.ContainsAny(name, "@.:") && !strings.Contains(name, "@odata.") { // OData writes what a property is beside it
		return Redact(name)
	}
	return name
}

// step writes a name as jq does. A map's names can be addresses; they are one path then, which tells of nobody.
func step(name string) string {
	name = plain(name)
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

// hasExample tells whether a value is one that can be shown.
func hasExample(value any) bool {
	switch v := value.(type) {
	case bool, json.Number:
		return true
	case string:
		return v != ""
	}
	return false
}

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
