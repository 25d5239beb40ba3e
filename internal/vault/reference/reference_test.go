package reference_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/vault/hashicorp"
	"github.com/headrace/headrace/internal/vault/hashicorp/hashicorptest"
	"github.com/headrace/headrace/internal/vault/reference"
)

const planted = "Zx8Q~planted-secret-value"

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"env:A_B": "env:A_B", "file:/run/x": "file:/run/x", "file:///run/x": "file:/run/x", "file:./x": "file:./x", "file:C:\\x": "file:C:\\x",
		"vault:secret/a/b#f": "vault:secret/a/b#f", "vault:/secret/a#f": "vault:secret/a#f",
	} {
		r, err := reference.Parse(text)
		if err != nil || r.String() != want {
			t.Errorf("Parse(%q) = %s, %v; want %s", text, r, err, want)
			continue
		}
		b, err := json.Marshal(r)
		var again reference.Reference
		if err != nil || json.Unmarshal(b, &again) != nil || again != r {
			t.Errorf("%s is written %s, which reads as %s", r, b, again)
		}
	}
	for _, text := range []string{"", planted, "env:", "env:$A", "env:A=" + planted, "file:", "file://", "vault:", "vault:a#f", "vault:secret/a", "vault:secret/a#", "vault:secret/../x#f", "https://x/" + planted} {
		_, err := reference.Parse(text)
		if fault.ClassOf(err) != fault.Invalid || fault.HintOf(err) == "" {
			t.Errorf("Parse(%q) = %v, want Invalid with a hint", text, err)
			continue
		}
		if strings.Contains(err.Error()+fault.HintOf(err), planted) {
			t.Errorf("the error quotes what may be the secret: %v", err)
		}
	}
}

// resolve follows a reference; env has one variable, and the Vault is a hashicorptest.Server.
func resolve(t *testing.T, r *reference.Resolver, text string) (string, error) {
	t.Helper()
	ref, err := reference.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Resolve(t.Context(), ref)
	return s.Reveal(), err
}

func TestResolve(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
	}
	write("good", planted+"\n", 0o600)
	write("dos", "\xef\xbb\xbf"+planted+"\r\n", 0o600)
	write("spaces", "  a b \n\n", 0o600)
	write("empty", "\n", 0o600)
	write("utf16", "\xff\xfea\x00", 0o600)
	write("large", strings.Repeat(planted, 10_000), 0o600)
	write("public", planted, 0o644)
	server := hashicorptest.Start(t)
	server.KV["contoso"] = map[string]any{"client_secret": planted, "empty": ""}
	var log bytes.Buffer
	r := &reference.Resolver{
		LookupEnv: func(name string) (string, bool) {
			v, ok := map[string]string{"SET": planted, "EMPTY": ""}[name]
			return v, ok
		},
		Vault: hashicorp.Options{Getenv: server.Getenv, Timeout: 5 * time.Second},
		Log:   slog.New(slog.NewTextHandler(&log, nil)),
	}
	defer r.Close()
	for text, want := range map[string]string{
		"env:SET": planted, "file:" + dir + "/good": planted, "file:" + dir + "/dos": planted, "file:" + dir + "/spaces": "  a b ",
		"file:" + dir + "/public": planted, "vault:secret/contoso#client_secret": planted,
	} {
		if got, err := resolve(t, r, text); err != nil || got != want {
			t.Errorf("%s gives %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"env:UNSET": "no variable UNSET", "env:EMPTY": "is empty",
		"file:" + dir + "/none": "no such file", "file:" + dir: "it is no file", "file:" + dir + "/empty": "it is empty", "file:" + dir + "/utf16": "not text in UTF-8",
		"file:" + dir + "/large": "more than", "vault:secret/nobody#x": "no such secret", "vault:secret/contoso#x": "has no field x", "vault:secret/contoso#empty": "the field is empty",
	} {
		_, err := resolve(t, r, text)
		if err == nil || fault.ClassOf(err) != fault.Denied || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %s: %v, want Denied with %q", text, fault.ClassOf(err), err, want)
			continue
		}
		_, place, _ := strings.Cut(text, ":")
		if !strings.Contains(err.Error(), place) || strings.Contains(err.Error()+fault.HintOf(err), planted) {
			t.Errorf("%s: the error must name the reference and show no secret: %v", text, err)
		}
	}
	if _, err := resolve(t, r, "file:"+dir+"/public"); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "chmod o-r "+dir+"/public"); n != 1 || strings.Contains(log.String(), planted) {
		t.Errorf("warned %d times, want once and without the secret:\n%s", n, log.String())
	}
}

func TestAVaultThatDoesNotAnswerIsUnavailable(t *testing.T) {
	t.Parallel()
	server := hashicorptest.Start(t)
	server.Sealed = true
	r := &reference.Resolver{Vault: hashicorp.Options{Getenv: server.Getenv}}
	defer r.Close()
	if _, err := resolve(t, r, "vault:secret/a#b"); fault.ClassOf(err) != fault.Unavailable {
		t.Errorf("got %v, want Unavailable", err)
	}
	none := &reference.Resolver{Vault: hashicorp.Options{Getenv: func(string) string { return "" }}}
	if _, err := resolve(t, none, "vault:secret/a#b"); fault.ClassOf(err) != fault.Denied || !strings.Contains(fault.HintOf(err), "VAULT_ADDR") {
		t.Errorf("got %v (%s), want Denied with advice to set VAULT_ADDR", err, fault.HintOf(err))
	}
}
