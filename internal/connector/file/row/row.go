// Package row reads tables: CSV, NDJSON and JSON arrays, one row at a time, in memory bounded by the largest row that is
// allowed and not by the file. Start at Read.
package row

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/headrace/headrace/internal/fault"
)

// A Row is one of a table's.
type Row struct {
	Key  string // the key column's value; "" without a key column, or if the row has none
	Body []byte // a JSON object, valid until the next row. CSV: the columns as strings in the header's order; else the row's own bytes
}

// Options say how a table is read.
type Options struct {
	Format    string   // "csv", "ndjson" or "json"
	Key       string   // the key column; "": rows have no key
	MaxRecord int      // bytes of a row; a larger one is refused
	Delimiter rune     // of CSV; 0: a comma
	Columns   []string // of a CSV without a header; nil: the first row is the header
}

// Read yields the rows of a table in UTF-8, after the first skip ones. An Invalid error beside a row refuses that row
// alone: it counts for skip, and reading goes on. If the table cannot be read any further, that too is such a
// refusal, without a key, and the last thing yielded. Any other error is r's own.
func Read(r io.Reader, o Options, skip int64) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		b := bufio.NewReaderSize(r, 64<<10)
		if head, _ := b.Peek(1024); bytes.IndexByte(head, 0) >= 0 { // an error comes again with the first read
			if skip > 0 {
				return
			}
			yield(Row{}, refuse("not_text", "Is the extension right? If the file is UTF-16 without a byte order mark, set charset.", "the file is binary: byte %d is zero", bytes.IndexByte(head, 0)))
			return
		}
		var next func() (Row, error)
		switch o.Format {
		case "csv":
			next = newCSV(b, o).next
		case "ndjson":
			next = newLines(b, o).next
		default:
			next = newArray(b, o).next
		}
		for n := int64(0); ; n++ {
			row, err := next()
			if errors.Is(err, io.EOF) {
				return
			}
			var last stop
			final := errors.As(err, &last)
			if final {
				err = last.error
			}
			if n >= skip && !yield(row, err) {
				return
			}
			if final || err != nil && fault.ClassOf(err) != fault.Invalid {
				return
			}
		}
	}
}

// stop is a refusal after which there is nothing more to read.
type stop struct{ error }

// refuse says what is wrong with a row.
func refuse(code, hint, format string, args ...any) *fault.Error {
	return (&fault.Error{Class: fault.Invalid, Code: code, Title: fmt.Sprintf(format, args...)}).WithHint("%s", hint)
}

func tooLarge(where string, most int) error {
	return refuse("row_too_large", "Raise maxRecord of the source if rows may be this large. In a CSV a quote that is never closed looks like this too.",
		"%s has more than %d bytes", where, most)
}

func noKey(where, key string) error {
	return refuse("key_missing", "Without its key a row cannot be told from others: give it one, or name another column with key: in the source's settings.",
		"%s has no value in the key column %q", where, key)
}
