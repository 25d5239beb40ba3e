package extract

import "encoding/xml"

// slides reads a PPTX: the texts of its slides in their order. Notes, masters and hidden layouts are left out. The title
// is the first slide's.
func (a *archive) slides() (Document, error) {
	main, err := a.main("ppt/presentation.xml", "officeDocument")
	if err != nil {
		return Document{}, err
	}
	parts, err := a.relations(main)
	if err != nil {
		return Document{}, err
	}
	var order []string
	err = a.scan(main, func(t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "sldId" && len(order) < mostRelated {
			order = append(order, parts[linked(e)])
		}
		return nil
	})
	if err != nil {
		return Document{}, err
	}
	s := &shapes{out: prose{most: a.limit.Text}, title: prose{most: 1 << 16}}
	for _, name := range order {
		s.out.line(2)
		if err := a.scan(name, s.token); err != nil {
			return Document{}, err
		}
		s.titled = s.titled || s.title.String() != ""
	}
	return Document{Title: s.title.String(), Text: s.out.String()}, nil
}

// shapes collects the text of DrawingML.
type shapes struct {
	out, title prose
	text       bool // within a:t
	heading    bool // within the shape of the slide's title
	titled     bool // a title was found on a slide before
	fallback   int
}

func (s *shapes) token(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		switch {
		case s.fallback > 0 || t.Name.Local == "Fallback":
			s.fallback++
		case t.Name.Local == "t":
			s.text = true
		case t.Name.Local == "br":
			s.out.line(1)
			s.title.blank = true
		case t.Name.Local == "tc":
			s.out.beginCell()
		case t.Name.Local == "ph":
			kind := attribute(t, "type")
			s.heading = kind == "title" || kind == "ctrTitle"
		}
	case xml.EndElement:
		if s.fallback > 0 {
			s.fallback--
			return nil
		}
		switch t.Name.Local {
		case "t":
			s.text = false
		case "p":
			s.out.line(1)
			s.title.blank = true
		case "sp":
			s.heading = false
		case "tc":
			s.out.endCell()
		case "tr":
			s.out.tab = false
			s.out.line(1)
		}
	case xml.CharData:
		if !s.text || s.fallback > 0 {
			return nil
		}
		if s.heading && !s.titled {
			_ = s.title.add(string(t)) // a longer title is cut
		}
		return s.out.add(string(t))
	}
	return nil
}
