package file_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/connector/file"
	"github.com/headrace/headrace/internal/fault"
)

// big are records of about 10 kB.
func big(from, to int) []connector.Record {
	records := connectortest.Records(from, to)
	for i := range records {
		records[i].Body = fmt.Appendf(nil, `{"id":"k%d","text":"%s"}`, from+i, strings.Repeat("x", 10_000))
	}
	return records
}

// said checks an error in a helper process.
func said(err error, class fault.Class, code string) error {
	if e, ok := fault.As(err); !ok || e.Class != class || e.Code != code || e.Hint == "" {
		return fmt.Errorf("error is %w, of class %v; want class %v, code %s and a hint", err, fault.ClassOf(err), class, code)
	}
	return nil
}

// fill writes batches until one fails, and gives what was written before, and the error.
func fill(dst connector.Destination) (after connector.Receipt, n int, err error) {
	for n = 0; n < 1000; n += 5 {
		res, err := dst.Write(context.Background(), connector.Batch{After: after, Records: big(n, n+5)})
		if err != nil {
			return after, n, err
		}
		after = res.Receipt
	}
	return after, n, errors.New("nothing ever failed")
}

// holdsExactly compares out.ndjson with the first n records.
func holdsExactly(dir string, n int) error {
	text, err := os.ReadFile(filepath.Join(dir, "out.ndjson"))
	if err == nil && string(text) != lines(big(0, n)...) {
		err = fmt.Errorf("the file holds %d bytes that are not the first %d records", len(text), n)
	}
	return err
}

func openBare(dir string) (connector.Destination, error) {
	var t testing.T
	return file.Spec().Destination.Open(config(dir), connectortest.Env(&t))
}

// refill shows that a write that failed left the files as they were, and works once the trouble is over.
func refill(dst connector.Destination, dir string, after connector.Receipt, n int, over func() error) error {
	if err := holdsExactly(dir, n); err != nil {
		return err
	}
	if err := over(); err != nil {
		return err
	}
	if _, err := dst.Write(context.Background(), connector.Batch{After: after, Records: big(n, n+5)}); err != nil {
		return fmt.Errorf("after the trouble is over: %w", err)
	}
	return holdsExactly(dir, n+5)
}

// run plays a helper in a process of its own.
func run(t *testing.T, helper, dir string, prepare func(*exec.Cmd)) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FILE_TEST_HELPER="+helper, "FILE_TEST_DIR="+dir)
	if prepare != nil {
		prepare(cmd)
	}
	var text strings.Builder
	cmd.Stderr = &text
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		t.Errorf("%v: %s", err, text.String())
	case err != nil:
		t.Skipf("this machine does not let us: %v", err)
	}
}

func TestSomethingInTheWay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(dir string) error
		code    string
		class   fault.Class
	}{
		"the folder is a file": {func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, "not_a_folder", fault.Denied},
		"a folder below is a file": {func(dir string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "Audit.Test"), nil, 0o600))
		}, "not_a_folder", fault.Denied},
		"the file is a folder": {func(dir string) error { return os.MkdirAll(filepath.Join(dir, "Audit.Test", "out.ndjson"), 0o700) }, "not_a_file", fault.Denied},
		"the file is a loop of links": {func(dir string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.Symlink("Audit.Test", filepath.Join(dir, "Audit.Test")))
		}, "link_loop", fault.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "out")
			if err := c.prepare(dir); err != nil {
				t.Fatal(err)
			}
			cfg := config(dir)
			cfg.Name = "{stream}/out.ndjson"
			dst := open(t, cfg)
			_, err := dst.Write(context.Background(), connector.Batch{Records: connectortest.Records(0, 1)})
			refused(t, err, c.class, c.code, dir)
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			write(t, dst, nil, connectortest.Records(0, 1)...)
			if got := tree(t, dir)["Audit.Test/out.ndjson"]; got != lines(connectortest.Records(0, 1)...) {
				t.Errorf("afterwards the file holds %q", got)
			}
		})
	}
}

