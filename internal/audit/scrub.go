package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/headrace/headrace/internal/telemetry"
)

const (
	maxLine = 512      // bytes of a name
	maxJSON = 64 << 10 // of before and after
	hidden  = "[hidden]"
)

// line makes a text fit for one line of a log: what a person typed can hold anything.
func line(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, telemetry.Redact(strings.ToValidUTF8(text, "")))
	if len(text) > maxLine {
		text = strings.ToValidUTF8(text[:maxLine], "") + "…"
	}
	return text
}

// scrub is the last net for secrets: specs hold references, and what holds a secret never comes here. What is no JSON or too large
// is left out, and that is said.
func scrub(raw json.RawMessage) json.RawMessage {
	if len(bytes.TrimSpace(raw)) == 0 || string(bytes.TrimSpace(raw)) == "null" {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	if len(raw) > 16*maxJSON || decoder.Decode(&v) != nil {
		return fmt.Appendf(nil, `{"left_out":"%d bytes"}`, len(raw))
	}
	out, err := json.Marshal(clean("", v))
	if err != nil || len(out) > maxJSON {
		return fmt.Appendf(nil, `{"left_out":"%d bytes"}`, len(raw))
	}
	return out
}

// clean hides what stands under a tell-tale name, but for references to secrets, and what looks like a secret.
func clean(name string, v any) any {
	switch x := v.(type) {
	case map[string]any:
		for key, part := range x {
			within := key
			if key == "ref" {
				within = name // clientSecret: { ref: env:NAME }
			}
			x[key] = clean(within, part)
		}
	case []any:
		for i, part := range x {
			x[i] = clean(name, part)
		}
	case string:
		if x != "" && telemetry.TellTale(name) && !isReference(x) {
			return hidden
		}
		return strings.ReplaceAll(telemetry.Redact(x), "\x00", "")
	}
	return v
}

// isReference tells whether a text says where a secret is. What it names can be shown to anybody.
func isReference(text string) bool {
	scheme, rest, ok := strings.Cut(text, ":")
	return ok && rest != "" && (scheme == "env" || scheme == "file" || scheme == "vault")
}
