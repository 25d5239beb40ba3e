package row

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/fault"
)

// table reads CSV as RFC 4180 describes it, with another delimiter if wanted. Empty lines are passed over.
type table struct {
	r      *csv.Reader
	bound  *bound
	o      Options
	names  [][]byte // "name": of each column
	key    int      // which column is the key; -1: none
	body   []byte
	begun  bool
	closed bool
	line   int // where the last row begins
}

// bound refuses to read more than a row may have, which encoding/csv would keep in memory.
type bound struct {
	r    io.Reader
	read int64
	upTo int64
}

var errBound = errors.New("the row is too large")

// Read ends with errBound when the row in hand is larger than allowed.
func (b *bound) Read(p []byte) (int, error) {
	if b.read >= b.upTo {
		return 0, errBound
	}
	n, err := b.r.Read(p)
	b.read += int64(n)
	return n, err
}

// readAhead is what encoding/csv's own buffer may hold beyond the row.
const readAhead = 8 << 10

func newCSV(r io.Reader, o Options) *table {
	b := &bound{r: r, upTo: int64(o.MaxRecord) + readAhead}
	t := &table{r: csv.NewReader(b), bound: b, o: o, key: -1}
	t.r.ReuseRecord, t.r.FieldsPerRecord = true, -1
	if o.Delimiter != 0 {
		t.r.Comma = o.Delimiter
	}
	return t
}

func (t *table) next() (Row, error) {
	if t.closed {
		return Row{}, io.EOF
	}
	if !t.begun {
		if err := t.begin(); err != nil {
			return Row{}, err
		}
	}
	fields, err := t.record()
	if err != nil {
		return Row{}, err
	}
	line := t.line
	if len(fields) != len(t.names) {
		row := Row{}
		if t.key >= 0 && t.key < len(fields) {
			row.Key = fields[t.key]
		}
		return row, refuse("columns_wrong", "A delimiter within a value needs quotes around the value. If another delimiter is used, set delimiter.",
			"the row of line %d has %d columns, the header has %d", line, len(fields), len(t.names))
	}
	return t.row(fields, line)
}

// row makes the JSON object.
func (t *table) row(fields []string, line int) (Row, error) {
	row, bad := Row{}, -1
	if t.key >= 0 {
		row.Key = fields[t.key]
	}
	t.body = append(t.body[:0], '{')
	for i, field := range fields {
		if i > 0 {
			t.body = append(t.body, ',')
		}
		t.body = append(t.body, t.names[i]...)
		var ok bool
		if t.body, ok = appendString(t.body, field); !ok {
			bad = i
		}
	}
	t.body = append(t.body, '}')
	switch {
	case bad >= 0:
		return row, refuse("not_utf8", "Set charset to what the file is written in, like windows-1252.", "the row of line %d is not UTF-8 in column %s", line, t.names[bad][:len(t.names[bad])-1])
	case t.key >= 0 && row.Key == "":
		row.Body = t.body
		return row, noKey(fmt.Sprintf("the row of line %d", line), t.o.Key)
	case len(t.body) > t.o.MaxRecord:
		return row, tooLarge(fmt.Sprintf("the row of line %d", line), t.o.MaxRecord)
	}
	row.Body = t.body
	return row, nil
}

// record reads one row's fields.
func (t *table) record() ([]string, error) {
	t.bound.upTo = t.r.InputOffset() + int64(t.o.MaxRecord) + readAhead
	fields, err := t.r.Read()
	var wrong *csv.ParseError
	switch {
	case errors.Is(err, errBound):
		t.closed = true
		return nil, stop{tooLarge(fmt.Sprintf("the row after line %d", t.line), t.o.MaxRecord)}
	case errors.As(err, &wrong):
		return nil, refuse("csv_broken", `A quote within a value is written twice ("") and the value stands in quotes.`, "the row of line %d is no CSV: %v", wrong.StartLine, wrong.Err)
	}
	if err == nil {
		t.line, _ = t.r.FieldPos(0)
	}
	return fields, err
}

// begin finds out the columns.
func (t *table) begin() error {
	t.begun = true
	names := t.o.Columns
	if names == nil {
		header, err := t.record()
		if err != nil {
			if fault.ClassOf(err) == fault.Invalid {
				t.closed = true
				return stop{err}
			}
			return err
		}
		names = slices.Clone(header)
	}
	if err := t.columns(names); err != nil {
		t.closed = true
		return stop{err}
	}
	return nil
}

// columns takes the names of the columns. One without a name is named by its place, from column1 on.
func (t *table) columns(names []string) error {
	seen := map[string]int{}
	for i, name := range names {
		if name == "" { // spreadsheets leave columns without a heading
			name = fmt.Sprintf("column%d", i+1)
		}
		if before, twice := seen[name]; twice {
			return refuse("header_wrong", "Name the columns apart, or give the names with columns: and header: false.", "the columns %d and %d have the same name %q", before+1, i+1, name)
		}
		seen[name] = i
		quoted, ok := appendString(nil, name)
		if !ok {
			return refuse("not_utf8", "Set charset to what the file is written in, like windows-1252.", "the header is not UTF-8")
		}
		t.names = append(t.names, append(quoted, ':'))
		if t.o.Key != "" && name == t.o.Key {
			t.key = i
		}
	}
	if t.o.Key != "" && t.key < 0 {
		hint := "Name one of the columns with key:; if the delimiter is another one, set delimiter."
		if d := otherDelimiter(names); d != "" {
			hint = fmt.Sprintf(`The values seem to be parted by "%s": set delimiter: "%s".`, d, d)
		}
		return refuse("key_missing", hint, "there is no column %q; the columns are %q", t.o.Key, names)
	}
	return nil
}

// otherDelimiter guesses what parts the columns of a header that came as one; "": nothing does.
func otherDelimiter(names []string) string {
	if len(names) != 1 {
		return ""
	}
	for _, d := range []string{";", "\t", "|", ","} {
		if strings.Contains(names[0], d) {
			return strings.ReplaceAll(d, "\t", `\t`)
		}
	}
	return ""
}

const hex = "0123456789abcdef"

// appendString writes a JSON string; false: it is not valid UTF-8.
func appendString(b []byte, s string) ([]byte, bool) {
	b = append(b, '"')
	from, ascii := 0, true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			ascii = false
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		from = i + 1
	}
	b = append(append(b, s[from:]...), '"')
	return b, ascii || utf8.ValidString(s)
}

// Quote gives a JSON string of a text, with what is not valid UTF-8 replaced.
func Quote(b []byte, s string) []byte {
	mark := len(b)
	b, ok := appendString(b, s)
	if ok {
		return b
	}
	fixed, _ := json.Marshal(s)
	return append(b[:mark], fixed...)
}