// What other programs do to files between two batches must lose nothing of what comes.
func TestOthersTouchTheFiles(t *testing.T) {
	t.Parallel()
	one, two := lines(connectortest.Records(0, 3)...), lines(connectortest.Records(3, 6)...)
	for name, c := range map[string]struct {
		touch func(name string) error
		want  map[string]string
	}{
		"removed":             {os.Remove, map[string]string{"out.ndjson": two}},
		"moved away":          {func(f string) error { return os.Rename(f, f+".1") }, map[string]string{"out.ndjson": two, "out.ndjson.1": one}},
		"moved and made anew": {func(f string) error { return errors.Join(os.Rename(f, f+".1"), os.WriteFile(f, nil, 0o600)) }, map[string]string{"out.ndjson": two, "out.ndjson.1": one}},
		"cut to nothing":      {func(f string) error { return os.Truncate(f, 0) }, map[string]string{"out.ndjson": two}},
		"cut within a line":   {func(f string) error { return os.Truncate(f, 5) }, map[string]string{"out.ndjson": one[:5], "out.1.ndjson": two}},
		"a line added":        {func(f string) error { return appendText(f, "{}\n") }, map[string]string{"out.ndjson": one + "{}\n" + two}},
		"half a line added":   {func(f string) error { return appendText(f, "{") }, map[string]string{"out.ndjson": one + "{", "out.1.ndjson": two}},
	} {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, opened again %v", name, again), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				dst := open(t, config(dir))
				after := write(t, dst, nil, connectortest.Records(0, 3)...)
				if err := c.touch(filepath.Join(dir, "out.ndjson")); err != nil {
					t.Fatal(err)
				}
				if again {
					_ = dst.Close()
					dst = open(t, config(dir))
				}
				write(t, dst, after, connectortest.Records(3, 6)...)
				if got := tree(t, dir); !equal(got, c.want) {
					t.Errorf("the files are %q, want %q", got, c.want)
				}
			})
		}
	}
}

func appendText(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// A batch that was not committed and that others touched is taken back only as far as that is certain.
func TestUndoingWhatOthersTouched(t *testing.T) {
	t.Parallel()
	one := lines(connectortest.Records(0, 3)...)
	for name, c := range map[string]struct {
		touch func(name string) error
		code  string
		want  map[string]string
	}{
		"larger than it was written": {func(f string) error { return appendText(f, "{}\n") }, "file_changed", map[string]string{"out.ndjson": lines(connectortest.Records(0, 6)...) + "{}\n"}},
		"removed":                    {os.Remove, "", map[string]string{}},
		"cut below what stood there": {func(f string) error { return os.Truncate(f, 4) }, "", map[string]string{"out.ndjson": one[:4]}},
		"cut within the batch":       {func(f string) error { return os.Truncate(f, int64(len(one)+4)) }, "", map[string]string{"out.ndjson": one}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			dst := open(t, config(dir))
			after := write(t, dst, nil, connectortest.Records(0, 3)...)
			write(t, dst, after, connectortest.Records(3, 6)...)
			if err := c.touch(filepath.Join(dir, "out.ndjson")); err != nil {
				t.Fatal(err)
			}
			_, err := dst.Write(context.Background(), connector.Batch{After: after})
			if c.code != "" {
				refused(t, err, fault.Denied, c.code, dir)
			} else if err != nil {
				t.Error(err)
			}
			if got := tree(t, dir); !equal(got, c.want) {
				t.Errorf("the files are %q, want %q", got, c.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct {
		ok   bool
		text string
	}{
		dir:                                {true, "is there"},
		filepath.Join(dir, "new", "below"): {true, "will be made"},
		filepath.Join(dir, "file"):         {false, "not a folder"},
		filepath.Join(dir, "file", "x"):    {false, "where a folder should be"},
		"":                                 {false, "is missing"},
	} {
		checks := file.Spec().Destination.Check(context.Background(), config(path), connectortest.Env(t))
		ok, text := true, ""
		for _, c := range checks {
			if text += c.Text + "\n"; !c.Result.OK() && c.Name != "Space" {
				ok = false
				if c.Fix == "" && path != "" {
					t.Errorf("%s: %s says no remedy", path, c.Name)
				}
			}
		}
		if ok != want.ok || !strings.Contains(text, want.text) || want.ok && len(checks) != 4 {
			t.Errorf("%q: ok is %v: %s; want %v, %q", path, ok, text, want.ok, want.text)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the check left something behind: %v", entries)
	}
}
