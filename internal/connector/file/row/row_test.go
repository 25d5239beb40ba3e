package row_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/headrace/headrace/internal/connector/file/row"
	"github.com/headrace/headrace/internal/fault"
)

// all reads a table to its end.
func all(r io.Reader, o row.Options, skip int64) (bodies []string, refused []string, err error) {
	for rec, e := range row.Read(r, o, skip) {
		switch {
		case e == nil:
			bodies = append(bodies, rec.Key+"="+string(rec.Body))
		case fault.ClassOf(e) == fault.Invalid:
			refused = append(refused, e.Error())
		default:
			err = e
		}
	}
	return bodies, refused, err
}

// However the bytes arrive, the rows are the same.
func TestRowsInPieces(t *testing.T) {
	t.Parallel()
	for format, text := range map[string]string{
		"csv":    "id,text\n1,\"a\nb\"\n2,\n",
		"ndjson": `{"id":1,"text":"a\"}{"}` + "\n\n" + `{"id":2}`,
		"json":   ` [ {"id":1,"text":"a\"}{]","x":[{}]} , {"id":2} ] `,
	} {
		o := row.Options{Format: format, Key: "id", MaxRecord: 100}
		want, _, _ := all(strings.NewReader(text), o, 0)
		if len(want) != 2 {
			t.Fatalf("%s: %q", format, want)
		}
		for name, r := range map[string]io.Reader{"bytes": iotest.OneByteReader(strings.NewReader(text)), "halves": iotest.HalfReader(strings.NewReader(text)), "end with data": iotest.DataErrReader(strings.NewReader(text))} {
			got, refused, err := all(r, o, 0)
			if fmt.Sprint(got) != fmt.Sprint(want) || len(refused) > 0 || err != nil {
				t.Errorf("%s in %s: %q, %q, %v", format, name, got, refused, err)
			}
		}
		if got, _, _ := all(strings.NewReader(text), o, 1); len(got) != 1 || got[0] != want[1] {
			t.Errorf("%s after one: %q", format, got)
		}
	}
}

// What the reader itself has to say ends the table, and is not taken for a broken row.
func TestTheReadersOwnTrouble(t *testing.T) {
	t.Parallel()
	away := errors.New("the disk is away")
	for format, text := range map[string]string{"csv": "id\n1\n2", "ndjson": "{\"id\":1}\n{\"id\"", "json": `[{"id":1},{"id"`} {
		r := io.MultiReader(strings.NewReader(text), iotest.ErrReader(away))
		got, refused, err := all(r, row.Options{Format: format, Key: "id", MaxRecord: 100}, 0)
		if !errors.Is(err, away) || len(refused) > 0 || len(got) == 0 {
			t.Errorf("%s: %q, %q, %v", format, got, refused, err)
		}
	}
}

// A row that never ends takes no more memory than a row may.
func TestARowThatNeverEnds(t *testing.T) {
	for format, begin := range map[string]string{"csv": "id,text\n1,\"", "ndjson": `{"id":"`, "json": `[{"id":"`} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		r := io.MultiReader(strings.NewReader(begin), io.LimitReader(endless{}, 24<<20))
		_, refused, err := all(r, row.Options{Format: format, MaxRecord: 256 << 10}, 0)
		runtime.ReadMemStats(&after)
		if len(refused) != 1 || err != nil {
			t.Errorf("%s: %q, %v", format, refused, err)
		}
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 8 {
			t.Errorf("%s: %d MiB were allocated", format, used)
		}
	}
}

type endless struct{}

// Read gives letters.
func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// Any CSV that encoding/csv writes comes back as it was.
func FuzzCSV(f *testing.F) {
	f.Add("id", "a,b", "c\"d", ';')
	f.Add("", "\n", "\x00ü", '\t')
	f.Fuzz(func(t *testing.T, a, b, c string, delimiter rune) {
		for _, s := range []*string{&a, &b, &c} {
			*s = strings.ReplaceAll(strings.ToValidUTF8(*s, ""), "\r", "") // encoding/csv makes \n of \r\n
			*s = strings.ReplaceAll(*s, "\x00", "")
		}
		if delimiter == 0 {
			return
		}
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		w.Comma = delimiter
		if w.Write([]string{"key", "b", "c"}) != nil {
			return // no delimiter
		}
		if err := w.Write([]string{"k" + a, b, c}); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		for rec, err := range row.Read(&text, row.Options{Format: "csv", Key: "key", Delimiter: delimiter, MaxRecord: 1 << 20}, 0) {
			var got struct{ Key, B, C string }
			if err != nil || json.Unmarshal(rec.Body, &got) != nil || got.Key != "k"+a || got.B != b || got.C != c || rec.Key != "k"+a {
				t.Errorf("%q %q %q: %s, %v", a, b, c, rec.Body, err)
			}
		}
	})
}

