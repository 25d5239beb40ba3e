package office365

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/m365sim"
)

func TestCollectsWhatTheFeedHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	src := w.open()
	var c crawl
	w.enumerate(src, &c)
	if len(c.failed) > 0 || len(c.lost) > 0 {
		t.Fatalf("failed %v, lost %v", c.failed, c.lost)
	}
	if d := w.compare(w.harvest(src, &c)); !d.Perfect() || d.Due == 0 {
		t.Errorf("the harvest is not perfect: %s", d)
	}
}

func TestFreshComesAlongsideOldAfterAnOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *m365sim.Scenario) {
		s.Content.EventsPerMinute = 0.3
		s.Content.RecordsPerBlob = m365sim.Span{Min: 1, Max: 2}
	})
	w.cfg.MaxWindow = w.cfg.Window // a busy tenant's
	l := w.begin()
	l.poll()
	w.sim.Clock().Advance(4 * day)
	e, err := l.src.Enumerate(t.Context(), l.crawl.cursor)
	if err != nil {
		t.Fatal(err)
	}
	if !e.More || e.Pending == 0 {
		t.Fatalf("More %v, Pending %d after four days; want work left over for the next call", e.More, e.Pending)
	}
	var newest, oldest int
	for _, s := range e.Splits {
		switch age := w.env.Now().Sub(s.Time); {
		case age < time.Hour:
			newest++
		case age > 3*day:
			oldest++
		}
	}
	if newest == 0 || oldest == 0 {
		t.Errorf("the first call has %d of the last hour and %d of the outage's beginning; want both", newest, oldest)
	}
	for range 3 {
		l.poll()
		w.sim.Clock().Advance(20 * time.Minute)
	}
	if d := w.compareUntil(l.got, w.env.Now().Add(-time.Hour)); d.Missing > 0 || len(l.crawl.lost) > 0 {
		t.Errorf("after the outage: %s; lost %v", d, l.crawl.lost)
	}
}

func TestTimeThatTheServiceForgotIsReportedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cfg.ContentTypes = []string{"Audit.General"}
	l := w.begin()
	l.poll()
	began := w.env.Now()
	w.sim.Clock().Advance(9 * day)
	l.poll()
	l.poll()
	lost, late := because(l.crawl.lost, neverListed), because(l.crawl.lost, notListedAgain)
	if len(lost) != 1 || len(late) != 1 || len(l.crawl.lost) != 2 {
		t.Fatalf("lost %v, want one gap, and the hours before it that could not be looked at again", l.crawl.lost)
	}
	gap := lost[0]
	if !late[0].To.Equal(gap.From) || gap.From.Sub(late[0].From).Round(time.Hour) != day {
		t.Errorf("what could not be looked at again is %+v, want the day before %s", late[0], gap.From)
	}
	from, to := began.Add(-15*time.Minute), w.env.Now().Add(-7*day+5*time.Minute)
	if gap.Stream != "Audit.General" || gap.From.Sub(from).Abs() > 2*time.Second || gap.To.Sub(to).Abs() > 2*time.Second || gap.Reason == "" {
		t.Errorf("the gap is %v to %v (%q), want about %v to %v with a reason", gap.From, gap.To, gap.Reason, from, to)
	}
}

// TestATypeWithoutPermissionStopsNothingElse also shows that its loss is reported when it works again, as a whole.
func TestATypeWithoutPermissionStopsNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if err := w.sim.SetRoles("", w.tenant.ClientID, readRight); err != nil {
		t.Fatal(err)
	}
	l := w.begin()
	l.poll()
	if len(l.crawl.failed) == 0 {
		t.Fatal("nothing failed, want DLP.All")
	}
	for _, f := range l.crawl.failed {
		if f.Stream != "DLP.All" || fault.ClassOf(f.Err) != fault.Denied || fault.HintOf(f.Err) == "" {
			t.Fatalf("failed %v, want DLP.All alone, Denied and with a hint", f)
		}
	}
	w.cfg.ContentTypes = contentTypes[:4]
	if d := w.compare(l.got); !d.Perfect() || d.Due == 0 {
		t.Errorf("the other types' harvest is not perfect: %s", d)
	}
	if err := w.sim.SetRoles("", w.tenant.ClientID, readRight, dlpRight); err != nil {
		t.Fatal(err)
	}
	w.sim.Clock().Advance(2 * time.Hour) // the token ends
	w.cfg.ContentTypes = contentTypes
	l.fresh = true
	l.poll()
	w.sim.Clock().Advance(20 * time.Minute)
	l.poll()
	if d := w.compareUntil(l.got, w.env.Now().Add(-time.Hour)); d.Missing > 0 {
		t.Errorf("after the permission was granted: %s", d)
	}
}

