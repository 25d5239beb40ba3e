package copilot

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// Items' IDs have 1 to 128 characters of the URL-safe base64 alphabet (reference graph-connectors, section 1.7.2: the
// documentation says letters and digits; hyphen and underscore work everywhere).
const (
	mostItemID = 128
	hashDigits = 32 // 128 bits
	hashMark   = "--"
)

var (
	legalItemID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	madeItemID  = regexp.MustCompile(hashMark + `[0-9a-f]{32}$`)
)

// itemID makes an item's ID of any key, the same for the same key and another for every other key. A key that is a legal
// ID stays as it is. Any other becomes its readable part and 128 bits of its SHA-256: policies/leave.md gives
// policies-leave-md--27f1…. A legal key that looks like such an ID is treated like an illegal one, so that the two can't
// meet. The inventory of a mirror keeps the item with its source's key, so nothing needs to be read out of an ID. "" has no ID.
func itemID(key string) string {
	if key == "" {
		return ""
	}
	if legalItemID.MatchString(key) && !madeItemID.MatchString(key) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return readable(key, mostItemID-len(hashMark)-hashDigits) + hashMark + hex.EncodeToString(sum[:hashDigits/2])
}

// readable is what of a key people recognise: its legal characters, each run of others as one hyphen. Of a long key the
// end stays, which tells keys of one folder apart.
func readable(key string, most int) string {
	var b strings.Builder
	gap := false
	for _, c := range key {
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('-')
			gap = false
		}
		b.WriteRune(c)
	}
	text := b.String()
	if len(text) > most {
		text = strings.TrimLeft(text[len(text)-most:], "-_")
	}
	return text
}

// namedItem gives the ID that a person means by an ID or by a key that it was made of.
func namedItem(text string) string {
	if legalItemID.MatchString(text) {
		return text
	}
	return itemID(text)
}
