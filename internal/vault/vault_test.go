package vault_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/vault"
	"github.com/headrace/headrace/internal/vault/hashicorp/hashicorptest"
	"github.com/headrace/headrace/internal/vault/vaulttest"
)

const (
	planted = "Zx8Q~planted-secret-value"
	row     = "credential/cr_1/client_secret"
)

func open(t testing.TB, store vault.KeysetStore, master secret.Text) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), vault.Options{Keysets: store, MasterKey: master, AllowCreate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func seal(t testing.TB, v *vault.Vault, text string) []byte {
	t.Helper()
	sealed, err := v.Seal(t.Context(), secret.New(text), row)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// opens checks that sealed bytes open to text.
func opens(t testing.TB, v *vault.Vault, sealed []byte, text string) {
	t.Helper()
	if got, err := v.Open(t.Context(), sealed, row); err != nil || got.Reveal() != text {
		t.Errorf("opened to %q, %v; want %q", got.Reveal(), err, text)
	}
}

// refused checks class, code, and words of the text and the hint.
func refused(t testing.TB, err error, class fault.Class, code string, words ...string) {
	t.Helper()
	e, ok := fault.As(err)
	if !ok || e.Class != class || e.Code != code {
		t.Errorf("got %v (%s), want %s %s", err, fault.ClassOf(err), class, code)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error()+"\n"+e.Hint, w) {
			t.Errorf("%q is missing in: %v\nhint: %s", w, err, e.Hint)
		}
	}
	if strings.Contains(err.Error()+e.Hint, planted) {
		t.Errorf("a secret is in the error: %v", err)
	}
}

func file(path string) secret.Text { return secret.New("file://" + path) }

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	store := &vaulttest.Memory{}
	v := open(t, store, vaulttest.Key("a"))
	sealed := seal(t, v, planted)
	if bytes.Contains(sealed, []byte(planted)) {
		t.Error("the secret stands in the sealed bytes")
	}
	if bytes.Equal(sealed, seal(t, v, planted)) {
		t.Error("the same secret was sealed twice to the same bytes")
	}
	opens(t, v, sealed, planted)
	opens(t, open(t, store, vaulttest.Key("a")), sealed, planted) // after a restart
	if v.Stale(sealed) {
		t.Error("what was sealed just now is not stale")
	}
}

func TestWhatDoesNotOpen(t *testing.T) {
	t.Parallel()
	v := open(t, &vaulttest.Memory{}, vaulttest.Key("a"))
	sealed := seal(t, v, planted)
	change := func(i int) []byte {
		c := bytes.Clone(sealed)
		c[i] ^= 1
		return c
	}
	for name, c := range map[string]struct {
		sealed []byte
		row    string
		want   string
	}{
		"moved to another row": {sealed, "credential/cr_2/client_secret", "sealed for something else"},
		"of another vault":     {seal(t, open(t, &vaulttest.Memory{}, vaulttest.Key("a")), planted), row, "and the keyset has"},
		"changed at its end":   {change(len(sealed) - 1), row, "is damaged"},
		"changed in its key":   {change(3), row, "and the keyset has"},
		"of another format":    {change(0), row, "format 0 is not known"},
		"of no Tink":           {change(1), row, "is damaged"},
		"cut":                  {sealed[:20], row, "is damaged"},
		"empty":                {nil, row, "0 bytes are no sealed secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := v.Open(t.Context(), c.sealed, c.row)
			refused(t, err, fault.Denied, "secret_sealed", c.want, c.row, "Enter the secret again")
			if !got.Empty() {
				t.Error("and yet it gave something")
			}
		})
	}
}

func TestNothingOrNowhereIsNotSealed(t *testing.T) {
	t.Parallel()
	v := open(t, &vaulttest.Memory{}, vaulttest.Key("a"))
	if _, err := v.Seal(t.Context(), secret.New(planted), ""); fault.ClassOf(err) != fault.Internal || err == nil {
		t.Errorf("sealed for nothing: %v", err)
	}
	if _, err := v.Seal(t.Context(), secret.Text{}, row); fault.ClassOf(err) != fault.Internal || err == nil {
		t.Errorf("sealed no secret: %v", err)
	}
}

