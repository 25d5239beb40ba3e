package office365

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/headrace/headrace/internal/fault"
)

// A splitter takes a JSON array of records apart while it arrives. Each record's bytes stay as they came; its key and
// time are found in the one pass that validates it. Memory is bounded by the largest record that is allowed, not by
// the blob: one that is larger is passed over unseen.
type splitter struct {
	r    io.Reader
	most int // bytes of a record
	buf  []byte
	pos  int // buf[pos:end] is not looked at yet
	end  int
	over bool // r has ended

	first *[readSize]byte

	begun bool
	count int // elements so far
}

// An element is one of the array's. With refused set it is not deliverable, and raw is nil if it was too large to keep.
type element struct {
	raw     []byte // valid until the next element
	key     string
	time    time.Time
	refused error
}

const (
	readSize   = 64 << 10
	compactMin = 16 << 10 // room for a read that is worth it
)

// buffers are what splitters begin with: most blobs need no more.
var buffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// newSplitter makes one; close gives its memory back.
func newSplitter(r io.Reader, most int) *splitter {
	first := buffers.Get().(*[readSize]byte)
	return &splitter{r: r, most: most, first: first, buf: first[:]}
}

// close ends the use of the splitter and of the element that it gave last.
func (s *splitter) close() {
	s.buf = nil
	buffers.Put(s.first)
}

// errNoArray is an answer that is no array of records; what it is stands in the buffer.
var errNoArray = errors.New("it is not an array of records")

// errCut is an array that ends in the middle.
var errCut = errors.New("it ends in the middle")

// next gives the next element, io.EOF after the array's end. Every other error ends the blob.
func (s *splitter) next() (element, error) {
	if !s.begun {
		s.mark()
	}
	c, err := s.peek()
	if err != nil {
		return element{}, err
	}
	if !s.begun {
		if c != '[' {
			return element{}, errNoArray
		}
		s.begun = true
		s.pos++
		if c, err = s.peek(); err != nil {
			return element{}, err
		}
	}
	if c == ']' {
		s.pos++
		return element{}, s.trailer()
	}
	if s.count > 0 {
		if c != ',' {
			return element{}, fmt.Errorf("after record %d comes %q and not a comma", s.count, c)
		}
		s.pos++
		if c, err = s.peek(); err != nil {
			return element{}, err
		}
		if c == ']' { // a comma too many hides no record
			s.pos++
			return element{}, s.trailer()
		}
	}
	if strings.IndexByte(",]}:", c) >= 0 {
		return element{}, fmt.Errorf("in place of record %d stands %q", s.count+1, c)
	}
	s.count++
	if c == '{' {
		return s.object()
	}
	return s.refuse(errors.New("it is not a JSON object"), element{})
}

