package account_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store/storetest"
)

func TestTheFirstAccountNeedsTheCode(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		setUp := func(code string) (account.SignedIn, error) {
			return w.s.SetUp(t.Context(), code, account.Draft{Name: " Root ", Role: account.Viewer, Password: secret.New(pass)}, account.Visit{Address: "192.0.2.1"})
		}
		old, needed, err := w.s.SetupCode(t.Context())
		w.ok(err)
		if !needed || len(old) != 23 {
			t.Fatalf("code %q, %v", old, needed)
		}
		w.ok(w.store.ReportNode(t.Context(), "n", 1))
		code, _, err := w.s.SetupCode(t.Context())
		w.ok(err)
		_, err = setUp(old)
		w.code(err, "setup_code_wrong")
		_, err = w.s.SetUp(t.Context(), code, account.Draft{Name: "<b>", Password: secret.New("short")}, account.Visit{})
		w.problem(err, "name")
		w.problem(err, "password")
		in, err := setUp(" " + strings.ToUpper(strings.ReplaceAll(code, "-", " ")) + "\n") // a draft with problems did not use it up
		w.ok(err)
		if in.Account.Name != "root" || in.Account.Role != "admin" {
			t.Errorf("made %+v", in.Account)
		}
		if who, err := w.s.Session(t.Context(), in.Token, ""); err != nil || who.Role != account.Admin || who.Kind != account.User {
			t.Errorf("signed in as %+v, %v", who, err)
		}
		_, err = setUp(code)
		w.code(err, "set_up_already")
		if code, needed, err := w.s.SetupCode(t.Context()); err != nil || needed || code != "" {
			t.Errorf("a second code: %v, %v", needed, err)
		}
	})
}

func TestSetupCodesCantBeTried(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		_, _, err := w.s.SetupCode(t.Context())
		w.ok(err)
		for n := range 12 {
			_, err := w.s.SetUp(t.Context(), fmt.Sprintf("00000-00000-00000-%05d", n), account.Draft{Name: "root", Password: secret.New(pass)}, account.Visit{Address: "192.0.2.1"})
			want := "setup_code_wrong"
			if n > 10 {
				want = "too_many_attempts"
			}
			w.code(err, want)
		}
	})
}

func TestSigningIn(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.user("root", account.Admin)
		w.user("ada", account.Operator)
		in, err := w.signIn(" ADA ", pass, "192.0.2.1")
		w.ok(err)
		who, err := w.s.Session(t.Context(), in.Token, "192.0.2.2")
		w.ok(err)
		if who.Name != "ada" || who.Role != account.Operator || who.From != "192.0.2.2" || who.Session != in.Session.UID {
			t.Errorf("signed in as %+v", who)
		}
		if in.CSRF != account.CSRF(in.Token) || in.CSRF == in.Token.Reveal() || len(in.CSRF) < 40 {
			t.Error("the CSRF token does not follow from the cookie")
		}
		again, err := w.signIn("ada", pass, "192.0.2.1")
		w.ok(err)
		if again.Token.Reveal() == in.Token.Reveal() {
			t.Error("the cookie is the same after signing in again")
		}
		_, unknown := w.signIn("nobody", pass, "192.0.2.1")
		_, wrong := w.signIn("ada", pass+"!", "192.0.2.1")
		disabled := true
		_, _, err = w.s.Edit(w.local(), "ada", account.Edit{Disabled: &disabled})
		w.ok(err)
		_, off := w.signIn("ada", pass, "192.0.2.3")
		w.code(unknown, "sign_in_wrong")
		if fmt.Sprintf("%#v", unknown) != fmt.Sprintf("%#v", wrong) || fmt.Sprintf("%#v", unknown) != fmt.Sprintf("%#v", off) {
			t.Errorf("the answers differ: %v, %v, %v", unknown, wrong, off)
		}
		_, err = w.s.Session(t.Context(), in.Token, "")
		w.code(err, "session_over")
		_, err = w.s.Session(t.Context(), secret.Text{}, "")
		w.code(err, "not_signed_in")
	})
}

