package office365

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

// The scan functions find where a piece of JSON ends and make sure that it is valid, and do nothing else: every record
// passes them, and a decoder that keeps track of tokens takes four times as long (BenchmarkSplitter). They take what
// package jsontext takes with duplicate names and bad UTF-8 allowed; FuzzScan holds them to that.
//
// All of them look at b from i on and give the place behind what they found. io.ErrUnexpectedEOF means that b ends
// first; every other error that b can't be right, whatever follows.

// deepest is how far objects and arrays may stand within each other, as in jsontext.
const deepest = 10_000

// misplaced is an error for a byte that must not stand where it does.
func misplaced(b []byte, i int, where string) error {
	return fmt.Errorf("at byte %d stands %q %s", i+1, b[i], where)
}

// scanBlank passes over blanks. Something must follow them.
func scanBlank(b []byte, i int) (int, error) {
	for ; i < len(b); i++ {
		if c := b[i]; c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return i, nil
		}
	}
	return i, io.ErrUnexpectedEOF
}

// scanValue passes over any value. depth counts what it stands within.
func scanValue(b []byte, i, depth int) (int, error) {
	if i >= len(b) {
		return i, io.ErrUnexpectedEOF
	}
	switch c := b[i]; {
	case c == '"':
		return scanText(b, i)
	case c == '{':
		return scanObject(b, i, depth+1, nil)
	case c == '[':
		return scanArray(b, i, depth+1)
	case c == '-' || '0' <= c && c <= '9':
		return scanNumber(b, i)
	case c == 't':
		return scanWord(b, i, "true")
	case c == 'f':
		return scanWord(b, i, "false")
	case c == 'n':
		return scanWord(b, i, "null")
	}
	return i, misplaced(b, i, "in place of a value")
}

// scanObject passes over an object and shows each of its members to see, if there is one: name and value as they stand
// there, the quotes of a text included.
func scanObject(b []byte, i, depth int, see func(name, value []byte)) (int, error) {
	if depth > deepest {
		return i, fmt.Errorf("it is nested more than %d deep", deepest)
	}
	i, err := scanBlank(b, i+1)
	if err != nil || b[i] == '}' {
		return i + 1, err
	}
	for {
		if b[i] != '"' {
			return i, misplaced(b, i, "in place of a name")
		}
		begin := i
		if i, err = scanText(b, i); err != nil {
			return i, err
		}
		name := b[begin:i]
		if i, err = scanColon(b, i); err != nil {
			return i, err
		}
		begin = i
		if b[i] == '"' { // most are: spare a call
			i, err = scanText(b, i)
		} else {
			i, err = scanValue(b, i, depth)
		}
		if err != nil {
			return i, err
		}
		if see != nil {
			see(name, b[begin:i])
		}
		if i+1 < len(b) && b[i] == ',' && b[i+1] == '"' {
			i++
			continue
		}
		var end bool
		if i, end, err = scanNext(b, i, '}'); err != nil || end {
			return i, err
		}
	}
}

// scanColon passes over a colon to the value behind it.
func scanColon(b []byte, i int) (int, error) {
	if i+1 < len(b) && b[i] == ':' && b[i+1] > ' ' {
		return i + 1, nil
	}
	i, err := scanBlank(b, i)
	if err != nil {
		return i, err
	}
	if b[i] != ':' {
		return i, misplaced(b, i, "in place of a colon")
	}
	return scanBlank(b, i+1)
}

func scanArray(b []byte, i, depth int) (int, error) {
	if depth > deepest {
		return i, fmt.Errorf("it is nested more than %d deep", deepest)
	}
	i, err := scanBlank(b, i+1)
	if err != nil || b[i] == ']' {
		return i + 1, err
	}
	for {
		if i, err = scanValue(b, i, depth); err != nil {
			return i, err
		}
		var end bool
		if i, end, err = scanNext(b, i, ']'); err != nil || end {
			return i, err
		}
	}
}

// scanNext passes over a comma to what follows it, or over the closing bracket.
func scanNext(b []byte, i int, closing byte) (next int, end bool, err error) {
	if i, err = scanBlank(b, i); err != nil {
		return i, false, err
	}
	switch b[i] {
	case ',':
		i, err = scanBlank(b, i+1)
		return i, false, err
	case closing:
		return i + 1, true, nil
	}
	return i, false, misplaced(b, i, "in place of a comma or an end")
}

// scanText passes over a text with its quotes, eight bytes at a time where nothing in them is special.
func scanText(b []byte, i int) (int, error) {
	for i++; i < len(b); {
		if i+8 <= len(b) {
			marks := special(binary.LittleEndian.Uint64(b[i:]))
			if marks == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(marks) / 8
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c == '\\':
			var err error
			if i, err = scanEscape(b, i); err != nil {
				return i, err
			}
		case c < ' ':
			return i, misplaced(b, i, "within a text")
		default:
			i++
		}
	}
	return i, io.ErrUnexpectedEOF
}

// special marks the first of eight bytes, the lowest one first, that is a quote, a backslash or a control character:
// the lowest bit that is set is the top bit of that byte. Bits above it mean nothing.
func special(w uint64) uint64 {
	const (
		each   = 0x0101010101010101
		top    = 0x80 * each
		quote  = '"' * each
		escape = '\\' * each
	)
	q, e := w^quote, w^escape
	return ((q-each)&^q | (e-each)&^e | (w-' '*each)&^w) & top
}

// scanEscape passes over a backslash and what belongs to it.
func scanEscape(b []byte, i int) (int, error) {
	if i+1 >= len(b) {
		return i, io.ErrUnexpectedEOF
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, nil
	case 'u':
		for n := i + 2; n < i+6; n++ {
			if n >= len(b) {
				return n, io.ErrUnexpectedEOF
			}
			if c := b[n] | 0x20; (c < '0' || c > '9') && (c < 'a' || c > 'f') || b[n] < '0' {
				return n, misplaced(b, n, `after \u`)
			}
		}
		return i + 6, nil
	}
	return i, misplaced(b, i+1, "after a backslash")
}

// scanNumber passes over a number. It ends before the first byte that can't belong to it, so one must follow.
func scanNumber(b []byte, i int) (int, error) {
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++ // no further digits
	} else if n, err := scanDigits(b, i); err != nil {
		return n, err
	} else {
		i = n
	}
	if i < len(b) && b[i] == '.' {
		n, err := scanDigits(b, i+1)
		if err != nil {
			return n, err
		}
		i = n
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		n, err := scanDigits(b, i)
		if err != nil {
			return n, err
		}
		i = n
	}
	if i >= len(b) {
		return i, io.ErrUnexpectedEOF
	}
	return i, nil
}

// scanDigits passes over one digit or more.
func scanDigits(b []byte, i int) (int, error) {
	begin := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	switch {
	case i > begin:
		return i, nil
	case i < len(b):
		return i, misplaced(b, i, "in place of a digit")
	}
	return i, io.ErrUnexpectedEOF
}

func scanWord(b []byte, i int, word string) (int, error) {
	for n := range len(word) {
		if i+n >= len(b) {
			return i + n, io.ErrUnexpectedEOF
		}
		if b[i+n] != word[n] {
			return i + n, misplaced(b, i+n, "within "+word)
		}
	}
	return i + len(word), nil
}
