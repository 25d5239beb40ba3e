package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// maxSecret bounds what a reference may lead to, in bytes.
const maxSecret = 64 << 10

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// CheckReference tells what is wrong with the form of a reference; "" if nothing is. It does not follow it.
func CheckReference(ref string) string {
	scheme, rest, found := strings.Cut(ref, ":")
	switch {
	case !found || (scheme != "env" && scheme != "file" && scheme != "vault"):
		return "a reference is written env:NAME, file:PATH or vault:PATH#FIELD; if this was the secret itself, make a new one, since it may stand in a history now"
	case rest == "":
		return "the reference names nothing after " + scheme + ":"
	case scheme == "env" && !envName.MatchString(rest):
		return "the name of an environment variable has letters, digits and underscores"
	case scheme == "file" && !filepath.IsAbs(rest):
		return "give the file's whole path, beginning with /; the server may run in another folder"
	case scheme == "vault" && (!strings.Contains(rest, "#") || strings.HasPrefix(rest, "#") || strings.HasSuffix(rest, "#")):
		return "a secret in Vault is written vault:PATH#FIELD, like vault:secret/data/contoso#client_secret"
	}
	return ""
}

// A Resolver follows references.
type Resolver struct {
	Env       func(string) (string, bool) // of the process that signs in
	Transport http.RoundTripper           // to HashiCorp Vault
}

// Resolve gives the secret behind a reference. Errors: NotFound, Denied, Unavailable, Invalid; none shows the secret.
func (r Resolver) Resolve(ctx context.Context, ref string) (secret.Text, error) {
	if text := CheckReference(ref); text != "" {
		return secret.Text{}, fault.New(fault.Invalid, "secret reference: %s", text).WithCode("bad_reference")
	}
	scheme, rest, _ := strings.Cut(ref, ":")
	var (
		text string
		err  error
	)
	switch scheme {
	case "env":
		text, err = r.fromEnv(rest)
	case "file":
		text, err = fromFile(rest)
	case "vault":
		text, err = r.fromVault(ctx, rest)
	}
	if err == nil {
		if text = Tidy(text); text == "" {
			err = fault.New(fault.NotFound, "%s is empty", ref).WithCode("reference_empty")
		}
	}
	return secret.New(text), err
}

func (r Resolver) fromEnv(name string) (string, error) {
	text, ok := r.Env(name)
	if !ok {
		return "", (&fault.Error{Class: fault.NotFound, Code: "reference_not_found", Title: "the environment variable " + name + " is not set"}).
			WithHint("It must be set for the process that signs in: for headrace serve, in its unit or container, not in your shell.")
	}
	return text, nil
}

func fromFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		class, hint := fault.NotFound, "Is the path right on this machine, and mounted if this is a container?"
		if errors.Is(err, fs.ErrPermission) {
			class, hint = fault.Denied, "Let the user that runs headrace read it: chown, and mode 0400."
		}
		return "", (&fault.Error{Class: class, Code: "reference_not_found", Title: "the secret's file can't be read", Err: err}).WithHint("%s", hint)
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", fault.New(fault.Invalid, "read the secret's file: %w", err)
	}
	if len(raw) > maxSecret {
		return "", fault.New(fault.Invalid, "file %s is larger than a secret can be", path)
	}
	return string(raw), nil
}

// fromVault reads a field of HashiCorp Vault's key-value store, version 1 or 2, by GET /v1/PATH with the address and
// token of VAULT_ADDR and VAULT_TOKEN (https://developer.hashicorp.com/vault/api-docs/secret/kv).
func (r Resolver) fromVault(ctx context.Context, rest string) (string, error) {
	path, field, _ := strings.Cut(rest, "#")
	address, _ := r.Env("VAULT_ADDR")
	token, _ := r.Env("VAULT_TOKEN")
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", fault.New(fault.Invalid, "VAULT_ADDR is not set to the address of a Vault").WithHint("Set VAULT_ADDR=https://… and VAULT_TOKEN for the process that signs in.")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.JoinPath("v1", path).String(), nil)
	if err != nil {
		return "", fault.New(fault.Invalid, "vault path: %w", err)
	}
	req.Header.Set("X-Vault-Token", token)
	if ns, _ := r.Env("VAULT_NAMESPACE"); ns != "" {
		req.Header.Set("X-Vault-Namespace", ns)
	}
	client := http.Client{Transport: r.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return "", &fault.Error{Class: fault.Unavailable, Code: "vault_unreachable", Title: "Vault at " + u.Host + " can't be reached", Err: err}
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return "", vaultRefusal(res, path)
	}
	return vaultField(io.LimitReader(res.Body, 1<<20), path, field)
}

func vaultRefusal(res *http.Response, path string) error {
	e := &fault.Error{Class: fault.Unavailable, Code: "vault_refused", Title: fmt.Sprintf("Vault answered %s for %s", res.Status, path),
		Upstream: &fault.Upstream{Service: "vault", Status: res.StatusCode}}
	switch res.StatusCode {
	case http.StatusForbidden, http.StatusUnauthorized:
		e.Class, e.Hint = fault.Denied, "VAULT_TOKEN has ended or its policy does not allow reading this path."
	case http.StatusNotFound:
		e.Class, e.Hint = fault.NotFound, "For version 2 of the key-value store the path has data in it: secret/data/NAME."
	}
	return e
}

func vaultField(body io.Reader, path, field string) (string, error) {
	var answer struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return "", fault.New(fault.Unavailable, "Vault's answer for %s is no JSON", path)
	}
	raw, ok := answer.Data[field]
	if !ok {
		var inner map[string]json.RawMessage
		if json.Unmarshal(answer.Data["data"], &inner) == nil {
			raw, ok = inner[field]
		}
	}
	var text string
	if !ok || json.Unmarshal(raw, &text) != nil {
		return "", fault.New(fault.NotFound, "Vault's %s has no text in the field %q", path, field).WithCode("reference_not_found")
	}
	return text, nil
}
