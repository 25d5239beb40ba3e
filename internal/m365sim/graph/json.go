package graph

import (
	"bytes"
	"encoding/json"
	"mime"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

var decoders = sync.Pool{New: func() any { return jsontext.NewDecoder(new(bytes.Buffer)) }}

// walk calls member with each member of a JSON object, in its order. Values are the bytes as they came, and are part of
// raw. Text that is no JSON, names that come twice and bad UTF-8 are refused.
func walk(raw []byte, what string, member func(name string, value []byte) *refusal) *refusal {
	decoder := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(decoder)
	decoder.Reset(bytes.NewBuffer(raw))
	if decoder.PeekKind() != '{' {
		return unreadable("%s is no JSON object", what)
	}
	if _, err := decoder.ReadToken(); err != nil {
		return unreadable("%s is no JSON: %v", what, err)
	}
	for decoder.PeekKind() != '}' {
		token, err := decoder.ReadToken()
		if err != nil {
			return unreadable("%s is no JSON: %v", what, err)
		}
		name := token.String()
		value, err := decoder.ReadValue()
		if err != nil {
			return unreadable("%s is no JSON: %v", what, err)
		}
		end := decoder.InputOffset()
		if refused := member(name, raw[end-int64(len(value)):end]); refused != nil {
			return refused
		}
	}
	if _, err := decoder.ReadToken(); err != nil {
		return unreadable("%s is no JSON: %v", what, err)
	}
	if left := bytes.TrimSpace(raw[decoder.InputOffset():]); len(left) > 0 {
		return unreadable("there is more after %s", what)
	}
	return nil
}

// list gives the values of a JSON array, as they came.
func list(raw []byte, what string) ([][]byte, *refusal) {
	decoder := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(decoder)
	decoder.Reset(bytes.NewBuffer(raw))
	if decoder.PeekKind() != '[' {
		return nil, unreadable("%s is no JSON array", what)
	}
	if _, err := decoder.ReadToken(); err != nil {
		return nil, unreadable("%s is no JSON: %v", what, err)
	}
	var values [][]byte
	for decoder.PeekKind() != ']' {
		value, err := decoder.ReadValue()
		if err != nil {
			return nil, unreadable("%s is no JSON: %v", what, err)
		}
		end := decoder.InputOffset()
		values = append(values, raw[end-int64(len(value)):end])
	}
	return values, nil
}

// text reads a JSON string.
func text(raw []byte, what string) (string, *refusal) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", unreadable("%s is no text", what)
	}
	if inside := raw[1 : len(raw)-1]; bytes.IndexByte(inside, '\\') < 0 {
		return string(inside), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", unreadable("%s is no text: %v", what, err)
	}
	return s, nil
}

// texts reads a JSON array of strings.
func texts(raw []byte, what string) ([]string, *refusal) {
	values, refused := list(raw, what)
	if refused != nil {
		return nil, refused
	}
	all := make([]string, 0, len(values))
	for _, value := range values {
		one, refused := text(value, "an entry of "+what)
		if refused != nil {
			return nil, refused
		}
		all = append(all, one)
	}
	return all, nil
}

func isNull(raw []byte) bool { return string(raw) == "null" }

// a fields reads the members of an object into places; a member without a place is refused.
type fields map[string]func(value []byte) *refusal

func (f fields) read(raw []byte, what string) *refusal {
	return walk(raw, what, func(name string, value []byte) *refusal {
		read, known := f[name]
		if !known {
			return unreadable("%s has no member %q", what, name)
		}
		return read(value)
	})
}

// textInto is a place for a text.
func textInto(at *string, what string) func([]byte) *refusal {
	return func(raw []byte) (refused *refusal) {
		*at, refused = text(raw, what)
		return refused
	}
}

// optionalText is a place for a text or null.
func optionalText(at *string, what string) func([]byte) *refusal {
	return func(raw []byte) (refused *refusal) {
		if isNull(raw) {
			*at = ""
			return nil
		}
		*at, refused = text(raw, what)
		return refused
	}
}

// typed is a place for @odata.type: one of the allowed names, with or without the #.
func typed(what string, allowed ...string) func([]byte) *refusal {
	return func(raw []byte) *refusal {
		name, refused := text(raw, "@odata.type")
		if refused != nil {
			return refused
		}
		if !slices.Contains(allowed, strings.TrimPrefix(name, "#")) {
			return unreadable("%q is not the @odata.type of %s", name, what)
		}
		return nil
	}
}

const namespace = "microsoft.graph.externalConnectors."

func ignored([]byte) *refusal { return nil }

// wantJSON refuses a body that doesn't say it is JSON. also are other types that are let through.
func (c *call) wantJSON(also ...string) *refusal {
	header := c.header.Get("Content-Type")
	kind, _, err := mime.ParseMediaType(header)
	if err != nil || kind != "application/json" && !slices.Contains(also, kind) {
		refused := invalid("the Content-Type is %q, not application/json", header)
		refused.status, refused.code = 415, "UnsupportedMediaType"
		refused.message = "The request entity has a media type that is not supported."
		return refused
	}
	if len(c.body) == 0 {
		return unreadable("the request has no body")
	}
	return nil
}

// noQuery refuses query options, none of which the service documents here.
func (c *call) noQuery() *refusal {
	for name := range c.query {
		return invalid("the query option %s is not supported here", name)
	}
	return nil
}

// alphanumeric reports whether text is ASCII letters and digits alone, and not empty.
func alphanumeric(text string) bool {
	for i := range len(text) {
		switch b := text[i]; {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
		default:
			return false
		}
	}
	return text != ""
}

// identifier reports whether text is of the URL-safe base64 alphabet and 1 to 128 characters long.
func identifier(text string) bool {
	for i := range len(text) {
		switch b := text[i]; {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '-', b == '_':
		default:
			return false
		}
	}
	return text != "" && len(text) <= longestID
}

func isGUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		switch b := text[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if b != '-' {
				return false
			}
		case b >= '0' && b <= '9', b >= 'a' && b <= 'f', b >= 'A' && b <= 'F':
		default:
			return false
		}
	}
	return true
}