func TestAWrongMasterKeyNamesBoth(t *testing.T) {
	t.Parallel()
	store := &vaulttest.Memory{}
	path := filepath.Join(t.TempDir(), "h.key")
	right := open(t, store, file(path)).Master()
	_, err := vault.Open(t.Context(), vault.Options{Keysets: store, MasterKey: vaulttest.Key("b"), AllowCreate: true})
	other := open(t, &vaulttest.Memory{}, vaulttest.Key("b")).Master()
	refused(t, err, fault.Invalid, "wrong_master_key", right.ID, other.ID, right.At)
	if right.ID == other.ID || !strings.HasPrefix(right.ID, "key-") || right.At != "file://"+path {
		t.Errorf("master keys %+v and %+v", right, other)
	}
	if strings.Contains(other.At, "Yk") { // base64 of b…
		t.Errorf("%s shows the key", other.At)
	}
}

func TestDamagedKeysets(t *testing.T) {
	t.Parallel()
	good := &vaulttest.Memory{}
	open(t, good, vaulttest.Key("a"))
	var parts map[string]any
	if err := json.Unmarshal(good.Wrapped, &parts); err != nil {
		t.Fatal(err)
	}
	with := func(name string, value any) []byte {
		c := map[string]any{name: value}
		for n, v := range parts {
			if n != name {
				c[n] = v
			}
		}
		b, _ := json.Marshal(c)
		return b
	}
	for name, c := range map[string]struct {
		blob []byte
		meta string
		code string
	}{
		"no JSON":              {[]byte("x"), good.Meta, "keyset_damaged"},
		"nothing":              {nil, good.Meta, "keyset_damaged"},
		"unknown part":         {with("more", 1), good.Meta, "keyset_damaged"},
		"no data keys":         {with("data", ""), good.Meta, "keyset_damaged"},
		"other data keys":      {with("data", "AAAA"), good.Meta, "keyset_damaged"},
		"other hash key":       {with("hash", "AAAA"), good.Meta, "keyset_damaged"},
		"parts swapped":        {with("hash", parts["data"]), good.Meta, "keyset_damaged"},
		"no master key's name": {good.Wrapped, "{}", "keyset_damaged"},
		"a newer version":      {[]byte(`{"version":2,"all":"different"}`), good.Meta, "keyset_newer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &vaulttest.Memory{Wrapped: c.blob, Meta: c.meta, Revision: 1}
			_, err := vault.Open(t.Context(), vault.Options{Keysets: store, MasterKey: vaulttest.Key("a"), AllowCreate: true})
			refused(t, err, fault.Invalid, c.code)
			if store.Revision != 1 {
				t.Error("the stored keyset was overwritten")
			}
		})
	}
	broken := errors.New("disk full")
	if _, err := vault.Open(t.Context(), vault.Options{Keysets: &vaulttest.Memory{Err: broken}, MasterKey: vaulttest.Key("a"), AllowCreate: true}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the store's error", err)
	}
}

func TestHashiCorpVault(t *testing.T) {
	t.Parallel()
	server, store := hashicorptest.Start(t), &vaulttest.Memory{}
	options := vault.Options{Keysets: store, MasterKey: secret.New("hashivault://headrace"), AllowCreate: true, Getenv: server.Getenv, Timeout: 2 * time.Second}
	v, err := vault.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if v.KeyFile() != "" || v.Master().ID != "transit/headrace" || !strings.Contains(v.Master().At, server.URL) {
		t.Errorf("master %+v", v.Master())
	}
	sealed := seal(t, v, planted)
	reopened, err := vault.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	opens(t, reopened, sealed, planted)

	other := options
	other.MasterKey = secret.New("hashivault://other")
	_, err = vault.Open(t.Context(), other)
	refused(t, err, fault.Invalid, "wrong_master_key", "transit/headrace", "transit/other")

	set := func(fn func()) { server.Lock(); fn(); server.Unlock() }
	set(func() { server.Sealed = true })
	_, err = vault.Open(t.Context(), options)
	refused(t, err, fault.Unavailable, "vault_refused", "Vault is sealed", "unseal")
	opens(t, v, sealed, planted) // what runs goes on
	set(func() { server.Sealed, server.Denied = false, true })
	_, err = vault.Open(t.Context(), options)
	refused(t, err, fault.Denied, "vault_refused", "permission denied", "policy")
	set(func() { server.Denied, server.Hangs = false, true })
	began := time.Now()
	_, err = vault.Open(t.Context(), options)
	refused(t, err, fault.Unavailable, "vault_unreachable", "no answer within 2s")
	if waited := time.Since(began); waited > 10*time.Second {
		t.Errorf("waited %s", waited)
	}
	set(func() { server.Hangs = false })
	server.Forget("headrace")
	_, err = vault.Open(t.Context(), options)
	refused(t, err, fault.Denied, "vault_refused", "deleted and made again")
	if store.Revision != 1 {
		t.Error("the keyset was overwritten")
	}
}

