package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/telemetry"
)

func TestProblemsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	cases := map[string]error{
		"all of a fault": fmt.Errorf("list: %w", &fault.Error{Class: fault.Denied, Code: "secret_wrong", Title: "Entra rejected the client secret", Hint: "Rotate.",
			Upstream: &fault.Upstream{Service: "entra", Status: 401, Code: "AADSTS7000215", RequestID: "r"}, RetryAt: at, Err: errors.New("cause")}),
		"problems": fault.Problems{{Field: "a", Line: 3, Text: "b"}, {Text: "c"}}.Err(),
		"plain":    errors.New("something"),
		"canceled": context.Canceled,
		"no title": fault.New(fault.NotFound, "nothing here").WithCode("x"),
	}
	for name, err := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, jsonErr := json.Marshal(ProblemOf(err, "id"))
			if jsonErr != nil {
				t.Fatal(jsonErr)
			}
			var p Problem
			if jsonErr := json.Unmarshal(raw, &p); jsonErr != nil {
				t.Fatal(jsonErr)
			}
			back := p.Err()
			if fault.ClassOf(back) != fault.ClassOf(err) || fault.HintOf(back) != fault.HintOf(err) || !fault.RetryAt(back).Equal(fault.RetryAt(err)) {
				t.Errorf("class, hint or time changed: %+v", back)
			}
			var before, after fault.Problems
			if errors.As(err, &before) != errors.As(back, &after) || before.Error() != after.Error() {
				t.Errorf("problems changed: %v", after)
			}
			if p.Status < 400 || p.Title == "" || p.Code == "" {
				t.Errorf("incomplete: %s", raw)
			}
		})
	}
}

func TestASecretTravelsOnlyInItsField(t *testing.T) {
	t.Parallel()
	const planted = "pl4nted~secret"
	in := NewCredential{Draft: Draft{Name: "n"}, Secret: Secret(secret.New(planted))}
	if text := fmt.Sprintf("%v %+v %#v", in, in, in); strings.Contains(text, planted) {
		t.Errorf("formatting shows it: %s", text)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var back NewCredential
	if err := json.Unmarshal(raw, &back); err != nil || back.Secret.Reveal() != planted {
		t.Errorf("it does not arrive: %v", err)
	}
}

func TestSocket(t *testing.T) {
	t.Parallel()
	short, err := os.MkdirTemp("", "hr") //nolint:usetesting // t.TempDir is too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	long := filepath.Join(short, strings.Repeat("long/", 30))
	if err := os.MkdirAll(long, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{short, long} {
		t.Run(fmt.Sprint(len(dir)), func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			if _, running, err := Dial(ctx, dir); running || err != nil {
				t.Fatalf("nobody serves, but: %v, %v", running, err)
			}
			first, err := Listen(ctx, dir)
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(filepath.Join(dir, SocketName)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			if _, err := Listen(ctx, dir); fault.ClassOf(err) != fault.Conflict {
				t.Errorf("a second server: %v", err)
			}
			_ = first.Close() // the socket stays, as after kill -9
			if _, running, err := Dial(ctx, dir); running || err != nil {
				t.Errorf("a stale socket: %v, %v", running, err)
			}
			serveAndAsk(t, dir)
		})
	}
}

func serveAndAsk(t *testing.T, dir string) {
	t.Helper()
	again, err := Listen(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	log := telemetry.Logger(telemetry.Options{Out: new(strings.Builder)})
	services := &Services{About: About{Version: "v", Serving: true}}
	go func() { ended <- Serve(ctx, again, Owner(Handler(services, log)), log) }()
	conn, running, err := Dial(ctx, dir)
	if err != nil || !running {
		t.Fatalf("the server does not answer: %v, %v", running, err)
	}
	about, err := Call(ctx, conn, AboutServer, None{})
	if err != nil || about != services.About {
		t.Errorf("got %+v, %v", about, err)
	}
	if err := conn.call(ctx, routeOf("GET /nonsense", reflect.TypeFor[None]()), None{}, new(None)); fault.ClassOf(err) != fault.NotFound {
		t.Errorf("an unknown operation: %v", err)
	}
	_ = conn.Close()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("serve ended with %v", err)
	}
}

func TestOperationsHaveNamesAndSummaries(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range All() {
		info, r := e.Info(), e.route()
		if info.Name == "" || info.Summary == "" || seen[info.Name] || seen[r.method+r.path] {
			t.Errorf("operation %q has no summary or is there twice", info.Name)
		}
		seen[info.Name], seen[r.method+r.path] = true, true
		if err := r.check(); err != nil {
			t.Errorf("%s: %v", info.Name, err)
		}
	}
}
