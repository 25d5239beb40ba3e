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
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
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
}

// A place is what is known of one path while records are looked at.
type place struct {
	Field
	latest jsontext.Value    // of what Example is made when somebody asks: to take out what tells of a person costs more than all else
	record int64             // the last record that had it, counted from 1
	kids   map[string]*place // of an object, by a name that tells of nobody, as it stands in JSON; the places of others are looked up by path
	items  *place            // of an array
}

// A Shape is what some records look like.
type Shape struct {
	Records int64
	Cut     bool // there were more paths than are kept
	First   time.Time
	Last    time.Time

	places map[string]*place // by path
	root   place
}

// NewShape gives the shape of no records.
func NewShape() *Shape { return &Shape{places: map[string]*place{}} }

// Fields gives the fields by path.
func (s *Shape) Fields() []Field {
	all := make([]Field, 0, len(s.places))
	for _, p := range s.places {
		if example := exampleOf(p.Path, p.latest); example != "" {
			p.Example = example
		}
		all = append(all, p.Field)
	}
	slices.SortFunc(all, func(a, b Field) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// Add looks at one more record; false: it is no JSON.
func (s *Shape) Add(body []byte) bool { return s.AddAt(body, time.Time{}) }

// AddAt looks at one more record, of that time; false: it is no JSON.
func (s *Shape) AddAt(body []byte, at time.Time) bool {
	raw, err := jsontext.NewDecoder(bytes.NewBuffer(body), lenient...).ReadValue()
	if err != nil {
		return false
	}
	s.Records++
	s.First, s.Last = earlier(s.First, at), later(s.Last, at)
	l := look{shape: s, at: at, Decoder: jsontext.NewDecoder(bytes.NewBuffer(raw), lenient...)}
	return l.value(&s.root, 0) == nil
}

// What Microsoft has been seen to send: names twice, and bytes that are not UTF-8.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

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

// A look is one at a record: its JSON is gone through once, and what is known of each path finds its place by the way.
type look struct {
	*jsontext.Decoder
	shape *Shape
	at    time.Time
}

// value notes what stands at a place that has depth others around it.
func (l *look) value(p *place, depth int) error {
	switch kind := l.PeekKind(); {
	case p == nil, depth > mostDepth:
		return l.SkipValue()
	case kind != '{' && kind != '[':
		raw, err := l.ReadValue()
		l.see(p, typeOf(raw), raw)
		return err
	case kind == '{':
		l.see(p, Object, nil)
		return l.within(depth, func(int) error {
			name, err := l.ReadValue()
			if err != nil {
				return err
			}
			return l.value(l.shape.kid(p, name), depth+1)
		})
	default:
		l.see(p, Array, nil)
		return l.within(depth, func(i int) error {
			if i >= mostItems {
				return l.SkipValue()
			}
			if p.items == nil {
				p.items = l.shape.place(p.Path + "[]")
			}
			return l.value(p.items, depth+1)
		})
	}
}

// within goes through an object's members or an array's items, unless they lie too deep.
func (l *look) within(depth int, each func(i int) error) error {
	if depth >= mostDepth {
		return l.SkipValue()
	}
	if _, err := l.ReadToken(); err != nil {
		return err
	}
	for i := 0; l.PeekKind() != '}' && l.PeekKind() != ']'; i++ {
		if err := each(i); err != nil {
			return err
		}
	}
	_, err := l.ReadToken()
	return err
}

// see notes that a place has a value.
func (l *look) see(p *place, types int64, raw jsontext.Value) {
	p.Types |= types
	if p.record == l.shape.Records { // of several in an array the first is the example
		return
	}
	p.record = l.shape.Records
	p.Present++
	p.First, p.Last = earlier(p.First, l.at), later(p.Last, l.at)
	if types&(Boolean|Integer|Number|String) != 0 && string(raw) != `""` {
		p.latest = append(p.latest[:0], raw...)
	}
}

// kid gives the place of an object's member by its name as it stands in JSON; nil: there are too many places.
func (s *Shape) kid(p *place, quoted jsontext.Value) *place {
	if kid := p.kids[string(quoted)]; kid != nil {
		return kid
	}
	raw, _ := jsontext.AppendUnquote(nil, quoted) // an error tells of bytes that it replaced
	name := string(raw)
	kid := s.place(p.Path + step(name))
	if kid != nil && plain(name) == name {
		if p.kids == nil {
			p.kids = map[string]*place{}
		}
		p.kids[string(quoted)] = kid
	}
	return kid
}

// place gives a path's; nil: there are too many.
func (s *Shape) place(path string) *place {
	p := s.places[path]
	if p == nil {
		if len(s.places) >= mostPaths || !utf8.ValidString(path) || len(path) > 500 {
			s.Cut = true
			return nil
		}
		p = &place{Field: Field{Path: path}}
		s.places[path] = p
	}
	return p
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

func typeOf(scalar jsontext.Value) int64 {
	switch scalar.Kind() {
	case 'n':
		return Null
	case 't', 'f':
		return Boolean
	case '"':
		return String
	}
	if bytes.ContainsAny(scalar, ".eE") {
		return Number
	}
	return Integer
}

const longestExample = 80 // characters

// exampleOf gives a value as it can be shown.
func exampleOf(path string, value jsontext.Value) string {
	if value.Kind() != '"' {
		return shorten(string(value))
	}
	text, _ := jsontext.AppendUnquote(nil, value)
	return shorten(redactAt(path, string(text)))
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
