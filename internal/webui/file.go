package webui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// kinds are the media types of what Vite writes; the system's own table may lack or change some.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".json": "application/json",
}

// A file is one of the app's, with its tag and, once somebody asked for it, its compressed form.
type file struct {
	name string
	kind string
	tag  string // of its content, without quotes
	raw  []byte

	pack   sync.Once
	packed []byte // nil: compressing it saves nothing
}

func newFile(name string, raw []byte) *file {
	sum := sha256.Sum256(raw)
	f := &file{name: name, raw: raw, tag: hex.EncodeToString(sum[:12]), kind: kinds[path.Ext(name)]}
	if f.kind == "" {
		f.kind = mime.TypeByExtension(path.Ext(name))
	}
	return f
}

// serve sends the file, compressed to who takes that; one that the browser has already is only confirmed.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if f.kind != "" {
		h.Set("Content-Type", f.kind)
	}
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(f.name, hashed) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Add("Vary", "Accept-Encoding")
	body, tag := f.raw, f.tag
	if packed := f.compressed(); packed != nil && takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body, tag = packed, f.tag+"-gz"
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(body))
}

func (f *file) compressed() []byte {
	f.pack.Do(func() {
		var out bytes.Buffer
		z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
		if err != nil {
			return
		}
		if _, err := z.Write(f.raw); err != nil || z.Close() != nil || out.Len() > len(f.raw)*9/10 {
			return
		}
		f.packed = bytes.Clone(out.Bytes())
	})
	return f.packed
}

// takesGzip tells whether the client accepts gzip. A weight of 0 refuses it (RFC 9110, section 12.5.3).
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if coding = strings.TrimSpace(coding); !strings.EqualFold(coding, "gzip") && coding != "*" {
			continue
		}
		q := strings.TrimPrefix(strings.TrimSpace(weight), "q=")
		return strings.Trim(q, "0.") != "" || q == ""
	}
	return false
}
