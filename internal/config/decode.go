package config

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/fault"
)

// Decode fills into, a pointer to a struct that already holds its defaults, from a mapping. It reports every problem
// with its field, written after the prefix at ("spec"), and its line. Fields that are absent or null keep what they
// have. No problem quotes a value where a mapping or a list was expected, because that may be a misplaced secret.
func Decode(node *yaml.Node, into any, at string) fault.Problems {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("config: Decode into %T, which is no pointer to a struct", into))
	}
	d := decoder{}
	d.value(node, v.Elem(), at, 0)
	return d.problems
}

type decoder struct {
	problems fault.Problems
	nodes    int
}

func (d *decoder) report(node *yaml.Node, at, format string, args ...any) {
	d.problems = append(d.problems, fault.Problem{Field: at, Line: node.Line, Text: fmt.Sprintf(format, args...)})
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	nodeType      = reflect.TypeFor[yaml.Node]()
	rawType       = reflect.TypeFor[json.RawMessage]()
	textType      = reflect.TypeFor[encoding.TextUnmarshaler]()
	unmarshalType = reflect.TypeFor[yaml.Unmarshaler]()
)

// value decodes one node into one addressable value.
func (d *decoder) value(node *yaml.Node, v reflect.Value, at string, depth int) {
	if d.nodes++; d.nodes > maxNodes || depth > maxDepth {
		if len(d.problems) == 0 || d.problems[len(d.problems)-1].Text != tooDeep(node).Text {
			d.problems = append(d.problems, tooDeep(node))
		}
		return
	}
	node = resolve(node)
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" {
		return
	}
	if d.special(node, v, at) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		d.value(node, fresh.Elem(), at, depth)
		v.Set(fresh)
	case reflect.Struct:
		d.fields(node, v, at, depth)
	case reflect.Slice:
		d.list(node, v, at, depth)
	case reflect.Map:
		d.mapping(node, v, at, depth)
	case reflect.Interface:
		d.anything(node, v, at)
	default:
		d.scalar(node, v, at)
	}
}

// special decodes the types that read themselves; it tells whether v is one.
func (d *decoder) special(node *yaml.Node, v reflect.Value, at string) bool {
	t := v.Type()
	switch {
	case t == nodeType:
		v.Set(reflect.ValueOf(*node))
	case t == rawType:
		raw, err := JSON(node)
		if err != nil {
			d.reportErr(node, at, err)
		}
		v.Set(reflect.ValueOf(raw))
	case t == timeType:
		d.time(node, v, at)
	case reflect.PointerTo(t).Implements(unmarshalType):
		if err := v.Addr().Interface().(yaml.Unmarshaler).UnmarshalYAML(node); err != nil {
			d.reportErr(node, at, err)
		}
	case reflect.PointerTo(t).Implements(textType):
		if node.Kind != yaml.ScalarNode {
			d.report(node, at, "must be a single value")
		} else if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(node.Value)); err != nil {
			d.report(node, at, "%s", err)
		}
	default:
		return false
	}
	return true
}

func (d *decoder) reportErr(node *yaml.Node, at string, err error) {
	if inner, ok := errors.AsType[fault.Problems](err); ok {
		for _, p := range inner {
			p.Field = join(at, p.Field)
			d.problems = append(d.problems, p)
		}
		return
	}
	d.report(node, at, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
}

func (d *decoder) time(node *yaml.Node, v reflect.Value, at string) {
	if node.Kind != yaml.ScalarNode {
		d.report(node, at, "must be a time")
		return
	}
	t, err := ParseTime(node.Value)
	if err != nil {
		d.report(node, at, "%s", err)
	}
	v.Set(reflect.ValueOf(t))
}

// ParseTime reads a time: 2026-11-20, 2026-11-20T13:00, 2026-11-20T13:00:00Z, also with an offset. Without one it is UTC.
func ParseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02T15:04Z07:00", "2006-01-02 15:04", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time; write it like 2026-11-20 or 2026-11-20T13:00:00Z", text)
}

func (d *decoder) fields(node *yaml.Node, v reflect.Value, at string, depth int) {
	if node.Kind != yaml.MappingNode {
		d.report(node, at, "must be a mapping with the fields %s", strings.Join(names(v.Type()), ", "))
		return
	}
	pairs, problems := pairsOf(node, at)
	d.problems = append(d.problems, problems...)
	for _, p := range pairs {
		field, ok := fieldNamed(v, p.key.Value)
		if !ok {
			known := names(v.Type())
			hint := DidYouMean(p.key.Value, known)
			switch {
			case len(known) == 0:
				hint = "; there are none here"
			case hint == "":
				hint = "; there are " + strings.Join(known, ", ")
			}
			d.report(p.key, join(at, p.key.Value), "there is no such field%s", hint)
			continue
		}
		before := len(d.problems)
		d.value(p.value, field.value, join(at, p.key.Value), depth+1)
		if len(d.problems) == before {
			d.enum(p.value, field, join(at, p.key.Value))
		}
	}
}

