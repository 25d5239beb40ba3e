package config

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// A Field describes one setting to people.
type Field struct {
	Path    string   `json:"path"`              // dotted: "hold.limit"
	Type    string   `json:"type"`              // text, number, true or false, duration, size, time, list of …, mapping
	Default string   `json:"default,omitempty"` // as it would be typed; "" for none
	Label   string   `json:"label,omitempty"`   // what a form calls it, where its name alone could be mistaken
	Doc     string   `json:"doc,omitempty"`
	Example string   `json:"example,omitempty"`
	Enum    []string `json:"enum,omitempty"`
	List    bool     `json:"list,omitempty"`
	Of      []Field  `json:"of,omitempty"` // of a list of mappings: what each has, by its own name
}

// Fields gives the settings of a struct that holds its defaults, those of nested structs by their dotted path.
func Fields(v any) []Field {
	value := reflect.ValueOf(v)
	for value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	return fieldsOf(value, "")
}

// Spread gives the fields of lists of mappings too, below their list: "get[].path".
func Spread(fields []Field) []Field {
	var all []Field
	for _, f := range fields {
		all = append(all, f)
		for _, of := range Spread(f.Of) {
			of.Path = f.Path + "[]." + of.Path
			all = append(all, of)
		}
	}
	return all
}

func fieldsOf(v reflect.Value, at string) []Field {
	var all []Field
	for _, f := range structFields(v) {
		path := join(at, f.name)
		if f.value.Kind() == reflect.Struct && typeName(f.value.Type()) == "mapping" {
			all = append(all, fieldsOf(f.value, path)...)
			continue
		}
		one := Field{Path: path, Type: typeName(f.value.Type()), Label: f.tag.Get("label"), Doc: f.tag.Get("doc"), Example: f.tag.Get("example"), Enum: f.enum(), List: f.value.Kind() == reflect.Slice}
		if node := encode(f.value, reflect.Zero(f.value.Type())); node != nil {
			one.Default = flow(node)
		}
		if t := f.value.Type(); t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && typeName(t) == "list of mapping" {
			one.Of = fieldsOf(reflect.Zero(t.Elem()), "")
		}
		all = append(all, one)
	}
	return all
}

// flow writes a value as it would be typed on a command line.
func flow(node *yaml.Node) string {
	if node.Kind == yaml.ScalarNode {
		return node.Value
	}
	if node.Kind == yaml.SequenceNode {
		parts := make([]string, len(node.Content))
		for i, n := range node.Content {
			parts[i] = flow(n)
		}
		return strings.Join(parts, ",")
	}
	raw, err := JSON(node)
	if err != nil {
		return ""
	}
	return string(raw)
}

type structField struct {
	name  string
	tag   reflect.StructTag
	value reflect.Value
}

func (f structField) enum() []string {
	return strings.FieldsFunc(f.tag.Get("enum"), func(r rune) bool { return r == ',' || r == ' ' })
}

// structFields gives the fields that have a yaml name, those of inlined structs among them.
func structFields(v reflect.Value) []structField {
	var all []structField
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if strings.Contains(options, "inline") && field.Type.Kind() == reflect.Struct {
			all = append(all, structFields(v.Field(i))...)
			continue
		}
		if name == "" || name == "-" || !field.IsExported() {
			continue
		}
		all = append(all, structField{name: name, tag: field.Tag, value: v.Field(i)})
	}
	return all
}

func fieldNamed(v reflect.Value, name string) (structField, bool) {
	for _, f := range structFields(v) {
		if f.name == name {
			return f, true
		}
	}
	return structField{}, false
}

func names(t reflect.Type) []string {
	var all []string
	for _, f := range structFields(reflect.New(t).Elem()) {
		all = append(all, f.name)
	}
	return all
}

// typeName is the word for a type in help and reference pages.
func typeName(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return typeName(t.Elem())
	case t == timeType:
		return "time"
	case t == nodeType, t == rawType, t.Kind() == reflect.Interface:
		return "any"
	case strings.HasSuffix(t.Name(), "Duration"):
		return "duration"
	case strings.HasSuffix(t.Name(), "Size"):
		return "size"
	case reflect.PointerTo(t).Implements(textType):
		return "text"
	}
	switch t.Kind() {
	case reflect.Slice:
		return "list of " + typeName(t.Elem())
	case reflect.Struct, reflect.Map:
		return "mapping"
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	}
	return "number"
}

// Encode writes a struct as a mapping of the fields that differ from those of defaults (a value of the same type, or
// nil for the zero value). Decode over the same defaults gives the struct back.
func Encode(v, defaults any) *yaml.Node {
	value := reflect.Indirect(reflect.ValueOf(v))
	other := reflect.Zero(value.Type())
	if defaults != nil {
		other = reflect.Indirect(reflect.ValueOf(defaults))
	}
	if node := encode(value, other); node != nil {
		return node
	}
	return Mapping()
}

// encode gives nil for a value that equals the default.
func encode(v, other reflect.Value) *yaml.Node {
	if reflect.DeepEqual(v.Interface(), other.Interface()) {
		return nil
	}
	if node, ok := encodeSpecial(v); ok {
		return node
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
		}
		return encode(v.Elem(), reflect.Zero(v.Elem().Type()))
	case reflect.Struct:
		node, defaults := Mapping(), structFields(other)
		for i, f := range structFields(v) {
			Put(node, f.name, encode(f.value, defaults[i].value))
		}
		return node
	case reflect.Slice:
		node := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
		for i := range v.Len() {
			node.Content = append(node.Content, encodeItem(v.Index(i)))
		}
		return node
	}
	var node yaml.Node
	if err := node.Encode(v.Interface()); err != nil {
		panic(fmt.Sprintf("config: %s can't be written: %v", v.Type(), err))
	}
	return &node
}

// encodeItem writes an element of a list, whose zero value counts too.
func encodeItem(v reflect.Value) *yaml.Node {
	if node := encode(v, reflect.Zero(v.Type())); node != nil {
		return node
	}
	if v.Kind() == reflect.Struct {
		return Mapping()
	}
	var node yaml.Node
	_ = node.Encode(v.Interface())
	return &node
}

// encodeSpecial writes the types that write themselves.
func encodeSpecial(v reflect.Value) (*yaml.Node, bool) {
	switch x := v.Interface().(type) {
	case yaml.Node:
		return &x, true
	case json.RawMessage:
		node, err := ParseOne(x)
		return node, err == nil
	case time.Time:
		if x.Equal(x.Truncate(24 * time.Hour)) {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!timestamp", Value: x.Format(time.DateOnly)}, true
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!timestamp", Value: x.Format(time.RFC3339Nano)}, true
	case yaml.Marshaler:
		var node yaml.Node
		return &node, node.Encode(x) == nil
	case encoding.TextMarshaler:
		raw, err := x.MarshalText()
		return Text(string(raw)), err == nil
	}
	return nil, false
}
