package api_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headrace/headrace/internal/api"
)

const planted = "pl4nted~secret"

// refusing is a remote that signs nobody in. Its certificate stands in a file.
func refusing(t *testing.T) (address, ca string) {
	t.Helper()
	remote := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":"invalid_client","error_description":"AADSTS7000215: no"}`))
	}))
	t.Cleanup(remote.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: remote.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return remote.URL, ca
}

// furnish makes one object of each kind, with a planted secret that its remote refuses.
func (w *whole) furnish() map[string]string {
	remote, ca := refusing(w.t)
	w.must(http.StatusCreated, "POST", "/credentials", `{"name":"cred","spec":{"type":"office-365-management-api","cloud":"custom","tenantId":"8f3a0000-0000-4000-8000-000000000001","clientId":"1b4f0000-0000-4000-8000-000000000001",
		"endpoints":{"login":"`+remote+`","management":"`+remote+`","graph":"`+remote+`","ca":"`+ca+`"}},"secret":"`+planted+`"}`)
	w.must(http.StatusCreated, "POST", "/sources", `{"name":"src","spec":{"connector":"office-365-management-api","credential":"cred"}}`)
	w.must(http.StatusCreated, "POST", "/destinations", w.archive("dst"))
	w.must(http.StatusCreated, "POST", "/flows", `{"name":"flw","spec":{"source":"src","destination":"dst","mode":"append"}}`)
	var runs struct{ Items []struct{ ID string } }
	_ = json.Unmarshal([]byte(w.must(http.StatusOK, "GET", "/runs", "").raw), &runs)
	names := map[string]string{"credentials": "cred", "sources": "src", "destinations": "dst", "flows": "flw", "connectors": "file", "datasets": "src"}
	if len(runs.Items) > 0 {
		names["runs"] = runs.Items[0].ID
	}
	return names
}

// operations gives all of the document, what removes things at the end.
func operations(doc *huma.OpenAPI) []*huma.Operation {
	var all []*huma.Operation
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Put, item.Delete} {
			if op != nil {
				all = append(all, op)
			}
		}
	}
	slices.SortFunc(all, func(a, b *huma.Operation) int {
		if (a.Method == http.MethodDelete) != (b.Method == http.MethodDelete) {
			return map[bool]int{true: 1, false: -1}[a.Method == http.MethodDelete]
		}
		return strings.Compare(a.OperationID, b.OperationID)
	})
	return all
}

// fill writes a path with names of things that are there.
func fill(path string, names map[string]string) string {
	noun := strings.Split(path, "/")[1]
	name, ok := names[noun]
	if !ok {
		name = "nothing"
	}
	return strings.NewReplacer("{name}", name, "{action}", "subscription-list").Replace(path)
}

