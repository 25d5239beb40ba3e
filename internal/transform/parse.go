package transform

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxNesting bounds parentheses and nots, maxSource the chains of and and or, so that no expression can exhaust the stack.
const (
	maxNesting = 100
	maxSource  = 64 << 10
)

// parseFilter reads a keep or drop expression. advice is the jq that does the same for what the expression can't say.
func parseFilter(source, advice string) (*filter, error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("the expression has %d bytes; at most %d are read", len(source), maxSource)
	}
	p := parser{lexer: lexer{source: source, advice: advice}}
	p.next()
	root := p.piped()
	if p.err == nil && p.token.kind != tokenEnd {
		p.fail(p.token.at, p.misplaced())
	}
	if p.err != nil {
		return nil, p.err
	}
	return &filter{root: root, names: p.names}, nil
}

// A parser reads tokens one ahead. After the first error it only finds the end.
type parser struct {
	lexer
	token token
	names []string
	depth int
}

func (p *parser) next() { p.token = p.lex() }

func (p *parser) is(kind tokenKind, text string) bool {
	return p.err == nil && p.token.kind == kind && p.token.text == text
}

// piped = or { "|" "not" }.
func (p *parser) piped() node {
	n := p.or()
	for p.is(tokenSign, "|") {
		p.next()
		if !p.is(tokenWord, "not") {
			p.fail(p.token.at, "after | only not can stand here; for more take a jq step: {jq: '"+p.advice+"'}")
			return n
		}
		p.next()
		n = negated{n}
	}
	return n
}

func (p *parser) or() node {
	n := p.and()
	for p.is(tokenWord, "or") {
		p.next()
		n = either{n, p.and()}
	}
	return n
}

func (p *parser) and() node {
	n := p.not()
	for p.is(tokenWord, "and") {
		p.next()
		n = both{n, p.not()}
	}
	return n
}

func (p *parser) not() node {
	if !p.is(tokenWord, "not") {
		return p.comparison()
	}
	if !p.deeper() {
		return nil
	}
	defer p.higher()
	p.next()
	return negated{p.not()}
}

func (p *parser) comparison() node {
	left := p.operand()
	if p.err != nil || p.token.kind != tokenCompare {
		return left
	}
	op := operators[p.token.text]
	p.next()
	n := comparison{left, p.operand(), op}
	if p.err == nil && p.token.kind == tokenCompare {
		p.fail(p.token.at, "comparisons can't be chained; join two with and")
	}
	return n
}

func (p *parser) operand() node {
	t := p.token
	switch {
	case p.err != nil:
		return nil
	case t.kind == tokenLiteral:
		p.next()
		return literal{t.value}
	case t.kind == tokenField:
		p.next()
		return p.field(t.text)
	case t.kind == tokenWord && !reserved(t.text):
		p.next()
		if p.is(tokenSign, "(") && p.token.at == t.at+len(t.text) {
			p.fail(t.at, "functions can't be called here; for them take a jq step: {jq: '"+p.advice+"'}")
			return nil
		}
		return p.field(t.text)
	case p.is(tokenSign, "("):
		if !p.deeper() {
			return nil
		}
		defer p.higher()
		p.next()
		n := p.piped()
		if p.err == nil && !p.is(tokenSign, ")") {
			p.fail(p.token.at, p.misplaced()+"; a ) is missing for the ( at column "+fmt.Sprint(column(p.source, t.at)))
			return nil
		}
		p.next()
		return n
	default:
		p.fail(t.at, p.wanted())
		return nil
	}
}

// field is the node of a named field.
func (p *parser) field(name string) node {
	i := slices.Index(p.names, name)
	if i < 0 {
		i = len(p.names)
		p.names = append(p.names, name)
	}
	return field{i}
}

func (p *parser) deeper() bool {
	p.depth++
	if p.depth > maxNesting {
		p.fail(p.token.at, fmt.Sprintf("nested more than %d deep", maxNesting))
		return false
	}
	return true
}

func (p *parser) higher() { p.depth-- }

// misplaced says what is wrong with a token where an operator or the end should be.
func (p *parser) misplaced() string {
	switch {
	case p.token.kind == tokenEnd:
		return "the expression ends here"
	case p.is(tokenSign, ")"):
		return "this ) closes nothing"
	case p.is(tokenWord, "not"):
		return "not stands before what it negates; and or or is missing here"
	default:
		return "want a comparison (== != < <= > >=), and, or, or the end before this; texts stand in double quotes"
	}
}

// wanted says what is wrong with a token where a field or literal should be.
func (p *parser) wanted() string {
	const want = "want a field, a text in double quotes, a number, true, false, null, not or ( "
	switch p.token.kind {
	case tokenEnd:
		return want + "here, but the expression ends"
	case tokenWord:
		return want + "before " + p.token.text + "; a field of that name is written ." + p.token.text
	default:
		return want + "here"
	}
}

func reserved(word string) bool {
	return word == "and" || word == "or" || word == "not"
}

// besideMark is how many characters of the line stand at most before the place that is shown, and behind it.
const besideMark = 60

// pointAt makes an error that shows the place in the source.
func pointAt(source string, at int, text string) error {
	from := strings.LastIndexByte(source[:at], '\n') + 1
	rest, _, _ := strings.Cut(source[at:], "\n")
	before, behind := []rune(source[from:at]), []rune(rest)
	if len(before) > besideMark {
		before = append([]rune("…"), before[len(before)-besideMark:]...)
	}
	if len(behind) > besideMark {
		behind = append(behind[:besideMark:besideMark], '…')
	}
	line := string(before) + string(behind)
	pad := before
	for i, r := range pad {
		if r != '\t' {
			pad[i] = ' '
		}
	}
	return &Misplaced{Line: strings.Count(source[:at], "\n") + 1, Column: column(source, at), What: clipped(text), sketch: fmt.Sprintf("\n    %s\n    %s^", line, string(pad))}
}

// clipped is a text that somebody else made of what may be of any length.
func clipped(text string) string {
	const longest = 300
	if r := []rune(text); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return text
}

// Misplaced is an error at a place of an expression or a program.
type Misplaced struct {
	Line, Column int    // 1-based; columns count characters
	What         string // what is wrong there
	sketch       string // the line, with a mark under the place
}

// Error says where, what, and shows the place.
func (m *Misplaced) Error() string {
	where := fmt.Sprintf("column %d", m.Column)
	if m.Line > 1 {
		where = fmt.Sprintf("line %d, %s", m.Line, where)
	}
	return where + ": " + m.What + m.sketch
}

// column is the 1-based column, in characters, of a place in its line.
func column(source string, at int) int {
	return utf8.RuneCountInString(source[strings.LastIndexByte(source[:at], '\n')+1:at]) + 1
}
