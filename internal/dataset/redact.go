package dataset

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	// An e-mail address or a user principal name: something, an @, a domain.
	address = regexp.MustCompile(`[^\s<>"'(),;:|/\\]+@[\p{L}\p{N}.-]*[\p{L}\p{N}]`)
	// What may be an IP address, with its port or without; netip decides.
	numeric = regexp.MustCompile(`\[?[0-9A-Fa-f:.]*[:.][0-9A-Fa-f:.]*[0-9A-Fa-f](?:%[\w.-]+)?\]?(?::[0-9]{1,5})?`)
	// Names of fields that tell of a person or of where one is. Their values are never shown.
	personal = regexp.MustCompile(`(?i)^(user|users|user_?id|user_?name|user_?principal_?name|upn|e?mail\w*|phone\w*|mobile\w*|display_?name|given_?name|sur_?name|last_?name|first_?name|full_?name|` +
		`login_?\w*name|\w*owner\w*|sender\w*|recipients?\w*|from|to|cc|bcc|\w*client_?ip\w*|\w*ip_?address\w*|ip|street\w*|\w*password|\w*secret|\w*token)$`)
)

// Redact takes e-mail addresses, user principal names and IP addresses out of a text.
func Redact(text string) string {
	if strings.Contains(text, "@") {
		text = address.ReplaceAllString(text, "‹address›")
	}
	if !strings.ContainsAny(text, ".:") {
		return text
	}
	return numeric.ReplaceAllStringFunc(text, func(found string) string {
		if _, err := netip.ParseAddrPort(found); err == nil {
			return "‹IP address›"
		}
		if a, err := netip.ParseAddr(strings.Trim(found, "[]")); err == nil && (a.Is4() || strings.Count(found, ":") > 1) {
			return "‹IP address›"
		}
		return found
	})
}

// redactAt is Redact, and hides the whole text where the field's name says that it tells of a person.
func redactAt(path, text string) string {
	name := strings.TrimRight(path, "[]")
	name = strings.Trim(name[strings.LastIndexByte(name, '.')+1:], `"`)
	if text != "" && personal.MatchString(name) {
		return fmt.Sprintf("‹%d characters›", utf8.RuneCountInString(text))
	}
	return Redact(text)
}
