package row

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// An inspector looks through JSON objects: are they whole, and what is their key?
type inspector struct {
	key string
	src bytes.Reader
	dec *jsontext.Decoder
}

// Rows are passed on as they are, also with names twice or bad UTF-8.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

func newInspector(key string) *inspector {
	return &inspector{key: key, dec: jsontext.NewDecoder(new(bytes.Buffer), lenient...)}
}

// errNoKey is an object without a usable value in the key column.
var errNoKey = errors.New("no key")

// look gives an object's key: a text as it is, a number or truth value as it is written.
func (in *inspector) look(body []byte) (string, error) {
	if len(body) == 0 || body[0] != '{' {
		return "", errors.New("it is not a JSON object")
	}
	in.src.Reset(body)
	in.dec.Reset(&in.src, lenient...)
	if _, err := in.dec.ReadToken(); err != nil {
		return "", err
	}
	key := ""
	for in.dec.PeekKind() == '"' {
		name, err := in.dec.ReadToken()
		if err != nil {
			return "", err
		}
		if in.key == "" || name.String() != in.key {
			if err := in.dec.SkipValue(); err != nil {
				return "", err
			}
			continue
		}
		if key, err = in.value(); err != nil {
			return "", err
		}
	}
	if _, err := in.dec.ReadToken(); err != nil { // the end of the object
		return "", err
	}
	if _, err := in.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return "", errors.New("something follows the object")
	}
	if in.key != "" && key == "" {
		return "", errNoKey
	}
	return key, nil
}

// value reads what stands in the key column; "" for what tells nothing apart.
func (in *inspector) value() (string, error) {
	switch in.dec.PeekKind() {
	case '"':
		t, err := in.dec.ReadToken()
		if err != nil {
			return "", err
		}
		return t.String(), nil
	case '0', 't', 'f':
		v, err := in.dec.ReadValue()
		return string(v), err
	}
	return "", in.dec.SkipValue()
}
