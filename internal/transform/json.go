package transform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	jsonopts "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/itchyny/gojq"
)

var errNotObject = errors.New("the record is not a JSON object")

// lenient accepts what Microsoft has been seen to send: names twice, and bytes that are not UTF-8.
var lenient = jsonopts.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// A scanner reads one record; it is reused.
type scanner struct {
	buffer  bytes.Buffer
	decoder *jsontext.Decoder
	fields  [][]byte
}

var scanners = sync.Pool{New: func() any { return &scanner{decoder: new(jsontext.Decoder)} }}

// scan takes a scanner set to read body, which it does not copy.
func scan(body []byte) *scanner {
	s, _ := scanners.Get().(*scanner)
	s.buffer = *bytes.NewBuffer(body)
	s.decoder.Reset(&s.buffer, lenient)
	return s
}

// done gives the scanner back, without holding on to the record.
func (s *scanner) done() {
	s.buffer = bytes.Buffer{}
	s.decoder.Reset(&s.buffer)
	clear(s.fields)
	scanners.Put(s)
}

// top finds the raw values of the record's top-level fields with the given names; nil for one that is absent. It reads
// no further than the last of them. The result is valid until done.
func (s *scanner) top(body []byte, names []string) ([][]byte, error) {
	d := s.decoder
	s.fields = append(s.fields[:0], make([][]byte, len(names))...)
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, errNotObject
	}
	for missing := len(names); missing > 0; {
		if d.PeekKind() == '}' {
			break
		}
		name, err := d.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("the record is not valid JSON: %w", err)
		}
		i := index(names, name)
		if i < 0 || s.fields[i] != nil {
			if err := d.SkipValue(); err != nil {
				return nil, fmt.Errorf("the record is not valid JSON: %w", err)
			}
			continue
		}
		value, err := d.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("the record is not valid JSON: %w", err)
		}
		end := d.InputOffset()
		s.fields[i] = body[end-int64(len(value)) : end]
		missing--
	}
	return s.fields, nil
}

// index finds a quoted name among names, or gives -1.
func index(names []string, quoted []byte) int {
	name := unquote(quoted)
	for i, n := range names {
		if n == string(name) {
			return i
		}
	}
	return -1
}

// unquote gives the content of a JSON string, without copying if nothing in it is escaped.
func unquote(quoted []byte) []byte {
	if plain := quoted[1 : len(quoted)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return plain
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // bad UTF-8 becomes U+FFFD, as in jq
	return text
}

// decodeObject gives a record as gojq takes it, with numbers as they were written.
func decodeObject(body []byte) (any, error) {
	s := scan(body)
	defer s.done()
	if s.decoder.PeekKind() != '{' {
		return nil, errNotObject
	}
	v, err := decode(s.decoder)
	if err != nil {
		return nil, fmt.Errorf("the record is not valid JSON: %w", err)
	}
	if _, err := s.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the record is not valid JSON: something follows its end")
	}
	return v, nil
}

// decode reads the next value. The decoder bounds how deep it can be.
func decode(d *jsontext.Decoder) (any, error) {
	t, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case '{':
		m := map[string]any{}
		for d.PeekKind() != '}' {
			name, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			key := name.String()
			if m[key], err = decode(d); err != nil {
				return nil, err
			}
		}
		_, err := d.ReadToken()
		return m, err
	case '[':
		a := []any{}
		for d.PeekKind() != ']' {
			v, err := decode(d)
			if err != nil {
				return nil, err
			}
			a = append(a, v)
		}
		_, err := d.ReadToken()
		return a, err
	case '"':
		return t.String(), nil
	case '0':
		return json.Number(t.String()), nil
	case 't', 'f':
		return t.Bool(), nil
	default:
		return nil, nil
	}
}

// maxDepth is how deep a made record may be nested; what jsontext reads at most.
const maxDepth = 10_000

// encode writes what a program made, at most limit bytes. It counts while it writes, because a value whose parts are
// shared can be small in memory and without end on paper.
func encode(v any, limit int64) ([]byte, error) {
	e := encoder{limit: limit}
	if err := e.value(v, 0); err != nil {
		return nil, err
	}
	return e.out, e.check(0)
}

type encoder struct {
	out   []byte
	limit int64
}

func (e *encoder) value(v any, depth int) error {
	if err := e.check(depth); err != nil {
		return err
	}
	switch v := v.(type) {
	case map[string]any:
		return e.object(v, depth)
	case []any:
		return e.array(v, depth)
	case string:
		e.out, _ = jsontext.AppendQuote(e.out, v) // bad UTF-8 becomes U+FFFD, as in jq
	case json.Number:
		e.out = append(e.out, v...)
	case int:
		e.out = strconv.AppendInt(e.out, int64(v), 10)
	case *big.Int:
		e.out = v.Append(e.out, 10)
	default:
		text, err := gojq.Marshal(v)
		if err != nil {
			return fmt.Errorf("write %T: %w", v, err)
		}
		e.out = append(e.out, text...)
	}
	return nil
}

func (e *encoder) check(depth int) error {
	if int64(len(e.out)) > e.limit {
		return errors.New("makes records that are too large in sum")
	}
	if depth >= maxDepth {
		return fmt.Errorf("makes a record that is nested more than %d deep", maxDepth)
	}
	return nil
}

func (e *encoder) object(m map[string]any, depth int) error {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	e.out = append(e.out, '{')
	for i, name := range names {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.out, _ = jsontext.AppendQuote(e.out, name)
		e.out = append(e.out, ':')
		if err := e.value(m[name], depth+1); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}

func (e *encoder) array(a []any, depth int) error {
	e.out = append(e.out, '[')
	for i, v := range a {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		if err := e.value(v, depth+1); err != nil {
			return err
		}
	}
	e.out = append(e.out, ']')
	return nil
}
