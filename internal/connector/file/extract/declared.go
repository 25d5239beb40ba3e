package extract

import (
	"bytes"
	"regexp"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/headrace/headrace/internal/connector/file/charset"
)

// mostHead is where a page's own word on its charset must stand. Browsers look at the first KB; what others made has it later.
const mostHead = 16 << 10

var charsetParameter = regexp.MustCompile(`(?i)charset\s*=\s*["']?\s*([^\s"';]+)`)

// decodePage gives a page as UTF-8: what is UTF-8 as it is; else by the setting, or where that says nothing by what the
// page says of itself, as a browser does.
func decodePage(data []byte, set string) ([]byte, error) {
	if set == charset.UTF8 && !utf8.Valid(data) {
		if e := declared(data); e != nil {
			if b, err := e.NewDecoder().Bytes(data); err == nil {
				data = b
			}
		}
	}
	return decode(data, set)
}

// declared is the charset that a page's head names; nil: none, or none that is known. See the HTML standard, "prescan a byte
// stream to determine its encoding".
func declared(data []byte) encoding.Encoding {
	z := html.NewTokenizer(bytes.NewReader(data[:min(len(data), mostHead)]))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return nil
		case html.StartTagToken, html.SelfClosingTagToken:
			switch name, more := z.TagName(); atom.Lookup(name) {
			case atom.Meta:
				if e := declaredBy(z, more); e != nil {
					return e
				}
			case atom.Body:
				return nil
			}
		}
	}
}

// declaredBy is the charset that one meta element names.
func declaredBy(z *html.Tokenizer, more bool) encoding.Encoding {
	var label string
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch string(key) {
		case "charset":
			label = string(value)
		case "content":
			if m := charsetParameter.FindSubmatch(value); m != nil && label == "" {
				label = string(m[1])
			}
		}
	}
	e, err := htmlindex.Get(label)
	if err != nil {
		return nil
	}
	switch name, _ := htmlindex.Name(e); name {
	case charset.UTF8, "utf-16le", "utf-16be", "replacement": // it is not the first, and a head that can be read as it stands is in none of the others
		return nil
	}
	return e
}
