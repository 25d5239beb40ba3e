package overview

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

const (
	most     = 50                 // of one kind of problem that are told by name
	lastDay  = 24 * time.Hour     // of a secret: data is at risk
	lately   = 7 * 24 * time.Hour // what was lost is a problem for so long
	brief    = 24 * time.Hour     // a failed run
	leastGB  = 2                  // less free disk is a problem
	leastOf  = 20                 // and less than a twentieth
	gigabyte = 1 << 30
)

// problems looks for everything that a person should do something about.
func (s *Service) problems(ctx context.Context, now time.Time) (*found, error) {
	f := &found{}
	for _, look := range []func(context.Context, time.Time, *found) error{s.secrets, s.tests, s.listings, s.lanes, s.letters, s.failures, s.gaps, s.missing, s.runs, s.paused} {
		if err := look(ctx, now, f); err != nil {
			return f, err
		}
	}
	s.disk(f)
	return f, nil
}

func (s *Service) secrets(ctx context.Context, now time.Time, f *found) error {
	all, err := s.Store.Expiring(ctx, now.Add(credential.Soon), most)
	for _, c := range all {
		p := Problem{Code: "secret_expiring", Severity: Attention, Tenant: c.Tenant, Kind: c.Kind, Name: c.Name, Until: c.Expires,
			Title:  fmt.Sprintf("The secret of %s ends in %s", c.Name, credential.Left(c.Expires.Sub(now))),
			Action: Action{"rotate", "Rotate secret", c.Kind, c.Name}}
		switch left := c.Expires.Sub(now); {
		case left <= 0:
			p.Code, p.Severity, p.Title = "secret_expired", Trouble, fmt.Sprintf("The secret of %s ended on %s", c.Name, c.Expires.Format(time.DateOnly))
		case left <= lastDay:
			p.Severity = Trouble
		}
		f.add(p)
	}
	return err
}

// tests tells of credentials whose last test found something to do.
func (s *Service) tests(ctx context.Context, _ time.Time, f *found) error {
	all, err := s.Store.BadTests(ctx, most)
	if err != nil {
		return err
	}
	views, err := s.Credentials.Views(ctx, all)
	for _, v := range views {
		p := Problem{Code: v.State, Severity: Trouble, Title: v.Name + " can't sign in", Detail: v.Fact, Tenant: v.Tenant, Kind: store.Credential, Name: v.Name,
			Action: Action{"test", "Test again", store.Credential, v.Name}}
		switch v.State {
		case credential.Expired, credential.ExpiresSoon, credential.Working, credential.NotTested:
			continue // told by its date, or mended since
		case credential.PermissionMissing:
			p.Title, p.Action.Verb, p.Action.Label = v.Name+" lacks a permission", "grant", "Grant admin consent"
		case credential.Attention:
			p.Severity, p.Title = Attention, v.Name+" needs a look"
		case credential.Unreachable:
			p.Title = "Microsoft can't be reached for " + v.Name
		}
		if v.Test != nil {
			p.Since = v.Test.At
		}
		f.add(p)
	}
	return err
}

