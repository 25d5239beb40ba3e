package extract_test

import (
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector/file/charset"
	"github.com/headrace/headrace/internal/connector/file/extract"
	"github.com/headrace/headrace/internal/fault"
)

func TestAPageSaysWhatItIsWrittenIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ page, set, title, code string }{
		"as Word saves it":            {page: "<html><head><meta http-equiv=Content-Type content=\"text/html; charset=windows-1252\"><title>Gro\xdfe Reise \x96 Antrag</title>", title: "Große Reise – Antrag"},
		"in short":                    {page: "<meta charset='Shift_JIS'><title>\x97\xb7\x94\xef</title>", title: "旅費"},
		"an attribute of its own":     {page: "<meta content=text/html; charset = koi8-r http-equiv=Content-Type><title>\xed\xc9\xd2</title>", title: "Мир"},
		"UTF-8, whatever it says":     {page: "<meta charset=iso-8859-1><title>Größe</title>", title: "Größe"},
		"the setting goes first":      {page: "<meta charset=windows-1252><title>\xec\xe8\xf0</title>", set: "windows-1251", title: "мир"},
		"nothing":                     {page: "<title>Gro\xdfe</title>", code: "not_utf8"},
		"nothing that there is":       {page: "<meta charset=nonsense><title>Gro\xdfe</title>", code: "not_utf8"},
		"what it can't be":            {page: "<meta charset=utf-16><title>Gro\xdfe</title>", code: "not_utf8"},
		"UTF-8, and it is not":        {page: "<meta charset=utf-8><title>Gro\xdfe</title>", code: "not_utf8"},
		"only in a script":            {page: "<script>'<meta charset=windows-1252>'</script><title>Gro\xdfe</title>", code: "not_utf8"},
		"only in what follows a body": {page: "<title>Gro\xdfe</title><body><meta charset=windows-1252>", code: "not_utf8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.set == "" {
				c.set = charset.UTF8
			}
			doc, err := extract.Text(t.Context(), "html", c.set, []byte(c.page), extract.Limits{Text: 1 << 20, Unpacked: 1 << 20, Time: time.Minute})
			code := ""
			if f, ok := fault.As(err); ok {
				code = f.Code
			}
			if doc.Title != c.title || code != c.code {
				t.Errorf("title %q, code %q (%v), want %q, %q", doc.Title, code, err, c.title, c.code)
			}
		})
	}
}
