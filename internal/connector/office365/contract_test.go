package office365

import (
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/m365sim"
)

// TestContract runs every source's contract against a simulated tenant whose clock stands.
func TestContract(t *testing.T) {
	t.Parallel()
	connectortest.Source(t, connectortest.SourceCase{
		Spec: *Spec().Source,
		Remote: func(t *testing.T) connectortest.Remote {
			w := newWorld(t, func(s *m365sim.Scenario) {
				s.Content.Events = 120
				s.Paging.Size = 3
			})
			w.cfg.ContentTypes = []string{"Audit.Exchange", "Audit.General"}
			// Looking back gives second splits of what is there, which the contract takes for new content.
			w.cfg.Overlap, w.cfg.DeepScan.Every = 0, 0
			return connectortest.Remote{
				Open:   func(*testing.T) connector.Source { return w.open() },
				Config: w.cfg,
				Splits: 4, Records: 20,
				Expire: func(*testing.T, connector.Split) { w.sim.Clock().Advance(8 * day) },
				Stall: func(t *testing.T) {
					if err := w.sim.SetFaults(m365sim.Fault{On: "any", Do: "delay", Delay: m365sim.Duration(10 * time.Second)}); err != nil {
						t.Fatal(err)
					}
				},
				From: simStart.Add(-6 * day), To: simStart,
			}
		},
	})
}
