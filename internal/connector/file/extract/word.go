package extract

import (
	"encoding/xml"
	"strings"
)

// word reads a DOCX: its paragraphs and tables, then foot- and endnotes. Deleted text of tracked changes, comments,
// headers and footers are left out. The title is the paragraph of style Title, else the first heading.
func (a *archive) word() (Document, error) {
	main, err := a.main("word/document.xml", "officeDocument")
	if err != nil {
		return Document{}, err
	}
	p := &paragraphs{out: prose{most: a.limit.Text}}
	for _, name := range []string{main, "word/footnotes.xml", "word/endnotes.xml"} {
		p.out.line(2)
		if err := a.scan(name, p.token); err != nil {
			return Document{}, err
		}
	}
	title := p.title
	if title == "" {
		title = p.heading
	}
	return Document{Title: title, Text: p.out.String()}, nil
}

// main finds the part that all others hang on.
func (a *archive) main(usual, kind string) (string, error) {
	found := ""
	err := a.scan("_rels/.rels", func(t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "Relationship" && strings.HasSuffix(attribute(e, "Type"), "/"+kind) {
			found = strings.TrimPrefix(attribute(e, "Target"), "/")
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if a.parts[found] == nil {
		found = usual
	}
	if a.parts[found] == nil {
		return "", refuse("document_broken", "Is the extension right? Office formats are told by their names.", "the document lacks %s", usual)
	}
	return found, nil
}

// paragraphs collects the text of WordprocessingML.
type paragraphs struct {
	out     prose
	text    bool // within w:t
	skip    int  // depth within what is left out
	style   string
	words   strings.Builder // of this paragraph, for the title
	title   string
	heading string
}

func (p *paragraphs) token(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		if p.skip > 0 {
			p.skip++
			return nil
		}
		p.begin(t)
	case xml.EndElement:
		if p.skip > 0 {
			p.skip--
			return nil
		}
		p.end(t.Name.Local)
	case xml.CharData:
		if p.text && p.skip == 0 {
			if p.words.Len() < 1000 {
				p.words.Write(t)
			}
			return p.out.add(string(t))
		}
	}
	return nil
}

func (p *paragraphs) begin(e xml.StartElement) {
	switch e.Name.Local {
	case "del", "moveFrom", "Fallback", "delText", "instrText":
		p.skip = 1
	case "t":
		p.text = true
	case "p":
		p.style = ""
		p.words.Reset()
	case "pStyle":
		p.style = strings.ToLower(attribute(e, "val"))
	case "tc":
		p.out.beginCell()
	case "tab":
		p.out.blank = true
	case "br", "cr":
		p.out.line(1)
	case "noBreakHyphen":
		_ = p.out.write("-")
	}
}

func (p *paragraphs) end(name string) {
	switch name {
	case "t":
		p.text = false
	case "p":
		words := strings.TrimSpace(p.words.String())
		if p.title == "" && p.style == "title" {
			p.title = words
		}
		if p.heading == "" && strings.HasPrefix(p.style, "heading") {
			p.heading = words
		}
		p.out.line(1)
	case "tc":
		p.out.endCell()
	case "tr":
		p.out.tab = false
		p.out.line(1)
	case "tbl":
		p.out.line(2)
	}
}
