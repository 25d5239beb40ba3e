package hashicorp_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/vault/hashicorp"
	"github.com/headrace/headrace/internal/vault/hashicorp/hashicorptest"
	"gocloud.dev/secrets/hashivault"
)

const planted = "Zx8Q~planted-secret-value"

func client(t testing.TB, getenv func(string) string) *hashicorp.Client {
	t.Helper()
	c, err := hashicorp.New(hashicorp.Options{Getenv: getenv, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestTransitGivesBackWhatItWrapped(t *testing.T) {
	t.Parallel()
	keeper := client(t, hashicorptest.Start(t).Getenv).Keeper("transit", "headrace")
	sealed, err := keeper.Encrypt(t.Context(), []byte(planted))
	if err != nil || strings.Contains(string(sealed), planted) {
		t.Fatalf("Encrypt = %s, %v", sealed, err)
	}
	plain, err := keeper.Decrypt(t.Context(), sealed)
	if err != nil || string(plain) != planted {
		t.Errorf("Decrypt = %q, %v", plain, err)
	}
}

// TestTransitIsTheDriversFormat: what gocloud's driver sealed opens here, and the other way round.
func TestTransitIsTheDriversFormat(t *testing.T) {
	t.Parallel()
	server := hashicorptest.Start(t)
	ours := client(t, server.Getenv).Keeper("transit", "k")
	theirClient, err := hashivault.Dial(t.Context(), &hashivault.Config{Token: hashicorptest.Token, APIConfig: api.Config{Address: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	theirs := hashivault.OpenKeeper(theirClient, "k", nil)
	defer theirs.Close()
	sealed, err := theirs.Encrypt(t.Context(), []byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := ours.Decrypt(t.Context(), sealed); err != nil || string(plain) != "a" {
		t.Errorf("the driver's seal opens to %q, %v", plain, err)
	}
	if sealed, err = ours.Encrypt(t.Context(), []byte("b")); err != nil {
		t.Fatal(err)
	}
	if plain, err := theirs.Decrypt(t.Context(), sealed); err != nil || string(plain) != "b" {
		t.Errorf("our seal opens to %q, %v", plain, err)
	}
}

func TestField(t *testing.T) {
	t.Parallel()
	server := hashicorptest.Start(t)
	server.KV["teams/contoso"] = map[string]any{"client_secret": planted, "pin": 12345678901234567, "nested": map[string]any{"a": 1}}
	c := client(t, server.Getenv)
	for _, path := range []string{"secret/teams/contoso", "/secret/teams/contoso", "secret/data/teams/contoso"} {
		if got, err := c.Field(t.Context(), path, "client_secret"); err != nil || got.Reveal() != planted {
			t.Errorf("Field(%s) = %v", path, err)
		}
	}
	if got, err := c.Field(t.Context(), "secret/teams/contoso", "pin"); err != nil || got.Reveal() != "12345678901234567" {
		t.Errorf("a number is read as %q, %v", got.Reveal(), err)
	}
	for field, want := range map[string]string{"secret": "has no field secret", "nested": "neither a text nor a number"} {
		_, err := c.Field(t.Context(), "secret/teams/contoso", field)
		refused(t, err, fault.Denied, want, "")
	}
	_, err := c.Field(t.Context(), "secret/teams/contoso", "secret")
	if hint := fault.HintOf(err); hint != "It has: client_secret, nested, pin." {
		t.Errorf("hint %q, want the names of the fields", hint)
	}
	_, err = c.Field(t.Context(), "secret/nobody", "x")
	refused(t, err, fault.Denied, "read secret/nobody#x", "")
	_, err = c.Field(t.Context(), "other/nobody", "x")
	refused(t, err, fault.Denied, "has no such secret", "KV version 2")
}

// refused checks an error's class, text and hint, and that no secret is in it.
func refused(t *testing.T, err error, class fault.Class, text, hint string) {
	t.Helper()
	if err == nil || fault.ClassOf(err) != class || !strings.Contains(err.Error(), text) || !strings.Contains(fault.HintOf(err), hint) {
		t.Errorf("got %s: %v\nhint %q\nwant %s with %q and hint %q", fault.ClassOf(err), err, fault.HintOf(err), class, text, hint)
		return
	}
	if all := err.Error() + fault.HintOf(err); strings.Contains(all, planted) || strings.Contains(all, hashicorptest.Token) {
		t.Errorf("a secret is in the error: %s", all)
	}
}

func TestAVaultInTrouble(t *testing.T) {
	t.Parallel()
	page := "<html>" + strings.Repeat("blocked by the proxy ", 100) + "</html>"
	cases := map[string]struct {
		trouble func(*hashicorptest.Server)
		class   fault.Class
		text    string
		hint    string
	}{
		"sealed":                 {func(s *hashicorptest.Server) { s.Sealed = true }, fault.Unavailable, "answered 503: Vault is sealed", "vault operator unseal"},
		"denies":                 {func(s *hashicorptest.Server) { s.Denied = true }, fault.Denied, "answered 403: permission denied", "vault token lookup"},
		"hangs":                  {func(s *hashicorptest.Server) { s.Hangs = true }, fault.Unavailable, "no answer within 2s", "curl http"},
		"answers HTML":           {func(s *hashicorptest.Server) { s.Answer = page }, fault.Unavailable, "HashiCorp Vault at", "Is it running"},
		"answers something":      {func(s *hashicorptest.Server) { s.Answer = `{"data":{"plaintext":7}}` }, fault.Unavailable, "the answer has no plaintext", "transit engine"},
		"answers nothing":        {func(s *hashicorptest.Server) { s.Answer = `{}` }, fault.Unavailable, "the answer has no plaintext", ""},
		"answers no base64":      {func(s *hashicorptest.Server) { s.Answer = `{"data":{"plaintext":"%%"}}` }, fault.Unavailable, "not base64", ""},
		"has another key by now": {func(s *hashicorptest.Server) { s.Forget("k") }, fault.Denied, "answered 400: encryption key not found", "deleted and made again"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := hashicorptest.Start(t)
			keeper := client(t, server.Getenv).Keeper("transit", "k")
			sealed, err := keeper.Encrypt(t.Context(), []byte(planted))
			if err != nil {
				t.Fatal(err)
			}
			server.Lock()
			forget := name == "has another key by now"
			if !forget {
				c.trouble(server)
			}
			server.Unlock()
			if forget {
				c.trouble(server)
			}
			_, err = keeper.Decrypt(t.Context(), sealed)
			refused(t, err, c.class, c.text, c.hint)
		})
	}
}

func TestAVaultThatIsNotThere(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	c := client(t, func(name string) string {
		return map[string]string{"VAULT_ADDR": "http://" + gone.Addr().String()}[name]
	})
	_, err = c.Field(t.Context(), "secret/a", "b")
	refused(t, err, fault.Unavailable, "connection refused", "VAULT_ADDR")
}

func TestAStopEndsTheWait(t *testing.T) {
	t.Parallel()
	server := hashicorptest.Start(t)
	server.Hangs = true
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := client(t, server.Getenv).Keeper("transit", "k").Encrypt(ctx, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Encrypt = %v, want the context's end", err)
	}
}

// TestTheTokenIsReadAnew: an agent renews it in its file, and nothing is restarted.
func TestTheTokenIsReadAnew(t *testing.T) {
	t.Parallel()
	server := hashicorptest.Start(t)
	home := t.TempDir()
	for name, env := range map[string]map[string]string{
		filepath.Join(home, "token"):        {"VAULT_ADDR": server.URL, "VAULT_TOKEN_FILE": filepath.Join(home, "token")},
		filepath.Join(home, ".vault-token"): {"VAULT_SERVER_URL": server.URL, "HOME": home},
	} {
		write := func(token string) {
			if err := os.WriteFile(name, []byte(token+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		keeper := client(t, func(n string) string { return env[n] }).Keeper("transit", "k")
		write("old")
		_, err := keeper.Encrypt(t.Context(), nil)
		refused(t, err, fault.Denied, "permission denied", "")
		write(hashicorptest.Token)
		if _, err := keeper.Encrypt(t.Context(), nil); err != nil {
			t.Errorf("with the renewed token: %v", err)
		}
	}
	c := client(t, func(n string) string {
		return map[string]string{"VAULT_ADDR": server.URL, "VAULT_TOKEN_FILE": home + "/none"}[n]
	})
	_, err := c.Field(t.Context(), "secret/a", "b")
	refused(t, err, fault.Denied, "no such file", "VAULT_TOKEN_FILE")
}

func TestNoOrWrongAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"": "not set", "http://[::1": "use the address"} {
		_, err := hashicorp.New(hashicorp.Options{Getenv: func(n string) string { return map[string]string{"VAULT_ADDR": address}[n] }})
		refused(t, err, fault.Invalid, want, "VAULT_ADDR")
	}
}