// The password of an unknown name is hashed too, and one that is too long: each takes the memory, and so the time, of a real hash. (Times
// themselves can't be compared while other tests run.) It is not parallel, so that the memory is its own.
func TestAnUnknownNameTakesAsLong(t *testing.T) {
	const memory = 32 << 10
	w := newWorld(t, storetest.SQLite(t), func(o *account.Options) { o.Cost = account.Cost{Memory: memory, Time: 1, Threads: 1} })
	w.user("root", account.Admin)
	address := 0
	for what, try := range map[string][2]string{"a wrong password": {"root", "wrong password"}, "an unknown name": {"nobody", "wrong password"}, "too long": {"root", strings.Repeat("long ", 1000)}} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		address++
		_, err := w.signIn(try[0], try[1], fmt.Sprintf("192.0.2.%d", address))
		w.code(err, "sign_in_wrong")
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 10; took < memory || took > 2*memory {
			t.Errorf("%s took %d KiB, a hash takes %d", what, took, memory)
		}
	}
}

func TestGuessersAreSlowedDownAndNobodyIsLockedOut(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.user("root", account.Admin)
		_, err := w.signIn("root", pass, "192.0.2.10") // the person's own place
		w.ok(err)
		for range 6 {
			_, err := w.signIn("root", "a wrong guess", "198.51.100.1")
			w.code(err, "sign_in_wrong")
		}
		_, err = w.signIn("root", pass, "198.51.100.1") // even the right one has to wait
		w.code(err, "too_many_attempts")
		if until := fault.RetryAt(err); until.Sub(w.clock.Now()) != time.Second {
			t.Errorf("again at %s, now %s", until, w.clock.Now())
		}
		w.clock.Add(time.Second)
		_, err = w.signIn("root", pass, "198.51.100.1")
		w.ok(err)
		slowed := false
		for n := range 60 { // from everywhere
			_, err := w.signIn("root", "a wrong guess", fmt.Sprintf("203.0.113.%d", n))
			if e, _ := fault.As(err); e.Code == "too_many_attempts" {
				slowed = true
				if until := fault.RetryAt(err); until.Sub(w.clock.Now()) > 30*time.Second {
					t.Fatalf("the account is closed until %s", until)
				}
			}
		}
		if !slowed {
			t.Error("60 addresses guess as fast as they like")
		}
		_, err = w.signIn("root", pass, "192.0.2.10")
		w.ok(err)
	})
}

func TestAnAddressThatTriesManyNames(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.user("root", account.Admin)
		tries := 0
		for n := range 40 { // another host of the same IPv6 network each time
			_, err := w.signIn(fmt.Sprint("name", n), pass, fmt.Sprintf("2001:db8:1:2::%x", n+1))
			if e, _ := fault.As(err); e.Code == "sign_in_wrong" {
				tries++
			}
		}
		if tries != 31 {
			t.Errorf("%d tries passed, want 31", tries)
		}
		_, err := w.signIn("root", pass, "2001:db8:1:3::1")
		w.ok(err)
	})
}

// A flood of sign-ins waits in a queue: hashing takes the memory of two at once.
func TestAFloodOfSignInsIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), func(o *account.Options) { o.Cost = account.DefaultCost })
	w.user("root", account.Admin)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		seen = map[string]int{}
		peak uint64
	)
	ctx, cancel := context.WithCancel(t.Context())
	for n := range 300 {
		wg.Go(func() {
			_, err := w.s.SignIn(ctx, "root", secret.New("a wrong guess"), account.Visit{Address: fmt.Sprintf("198.51.%d.%d", n/250, n%250)})
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			mu.Lock()
			defer mu.Unlock()
			peak = max(peak, m.HeapInuse)
			if e, ok := fault.As(err); ok {
				seen[e.Code]++
			}
			if seen["sign_in_wrong"] >= 4 {
				cancel() // the rest would take long under the race detector
			}
		})
	}
	wg.Wait()
	cancel()
	if seen["sign_in_busy"]+seen["too_many_attempts"] == 0 {
		t.Errorf("nobody was sent away: %v", seen)
	}
	if peak > 300<<20 {
		t.Errorf("the heap grew to %d MiB", peak>>20)
	}
}

func TestPasswordsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), nil)
	w.user("root", account.Admin)
	for name, password := range map[string]string{
		"empty": "", "eleven characters": "a1b2c3d4e5f", "eleven of several bytes": "äöüßéèêçñøå", "one again and again": strings.Repeat("a", 40), "the name and digits": "adalovelace1", "the name twice": "AdaLovelaceAdaLovelace",
		"a common one": "password1234", "another": "QwertzQwertz1", "too long": strings.Repeat("long words ", 30), "with a line break": "correct horse\nbattery", "no text": "correct horse\xff battery",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.s.Create(w.local(), account.Draft{Name: "adalovelace", Role: account.Viewer, Password: secret.New(password)})
			w.problem(err, "password")
			if password != "" && strings.Contains(err.Error(), password) {
				t.Error("the error has the password in it")
			}
		})
	}
	for name, password := range map[string]string{"a sentence": pass, "emoji": "🐎🔋🧷🪡🧵🧶🪢🎩👒🎓🧢🪖", "right to left": "סוללה נכונה של סוס", "blanks around": "  correct horse  ", "twelve": "k7Qm2xWz9tLp"} {
		t.Run(name, func(t *testing.T) {
			if _, err := w.s.Create(w.local(), account.Draft{Name: strings.ReplaceAll(name, " ", "-"), Role: account.Viewer, Password: secret.New(password)}); err != nil {
				t.Fatal(err)
			}
			_, err := w.signIn(strings.ReplaceAll(name, " ", "-"), password, "192.0.2.1")
			w.ok(err)
		})
	}
}

func TestOneAccentInTwoWays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), nil)
	_, err := w.s.Create(w.local(), account.Draft{Name: "root", Role: account.Admin, Password: secret.New("caf\u00e9 au lait sucr\u00e9")})
	w.ok(err)
	_, err = w.signIn("root", "cafe\u0301 au lait sucre\u0301", "192.0.2.1")
	w.ok(err)
}

func TestAHashOfOldCostIsMadeAnew(t *testing.T) {
	t.Parallel()
	d := storetest.Postgres(t)
	old := newWorld(t, d, nil)
	old.user("root", account.Admin)
	w := newWorld(t, d, func(o *account.Options) { o.Cost = account.Cost{Memory: 128, Time: 2, Threads: 1} })
	for range 2 {
		_, err := w.signIn("root", pass, "192.0.2.1")
		w.ok(err)
	}
	a, err := w.store.Account(t.Context(), "root")
	w.ok(err)
	if !strings.Contains(a.Password, "$m=128,t=2,p=1$") {
		t.Error("the hash is the old one")
	}
	_, err = w.signIn("root", pass+".", "192.0.2.1")
	w.code(err, "sign_in_wrong")
}

func TestSignInsAreInTheAuditLog(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.user("root", account.Admin)
		_, _ = w.signIn("root", "a wrong guess", "198.51.100.1")
		_, _ = w.signIn("my-Passw0rd-typed-as-name", pass, "198.51.100.1")
		_, _ = w.signIn("root", pass, "192.0.2.1")
		all, err := w.audit.List(t.Context(), audit.Filter{Operation: "session.begin"}, 10)
		w.ok(err)
		var got []string
		for _, e := range all {
			got = append(got, fmt.Sprintf("%s %s %s %s", e.Who.Name, e.Object.Name, e.From, e.Result))
		}
		want := "root root 192.0.2.1 ok; (unknown) 198.51.100.1 sign_in_wrong; root 198.51.100.1 sign_in_wrong"
		if strings.Join(strings.Fields(strings.Join(got, "; ")), " ") != want {
			t.Errorf("got %q", strings.Join(got, "; "))
		}
	})
}
