package row

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// array reads JSON: one array of objects, or objects one after the other (one alone is one row). Each object's bytes
// stay as they are. A row that is no object, or broken within its brackets, is refused alone.
type array struct {
	r     *bufio.Reader
	o     Options
	look  *inspector
	value []byte
	count int
	begun bool
	inner bool // within the array's brackets
	ended bool
}

func newArray(r *bufio.Reader, o Options) *array {
	return &array{r: r, o: o, look: newInspector(o.Key)}
}

func (a *array) next() (Row, error) {
	if a.ended {
		return Row{}, io.EOF
	}
	c, err := a.seek()
	if err != nil {
		return Row{}, err
	}
	a.count++
	if !a.inner && c != '{' {
		return Row{}, a.broken("it is neither an object nor an array of objects")
	}
	whole, err := a.take(c)
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return Row{}, a.broken("the file ends in the middle of it")
	case err != nil:
		return Row{}, err
	case !whole:
		return Row{}, tooLarge(a.where(), a.o.MaxRecord)
	}
	key, err := a.look.look(a.value)
	switch {
	case errors.Is(err, errNoKey):
		return Row{Body: a.value}, noKey(a.where(), a.o.Key)
	case err != nil:
		return Row{Body: a.value}, refuse("row_not_json", "The file must be an array of JSON objects.", "%s: %v", a.where(), err)
	}
	return Row{Key: key, Body: a.value}, nil
}

func (a *array) where() string { return fmt.Sprintf("row %d", a.count) }

// broken is a file that says nothing that could be read any more.
func (a *array) broken(what string) error {
	a.ended = true
	return stop{refuse("json_broken", "What follows in the file cannot be read: look at it there, mend it, and it is read again.", "%s: %s", a.where(), what)}
}

// seek goes to the first byte of the next value; io.EOF at the end of the array or file.
func (a *array) seek() (byte, error) {
	comma := false
	for {
		c, err := a.r.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && a.inner:
			a.count++
			return 0, a.broken("the array is not closed; the file is cut")
		case err != nil:
			return 0, err
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			continue
		case c == '[' && !a.begun:
			a.begun, a.inner = true, true
			continue
		case c == ',' && a.inner && a.count > 0 && !comma:
			comma = true
			continue
		case c == ']' && a.inner:
			return 0, a.close()
		}
		if a.inner && a.count > 0 && !comma || c == ',' || c == ']' || c == '}' || c == ':' {
			a.count++
			return 0, a.broken(fmt.Sprintf("%q stands in its place", c))
		}
		a.begun = true
		return c, nil
	}
}

// close sees to it that nothing follows the array.
func (a *array) close() error {
	for {
		c, err := a.r.ReadByte()
		if err != nil {
			return err
		}
		if !bytes.ContainsRune([]byte(" \t\r\n"), rune(c)) {
			a.count++
			return a.broken(fmt.Sprintf("%q stands after the end of the array", c))
		}
	}
}

// take collects the value that begins with c; false: it is larger than it may be, and was passed over.
func (a *array) take(c byte) (whole bool, err error) {
	a.value, whole = append(a.value[:0], c), true
	if c != '{' && c != '[' && c != '"' {
		return a.scalar()
	}
	depth, text, escaped := 0, c == '"', false
	if !text {
		depth = 1
	}
	for depth > 0 || text {
		if a.r.Buffered() == 0 {
			if _, err := a.r.Peek(1); err != nil {
				return false, unexpected(err)
			}
		}
		part, _ := a.r.Peek(a.r.Buffered())
		n := 0
		for n < len(part) && (depth > 0 || text) {
			c := part[n]
			n++
			switch {
			case escaped:
				escaped = false
			case text && c == '\\':
				escaped = true
			case c == '"':
				text = !text
			case text:
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				depth--
			}
		}
		if whole = whole && len(a.value)+n <= a.o.MaxRecord; whole {
			a.value = append(a.value, part[:n]...)
		}
		_, _ = a.r.Discard(n)
	}
	return whole, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// scalar collects up to the next comma, bracket or blank.
func (a *array) scalar() (whole bool, err error) {
	for whole = true; ; {
		c, err := a.r.ReadByte()
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return false, err
		}
		if bytes.IndexByte([]byte(",]} \t\r\n"), c) >= 0 {
			return whole, a.r.UnreadByte()
		}
		if whole = whole && len(a.value) < a.o.MaxRecord; whole {
			a.value = append(a.value, c)
		}
	}
}
