package file

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestNames(t *testing.T) {
	t.Parallel()
	v := values{stream: "Audit.Exchange", tenant: "8f3a", flow: "soc", time: time.Date(2026, 3, 14, 23, 30, 0, 0, time.FixedZone("", -2*3600))}
	for text, want := range map[string][2]string{
		"{stream}/{date}/{hour}.ndjson": {"Audit.Exchange/2026-03-15/01.ndjson", "Audit.Exchange/2026-03-15/01.7.ndjson"},
		"{stream}":                      {"Audit.Exchange", "Audit.Exchange.7"},
		"{tenant}-{flow}.log":           {"8f3a-soc.log", "8f3a-soc.7.log"},
		"a.b/c":                         {"a.b/c", "a.b/c.7"},
		"x/.hidden":                     {"x/.hidden", "x/.hidden.7"},
		"x.tar.log":                     {"x.tar.log", "x.tar.7.log"},
		"{date}.{stream}":               {"2026-03-15.Audit.Exchange", "2026-03-15.Audit.Exchange.7"},
		"all.ndjson.gz":                 {"all.ndjson.gz", "all.7.ndjson.gz"},
	} {
		c := None
		if strings.HasSuffix(text, ".gz") {
			c = Gzip
		}
		tmpl, problem := parseTemplate(text, c)
		if problem != "" {
			t.Errorf("%q: %s", text, problem)
			continue
		}
		s := tmpl.render(v)
		if got := [2]string{s.file(0), s.file(7)}; got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
		for _, n := range []int{0, 7} {
			if got, ok := s.number(filepath.Base(s.file(n))); !ok || got != n {
				t.Errorf("%q: number(%q) = %d, %v", text, s.file(n), got, ok)
			}
		}
	}
	packed, _ := parseTemplate("{hour}.ndjson", Zstd)
	if got := packed.render(v).file(2); got != "01.2.ndjson.zst" {
		t.Errorf("a packed name is %q", got)
	}
	for _, no := range []string{"01.ndjson.zst.bak", "01.02.ndjson.zst", "01.-1.ndjson.zst", "01.0.ndjson.zst", "02.ndjson.zst", "01..ndjson.zst", "01.99999999999999999999.ndjson.zst"} {
		if n, ok := packed.render(v).number(no); ok {
			t.Errorf("number(%q) = %d, want none", no, n)
		}
	}
}

func TestBadTemplates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "is missing",
		"/var/x":                 "begins with a slash",
		"../x":                   "must not contain",
		"a/../x":                 "must not contain",
		"a//x":                   "empty",
		"a/":                     "empty",
		".headrace/x":            "belongs to headrace",
		".x":                     "begins with a dot",
		"{strem}.x":              "use {stream}",
		"{}":                     "there is no {}",
		"{stream":                "without its partner",
		"stream}":                "without its partner",
		"{a{b}}":                 "there is no",
		`a\b`:                    "backslash",
		"a\nb":                   "control character",
		"\xff":                   "UTF-8",
		"x.zst":                  "compression is none",
		"x.gz":                   "compression is none",
		strings.Repeat("x", 201): "200 bytes",
	} {
		if _, problem := parseTemplate(text, None); !strings.Contains(problem, want) {
			t.Errorf("%q: problem is %q, want %q in it", text, problem, want)
		}
	}
	if _, problem := parseTemplate(".gz", Gzip); problem == "" {
		t.Error("a name that is only an ending is taken")
	}
}

func TestValuesNeverMeet(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, v := range []string{"", "none", "a", "A/b", "A_b", "A\\b", "..", ".", ".a", "_a", "a.", "a_", "../../etc/passwd", "a b", "a\x00b", "a\xffb", "ü", "日本", strings.Repeat("x", 80), strings.Repeat("x", 81), strings.Repeat("x", 82), strings.Repeat("日", 90)} {
		name := clean(v)
		if other, there := seen[name]; there && v != "" && v != "none" {
			t.Errorf("%q and %q both become %q", v, other, name)
		}
		seen[name] = v
		if len(name) > maxValue || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00 ") || !utf8.ValidString(name) || name[0] == '.' {
			t.Errorf("%q becomes %q", v, name)
		}
	}
	if clean("Audit.AzureActiveDirectory") != "Audit.AzureActiveDirectory" || clean("contoso.onmicrosoft.com") != "contoso.onmicrosoft.com" {
		t.Error("an ordinary value is changed")
	}
}

func FuzzNameStaysInTheFolder(f *testing.F) {
	f.Add("{stream}/{date}/{hour}.ndjson", "Audit.Exchange", "8f3a", "soc")
	f.Add("{tenant}{stream}", "..", "", "x/y")
	f.Add("{stream}/{stream}.gz", "../..", "..", "/")
	f.Fuzz(func(t *testing.T, text, stream, tenant, flow string) {
		for _, c := range []Compression{None, Gzip, Zstd} {
			tmpl, problem := parseTemplate(text, c)
			if problem != "" {
				continue
			}
			s := tmpl.render(values{stream: stream, tenant: tenant, flow: flow, time: time.Unix(0, 0)})
			for _, n := range []int{0, 3} {
				name := s.file(n)
				if !filepath.IsLocal(name) || filepath.Clean(name) != name || strings.HasPrefix(name, stateDir+"/") {
					t.Errorf("%q with %q, %q, %q gives %q", text, stream, tenant, flow, name)
				}
				if got, ok := s.number(filepath.Base(name)); !ok || got != n {
					t.Errorf("%q: the number of %q is %d, %v", text, name, got, ok)
				}
			}
		}
	})
}