// because gives the gaps of one reason.
func because(all []connector.Gap, reason string) []connector.Gap {
	return slices.DeleteFunc(slices.Clone(all), func(g connector.Gap) bool { return g.Reason != reason })
}

// TestALongRefusalIsOneLoss: while a type can't be listed nothing is given up silently; what the service forgot
// meanwhile is reported as one gap when it works again.
func TestALongRefusalIsOneLoss(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	l := w.begin()
	l.poll()
	w.roles(readRight)
	for range 9 {
		w.sim.Clock().Advance(day)
		l.poll()
	}
	if len(l.crawl.lost) > 0 {
		t.Errorf("lost %v while it could not be listed", l.crawl.lost)
	}
	w.roles(readRight, dlpRight)
	w.sim.Clock().Advance(2 * time.Hour)
	l.poll()
	lost := because(l.crawl.lost, neverListed)
	if len(lost) != 1 || lost[0].Stream != "DLP.All" || lost[0].To.Sub(lost[0].From).Round(time.Hour) != 50*time.Hour || len(l.crawl.lost) != 2 {
		t.Errorf("lost %v, want one gap of DLP.All of the two days and two hours beyond seven", l.crawl.lost)
	}
}

func TestADisabledSubscriptionIsRevived(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *m365sim.Scenario) { s.Content.EventsPerMinute = 1 })
	l := w.begin()
	l.poll()
	w.sim.Clock().Advance(20 * time.Minute)
	if err := w.sim.DisableSubscription("", w.tenant.ClientID, "Audit.Exchange"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		l.poll()
		w.sim.Clock().Advance(time.Minute)
	}
	e, err := l.src.Enumerate(t.Context(), l.crawl.cursor)
	if err != nil || len(e.Failed) > 0 {
		t.Errorf("three polls later: %v, %v; want the subscription revived", err, e.Failed)
	}

	w.cfg.StartSubscriptions = false
	if err := w.sim.DisableSubscription("", w.tenant.ClientID, "Audit.Exchange"); err != nil {
		t.Fatal(err)
	}
	w.sim.Clock().Advance(30 * time.Minute)
	e, err = w.open().Enumerate(t.Context(), l.crawl.cursor)
	if err != nil || len(e.Failed) != 1 || e.Failed[0].Stream != "Audit.Exchange" {
		t.Errorf("with startSubscriptions off: %v, %v; want it reported and not started", err, e.Failed)
	}
}

func TestAuditLoggingOffIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *m365sim.Scenario) {
		s.Tenants[0].AuditLog = "off"
		s.Tenants[0].Subscriptions = map[string]string{"any": "none"}
	})
	_, err := w.open().Enumerate(t.Context(), nil)
	f, ok := fault.As(err)
	if !ok || f.Code != "audit_log_off" || f.Class != fault.Denied || !strings.Contains(f.Hint, "Purview") {
		t.Errorf("got %v (%+v), want audit_log_off with the way to Purview", err, f)
	}
}

func TestABackfillListsItsRangeAndEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	from, to := simStart.Add(-50*time.Hour), simStart.Add(-20*time.Hour)
	raw, err := Spec().Source.Range(w.cfg, from, to)
	if err != nil {
		t.Fatal(err)
	}
	src := w.open()
	c := crawl{cursor: raw}
	w.enumerate(src, &c)
	for id, s := range c.splits {
		if s.Time.Before(from.Add(-time.Second)) || !s.Time.Before(to) {
			t.Errorf("split %s of %v is outside of %v to %v", id, s.Time, from, to)
		}
	}
	if len(c.splits) == 0 {
		t.Error("the backfill listed nothing")
	}
	for _, name := range contentTypes {
		var sum time.Duration
		for _, r := range c.listed {
			if r.Stream == name {
				sum += r.To.Sub(r.From)
			}
		}
		if sum != to.Sub(from) {
			t.Errorf("%s: listed %v of %v", name, sum, to.Sub(from))
		}
	}

	for name, r := range map[string]struct{ from, to time.Time }{"until later": {simStart.Add(-time.Hour), simStart.Add(time.Hour)}, "before the horizon": {simStart.Add(-8 * day), simStart.Add(-6 * day)}} {
		raw, err := Spec().Source.Range(w.cfg, r.from, r.to)
		if err != nil {
			t.Fatal(err)
		}
		c := crawl{cursor: raw}
		w.enumerate(src, &c)
		if lost := len(c.lost) > 0; lost != (name == "before the horizon") {
			t.Errorf("%s: lost %v", name, c.lost)
		}
	}
	if _, err := Spec().Source.Range(w.cfg, to, from); fault.ClassOf(err) != fault.Invalid {
		t.Errorf("a range that ends before it begins: %v, want Invalid", err)
	}
}

func TestBlobsThatAreGoneAreLostLoudly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	l := w.begin()
	w.enumerate(l.src, &l.crawl)
	split := l.crawl.splits[l.crawl.order[0]]
	for _, kind := range []string{"not-found", "expired"} {
		if err := w.sim.SetFaults(m365sim.Fault{On: m365sim.OpBlob, Do: kind}); err != nil {
			t.Fatal(err)
		}
		if _, err := first(w, l.src, split); fault.ClassOf(err) != fault.Lost {
			t.Errorf("%s: %v, want Lost", kind, err)
		}
	}
	if err := w.sim.SetFaults(m365sim.Fault{On: m365sim.OpBlob, Do: "invalid-id"}); err != nil {
		t.Fatal(err)
	}
	if _, err := first(w, l.src, split); fault.ClassOf(err) != fault.Internal {
		t.Errorf("an ID that is never accepted: %v, want Internal, which is tried some times and shown", err)
	}
	requests, err := w.sim.Requests("")
	if err != nil {
		t.Fatal(err)
	}
	w.sim.Clock().Advance(8 * day)
	if _, err := first(w, l.src, split); fault.ClassOf(err) != fault.Lost || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an expired blob: %v, want Lost", err)
	}
	after, err := w.sim.Requests("")
	if err != nil || fmt.Sprint(after) != fmt.Sprint(requests) {
		t.Errorf("an expired blob was asked for: %v", err)
	}
}

// first gives a split's first record or error.
func first(w *world, src connector.Source, s connector.Split) (connector.Record, error) {
	for rec, err := range src.Read(w.t.Context(), s, 0) {
		return rec, err
	}
	return connector.Record{}, nil
}

