package file_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/connector/file"
	"github.com/headrace/headrace/internal/fault"
)

// config writes all records of a test into one file.
func config(dir string) *file.Config {
	c := file.Default()
	c.Path, c.Name = dir, "out.ndjson"
	return c
}

func open(t *testing.T, c *file.Config) connector.Destination {
	t.Helper()
	dst, err := file.Spec().Destination.Open(c, connectortest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dst.Close() })
	return dst
}

func write(t *testing.T, dst connector.Destination, after connector.Receipt, records ...connector.Record) connector.Receipt {
	t.Helper()
	res, err := dst.Write(context.Background(), connector.Batch{After: after, Records: records})
	if err != nil {
		t.Fatalf("write: %v (%s)", err, fault.HintOf(err))
	}
	for i, o := range res.Outcomes {
		if o.Kind != connector.Stored {
			t.Fatalf("record %d: outcome %v, want stored", i, o)
		}
	}
	return res.Receipt
}

// tree reads all files below a folder but headrace's own, unpacked by the standard library where it can.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			if e != nil && e.Name() == ".headrace" {
				return fs.SkipDir
			}
			return err
		}
		name, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(name)] = unpack(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func unpack(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r io.Reader = bytes.NewReader(raw)
	switch filepath.Ext(path) {
	case ".gz":
		if r, err = gzip.NewReader(r); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	case ".zst":
		d, err := zstd.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		r = d
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return string(text)
}

func lines(records ...connector.Record) string {
	return strings.Join(append(connectortest.Bodies(records), ""), "\n")
}

func TestAppendsInEveryCompression(t *testing.T) {
	t.Parallel()
	for _, c := range []file.Compression{file.None, file.Gzip, file.Zstd} {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cfg := config(dir)
			cfg.Compression = c
			dst := open(t, cfg)
			var after connector.Receipt
			for i := range 5 {
				if i == 3 {
					_ = dst.Close()
					dst = open(t, cfg)
				}
				after = write(t, dst, after, connectortest.Records(i*100, (i+1)*100)...)
			}
			files := tree(t, dir)
			if len(files) != 1 {
				t.Errorf("there are %d files, want one", len(files))
			}
			for name, text := range files {
				if !strings.HasPrefix(name, "out.ndjson") || text != lines(connectortest.Records(0, 500)...) {
					t.Errorf("%s holds %d bytes that are not the 500 records", name, len(text))
				}
			}
		})
	}
}

func TestWriteThatWasNeverCommittedIsUndone(t *testing.T) {
	t.Parallel()
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprintf("opened again %v", again), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cfg := config(dir)
			cfg.Name = "{stream}.ndjson"
			dst := open(t, cfg)
			one := write(t, dst, nil, connectortest.Records(0, 10)...)
			lost := connectortest.Records(10, 20)
			lost[3].Stream = "Audit.New"
			write(t, dst, one, lost...)
			if again {
				_ = dst.Close()
				dst = open(t, cfg)
			}
			two := write(t, dst, one)
			want := map[string]string{"Audit.Test.ndjson": lines(connectortest.Records(0, 10)...)}
			if got := tree(t, dir); !equal(got, want) {
				t.Fatalf("after recovery the files are %v, want %v", got, want)
			}
			write(t, dst, two, connectortest.Records(30, 31)...)
			want["Audit.Test.ndjson"] += lines(connectortest.Records(30, 31)...)
			if got := tree(t, dir); !equal(got, want) {
				t.Fatalf("after going on the files are %v, want %v", got, want)
			}
		})
	}
}

