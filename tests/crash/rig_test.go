// Package crash kills the real program, again and again, and looks for what was lost or came twice.
//
// The program is the one that HEADRACE_BINARY names, else one built from this tree. HEADRACE_CRASH_SEED repeats the
// instants of an earlier run, HEADRACE_CRASH_KILLS sets how often each variant is killed.
package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/m365sim"
)

// binary is the program under test.
var binary string

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	if binary = os.Getenv("HEADRACE_BINARY"); binary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "headrace-crash-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "headrace")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "github.com/headrace/headrace/cmd/headrace")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// number reads an environment variable.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%q is not a number", name, text)
	}
	return n
}

// tenant is a simulated tenant that is being served.
type tenant struct {
	m365sim.TenantInfo
	sim *m365sim.Simulator
	ca  string // file
}

// serve plays a scenario until the test ends.
func serve(t *testing.T, scenario m365sim.Scenario, events string) *tenant {
	t.Helper()
	sim, err := m365sim.Open(m365sim.Options{Scenario: &scenario})
	if err != nil {
		t.Fatal(err)
	}
	if events != "" {
		f, err := os.Open(events)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() }) // the simulator reads it again, blob by blob
		if _, err := sim.LoadEvents("", f); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := sim.Listen(ctx, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- sim.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the simulator ended with %v", err)
		}
	})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := sim.WriteCA(ca); err != nil {
		t.Fatal(err)
	}
	return &tenant{TenantInfo: sim.Tenants()[0], sim: sim, ca: ca}
}

// process is one run of the program.
type process struct {
	cmd    *exec.Cmd
	stderr *output
	ended  chan error
}

// output may be read while it is written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

const secretVariable = "HEADRACE_CRASH_SECRET"

// start starts the program with the tenant's secret in its environment.
func start(t *testing.T, secret, input string, args ...string) *process {
	t.Helper()
	return startIn(t, "", secret, input, args...)
}

// startIn starts it in a folder; "": in this one.
func startIn(t *testing.T, dir, secret, input string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, args...), stderr: &output{}, ended: make(chan error, 1)}
	p.cmd.Dir = dir
	p.cmd.Env = []string{"HEADRACE_LISTEN=off", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), secretVariable + "=" + secret}
	p.cmd.Stderr, p.cmd.Stdout = p.stderr, p.stderr
	p.cmd.Stdin = bytes.NewBufferString(input)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// killAfter lets the process run for d and kills it, as the kernel or a power cut would.
func (p *process) killAfter(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case err := <-p.ended:
		t.Fatalf("the program ended by itself (%v):\n%s", err, p.stderr)
	case <-time.After(d):
	}
	p.kill(t)
}

func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.ended
}

// wait waits for the end and gives the exit code.
func (p *process) wait(t *testing.T, most time.Duration) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(most):
		t.Fatalf("%v has not ended within %s:\n%s", p.cmd.Args[1:], most, p.stderr)
	}
	return p.cmd.ProcessState.ExitCode()
}
