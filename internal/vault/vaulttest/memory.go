// Package vaulttest has what tests of and with the vault need.
package vaulttest

import (
	"context"
	"encoding/base64"
	"strings"
	"sync"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// Memory is a KeysetStore that forgets everything at the end.
type Memory struct {
	mu       sync.Mutex
	Wrapped  []byte
	Meta     string
	Revision int64
	Err      error // every call fails with it
}

// LoadKeyset gives what SaveKeyset got.
func (m *Memory) LoadKeyset(context.Context) ([]byte, string, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Wrapped, m.Meta, m.Revision, m.Err
}

// SaveKeyset replaces the keyset, or says Conflict.
func (m *Memory) SaveKeyset(_ context.Context, wrapped []byte, meta string, revision int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Err != nil {
		return m.Err
	}
	if revision != m.Revision {
		return fault.New(fault.Conflict, "the keyset was changed by another process")
	}
	m.Wrapped, m.Meta, m.Revision = wrapped, meta, revision+1
	return nil
}

// Key is a base64key:// URL; a different letter is a different key.
func Key(letter string) secret.Text {
	return secret.New("base64key://" + base64.URLEncoding.EncodeToString([]byte(strings.Repeat(letter, 32))))
}
