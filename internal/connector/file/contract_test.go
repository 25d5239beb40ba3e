package file_test

import (
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/connector/file"
)

func TestContract(t *testing.T) {
	t.Parallel()
	for _, c := range []file.Compression{file.None, file.Gzip, file.Zstd} {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			connectortest.Destination(t, connectortest.DestinationCase{
				Place: func(t *testing.T) connectortest.Place {
					cfg := file.Default()
					cfg.Path, cfg.Compression = t.TempDir(), c
					held := func(t *testing.T) []string {
						var out []string
						for _, text := range tree(t, cfg.Path) {
							out = append(out, strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
						}
						return out
					}
					return connectortest.Place{Spec: *file.Spec().Destination, Config: cfg, Held: held}
				},
				Bad: &connector.Record{Key: "bad", Body: []byte("{\n")},
			})
		})
	}
}
