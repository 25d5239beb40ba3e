package copilot

import (
	"encoding/json"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
)

// TestContract runs every keyed destination's contract against a simulated tenant, once with the schema written down and
// once inferred.
func TestContract(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]string{
		"inferred": inferred,
		"written":  `[{"name":"title","type":"string","isRetrievable":true,"labels":["title"]},{"name":"url","type":"string","isRetrievable":true,"labels":["url"]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connectortest.Destination(t, connectortest.DestinationCase{
				Place: func(t *testing.T) connectortest.Place {
					w := newWorld(t, nil)
					w.cfg.Schema = json.RawMessage(schema)
					spec := *Spec().Destination
					spec.Open = func(connector.Config, connector.Env) (connector.Destination, error) { return w.open(), nil }
					first := w.prepared(documents(0, 1)...)
					d := w.open()
					w.write(d, nil, first...) // makes the connection ready
					gone := first[0]
					gone.Op, gone.Body = connector.Delete, nil
					w.write(d, nil, gone)
					return connectortest.Place{Spec: spec, Config: w.cfg, Held: func(*testing.T) []string { return w.bodies() }}
				},
				Records: documents,
				Bad:     &connector.Record{Key: "bad", Body: []byte(`{"acl":[],"properties":{"title":"x"}}`)},
			})
		})
	}
}