// body makes a body of a schema with a value for each kind.
func body(doc *huma.OpenAPI, schema *huma.Schema, text string, depth int) any {
	if schema.Ref != "" {
		schema = doc.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	switch {
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case schema.Format == "date-time":
		return "2026-11-22T00:00:00Z"
	case schema.Type == huma.TypeString:
		return text
	case schema.Type == huma.TypeInteger, schema.Type == huma.TypeNumber:
		return 1
	case schema.Type == huma.TypeBoolean:
		return false
	case schema.Type == huma.TypeArray:
		if depth > 3 {
			return []any{}
		}
		return []any{body(doc, schema.Items, text, depth+1)}
	case schema.Type == huma.TypeObject:
		out := map[string]any{}
		for name, property := range schema.Properties {
			if depth < 4 {
				out[name] = body(doc, property, text, depth+1)
			}
		}
		return out
	}
	return map[string]any{"connector": "file", "path": text, "nonsense": text}
}

func bodyOf(doc *huma.OpenAPI, op *huma.Operation) *huma.Schema {
	if op.RequestBody == nil {
		return nil
	}
	return op.RequestBody.Content["application/json"].Schema
}

// TestNoOperationShowsASecretOrBreaks asks for everything that the document has, with things that are there.
func TestNoOperationShowsASecretOrBreaks(t *testing.T) {
	t.Parallel()
	w := open(t)
	doc, names := api.Document("test"), w.furnish()
	went := map[string]bool{}
	for _, op := range operations(doc) {
		for _, text := range []string{"cred", "src", "flw", "dst"} {
			raw := []byte{}
			if schema := bodyOf(doc, op); schema != nil {
				raw, _ = json.Marshal(body(doc, schema, text, 0))
			}
			out := w.ask(op.Method, fill(op.Path, names), string(raw))
			sound(t, op.OperationID, out)
			if out.status < 300 {
				went[op.OperationID] = true
				conforms(t, doc, op.Method, op.Path, out)
			}
			if op.Method != http.MethodPost && op.Method != http.MethodPatch {
				break
			}
		}
	}
	if len(went) < 30 {
		t.Errorf("only %d operations went well: the walk shows little", len(went))
	}
}

// sound refuses answers that show the secret, break, or leave somebody without a way on.
func sound(t *testing.T, name string, out reply) {
	t.Helper()
	if strings.Contains(out.raw, "pl4nted") || strings.Contains(fmt.Sprint(out.header), "pl4nted") {
		t.Errorf("%s shows a secret: %s", name, out.raw)
	}
	if out.status >= 400 && (out.Code == "" || out.RequestID == "" || out.Title == "" || out.header.Get("Content-Type") != "application/problem+json") {
		t.Errorf("%s: no whole problem: %d %s", name, out.status, out.raw)
	}
	if out.status >= 500 && out.status != http.StatusServiceUnavailable {
		t.Errorf("%s: %d %s", name, out.status, out.raw)
	}
}

// TestBadTextsBreakNothing sends what people paste and attackers try, as every text of every operation.
func TestBadTextsBreakNothing(t *testing.T) {
	t.Parallel()
	w := open(t)
	doc, names := api.Document("test"), w.furnish()
	for _, bad := range []string{"", " ", strings.Repeat("x", 100_000), "🦊 حجة", "<script>alert(1)</script>", "../../../../etc/passwd", "a\x00b", "{8F3A0000-0000-4000-8000-000000000001}", "'; DROP TABLE object; --", "\u202e\ufeff", "null", "%s%n"} {
		for _, op := range operations(doc) {
			raw := []byte{}
			if schema := bodyOf(doc, op); schema != nil {
				raw, _ = json.Marshal(body(doc, schema, bad, 0))
			}
			sound(t, fmt.Sprintf("%s with %.20q", op.OperationID, bad), w.ask(op.Method, strings.NewReplacer("{name}", url.PathEscape("x"+bad), "{action}", url.PathEscape("x"+bad)).Replace(op.Path), string(raw)))
			if len(raw) > 0 && len(bad) < 1000 {
				sound(t, fmt.Sprintf("%s with %.20q", op.OperationID, bad), w.ask(op.Method, fill(op.Path, names), string(raw)))
			}
		}
	}
	if got := w.must(http.StatusOK, "GET", "/destinations/dst", ""); !strings.Contains(got.raw, filepath.Join("out")) {
		t.Errorf("the destination was changed: %s", got.raw)
	}
}

// TestWrongTypesAreNamed sends a value of another kind in each field of each body.
func TestWrongTypesAreNamed(t *testing.T) {
	t.Parallel()
	w := open(t)
	doc, names := api.Document("test"), w.furnish()
	for _, op := range operations(doc) {
		ref := bodyOf(doc, op)
		if ref == nil {
			continue
		}
		schema := doc.Components.Schemas.SchemaFromRef(ref.Ref)
		for name, property := range schema.Properties {
			if property.Type == "" && property.Ref == "" {
				continue // any JSON
			}
			whole, _ := body(doc, ref, "x", 0).(map[string]any)
			whole[name] = json.RawMessage(`[{"` + planted + `":1}]`)
			if property.Type == huma.TypeArray {
				whole[name] = planted
			}
			raw, _ := json.Marshal(whole)
			out := w.ask(op.Method, fill(op.Path, names), string(raw))
			sound(t, op.OperationID+" "+name, out)
			if out.status != http.StatusUnprocessableEntity || len(out.Problems) == 0 || !strings.HasPrefix(out.Problems[0].Field, name) {
				t.Errorf("%s: a wrong %s: %d %s", op.OperationID, name, out.status, out.raw)
			}
		}
	}
}
