package config

import (
	"reflect"
	"strings"
)

// Schema gives the JSON Schema (2020-12) of a struct that holds its defaults, for editors and the API's description.
func Schema(v any) map[string]any {
	value := reflect.ValueOf(v)
	for value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	return schemaOf(value.Type(), value)
}

func schemaOf(t reflect.Type, v reflect.Value) map[string]any {
	if t.Kind() == reflect.Pointer {
		return schemaOf(t.Elem(), reflect.Zero(t.Elem()))
	}
	switch name := typeName(t); {
	case name == "any":
		return map[string]any{}
	case name == "text", name == "duration", name == "size", name == "time":
		return map[string]any{"type": "string"}
	case name == "true or false":
		return map[string]any{"type": "boolean"}
	case strings.HasPrefix(name, "list of "):
		return map[string]any{"type": "array", "items": schemaOf(t.Elem(), reflect.Zero(t.Elem()))}
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem(), reflect.Zero(t.Elem()))}
	case t.Kind() == reflect.Struct:
		return objectSchema(v)
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		return map[string]any{"type": "number"}
	}
	return map[string]any{"type": "integer"}
}

func objectSchema(v reflect.Value) map[string]any {
	properties := map[string]any{}
	for _, f := range structFields(v) {
		one := schemaOf(f.value.Type(), f.value)
		if doc := f.tag.Get("doc"); doc != "" {
			one["description"] = doc
		}
		if example := f.tag.Get("example"); example != "" {
			one["examples"] = []any{example}
		}
		if values := f.enum(); len(values) > 0 {
			at := one
			if items, ok := one["items"].(map[string]any); ok {
				at = items
			}
			at["enum"] = values
		}
		if one["type"] != "object" {
			if node := encode(f.value, reflect.Zero(f.value.Type())); node != nil {
				var plain any
				if node.Decode(&plain) == nil {
					one["default"] = plain
				}
			}
		}
		properties[f.name] = one
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
}
