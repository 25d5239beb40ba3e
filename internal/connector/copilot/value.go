package copilot

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// annotations are what Graph wants beside a value of a type; without it a list is refused with DeserializationError
// (reference graph-connectors, section 1.5.4).
var annotations = map[string]string{
	typeStrings:    "Collection(String)",
	typeInt64s:     "Collection(Int64)",
	typeDoubles:    "Collection(Double)",
	typeDateTimes:  "Collection(DateTimeOffset)",
	typePrincipals: "Collection(microsoft.graph.externalConnectors.principal)",
}

const (
	annotation          = "@odata.type"
	principalAnnotation = "#microsoft.graph.externalConnectors.principal"
)

// elementOf gives the type of a collection's elements.
var elementOf = map[string]string{
	typeStrings: typeString, typeInt64s: typeInt64, typeDoubles: typeDouble, typeDateTimes: typeDateTime, typePrincipals: typePrincipal,
}

// convert makes of a value what a property of a type takes; nil: the item has no such value. Texts that are numbers,
// times or truth values are converted, since tables have nothing but texts.
func convert(value any, typ string) (any, error) {
	if value == nil {
		return nil, nil
	}
	if element, many := elementOf[typ]; many {
		return convertAll(value, element)
	}
	switch typ {
	case typeString:
		return asString(value)
	case typeInt64:
		return asInt64(value)
	case typeDouble:
		return asDouble(value)
	case typeBoolean:
		return asBoolean(value)
	case typeDateTime:
		return asTime(value)
	case typePrincipal:
		return asPrincipal(value)
	}
	return nil, fmt.Errorf("the type %q is not known", typ)
}

// convertAll makes a list; a single value is a list of one, and nothing is left of an empty one.
func convertAll(value any, element string) (any, error) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	out := make([]any, 0, len(list))
	for i, v := range list {
		one, err := convert(v, element)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		if one != nil {
			out = append(out, one)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func mismatch(value any, wanted string) error {
	return fmt.Errorf("%s is no %s", described(value), wanted)
}

// described names a value in an error, shortened.
func described(value any) string {
	switch v := value.(type) {
	case string:
		return "the text " + quoted(v)
	case bool:
		return fmt.Sprintf("the truth value %t", v)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("the number %v", value)
}

func quoted(text string) string {
	if r := []rune(text); len(r) > 30 {
		text = string(r[:29]) + "…"
	}
	return strconv.Quote(text)
}

func asString(value any) (any, error) {
	switch v := value.(type) {
	case string:
		return strings.ToValidUTF8(v, "\ufffd"), nil
	case bool:
		return strconv.FormatBool(v), nil
	case []any, map[string]any:
		return nil, mismatch(value, "text; make one of it with join(\", \") or tojson")
	}
	return numberText(value), nil
}

// numberText writes a number as jq would.
func numberText(value any) string {
	switch v := value.(type) {
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(value)
}

func asInt64(value any) (any, error) {
	text := ""
	switch v := value.(type) {
	case int:
		return json.Number(strconv.Itoa(v)), nil
	case string:
		if text = strings.TrimSpace(v); text == "" {
			return nil, nil
		}
	case bool, []any, map[string]any:
		return nil, mismatch(value, "whole number")
	default:
		text = numberText(value)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f, _, ferr := big.ParseFloat(text, 10, 256, big.ToNearestEven) // 1e3 and 4.0 are whole numbers
		if ferr != nil || !f.IsInt() {
			return nil, mismatch(value, "whole number")
		}
		var exact big.Accuracy
		if n, exact = f.Int64(); exact != big.Exact {
			return nil, mismatch(value, "whole number that fits into 64 bits")
		}
	}
	return json.Number(strconv.FormatInt(n, 10)), nil
}

func asDouble(value any) (any, error) {
	text := ""
	switch v := value.(type) {
	case string:
		if text = strings.TrimSpace(v); text == "" {
			return nil, nil
		}
	case bool, []any, map[string]any:
		return nil, mismatch(value, "number")
	default:
		text = numberText(value)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(text, "xX_pP") {
		return nil, mismatch(value, "number")
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64)), nil
}

func asBoolean(value any) (any, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		case "":
			return nil, nil
		}
	}
	return nil, mismatch(value, "truth value (true or false)")
}

// asTime takes ISO 8601 with a zone, or a day, whose midnight in UTC is meant. A time without a zone could be anybody's.
func asTime(value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return nil, mismatch(value, "time; Unix seconds become one with todate")
	}
	if text = strings.TrimSpace(text); text == "" {
		return nil, nil
	}
	t, ok := readTime(text)
	if !ok {
		if _, err := time.Parse("2006-01-02T15:04:05", strings.Replace(text, " ", "T", 1)); err == nil {
			return nil, fmt.Errorf("the time %s has no zone; add the one it is meant in, like + \"Z\" for UTC", quoted(text))
		}
		return nil, mismatch(value, "time; write it like 2026-03-01T09:30:00Z")
	}
	return t.UTC().Truncate(100 * time.Nanosecond).Format(time.RFC3339Nano), nil // OData has seven digits of a second
}

// readTime reads what has a zone, and days.
func readTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z0700", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 0 {
			return t, true
		}
	}
	return time.Time{}, false
}

// principalFields are what Graph's principal has.
var principalFields = []string{"upn", "email", "entraId", "entraDisplayName", "externalId", "externalName", "tenantId"}

func asPrincipal(value any) (any, error) {
	fields, ok := value.(map[string]any)
	if !ok {
		return nil, mismatch(value, "person; give an object with some of "+strings.Join(principalFields, ", "))
	}
	out := map[string]any{}
	for name, v := range fields {
		text, ok := v.(string)
		switch {
		case v == nil || name == annotation:
			continue
		case !ok || !slices.Contains(principalFields, name):
			return nil, fmt.Errorf("a person's %s must be a text and one of %s", name, strings.Join(principalFields, ", "))
		}
		out[name] = text
	}
	if len(out) == 0 {
		return nil, nil
	}
	out[annotation] = principalAnnotation
	return out, nil
}

// natural gives the type that a value has by itself, before a schema says otherwise; "" for none (null, an empty
// list). It is an error for what no property takes.
func natural(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case bool:
		return typeBoolean, nil
	case string:
		return typeString, nil
	case map[string]any:
		return "", mismatch(value, "value of a property; take a field of it, or make a text of it with tojson")
	case []any:
		return naturalList(v)
	}
	if _, err := asInt64(value); err == nil && !strings.ContainsAny(numberText(value), ".eE") {
		return typeInt64, nil
	}
	if _, err := asDouble(value); err != nil {
		return "", err
	}
	return typeDouble, nil
}

func naturalList(list []any) (string, error) {
	found := ""
	for _, v := range list {
		t, err := natural(v)
		if err != nil {
			return "", err
		}
		if _, nested := elementOf[t]; nested {
			return "", mismatch(list, "value of a property: it holds lists; join them with flatten")
		}
		switch {
		case t == "":
		case found == "" || found == t:
			found = t
		case found == typeInt64 && t == typeDouble || found == typeDouble && t == typeInt64:
			found = typeDouble
		default:
			found = typeString
		}
	}
	switch found {
	case "":
		return "", nil
	case typeInt64:
		return typeInt64s, nil
	case typeDouble:
		return typeDoubles, nil
	}
	return typeStrings, nil
}

// absolute tells whether a text is an address that a browser can follow from anywhere.
func absolute(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && !strings.ContainsAny(text, " \t\r\n")
}
