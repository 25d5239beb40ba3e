package reference_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/api/reference"
)

func show(t *testing.T, doc *huma.OpenAPI) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	reference.Handler(doc).ServeHTTP(w, httptest.NewRequest("GET", "/api/docs", nil))
	return w
}

func TestEverythingIsShown(t *testing.T) {
	t.Parallel()
	doc := api.Document("v1")
	body := show(t, doc).Body.String()
	for path, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			if !strings.Contains(body, `<section id="`+op.OperationID+`"`) || !strings.Contains(body, "/api/v1"+path) {
				t.Errorf("%s %s is not on the page", op.Method, path)
			}
			for _, p := range op.Parameters {
				if !strings.Contains(body, "<code>"+p.Name+"</code>") {
					t.Errorf("%s: parameter %s is not on the page", op.OperationID, p.Name)
				}
			}
		}
	}
}

var (
	target = regexp.MustCompile(`href="#([^"]+)"`)
	id     = regexp.MustCompile(` id="([^"]+)"`)
)

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	body := show(t, api.Document("v1")).Body.String()
	there := map[string]bool{}
	for _, m := range id.FindAllStringSubmatch(body, -1) {
		if there[m[1]] {
			t.Errorf("%s is there twice", m[1])
		}
		there[m[1]] = true
	}
	for _, m := range target.FindAllStringSubmatch(body, -1) {
		if !there[m[1]] {
			t.Errorf("a link leads to #%s, which is not there", m[1])
		}
	}
}

func TestNothingRuns(t *testing.T) {
	t.Parallel()
	w := show(t, api.Document("v1"))
	body, policy := w.Body.String(), w.Header().Get("Content-Security-Policy")
	_, rest, _ := strings.Cut(body, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	if !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy %q does not allow the page's own style, or more than it", policy)
	}
	for _, bad := range []string{"<script", " style=", " onclick=", "http://", "https://"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

func TestTextIsText(t *testing.T) {
	t.Parallel()
	doc := api.Document("v1")
	doc.Info.Description = "<script>alert(1)</script> and `<b>`"
	if body := show(t, doc).Body.String(); strings.Contains(body, "<script>") || !strings.Contains(body, "<code>&lt;b&gt;</code>") {
		t.Error("a description was taken for HTML")
	}
}
