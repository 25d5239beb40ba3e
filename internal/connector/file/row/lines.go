package row

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// lines reads NDJSON: one JSON object a line; empty lines are passed over.
type lines struct {
	r     *bufio.Reader
	o     Options
	look  *inspector
	long  []byte // a line that the reader's buffer does not hold
	count int
}

func newLines(r *bufio.Reader, o Options) *lines {
	return &lines{r: r, o: o, look: newInspector(o.Key)}
}

func (l *lines) next() (Row, error) {
	for {
		line, whole, err := l.line()
		if err != nil {
			return Row{}, err
		}
		l.count++
		if !whole {
			return Row{}, tooLarge(l.where(), l.o.MaxRecord)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		key, err := l.look.look(line)
		switch {
		case errors.Is(err, errNoKey):
			return Row{Body: line}, noKey(l.where(), l.o.Key)
		case err != nil:
			return Row{Body: line}, refuse("row_not_json", "Each line must be one JSON object. If the file is one JSON array, say format: json.", "%s: %v", l.where(), err)
		}
		return Row{Key: key, Body: line}, nil
	}
}

func (l *lines) where() string { return fmt.Sprintf("line %d", l.count) }

// line gives the next line; whole false: it is larger than it may be, and was passed over.
func (l *lines) line() (line []byte, whole bool, err error) {
	line, err = l.r.ReadSlice('\n')
	if err == nil {
		return line, len(line) <= l.o.MaxRecord+1, nil
	}
	l.long, whole = append(l.long[:0], line...), true
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.r.ReadSlice('\n')
		if whole = whole && len(l.long)+len(line) <= l.o.MaxRecord+1; whole {
			l.long = append(l.long, line...)
		}
	}
	if errors.Is(err, io.EOF) && len(l.long) > 0 || err == nil {
		return l.long, whole, nil
	}
	return nil, false, err
}
