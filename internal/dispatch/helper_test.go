package dispatch_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/dispatch"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// A helper is a node in a process of its own, which can be killed. Its destination begins a Write and never ends it.
type helper struct {
	cmd   *exec.Cmd
	lines chan string
}

const (
	helperVariable = "HEADRACE_DISPATCH_TEST_NODE" // the database's URL: this process is a helper
	helperSource   = "a"
	helperSplits   = 30
)

func TestMain(m *testing.M) {
	if url := os.Getenv(helperVariable); url != "" {
		if err := beHelper(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// beHelper works until it is killed.
func beHelper(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // nobody is left behind
	defer cancel()
	s, err := store.Open(ctx, store.Options{URL: url})
	if err != nil {
		return err
	}
	w := newWorld()
	splits(w.add(helperSource, connectortest.SourceOptions{Interval: time.Hour}), helperSplits)
	n := &node{world: w, wrap: func(d connector.Destination) connector.Destination {
		return connectortest.OnWrite(d, func(ctx context.Context, b connector.Batch) error {
			if len(b.Records) == 0 {
				return nil
			}
			fmt.Println("writing")
			<-ctx.Done()
			return ctx.Err()
		})
	}}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	river := dispatch.NewRiver(log)
	river.Store = s
	river.Engine = engine.New(engine.Options{Store: s, Opener: n, Settings: short(), Node: "helper", Wake: river.Wake, Log: log})
	return river.Run(ctx)
}

func startHelper(t *testing.T, d *storetest.Database) *helper {
	t.Helper()
	h := &helper{cmd: exec.Command(os.Args[0]), lines: make(chan string, 100)}
	h.cmd.Env = append(os.Environ(), helperVariable+"="+d.Options.URL)
	h.cmd.Stderr = t.Output()
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(h.lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			select {
			case h.lines <- scan.Text():
			default:
			}
		}
	}()
	t.Cleanup(func() { _ = h.cmd.Process.Kill(); _ = h.cmd.Wait() })
	return h
}

// says waits for a line.
func (h *helper) says(t *testing.T, word string) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for {
		select {
		case line, ok := <-h.lines:
			if !ok {
				t.Fatalf("the helper ended before it said %q", word)
			}
			if strings.Contains(line, word) {
				return
			}
		case <-deadline.C:
			t.Fatalf("the helper has not said %q within 30 s", word)
		}
	}
}

// kill is SIGKILL.
func (h *helper) kill(t *testing.T) {
	t.Helper()
	if err := h.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = h.cmd.Wait()
}