// TestNothingShowsASecret formats and logs everything that holds one.
func TestNothingShowsASecret(t *testing.T) {
	t.Parallel()
	store := &vaulttest.Memory{}
	key := vaulttest.Key("k")
	o := vault.Options{Keysets: store, MasterKey: key, AllowCreate: true}
	v, err := vault.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	sealed := seal(t, v, planted)
	text, err := v.Open(t.Context(), sealed, row)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	for _, thing := range []any{o, &o, text, &text, v.Master(), store, sealed, v.DataKeys()} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X"} {
			fmt.Fprintf(&out, verb+"\n", thing)
		}
		b, _ := json.Marshal(thing)
		out.Write(b)
		log.Info("m", "v", thing)
	}
	fmt.Fprintf(&out, "%v %+v %#v", v, v, v)
	raw := strings.TrimPrefix(key.Reveal(), "base64key://")
	for _, hunted := range []string{planted, fmt.Sprintf("%x", planted), raw, strings.TrimRight(raw, "="), strings.Repeat("k", 32), fmt.Sprintf("%x", strings.Repeat("k", 32)), strings.TrimSpace(strings.Repeat("107 ", 8))} {
		if strings.Contains(out.String(), hunted) {
			t.Errorf("%q came out", hunted)
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	store := &vaulttest.Memory{}
	v := open(t, store, vaulttest.Key("a"))
	print := func(v *vault.Vault, text string) string {
		f, err := v.Fingerprint(secret.New(text))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	was := print(v, planted)
	if len(was) != 4 || was == print(v, planted+"2") || print(v, "") != "" {
		t.Errorf("fingerprints %q, %q, %q", was, print(v, planted+"2"), print(v, ""))
	}
	if _, err := rotate(t, v); err != nil {
		t.Fatal(err)
	}
	if err := v.RotateMaster(t.Context(), vaulttest.Key("b")); err != nil {
		t.Fatal(err)
	}
	if now := print(open(t, store, vaulttest.Key("b")), planted); now != was {
		t.Errorf("after rotations the fingerprint is %s, was %s", now, was)
	}
	if other := print(open(t, &vaulttest.Memory{}, vaulttest.Key("a")), planted); other == was {
		t.Error("another vault has the same fingerprint; the hash is not keyed")
	}
}

func FuzzOpenSealed(f *testing.F) {
	store := &vaulttest.Memory{}
	v := open(f, store, vaulttest.Key("a"))
	good := seal(f, v, planted)
	f.Add(good)
	f.Add(good[:10])
	f.Add([]byte{1, 1, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		got, err := v.Open(context.Background(), sealed, row)
		if err == nil && !bytes.Equal(sealed, good) {
			t.Errorf("%x opened to %d bytes", sealed, len(got.Reveal()))
		}
		if err != nil && fault.ClassOf(err) != fault.Denied {
			t.Errorf("%x: %v, want Denied", sealed, err)
		}
	})
}

func FuzzStoredKeyset(f *testing.F) {
	store := &vaulttest.Memory{}
	open(f, store, vaulttest.Key("a"))
	f.Add(store.Wrapped, store.Meta)
	f.Add([]byte(`{"version":1,"data":"AA==","hash":"AA=="}`), `{"key":"key-00000000"}`)
	f.Fuzz(func(t *testing.T, blob []byte, meta string) {
		_, err := vault.Open(context.Background(), vault.Options{Keysets: &vaulttest.Memory{Wrapped: blob, Meta: meta, Revision: 1}, MasterKey: vaulttest.Key("a"), AllowCreate: true})
		if err != nil && fault.ClassOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want Invalid", blob, err)
		}
	})
}
