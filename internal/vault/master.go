package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path"
	"strings"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/vault/hashicorp"
	"gocloud.dev/secrets"
	"gocloud.dev/secrets/localsecrets"
)

// A Master names a master key; it can be shown to anybody.
type Master struct {
	ID string `json:"key"` // of a local key a check value, "key-1a2b3c4d"; of Vault's "transit/headrace"
	At string `json:"at"`  // where it is: "file:///etc/headrace.key", "hashivault://headrace at https://…"
}

// A master wraps the keyset.
type master struct {
	Master
	file    string // path of a key file; "" if it is none
	local   bool   // the ID is the key's own check value
	keeper  *secrets.Keeper
	release func() // nil: nothing to release
}

func (m *master) close() {
	_ = m.keeper.Close() // our keepers hold nothing
	if m.release != nil {
		m.release()
	}
}

// A noKeyFileError is a key file that is not there and may not be made.
type noKeyFileError struct{ path string }

func (e *noKeyFileError) Error() string { return "the key file " + e.path + " does not exist" }

// openMaster opens the master key that a URL names. create allows a key file to be made. This switch is the one place
// to add another kind, such as a cloud's key management; a remote one bounds its calls by o.Timeout and gives errors with their class.
func openMaster(address secret.Text, create bool, o Options) (*master, error) {
	scheme, rest, found := strings.Cut(address.Reveal(), "://")
	if !found {
		scheme = ""
	}
	switch scheme {
	case "file":
		return openKeyFile(rest, create)
	case "base64key":
		return openBase64(rest)
	case "hashivault":
		return openTransit(rest, o)
	case "azurekeyvault", "awskms", "gcpkms":
		return nil, fault.New(fault.Invalid, "%s:// is not built into this headrace", scheme).WithCode("master_key_url").WithHint("Use file:///PATH or hashivault://KEY.")
	default: // The text is not shown: it may be a key.
		return nil, fault.New(fault.Invalid, "the master key's URL begins with none of file://, hashivault://, base64key://").WithCode("master_key_url").
			WithHint("A key file is written file:///etc/headrace/headrace.key, a transit key of HashiCorp Vault hashivault://headrace.")
	}
}

// checkValue names a local key without telling anything of it.
func checkValue(key [32]byte) string {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte("headrace master key"))
	return "key-" + hex.EncodeToString(mac.Sum(nil)[:4])
}

func localMaster(key [32]byte, at string) *master {
	return &master{Master: Master{ID: checkValue(key), At: at}, local: true, keeper: localsecrets.NewKeeper(key)}
}

func openBase64(text string) (*master, error) {
	key, err := localsecrets.Base64Key(text)
	if text == "" || err != nil {
		return nil, fault.New(fault.Invalid, "the key in base64key:// is not 32 bytes in base64").WithCode("master_key_url").WithHint("Make one with: head -c 32 /dev/urandom | base64 | tr +/ -_")
	}
	return localMaster(key, "base64key://…"), nil
}

// openTransit reads KEY[?engine=PATH].
func openTransit(rest string, o Options) (*master, error) {
	u, err := url.Parse("hashivault://" + rest)
	if err != nil || strings.Trim(u.Host+u.Path, "/") == "" || strings.Contains(u.Host+u.Path, "..") || u.User != nil {
		return nil, fault.New(fault.Invalid, "hashivault:// names no transit key").WithCode("master_key_url").WithHint("It is written hashivault://headrace, or hashivault://headrace?engine=transit-prod.")
	}
	engine := "transit"
	for name, values := range u.Query() {
		if name != "engine" || values[0] == "" {
			return nil, fault.New(fault.Invalid, "hashivault:// has no parameter %s", name).WithCode("master_key_url").WithHint("The only one is engine, the path at which transit is mounted.")
		}
		engine = strings.Trim(values[0], "/")
	}
	client, err := hashicorp.New(hashicorp.Options{Getenv: o.Getenv, Timeout: o.Timeout})
	if err != nil {
		return nil, err
	}
	key := path.Join(u.Host, u.Path)
	return &master{
		Master:  Master{ID: engine + "/" + key, At: "hashivault://" + rest + " at " + client.Address()},
		keeper:  client.Keeper(engine, key),
		release: client.Close,
	}, nil
}

// A wrapper makes a keeper the key encryption key that Tink asks for. Tink keeps only the text of an error; err keeps
// the error.
type wrapper struct {
	master *master
	err    error
}

func (w *wrapper) EncryptWithContext(ctx context.Context, plaintext, _ []byte) (out []byte, err error) {
	out, err = w.master.keeper.Encrypt(ctx, plaintext)
	w.err = plainly(err)
	return out, w.err
}

func (w *wrapper) DecryptWithContext(ctx context.Context, ciphertext, _ []byte) (out []byte, err error) {
	out, err = w.master.keeper.Decrypt(ctx, ciphertext)
	w.err = plainly(err)
	return out, w.err
}

// plainly takes away what the keepers' library puts around an error of ours: "secrets (code=Unknown)".
func plainly(err error) error {
	if f, ok := fault.As(err); ok {
		return f
	}
	return err
}
