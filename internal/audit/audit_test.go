package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
	"github.com/headrace/headrace/internal/vault"
)

// open opens a log with a real vault.
func open(t testing.TB, d *storetest.Database, out *strings.Builder) (*audit.Log, *store.Store) {
	t.Helper()
	s := d.Open(t)
	v, err := vault.Open(t.Context(), vault.Options{Keysets: s, MasterKey: secret.New("base64key://c21hbGwgYnV0IDMyIGJ5dGVzIGxvbmcgYXMga2V5ISE="), AllowCreate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	log := slog.New(slog.DiscardHandler)
	if out != nil {
		log = slog.New(slog.NewTextHandler(out, nil))
	}
	return audit.New(audit.Options{Store: s, Vault: v, Keep: 30 * 24 * time.Hour, Log: log}), s
}

func TestWhatIsRecordedStays(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		var out strings.Builder
		l, _ := open(t, d, &out)
		ctx := account.With(t.Context(), account.Identity{Kind: account.User, ID: "usr_1", Name: "ada", From: "192.0.2.1"})
		if err := l.Record(ctx, audit.Entry{Operation: "source.edit", Object: audit.Object{Kind: "source", Name: "contoso", ID: "src_1"}, RequestID: "r1",
			Before: json.RawMessage(`{"lag":"15m"}`), After: json.RawMessage(`{"lag":"20m"}`)}); err != nil {
			t.Fatal(err)
		}
		if err := l.Record(t.Context(), audit.Entry{Operation: "flow.run", Result: audit.Result(&fault.Error{Class: fault.Conflict, Code: "flow_busy"})}); err != nil {
			t.Fatal(err)
		}
		again, _ := open(t, d, nil) // another process, with the key that the first one made
		v, err := again.Verify(t.Context())
		if err != nil || v.Entries != 2 || v.Last != 2 || v.Hash == "" {
			t.Fatalf("%+v, %v", v, err)
		}
		all, err := again.List(t.Context(), audit.Filter{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := json.Marshal(all)
		want := `[{"id":2,"at":"2026-11-22T12:00:00Z","who":{"kind":""},"operation":"flow.run","result":"flow_busy","times":1},` +
			`{"id":1,"at":"2026-11-22T12:00:00Z","who":{"kind":"user","id":"usr_1","name":"ada"},"operation":"source.edit","object":{"kind":"source","name":"contoso","id":"src_1"},"from":"192.0.2.1","result":"ok","times":1,"before":{"lag":"15m"},"after":{"lag":"20m"},"request_id":"r1"}]`
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if !strings.Contains(out.String(), "op=source.edit") || !strings.Contains(out.String(), "ada") {
			t.Errorf("the log has no copy: %s", out.String())
		}
	})
}

// Who has the database and not the master key can't make entries that verify.
func TestAnotherKeyDoesNotVerify(t *testing.T) {
	t.Parallel()
	d := storetest.SQLite(t)
	l, s := open(t, d, nil)
	if err := l.Record(t.Context(), audit.Entry{Operation: "x.y"}); err != nil {
		t.Fatal(err)
	}
	sealed, err := s.SealedSecret(t.Context(), audit.KeyOwner)
	if err != nil || len(sealed.Sealed) < 32 {
		t.Fatal(err)
	}
	forged := audit.New(audit.Options{Store: s, Vault: forger{}})
	if _, err := forged.Verify(t.Context()); err == nil {
		t.Error("it verifies with a key that was made up")
	}
}

type forger struct{}

func (forger) Seal(context.Context, secret.Text, string) ([]byte, error) {
	return nil, errors.New("no")
}

func (forger) Open(context.Context, []byte, string) (secret.Text, error) {
	return secret.New("bWFkZSB1cA=="), nil
}

func TestNoSecretGetsIn(t *testing.T) {
	t.Parallel()
	l, _ := open(t, storetest.SQLite(t), nil)
	const planted = "pl4nted-S3cret~value"
	for name, c := range map[string]struct{ in, want string }{
		"a field of a tell-tale name": {`{"clientSecret":"` + planted + `","name":"n"}`, `{"clientSecret":"[hidden]","name":"n"}`},
		"a list":                      {`{"tokens":["` + planted + `"]}`, `{"tokens":["[hidden]"]}`},
		"a reference stays":           {`{"clientSecret":{"ref":"env:CONTOSO"}}`, `{"clientSecret":{"ref":"env:CONTOSO"}}`},
		"no reference":                {`{"clientSecret":{"ref":"` + planted + `"}}`, `{"clientSecret":{"ref":"[hidden]"}}`},
		"in a text":                   {`{"note":"Authorization: Bearer ` + planted + `"}`, `{"note":"Authorization: Bearer [hidden]"}`},
		"in a URL":                    {`{"url":"https://u:` + planted + `@h/"}`, `{"url":"https://u:[hidden]@h/"}`},
		"a flag is none":              {`{"has_password":true,"n":12345678901234567890}`, `{"has_password":true,"n":12345678901234567890}`},
		"no JSON":                     {`{"a":`, `{"left_out":"5 bytes"}`},
		"too large":                   {`"` + strings.Repeat("x", 100_000) + `"`, `{"left_out":"100002 bytes"}`},
		"nothing":                     {`null`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			if err := l.Record(t.Context(), audit.Entry{Operation: "x.y", After: json.RawMessage(c.in)}); err != nil {
				t.Fatal(err)
			}
			all, err := l.List(t.Context(), audit.Filter{}, 1)
			if err != nil || string(all[0].After) != c.want {
				t.Errorf("got %s, %v", all[0].After, err)
			}
		})
	}
}

func TestOddTextsAreKeptInOneLine(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		l, _ := open(t, d, nil)
		if err := l.Record(t.Context(), audit.Entry{Operation: "x.y", Object: audit.Object{Name: "a\x00b\nc\xffd" + strings.Repeat("é", 600)}, After: json.RawMessage(`{"a":"\u0000b"}`)}); err != nil {
			t.Fatal(err)
		}
		all, err := l.List(t.Context(), audit.Filter{}, 1)
		if err != nil || !strings.HasPrefix(all[0].Object.Name, "abcdé") || len(all[0].Object.Name) > 520 || string(all[0].After) != `{"a":"b"}` {
			t.Errorf("%+v, %v", all, err)
		}
		if _, err := l.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestExportGoesThroughAll(t *testing.T) {
	t.Parallel()
	l, _ := open(t, storetest.SQLite(t), nil)
	const n = 1201
	for i := range n {
		l.Count("credential.use", audit.Object{Kind: "credential", Name: fmt.Sprint(i)}, false)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Run(ctx); err != nil { // ends at once, and writes the sums
		t.Fatal(err)
	}
	last := int64(0)
	if err := l.Export(t.Context(), audit.Filter{Operation: "credential"}, func(e audit.Entry) error {
		if e.ID != last+1 {
			t.Errorf("%d after %d", e.ID, last)
		}
		last = e.ID
		return nil
	}); err != nil || last != n {
		t.Errorf("%d of %d, %v", last, n, err)
	}
	full := errors.New("the disk is full")
	if err := l.Export(t.Context(), audit.Filter{}, func(audit.Entry) error { return full }); !errors.Is(err, full) {
		t.Error(err)
	}
}

func TestUseIsSummedUpEachHour(t *testing.T) {
	t.Parallel()
	d := storetest.SQLite(t)
	l, s := open(t, d, nil)
	object := audit.Object{Kind: "credential", Name: "contoso", ID: "cr_1"}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		for i := range 100 {
			l.Count("credential.use", object, i%10 == 0)
		}
		timer := time.NewTimer(61 * time.Minute)
		<-timer.C
		l.Count("credential.use", object, false)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	all, err := s.Audit(t.Context(), audit.Filter{Object: "cr_1"}, 10)
	if err != nil || len(all) != 2 || all[1].Times != 100 || all[0].Times != 1 || all[1].Who.Kind != audit.System || !strings.Contains(string(all[1].After), `"failed":10`) {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestOldEntriesGo(t *testing.T) {
	t.Parallel()
	d := storetest.SQLite(t)
	l, _ := open(t, d, nil)
	for range 3 {
		if err := l.Record(t.Context(), audit.Entry{Operation: "x.y"}); err != nil {
			t.Fatal(err)
		}
		d.Clock.Add(20 * 24 * time.Hour)
	}
	n, err := l.Trim(t.Context())
	if err != nil || n != 2 {
		t.Errorf("%d went, %v", n, err)
	}
	if v, err := l.Verify(t.Context()); err != nil || v.First != 3 || v.Entries != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}
