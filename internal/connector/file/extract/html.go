package extract

import (
	"context"
	"errors"
	"io"
	"strings"

	"bytes"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/headrace/headrace/internal/connector/file/row"
)

// mostToken bounds one tag, comment or stretch of text of a page.
const mostToken = 16 << 20

// page gives the text that a reader of an HTML page sees, without a browser: no scripts run and no style is applied. It
// goes through the tags one after the other and builds no tree, so that nesting costs nothing.
func page(ctx context.Context, text []byte, l Limits) (Document, error) {
	w := &walker{out: prose{most: l.Text}, title: prose{most: 1 << 16}, h1: prose{most: 1 << 16}, meta: []byte{'{'}, names: map[string]bool{}}
	z := html.NewTokenizer(bytes.NewReader(text))
	z.SetMaxBuf(mostToken)
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return Document{}, ctx.Err()
		}
		kind := z.Next()
		if kind == html.ErrorToken {
			if errors.Is(z.Err(), io.EOF) {
				break
			}
			return Document{}, refuse("html_broken", "Leave the file out with exclude, or make its tags and texts smaller.", "the page cannot be read: %v", z.Err())
		}
		if err := w.token(kind, z); err != nil {
			return Document{}, textTooLarge(l)
		}
	}
	title := w.title.String()
	if title == "" {
		title = w.h1.String()
	}
	return Document{Title: title, Text: w.out.String(), Meta: append(w.meta, '}')}, nil
}

type walker struct {
	out, title, h1 prose
	hidden         atom.Atom // within an element that shows nothing
	pre            int       // within elements whose blanks count
	inTitle, inH1  bool
	meta           []byte
	names          map[string]bool
}

// hidden are elements whose content is not shown as text.
var hidden = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true, atom.Svg: true, atom.Iframe: true, atom.Object: true, atom.Noembed: true, atom.Noframes: true}

// blocks begin and end a line; the number is how many line ends.
var blocks = map[atom.Atom]int{
	atom.P: 2, atom.H1: 2, atom.H2: 2, atom.H3: 2, atom.H4: 2, atom.H5: 2, atom.H6: 2, atom.Ul: 2, atom.Ol: 2, atom.Dl: 2, atom.Table: 2, atom.Blockquote: 2, atom.Pre: 2, atom.Hr: 2,
	atom.Div: 1, atom.Section: 1, atom.Article: 1, atom.Header: 1, atom.Footer: 1, atom.Main: 1, atom.Nav: 1, atom.Aside: 1, atom.Li: 1, atom.Dt: 1, atom.Dd: 1, atom.Tr: 1,
	atom.Figure: 1, atom.Figcaption: 1, atom.Caption: 1, atom.Form: 1, atom.Fieldset: 1, atom.Address: 1, atom.Details: 1, atom.Summary: 1, atom.Body: 1, atom.Option: 1,
}

func (w *walker) token(kind html.TokenType, z *html.Tokenizer) error {
	switch kind {
	case html.TextToken:
		return w.text(string(z.Text()))
	case html.StartTagToken, html.SelfClosingTagToken:
		name, attributes := z.TagName()
		tag := atom.Lookup(name)
		if w.hidden != 0 {
			return nil
		}
		if tag == atom.Meta && attributes {
			w.metaTag(z)
		}
		return w.begin(tag, kind == html.SelfClosingTagToken)
	case html.EndTagToken:
		name, _ := z.TagName()
		w.end(atom.Lookup(name))
	}
	return nil
}

func (w *walker) text(text string) error {
	switch {
	case w.hidden != 0:
		return nil
	case w.inTitle:
		_ = w.title.add(text) // a longer title is cut
		return nil
	case w.inH1:
		_ = w.h1.add(text)
	}
	if w.pre > 0 {
		return w.out.verbatim(text)
	}
	return w.out.add(text)
}

func (w *walker) begin(tag atom.Atom, closed bool) error {
	switch {
	case hidden[tag] && !closed:
		w.hidden = tag
	case tag == atom.Title:
		w.inTitle = !closed && w.title.String() == ""
	case tag == atom.Br:
		w.out.lines++
	case tag == atom.Td, tag == atom.Th:
		w.out.tab = w.out.lines == 0
	case tag == atom.Pre, tag == atom.Textarea:
		w.pre++
	case tag == atom.H1:
		w.inH1 = w.h1.String() == ""
	}
	if n := blocks[tag]; n > 0 {
		w.out.line(n)
	}
	if tag == atom.Li {
		return w.out.write("- ")
	}
	return nil
}

func (w *walker) end(tag atom.Atom) {
	if w.hidden != 0 {
		if tag == w.hidden {
			w.hidden = 0
		}
		return
	}
	switch tag {
	case atom.Title:
		w.inTitle = false
	case atom.H1:
		w.inH1 = false
	case atom.Pre, atom.Textarea:
		w.pre = max(w.pre-1, 0)
	}
	if n := blocks[tag]; n > 0 {
		w.out.line(n)
	}
}

// mostMetaTags bounds what a page says of itself.
const mostMetaTags = 100

// metaTag keeps <meta name content>; the first of a name counts.
func (w *walker) metaTag(z *html.Tokenizer) {
	var name, content string
	for more := true; more; {
		var k, v []byte
		k, v, more = z.TagAttr()
		switch string(k) {
		case "name":
			name = strings.ToLower(strings.TrimSpace(string(v)))
		case "content":
			content = string(v)
		}
	}
	if name == "" || content == "" || w.names[name] || len(w.names) >= mostMetaTags || len(w.meta)+len(content) > mostMetaBytes {
		return
	}
	w.names[name] = true
	if len(w.meta) > 1 {
		w.meta = append(w.meta, ',')
	}
	w.meta = row.Quote(append(row.Quote(w.meta, name), ':'), content)
}