// listings tells of sources that can't be listed, and until when what is missed can still be had.
func (s *Service) listings(ctx context.Context, now time.Time, f *found) error {
	stuck, total, err := s.Store.StuckListings(ctx, most)
	if err != nil {
		return err
	}
	ids := make([]int64, len(stuck))
	for i, one := range stuck {
		ids[i] = one.ID
	}
	sources, err := s.Store.ObjectsWithIDs(ctx, ids)
	if err != nil {
		return err
	}
	cursors, err := s.Store.Cursors(ctx, ids)
	for _, one := range stuck {
		src, ok := sources[one.ID]
		if !ok || one.Trouble == nil || one.Trouble.Class == "throttled" {
			continue
		}
		p := Problem{Code: "source_" + one.Trouble.Class, Severity: Trouble, Title: "Source " + src.Name + " can't be read", Detail: one.Trouble.Line(), Hint: one.Trouble.Hint, Tenant: src.Tenant,
			Kind: store.Source, Name: src.Name, Count: int64(one.Failures), Since: one.Trouble.Since, Action: Action{"test", "Test source", store.Source, src.Name}}
		switch {
		case one.Trouble.Partial():
			p.Title = strings.Join(one.Trouble.Streams, ", ") + " of source " + src.Name + " can't be read"
		case one.Trouble.Class == "denied":
			p.Title = "Source " + src.Name + " is refused"
		}
		if err := s.signIn(ctx, &p, one.Trouble, src.CredentialID); err != nil {
			return err
		}
		if use, err := s.Sources.Read(src); err == nil && use.Connector.Source.Horizon > 0 {
			if since := unlisted(use, cursors[one.ID], one.Listed); !since.IsZero() {
				p.Until = since.Add(use.Connector.Source.Horizon)
				p.Detail += fmt.Sprintf(". What it has since %s can still be fetched for %s", since.Format("2 Jan 15:04Z"), span(p.Until.Sub(now)))
			}
		}
		f.add(p)
	}
	f.more += max(0, total-most)
	return err
}

// unlisted gives when the oldest begins that is still to be listed of a source: its last listing may have left streams out.
func unlisted(use object.Use, cursor connector.Cursor, listed time.Time) time.Time {
	oldest := time.Time{}
	for _, r := range use.Listed(cursor) {
		if oldest.IsZero() || r.To.Before(oldest) {
			oldest = r.To
		}
	}
	if oldest.IsZero() {
		return listed
	}
	return oldest
}

func span(d time.Duration) string {
	if d <= 0 {
		return "no time: it is being lost now"
	}
	if d > 48*time.Hour {
		return credential.Left(d)
	}
	return connector.Duration(d.Truncate(time.Minute)).String()
}

// lanes tells of flows that can't deliver, and until when what waits for them can still be had.
func (s *Service) lanes(ctx context.Context, _ time.Time, f *found) error {
	stuck, total, err := s.Store.StuckLanes(ctx, most)
	if err != nil {
		return err
	}
	ids := make([]int64, len(stuck))
	for i, one := range stuck {
		ids[i] = one.ID
	}
	flows, err := s.Store.ObjectsWithIDs(ctx, ids)
	if err != nil {
		return err
	}
	waiting, err := s.Store.OldestWaiting(ctx, ids)
	for _, one := range stuck {
		fl, ok := flows[one.ID]
		if !ok || one.Trouble == nil || one.Trouble.Class == "throttled" {
			continue
		}
		p := Problem{Code: "flow_" + one.Trouble.Class, Severity: Trouble, Title: "Flow " + fl.Name + " does not deliver", Detail: one.Trouble.Line(), Hint: one.Trouble.Hint, Tenant: fl.Tenant,
			Kind: store.Flow, Name: fl.Name, Count: int64(one.Failures), Since: one.Trouble.Since, Action: Action{"look", "Look at the flow", store.Flow, fl.Name}, flow: fl.ID}
		if err := s.signIn(ctx, &p, one.Trouble, 0, fl.DestinationID, fl.SourceID); err != nil {
			return err
		}
		if w := waiting[fl.ID]; !w.Held {
			p.Until = w.Expires
		}
		f.add(p)
	}
	f.more += max(0, total-most)
	return err
}

