package charset_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/headrace/headrace/internal/connector/file/charset"
)

func TestReader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, charset, want string }{
		"utf-8 as it is":             {"grün", "utf-8", "grün"},
		"a mark of utf-8 is dropped": {"\xef\xbb\xbfgrün", "utf-8", "grün"},
		"a mark beats the setting":   {"\xef\xbb\xbfgrün", "windows-1252", "grün"},
		"utf-16 by mark, little":     {"\xff\xfeg\x00\xfc\x00", "utf-8", "gü"},
		"utf-16 by mark, big":        {"\xfe\xff\x00g\x00\xfc", "utf-8", "gü"},
		"utf-16 by name":             {"g\x00\xfc\x00", "utf-16le", "gü"},
		"windows-1252":               {"5 \x80 f\xfcr", "windows-1252", "5 € für"},
		"latin 1":                    {"f\xfcr", "iso-8859-1", "für"},
		"cyrillic":                   {"\xcf\xf0\xe8\xe2\xe5\xf2", "windows-1251", "Привет"},
		"bad utf-8 passes":           {"a\xffb", "utf-8", "a\xffb"},
		"nothing":                    {"", "utf-8", ""},
		"less than a mark":           {"\xef", "utf-8", "\xef"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := io.ReadAll(charset.Reader(iotest.OneByteReader(strings.NewReader(c.in)), c.charset))
			if err != nil || string(got) != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	names := charset.Names()
	for _, name := range []string{"utf-8", "utf-16le", "utf-16be", "windows-1252", "iso-8859-1", "iso-8859-15"} {
		if !slices.Contains(names, name) || !charset.Known(name) {
			t.Errorf("%s is not known", name)
		}
	}
	if charset.Known("ebcdic") || charset.Known("") {
		t.Error("something unknown is known")
	}
}
