package api

import (
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Document describes all operations as OpenAPI 3.1. Handler checks requests against the same schemas.
func Document(version string) *huma.OpenAPI {
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "headrace", Version: version,
			Description: "Everything that headrace does, over HTTP. The command line and the web UI call these operations too.\n\n" +
				"Errors are problems (RFC 9457) with `code`, `hint` and `request_id`. Lists give `items` and `next`; ask again with `after=next` until it is missing. " +
				"An object's `revision` comes as its ETag too: send it as If-Match with a change, and the change is refused (412) if somebody else was faster. " +
				"Sign in with `Authorization: Bearer hrt_…` (an API token), or with the session cookie of the web UI and the header X-Headrace-CSRF.",
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}},
		Servers: []*huma.Server{{URL: Prefix}},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"token":   {Type: "http", Scheme: "bearer", Description: "an API token: hrt_…"},
				"session": {Type: "apiKey", In: "cookie", Name: "headrace", Description: "the web UI's session"},
			},
		},
	}
	problem := doc.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	for _, e := range All() {
		doc.AddOperation(describe(doc, e, problem))
	}
	for _, schema := range doc.Components.Schemas.Map() {
		for _, property := range schema.Properties {
			if property.Type == huma.TypeArray {
				property.Nullable = false // door.answer writes no list as null
			}
		}
	}
	return doc
}

func describe(doc *huma.OpenAPI, e Endpoint, problem *huma.Schema) *huma.Operation {
	info, r := e.Info(), e.route()
	noun, _, _ := strings.Cut(info.Name, ".")
	op := &huma.Operation{Method: r.method, Path: r.path, OperationID: operationID(info.Name), Summary: info.Summary, Tags: []string{noun},
		Description: "Needs the role " + string(info.Role) + ".", Security: []map[string][]string{{"token": {}}, {"session": {}}},
		Extensions: map[string]any{"x-role": string(info.Role), "x-changes": info.Changes}}
	if info.Public {
		op.Security, op.Description = []map[string][]string{}, "Nobody needs to be signed in."
	}
	for _, f := range r.fields {
		if p := parameter(doc, f); p != nil {
			op.Parameters = append(op.Parameters, p)
		}
	}
	if info.Creates {
		op.Parameters = append(op.Parameters, &huma.Param{Name: IdempotencyKey, In: inHeader, Schema: &huma.Schema{Type: huma.TypeString},
			Description: "a text of your own, new for each request: if the request comes again within 24 hours, nothing is made twice and the answer is the same"})
	}
	if schema := bodySchema(doc, e); schema != nil {
		op.RequestBody = &huma.RequestBody{Required: len(schema.Required) > 0, Content: map[string]*huma.MediaType{"application/json": {Schema: named(doc, upper(op.OperationID)+"Body", schema)}}}
	}
	out := &huma.Response{Description: "done", Content: map[string]*huma.MediaType{"application/json": {Schema: doc.Components.Schemas.Schema(e.out(), true, "")}}}
	op.Responses = map[string]*huma.Response{
		strconv.Itoa(info.status()): out,
		"default":                   {Description: "a problem", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: problem}}},
	}
	if _, ok := reflect.New(e.route().in).Elem().Interface().(rehearsing); ok && info.Creates {
		op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{Description: "a dry run: what would be made", Content: out.Content}
	}
	return op
}

func parameter(doc *huma.OpenAPI, f param) *huma.Param {
	if f.in == inBody {
		return nil
	}
	p := &huma.Param{Name: f.name, In: f.in, Required: f.in == inPath, Description: f.field.Tag.Get("doc"), Schema: huma.SchemaFromField(doc.Components.Schemas, f.field, "")}
	switch {
	case f.in == inHeader:
		p.Name, p.Schema, p.Description = "If-Match", &huma.Schema{Type: huma.TypeString}, "the ETag of what the change was made from; without it the change is made on whatever is there"
	case f.in == inPath && p.Description == "":
		p.Description = "name or ID"
	case p.Schema.Type == huma.TypeArray:
		no := false
		p.Explode = &no
	}
	p.Schema.Nullable = false
	return p
}

// bodySchema gives the schema of what travels in an operation's body; nil if nothing does.
func bodySchema(doc *huma.OpenAPI, e Endpoint) *huma.Schema {
	r := e.route()
	if !r.takesBody() {
		return nil
	}
	schema := *huma.SchemaFromType(doc.Components.Schemas, r.in)
	properties := map[string]*huma.Schema{}
	for _, f := range r.fields {
		if f.in == inBody {
			properties[f.name] = schema.Properties[f.name]
		}
	}
	schema.Properties = properties
	schema.Required = slices.DeleteFunc(slices.Clone(schema.Required), func(name string) bool { return properties[name] == nil })
	body := &huma.Schema{Type: huma.TypeObject, Properties: schema.Properties, Required: schema.Required, AdditionalProperties: false}
	body.PrecomputeMessages()
	return body
}

// named keeps a schema under a name and gives the reference to it.
func named(doc *huma.OpenAPI, name string, schema *huma.Schema) *huma.Schema {
	doc.Components.Schemas.Map()[name] = schema
	return &huma.Schema{Ref: "#/components/schemas/" + name}
}

// operationID turns "source.used-by" into "sourceUsedBy".
func operationID(name string) string {
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '-' })
	for i := 1; i < len(parts); i++ {
		parts[i] = upper(parts[i])
	}
	return strings.Join(parts, "")
}

func upper(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// schemaName names a type in the document: api.Draft is Draft, credential.View is CredentialView, Page[source.View] is SourceViewPage.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := t.Name()
	if name == "" {
		return hint
	}
	if outer, inner, generic := strings.Cut(name, "["); generic {
		inner = strings.TrimSuffix(inner, "]")
		return qualified(path.Base(inner)) + outer
	}
	return qualified(path.Base(t.PkgPath()) + "." + name)
}

// qualified puts a package's name before a type's unless it says nothing new.
func qualified(name string) string {
	pkg, base, found := strings.Cut(name, ".")
	switch {
	case !found:
		return upper(pkg)
	case pkg == "api" || pkg == "store" || strings.HasPrefix(base, upper(pkg)):
		return base
	default:
		return upper(pkg) + base
	}
}
