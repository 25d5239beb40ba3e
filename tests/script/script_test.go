// Package script drives the program as a person does, by the scripts in testdata. Each has its own folder, with a
// simulated tenant where it asks for one. Beside testscript's own commands there are:
//
//	hr CODE ARGS…        headrace ARGS must end with the exit code CODE; its output is kept for hunt
//	simulate [FILE]      a simulated tenant; sets TENANT CLIENT LOGIN MANAGEMENT GRAPH and writes ca.pem, secret.txt
//	grant ROLE…          the simulated app has these roles from now on
//	serve ARGS…          headrace serve ARGS, until it answers; halt ends it by SIGTERM and wants exit code 0
//	door                 sets SERVER to the address that the server listens on, for serve --listen
//	hunt FILE…           the texts in the files may stand in no output, no other file of the script, no process list
//	count N PATTERN      all lines of the files that match the pattern are N
//	place FILE OUT       writes the file with the script's folder for PLACE, and the tenant's values for $NAMES
//	$SOON                a day twelve days from now
//	add NAME             saves a credential for the simulated tenant
//	try NAME CLIENT TENANT SECRET   saves a credential that does not pass its test: exit code 6
package script

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/cli"
	"github.com/headrace/headrace/internal/m365sim"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"headrace": func() { os.Exit(cli.Main(cli.Process())) }})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Values["state"] = &state{}
			env.Setenv("HEADRACE_DATA", os.Getenv("HEADRACE_DATA"))
			env.Setenv("HEADRACE_DATA_DIR", "data")
			env.Setenv("HEADRACE_LISTEN", "off")
			env.Setenv("SOON", time.Now().AddDate(0, 0, 12).Format(time.DateOnly))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"hr": hr, "simulate": simulate, "grant": grant, "serve": serve, "halt": halt, "hunt": hunt, "count": count, "add": add, "try": try, "place": place, "door": door,
		},
		Condition: func(cond string) (bool, error) {
			if cond == "data" {
				return os.Getenv("HEADRACE_DATA") != "", nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

// state is what a script's commands share.
type state struct {
	sim    *m365sim.Simulator
	server *exec.Cmd
	log    *os.File

	mu      sync.Mutex
	outputs strings.Builder
}

func of(ts *testscript.TestScript) *state { return ts.Value("state").(*state) }

func hr(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: hr CODE ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("headrace", args[1:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	s := of(ts)
	s.mu.Lock()
	fmt.Fprintf(&s.outputs, "%s\n%s%s", strings.Join(args, " "), ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	s.mu.Unlock()
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func simulate(ts *testscript.TestScript, _ bool, args []string) {
	scenario := m365sim.DefaultScenario()
	scenario.Content.Events = 2000
	scenario.Limits.RequestsPerMinute = 0
	if len(args) > 0 {
		var err error
		scenario, err = m365sim.ParseScenario([]byte(ts.ReadFile(args[0])))
		ts.Check(err)
	}
	sim, err := m365sim.Open(m365sim.Options{Scenario: &scenario})
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	ts.Check(sim.Listen(ctx, "127.0.0.1:0"))
	done := make(chan error, 1)
	go func() { done <- sim.Serve(ctx) }()
	ts.Defer(func() { cancel(); <-done })
	tenant := sim.Tenants()[0]
	for name, value := range map[string]string{"TENANT": tenant.ID, "CLIENT": tenant.ClientID, "LOGIN": sim.LoginURL(), "MANAGEMENT": sim.ManagementURL(), "GRAPH": sim.GraphURL()} {
		ts.Setenv(name, value)
	}
	ts.Check(sim.WriteCA(ts.MkAbs("ca.pem")))
	ts.Check(os.WriteFile(ts.MkAbs("secret.txt"), []byte(tenant.ClientSecret+"\n"), 0o600))
	for _, app := range tenant.Apps {
		if app.Name == "connector" {
			ts.Setenv("CONNECTOR", app.ClientID)
			ts.Check(os.WriteFile(ts.MkAbs("connector.txt"), []byte(app.Secrets[0].Value+"\n"), 0o600))
		}
	}
	of(ts).sim = sim
}

func grant(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(of(ts).sim.SetRoles("contoso", ts.Getenv("CLIENT"), args...))
}

func add(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(ts.Exec("headrace", "credential", "add", args[0], "--type", "office-365-management-api", "--no-test", "--client-id", ts.Getenv("CLIENT"), "--tenant-id", ts.Getenv("TENANT"), "--cloud", "custom",
		"--endpoint-login", ts.Getenv("LOGIN"), "--endpoint-management", ts.Getenv("MANAGEMENT"), "--endpoint-graph", ts.Getenv("GRAPH"), "--endpoint-ca", ts.MkAbs("ca.pem"), "--client-secret-file", ts.MkAbs("secret.txt")))
}

func try(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs("try.txt")
	ts.Check(os.WriteFile(file, []byte(args[3]), 0o600))
	hr(ts, false, []string{"6", "credential", "add", args[0], "--type", "office-365-management-api", "--client-id", args[1], "--tenant-id", args[2], "--cloud", "custom",
		"--endpoint-login", ts.Getenv("LOGIN"), "--endpoint-management", ts.Getenv("MANAGEMENT"), "--endpoint-ca", ts.MkAbs("ca.pem"), "--client-secret-file", file})
}

func serve(ts *testscript.TestScript, _ bool, args []string) {
	s := of(ts)
	log, err := os.Create(ts.MkAbs("serve.log"))
	ts.Check(err)
	path, err := exec.LookPath(filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], "headrace"))
	ts.Check(err)
	cmd := exec.Command(path, append([]string{"serve", "-vv"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), log, log
	cmd.Env = append(os.Environ(), "HEADRACE_LISTEN=off", "HEADRACE_DATA_DIR="+ts.Getenv("HEADRACE_DATA_DIR"), "SECRET_IN_ENV="+ts.Getenv("SECRET_IN_ENV"))
	ts.Check(cmd.Start())
	s.server, s.log = cmd, log
	ts.Defer(func() {
		if s.server != nil {
			_ = s.server.Process.Kill()
			_ = s.server.Wait()
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, running, err := api.Dial(ctx, ts.MkAbs(ts.Getenv("HEADRACE_DATA_DIR"))); err == nil && running {
			_ = conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			ts.Fatalf("the server does not answer:\n%s", ts.ReadFile("serve.log"))
		}
	}
}

// door finds out where the server listens.
func door(ts *testscript.TestScript, _ bool, _ []string) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); ; {
		if _, rest, found := strings.Cut(ts.ReadFile("serve.log"), ": http://"); found {
			address, _, whole := strings.Cut(rest, "\n")
			if whole {
				ts.Setenv("SERVER", "http://"+address)
				return
			}
		}
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("the server does not say where it listens:\n%s", ts.ReadFile("serve.log"))
		}
	}
}

func halt(ts *testscript.TestScript, _ bool, args []string) {
	s := of(ts)
	signal := syscall.SIGTERM
	if len(args) > 0 && args[0] == "kill" {
		signal = syscall.SIGKILL
	}
	ts.Check(s.server.Process.Signal(signal))
	err := s.server.Wait()
	s.server = nil
	_ = s.log.Close()
	if signal == syscall.SIGTERM && err != nil {
		ts.Fatalf("serve ended with %v, want exit code 0:\n%s", err, ts.ReadFile("serve.log"))
	}
}

func hunt(ts *testscript.TestScript, _ bool, args []string) {
	s := of(ts)
	own := map[string]bool{}
	var secrets []string
	for _, name := range args {
		own[ts.MkAbs(name)] = true
		secrets = append(secrets, strings.TrimSpace(ts.ReadFile(name)))
	}
	look := func(where, text string) {
		for _, secret := range secrets {
			if len(secret) < 6 {
				ts.Fatalf("%q is too short to be hunted", secret)
			}
			if strings.Contains(text, secret) {
				ts.Fatalf("a secret stands in %s", where)
			}
		}
	}
	s.mu.Lock()
	look("the output of a command", s.outputs.String())
	s.mu.Unlock()
	files := 0
	ts.Check(filepath.WalkDir(ts.MkAbs("."), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || own[path] {
			return err
		}
		raw, err := os.ReadFile(path)
		look(path, string(raw))
		files++
		return err
	}))
	if files == 0 {
		ts.Fatalf("there is nothing to hunt in")
	}
	lists, err := filepath.Glob("/proc/[0-9]*/cmdline")
	ts.Check(err)
	for _, path := range lists {
		if raw, err := os.ReadFile(path); err == nil {
			look(path, string(raw))
		}
	}
}

func count(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	paths, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	got := 0
	for _, path := range paths {
		got += strings.Count(ts.ReadFile(path), "\n")
	}
	if got != want {
		ts.Fatalf("%s has %d lines, want %d", args[1], got, want)
	}
}

func place(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "PLACE", ts.MkAbs("."))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(os.Expand(text, ts.Getenv)), 0o600))
}
