package stdout_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/connector/stdout"
	"github.com/headrace/headrace/internal/fault"
)

// TestMain lets the test binary play the process whose standard output is closed.
func TestMain(m *testing.M) {
	if os.Getenv("STDOUT_TEST_HELPER") == "1" {
		os.Exit(helper())
	}
	os.Exit(m.Run())
}

// helper writes until it is told why not, and says that on standard error.
func helper() int {
	dst, err := stdout.Spec().Destination.Open(&stdout.Config{}, connector.Env{})
	for err == nil {
		_, err = dst.Write(context.Background(), connector.Batch{Records: connectortest.Records(0, 100)})
	}
	_, again := dst.Write(context.Background(), connector.Batch{Records: connectortest.Records(0, 1)})
	e, _ := fault.As(err)
	fmt.Fprintln(os.Stderr, e.Class, e.Code, e.Hint != "", errors.Is(again, err))
	return 6
}

func TestClosedOutputIsAnErrorAndNoSignal(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STDOUT_TEST_HELPER=1")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if want := string(connectortest.Records(0, 1)[0].Body) + "\n"; err != nil || line != want {
		t.Errorf("first line is %q, %v; want %q", line, err, want)
	}
	_ = out.Close()
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 6 || said.String() != "denied stdout_closed true true\n" {
		t.Errorf("exit code %d, said %q; want 6 and a denied stdout_closed with a hint, twice the same", code, said.String())
	}
}

func open(t *testing.T, w io.Writer) connector.Destination {
	t.Helper()
	dst, err := stdout.SpecTo(w).Destination.Open(&stdout.Config{}, connectortest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return dst
}

func TestLinesAreRawOrCompactedOrRejected(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := connectortest.Records(0, 3)
	r[0].Body = []byte("{ \"a\": \"\xff\" }")
	r[1].Body = []byte("{\n\"a\" : 1.0 }")
	r[2].Body = []byte("{\n")
	res, err := open(t, &out).Write(context.Background(), connector.Batch{Records: r})
	if err != nil || res.Outcomes[0].Kind != connector.Stored || res.Outcomes[1].Kind != connector.Stored ||
		res.Outcomes[2].Kind != connector.Rejected || fault.ClassOf(res.Outcomes[2].Err) != fault.Invalid {
		t.Fatalf("outcomes %v, %v", res.Outcomes, err)
	}
	if want := "{ \"a\": \"\xff\" }\n{\"a\":1.0}\n"; out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
}

// A reader that does not read must not keep a cancelled write, and what follows must still be lines.
func TestCancelledWhileTheReaderIsSlow(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	dst := open(t, w)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	records := connectortest.Records(0, 10000) // more than a pipe takes
	first := make([]byte, 1)
	go func() {
		_, _ = r.Read(first)
		cancel()
	}()
	res, err := dst.Write(ctx, connector.Batch{Records: records})
	if err != nil || !errors.Is(res.Stopped, context.Canceled) {
		t.Fatalf("write into a full pipe: stopped %v, %v; want the cancellation", res.Stopped, err)
	}
	stored := 0
	for stored < len(records) && res.Outcomes[stored].Kind == connector.Stored {
		stored++
	}
	if stored == 0 || stored == len(records) {
		t.Fatalf("%d records stored, want some", stored)
	}

	var got []string
	var wait sync.WaitGroup
	wait.Go(func() {
		for lines := bufio.NewScanner(io.MultiReader(bytes.NewReader(first), r)); lines.Scan(); {
			got = append(got, lines.Text())
		}
	})
	if _, err := dst.Write(context.Background(), connector.Batch{Records: records[stored:]}); err != nil {
		t.Error(err)
	}
	_ = w.Close()
	wait.Wait()
	seen := map[string]int{}
	for _, line := range got {
		seen[line]++
	}
	for i, r := range records {
		n := seen[string(r.Body)]
		if n == 0 || n > 1 && i != stored {
			t.Errorf("record %d came %d times", i, n)
		}
		delete(seen, string(r.Body))
	}
	if len(seen) > 0 {
		t.Errorf("%d lines are no records", len(seen))
	}
}

func TestFlowsShareItLineByLine(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	spec := stdout.SpecTo(w)
	var writers, reader sync.WaitGroup
	broken, count := "", 0
	reader.Go(func() {
		for lines := bufio.NewScanner(r); lines.Scan(); count++ {
			if text := lines.Text(); !strings.HasPrefix(text, `{"id":"k`) || !strings.HasSuffix(text, "}") {
				broken = text
			}
		}
	})
	for range 4 {
		writers.Go(func() {
			dst, _ := spec.Destination.Open(&stdout.Config{}, connectortest.Env(t))
			for i := range 20 {
				if _, err := dst.Write(context.Background(), connector.Batch{Records: connectortest.Records(i*100, i*100+500)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	_ = w.Close()
	reader.Wait()
	if broken != "" || count != 4*20*500 {
		t.Errorf("%d lines, want %d; a broken one: %q", count, 4*20*500, broken)
	}
}

func TestFullDiskIsTriedAgain(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	defer full.Close()
	_, err = open(t, full).Write(context.Background(), connector.Batch{Records: connectortest.Records(0, 1)})
	if e, ok := fault.As(err); !ok || e.Class != fault.Unavailable || e.Code != "disk_full" || e.Hint == "" {
		t.Errorf("error is %v (%+v), want unavailable disk_full with a hint", err, e)
	}
}

func TestCheckSeesAClosedReader(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	look := func() connector.Check {
		return stdout.SpecTo(w).Destination.Check(context.Background(), &stdout.Config{}, connectortest.Env(t))[0]
	}
	if got := look(); got.Result != connector.Works {
		t.Errorf("open: %+v", got)
	}
	_ = r.Close()
	if got := look(); got.Result != connector.Refused || got.Fix == "" {
		t.Errorf("closed: %+v", got)
	}
}
