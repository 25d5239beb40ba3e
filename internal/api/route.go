package api

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
)

// A route is how an operation stands in HTTP. It is read from a text as "POST /sources/{name}/pause" and the operation's
// input type, so that nothing is said twice: fields of the input that the path names are taken from the path; revision
// is the If-Match header of a change; the others are the body's, or the query's where there is no body.
type route struct {
	method, path string
	in           reflect.Type
	fields       []param
}

// Where a field of an input travels.
const (
	inPath   = "path"
	inQuery  = "query"
	inHeader = "header"
	inBody   = "body"
)

// revisionField is the field that travels as If-Match.
const revisionField = "revision"

type param struct {
	name  string // as in JSON
	in    string
	field reflect.StructField
}

func routeOf(text string, in reflect.Type) route {
	method, path, _ := strings.Cut(text, " ")
	r := route{method: method, path: path, in: in}
	for _, f := range jsonFields(in) {
		p := param{name: f.name, field: f.field}
		switch {
		case strings.Contains(path, "{"+f.name+"}"):
			p.in = inPath
		case f.name == revisionField && method != http.MethodGet && method != http.MethodPost:
			p.in = inHeader
		case r.hasBody():
			p.in = inBody
		default:
			p.in = inQuery
		}
		r.fields = append(r.fields, p)
	}
	return r
}

func (r route) hasBody() bool {
	return r.method == http.MethodPost || r.method == http.MethodPatch || r.method == http.MethodPut
}

// takesBody tells whether the input has anything that travels in a body.
func (r route) takesBody() bool {
	for _, f := range r.fields {
		if f.in == inBody {
			return true
		}
	}
	return false
}

// check refuses routes whose path names what the input has not.
func (r route) check() error {
	switch r.method {
	case http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete:
	default:
		return fmt.Errorf("route %q has no method", r.path)
	}
	named := strings.Count(r.path, "{")
	for _, f := range r.fields {
		if f.in == inPath {
			named--
		}
		if f.in != inBody && kindOf(f.field.Type) == "" {
			return fmt.Errorf("route %s: field %s can't travel in a %s", r.path, f.name, f.in)
		}
	}
	if named != 0 || !strings.HasPrefix(r.path, "/") {
		return fmt.Errorf("route %q names %d fields that its input has not", r.path, named)
	}
	return nil
}

type jsonField struct {
	name  string
	field reflect.StructField
}

// jsonFields gives the fields that encoding/json sees, those of embedded structs among them.
func jsonFields(t reflect.Type) []jsonField {
	var all []jsonField
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "":
			all = append(all, jsonFields(f.Type)...)
		case name != "" && f.IsExported():
			all = append(all, jsonField{name: name, field: f})
		}
	}
	return all
}