// Whatever a table is, it is read to an end, every row that is not refused is a JSON object, and skipping leaves out the first.
func FuzzTables(f *testing.F) {
	for _, text := range []string{"a,b\n1,2\n", "{\"a\":1}\n{", "[{\"a\":1},{}]", "\xef\xbb\xbf[", "\"", "[1,{\"a\":\"\\u0000\"}"} {
		for i := range 3 {
			f.Add([]byte(text), uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, kind uint8) {
		o := row.Options{Format: []string{"csv", "ndjson", "json"}[kind%3], MaxRecord: 1000}
		bodies, refused, err := all(bytes.NewReader(text), o, 0)
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, body := range bodies {
			if body = body[1:]; body[0] != '{' || len(body) > 1000 || o.Format == "csv" && !json.Valid([]byte(body)) {
				t.Errorf("the row %q", body)
			}
		}
		after, refusedAfter, _ := all(bytes.NewReader(text), o, 1)
		if n := len(bodies) + len(refused); len(after)+len(refusedAfter) != max(n-1, 0) {
			t.Errorf("%d rows, and %d after the first", n, len(after)+len(refusedAfter))
		}
	})
}

func BenchmarkRows(b *testing.B) {
	const rows = 10_000
	texts := map[string]string{}
	var c, n, j strings.Builder
	c.WriteString("id,name,department,city,amount,comment\n")
	j.WriteString("[")
	for i := range rows {
		fmt.Fprintf(&c, "%d,Megan Bowen %d,Human Resources,Zürich,%d.%02d,\"a comment, with a comma\"\n", i, i, i, i%100)
		line := fmt.Sprintf(`{"id":%d,"name":"Megan Bowen %d","department":"Human Resources","city":"Zürich","amount":%d.%02d,"comment":"a comment, with a comma"}`, i, i, i, i%100)
		n.WriteString(line + "\n")
		if i > 0 {
			j.WriteString(",")
		}
		j.WriteString(line)
	}
	j.WriteString("]")
	texts["csv"], texts["ndjson"], texts["json"] = c.String(), n.String(), j.String()
	for _, format := range []string{"csv", "ndjson", "json"} {
		b.Run(format, func(b *testing.B) {
			b.SetBytes(int64(len(texts[format])))
			b.ReportAllocs()
			for b.Loop() {
				bodies := 0
				for _, err := range row.Read(strings.NewReader(texts[format]), row.Options{Format: format, Key: "id", MaxRecord: 1 << 20}, 0) {
					if err != nil {
						b.Fatal(err)
					}
					bodies++
				}
				if bodies != rows {
					b.Fatal(bodies)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func TestAnotherDelimiterIsGuessed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"id;name\n1;a\n": `set delimiter: ";"`, "id\tname\n1\ta\n": `set delimiter: "\t"`, "name,other\n1,a\n": "Name one of the columns"} {
		for _, err := range row.Read(strings.NewReader(text), row.Options{Format: "csv", Key: "id", MaxRecord: 100}, 0) {
			if !strings.Contains(fault.HintOf(err), want) {
				t.Errorf("%q: %v, hint %q, want %q in it", text, err, fault.HintOf(err), want)
			}
		}
	}
}

func TestColumnsWithoutANameAreNamedByTheirPlace(t *testing.T) {
	t.Parallel()
	for r, err := range row.Read(strings.NewReader("id,,name,\n1,a,b,c\n"), row.Options{Format: "csv", Key: "id", MaxRecord: 100}, 0) {
		if want := `{"id":"1","column2":"a","name":"b","column4":"c"}`; err != nil || string(r.Body) != want {
			t.Errorf("got %s, %v, want %s", r.Body, err, want)
		}
	}
}
