package vault_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/vault"
	"github.com/headrace/headrace/internal/vault/vaulttest"
)

func TestKeyFile(t *testing.T) {
	t.Parallel()
	store := &vaulttest.Memory{}
	dir := t.TempDir()
	path := filepath.Join(dir, "headrace-data.key")
	v := open(t, store, file(path))
	if !v.Made() || v.KeyFile() != path {
		t.Errorf("Made %v, KeyFile %q; the caller must be able to tell where the key is", v.Made(), v.KeyFile())
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key file: %v, %v, want mode 0600", info, err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), v.Master().ID) || !strings.Contains(string(text), "Keep a copy") {
		t.Errorf("the key file says %s", text)
	}
	sealed := seal(t, v, planted)

	again := open(t, store, file(path))
	if again.Made() {
		t.Error("nothing was made the second time")
	}
	opens(t, again, sealed, planted)
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, text) {
		t.Error("the key file was written again")
	}

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err = vault.Open(t.Context(), vault.Options{Keysets: store, MasterKey: file(path), AllowCreate: true})
	refused(t, err, fault.Invalid, "master_key_missing", v.Master().ID, path, "Restore that file from its backup")
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("a key file was made over existing data, or something was left behind: %v, %v", left, err)
	}

	if err := os.WriteFile(path, text, 0o600); err != nil { // restored from the backup
		t.Fatal(err)
	}
	opens(t, open(t, store, file(path)), sealed, planted)
}

func TestAKeyFileIsUsedThatIsThereAlready(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "h.key")
	made := open(t, &vaulttest.Memory{}, file(path)).Master()
	second := open(t, &vaulttest.Memory{}, file(path)) // killed between key file and keyset, or a second database
	if second.Master() != made || !second.Made() {
		t.Errorf("got %+v, made %v; want the key %+v and a new keyset", second.Master(), second.Made(), made)
	}
	bare := filepath.Join(t.TempDir(), "bare.key")
	if err := os.WriteFile(bare, []byte(strings.Repeat("a", 32)), 0o400); err != nil {
		t.Fatal(err)
	}
	if got, want := open(t, &vaulttest.Memory{}, file(bare)).Master().ID, open(t, &vaulttest.Memory{}, vaulttest.Key("a")).Master().ID; got != want {
		t.Errorf("a bare key of 32 bytes is %s, want %s", got, want)
	}
}

func TestBadKeyFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	open(t, &vaulttest.Memory{}, file(good))
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		code string
		want string
	}{
		"group can read":    {string(text), 0o640, "key_file_mode", "chmod 600 "},
		"world can read":    {string(text), 0o604, "key_file_mode", "mode 0604"},
		"empty":             {"", 0o600, "key_file", "it has 0"},
		"another text":      {planted, 0o600, "key_file", "has no line that begins with headrace-master-key:"},
		"cut":               {string(text[:len(text)-10]), 0o600, "key_file", "has a damaged key"},
		"not base64":        {"headrace-master-key:" + planted, 0o600, "key_file", "has a damaged key"},
		"a key of 31 bytes": {strings.Repeat("a", 31), 0o600, "key_file", "it has 31"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
			if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := vault.Open(t.Context(), vault.Options{Keysets: &vaulttest.Memory{}, MasterKey: file(path), AllowCreate: true})
			refused(t, err, fault.Invalid, c.code, c.want, path)
			if now, err := os.ReadFile(path); err != nil || string(now) != c.text {
				t.Error("the file was changed")
			}
		})
	}
	_, err = vault.Open(t.Context(), vault.Options{Keysets: &vaulttest.Memory{}, MasterKey: file(dir), AllowCreate: true})
	refused(t, err, fault.Invalid, "key_file", "is no file")
	_, err = vault.Open(t.Context(), vault.Options{Keysets: &vaulttest.Memory{}, MasterKey: file(dir + "/none/h.key"), AllowCreate: true})
	refused(t, err, fault.Invalid, "key_file", "no such file", "--master-key")
}

// TestTwoStartAtOnce: one keyset and one key file come out of it, and both processes have them.
func TestTwoStartAtOnce(t *testing.T) {
	t.Parallel()
	store, path := &vaulttest.Memory{}, filepath.Join(t.TempDir(), "h.key")
	var wg sync.WaitGroup
	vaults := make([]*vault.Vault, 8)
	for i := range vaults {
		wg.Go(func() { vaults[i] = open(t, store, file(path)) })
	}
	wg.Wait()
	made := 0
	sealed := seal(t, vaults[0], planted)
	for _, v := range vaults {
		opens(t, v, sealed, planted)
		if v.Made() {
			made++
		}
	}
	if made != 1 {
		t.Errorf("%d say that they made the keyset, want 1", made)
	}
}

func TestMasterKeyURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", planted, "file://", "base64key://", "base64key://" + planted, "hashivault://", "hashivault:///", "hashivault://k?x=1", "hashivault://u:" + planted + "@k",
		"hashivault://a/../b", "awskms://x", "https://" + planted,
	} {
		_, err := vault.Open(t.Context(), vault.Options{Keysets: &vaulttest.Memory{}, MasterKey: secret.New(url), AllowCreate: true})
		refused(t, err, fault.Invalid, "master_key_url")
		if fault.HintOf(err) == "" {
			t.Errorf("%q: no hint", url)
		}
	}
}

func TestNothingIsMadeUnasked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "h.key")
	for _, key := range []secret.Text{file(path), vaulttest.Key("a")} {
		_, err := vault.Open(t.Context(), vault.Options{Keysets: &vaulttest.Memory{}, MasterKey: key})
		refused(t, err, fault.Invalid, "no_keyset", "headrace init")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("a key file was made")
	}
}
