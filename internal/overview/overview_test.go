package overview_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/registry"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/overview"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// A world is a store with what an overview is made of.
type world struct {
	*testing.T
	s     *store.Store
	clock *storetest.Clock
	view  *overview.Service
	free  int64
}

func worlds(t *testing.T, test func(*world)) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		w := &world{T: t, s: d.Open(t), clock: d.Clock, free: 100 << 30}
		connectors := object.Connectors(registry.Specs())
		env := func(string, string, *connector.Credential) connector.Env { return connector.Env{} }
		credentials := credential.New(credential.Options{Store: w.s, Connectors: connectors, Env: env, Now: d.Clock.Now})
		sources := source.New(w.s, connectors, credentials, env)
		w.view = overview.New(overview.Options{Store: w.s, Credentials: credentials, Sources: sources, Flows: flow.New(w.s, connectors, sources),
			Disk: func() (int64, int64, error) { return w.free, 200 << 30, nil }})
		test(w)
	})
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) make(o store.Object) store.Object {
	w.Helper()
	o, err := w.s.CreateObject(w.Context(), o, nil)
	w.ok(err)
	return o
}

// tenant makes a credential, a source, and a flow to a destination.
func (w *world) tenant(name string) (c, src, f store.Object) {
	c = w.make(store.Object{Kind: store.Credential, Name: name + "-cred", Tenant: name, Spec: []byte(`{"type":"office-365-management-api","tenantId":"8f3a0000-0000-4000-8000-000000000001","clientId":"1b4f0000-0000-4000-8000-000000000001","clientSecret":{"ref":"env:CONTOSO_SECRET"}}`)})
	src = w.make(store.Object{Kind: store.Source, Name: name + "-src", Tenant: name, CredentialID: c.ID, Spec: []byte(`{"connector":"office-365-management-api"}`)})
	dst := w.make(store.Object{Kind: store.Destination, Name: name + "-dst", Spec: []byte(`{"connector":"file","path":"/tmp/x"}`)})
	f = w.make(store.Object{Kind: store.Flow, Name: name, Tenant: name, SourceID: src.ID, DestinationID: dst.ID, Lanes: 1, Spec: []byte(`{}`)})
	return c, src, f
}

func (w *world) look() overview.Overview {
	w.Helper()
	w.clock.Add(3 * time.Second)
	o, err := w.view.Look(w.Context())
	w.ok(err)
	return o
}

// list lists some splits of a source, an hour old, for a flow.
func (w *world) list(src, f store.Object, n int) {
	w.Helper()
	w.ok(w.s.WakeSource(w.Context(), src.ID))
	l, ok, err := w.s.TakeListing(w.Context(), "node", 0, time.Minute)
	if err != nil || !ok {
		w.Fatalf("no listing is due: %v", err)
	}
	var splits []connector.Split
	at := w.clock.Now().Add(-time.Hour)
	for i := range n {
		splits = append(splits, connector.Split{ID: fmt.Sprintf("%s-%d", src.Name, i), Stream: "Audit.Exchange", Time: at, Expires: at.Add(7 * 24 * time.Hour)})
	}
	_, err = w.s.CommitListing(w.Context(), l, store.Listed{Enumeration: connector.Enumeration{Splits: splits, Cursor: []byte("c")}, Lanes: map[int64]int{f.ID: 1}, Due: w.clock.Now().Add(time.Hour)})
	w.ok(err)
}

func (w *world) lane(f store.Object) store.Lane {
	w.Helper()
	turns, err := w.s.DueLanes(w.Context(), 100)
	w.ok(err)
	for _, turn := range turns {
		l, ok, err := w.s.TakeLane(w.Context(), "node", turn.ID, time.Minute)
		w.ok(err)
		if ok && l.FlowID == f.ID {
			return l
		}
		w.ok(w.s.ReleaseLane(w.Context(), l, time.Time{}, nil))
	}
	w.Fatal("no lane of the flow is due")
	return store.Lane{}
}