func TestOddBlobs(t *testing.T) {
	t.Parallel()
	kinds := map[string]struct {
		records, refused int
		class            fault.Class // of the whole blob; Internal stands for none
	}{
		"no-id":        {records: 3},
		"invalid-utf8": {records: 3},
		"empty":        {},
		"html":         {class: fault.Unavailable},
		"cut":          {class: fault.Unavailable, records: 2},
		"object":       {class: fault.Unavailable},
	}
	w := newWorld(t, func(s *m365sim.Scenario) {
		s.Content.Events = 0
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			s.Blobs = append(s.Blobs, m365sim.SpecialBlob{ContentType: "Audit.General", Age: m365sim.Duration(time.Hour), Records: 3, Kind: kind})
		}
		s.Blobs = append(s.Blobs, m365sim.SpecialBlob{ContentType: "Audit.General", Age: m365sim.Duration(time.Hour), Records: 4, Kind: "not-objects"},
			m365sim.SpecialBlob{ContentType: "Audit.General", Age: m365sim.Duration(time.Hour), Records: 2, RecordBytes: 300_000, Kind: "records"})
	})
	w.cfg.MaxRecord = 200_000
	src := w.open()
	var c crawl
	w.enumerate(src, &c)
	if len(c.order) != len(kinds)+2 {
		t.Fatalf("%d splits, want %d", len(c.order), len(kinds)+2)
	}
	found := map[string]int{}
	for _, id := range c.order {
		records, refused, end := 0, 0, error(nil)
		for rec, err := range src.Read(t.Context(), c.splits[id], 0) {
			switch {
			case err == nil:
				records++
			case fault.ClassOf(err) == fault.Invalid:
				refused++
				if rec.Key == "" {
					t.Errorf("a refusal without a key: %v", err)
				}
			default:
				end = err
			}
		}
		class := "whole"
		if end != nil {
			class = fault.ClassOf(end).String()
		}
		found[fmt.Sprintf("%d %d %s", records, refused, class)]++
	}
	for _, want := range []string{"3 0 whole", "0 0 whole", "0 0 unavailable", "0 2 whole"} {
		if found[want] == 0 {
			t.Errorf("no blob with %q (records, refused, end); found %v", want, found)
		}
	}
}

func TestSkipLeavesOutTheFirstRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *m365sim.Scenario) { s.Content.RecordsPerBlob = m365sim.Span{Min: 5, Max: 5} })
	src := w.open()
	var c crawl
	w.enumerate(src, &c)
	count := func(skip int64) (n int) {
		for _, err := range src.Read(t.Context(), c.splits[c.order[0]], skip) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	whole := count(0)
	if got := count(2); whole < 3 || got != whole-2 {
		t.Errorf("%d of %d records after skipping 2", got, whole)
	}
}

func TestCursorsOfAnotherVersionAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, raw := range []string{`{"v":2}`, `{`, `[]`, `{"v":1,"streams":{"Audit.General":{"listed":[{"from":5}]}}}`} {
		if _, err := w.open().Enumerate(t.Context(), connector.Cursor(raw)); err == nil || !errors.As(err, new(*fault.Error)) {
			t.Errorf("cursor %s: %v, want an error that says so", raw, err)
		}
	}
}

// TestAWrongClockIsCorrected: windows, expiry and Ready go by the service's time.
func TestAWrongClockIsCorrected(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		w := newWorld(t, func(s *m365sim.Scenario) {
			s.Skew = m365sim.Duration(skew)
			s.Content.EventsPerMinute = 1
			s.Content.RecordsPerBlob = m365sim.Span{Min: 1, Max: 3}
		})
		l := w.begin()
		l.poll()
		w.sim.Clock().Advance(30 * time.Minute)
		l.poll()
		service := w.env.Now().Add(skew)
		for _, r := range l.crawl.listed {
			if r.To.After(service.Add(2*time.Second-15*time.Minute)) || r.From.Before(service.Add(-7*day-30*time.Minute)) { // whole seconds, two polls
				t.Errorf("skew %v: listed %v to %v at the service's %v", skew, r.From, r.To, service)
			}
		}
		if len(l.errs) > 0 || len(l.crawl.lost) > 0 {
			t.Errorf("skew %v: errors %v, lost %v", skew, l.errs, l.crawl.lost)
		}
		if d := w.compareUntil(l.got, service.Add(-time.Minute)); d.Missing > 0 || d.Due < 100 {
			t.Errorf("skew %v: %s", skew, d)
		}
		for id, s := range l.crawl.splits {
			if s.Ready.After(w.env.Now().Add(16 * time.Minute)) {
				t.Errorf("skew %v: split %s waits until %v, which is by the service's clock and not ours", skew, id, s.Ready)
			}
		}
	}
}
