package store

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/headrace/headrace/internal/fault"
)

// A Page asks for a part of a list. A list goes on behind the last thing of the page before, whatever was added or
// removed in the meantime, and a late page costs no more than the first.
type Page struct {
	After string // what the page before said comes next; "" begins
	Limit int    // 0: 100; at most 1,000
}

const (
	usualPage   = 100
	longestPage = 1000
)

func (p Page) limit() int {
	if p.Limit <= 0 {
		return usualPage
	}
	return min(p.Limit, longestPage)
}

// place reads the place behind which a page begins into dest, pointers to string or int64; false: it begins the list.
func (p Page) place(dest ...any) (bool, error) {
	if p.After == "" {
		return false, nil
	}
	wrong := fault.Problems{{Field: "after", Text: "is no place in this list; take it from `next` of the page before, or leave it out to begin"}}.Err()
	raw, err := base64.RawURLEncoding.DecodeString(p.After)
	if err != nil {
		return false, wrong
	}
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil || len(parts) != len(dest) {
		return false, wrong
	}
	for i, part := range parts {
		if json.Unmarshal(part, dest[i]) != nil {
			return false, wrong
		}
	}
	return true, nil
}

// place writes a place that Page.place reads.
func place(parts ...any) string {
	raw, _ := json.Marshal(parts) // texts and numbers always are JSON
	return base64.RawURLEncoding.EncodeToString(raw)
}

// cut gives the page of what was read with one more than its limit, and the place behind it; "": nothing follows.
func cut[T any](p Page, all []T, at func(T) string) ([]T, string) {
	if len(all) <= p.limit() {
		return all, ""
	}
	all = all[:p.limit()]
	return all, at(all[len(all)-1])
}

// A where is the conditions of a statement with their arguments.
type where struct {
	parts []string
	args  []any
}

func (w *where) and(condition string, args ...any) {
	w.parts = append(w.parts, condition)
	w.args = append(w.args, args...)
}

// in asks for one of several values.
func (w *where) in(column string, values ...any) {
	w.and(column+` IN (`+marks(len(values))+`)`, values...)
}

func (w *where) String() string {
	if len(w.parts) == 0 {
		return ""
	}
	return ` WHERE ` + strings.Join(w.parts, ` AND `)
}

// containing is the LIKE pattern of texts that contain one, whatever its signs.
func containing(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text)) + "%"
}

// asArgs turns values into arguments.
func asArgs[T any](values []T) []any {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return args
}
