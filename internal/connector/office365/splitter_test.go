package office365

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

const bound = 2000

// all takes a blob apart and gives its elements and the error that ended it, io.EOF for none.
func all(r io.Reader, most int) ([]element, error) {
	s := newSplitter(r, most)
	defer s.close()
	var found []element
	for {
		e, err := s.next()
		if err != nil {
			return found, err
		}
		e.raw = bytes.Clone(e.raw)
		found = append(found, e)
	}
}

func TestSplitterTakesBlobsApart(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	long := `{"Id":"long","x":"` + strings.Repeat("y", bound) + `"}`
	type want struct {
		key     string
		raw     string
		at      time.Time
		refused bool
	}
	cases := map[string]struct {
		blob string
		want []want
		end  error // nil: the array's end
	}{
		"an empty array":                    {blob: `[]`},
		"blanks everywhere":                 {blob: " \r\n[ \t{ \"Id\" : \"a\" }\n , {\"Id\":\"b\"} ]\n", want: []want{{key: "a", raw: `{ "Id" : "a" }`}, {key: "b", raw: `{"Id":"b"}`}}},
		"a byte order mark":                 {blob: "\xef\xbb\xbf[{\"Id\":\"a\"}]", want: []want{{key: "a", raw: `{"Id":"a"}`}}},
		"time without a zone":               {blob: `[{"CreationTime":"2026-11-20T10:00:00","Id":"a"}]`, want: []want{{key: "a", at: at}}},
		"time with Z and fraction":          {blob: `[{"Id":"a","CreationTime":"2026-11-20T10:00:00.25Z"}]`, want: []want{{key: "a", at: at.Add(250 * time.Millisecond)}}},
		"time with a fraction alone":        {blob: `[{"Id":"a","CreationTime":"2026-11-20T10:00:00.5"}]`, want: []want{{key: "a", at: at.Add(500 * time.Millisecond)}}},
		"time with an offset":               {blob: `[{"Id":"a","CreationTime":"2026-11-20T12:00:00+02:00"}]`, want: []want{{key: "a", at: at}}},
		"a time that is none":               {blob: `[{"Id":"a","CreationTime":"yesterday"},{"Id":"b","CreationTime":5}]`, want: []want{{key: "a"}, {key: "b"}}},
		"no Id":                             {blob: `[{"x":1}]`, want: []want{{raw: `{"x":1}`}}},
		"an Id that is no text":             {blob: `[{"Id":{"Id":"inner"}},{"Id":7}]`, want: []want{{}, {}}},
		"an Id further down is not the key": {blob: `[{"a":{"Id":"inner"},"Id":"outer"}]`, want: []want{{key: "outer"}}},
		"an escaped Id":                     {blob: `[{"Id":"a\u0062\"\\"}]`, want: []want{{key: `ab"\`}}},
		"names twice":                       {blob: `[{"a":1,"a":2,"Id":"a"}]`, want: []want{{key: "a", raw: `{"a":1,"a":2,"Id":"a"}`}}},
		"bytes that are not UTF-8":          {blob: "[{\"Id\":\"a\",\"x\":\"\xff\xfe\"}]", want: []want{{key: "a", raw: "{\"Id\":\"a\",\"x\":\"\xff\xfe\"}"}}},
		"brackets within texts":             {blob: `[{"Id":"a","x":"}],[{\"","y":[[{"z":"]"}]]}]`, want: []want{{key: "a"}}},
		"elements that are no objects":      {blob: `["a",1, null ,[{"Id":"x"}],{"Id":"b"},true]`, want: []want{{raw: `"a"`, refused: true}, {raw: `1`, refused: true}, {raw: `null `, refused: true}, {raw: `[{"Id":"x"}]`, refused: true}, {key: "b"}, {raw: `true`, refused: true}}},
		"a record that is no JSON":          {blob: `[{"Id":"a"},{"Id":"b","x":tru},{"Id":"c"}]`, want: []want{{key: "a"}, {key: "b", raw: `{"Id":"b","x":tru}`, refused: true}, {key: "c"}}},
		"a record that is too large":        {blob: `[{"Id":"a"},` + long + `,{"Id":"c"}]`, want: []want{{key: "a"}, {key: "long", refused: true}, {key: "c"}}},
		"a text that is too large":          {blob: `["` + strings.Repeat(`\"`, bound) + `",{"Id":"c"}]`, want: []want{{refused: true}, {key: "c"}}},
		"a comma too many at the end":       {blob: `[{"Id":"a"},]`, want: []want{{key: "a"}}},
		"a comma without a record":          {blob: `[{"Id":"a"},,{"Id":"b"}]`, want: []want{{key: "a"}}, end: errAny},
		"no comma":                          {blob: `[{"Id":"a"}{"Id":"b"}]`, want: []want{{key: "a"}}, end: errAny},
		"cut between records":               {blob: `[{"Id":"a"},`, want: []want{{key: "a"}}, end: errCut},
		"cut within a record":               {blob: `[{"Id":"a"},{"Id":"b`, want: []want{{key: "a"}}, end: errCut},
		"cut before the end":                {blob: `[{"Id":"a"}`, want: []want{{key: "a"}}, end: errCut},
		"cut within one that is too large":  {blob: `[` + long[:len(long)-1], end: errCut},
		"cut within one that is no object":  {blob: `[["a"`, end: errCut},
		"empty":                             {blob: ``, end: errCut},
		"HTML":                              {blob: `<html><body>Sign in</body></html>`, end: errNoArray},
		"an error in place of the array":    {blob: `{"error":{"code":"AF50000"}}`, end: errNoArray},
		"something behind the array":        {blob: `[{"Id":"a"}] [`, want: []want{{key: "a"}}, end: errAny},
		"deeper than anybody would":         {blob: `[{"Id":"a","x":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `},{"Id":"b"}]`, want: []want{{key: "a"}, {key: "b"}}},
	}
	for name, c := range cases {
		for _, pieces := range []struct {
			name string
			of   func(io.Reader) io.Reader
		}{{"whole", func(r io.Reader) io.Reader { return r }}, {"byte by byte", iotest.OneByteReader}, {"halves", iotest.HalfReader}, {"error with the last bytes", iotest.DataErrReader}} {
			t.Run(name+", "+pieces.name, func(t *testing.T) {
				t.Parallel()
				got, err := all(pieces.of(strings.NewReader(c.blob)), bound)
				switch {
				case c.end == nil && !errors.Is(err, io.EOF):
					t.Fatalf("ended with %v, want the array's end", err)
				case errors.Is(c.end, errAny) && (err == nil || errors.Is(err, io.EOF)):
					t.Fatal("ended well, want an error")
				case c.end != nil && !errors.Is(c.end, errAny) && !errors.Is(err, c.end):
					t.Fatalf("ended with %v, want %v", err, c.end)
				}
				if len(got) != len(c.want) {
					t.Fatalf("%d elements, want %d", len(got), len(c.want))
				}
				for i, w := range c.want {
					g := got[i]
					if g.key != w.key || w.raw != "" && string(g.raw) != w.raw || (g.refused != nil) != w.refused || !g.time.Equal(w.at) {
						t.Errorf("element %d = key %q time %v refused %v raw %.60q, want %+v", i, g.key, g.time, g.refused, g.raw, w)
					}
					if g.refused != nil && fault.ClassOf(g.refused) != fault.Invalid {
						t.Errorf("element %d is refused with class %v", i, fault.ClassOf(g.refused))
					}
				}
			})
		}
	}
}

var errAny = errors.New("any error")

// TestSplitterKeepsAReadError shows that a broken connection is not taken for the blob's end.
func TestSplitterKeepsAReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	got, err := all(io.MultiReader(strings.NewReader(`[{"Id":"a"},`), iotest.ErrReader(broken)), bound)
	if len(got) != 1 || !errors.Is(err, broken) {
		t.Errorf("%d elements, %v; want 1 and the connection's error", len(got), err)
	}
}

// endless gives a blob of n bytes in one record without having it anywhere.
type endless struct {
	head string
	n    int
	tail string
}

func (e *endless) Read(p []byte) (int, error) {
	switch {
	case e.head != "":
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	case e.n > 0:
		n := min(len(p), e.n)
		for i := range p[:n] {
			p[i] = 'y'
		}
		e.n -= n
		return n, nil
	case e.tail != "":
		n := copy(p, e.tail)
		e.tail = e.tail[n:]
		return n, nil
	}
	return 0, io.EOF
}

// TestSplitterMemoryIsBounded passes over a record of 60 MB with a bound of 1 MB.
func TestSplitterMemoryIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := all(&endless{head: `[{"Id":"huge","CreationTime":"2026-11-20T10:00:00","x":"`, n: 60_000_000, tail: `"},{"Id":"next"}]`}, 1_000_000)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.EOF) || len(got) != 2 || got[0].key != "huge" || got[0].refused == nil || got[0].raw != nil || got[1].key != "next" {
		t.Fatalf("%d elements %+v, %v; want the huge one refused by its key and the next one whole", len(got), got, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8_000_000 {
		t.Errorf("%d bytes were allocated for a bound of 1 MB", used)
	}
	if !strings.Contains(got[0].refused.Error(), "60000") {
		t.Errorf("the refusal %q doesn't say how large the record is", got[0].refused)
	}
}

// TestSplitterDeliversLargeRecords takes one just under the bound.
func TestSplitterDeliversLargeRecords(t *testing.T) {
	t.Parallel()
	record := `{"Id":"large","x":"` + strings.Repeat("y", 25_000_000) + `"}`
	got, err := all(strings.NewReader("["+record+`,{"Id":"b"}]`), 32_000_000)
	if !errors.Is(err, io.EOF) || len(got) != 2 || string(got[0].raw) != record || got[0].refused != nil || got[1].key != "b" {
		t.Fatalf("%d elements, %v; want the large record as it came", len(got), err)
	}
}

func FuzzSplitter(f *testing.F) {
	for _, seed := range []string{`[{"Id":"a","CreationTime":"2026-11-20T10:00:00"},{"x":[1,{"y":"]"}]}]`, `[]`, `[1,"a",null]`, `<html>`, `[{"Id":"a`, "[{\"a\":\"\xff\"}]", `[{"a":tru}]`, `[{"a":1}}]`} {
		f.Add([]byte(seed), 7)
	}
	f.Fuzz(func(t *testing.T, blob []byte, most int) {
		most = 1 + most&0xfff
		whole, err := all(bytes.NewReader(blob), most)
		again, errAgain := all(iotest.OneByteReader(bytes.NewReader(blob)), most)
		if fmt.Sprint(err) != fmt.Sprint(errAgain) || len(whole) != len(again) {
			t.Fatalf("whole: %d, %v; byte by byte: %d, %v", len(whole), err, len(again), errAgain)
		}
		for i := range whole {
			if !bytes.Equal(whole[i].raw, again[i].raw) || whole[i].key != again[i].key || len(whole[i].raw) > most {
				t.Fatalf("element %d differs by how it came, or is larger than %d: %q, %q", i, most, whole[i].raw, again[i].raw)
			}
		}
		var plain []json.RawMessage
		if json.Unmarshal(blob, &plain) == nil && plain != nil {
			if !errors.Is(err, io.EOF) || len(plain) != len(whole) {
				t.Fatalf("a valid array of %d gave %d elements, %v", len(plain), len(whole), err)
			}
			for i, want := range plain {
				if whole[i].refused == nil && !bytes.Equal(bytes.TrimSpace(want), whole[i].raw) {
					t.Fatalf("element %d is %q, want %q", i, whole[i].raw, want)
				}
				if whole[i].refused != nil && want[0] == '{' && len(want) <= most {
					t.Fatalf("the valid object %q was refused: %v", want, whole[i].refused)
				}
			}
		}
	})
}

// benchBlob is shaped like real records of about 1.4 kB.
func benchBlob(records int) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for i := range records {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"CreationTime":"2026-11-20T10:00:00","Id":"%08d-0000-4000-8000-000000000000","Operation":"Set-Mailbox","OrganizationId":"b7f3b3f0-0000-4000-8000-000000000000","RecordType":1,"ResultStatus":"True","UserKey":"NT AUTHORITY\\SYSTEM (Microsoft.Exchange.Servicehost)","UserType":3,"Version":1,"Workload":"Exchange","ObjectId":"EURPR01A001.PROD.OUTLOOK.COM\/Microsoft Exchange Hosted Organizations\/contoso.onmicrosoft.com\/%s","UserId":"NT AUTHORITY\\SYSTEM (Microsoft.Exchange.Servicehost)","AppId":"","ClientAppId":"","ExternalAccess":true,"OrganizationName":"contoso.onmicrosoft.com","OriginatingServer":"DB7PR01MB0001 (15.20.2937.023)","Parameters":[{"Name":"Identity","Value":"EURPR01A001.PROD.OUTLOOK.COM\/Microsoft Exchange Hosted Organizations"},{"Name":"DisplayName","Value":"%s"},{"Name":"Force","Value":"True"}],"ExtendedProperties":[{"Name":"additionalDetails","Value":"{\"User-Agent\":\"Mozilla\"}"},{"Name":"k2","Value":"%s"}],"SessionId":""}`, i, strings.Repeat("discovery", 12), strings.Repeat("mailbox plan ", 12), strings.Repeat("value ", 30))
	}
	b.WriteByte(']')
	return b.Bytes()
}

func BenchmarkSplitter(b *testing.B) {
	data := benchBlob(100)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		s := newSplitter(bytes.NewReader(data), 32_000_000)
		for n := 0; ; n++ {
			e, err := s.next()
			if errors.Is(err, io.EOF) && n == 100 {
				break
			}
			if err != nil || e.key == "" || e.time.IsZero() {
				b.Fatal(n, err)
			}
		}
		s.close()
	}
}
