package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	shortText  = 200 // characters of a text that a terminal is shown
	shortLines = 60  // lines of one JSON value
)

// short writes JSON for people: long texts and long values are cut, with a note of how much there is.
func short(raw json.RawMessage) string {
	v, err := decoded(raw)
	if err != nil {
		return ""
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(cutTexts(v)); err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	if more := len(lines) - shortLines; more > 0 {
		lines = append(lines[:shortLines], fmt.Sprintf("… %s more lines; -o json shows all", count(int64(more))))
	}
	return strings.Join(lines, "\n")
}

// decoded reads JSON; numbers stay as they are written.
func decoded(raw []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

// cutTexts cuts every text of a value.
func cutTexts(v any) any {
	switch v := v.(type) {
	case string:
		return cutText(v)
	case []any:
		for i := range v {
			v[i] = cutTexts(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = cutTexts(v[name])
		}
	}
	return v
}

func cutText(text string) string {
	n := utf8.RuneCountInString(text)
	if n <= shortText+shortText/4 { // a note would save nothing
		return text
	}
	at := 0
	for range shortText {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return fmt.Sprintf("%s… (%s more characters; -o json shows all)", text[:at], count(int64(n-shortText)))
}

// differences shows, of each member that differs, both sides; of two texts from shortly before they part.
func differences(members []string, made, stored json.RawMessage) string {
	a, errA := decoded(made)
	b, errB := decoded(stored)
	if errA != nil || errB != nil {
		return ""
	}
	var lines []string
	for _, name := range members {
		left, right := shownMember(a, name), shownMember(b, name)
		from := parting(left, right)
		lines = append(lines, name, "  would be sent  "+excerpt(left, from), "  in the tenant  "+excerpt(right, from))
	}
	return strings.Join(lines, "\n")
}

// shownMember is a member of an item on one line.
func shownMember(v any, path string) string {
	for name := range strings.SplitSeq(path, ".") {
		fields, _ := v.(map[string]any)
		if v = fields[name]; v == nil {
			return "nothing"
		}
	}
	if fields, ok := v.(map[string]any); ok { // content: its text says more than its braces
		if text, ok := fields["value"].(string); ok {
			v = text
		}
	}
	out, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(out)
}

// parting is where two texts begin to differ, in bytes.
func parting(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// excerpt is some of a text around a place.
func excerpt(text string, at int) string {
	const before, most = 30, 120
	from := max(0, at-before)
	for from < len(text) && !utf8.RuneStart(text[from]) {
		from++
	}
	from = min(from, len(text))
	part := []rune(text[from:])
	end := ""
	if len(part) > most {
		part, end = part[:most], "…"
	}
	if from > 0 {
		return "…" + string(part) + end
	}
	return string(part) + end
}
