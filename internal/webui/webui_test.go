package webui

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var script = strings.Repeat("export const a = 1;\n", 200)

func app(t *testing.T) http.Handler {
	t.Helper()
	s, err := newSite(fstest.MapFS{
		".keep":            {},
		".sources":         {Data: []byte("hash")},
		"index.html":       {Data: []byte("<!doctype html><title>app</title>")},
		"icon.svg":         {Data: []byte("<svg/>")},
		"assets/app-x1.js": {Data: []byte(script)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answer is what a handler said; its body is in memory.
type answer struct {
	StatusCode int
	Header     http.Header
	Body       io.Reader
}

func ask(h http.Handler, method, target string, header ...string) answer {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{StatusCode: w.Code, Header: w.Header(), Body: w.Body}
}

func text(t *testing.T, r answer) string {
	t.Helper()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, target string
		status         int
		kind, cache    string
		body           string
	}{
		"the page":                                 {"GET", "/", 200, "text/html; charset=utf-8", "no-cache", "<title>app"},
		"a page of the app's router":               {"GET", "/sources/contoso-activity?tab=yaml", 200, "text/html; charset=utf-8", "no-cache", "<title>app"},
		"a name with a dot is a page too":          {"GET", "/sources/contoso.activity", 200, "text/html; charset=utf-8", "no-cache", "<title>app"},
		"a file":                                   {"GET", "/icon.svg", 200, "image/svg+xml", "no-cache", "<svg/>"},
		"a file named for its content is kept":     {"GET", "/assets/app-x1.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "export"},
		"a part of another version is not there":   {"GET", "/assets/app-x0.js", 404, "text/plain; charset=utf-8", "", "Load the page again"},
		"a script that is gone is never a page":    {"GET", "/first-paint.js", 404, "text/plain; charset=utf-8", "", "Load the page again"},
		"what is hidden is no file":                {"GET", "/.sources", 200, "text/html; charset=utf-8", "no-cache", "<title>app"},
		"nobody climbs out":                        {"GET", "/../../../../etc/passwd", 200, "text/html; charset=utf-8", "no-cache", "<title>app"},
		"only the head":                            {"HEAD", "/", 200, "text/html; charset=utf-8", "no-cache", ""},
		"nothing can be written":                   {"POST", "/", 405, "text/plain; charset=utf-8", "", "/api/v1"},
		"an address of folders that are not there": {"GET", "/a/b/c", 200, "text/html; charset=utf-8", "no-cache", "<title>app"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := ask(app(t), c.method, c.target)
			if r.StatusCode != c.status || r.Header.Get("Content-Type") != c.kind || r.Header.Get("Cache-Control") != c.cache {
				t.Errorf("got %d %q %q", r.StatusCode, r.Header.Get("Content-Type"), r.Header.Get("Cache-Control"))
			}
			if body := text(t, r); !strings.Contains(body, c.body) || c.body == "" && body != "" {
				t.Errorf("body %q", body)
			}
			if got := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'self';") || strings.Contains(got, "script-src") {
				t.Errorf("policy %q", got)
			}
		})
	}
}

func TestConfirmed(t *testing.T) {
	t.Parallel()
	h := app(t)
	for _, encoding := range []string{"", "gzip"} {
		first := ask(h, "GET", "/assets/app-x1.js", "Accept-Encoding", encoding)
		tag := first.Header.Get("ETag")
		if again := ask(h, "GET", "/assets/app-x1.js", "Accept-Encoding", encoding, "If-None-Match", tag); again.StatusCode != http.StatusNotModified || tag == "" {
			t.Errorf("%q: %d with tag %q", encoding, again.StatusCode, tag)
		}
		if other := ask(h, "GET", "/", "If-None-Match", tag); other.StatusCode != http.StatusOK {
			t.Errorf("another file's tag confirmed the page: %d", other.StatusCode)
		}
	}
}

func TestCompressed(t *testing.T) {
	t.Parallel()
	h := app(t)
	for accept, want := range map[string]string{
		"gzip, deflate, br": "gzip", "br;q=1.0, gzip;q=0.8": "gzip", "*": "gzip",
		"": "", "identity": "", "gzip;q=0": "", "gzip;q=0.000": "", "br": "",
	} {
		r := ask(h, "GET", "/assets/app-x1.js", "Accept-Encoding", accept)
		if r.Header.Get("Content-Encoding") != want || r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: encoding %q, vary %q", accept, r.Header.Get("Content-Encoding"), r.Header.Get("Vary"))
		}
		body := io.Reader(r.Body)
		if want == "gzip" {
			z, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		}
		if raw, err := io.ReadAll(body); err != nil || string(raw) != script {
			t.Errorf("%q: %d bytes, %v", accept, len(raw), err)
		}
	}
	if small := ask(h, "GET", "/icon.svg", "Accept-Encoding", "gzip"); small.Header.Get("Content-Encoding") != "" {
		t.Error("what gains nothing was compressed")
	}
}

func TestNotBuilt(t *testing.T) {
	t.Parallel()
	s, err := newSite(fstest.MapFS{".keep": {}})
	if err != nil {
		t.Fatal(err)
	}
	r := ask(s, "GET", "/sources")
	if body := text(t, r); r.StatusCode != http.StatusNotFound || !strings.Contains(body, "not built into this binary. Run: make ui") {
		t.Errorf("%d %q", r.StatusCode, body)
	}
}

func TestEmbedded(t *testing.T) {
	t.Parallel()
	h, err := Handler()
	if err != nil {
		t.Fatal(err)
	}
	if r := ask(h, "GET", "/"); (r.StatusCode == http.StatusOK) != Built() {
		t.Errorf("%d, built %v", r.StatusCode, Built())
	}
}
