package api

import (
	"encoding"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// kindOf tells how a field is written in a path, query or header; "" if it can't be.
func kindOf(t reflect.Type) string {
	if t == reflect.TypeFor[time.Time]() || t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return "text"
	}
	if t.Kind() == reflect.Pointer { // said or not said
		t = t.Elem()
	}
	switch t.Kind() { //nolint:exhaustive // the others can't be written
	case reflect.String:
		return "text"
	case reflect.Int, reflect.Int64, reflect.Int32:
		return "number"
	case reflect.Bool:
		return "bool"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.String {
			return "list"
		}
	}
	return ""
}

// rawParam gives a field's JSON from its text in a path, query or header.
func rawParam(t reflect.Type, text string) (json.RawMessage, error) {
	switch kindOf(t) {
	case "number":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no whole number", text)
		}
		if n < 0 {
			return nil, fmt.Errorf("%s is less than nothing; leave it out for the usual number", text)
		}
		return json.RawMessage(strconv.FormatInt(n, 10)), nil
	case "bool":
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
		return json.RawMessage(strconv.FormatBool(b)), nil
	case "list":
		return json.Marshal(strings.Split(text, ","))
	}
	if t == reflect.TypeFor[time.Time]() {
		if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
			return nil, fmt.Errorf("%q is no time such as 2026-11-22T10:00:00Z", text)
		}
	}
	return json.Marshal(text)
}

// paramText is rawParam's inverse; false for what says nothing (null, an empty text).
func paramText(raw json.RawMessage) (string, bool) {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return "", false
	}
	switch v := v.(type) {
	case nil:
		return "", false
	case string:
		return v, v != ""
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = fmt.Sprint(one)
		}
		return strings.Join(parts, ","), len(parts) > 0
	default:
		return string(raw), true
	}
}

// query reads the query's parameters into an input's JSON; an unknown one is a problem.
func (r route) query(q url.Values, into map[string]json.RawMessage) fault.Problems {
	var problems fault.Problems
	for name, values := range q {
		known := false
		for _, f := range r.fields {
			if f.in != inQuery || f.name != name {
				continue
			}
			known = true
			text := strings.Join(values, ",")
			if text == "" {
				continue
			}
			raw, err := rawParam(f.field.Type, text)
			if err == nil {
				err = oneOf(f.field.Tag.Get("enum"), values)
			}
			if err != nil {
				problems = append(problems, fault.Problem{Field: name, Text: err.Error()})
				continue
			}
			into[name] = raw
		}
		if !known {
			problems = append(problems, fault.Problem{Field: name, Text: "is no parameter here; " + r.knownParams()})
		}
	}
	return problems
}

// oneOf refuses texts of which one is none of a list's; an empty list takes all.
func oneOf(list string, texts []string) error {
	if list == "" {
		return nil
	}
	for _, text := range strings.Split(strings.Join(texts, ","), ",") {
		if !slices.Contains(strings.Split(list, ","), text) {
			return fmt.Errorf("%q is not known here; it is one of %s", text, strings.ReplaceAll(list, ",", ", "))
		}
	}
	return nil
}

func (r route) knownParams() string {
	var names []string
	for _, f := range r.fields {
		if f.in == inQuery {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 {
		return "it takes none"
	}
	return "there are " + strings.Join(names, ", ")
}

// revision reads an If-Match header: "7", also weak or without its quotes; * and nothing mean any.
func revision(header string) (json.RawMessage, error) {
	text := strings.Trim(strings.TrimPrefix(strings.TrimSpace(header), "W/"), `"`)
	if text == "" || text == "*" {
		return nil, nil
	}
	if _, err := strconv.ParseUint(text, 10, 63); err != nil {
		return nil, fmt.Errorf("%q is no ETag that this server gave", header)
	}
	return json.RawMessage(text), nil
}