// enum holds a text, or each of a list of texts, against the field's enum tag.
func (d *decoder) enum(node *yaml.Node, f structField, at string) {
	allowed := f.enum()
	if len(allowed) == 0 {
		return
	}
	check := func(v reflect.Value, at string) {
		if v.Kind() == reflect.String && !slices.Contains(allowed, v.String()) {
			d.report(resolve(node), at, "%q is not one of %s%s", v.String(), strings.Join(allowed, ", "), DidYouMean(v.String(), allowed))
		}
	}
	if f.value.Kind() == reflect.Slice {
		for i := range f.value.Len() {
			check(f.value.Index(i), fmt.Sprintf("%s[%d]", at, i))
		}
		return
	}
	if resolve(node).ShortTag() != "!!null" {
		check(f.value, at)
	}
}

func (d *decoder) list(node *yaml.Node, v reflect.Value, at string, depth int) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		d.scalar(node, v, at)
		return
	}
	if node.Kind != yaml.SequenceNode {
		d.report(node, at, "must be a list, like [a, b]")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content))
	for i, item := range node.Content {
		where := fmt.Sprintf("%s[%d]", at, i)
		if resolve(item).ShortTag() == "!!null" {
			d.report(item, where, "is empty")
			continue
		}
		d.value(item, out.Index(i), where, depth+1)
	}
	v.Set(out)
}

func (d *decoder) mapping(node *yaml.Node, v reflect.Value, at string, depth int) {
	if node.Kind != yaml.MappingNode || v.Type().Key().Kind() != reflect.String {
		d.report(node, at, "must be a mapping, like { name: value }")
		return
	}
	pairs, problems := pairsOf(node, at)
	d.problems = append(d.problems, problems...)
	out := reflect.MakeMapWithSize(v.Type(), len(pairs))
	for _, p := range pairs {
		one := reflect.New(v.Type().Elem()).Elem()
		d.value(p.value, one, join(at, p.key.Value), depth+1)
		out.SetMapIndex(reflect.ValueOf(p.key.Value).Convert(v.Type().Key()), one)
	}
	v.Set(out)
}

// anything decodes into an empty interface what the same text would give as JSON.
func (d *decoder) anything(node *yaml.Node, v reflect.Value, at string) {
	raw, err := JSON(node)
	if err != nil {
		d.reportErr(node, at, err)
		return
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		d.report(node, at, "%s", err)
		return
	}
	if out != nil {
		v.Set(reflect.ValueOf(out))
	}
}

func (d *decoder) scalar(node *yaml.Node, v reflect.Value, at string) {
	if node.Kind != yaml.ScalarNode {
		quote := ""
		if v.Kind() == reflect.String && node.Style&yaml.FlowStyle != 0 { // a jq program in brackets, most likely
			quote = "; put what is in brackets in quotes"
		}
		d.report(node, at, "must be %s%s", kindName(v.Type()), quote)
		return
	}
	text, ok := node.Value, false
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		ok = true
	case reflect.Bool:
		var b bool
		if ok = node.ShortTag() == "!!bool" && node.Decode(&b) == nil; ok {
			v.SetBool(b)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 0, v.Type().Bits())
		if ok = err == nil && node.ShortTag() == "!!int"; ok {
			v.SetInt(n)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(strings.ReplaceAll(text, "_", ""), 0, v.Type().Bits())
		if ok = err == nil && node.ShortTag() == "!!int"; ok {
			v.SetUint(n)
		}
	case reflect.Float32, reflect.Float64:
		n, err := strconv.ParseFloat(text, v.Type().Bits())
		if ok = err == nil; ok {
			v.SetFloat(n)
		}
	default:
		panic(fmt.Sprintf("config: field %s has type %s, which can't be decoded", at, v.Type()))
	}
	if !ok {
		d.report(node, at, "%q is not %s", clip(text), kindName(v.Type()))
	}
}

// clip keeps a quoted value short.
func clip(text string) string {
	if len(text) <= 40 {
		return text
	}
	return strings.ToValidUTF8(text[:40], "") + "…"
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number of 0 or more"
	}
	return "a whole number"
}
