// Package secret has the one type that a secret travels in: it can be used, but not printed.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Text is a secret text. Its zero value is no secret. No formatting verb, JSON, YAML, text or log encoding shows it:
// the text stands in a closure, so that fmt, which walks unexported fields without asking a String method, finds a
// function there.
type Text struct{ reveal func() string }

// New hides text.
func New(text string) Text {
	if text == "" {
		return Text{}
	}
	return Text{reveal: func() string { return text }}
}

// Reveal gives the secret. Only what sends, seals or hashes it calls this.
func (t Text) Reveal() string {
	if t.reveal == nil {
		return ""
	}
	return t.reveal()
}

// Empty tells whether there is no secret.
func (t Text) Empty() bool { return t.reveal == nil }

const mask = "[secret]"

// Format writes the mask for every verb.
func (Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// String gives the mask.
func (Text) String() string { return mask }

// GoString gives the mask.
func (Text) GoString() string { return mask }

// MarshalText gives the mask; JSON and YAML use it.
func (Text) MarshalText() ([]byte, error) { return []byte(mask), nil }

// LogValue gives the mask.
func (Text) LogValue() slog.Value { return slog.StringValue(mask) }
