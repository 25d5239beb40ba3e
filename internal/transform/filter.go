package transform

import (
	"bytes"
	"cmp"
	"encoding/json"

	"github.com/itchyny/gojq"
)

// A filter is a parsed keep or drop expression:
//
//	or         = and { "or" and }
//	and        = not { "and" not }
//	not        = "not" not | comparison
//	comparison = operand [ ("==" | "!=" | "<" | "<=" | ">" | ">=") operand ]
//	operand    = field | literal | "(" or { "|" "not" } ")"
//	field      = NAME | "." NAME | "." STRING | ".[" STRING "]"
//	literal    = STRING | NUMBER | "true" | "false" | "null"
//
// and an expression as a whole is as within parentheses. It means what it means in jq, where a bare NAME stands for .NAME and
// not X for (X | not): an absent field is null; everything but false and null is true; types are ordered null, false, true, numbers, strings, arrays,
// objects. One thing differs: of a name that stands twice in a record the first counts, so that reading can stop early.
type filter struct {
	root  node
	names []string
}

// match tells whether the expression is true of a record.
func (f *filter) match(body []byte) (bool, error) {
	s := scan(body)
	defer s.done()
	fields, err := s.top(body, f.names)
	if err != nil {
		return false, err
	}
	return f.root.eval(fields).truth(), nil
}

// A kind is a value's type, in jq's order.
type kind uint8

const (
	kindNull kind = iota
	kindFalse
	kindTrue
	kindNumber
	kindString
	kindArray
	kindObject
)

// A value is what an expression gives. text is a string's content; of a number, array or object its JSON.
type value struct {
	kind kind
	text []byte
}

func (v value) truth() bool { return v.kind >= kindTrue }

func boolean(b bool) value {
	if b {
		return value{kind: kindTrue}
	}
	return value{kind: kindFalse}
}

// valueOf reads a raw JSON value; nil is null.
func valueOf(raw []byte) value {
	if len(raw) == 0 {
		return value{}
	}
	switch raw[0] {
	case 'n':
		return value{kind: kindNull}
	case 'f':
		return value{kind: kindFalse}
	case 't':
		return value{kind: kindTrue}
	case '"':
		return value{kindString, unquote(raw)}
	case '[':
		return value{kindArray, raw}
	case '{':
		return value{kindObject, raw}
	default:
		return value{kindNumber, raw}
	}
}

// compare orders values as jq does.
func compare(a, b value) int {
	if a.kind != b.kind {
		return cmp.Compare(a.kind, b.kind)
	}
	switch a.kind {
	case kindNumber:
		x, small := integer(a.text)
		y, small2 := integer(b.text)
		if small && small2 {
			return cmp.Compare(x, y)
		}
		return gojq.Compare(json.Number(a.text), json.Number(b.text))
	case kindString:
		return bytes.Compare(a.text, b.text)
	case kindArray, kindObject:
		return gojq.Compare(whole(a.text), whole(b.text))
	default:
		return 0
	}
}

// integer reads a number without fraction and exponent that surely fits.
func integer(text []byte) (n int64, ok bool) {
	digits := bytes.TrimPrefix(text, []byte("-"))
	if len(digits) > 18 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	if len(digits) != len(text) {
		n = -n
	}
	return n, true
}

// whole decodes an array or object that was already read once, so it is valid.
func whole(raw []byte) any {
	s := scan(raw)
	defer s.done()
	v, err := decode(s.decoder)
	if err != nil {
		return nil
	}
	return v
}

// A node is a part of an expression. fields are the raw values of the filter's names.
type node interface {
	eval(fields [][]byte) value
}

type (
	field   struct{ index int }
	literal struct{ value value }
	negated struct{ of node }
	both    struct{ left, right node }
	either  struct{ left, right node }
	// comparison holds if the order of its sides is one that its operator accepts.
	comparison struct {
		left, right node
		op          operator
	}
)

// An operator tells for which orders (-1, 0, 1) a comparison holds.
type operator struct{ less, equal, greater bool }

var operators = map[string]operator{
	"==": {equal: true}, "!=": {less: true, greater: true},
	"<": {less: true}, "<=": {less: true, equal: true}, ">": {greater: true}, ">=": {greater: true, equal: true},
}

func (n field) eval(fields [][]byte) value   { return valueOf(fields[n.index]) }
func (n literal) eval([][]byte) value        { return n.value }
func (n negated) eval(fields [][]byte) value { return boolean(!n.of.eval(fields).truth()) }

func (n both) eval(fields [][]byte) value {
	return boolean(n.left.eval(fields).truth() && n.right.eval(fields).truth())
}

func (n either) eval(fields [][]byte) value {
	return boolean(n.left.eval(fields).truth() || n.right.eval(fields).truth())
}

func (n comparison) eval(fields [][]byte) value {
	switch c := compare(n.left.eval(fields), n.right.eval(fields)); {
	case c < 0:
		return boolean(n.op.less)
	case c > 0:
		return boolean(n.op.greater)
	default:
		return boolean(n.op.equal)
	}
}
