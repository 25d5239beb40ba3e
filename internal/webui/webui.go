// Package webui serves the web app that Vite writes into dist/ and that is embedded into the binary. It knows nothing
// of the API: the app asks for that by itself. A binary that was built without the app says so. Start at Handler.
package webui

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed all:dist
var embedded embed.FS

// Policy is the content security policy of every page: nothing from elsewhere, no inline scripts, no frames. Styles
// may stand inline, because the components set sizes and positions so.
const Policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

// Built tells whether the app is in this binary.
func Built() bool {
	_, err := fs.Stat(embedded, "dist/"+index)
	return err == nil
}

// Handler serves the app. Every GET that names no file gets its page, since its own router reads the address.
func Handler() (http.Handler, error) {
	dist, err := fs.Sub(embedded, "dist")
	if err != nil {
		return nil, fmt.Errorf("open the embedded web UI: %w", err)
	}
	return newSite(dist)
}

const (
	index = "index.html"
	// hashed holds files whose names change with their content: a browser may keep them for ever.
	hashed = "assets/"
)

// A site is the app's files, ready to be sent.
type site struct{ files map[string]*file }

func newSite(dist fs.FS) (*site, error) {
	s := &site{files: map[string]*file{}}
	err := fs.WalkDir(dist, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		raw, err := fs.ReadFile(dist, name)
		if err != nil {
			return err
		}
		s.files[name] = newFile(name, raw)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the embedded web UI: %w", err)
	}
	return s, nil
}

// ServeHTTP answers with a file, with the app's page, or with what is to be done when there is none.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", Policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "The web UI is only read. Changes go to /api/v1.", http.StatusMethodNotAllowed)
		return
	}
	if s.files[index] == nil {
		http.Error(w, "The web UI is not built into this binary. Run: make ui build", http.StatusNotFound)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	f := s.files[name]
	switch {
	case f == nil && (strings.HasPrefix(name, hashed) || path.Ext(name) == ".js" || path.Ext(name) == ".css"):
		// A page of an older binary asks for a part that is gone. An error makes it load itself anew; the page
		// in its stead would be read as a script.
		http.Error(w, "This file is not part of this version of headrace. Load the page again.", http.StatusNotFound)
		return
	case f == nil:
		f = s.files[index]
	}
	f.serve(w, r)
}
