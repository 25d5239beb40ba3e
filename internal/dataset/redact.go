package dataset

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	// An e-mail address or a user principal name: something, an @, a domain.
	address = regexp.MustCompile(`[^\s<>"'(),;:|/\\]+@[\p{L}\p{N}.-]*[\p{L}\p{N}]`)
	// What may be an IP address, with its port or without; netip decides.
	numeric = regexp.MustCompile(`\[?[0-9A-Fa-f:.]*[:.][0-9A-Fa-f:.]*[0-9A-Fa-f](?:%[\w.-]+)?\]?(?::[0-9]{1,5})?`)
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
	if text != "" && personal(name) {
		return fmt.Sprintf("‹%d characters›", utf8.RuneCountInString(text))
	}
	return Redact(text)
}

// The names of fields that tell of a person or of where one is, in lower case and without underscores; their values are never shown.
var (
	personalNames = []string{"user", "users", "userid", "username", "userprincipalname", "upn", "displayname", "givenname", "surname", "lastname", "firstname", "fullname", "from", "to", "cc", "bcc", "ip"}
	personalParts = []string{"owner", "clientip", "ipaddress"}
	personalHeads = []string{"email", "mail", "phone", "mobile", "sender", "recipient", "street"}
	personalTails = []string{"password", "secret", "token"}
)

func personal(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, "_", ""))
	is := func(test func(name, part string) bool) func(string) bool {
		return func(part string) bool { return test(name, part) }
	}
	return slices.Contains(personalNames, name) || slices.ContainsFunc(personalParts, is(strings.Contains)) ||
		slices.ContainsFunc(personalHeads, is(strings.HasPrefix)) || slices.ContainsFunc(personalTails, is(strings.HasSuffix)) ||
		strings.HasPrefix(name, "login") && strings.HasSuffix(name, "name")
}
