package m365sim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestInProcessInsideABubble has the client, the simulator and a fault's delay share one fake time.
func TestInProcessInsideABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		scenario := DefaultScenario()
		scenario.Content.Events, scenario.Content.RecordsPerBlob = 600, Exactly(5)
		scenario.Latency = map[string]string{OpList: "1h"}
		sim, err := Open(Options{Scenario: &scenario, Clock: ClockFrom(time.Now)})
		if err != nil {
			t.Fatal(err)
		}
		c := &client{t: t, sim: sim, http: &http.Client{Transport: sim.Transport()}, tenant: sim.Tenants()[0]}
		tenant := sim.tenants[0]
		if c.token, _, err = sim.issue(tenant, tenant.Apps[0], "https://manage.office.com", tenant.Apps[0].Roles, "1"); err != nil {
			t.Fatal(err)
		}
		root := "https://manage.test/api/v1.0/" + c.tenant.ID + "/activity/feed/"
		began := time.Now()
		got := c.do("GET", root+"subscriptions/content?contentType=Audit.Exchange", nil, nil)
		if got.status != 200 || len(got.items()) == 0 || time.Since(began) != time.Hour {
			t.Fatalf("%d %s after %v", got.status, got.body, time.Since(began))
		}
		c.tenant.ClientID = tenant.Apps[0].ID
		if c.token, _, err = sim.issue(tenant, tenant.Apps[0], "https://manage.office.com", tenant.Apps[0].Roles, "1"); err != nil {
			t.Fatal(err)
		}
		item := got.items()[0]
		if records := c.fetch(item); len(records) == 0 {
			t.Error("an empty blob")
		}
		if err := sim.SetFaults(Fault{On: OpBlob, Do: "reset", Nth: 1}, Fault{On: OpBlob, Do: "truncate", Nth: 1}); err != nil {
			t.Fatal(err)
		}
		if got := c.do("GET", item.ContentURI, nil, nil); got.err == nil {
			t.Errorf("reset: %d", got.status)
		}
		if got := c.do("GET", item.ContentURI, nil, nil); !errors.Is(got.err, io.ErrUnexpectedEOF) || len(got.body) == 0 {
			t.Errorf("truncate: %d bytes, %v", len(got.body), got.err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, root+"subscriptions/content?contentType=DLP.All", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.http.Do(request); !errors.Is(err, context.DeadlineExceeded) { //nolint:bodyclose // there is none
			t.Errorf("a client that gives up gets %v", err)
		}
	})
}
