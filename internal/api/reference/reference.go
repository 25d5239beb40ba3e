// Package reference is the API's page for people: its OpenAPI document as HTML. It is made of what the server knows at
// that moment, holds no script, asks for nothing else, and so works offline and under the strictest content security
// policy. It knows nothing of the operations themselves. Start at Handler.
package reference

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed page.html
var page string

//go:embed page.css
var style string

var shaped = template.Must(template.New("page").Parse(page))

// Handler shows the document as a page. Whoever may read the document may read the page; it tells nothing more.
func Handler(doc *huma.OpenAPI) http.Handler {
	sum := sha256.Sum256([]byte(style))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var out bytes.Buffer
		if err := shaped.Execute(&out, map[string]any{"Doc": read(doc), "Style": template.CSS(style)}); err != nil { //nolint:gosec // our own file
			http.Error(w, "The page of the API can't be written: "+err.Error(), http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		_, _ = w.Write(out.Bytes())
	})
}
