package extract

import (
	"bytes"
	"regexp"
	"strings"
)

// markdown keeps the text as it is written, without its front matter. The title is the front matter's, else the first
// heading's.
func markdown(text []byte) (Document, error) {
	block, rest, found := frontMatter(text)
	doc := Document{Text: string(rest)}
	if found {
		meta, title, err := metadata(block)
		if err != nil {
			return Document{}, err
		}
		doc.Meta, doc.Title = meta, title
	}
	if doc.Title == "" {
		doc.Title = heading(doc.Text)
	}
	return doc, nil
}

// frontMatter cuts off a block between two lines of three dashes at the beginning; the second may also be three dots.
func frontMatter(text []byte) (block, rest []byte, found bool) {
	first, after, _ := bytes.Cut(text, []byte("\n"))
	if string(bytes.TrimRight(first, " \t\r")) != "---" {
		return nil, text, false
	}
	for pos := 0; pos < len(after); {
		line, end := after[pos:], len(after)
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line, end = line[:i], pos+i+1
		}
		if mark := string(bytes.TrimRight(line, " \t\r")); mark == "---" || mark == "..." {
			return after[:pos], bytes.TrimLeft(after[end:], "\r\n"), true
		}
		pos = end
	}
	return nil, text, false // a rule at the beginning of a text
}

var (
	atx        = regexp.MustCompile(`^ {0,3}#{1,6}[ \t]+(.*)$`)
	closing    = regexp.MustCompile(`[ \t]+#+[ \t]*$`)
	underline  = regexp.MustCompile(`^ {0,3}(=+|-+)[ \t]*$`)
	fence      = regexp.MustCompile("^ {0,3}(```+|~~~+)")
	link       = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	emphasis   = strings.NewReplacer("**", "", "__", "", "`", "")
	titleLines = 2000 // how far a title is looked for
)

// heading is the first heading of a text outside of code; "" if there is none near the beginning.
func heading(text string) string {
	open, before, n := "", "", 0
	for line := range strings.Lines(text) {
		if n++; n > titleLines {
			return ""
		}
		line = strings.TrimRight(line, "\r\n")
		if mark := fence.FindStringSubmatch(line); mark != nil {
			switch {
			case open == "":
				open = mark[1]
			case mark[1][0] == open[0] && len(mark[1]) >= len(open):
				open = ""
			}
			before = ""
			continue
		}
		if open != "" {
			continue
		}
		if m := atx.FindStringSubmatch(line); m != nil {
			if title := plain(closing.ReplaceAllString(m[1], "")); title != "" {
				return title
			}
		}
		if underline.MatchString(line) && before != "" {
			return plain(before)
		}
		before = strings.TrimSpace(line)
	}
	return ""
}

// plain takes the marks of links and emphasis out of a heading.
func plain(heading string) string {
	return strings.TrimSpace(emphasis.Replace(link.ReplaceAllString(heading, "$1")))
}
