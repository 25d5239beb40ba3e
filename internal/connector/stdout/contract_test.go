package stdout_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/connector/stdout"
)

func TestContract(t *testing.T) {
	t.Parallel()
	connectortest.Destination(t, connectortest.DestinationCase{
		Place: func(*testing.T) connectortest.Place {
			var out buffer
			return connectortest.Place{Spec: *stdout.SpecTo(&out).Destination, Config: &stdout.Config{}, Held: func(*testing.T) []string { return out.lines() }}
		},
		Bad:       &connector.Record{Key: "bad", Body: []byte("{\n")},
		Forgetful: true,
	})
}

type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) lines() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Split(strings.TrimSuffix(b.text.String(), "\n"), "\n")
}
