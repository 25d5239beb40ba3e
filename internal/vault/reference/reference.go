// Package reference follows secrets that stay where they are: env:NAME, file:PATH and vault:PATH#FIELD.
//
// Errors name the reference, never a value. They are Denied, or Unavailable when HashiCorp Vault does not answer: work waits until
// a person has set it right, and nothing is dropped. Start at Parse and at Resolver.
package reference

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/vault/hashicorp"
)

// A Reference says where a secret is. It can be shown to anybody.
type Reference struct {
	scheme string // "env", "file", "vault"
	place  string // name, path
	field  string // of vault
}

// String writes the reference as Parse reads it.
func (r Reference) String() string {
	if r.field != "" {
		return r.scheme + ":" + r.place + "#" + r.field
	}
	return r.scheme + ":" + r.place
}

// MarshalText writes what String gives.
func (r Reference) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what Parse reads.
func (r *Reference) UnmarshalText(text []byte) (err error) {
	*r, err = Parse(string(text))
	return err
}

const forms = "Write env:NAME for an environment variable, file:PATH for a file, or vault:MOUNT/PATH#FIELD for a field in HashiCorp Vault."

// Parse reads a reference without following it. A text that is none is Invalid; it is not quoted, since it may be the
// secret itself.
func Parse(text string) (Reference, error) {
	scheme, place, _ := strings.Cut(text, ":")
	r := Reference{scheme: scheme, place: place}
	switch scheme {
	case "env":
		if place == "" || strings.ContainsAny(place, "= \t\n$") {
			return Reference{}, fault.New(fault.Invalid, "env: is not followed by a variable's name").WithCode("reference").WithHint("Write it like env:CONTOSO_AUDIT_SECRET, without $.")
		}
	case "file":
		r.place = strings.TrimPrefix(place, "//") // file:///etc/x is what many would write
		if r.place == "" {
			return Reference{}, fault.New(fault.Invalid, "file: is not followed by a path").WithCode("reference").WithHint("Write it like file:/run/secrets/contoso.")
		}
	case "vault":
		var found bool
		r.place, r.field, found = strings.Cut(place, "#")
		r.place = strings.Trim(r.place, "/")
		if !found || r.field == "" || !strings.Contains(r.place, "/") || strings.Contains(r.place, "..") {
			return Reference{}, fault.New(fault.Invalid, "vault: is not followed by MOUNT/PATH#FIELD").WithCode("reference").WithHint("Write it like vault:secret/contoso#client_secret.")
		}
	default:
		return Reference{}, fault.New(fault.Invalid, "not a reference to a secret").WithCode("reference").WithHint("%s The secret itself does not belong here.", forms)
	}
	return r, nil
}

// A Resolver follows references. It is safe for concurrent use.
type Resolver struct {
	// LookupEnv reads a variable; nil: os.LookupEnv.
	LookupEnv func(name string) (string, bool)
	// Vault says how HashiCorp Vault is reached. It is asked only when a vault: reference is followed.
	Vault hashicorp.Options
	Log   *slog.Logger

	mu     sync.Mutex
	client *hashicorp.Client
	warned map[string]bool // files that everybody can read, warned of once
}

// Resolve gives the secret that is there now. Nothing is kept, so that a rotated secret is found without a restart.
func (r *Resolver) Resolve(ctx context.Context, ref Reference) (secret.Text, error) {
	switch ref.scheme {
	case "env":
		return r.env(ref)
	case "file":
		return r.file(ref)
	case "vault":
		client, err := r.vault()
		if err != nil {
			return secret.Text{}, missing(ref, "HashiCorp Vault can't be used: %w", err).WithHint("%s", fault.HintOf(err))
		}
		text, err := client.Field(ctx, ref.place, ref.field)
		if err == nil && text.Empty() {
			err = missing(ref, "the field is empty")
		}
		return text, err
	default:
		return secret.Text{}, fault.New(fault.Internal, "an empty reference was followed")
	}
}

func missing(ref Reference, format string, args ...any) *fault.Error {
	e := fault.New(fault.Denied, format, args...).WithCode("reference_missing")
	e.Title = "follow " + ref.String()
	return e
}

func (r *Resolver) env(ref Reference) (secret.Text, error) {
	look := r.LookupEnv
	if look == nil {
		look = os.LookupEnv
	}
	value, found := look(ref.place)
	switch {
	case !found:
		return secret.Text{}, missing(ref, "the environment has no variable %s", ref.place).
			WithHint("Set it for the process that reads it: for a service in its unit or container, not in your shell. The server's environment counts, not the command's.")
	case value == "":
		return secret.Text{}, missing(ref, "the variable %s is empty", ref.place).WithHint("Set it to the secret's value and start headrace again.")
	}
	return secret.New(value), nil
}

func unreadable(ref Reference, err error) *fault.Error {
	if why, ok := errors.AsType[*fs.PathError](err); ok {
		err = why.Err // the path is in the reference
	}
	return missing(ref, "open it: %w", err).WithHint("The user that headrace runs as must be able to read it. A relative path is the working directory's.")
}

// maxFile is more than any client secret or key has.
const maxFile = 64 << 10

func (r *Resolver) file(ref Reference) (secret.Text, error) {
	info, err := os.Stat(ref.place) // before it is opened: that could wait for ever on a pipe
	if err != nil {
		return secret.Text{}, unreadable(ref, err)
	}
	if !info.Mode().IsRegular() {
		return secret.Text{}, missing(ref, "it is no file").WithHint("Name the file itself, not the folder that it is in.")
	}
	file, err := os.Open(ref.place)
	if err != nil {
		return secret.Text{}, unreadable(ref, err)
	}
	defer file.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return secret.Text{}, missing(ref, "read it: %w", err)
	}
	text = bytes.TrimRight(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), "\r\n")
	switch {
	case len(text) > maxFile:
		return secret.Text{}, missing(ref, "it has more than %d bytes", maxFile).WithHint("It should have nothing but the secret.")
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return secret.Text{}, missing(ref, "it is not text in UTF-8").WithHint("PowerShell's > writes UTF-16; use: Set-Content -NoNewline -Encoding utf8.")
	case len(text) == 0:
		return secret.Text{}, missing(ref, "it is empty").WithHint("Write the secret's value into it.")
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o004 != 0 {
		r.warn(ref)
	}
	return secret.New(string(text)), nil
}

// warn says once for each file that everybody can read it.
func (r *Resolver) warn(ref Reference) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.warned[ref.place] || r.Log == nil {
		return
	}
	if r.warned == nil {
		r.warned = map[string]bool{}
	}
	r.warned[ref.place] = true
	r.Log.Warn("everybody on this machine can read a secret's file", "reference", ref.String(), "fix", "chmod o-r "+ref.place)
}

func (r *Resolver) vault() (*hashicorp.Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client == nil {
		client, err := hashicorp.New(r.Vault)
		if err != nil {
			return nil, err
		}
		r.client = client
	}
	return r.client, nil
}

// Close ends idle connections.
func (r *Resolver) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != nil {
		r.client.Close()
	}
}
