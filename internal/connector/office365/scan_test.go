package office365

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// judged is what package jsontext says of the object that data begins with: its size, or that data ends before it does,
// or that it can't be right.
func judged(data []byte) (size int, err error) {
	d := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadValue(); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, io.ErrUnexpectedEOF
		}
		return 0, errAny
	}
	return int(d.InputOffset()), nil
}

// checkScan compares what a scan says with the library's verdict, for the whole and for every beginning of it.
func checkScan(t *testing.T, data []byte) {
	t.Helper()
	if len(data) == 0 || data[0] != '{' {
		return
	}
	for n := 1; n <= len(data); n++ {
		piece := data[:n]
		got, err := scanObject(piece, 0, 1, nil)
		want, wantErr := judged(piece)
		switch {
		case wantErr == nil && (err != nil || got != want):
			t.Fatalf("%q: %d, %v; jsontext takes %d bytes", piece, got, err, want)
		case errors.Is(wantErr, io.ErrUnexpectedEOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			t.Fatalf("%q: %d, %v; jsontext wants more", piece, got, err)
		case errors.Is(wantErr, errAny) && (err == nil || errors.Is(err, io.ErrUnexpectedEOF)):
			t.Fatalf("%q: %d, %v; jsontext refuses it", piece, got, err)
		}
	}
}

// scanned are objects that are right, or not, in every way that there is.
func scanned() []string {
	all := []string{
		`{}`, `{ }`, `{"a":1}`, ` {}`, `{"a":1}x`, "{\t\"a\" :\r\n[ ] , \"b\":{ } }", `{"a":[1,2,[3,{"b":[]}]],"c":{"d":{}}}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a" 1}`, `{"a":1 "b":2}`, `{1:2}`, `{"a":[1 2]}`, `{"a":[1,]}`, `{"a":[,1]}`, `{"a":[}`, `{"a":]}`, `{"a":{]}`,
		"{\"a\":\"\xff\"}", "{\"\xff\":\"\xc3\x28\"}", "{\"a\":\"\x01\"}", "{\"a\":\"\x1f\"}", "{\"a\":\"\x7f\"}", "{\"a\":\"line\nend\"}", "{\"a\":1\x00}", "{\x0b}", "{\"a\":\u00a01}",
	}
	for _, text := range []string{``, `\"`, `\\`, `\/`, `\b\f\n\r\t`, `\u00e9`, `\uD83D\uDE00`, `\uD800`, `\uDC00\uD800`, `\uD800x`, `\u12G4`, `\u123`, `\x`, `\ `, `1234567"`, `12345678`, `1234567\"`, `123456789abcdef\\`, strings.Repeat("é", 9), "1234\x1f678", "1234\x80678"} {
		all = append(all, `{"a":"`+text+`"}`, `{"`+text+`":"x"}`)
	}
	for _, n := range []string{"0", "-0", "-", "1", "10", "01", "-01", "+1", "1.", ".5", "0.5", "1.50", "1.e1", "1e", "1e5", "1E+5", "1e-05", "1e+", "0e0", "--1", "1-", "0x1", "1_0", "NaN", "Infinity", "true", "false", "null", "True", "tru", "truex", "nul", "fals", "nulll"} {
		all = append(all, `{"a":`+n+`}`, `{"a":[`+n+`,`+n+`]}`)
	}
	return all
}

func TestScanAgreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	for _, data := range scanned() {
		checkScan(t, []byte(data))
	}
	for _, depth := range []int{deepest - 1, deepest, deepest + 1} {
		data := []byte(strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth))
		_, want := judged(data)
		if _, err := scanObject(data, 0, 1, nil); (err == nil) != (want == nil) {
			t.Errorf("%d deep: %v, jsontext says %v", depth, err, want)
		}
	}
}

// TestSpecialBytes puts every byte in every place among bytes of every kind.
func TestSpecialBytes(t *testing.T) {
	t.Parallel()
	for _, around := range []byte{'a', ' ', 0x7f, 0x80, 0xff, '!', '#', '[', ']'} {
		for c := range 256 {
			for at := range 8 {
				text := bytes.Repeat([]byte{around}, 8)
				text[at] = byte(c)
				i, err := scanText(append(append([]byte{'"'}, text...), '"'), 0)
				fine := c >= ' ' && c != '"' && c != '\\'
				if fine && (err != nil || i != 10) || !fine && err == nil && i != at+2 {
					t.Fatalf("%q: %d, %v", text, i, err)
				}
			}
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, seed := range scanned() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 300 {
			data = data[:300] // every beginning is looked at
		}
		checkScan(t, data)
	})
}