func equal(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

func TestRotatesBySize(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := config(dir)
	cfg.RotateSize = 1 << 16
	dst := open(t, cfg)
	var after connector.Receipt
	for i := range 300 {
		after = write(t, dst, after, connectortest.Records(i*50, (i+1)*50)...)
		if i%100 == 50 {
			_ = dst.Close()
			dst = open(t, cfg)
		}
	}
	got := tree(t, dir)
	var all strings.Builder
	for n := range len(got) {
		name := "out.ndjson"
		if n > 0 {
			name = fmt.Sprintf("out.%d.ndjson", n)
		}
		text, ok := got[name]
		if !ok || len(text) > 1<<16 || n < len(got)-1 && len(text) < 1<<15 {
			t.Errorf("%s is there: %v, with %d bytes", name, ok, len(text))
		}
		all.WriteString(text)
	}
	if all.String() != lines(connectortest.Records(0, 15000)...) {
		t.Error("the files one after the other are not the records")
	}
}

func TestBodiesAreRawUnlessTheyAreSeveralLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dst := open(t, config(dir))
	r := connectortest.Records(0, 5)
	r[0].Body = []byte("{ \"a\" :\t1.00 , \"bad\":\"\xff\xfe\", \"a\":2}")
	r[1].Body = []byte("{\n  \"a\": 1.00,\r\n  \"b\": \"x\\n y  <&>\"\n}")
	r[2].Body = []byte("{\"a\":\n")
	r[3].Body = nil
	r[4].Body = bytes.Repeat([]byte(" "), 33e6)
	res, err := dst.Write(context.Background(), connector.Batch{Records: r})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []connector.OutcomeKind
	for _, o := range res.Outcomes {
		kinds = append(kinds, o.Kind)
		if o.Kind == connector.Rejected && (fault.ClassOf(o.Err) != fault.Invalid || fault.HintOf(o.Err) == "") {
			t.Errorf("rejected with %v, class %v, hint %q", o.Err, fault.ClassOf(o.Err), fault.HintOf(o.Err))
		}
	}
	if want := []connector.OutcomeKind{connector.Stored, connector.Stored, connector.Rejected, connector.Rejected, connector.Rejected}; !slices.Equal(kinds, want) {
		t.Errorf("outcomes are %v, want %v", kinds, want)
	}
	want := string(r[0].Body) + "\n" + `{"a":1.00,"b":"x\n y  <&>"}` + "\n"
	if got := tree(t, dir)["out.ndjson"]; got != want {
		t.Errorf("the file holds %q, want %q", got, want)
	}
}

func TestSecondWriterIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one := open(t, config(dir))
	after := write(t, one, nil, connectortest.Records(0, 1)...)

	same := open(t, config(dir)) // the same flow in another process
	_, err := same.Write(context.Background(), connector.Batch{})
	refused(t, err, fault.Unavailable, "file_locked", "test-flow", dir)

	env := connectortest.Env(t)
	env.Flow = "other"
	other, err := file.Spec().Destination.Open(config(dir), env)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = other.Write(context.Background(), connector.Batch{Records: connectortest.Records(0, 1)})
	refused(t, err, fault.Unavailable, "file_locked", filepath.Join(dir, "out.ndjson"))

	write(t, one, after, connectortest.Records(1, 2)...)
	_ = one.Close()
	write(t, other, nil, connectortest.Records(2, 3)...)
	if got, want := tree(t, dir)["out.ndjson"], lines(connectortest.Records(0, 3)...); got != want {
		t.Errorf("the file holds %q, want %q", got, want)
	}
}

// refused checks an error's class, code and hint, and that its text names something.
func refused(t *testing.T, err error, class fault.Class, code string, names ...string) {
	t.Helper()
	e, ok := fault.As(err)
	if !ok || e.Class != class || e.Code != code || e.Hint == "" {
		t.Fatalf("error is %v (%+v), want class %v, code %s and a hint", err, e, class, code)
	}
	for _, name := range names {
		if !strings.Contains(err.Error(), name) && !strings.Contains(e.Hint, name) {
			t.Errorf("neither %q nor hint %q names %q", err, e.Hint, name)
		}
	}
	if errors.Is(err, context.Canceled) {
		t.Error("the error looks like a cancellation")
	}
}
