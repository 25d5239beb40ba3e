package telemetry

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
)

const hidden = "[hidden]"

// tellTale are names of attributes that may hold a secret, in lower case without dashes and underscores.
var tellTale = []string{"secret", "password", "passwd", "passphrase", "token", "authorization", "assertion", "apikey", "privatekey", "cookie", "setupcode"}

// TellTale tells whether a name is of something that may hold a secret.
func TellTale(name string) bool {
	name = strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
	for _, t := range tellTale {
		if strings.Contains(name, t) {
			return true
		}
	}
	return false
}

// patterns find secrets inside texts: tokens, what follows a tell-tale name, passwords in URLs, our own tokens and cookies.
var patterns = []*regexp.Regexp{
	regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*)?`),
	regexp.MustCompile(`(?i)(bearer\s+)[A-Za-z0-9._~+/=-]{8,}`),
	regexp.MustCompile(`(?i)((?:client_secret|client_assertion|password|access_token|refresh_token)["']?\s*[=:]\s*["']?)[^\s"'&,}]{5,}`), // "password: the password has …" is a sentence
	regexp.MustCompile(`([a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+(@)`),
	regexp.MustCompile(`(hrt_)[a-z2-7]{16,}`),
	regexp.MustCompile(`((?:__Host-)?headrace(?:-oidc)?=)[A-Za-z0-9_.-]{16,}`),
}

// Redact hides what looks like a secret in a text.
func Redact(text string) string {
	for i, p := range patterns {
		switch i {
		case 0:
			text = p.ReplaceAllString(text, hidden)
		case 3:
			text = p.ReplaceAllString(text, "${1}"+hidden+"${2}")
		default:
			text = p.ReplaceAllString(text, "${1}"+hidden)
		}
	}
	return text
}

// redact is a slog.HandlerOptions.ReplaceAttr.
func redact(_ []string, a slog.Attr) slog.Attr {
	if TellTale(a.Key) {
		return slog.String(a.Key, hidden)
	}
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, Redact(v.String()))
	case slog.KindAny:
		return slog.Attr{Key: a.Key, Value: redactAny(v)}
	}
	return a
}

// redactAny writes a value out as the handler would and redacts that.
func redactAny(v slog.Value) slog.Value {
	switch x := v.Any().(type) {
	case *slog.Source:
		return v
	case error:
		return slog.StringValue(Redact(x.Error()))
	case fmt.Stringer:
		return slog.StringValue(Redact(x.String()))
	default:
		raw, err := json.Marshal(x)
		if err != nil {
			return slog.StringValue(hidden)
		}
		return slog.StringValue(Redact(string(raw)))
	}
}
