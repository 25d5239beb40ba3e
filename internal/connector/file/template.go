package file

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// stateDir is the folder, below the destination's path, that belongs to headrace.
const stateDir = ".headrace"

// maxValue bounds the bytes that one value puts into a name, so that a few of them fit into the 255 of a file name.
const maxValue = 80

// placeholders are what a template may ask for.
var placeholders = []string{"stream", "date", "hour", "tenant", "flow"}

// A template makes file names of records.
type template struct {
	pieces []piece // without the ending
	ext    string  // ".ndjson.gz"; the rotation number goes before it
}

// A piece is a literal text or the name of a placeholder.
type piece struct{ literal, value string }

// A series is the files of one rendered name: the first and those that rotation made of it.
type series struct{ stem, ext string }

// file is the name of the n-th file of the series, from 0.
func (s series) file(n int) string {
	if n == 0 {
		return s.stem + s.ext
	}
	return s.stem + "." + strconv.Itoa(n) + s.ext
}

// number is file's inverse for a name without its folder.
func (s series) number(name string) (int, bool) {
	base := s.stem[strings.LastIndexByte(s.stem, '/')+1:]
	if name == base+s.ext {
		return 0, true
	}
	rest, ok := strings.CutPrefix(name, base+".")
	if !ok {
		return 0, false
	}
	digits, ok := strings.CutSuffix(rest, s.ext)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n > 0 && strconv.Itoa(n) == digits
}

// parseTemplate reads a name like "{stream}/{date}/{hour}.ndjson". The problem is "" or says what is wrong with it.
func parseTemplate(text string, compression Compression) (template, string) {
	if problem := badPath(text); problem != "" {
		return template{}, problem
	}
	rest, found := strings.CutSuffix(text, compression.ext())
	for _, other := range []Compression{Gzip, Zstd} {
		if other != compression && strings.HasSuffix(text, other.ext()) {
			return template{}, fmt.Sprintf("%q ends in %s but compression is %s", text, other.ext(), compression)
		}
	}
	if found && (rest == "" || strings.HasSuffix(rest, "/")) {
		return template{}, fmt.Sprintf("%q has no name before its ending", text)
	}
	t := template{}
	if problem := t.parse(rest); problem != "" {
		return template{}, problem
	}
	t.split()
	t.ext += compression.ext()
	return t, ""
}

// badPath tells what makes a text no path below a folder, or "".
func badPath(text string) string {
	switch {
	case text == "":
		return `is missing; write it like "{stream}/{date}/{hour}.ndjson"`
	case strings.HasPrefix(text, "/"):
		return fmt.Sprintf("%q begins with a slash; it is a name below path", text)
	case strings.Contains(text, `\`):
		return fmt.Sprintf("%q contains a backslash; folders are separated by /", text)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Sprintf("%q contains a control character or invalid UTF-8", text)
	}
	for i, element := range strings.Split(text, "/") {
		switch {
		case element == "":
			return fmt.Sprintf("%q has an empty folder or file name in it", text)
		case element == "." || element == "..":
			return fmt.Sprintf("%q must not contain . or .. as a folder", text)
		case i == 0 && element[0] == '.':
			return fmt.Sprintf("%q begins with a dot, like %s, which belongs to headrace; take another name", text, stateDir)
		case len(element) > 200:
			return fmt.Sprintf("%q has a folder or file name of more than 200 bytes", text)
		}
	}
	return ""
}

// parse splits a text into pieces.
func (t *template) parse(text string) string {
	for rest := text; rest != ""; {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			t.pieces = append(t.pieces, piece{literal: rest})
			break
		}
		if at > 0 {
			t.pieces = append(t.pieces, piece{literal: rest[:at]})
		}
		end := strings.IndexByte(rest, '}')
		if rest[at] == '}' || end < 0 {
			return fmt.Sprintf("%q has a brace without its partner", text)
		}
		name := rest[at+1 : end]
		if !known(name) {
			return fmt.Sprintf("%q: there is no {%s}; use {%s}", text, name, strings.Join(placeholders, "}, {"))
		}
		t.pieces = append(t.pieces, piece{value: name})
		rest = rest[end+1:]
	}
	return ""
}

func known(name string) bool {
	for _, p := range placeholders {
		if p == name {
			return true
		}
	}
	return false
}

// split takes the ending off the last literal: only what the template itself says is an ending, so that a stream
// called Audit.Exchange has none.
func (t *template) split() {
	last := &t.pieces[len(t.pieces)-1]
	dot := strings.LastIndexByte(last.literal, '.')
	if last.value != "" || dot < 0 || strings.Contains(last.literal[dot:], "/") {
		return
	}
	first := dot == 0 && len(t.pieces) == 1 || dot > 0 && last.literal[dot-1] == '/'
	if first { // ".hidden" is a name, not an ending
		return
	}
	last.literal, t.ext = last.literal[:dot], last.literal[dot:]
}

// values are what a name is made of.
type values struct {
	stream, tenant, flow string
	time                 time.Time
}

// render gives the series that a record with these values belongs to.
func (t template) render(v values) series {
	var b strings.Builder
	for _, p := range t.pieces {
		switch p.value {
		case "":
			b.WriteString(p.literal)
		case "stream":
			b.WriteString(clean(v.stream))
		case "tenant":
			b.WriteString(clean(v.tenant))
		case "flow":
			b.WriteString(clean(v.flow))
		case "date":
			b.WriteString(v.time.UTC().Format("2006-01-02"))
		case "hour":
			b.WriteString(v.time.UTC().Format("15"))
		}
	}
	return series{stem: b.String(), ext: t.ext}
}

// clean makes a value safe as a part of a file name. What had to be changed gets a hash of the original, so that two
// values never become one name.
func clean(value string) string {
	if value == "" {
		return "none"
	}
	out := strings.Map(func(r rune) rune {
		if r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.@+", r)) {
			return r
		}
		return '_'
	}, value)
	if out[0] == '.' {
		out = "_" + out[1:]
	}
	if out[len(out)-1] == '.' {
		out = out[:len(out)-1] + "_"
	}
	if out == value && len(out) <= maxValue {
		return out
	}
	for len(out) > maxValue-9 {
		_, size := utf8.DecodeLastRuneInString(out)
		out = out[:len(out)-size]
	}
	sum := sha256.Sum256([]byte(value))
	return out + "~" + hex.EncodeToString(sum[:4])
}