// letters tells of the largest groups of dead letters.
func (s *Service) letters(ctx context.Context, _ time.Time, f *found) error {
	const largest = 10
	groups, _, count, err := s.Store.LetterGroups(ctx, 0, store.LetterOpen, largest)
	if err != nil {
		return err
	}
	ids := make([]int64, len(groups))
	for i, g := range groups {
		ids[i] = g.FlowID
	}
	flows, err := s.Store.ObjectsWithIDs(ctx, ids)
	keep := store.DefaultRetention().Open
	for _, g := range groups {
		fl := flows[g.FlowID]
		f.add(Problem{Code: "dead_letters", Severity: Attention, Title: records(g.Count) + " of " + fl.Name + " refused", Detail: g.Reason, Tenant: fl.Tenant, Kind: store.Flow, Name: fl.Name,
			Count: g.Count, Since: g.First, Until: g.First.Add(keep), Action: Action{"review", "Review", "dead-letters", g.Group}, flow: g.FlowID})
	}
	f.more += max(0, count-largest)
	return err
}

func records(n int64) string {
	if n == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", n)
}

func splits(n int64) string {
	if n == 1 {
		return "1 split"
	}
	return fmt.Sprintf("%d splits", n)
}

// failures tells of deliveries that have failed and can be tried again, and of those that were lost lately.
func (s *Service) failures(ctx context.Context, now time.Time, f *found) error {
	all, err := s.Store.Failures(ctx, now.Add(-lately), most)
	if err != nil {
		return err
	}
	ids := make([]int64, len(all))
	for i, one := range all {
		ids[i] = one.FlowID
	}
	flows, err := s.Store.ObjectsWithIDs(ctx, ids)
	if err != nil {
		return err
	}
	ids = ids[:0]
	for _, one := range all {
		if one.Lost > 0 {
			ids = append(ids, flows[one.FlowID].SourceID)
		}
	}
	sources, err := s.Store.ObjectsWithIDs(ctx, ids)
	for _, one := range all {
		fl := flows[one.FlowID]
		if one.Lost > 0 {
			f.add(Problem{Code: "lost", Severity: Attention, Title: splits(one.Lost) + " of " + fl.Name + " lost", Tenant: fl.Tenant, Kind: store.Flow, Name: fl.Name, Count: one.Lost, Since: one.LostAt,
				Detail: "the source no longer had them when they were read; the coverage names their hours, Purview's audit search may still have the records", Action: Action{"look", "Show coverage", "coverage", sources[fl.SourceID].Name}})
		}
		if one.Failed > 0 {
			f.add(Problem{Code: "deliveries_failed", Severity: Trouble, Title: fmt.Sprintf("%d deliveries of %s have failed", one.Failed, fl.Name), Tenant: fl.Tenant, Kind: store.Flow, Name: fl.Name,
				Count: one.Failed, Action: Action{"retry", "Retry", store.Flow, fl.Name}, flow: fl.ID})
		}
	}
	return err
}

// gaps tells of what was lost lately.
func (s *Service) gaps(ctx context.Context, now time.Time, f *found) error {
	all, err := s.Store.RecentGaps(ctx, now.Add(-lately), most)
	if err != nil {
		return err
	}
	ids := make([]int64, len(all))
	for i, g := range all {
		ids[i] = g.SourceID
	}
	sources, err := s.Store.ObjectsWithIDs(ctx, ids)
	for _, g := range all {
		src := sources[g.SourceID]
		f.add(Problem{Code: "gap", Severity: Trouble, Title: fmt.Sprintf("%s has %d gaps", src.Name, g.Count), Tenant: src.Tenant, Kind: store.Source, Name: src.Name, Count: g.Count, Since: g.Reported,
			Detail: fmt.Sprintf("between %s and %s: %s", g.From.Format(time.RFC3339), g.To.Format(time.RFC3339), g.Reason), Action: Action{"look", "Show coverage", "coverage", src.Name}})
	}
	return err
}

