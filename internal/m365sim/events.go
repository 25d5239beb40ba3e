package m365sim

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// events are a person's own records, kept byte for byte. Of a source that can be read at any place, only the places
// are kept.
type events struct {
	source io.ReaderAt
	places [typeCount][]place
}

type place struct {
	offset int64
	length int32
	kind   int32 // record type
}

const maxEvent = 64 << 20

// LoadEvents takes a person's own records, NDJSON with one audit record a line, as the history of a tenant (name, ID
// or domain; empty: the first) in place of generated records. They are served byte for byte, in blobs spread over
// the content's history, each under the content type that carries its RecordType. It gives the number of records.
//
// A line that is not a JSON object is an error that names the line. If source is also an io.ReaderAt, such as a file,
// it is read again for each blob and must stay open. Load before serving.
func (s *Simulator) LoadEvents(tenant string, source io.Reader) (int, error) {
	t, err := s.tenantNamed(tenant)
	if err != nil {
		return 0, err
	}
	loaded := &events{}
	kept := &bytes.Buffer{}
	at, again := source.(io.ReaderAt)
	if !again {
		source = io.TeeReader(source, kept)
	}
	total, err := loaded.scan(source)
	if err != nil {
		return 0, err
	}
	if !again {
		at = bytes.NewReader(kept.Bytes())
	}
	loaded.source = at
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loaded = loaded
	for i := range t.streams {
		t.streams[i] = &stream{ctype: i, byID: map[string]*blob{}}
	}
	t.live = liveState{next: s.epoch.UnixMilli()}
	from := s.epoch.UnixMilli() - max(t.content.History.ms(), 3600_000)
	for _, ctype := range layOrder {
		s.lay(t, ctype, len(loaded.places[ctype]), from, s.epoch.UnixMilli(), []int{})
	}
	return total, nil
}

// scan finds where each record is.
func (e *events) scan(source io.Reader) (int, error) {
	reader := bufio.NewReaderSize(source, 1<<20)
	var offset int64
	total := 0
	for number := 1; ; number++ {
		line, err := readLine(reader)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("events, line %d: %w", number, err)
		}
		ended := err != nil
		if body := bytes.TrimSpace(line); len(body) > 0 {
			kind, err := recordTypeOf(body)
			if err != nil {
				return 0, fmt.Errorf("events, line %d: %w", number, err)
			}
			ctype := typeOfRecord(kind)
			start := offset + int64(bytes.Index(line, body))
			e.places[ctype] = append(e.places[ctype], place{start, int32(len(body)), int32(kind)})
			total++
		}
		offset += int64(len(line))
		if ended {
			return total, nil
		}
	}
}

func readLine(reader *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := reader.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxEvent {
			return nil, fmt.Errorf("the line is longer than %d MiB; is this one record a line?", maxEvent>>20)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// recordTypeOf reads a record's RecordType, a number or a number in a string; 0 when there is none.
func recordTypeOf(body []byte) (int, error) {
	if body[0] == '[' {
		return 0, errors.New("this is an array, not an object; write one record a line (jq -c '.[]' FILE makes that of a JSON array)")
	}
	var kind int
	err := eachMember(body, func(name string, value jsontext.Value) {
		if name == "RecordType" {
			_, _ = fmt.Sscan(strings.Trim(string(value), `"`), &kind) // anything else counts as none
		}
	})
	return kind, err
}

// eachMember walks the top-level members of a JSON object.
func eachMember(body []byte, do func(name string, value jsontext.Value)) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if decoder.PeekKind() != '{' {
		return errors.New("this is not a JSON object; an audit record is one, such as {\"Id\":…,\"RecordType\":…}")
	}
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	for decoder.PeekKind() == '"' {
		token, err := decoder.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		value, err := decoder.ReadValue()
		if err != nil {
			return notJSON(err)
		}
		do(name, value)
	}
	if _, err := decoder.ReadToken(); err != nil {
		return notJSON(err)
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one JSON value on the line; write one record a line")
	}
	return nil
}

func notJSON(err error) error {
	return fmt.Errorf("this is not well-formed JSON: %w", err)
}

// idOf reads a record's Id; "" when it has none.
func idOf(body []byte) string {
	var id string
	_ = eachMember(body, func(name string, value jsontext.Value) {
		if name == "Id" && value.Kind() == '"' {
			_ = json.Unmarshal(value, &id)
		}
	})
	return id
}

// append reads one record.
func (e *events) append(dst []byte, p place) ([]byte, error) {
	at := len(dst)
	dst = append(dst, make([]byte, p.length)...)
	if _, err := e.source.ReadAt(dst[at:], p.offset); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read an event again: %w", err)
	}
	return dst, nil
}