func codes(o overview.Overview) []string {
	var all []string
	for _, p := range o.Problems {
		all = append(all, p.Code)
	}
	return all
}

func TestAnEmptyInstanceSaysWhatToDoFirst(t *testing.T) {
	worlds(t, func(w *world) {
		if o := w.look(); o.Health.State != "empty" || !strings.Contains(o.Health.Text, "credential") || o.Problems == nil || o.Flows == nil || len(o.Day.Delivered) != 24 {
			w.Errorf("%+v", o)
		}
		w.tenant("contoso")
		if o := w.look(); o.Health.State != "ok" || o.Numbers.Flows != 1 || o.Numbers.Tenants != 1 || len(o.Tenants) != 1 || o.Flows[0].State != "on" || o.Flows[0].Source != "contoso-src" {
			w.Errorf("%+v", o)
		}
	})
}

func TestProblemsAreToldByTimeLeft(t *testing.T) {
	worlds(t, func(w *world) {
		c, src, f := w.tenant("contoso")
		c.Expires = w.clock.Now().Add(12 * 24 * time.Hour)
		_, err := w.s.UpdateObject(w.Context(), c, nil)
		w.ok(err)
		w.list(src, f, 3)
		lane := w.lane(f)
		w.ok(w.s.SetBack(w.Context(), lane, src.ID, []store.Setback{{Delivery: due(w, lane)[0], State: store.Failed, Error: store.Trouble{Class: "invalid", Text: "bad"}}}))
		w.ok(w.s.ReleaseLane(w.Context(), lane, w.clock.Now().Add(time.Hour), &store.Trouble{Class: "denied", Text: "the folder can't be written", Since: w.clock.Now()}))
		_, _, other := w.tenant("fabrikam")
		other.Paused, other.Reason = true, "audit week"
		_, err = w.s.UpdateObject(w.Context(), other, nil)
		w.ok(err)
		w.free = 1 << 30

		o := w.look()
		if got, want := codes(o), []string{"flow_denied", "secret_expiring", "disk", "deliveries_failed", "paused"}; !slices.Equal(got[:2], want[:2]) || len(got) != 5 || got[4] != "paused" {
			w.Fatalf("problems %v, want %v", got, want)
		}
		for _, p := range o.Problems {
			if p.Action.Verb == "" || p.Action.Label == "" || p.Action.Name == "" || p.Title == "" {
				w.Errorf("a problem without a way on: %+v", p)
			}
		}
		if p := o.Problems[0]; p.Until.Sub(w.clock.Now()) < 6*24*time.Hour || p.Name != "contoso" || p.Tenant != "contoso" || !strings.Contains(p.Detail, "can't be written") {
			w.Errorf("first: %+v", p)
		}
		if p := o.Problems[1]; p.Action.Verb != "rotate" || p.Action.Name != "contoso-cred" || !strings.Contains(p.Title, "11 days") && !strings.Contains(p.Title, "12 days") {
			w.Errorf("second: %+v", p)
		}
		if o.Health.State != "trouble" || !strings.HasPrefix(o.Health.Text, "0 of 2 flows deliver") {
			w.Errorf("health %+v", o.Health)
		}
		if o.Flows[0].Name != "contoso" || o.Flows[0].State != "trouble" || o.Flows[1].State != "paused" || o.Tenants[0].State != "trouble" {
			w.Errorf("flows %+v, tenants %+v", o.Flows, o.Tenants)
		}
		w.clock.Add(13 * 24 * time.Hour)
		if got := codes(w.look()); !slices.Contains(got, "secret_expired") {
			w.Errorf("two weeks later: %v", got)
		}
	})
}