// peek gives the next byte that is no blank.
func (s *splitter) peek() (byte, error) {
	for {
		for ; s.pos < s.end; s.pos++ {
			switch c := s.buf[s.pos]; c {
			case ' ', '\t', '\r', '\n':
			default:
				return c, nil
			}
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// mark passes over a byte order mark.
func (s *splitter) mark() {
	for s.end-s.pos < len(byteOrderMark) && bytes.HasPrefix([]byte(byteOrderMark), s.buf[s.pos:s.end]) {
		if s.fill() != nil {
			return // the next look finds the same
		}
	}
	if bytes.HasPrefix(s.buf[s.pos:s.end], []byte(byteOrderMark)) {
		s.pos += len(byteOrderMark)
	}
}

const byteOrderMark = "\xef\xbb\xbf"

// trailer makes sure that nothing follows the array.
func (s *splitter) trailer() error {
	_, err := s.peek()
	if errors.Is(err, errCut) {
		return io.EOF
	}
	if err == nil {
		err = errors.New("something follows the array of records")
	}
	return err
}

// fill reads more behind what is there; errCut if there is no more.
func (s *splitter) fill() error {
	if s.over {
		return errCut
	}
	if s.pos > 0 && len(s.buf)-s.end < compactMin {
		s.end = copy(s.buf, s.buf[s.pos:s.end])
		s.pos = 0
	}
	if len(s.buf)-s.end < compactMin {
		larger := make([]byte, min(2*len(s.buf), s.most+2*readSize))
		s.end = copy(larger, s.buf[s.pos:s.end])
		s.buf, s.pos = larger, 0
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			s.over = true
			if n == 0 {
				return errCut
			}
			return nil
		case err != nil:
			return err
		case n > 0:
			return nil
		}
	}
	return io.ErrNoProgress
}

// object takes the object at pos.
func (s *splitter) object() (element, error) {
	for {
		found, size, err := s.record(s.buf[s.pos:s.end])
		switch {
		case err == nil && size <= s.most:
			found.raw = s.buf[s.pos : s.pos+size : s.pos+size]
			s.pos += size
			return found, nil
		case err == nil, errors.Is(err, io.ErrUnexpectedEOF) && s.end-s.pos > s.most:
			return s.refuse(nil, found)
		case !errors.Is(err, io.ErrUnexpectedEOF):
			return s.refuse(fmt.Errorf("it is not valid JSON: %w", err), found)
		}
		if err := s.fill(); err != nil {
			return element{}, err
		}
	}
}

// record validates the object that data begins with, and finds its key, time and size. With an error it gives what it
// found until then.
func (s *splitter) record(data []byte) (found element, size int, err error) {
	size, err = scanObject(data, 0, 1, func(name, value []byte) {
		switch string(name) {
		case `"Id"`:
			found.key = text(value)
		case `"CreationTime"`:
			found.time = instant(value)
		}
	})
	return found, size, err
}

// instant gives a value if it is a time; zero else.
func instant(value []byte) time.Time {
	var (
		t    time.Time
		room [32]byte
	)
	if len(value) == len(`"2006-01-02T15:04:05"`) && t.UnmarshalText(append(append(room[:0], value[1:len(value)-1]...), 'Z')) == nil {
		return t.UTC() // as nearly all are: without making a string of it
	}
	t, err := parseTime(text(value))
	if err != nil {
		return time.Time{}
	}
	return t
}

// text gives a value if it is a string; "" else.
func text(value []byte) string {
	if value[0] != '"' {
		return ""
	}
	plain := value[1 : len(value)-1]
	if bytes.IndexByte(value, '\\') >= 0 {
		plain, _ = jsontext.AppendUnquote(nil, value) // the error is of bad UTF-8, which is replaced
	}
	return strings.ToValidUTF8(string(plain), "\ufffd")
}

// refuse passes over the element at pos by its brackets alone. why nil means that it is too large.
func (s *splitter) refuse(why error, found element) (element, error) {
	var shape outline
	for scanned := 0; ; {
		n, whole := shape.scan(s.buf[s.pos+scanned : s.end])
		scanned += n
		if whole && scanned <= s.most {
			found.raw = s.buf[s.pos : s.pos+scanned : s.pos+scanned]
			s.pos += scanned
			found.refused = s.refusal(why, int64(scanned))
			return found, nil
		}
		if scanned > s.most || whole {
			return s.passOver(&shape, int64(scanned), whole, found)
		}
		if err := s.fill(); err != nil {
			return element{}, err
		}
	}
}

// passOver drops an element that is too large, part by part.
func (s *splitter) passOver(shape *outline, scanned int64, whole bool, found element) (element, error) {
	if found.key == "" && s.buf[s.pos] == '{' {
		found, _, _ = s.record(s.buf[s.pos:s.end]) // what its beginning tells is enough
	}
	s.pos += int(scanned)
	for !whole {
		if err := s.fill(); err != nil {
			return element{}, err
		}
		n, end := shape.scan(s.buf[s.pos:s.end])
		scanned, whole = scanned+int64(n), end
		s.pos += n
	}
	found.raw, found.refused = nil, s.refusal(nil, scanned)
	return found, nil
}

func (s *splitter) refusal(why error, size int64) error {
	if why == nil {
		return fault.New(fault.Invalid, "record %d of the blob has %d bytes, more than maxRecord (%d)", s.count, size, s.most).
			WithCode("record_too_large").WithHint("Raise maxRecord of the source if the destination takes records of this size, then replay.")
	}
	return fault.New(fault.Invalid, "record %d of the blob: %w", s.count, why).WithCode("record_malformed").
		WithHint("The service sent it so. Its bytes are kept with the dead letter; edit and replay it if it matters.")
}

// An outline finds the end of a JSON value by brackets and quotes alone, over any number of pieces.
type outline struct {
	depth   int
	text    bool // within a string
	escaped bool // after a backslash
}

// scan looks at the next piece and tells how many of its bytes belong to the value, and whether it is whole. A number or
// a word ends before a delimiter.
func (o *outline) scan(piece []byte) (n int, whole bool) {
	for n < len(piece) {
		if o.text {
			n += o.scanText(piece[n:])
			if !o.text && o.depth == 0 {
				return n, true
			}
			continue
		}
		c := piece[n]
		switch c {
		case '"':
			o.text = true
		case '{', '[':
			o.depth++
		case '}', ']', ',':
			if o.depth == 0 {
				return n, true
			}
			if c != ',' {
				o.depth--
			}
		}
		n++
		if o.depth == 0 && (c == '}' || c == ']') {
			return n, true
		}
	}
	return n, false
}

// scanText goes to the end of the string or of the piece.
func (o *outline) scanText(piece []byte) int {
	for n := 0; n < len(piece); n++ {
		if o.escaped {
			o.escaped = false
			continue
		}
		at := bytes.IndexAny(piece[n:], `"\`)
		if at < 0 {
			return len(piece)
		}
		n += at
		if piece[n] == '"' {
			o.text = false
			return n + 1
		}
		o.escaped = true
	}
	return len(piece)
}
