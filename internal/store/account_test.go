package store_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

func (w *world) account(name, role string) store.Account {
	w.t.Helper()
	a, err := w.s.CreateAccount(w.ctx(), store.Account{Name: name, Display: "The " + name, Email: name + "@contoso.com", Role: role, Password: "h"})
	w.ok(err)
	return a
}

func (w *world) code(err error, want string) {
	w.t.Helper()
	if e, ok := fault.As(err); !ok || e.Code != want {
		w.t.Errorf("got %v, want code %s", err, want)
	}
}

func TestAccountsAreFoundByPartsOfWhatNamesThem(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		for _, name := range []string{"carol", "alice", "bob"} {
			w.account(name, "viewer")
		}
		for part, want := range map[string]string{"": "alice bob carol", "o": "alice bob carol", "ali": "alice", "the b": "bob", "%": "", "carol@": "carol"} {
			all, err := w.s.Accounts(w.ctx(), part, "", 10)
			w.ok(err)
			var names string
			for _, a := range all {
				names += " " + a.Name
			}
			if names != "" {
				names = names[1:]
			}
			if names != want {
				t.Errorf("part %q: %q, want %q", part, names, want)
			}
		}
		page, err := w.s.Accounts(w.ctx(), "", "alice", 1)
		w.ok(err)
		if len(page) != 1 || page[0].Name != "bob" {
			t.Errorf("the page after alice is %v", page)
		}
		_, err = w.s.CreateAccount(w.ctx(), store.Account{Name: "bob", Role: "viewer"})
		w.code(err, "name_taken")
	})
}

func TestTheLastAdminStays(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		a := w.account("a", "admin")
		for what, change := range map[string]func() error{
			"demoted":  func() error { x := a; x.Role = "operator"; _, err := w.s.UpdateAccount(w.ctx(), x, false); return err },
			"disabled": func() error { x := a; x.Disabled = true; _, err := w.s.UpdateAccount(w.ctx(), x, false); return err },
			"removed":  func() error { return w.s.DeleteAccount(w.ctx(), a) },
		} {
			if e, ok := fault.As(change()); !ok || e.Code != "last_admin" || e.Class != fault.Conflict {
				t.Errorf("%s: %v", what, e)
			}
		}
		b := w.account("b", "admin")
		w.ok(w.s.DeleteAccount(w.ctx(), a))
		w.code(w.s.DeleteAccount(w.ctx(), b), "last_admin")
		b.Display = "Bea"
		_, err := w.s.UpdateAccount(w.ctx(), b, false)
		w.ok(err)
		_, err = w.s.UpdateAccount(w.ctx(), b, false)
		w.code(err, "stale_revision")
	})
}

// Two admins who take each other's role at the same moment must not both succeed.
func TestAdminsWhoDemoteEachOther(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		for round := range 8 {
			a, b := w.account(fmt.Sprint("a", round), "admin"), w.account(fmt.Sprint("b", round), "admin")
			a.Role, b.Role = "viewer", "viewer"
			all, err := w.s.Accounts(w.ctx(), "", "", 100)
			w.ok(err)
			for _, old := range all { // of the round before
				if old.Role == "admin" && old.ID != a.ID && old.ID != b.ID {
					w.ok(w.s.DeleteAccount(w.ctx(), old))
				}
			}
			var (
				wg   sync.WaitGroup
				errs [2]error
			)
			for i, x := range []store.Account{a, b} {
				wg.Go(func() { _, errs[i] = w.s.UpdateAccount(w.ctx(), x, false) })
			}
			wg.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("round %d: %v and %v", round, errs[0], errs[1])
			}
		}
	})
}

