package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/store"
)

func TestActivityIsCountedInTheCommit(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f, g := w.flow("f", 1), w.flow("g", 1)
		w.list(splits(-30, 0)...)
		start := w.clock.Now()
		l := w.takeLane(f)
		due := w.due(l, 30)
		batch := w.batch(due[:10]...) // the newest and the oldest side by side
		for i := range batch.Deliveries {
			batch.Deliveries[i].Newest = batch.Deliveries[i].Split.Time
		}
		batch.Deliveries[0].Dead = 2
		w.ok(w.s.CommitBatch(w.ctx(), l, batch))
		w.clock.Add(90 * time.Second)
		other := w.takeLane(g)
		w.deliver(other, w.due(other, 1)...)
		w.deliver(l, due[10:12]...)

		minutes := func(q store.ActivityQuery) []store.Activity {
			t.Helper()
			q.From, q.To, q.Minutes = start.Add(-time.Hour), w.clock.Now().Add(time.Minute), true
			all, err := w.s.Activities(w.ctx(), q)
			w.ok(err)
			return all
		}
		of := minutes(store.ActivityQuery{FlowIDs: []int64{f.ID}, Streams: true})
		if len(of) != 2 || of[0].Delivered != 10 || of[0].Dead != 2 || of[0].Splits != 10 || of[1].Delivered != 2 || of[0].Stream != "Audit.Exchange" || !of[0].Start.Equal(start) {
			t.Fatalf("of the flow: %+v", of)
		}
		if a := of[0]; !a.Lagging || a.LagLow != 60 || a.LagHigh < a.LagLow || !a.Newest.Equal(split(-1).Time) {
			t.Errorf("lag: %+v", a)
		}
		var waited int64
		for _, n := range of[0].Waits {
			waited += n
		}
		if waited != 10 || of[0].Waits[0] != 1 || of[0].Waits[3] == 0 {
			t.Errorf("waits: %v", of[0].Waits)
		}
		all := minutes(store.ActivityQuery{})
		if len(all) != 2 || all[0].Delivered != 10 || all[1].Delivered != 3 {
			t.Errorf("of all: %+v", all)
		}
		hours, err := w.s.Activities(w.ctx(), store.ActivityQuery{From: start, To: start.Add(time.Hour)})
		w.ok(err)
		if len(hours) != 1 || hours[0].Delivered != 13 || hours[0].Dead != 2 {
			t.Errorf("of the hour: %+v", hours)
		}
		w.clock.Add(7 * time.Hour)
		_, err = w.s.Sweep(w.ctx(), store.DefaultRetention())
		w.ok(err)
		hours, err = w.s.Activities(w.ctx(), store.ActivityQuery{From: start, To: w.clock.Now()})
		w.ok(err)
		if left := minutes(store.ActivityQuery{}); len(left) != 0 || len(hours) != 1 {
			t.Errorf("after a sweep: minutes %+v, hours %+v", left, hours)
		}
	})
}

func TestARunsDeliveriesAreNoLag(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		f := w.flow("f", 1)
		r, err := w.s.CreateRun(w.ctx(), store.Run{Kind: store.Backfill, FlowID: f.ID, Spec: []byte(`{}`)}, &store.RunListing{SourceID: w.source.ID, Tenant: "contoso"})
		w.ok(err)
		l := w.takeListing()
		for l.RunID != r.ID {
			l = w.takeListing()
		}
		w.listAs(l, split(-3000))
		lane := w.takeLane(f)
		batch := w.batch(w.due(lane, 1)...)
		batch.Deliveries[0].Newest = split(-3000).Time
		w.ok(w.s.CommitBatch(w.ctx(), lane, batch))
		all, err := w.s.Activities(w.ctx(), store.ActivityQuery{FlowIDs: []int64{f.ID}, From: w.clock.Now().Add(-time.Hour), To: w.clock.Now().Add(time.Hour)})
		w.ok(err)
		if len(all) != 1 || all[0].Delivered != 1 || all[0].Lagging || !all[0].Newest.IsZero() || all[0].Waits != [7]int64{} {
			t.Errorf("%+v", all)
		}
	})
}

func TestRequestsAreSummedByQuota(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		start := w.clock.Now()
		w.ok(w.s.AddRequests(w.ctx(), []store.Requests{{Scope: "o365/b/p", Allowed: 2000, Asked: 5}, {Scope: "o365/a/p", Allowed: 2000, Asked: 10, Throttled: 1}}))
		w.ok(w.s.AddRequests(w.ctx(), []store.Requests{{Scope: "o365/c", Allowed: 100}, {Scope: "o365/b/p", Allowed: 500}})) // in the same slot
		w.clock.Add(time.Minute)
		w.ok(w.s.AddRequests(w.ctx(), []store.Requests{{Scope: "o365/a/p", Allowed: 1000, Asked: 7, Refused: 2, Failed: 1}}))
		w.ok(w.s.AddRequests(w.ctx(), nil))
		w.ok(w.s.AddRequests(w.ctx(), []store.Requests{{Scope: store.CredentialScope("cr_1"), Asked: 22}})) // the same requests, by who signed them
		to := w.clock.Now().Add(time.Minute)
		of, err := w.s.Requests(w.ctx(), store.RequestFilter{Scope: "o365/a/p", From: start, To: to, Minutes: true})
		w.ok(err)
		if len(of) != 2 || of[0].Asked != 10 || of[0].Throttled != 1 || of[1].Asked != 7 || of[1].Allowed != 1000 || of[1].Refused != 2 {
			t.Errorf("of a: %+v", of)
		}
		all, err := w.s.Requests(w.ctx(), store.RequestFilter{From: start, To: to})
		w.ok(err)
		if len(all) != 1 || all[0].Asked != 22 || all[0].Failed != 1 || all[0].Allowed != 1600 {
			t.Errorf("of all, by the hour: %+v", all)
		}
		for tenant, want := range map[string]int64{"a": 17, "c": 0} {
			found, err := w.s.Requests(w.ctx(), store.RequestFilter{Tenants: []string{tenant}, From: start, To: to})
			w.ok(err)
			asked := int64(0)
			for _, r := range found {
				asked += r.Asked
			}
			if asked != want {
				t.Errorf("of tenant %s: %+v", tenant, found)
			}
		}
		calls, err := w.s.CredentialCalls(w.ctx(), []string{"cr_1", "cr_2"}, 24)
		w.ok(err)
		if len(calls) != 1 || len(calls["cr_1"]) != 24 || calls["cr_1"][23] != 22 {
			t.Errorf("of credentials: %v", calls)
		}
		uses, err := w.s.QuotaUses(w.ctx(), start, 10)
		w.ok(err)
		if len(uses) != 3 || uses[0].Scope != "o365/a/p" || uses[0].Asked != 17 {
			t.Errorf("uses: %+v", uses)
		}
		throttles, err := w.s.Throttles(w.ctx(), start, 10)
		w.ok(err)
		for _, q := range throttles {
			if q.Throttled == 0 || q.Scope == "" || strings.HasPrefix(q.Scope, "credential/") {
				t.Errorf("no quota that refused anything: %+v", q)
			}
		}
		if len(throttles) == 0 {
			t.Error("no quota refused anything")
		}
	})
}
