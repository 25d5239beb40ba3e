package reference

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// A document is what the page shows, in its order.
type document struct {
	Title, Version string
	About          []text
	Groups         []group
	Shapes         []shape
}

// A group is the operations on one kind of thing.
type group struct {
	Name       string
	Operations []operation
}

type operation struct {
	ID, Method, Path, Summary string
	About                     []text
	Role                      string // empty: nobody needs to be signed in
	Changes                   bool
	Parameters                []field
	Body                      []field
	Status                    string
	Answer                    kind
	Example                   string // a command that can be typed
}

// A shape is a schema with a name.
type shape struct {
	Name   string
	Fields []field
	Kind   kind // for one that is no object
}

// A field is a parameter, or a property of an object.
type field struct {
	Name, In string
	Required bool
	Kind     kind
	About    []text
	Rules    string // "at least 1, at most 1000"
}

// A kind is a type as people write it: "list of Source", with the shape that it leads to.
type kind struct {
	Before, Shape string
}

// A text is a piece of a description, code or not.
type text struct {
	Text      string
	Code, End bool // End: a paragraph ends here
}

func read(doc *huma.OpenAPI) document {
	d := document{Title: doc.Info.Title, Version: doc.Info.Version, About: prose(doc.Info.Description)}
	groups := map[string][]operation{}
	for path, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				groups[tag(op)] = append(groups[tag(op)], readOperation(doc, path, op))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		slices.SortFunc(groups[name], func(a, b operation) int {
			return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(rank(a.Method), rank(b.Method)))
		})
		d.Groups = append(d.Groups, group{Name: name, Operations: groups[name]})
	}
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		if !strings.HasSuffix(name, "Body") { // a request's body stands at its operation
			d.Shapes = append(d.Shapes, shape{Name: name, Fields: fields(schemas[name]), Kind: kindOf(schemas[name])})
		}
	}
	return d
}

func tag(op *huma.Operation) string {
	if len(op.Tags) == 0 {
		return "other"
	}
	return op.Tags[0]
}

// rank puts what reads before what changes, and what removes last.
func rank(method string) int {
	return slices.Index([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, method)
}

func readOperation(doc *huma.OpenAPI, path string, op *huma.Operation) operation {
	o := operation{ID: op.OperationID, Method: op.Method, Path: path, Summary: op.Summary}
	o.Role, _ = op.Extensions["x-role"].(string)
	o.Changes, _ = op.Extensions["x-changes"].(bool)
	if len(op.Security) == 0 {
		o.Role = ""
	}
	for _, p := range op.Parameters {
		o.Parameters = append(o.Parameters, field{Name: p.Name, In: p.In, Required: p.Required, Kind: kindOf(p.Schema), About: prose(p.Description), Rules: rules(p.Schema)})
	}
	var body *huma.Schema
	if op.RequestBody != nil {
		for _, media := range op.RequestBody.Content {
			body = resolve(doc, media.Schema)
			o.Body = fields(body)
		}
	}
	for status, answer := range op.Responses {
		if status == "default" {
			continue
		}
		o.Status = status
		for _, media := range answer.Content {
			o.Answer = kindOf(media.Schema)
		}
	}
	o.Example = example(doc, path, op, body)
	return o
}

func resolve(doc *huma.OpenAPI, s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		if found := doc.Components.Schemas.SchemaFromRef(s.Ref); found != nil {
			return found
		}
	}
	return s
}

// fields gives an object's properties: what is required first, then by name.
func fields(s *huma.Schema) []field {
	if s == nil {
		return nil
	}
	var all []field
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		all = append(all, field{Name: name, Required: slices.Contains(s.Required, name), Kind: kindOf(p), About: prose(p.Description), Rules: rules(p)})
	}
	slices.SortStableFunc(all, func(a, b field) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		}
		return 1
	})
	return all
}

func kindOf(s *huma.Schema) kind {
	switch {
	case s == nil:
		return kind{Before: "nothing"}
	case s.Ref != "":
		return kind{Shape: s.Ref[strings.LastIndex(s.Ref, "/")+1:]}
	case s.Type == huma.TypeArray:
		of := kindOf(s.Items)
		return kind{Before: strings.TrimSpace("list of " + of.Before), Shape: of.Shape}
	case s.Type == huma.TypeObject:
		if of, ok := s.AdditionalProperties.(*huma.Schema); ok {
			k := kindOf(of)
			return kind{Before: strings.TrimSpace("object, each value: " + k.Before), Shape: k.Shape}
		}
		return kind{Before: "object"}
	case s.Type == "":
		return kind{Before: "any JSON"}
	case s.Format == "date-time":
		return kind{Before: "time (RFC 3339)"}
	}
	return kind{Before: s.Type}
}

func prose(s string) []text {
	var all []text
	for paragraph := range strings.SplitSeq(strings.TrimSpace(s), "\n\n") {
		for i, part := range strings.Split(paragraph, "`") {
			if part != "" {
				all = append(all, text{Text: part, Code: i%2 == 1})
			}
		}
		if len(all) > 0 {
			all[len(all)-1].End = true
		}
	}
	return all
}

func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}
