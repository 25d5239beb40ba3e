package transform

import (
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

type tokenKind uint8

const (
	tokenEnd     tokenKind = iota
	tokenWord              // and, or, not, or a bare field
	tokenField             // .name; text is the name
	tokenLiteral           // value
	tokenCompare           // == != < <= > >=
	tokenSign              // ( ) |
)

type token struct {
	kind  tokenKind
	at    int
	text  string
	value value
}

// A lexer cuts an expression into tokens. At its first error it keeps the error and gives tokenEnd from then on.
type lexer struct {
	source string
	advice string
	pos    int
	err    error
}

func (l *lexer) fail(at int, text string) {
	if l.err == nil {
		l.err = pointAt(l.source, at, text)
	}
}

func (l *lexer) lex() token {
	for l.pos < len(l.source) && strings.IndexByte(" \t\r\n", l.source[l.pos]) >= 0 {
		l.pos++
	}
	if l.err != nil || l.pos == len(l.source) {
		return token{kind: tokenEnd, at: l.pos}
	}
	at, rest := l.pos, l.source[l.pos:]
	switch c := rest[0]; {
	case wordByte(c) && !digit(c):
		return l.word(at)
	case c == '.':
		return l.field(at)
	case c == '"':
		text := l.text()
		return token{kind: tokenLiteral, at: at, value: value{kindString, []byte(text)}}
	case digit(c) || c == '-' && len(rest) > 1 && digit(rest[1]):
		return l.number(at)
	case c == '(' || c == ')' || c == '|' && !strings.HasPrefix(rest, "||"):
		l.pos++
		return token{kind: tokenSign, at: at, text: rest[:1]}
	case c == '<' && strings.HasPrefix(rest, "<>"):
		l.fail(at, "unequal is written !=")
	case len(rest) > 1 && rest[1] == '=' && strings.IndexByte("=!<>", c) >= 0:
		l.pos += 2
		return token{kind: tokenCompare, at: at, text: rest[:2]}
	case c == '<' || c == '>':
		l.pos++
		return token{kind: tokenCompare, at: at, text: rest[:1]}
	default:
		l.fail(at, l.stranger(rest))
	}
	return token{kind: tokenEnd, at: at}
}

// stranger gives the advice for a character that begins no token.
func (l *lexer) stranger(rest string) string {
	switch {
	case rest[0] == '=':
		return "a comparison is written with two: =="
	case rest[0] == '!':
		return "a negation is written not; unequal is !="
	case strings.HasPrefix(rest, "&&"):
		return "this is written and"
	case strings.HasPrefix(rest, "||"):
		return "this is written or"
	case rest[0] == '\'':
		return `a text stands in double quotes: "…"`
	case strings.IndexByte("+-*/%$@[{,?#;:", rest[0]) >= 0:
		return "calculations, arrays, variables and the like can't stand here; for them take a jq step: {jq: '" + l.advice + "'}"
	default:
		r, _ := utf8.DecodeRuneInString(rest)
		return "a field whose name has other characters than letters, digits and _ is written ." + `"…"; ` + string(r) + " can't stand by itself"
	}
}

func (l *lexer) word(at int) token {
	text := l.name()
	l.noPath()
	t := token{kind: tokenLiteral, at: at, text: text}
	switch text {
	case "true":
		t.value.kind = kindTrue
	case "false":
		t.value.kind = kindFalse
	case "null":
		t.value.kind = kindNull
	default:
		t.kind = tokenWord
	}
	return t
}

func (l *lexer) name() string {
	from := l.pos
	for l.pos < len(l.source) && wordByte(l.source[l.pos]) {
		l.pos++
	}
	return l.source[from:l.pos]
}

// field reads .name, ."name" or .["name"].
func (l *lexer) field(at int) token {
	l.pos++
	rest := l.source[l.pos:]
	t := token{kind: tokenField, at: at}
	switch {
	case rest != "" && wordByte(rest[0]) && !digit(rest[0]):
		t.text = l.name()
	case strings.HasPrefix(rest, `"`):
		t.text = l.text()
	case strings.HasPrefix(rest, `["`):
		l.pos++
		t.text = l.text()
		if l.err == nil && !strings.HasPrefix(l.source[l.pos:], "]") {
			l.fail(l.pos, "a ] is missing after the field's name")
			break
		}
		l.pos++
	default:
		l.fail(at, `a field's name should follow the dot: .Workload, ."odd name"`)
	}
	l.noPath()
	return t
}

// noPath refuses .a.b and .a[0]: they would need the field decoded.
func (l *lexer) noPath() {
	if l.err == nil && l.pos < len(l.source) && strings.IndexByte(".[", l.source[l.pos]) >= 0 {
		l.fail(l.pos, "only top-level fields can be looked at here; for what is inside one take a jq step: {jq: '"+l.advice+"'}")
	}
}

// text reads a string in double quotes, with JSON's escapes.
func (l *lexer) text() string {
	from := l.pos
	for i := from + 1; i < len(l.source); i++ {
		switch l.source[i] {
		case '\\':
			if strings.HasPrefix(l.source[i:], `\(`) {
				l.fail(i, "texts can't have \\(…) here; for that take a jq step: {jq: '"+l.advice+"'}")
				return ""
			}
			i++
		case '"':
			l.pos = i + 1
			text, err := jsontext.AppendUnquote(nil, l.source[from:l.pos])
			if err != nil {
				l.fail(from, `not a valid text; escapes are \" \\ \/ \b \f \n \r \t \u0041`)
			}
			return string(text)
		}
	}
	l.fail(from, "the text has no end; a \" is missing")
	return ""
}

// number reads a number as JSON has it.
func (l *lexer) number(at int) token {
	for l.pos++; l.pos < len(l.source); l.pos++ {
		c := l.source[l.pos]
		exponent := c == '+' || c == '-'
		if exponent && l.source[l.pos-1] != 'e' && l.source[l.pos-1] != 'E' {
			break
		}
		if !exponent && c != '.' && !wordByte(c) {
			break
		}
	}
	text := l.source[at:l.pos]
	if !jsontext.Value(text).IsValid() {
		l.fail(at, "not a number; numbers are written like 42, -1.5 or 1e6")
	}
	return token{kind: tokenLiteral, at: at, value: value{kindNumber, []byte(text)}}
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func wordByte(c byte) bool {
	return digit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}