// TestASecretThatEndsIsToldFromAMonthBefore: on its tile, with a test or without, and among the problems; on the last day
// as what puts data at risk.
func TestASecretThatEndsIsToldFromAMonthBefore(t *testing.T) {
	const day = 24 * time.Hour
	spec := func(expires time.Time) []byte {
		return fmt.Appendf(nil, `{"type":"office-365-management-api","tenantId":"8f3a0000-0000-4000-8000-000000000001","clientId":"1b4f0000-0000-4000-8000-000000000001","clientSecret":{"ref":"env:CONTOSO_SECRET"},"expires":%q}`, expires.Format(time.RFC3339))
	}
	worlds(t, func(w *world) {
		c, _, _ := w.tenant("contoso")
		for _, test := range []struct {
			left                             time.Duration
			untested, tested, fact, severity string
			problem                          string
		}{
			{40*day + time.Hour, credential.NotTested, credential.Working, "the secret is valid 40 days", "", ""},
			{29*day + time.Hour, credential.ExpiresSoon, credential.ExpiresSoon, "the secret ends in 29 days", overview.Attention, "The secret of contoso-cred ends in 29 days"},
			{13*day + time.Hour, credential.ExpiresSoon, credential.ExpiresSoon, "the secret ends in 13 days", overview.Attention, "The secret of contoso-cred ends in 13 days"},
			{6*day + time.Hour, credential.ExpiresSoon, credential.ExpiresSoon, "the secret ends in 6 days", overview.Attention, "The secret of contoso-cred ends in 6 days"},
			{day + time.Hour, credential.ExpiresSoon, credential.ExpiresSoon, "the secret ends in 1 day,", overview.Attention, "The secret of contoso-cred ends in 1 day"},
			{5 * time.Hour, credential.ExpiresSoon, credential.ExpiresSoon, "the secret ends in less than a day", overview.Trouble, "The secret of contoso-cred ends in less than a day"},
			{-day, credential.Expired, credential.Expired, "the secret ended on", overview.Trouble, "The secret of contoso-cred ended on"},
		} {
			c.Expires = w.clock.Now().Add(test.left).Truncate(time.Second)
			c.Spec = spec(c.Expires)
			var err error
			c, err = w.s.UpdateObject(w.Context(), c, nil)
			w.ok(err)
			v, err := w.view.Credentials.Show(w.Context(), c.Name)
			w.ok(err)
			if v.State != test.untested {
				w.Errorf("%s left, not tested: %s", test.left, v.State)
			}
			w.ok(w.s.SaveTest(w.Context(), c, true, []byte(`{"ok":true,"checks":[]}`)))
			if v, err = w.view.Credentials.Show(w.Context(), c.Name); err != nil || v.State != test.tested || !strings.HasPrefix(v.Fact, test.fact) {
				w.Errorf("%s left: %s, %q, %v", test.left, v.State, v.Fact, err)
			}
			o := w.look()
			switch {
			case test.problem == "" && len(o.Problems) == 0:
			case len(o.Problems) != 1 || o.Problems[0].Severity != test.severity || !strings.HasPrefix(o.Problems[0].Title, test.problem) || o.Problems[0].Action.Verb != "rotate":
				w.Errorf("%s left: %+v", test.left, o.Problems)
			}
		}
		c.Expires = w.clock.Now().Add(6*day + time.Hour)
		c.Spec = spec(c.Expires)
		c, err := w.s.UpdateObject(w.Context(), c, nil)
		w.ok(err)
		w.ok(w.s.SaveTest(w.Context(), c, false, []byte(`{"ok":false,"checks":[{"name":"ActivityFeed.Read","result":"missing","text":"has no admin consent"}]}`)))
		v, err := w.view.Credentials.Show(w.Context(), c.Name)
		w.ok(err)
		if v.State != credential.PermissionMissing || !strings.Contains(v.Fact, "has no admin consent; the secret ends in 6 days") {
			w.Errorf("a permission is missing too: %s, %q", v.State, v.Fact)
		}
	})
}

func due(w *world, l store.Lane) []store.Delivery {
	w.Helper()
	all, err := w.s.Due(w.Context(), l, 10, nil)
	w.ok(err)
	return all
}