func TestASessionEndsByItself(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		const idle = 12 * time.Hour
		a := w.account("a", "admin")
		hash := []byte("hash of a token")
		se, err := w.s.CreateSession(w.ctx(), hash, store.Session{Account: a, Method: "password", Address: "192.0.2.1", Agent: "browser", Expires: w.clock.Now().Add(7 * 24 * time.Hour)})
		w.ok(err)
		valid := func() bool {
			t.Helper()
			got, ok, err := w.s.SessionOf(w.ctx(), hash, idle)
			w.ok(err)
			if ok && (got.UID != se.UID || got.Account.Name != "a" || got.Account.Role != "admin") {
				t.Errorf("got %+v", got)
			}
			return ok
		}
		for range 14 { // used every 12 hours less a minute
			w.clock.Add(idle - time.Minute)
			if !valid() {
				t.Fatalf("the session ended at %s though it was used", w.clock.Now())
			}
			w.ok(w.s.TouchSession(w.ctx(), se.UID, "192.0.2.2", time.Minute))
		}
		w.clock.Add(15 * time.Minute)
		if valid() {
			t.Error("it outlives its seven days")
		}
		se, err = w.s.CreateSession(w.ctx(), []byte("another"), store.Session{Account: a, Expires: w.clock.Now().Add(7 * 24 * time.Hour)})
		w.ok(err)
		hash = []byte("another")
		w.clock.Add(idle)
		if valid() {
			t.Error("it was not used for 12 hours and is still valid")
		}
		if all, err := w.s.Sessions(w.ctx(), a.ID, idle); err != nil || len(all) != 0 {
			t.Errorf("%v, %v", all, err)
		}
	})
}

func TestWhatEndsSessions(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		a, b := w.account("a", "admin"), w.account("b", "admin")
		open := func(n int) (uid string) {
			t.Helper()
			se, err := w.s.CreateSession(w.ctx(), fmt.Append(nil, "s", n), store.Session{Account: a, Expires: w.clock.Now().Add(time.Hour)})
			w.ok(err)
			w.clock.Add(time.Second)
			return se.UID
		}
		count := func(want int) {
			t.Helper()
			all, err := w.s.Sessions(w.ctx(), a.ID, time.Hour)
			w.ok(err)
			if len(all) != want {
				t.Errorf("%d sessions, want %d", len(all), want)
			}
		}
		first, second := open(1), open(2)
		w.code(w.s.EndSession(w.ctx(), b.ID, first), "session_not_found") // another's
		count(2)
		w.ok(w.s.EndSession(w.ctx(), a.ID, first))
		count(1)
		open(3)
		w.ok(w.s.EndSessions(w.ctx(), a.ID, second))
		count(1)
		a, err := w.s.UpdateAccount(w.ctx(), a, true)
		w.ok(err)
		count(0)
		for n := range 60 {
			open(10 + n)
		}
		count(50)
		a.Disabled = true
		a, err = w.s.UpdateAccount(w.ctx(), a, false)
		w.ok(err)
		if _, ok, _ := w.s.SessionOf(w.ctx(), []byte("s69"), time.Hour); ok {
			t.Error("a disabled account has a valid session")
		}
		_, err = w.s.CreateSession(w.ctx(), []byte("x"), store.Session{Account: a, Expires: w.clock.Now().Add(time.Hour)})
		w.code(err, "user_not_found")
		w.clock.Add(2 * time.Hour)
		_, err = w.s.Sweep(w.ctx(), store.DefaultRetention())
		w.ok(err)
		count(0)
	})
}

func TestTokensGoWithTheirOwner(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		w.account("root", "admin")
		a := w.account("a", "operator")
		mine, err := w.s.CreateToken(w.ctx(), []byte("1"), store.Token{AccountID: a.ID, Name: "ci", Role: "operator", Scopes: []string{"flow:read"}, Expires: w.clock.Now().Add(time.Hour)})
		w.ok(err)
		_, err = w.s.CreateToken(w.ctx(), []byte("2"), store.Token{AccountID: a.ID, Name: "ci", Role: "viewer"})
		w.code(err, "name_taken")
		_, err = w.s.CreateToken(w.ctx(), []byte("3"), store.Token{Name: "ci", Role: "admin"}) // nobody's: a name of its own
		w.ok(err)
		b, ok, err := w.s.BearerOf(w.ctx(), []byte("1"))
		w.ok(err)
		if !ok || b.UID != mine.UID || b.OwnerUID != a.UID || b.OwnerRole != "operator" || b.Owner != "a" || len(b.Scopes) != 1 {
			t.Errorf("got %+v", b)
		}
		if nobodys, ok, err := w.s.BearerOf(w.ctx(), []byte("3")); err != nil || !ok || nobodys.OwnerUID != "" || !nobodys.Expires.IsZero() {
			t.Errorf("got %+v, %v", nobodys, err)
		}
		w.ok(w.s.TouchToken(w.ctx(), mine.UID, "192.0.2.9", time.Minute))
		w.clock.Add(time.Second)
		w.ok(w.s.TouchToken(w.ctx(), mine.UID, "192.0.2.10", time.Minute)) // within the minute: not written
		all, err := w.s.Tokens(w.ctx(), a.ID, "c", 0, 10)
		w.ok(err)
		if len(all) != 1 || all[0].UsedFrom != "192.0.2.9" || !all[0].Used.Equal(w.clock.Now().Add(-time.Second)) {
			t.Errorf("got %+v", all)
		}
		if every, err := w.s.Tokens(w.ctx(), -1, "", 0, 1); err != nil || len(every) != 1 || every[0].Owner != "" {
			t.Errorf("the first page of all: %+v, %v", every, err)
		}
		a.Disabled = true
		a, err = w.s.UpdateAccount(w.ctx(), a, false)
		w.ok(err)
		if _, ok, _ := w.s.BearerOf(w.ctx(), []byte("1")); ok {
			t.Error("the token of a disabled account is valid")
		}
		w.ok(w.s.DeleteAccount(w.ctx(), a))
		w.code(w.s.DeleteToken(w.ctx(), mine.UID), "token_not_found")
	})
}

