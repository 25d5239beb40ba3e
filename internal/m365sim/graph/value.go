package graph

import (
	"strconv"
	"strings"
	"time"
)

// checkValue holds one JSON value against a type that is no collection. null is refused: what it does is uncertain.
func (k *kind) checkValue(name string, raw []byte) *refusal {
	wrong := func() *refusal {
		shown := string(raw)
		if len(shown) > 40 {
			shown = shown[:40] + "…"
		}
		return invalid("the value %s of %s is no %s", shown, name, k.name)
	}
	switch k {
	case kindString:
		if raw[0] != '"' {
			return wrong()
		}
	case kindInt64:
		if _, err := strconv.ParseInt(string(raw), 10, 64); err != nil {
			return wrong()
		}
	case kindDouble:
		if _, err := strconv.ParseFloat(string(raw), 64); err != nil || raw[0] == '"' {
			return wrong()
		}
	case kindBoolean:
		if raw[0] != 't' && raw[0] != 'f' {
			return wrong()
		}
	case kindDateTime:
		if stamp, refused := text(raw, name); refused != nil || !isTime(stamp) {
			return wrong()
		}
	case kindPrincipal:
		return checkPrincipal(name, raw)
	}
	return nil
}

// isTime reports whether text is ISO 8601 with seconds and a zone, and no more than seven digits of a second.
func isTime(text string) bool {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < 1 || strings.Contains(text, ",") {
		return false
	}
	_, fraction, found := strings.Cut(text, ".")
	digits := strings.IndexAny(fraction, "Z+-")
	return !found || digits <= 7
}

func checkPrincipal(name string, raw []byte) *refusal {
	if raw[0] != '{' {
		return invalid("%s is no principal", name)
	}
	var one string
	kind := false
	places := fields{"@odata.type": func(raw []byte) *refusal {
		kind = true
		return typed("a principal", namespace+"principal")(raw)
	}}
	for _, member := range []string{"upn", "email", "entraId", "entraDisplayName", "externalId", "externalName", "tenantId"} {
		places[member] = optionalText(&one, member)
	}
	if refused := places.read(raw, name); refused != nil {
		return refused
	}
	if !kind {
		return unreadable("the principal %s needs the @odata.type #%sprincipal", name, namespace)
	}
	return nil
}