func TestWhatIsLostIsToldForAWeek(t *testing.T) {
	worlds(t, func(w *world) {
		_, src, f := w.tenant("contoso")
		w.list(src, f, 3)
		lane := w.lane(f)
		for _, d := range due(w, lane)[:2] {
			w.ok(w.s.SetBack(w.Context(), lane, src.ID, []store.Setback{{Delivery: d, State: store.Lost, Error: store.Trouble{Class: "lost", Text: "gone", Since: w.clock.Now()}}}))
		}
		o := w.look()
		if len(o.Problems) != 1 || o.Problems[0].Title != "2 splits of contoso lost" || o.Problems[0].Action.Name != "contoso-src" || o.Health.State != "attention" {
			w.Errorf("%+v, %+v", o.Health, o.Problems)
		}
		w.clock.Add(8 * 24 * time.Hour)
		if o = w.look(); slices.Contains(codes(o), "lost") {
			w.Errorf("after a week: %+v", o.Problems)
		}
	})
}

// TestARefusedSignInLeadsToItsCredential: what people must mend is the credential, whatever its last test said.
func TestARefusedSignInLeadsToItsCredential(t *testing.T) {
	worlds(t, func(w *world) {
		_, src, f := w.tenant("contoso")
		w.list(src, f, 1)
		w.ok(w.s.WakeSource(w.Context(), src.ID))
		l, _, err := w.s.TakeListing(w.Context(), "node", 0, time.Minute)
		w.ok(err)
		w.ok(w.s.FailListing(w.Context(), l, store.Trouble{Class: "denied", Code: "secret_expired", Title: "The client secret has expired", Since: w.clock.Now()}, w.clock.Now().Add(time.Hour)))
		o := w.look()
		if len(o.Problems) != 1 || o.Problems[0].Action != (overview.Action{Verb: "rotate", Label: "Rotate secret", Kind: store.Credential, Name: "contoso-cred"}) || !strings.Contains(o.Problems[0].Detail, "The client secret has expired") {
			t.Errorf("problems %+v", o.Problems)
		}
		v, err := w.view.Credentials.Show(w.Context(), "contoso-cred")
		w.ok(err)
		if v.State != credential.Expired || v.Fact != "The client secret has expired" {
			t.Errorf("the credential is %s: %s", v.State, v.Fact)
		}
	})
}

func TestMissingHoursCanBeFilledUntilTheSourceForgets(t *testing.T) {
	worlds(t, func(w *world) {
		_, src, _ := w.tenant("contoso")
		start := w.clock.Now().Add(-10 * time.Hour)
		w.ok(w.s.WakeSource(w.Context(), src.ID))
		l, ok, err := w.s.TakeListing(w.Context(), "node", 0, time.Minute)
		if err != nil || !ok {
			w.Fatal(err)
		}
		covered := func(from, to time.Time) connector.Range {
			return connector.Range{Stream: "Audit.Exchange", From: from, To: to}
		}
		hour := start.Truncate(time.Hour)
		_, err = w.s.CommitListing(w.Context(), l, store.Listed{Enumeration: connector.Enumeration{Cursor: []byte("c"), Listed: []connector.Range{
			covered(hour.Add(40*time.Minute), hour.Add(2*time.Hour)), covered(hour.Add(2*time.Hour), hour.Add(150*time.Minute)), covered(hour.Add(3*time.Hour), hour.Add(10*time.Hour))}},
			Due: w.clock.Now().Add(time.Hour)})
		w.ok(err)
		o := w.look()
		if len(o.Problems) != 1 || o.Problems[0].Code != "coverage_missing" || o.Problems[0].Count != 1 || !o.Problems[0].Since.Equal(hour.Add(2*time.Hour)) || !o.Problems[0].Until.Equal(hour.Add(2*time.Hour+7*24*time.Hour)) {
			w.Errorf("%+v", o.Problems)
		}
	})
}

