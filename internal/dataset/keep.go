package dataset

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	mostKept    = 16 << 10 // bytes of one record that are kept
	longestText = 1000     // bytes of a text in a record that is too long to be kept as it is
	shorterText = 100      // … and that still is with these
)

// kept gives a record as it is kept for looking at: in its own order, without what tells of a person unless it is to stay
// whole, and with long texts shortened if it would be too long. false: it is no JSON, or it is too long all the same.
func kept(body []byte, whole bool) (out []byte, cut, ok bool) {
	for _, longest := range []int{0, longestText, shorterText} {
		out, cut, err := rewrite(body, whole, longest)
		if err != nil {
			return nil, false, false
		}
		if len(out) <= mostKept {
			return out, cut, true
		}
	}
	return nil, false, false
}

// rewrite copies a record token by token. longest 0: texts keep their length.
func rewrite(body []byte, whole bool, longest int) (out []byte, cut bool, err error) {
	var to bytes.Buffer
	d, e := jsontext.NewDecoder(bytes.NewBuffer(body), lenient...), jsontext.NewEncoder(&to, lenient...)
	names := []string{""} // of what is open, and at the end the last one that was read
	for {
		token, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return bytes.TrimSpace(to.Bytes()), cut, nil
		}
		if err != nil {
			return nil, false, err
		}
		switch token.Kind() {
		case '{', '[':
			names = append(names, names[len(names)-1]) // a list's members are named as it is
		case '}', ']':
			names = names[:len(names)-1]
		case '"':
			text, kind := token.String(), byte(0)
			if in, n := d.StackIndex(d.StackDepth()); in == '{' && n%2 == 1 {
				kind, names[len(names)-1] = 'n', text
			}
			changed := text
			switch {
			case kind == 'n' && !whole:
				changed = plain(text)
			case kind == 0:
				if !whole {
					changed = redactAt(names[len(names)-1], text)
				}
				if longest > 0 && len(changed) > longest {
					changed, cut = ended(changed, longest), true
				}
			}
			token = jsontext.String(changed)
		}
		if err := e.WriteToken(token); err != nil {
			return nil, false, err
		}
	}
}

// ended shortens a text to so many bytes, of which no sign is cut in two.
func ended(text string, longest int) string {
	for longest > 0 && !utf8.RuneStart(text[longest]) {
		longest--
	}
	return text[:longest] + "…"
}
