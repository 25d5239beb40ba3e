package account_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// cheap hashes keep tests quick; what they are worth is tested once with the real ones.
var cheap = account.Cost{Memory: 64, Time: 1, Threads: 1}

const (
	pass  = "correct horse battery staple"
	pass2 = "a lamp of tin beside the canal"
)

// A world is a service on a fresh database, with all that was logged.
type world struct {
	t     testing.TB
	d     *storetest.Database
	s     *account.Service
	store *store.Store
	audit *audit.Log
	clock *storetest.Clock
	log   *lines
}

// lines is a log that can be read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// plain seals nothing; what a vault does is tested there.
type plain struct{}

func (plain) Seal(_ context.Context, text secret.Text, _ string) ([]byte, error) {
	return []byte(text.Reveal()), nil
}

func (plain) Open(_ context.Context, sealed []byte, _ string) (secret.Text, error) {
	return secret.New(string(sealed)), nil
}

func newWorld(t testing.TB, d *storetest.Database, change func(*account.Options)) *world {
	t.Helper()
	w := &world{t: t, d: d, store: d.Open(t), clock: d.Clock, log: &lines{}}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.audit = audit.New(audit.Options{Store: w.store, Vault: plain{}, Log: log})
	o := account.Options{Store: w.store, Audit: w.audit, Node: "n", Log: log, Cost: cheap}
	if change != nil {
		change(&o)
	}
	w.s = account.New(o)
	return w
}

// worlds runs a test on each database.
func worlds(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) { test(t, newWorld(t, d, nil)) })
}

func (w *world) local() context.Context {
	return account.With(w.t.Context(), account.LocalAdmin("root"))
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) code(err error, want string) {
	w.t.Helper()
	if e, ok := fault.As(err); !ok || e.Code != want {
		w.t.Errorf("got %v, want code %s", err, want)
	}
}

// user makes an account; the first one must be an admin.
func (w *world) user(name string, role account.Role) account.Account {
	w.t.Helper()
	a, err := w.s.Create(w.local(), account.Draft{Name: name, Role: role, Password: secret.New(pass)})
	w.ok(err)
	return a
}

func (w *world) signIn(name, password, address string) (account.SignedIn, error) {
	return w.s.SignIn(w.t.Context(), name, secret.New(password), account.Visit{Address: address, Agent: "browser"})
}

// as gives a context in which a person is signed in.
func (w *world) as(name string) context.Context {
	w.t.Helper()
	in, err := w.signIn(name, pass, "192.0.2.77")
	w.ok(err)
	return w.session(in)
}

func (w *world) session(in account.SignedIn) context.Context {
	w.t.Helper()
	who, err := w.s.Session(w.t.Context(), in.Token, "192.0.2.77")
	w.ok(err)
	return account.With(w.t.Context(), who)
}

// problem tells whether an error names a field.
func (w *world) problem(err error, field string) {
	w.t.Helper()
	if err == nil || fault.ClassOf(err) != fault.Invalid || !strings.Contains(err.Error(), field+": ") {
		w.t.Errorf("got %v, want a problem with %s", err, field)
	}
}

const hour = time.Hour