func TestAContentTypeThatCannotBeReadHasItsOwnTime(t *testing.T) {
	worlds(t, func(w *world) {
		_, src, _ := w.tenant("contoso")
		now, began := w.clock.Now(), w.clock.Now().Add(-3*24*time.Hour).Truncate(time.Second)
		w.ok(w.s.WakeSource(w.Context(), src.ID))
		l, ok, err := w.s.TakeListing(w.Context(), "node", 0, time.Minute)
		if err != nil || !ok {
			w.Fatal(err)
		}
		stamp := func(at time.Time) string { return at.Format(time.RFC3339) }
		cursor := fmt.Sprintf(`{"v":1,"streams":{"Audit.General":{"listed":[{"from":%q,"to":%q}]},"Audit.Exchange":{"listed":[{"from":%q,"to":%q}]}}}`, stamp(began), stamp(began), stamp(began), stamp(now))
		_, err = w.s.CommitListing(w.Context(), l, store.Listed{Enumeration: connector.Enumeration{Cursor: []byte(cursor)}, Due: now.Add(time.Hour), Failures: 1,
			Trouble: &store.Trouble{Class: "unavailable", Title: "The service has trouble of its own", Hint: "Nothing to do", Since: now, Streams: []string{"Audit.General"}}})
		w.ok(err)
		p := w.look().Problems[0]
		if p.Title != "Audit.General of source contoso-src can't be read" || !p.Until.Equal(began.Add(7*24*time.Hour)) || !strings.Contains(p.Detail, "can still be fetched for 3 d") || p.Hint != "Nothing to do" {
			w.Errorf("%+v", p)
		}
	})
}

func TestADayAndItsLag(t *testing.T) {
	worlds(t, func(w *world) {
		_, src, f := w.tenant("contoso")
		w.list(src, f, 30)
		lane := w.lane(f)
		for _, d := range append(due(w, lane), due(w, lane)...)[:10] {
			w.clock.Add(3 * time.Hour)
			w.ok(w.s.CommitBatch(w.Context(), lane, store.Committed{SourceID: src.ID, Keep: time.Minute, Deliveries: []store.Progressed{{Delivery: d, Done: true, Revision: 1, Read: 10,
				Counts: store.Counts{Fetched: 10, Delivered: 9, Repeats: 1, Newest: w.clock.Now().Add(-10 * time.Minute)}}}}))
		}
		o := w.look()
		if o.Day.Out != 8*9 || o.Day.In != 80 || o.Day.Delivered[23] != 9 || o.Flows[0].Rate[23] != 9 || o.Flows[0].LagSeconds < 600 || o.Flows[0].LagSeconds > 610 {
			w.Errorf("day %+v, flow %+v", o.Day, o.Flows[0])
		}
		a, err := w.view.Activity(w.Context(), overview.ActivityRequest{Flows: []string{"contoso"}, From: w.clock.Now().Add(-48 * time.Hour)})
		w.ok(err)
		if len(a.Series) != 1 || len(a.Series[0].Points) != 10 || a.Series[0].Stream != "Audit.Exchange" || a.Minutes != 60 {
			w.Fatalf("%+v", a)
		}
		if l := a.Series[0].Lag; l == nil || l.Seconds < 600 || l.Seconds > 610 || l.Low != 600 || l.High != 600 || l.Known {
			w.Errorf("lag %+v", l)
		}
		if p := a.Series[0].Points[9]; p.P50 == 0 || p.P95 < p.P50 {
			w.Errorf("latency %+v", p)
		}
		sum, err := w.view.Activity(w.Context(), overview.ActivityRequest{Width: "minute", From: w.clock.Now().Add(-4 * time.Hour)})
		w.ok(err)
		if len(sum.Series) != 1 || len(sum.Series[0].Points) != 2 || sum.Minutes != 1 {
			w.Errorf("the sum, by the minute: %+v", sum)
		}
		if _, err := w.view.Activity(w.Context(), overview.ActivityRequest{Flows: []string{"nobody"}}); err == nil {
			w.Error("a flow that is not there")
		}
	})
}
