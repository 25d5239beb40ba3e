package hashicorp

import (
	"context"
	"encoding/base64"
	"errors"

	"github.com/hashicorp/vault/api"
	"github.com/headrace/headrace/internal/fault"
	"gocloud.dev/gcerrors"
	"gocloud.dev/secrets"
)

// Keeper wraps with a named key of a transit engine. Vault makes the key at the first Encrypt if the token's policy
// lets it.
func (c *Client) Keeper(engine, key string) *secrets.Keeper {
	return secrets.NewKeeper(&transit{client: c, engine: engine, key: key})
}

type transit struct {
	client      *Client
	engine, key string
}

// Encrypt gives Vault's own text form: "vault:v1:…".
func (t *transit) Encrypt(ctx context.Context, plaintext []byte) ([]byte, error) {
	text, err := t.do(ctx, "encrypt", map[string]any{"plaintext": base64.StdEncoding.EncodeToString(plaintext)}, "ciphertext")
	return []byte(text), err
}

// Decrypt is Encrypt's inverse.
func (t *transit) Decrypt(ctx context.Context, ciphertext []byte) ([]byte, error) {
	text, err := t.do(ctx, "decrypt", map[string]any{"ciphertext": string(ciphertext)}, "plaintext")
	if err != nil {
		return nil, err
	}
	plaintext, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "decrypt with transit key %s: the answer is not base64", t.key)
	}
	return plaintext, nil
}

func (t *transit) do(ctx context.Context, verb string, body map[string]any, field string) (string, error) {
	what := verb + " with transit key " + t.key
	answer, err := t.client.call(ctx, what, func(ctx context.Context, vault *api.Logical) (*api.Secret, error) {
		return vault.WriteWithContext(ctx, t.engine+"/"+verb+"/"+t.key, body)
	})
	if err != nil {
		return "", err
	}
	if answer != nil {
		if text, ok := answer.Data[field].(string); ok {
			return text, nil
		}
	}
	return "", fault.New(fault.Unavailable, "%s: the answer has no %s", what, field).WithHint("Is %s a HashiCorp Vault, and %s a transit engine?", t.client.Address(), t.engine)
}

// Close does nothing; the client is its owner's.
func (t *transit) Close() error { return nil }

// ErrorAs finds the fault of a failed call.
func (t *transit) ErrorAs(err error, target any) bool {
	e, ok := target.(**fault.Error)
	return ok && errors.As(err, e)
}

// ErrorCode leaves the class to fault.
func (t *transit) ErrorCode(error) gcerrors.ErrorCode { return gcerrors.Unknown }