func TestOneCodeMakesOneFirstAccount(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		put := func(code string) bool {
			t.Helper()
			needed, err := w.s.PutSetupCode(w.ctx(), "n1", []byte(code))
			w.ok(err)
			return needed
		}
		first := func(code string) error {
			_, err := w.s.CreateFirstAccount(w.ctx(), []byte(code), store.Account{Name: "root", Role: "admin"}, []byte("token "+code), store.Session{Method: "setup", Expires: w.clock.Now().Add(time.Hour)})
			return err
		}
		w.ok(w.s.ReportNode(w.ctx(), "n1", 1))
		put("old")
		if !put("new") {
			t.Fatal("no code is needed, they say")
		}
		w.code(first("old"), "setup_code_wrong")
		w.code(first(""), "setup_code_wrong")
		w.ok(first("new"))
		if _, ok, err := w.s.SessionOf(w.ctx(), []byte("token new"), time.Hour); err != nil || !ok {
			t.Errorf("the first account has no session: %v", err)
		}
		w.code(first("new"), "set_up_already")
		if put("later") {
			t.Error("a code is needed though there is an account")
		}
	})
}

func TestACodeOfAnyNode(t *testing.T) {
	t.Parallel()
	d := storetest.Postgres(t)
	w := newWorld(t, d)
	for _, node := range []string{"n1", "n2"} {
		w.ok(w.s.ReportNode(w.ctx(), node, 1))
		_, err := w.s.PutSetupCode(w.ctx(), node, []byte(node))
		w.ok(err)
	}
	other := d.Open(t)
	if _, err := other.CreateFirstAccount(w.ctx(), []byte("n1"), store.Account{Name: "root", Role: "admin"}, []byte("t"), store.Session{Expires: w.clock.Now().Add(time.Hour)}); err != nil {
		t.Errorf("the code of the first node at the second: %v", err)
	}
}

func TestTriesGetRarer(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		hard := store.AttemptLimit{Key: "pair", Free: 3, Most: time.Minute}
		soft := store.AttemptLimit{Key: "name", Free: 0, Most: time.Minute, Soft: true}
		try := func(trusted string, limits ...store.AttemptLimit) time.Duration {
			t.Helper()
			until, err := w.s.BeginAttempt(w.ctx(), trusted, limits...)
			w.ok(err)
			if until.IsZero() {
				return 0
			}
			return until.Sub(w.clock.Now())
		}
		twice := func(trusted string, l store.AttemptLimit) (waits bool) {
			first := try(trusted, l)
			return first != 0 || try(trusted, l) != 0
		}
		for n := range 4 {
			if wait := try("", hard); wait != 0 {
				t.Fatalf("try %d waits %s", n, wait)
			}
		}
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			if got := try("", hard); got != want*time.Second {
				t.Fatalf("waits %s, want %d s", got, want)
			}
			w.clock.Add(want * time.Second)
			if got := try("", hard); got != 0 {
				t.Fatalf("after the wait it waits %s", got)
			}
		}
		w.clock.Add(2 * time.Hour)
		if twice("", hard) {
			t.Error("failures of long ago count")
		}
		if try("", soft) != 0 || try("", soft) == 0 {
			t.Error("the soft limit does not hold for strangers")
		}
		w.ok(w.s.ForgiveAttempt(w.ctx(), "friend", []string{"pair"}, []string{"name"}))
		if twice("friend", soft) {
			t.Error("the soft limit holds for a place that is known")
		}
		if try("stranger", soft) != 0 || try("stranger", soft) == 0 {
			t.Error("a place that is not known passes")
		}
		w.clock.Add(25 * time.Hour)
		_, err := w.s.Sweep(w.ctx(), store.DefaultRetention())
		w.ok(err)
		if twice("friend", soft) {
			t.Error("a day later the place is no longer known")
		}
	})
}