// missing tells of hours that were not listed to their end and can still be.
func (s *Service) missing(ctx context.Context, now time.Time, f *found) error {
	const settled = 3 * time.Hour // younger hours are still being listed
	all, err := s.Store.MissingHours(ctx, now.Add(-lately), now.Add(-settled), most)
	if err != nil || len(all) == 0 {
		return err
	}
	hours, oldest, order := map[int64]int64{}, map[int64]time.Time{}, []int64{}
	for _, m := range all {
		if hours[m.SourceID] == 0 {
			oldest[m.SourceID], order = m.Oldest, append(order, m.SourceID)
		}
		hours[m.SourceID] += m.Hours
	}
	sources, err := s.Store.ObjectsWithIDs(ctx, order)
	for _, id := range order {
		src := sources[id]
		use, err := s.Sources.Read(src)
		if err != nil || src.Paused || use.Connector.Source.Horizon == 0 {
			continue // told elsewhere, or the past of this source does not go
		}
		f.add(Problem{Code: "coverage_missing", Severity: Trouble, Title: fmt.Sprintf("%d hours of %s are missing", hours[id], src.Name), Tenant: src.Tenant, Kind: store.Source, Name: src.Name, Count: hours[id],
			Since: oldest[id], Until: oldest[id].Add(use.Connector.Source.Horizon), Detail: "they were not listed to their end, and can still be", Action: Action{"backfill", "Fill the gap", "coverage", src.Name}})
	}
	return err
}

// runs tells of crawls that wait for approval and of runs that failed.
func (s *Service) runs(ctx context.Context, now time.Time, f *found) error {
	holding, _, err := s.Store.RunsPage(ctx, store.RunFilter{States: []string{store.RunHolding}}, store.Page{Limit: most})
	if err != nil {
		return err
	}
	failed, _, err := s.Store.RunsPage(ctx, store.RunFilter{States: []string{store.RunFailed}}, store.Page{Limit: most})
	if err != nil {
		return err
	}
	var ids []int64
	for _, r := range append(holding, failed...) {
		ids = append(ids, r.FlowID)
	}
	flows, err := s.Store.ObjectsWithIDs(ctx, ids)
	for _, r := range holding {
		fl := flows[r.FlowID]
		f.add(Problem{Code: "guard_holding", Severity: Trouble, Title: "A crawl of " + fl.Name + " waits for approval of its deletes", Detail: r.Error, Tenant: fl.Tenant, Kind: "run", Name: r.UID,
			Since: r.Created, Action: Action{"approve", "Review deletes", "run", r.UID}, flow: r.FlowID})
	}
	for _, r := range failed {
		if fl := flows[r.FlowID]; r.Finished.After(now.Add(-brief)) {
			f.add(Problem{Code: "run_failed", Severity: Attention, Title: fmt.Sprintf("A %s of %s failed", r.Kind, fl.Name), Detail: r.Error, Tenant: fl.Tenant, Kind: "run", Name: r.UID,
				Since: r.Finished, Action: Action{"retry", "Retry", store.Flow, fl.Name}, flow: r.FlowID})
		}
	}
	return err
}

// paused tells of what people have stopped.
func (s *Service) paused(ctx context.Context, _ time.Time, f *found) error {
	all, err := s.Store.PausedObjects(ctx, most)
	for _, o := range all {
		p := Problem{Code: "paused", Severity: Notice, Title: fmt.Sprintf("%s %s is paused", o.Kind, o.Name), Detail: o.Reason, Tenant: o.Tenant, Kind: o.Kind, Name: o.Name,
			Since: o.Updated, Action: Action{"resume", "Resume", o.Kind, o.Name}}
		if o.Kind == store.Flow {
			p.flow = o.ID
		}
		f.add(p)
	}
	return err
}

// disk tells of a data folder that is nearly full.
func (s *Service) disk(f *found) {
	if s.Disk == nil {
		return
	}
	free, total, err := s.Disk()
	if err != nil || free >= leastGB*gigabyte || total > 0 && free >= total/leastOf {
		return
	}
	f.add(Problem{Code: "disk", Severity: Trouble, Title: fmt.Sprintf("The disk of the data folder has %.1f GB left", float64(free)/gigabyte),
		Detail: "collecting stops when it is full; nothing is lost, but it waits", Action: Action{"look", "Show settings", "settings", "data"}})
}
