package reference

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// example is the operation as a command for curl. Its body holds what is required.
func example(doc *huma.OpenAPI, path string, op *huma.Operation, body *huma.Schema) string {
	var b strings.Builder
	b.WriteString("curl")
	if op.Method != http.MethodGet {
		b.WriteString(" -X " + op.Method)
	}
	address := path
	for _, p := range op.Parameters {
		if p.In == "path" {
			address = strings.ReplaceAll(address, "{"+p.Name+"}", strings.ToUpper(p.Name))
		}
	}
	server := ""
	if len(doc.Servers) > 0 {
		server = doc.Servers[0].URL
	}
	fmt.Fprintf(&b, ` "$HEADRACE_URL%s%s"`, server, address)
	if len(op.Security) > 0 {
		b.WriteString(" \\\n  -H \"Authorization: Bearer $HEADRACE_TOKEN\"")
	}
	for _, p := range op.Parameters {
		switch p.Name {
		case "If-Match":
			b.WriteString(" \\\n  -H 'If-Match: \"7\"'")
		case "Idempotency-Key":
			b.WriteString(" \\\n  -H \"Idempotency-Key: $(uuidgen)\"")
		}
	}
	if body != nil {
		fmt.Fprintf(&b, " \\\n  -H 'Content-Type: application/json' \\\n  -d '%s'", strings.ReplaceAll(asJSON(sample(doc, body, 0)), "'", `'\''`))
	}
	return b.String()
}

// deep bounds shapes that hold themselves.
const deep = 4

// sample makes a value of a schema, of what is required in it.
func sample(doc *huma.OpenAPI, s *huma.Schema, depth int) any {
	s = resolve(doc, s)
	switch {
	case s == nil || depth > deep:
		return map[string]any{}
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeString:
		if s.Format == "date-time" {
			return "2026-11-20T00:00:00Z"
		}
		return "…"
	case huma.TypeInteger, huma.TypeNumber:
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case huma.TypeBoolean:
		return true
	case huma.TypeArray:
		return []any{sample(doc, s.Items, depth+1)}
	}
	all := map[string]any{}
	for name, p := range s.Properties {
		if slices.Contains(s.Required, name) {
			all[name] = sample(doc, p, depth+1)
		}
	}
	return all
}

// rules says what a value must keep to.
func rules(s *huma.Schema) string {
	if s == nil {
		return ""
	}
	var all []string
	say := func(format string, a ...any) { all = append(all, fmt.Sprintf(format, a...)) }
	if len(s.Enum) > 0 {
		var words []string
		for _, v := range s.Enum {
			words = append(words, fmt.Sprint(v))
		}
		say("one of %s", strings.Join(words, ", "))
	}
	if s.Minimum != nil {
		say("at least %v", *s.Minimum)
	}
	if s.Maximum != nil {
		say("at most %v", *s.Maximum)
	}
	if s.MinLength != nil {
		say("at least %d characters", *s.MinLength)
	}
	if s.MaxLength != nil {
		say("at most %d characters", *s.MaxLength)
	}
	if s.MaxItems != nil {
		say("at most %d items", *s.MaxItems)
	}
	if s.Pattern != "" {
		say("matches %s", s.Pattern)
	}
	if s.Default != nil {
		say("default %s", asJSON(s.Default))
	}
	return strings.Join(all, "; ")
}