// What is counted before a try is made can't be outrun by many tries at once.
func TestManyTriesAtOnce(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		var (
			wg     sync.WaitGroup
			mu     sync.Mutex
			passed int
		)
		for range 30 {
			wg.Go(func() {
				until, err := w.s.BeginAttempt(w.ctx(), "", store.AttemptLimit{Key: "k", Free: 5, Most: time.Minute}, store.AttemptLimit{Key: "l", Free: 100, Most: time.Minute})
				if err != nil {
					t.Error(err)
				}
				if until.IsZero() {
					mu.Lock()
					passed++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if passed != 6 {
			t.Errorf("%d of 30 passed, want 6", passed)
		}
	})
}

// A data folder of the version before there were accounts opens, and keeps what it has.
func TestAFolderWithoutAccountsIsRaised(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w, db := newWorld(t, d), raw(t, d)
		for _, q := range []string{`DROP TABLE account`, `DROP TABLE account_session`, `DROP TABLE account_token`, `DROP TABLE account_setup`, `DROP TABLE account_attempt`,
			`DROP TABLE audit`, `DROP TABLE audit_head`, `DROP TABLE discarded`, `DROP INDEX split_hour`, `ALTER TABLE run DROP COLUMN begun_by`,
			`DROP TABLE dataset`, `DROP TABLE dataset_sample`, `DROP TABLE dataset_change`, `CREATE TABLE sampled (id BIGINT)`, `CREATE TABLE field (id BIGINT)`,
			`DROP TABLE seen_recent`, `DROP TABLE home`, `DROP INDEX lane_home`, `ALTER TABLE lane DROP COLUMN home`, `ALTER TABLE lane DROP COLUMN moved`, `ALTER TABLE hold DROP COLUMN home`,
			`DROP TABLE sighting`, `ALTER TABLE delivery DROP COLUMN pass`, `ALTER TABLE delivery DROP COLUMN since`, `DROP INDEX inventory_doubt`, `CREATE INDEX inventory_split ON inventory (split_id)`,
			`ALTER TABLE run DROP COLUMN unseen`, `DROP INDEX delivery_trouble`, `CREATE INDEX delivery_trouble ON delivery (flow_id, state) WHERE state IN (2, 4)`, `DROP TABLE letter_count`, `DROP INDEX coverage_hour`, `DROP INDEX dead_letter_stream`, `DROP INDEX dead_letter_stage`, `DROP INDEX delivery_discarded`, `DROP INDEX request_tenant`, `ALTER TABLE request DROP COLUMN tenant`,
			`DELETE FROM headrace_schema WHERE version_id >= 4`} {
			if _, err := db.ExecContext(w.ctx(), q); err != nil {
				t.Fatal(err)
			}
		}
		w.s = d.Open(t)
		w.account("a", "admin")
		if _, err := w.s.Object(w.ctx(), store.Source, "audit"); err != nil {
			t.Errorf("what was there is gone: %v", err)
		}
	})
}

func TestBytesOfSessionsStayApart(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		a := w.account("a", "admin")
		one, two := bytes.Repeat([]byte{0}, 32), append(bytes.Repeat([]byte{0}, 31), 1)
		for _, hash := range [][]byte{one, two} {
			_, err := w.s.CreateSession(w.ctx(), hash, store.Session{Account: a, Expires: w.clock.Now().Add(time.Hour)})
			w.ok(err)
		}
		x, _, err := w.s.SessionOf(w.ctx(), one, time.Hour)
		w.ok(err)
		y, _, err := w.s.SessionOf(w.ctx(), two, time.Hour)
		w.ok(err)
		if x.UID == y.UID || x.UID == "" {
			t.Errorf("%s and %s", x.UID, y.UID)
		}
	})
}
