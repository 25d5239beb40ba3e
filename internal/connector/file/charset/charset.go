// Package charset makes UTF-8 of what text files are written in. It is no detector: what it cannot know from a byte
// order mark must be said. Start at Reader.
package charset

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// UTF8 is the name of the charset that needs no decoding.
const UTF8 = "utf-8"

// encodings are those that a setting may name, beside utf-8.
var encodings = func() map[string]encoding.Encoding {
	all := map[string]encoding.Encoding{
		"utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
		"utf-16be": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	}
	for _, e := range charmap.All {
		m, ok := e.(*charmap.Charmap)
		if !ok {
			continue
		}
		name := strings.ReplaceAll(strings.ToLower(m.String()), " ", "-")
		if strings.HasPrefix(name, "windows-") || strings.HasPrefix(name, "iso-8859-") {
			all[name] = m
		}
	}
	return all
}()

// Names are the charsets that can be named, sorted.
func Names() []string {
	names := []string{UTF8}
	for name := range encodings {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Known tells whether a charset can be named: utf-8, utf-16le, utf-16be, windows-125x or iso-8859-x.
func Known(name string) bool { return name == UTF8 || encodings[name] != nil }

// Reader gives r's text as UTF-8. A byte order mark decides (UTF-8, UTF-16 of either order) and is left out; else the
// named charset, which must be Known. UTF-8 passes as it is: whether it is valid is for the caller to see.
func Reader(r io.Reader, name string) io.Reader {
	b := bufio.NewReaderSize(r, 64<<10)
	head, _ := b.Peek(3) // an error comes again with the first read
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = b.Discard(3)
		return b
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return transform.NewReader(b, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder())
	case name != UTF8:
		return transform.NewReader(b, encodings[name].NewDecoder())
	}
	return b
}
