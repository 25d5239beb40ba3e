package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/store"
)

// totals are the sums over all flows, at one time.
type totals struct {
	store.Counts
	Failed  int64
	Letters int64 // open ones
	Gaps    []store.Gap
	Held    []store.Run // crawls that wait for approval
	Windows int
	Trouble *store.Trouble
	noun    nouns
	flows   map[int64]store.Counts // by their IDs
}

// nouns are what a source's splits and records are called: of the audit feed, blobs and events.
type nouns struct{ split, record string }

// nounsOf gives the feed's words while only that is read.
func nounsOf(sources []store.Object) nouns {
	for _, o := range sources {
		var spec struct {
			Connector string `json:"connector"`
		}
		if json.Unmarshal(o.Spec, &spec) == nil && spec.Connector != "office-365-management-api" {
			return nouns{"splits", "records"}
		}
	}
	return nouns{"blobs", "events"}
}

// begin sums up what the flows of an open app did before, and settles what they speak of.
func begin(ctx context.Context, a *app.App) (totals, error) {
	sources, err := a.Services.Store.Objects(ctx, store.Source)
	if err != nil {
		return totals{}, err
	}
	return totals{noun: nounsOf(sources)}.look(ctx, a)
}

// look sums up what the flows did until now.
func (t totals) look(ctx context.Context, a *app.App) (totals, error) {
	t = totals{noun: t.noun, flows: map[int64]store.Counts{}}
	db := a.Services.Store
	flows, err := db.Objects(ctx, store.Flow)
	if err != nil {
		return t, err
	}
	for _, f := range flows {
		c, err := db.Counts(ctx, f.ID, 0)
		if err != nil {
			return t, err
		}
		t.Counts = t.Counts.Plus(c)
		t.flows[f.ID] = c
	}
	listings, err := db.Listings(ctx, 0)
	if err != nil {
		return t, err
	}
	for _, l := range listings {
		t.Windows += l.Pending
		if l.Trouble != nil {
			t.Trouble = l.Trouble
		}
	}
	lanes, err := db.Lanes(ctx, 0)
	if err != nil {
		return t, err
	}
	for _, l := range lanes {
		if l.Trouble != nil {
			t.Trouble = l.Trouble
		}
	}
	return t, nil
}

// settle adds what takes longer to count: failed deliveries, open letters, gaps.
func settle(ctx context.Context, a *app.App, t *totals) error {
	db := a.Services.Store
	flows, err := db.Objects(ctx, store.Flow)
	if err != nil {
		return err
	}
	for _, f := range flows {
		b, err := db.Backlog(ctx, f.ID)
		if err != nil {
			return err
		}
		t.Failed += b.Failed
	}
	if t.Letters, err = db.OpenLetters(ctx, 0); err != nil {
		return err
	}
	if t.Gaps, err = db.Gaps(ctx, 0); err != nil {
		return err
	}
	t.Held, err = db.Runs(ctx, store.RunQuery{State: store.RunHolding, Limit: 20})
	return err
}

// since has the counts of what was done after before. A flow that was removed meanwhile took what it had done with it.
func (t totals) since(before totals) totals {
	var b store.Counts
	for id, c := range before.flows {
		if _, there := t.flows[id]; there {
			b = b.Plus(c)
		}
	}
	c := &t.Counts
	c.Listed, c.Splits, c.Fetched, c.Delivered = c.Listed-b.Listed, c.Splits-b.Splits, c.Fetched-b.Fetched, c.Delivered-b.Delivered
	c.Repeats, c.Dropped, c.Dead, c.Deleted, c.Lost, c.Bytes = c.Repeats-b.Repeats, c.Dropped-b.Dropped, c.Dead-b.Dead, c.Deleted-b.Deleted, c.Lost-b.Lost, c.Bytes-b.Bytes
	return t
}

// snapshot makes what progress shows.
func (t totals) snapshot() snapshot {
	v := snapshot{noun: t.noun, Records: t.Delivered, Splits: t.Splits, Listed: max(t.Listed, t.Splits), // a replay's splits are not listed
		Windows: t.Windows, Bytes: t.Bytes, Repeats: t.Repeats, Dead: t.Dead}
	if t.Trouble != nil && t.Trouble.Until.After(time.Now()) {
		v.Waiting = fmt.Sprintf("waiting %s: %s", span(time.Until(t.Trouble.Until)), firstOf(t.Trouble.Title, t.Trouble.Text))
	}
	return v
}

func firstOf(all ...string) string {
	for _, text := range all {
		if text != "" {
			return text
		}
	}
	return ""
}

// collectOnce delivers all that is available now, with progress, and gives what was done.
func (s *session) collectOnce(ctx context.Context, a *app.App) (did totals, err error) {
	before, err := begin(ctx, a)
	if err != nil {
		return did, err
	}
	bar := s.progress()
	var last time.Time
	err = a.Once(ctx, func(store.Standing) {
		if time.Since(last) < 100*time.Millisecond {
			return
		}
		last = time.Now()
		if now, lookErr := before.look(ctx, a); lookErr == nil {
			bar.show(now.since(before).snapshot())
		}
	})
	asked := context.WithoutCancel(ctx)
	after, lookErr := before.look(asked, a)
	if lookErr == nil {
		lookErr = settle(asked, a, &after)
	}
	after = after.since(before)
	if lookErr == nil {
		last := after.snapshot()
		if err == nil && ctx.Err() == nil {
			last.Listed, last.Windows = last.Splits, 0 // what is left may not be read yet: it is not of this time
		}
		bar.show(last)
	}
	bar.end()
	if err == nil {
		err = lookErr
	}
	return after, err
}

// summary tells what was done, as a table.
func (t totals) summary(took time.Duration) string {
	gaps := "none"
	if len(t.Gaps) > 0 {
		var lines []string
		for _, g := range t.Gaps {
			lines = append(lines, fmt.Sprintf("%s %s – %s: %s", g.Stream, clock(g.From), clock(g.To), g.Reason))
		}
		gaps = strings.Join(lines, "\n                    ")
	}
	rate := ""
	if seconds := took.Seconds(); seconds > 0.5 {
		rate = fmt.Sprintf("   (%s %s/s over %s)", count(int64(float64(t.Delivered)/seconds)), t.noun.record, span(took))
	}
	rows := [][2]string{
		{"listed", count(t.Listed) + " " + t.noun.split},
		{"fetched", count(t.Fetched) + " " + t.noun.record},
		{"delivered", fmt.Sprintf("%s %s, %s%s", count(t.Delivered), t.noun.record, size(t.Bytes), rate)},
		{"repeats dropped", count(t.Repeats)},
		{"left out", count(t.Dropped) + " by the transform"},
		{"dead letters", count(t.Dead)},
		{"failed", count(t.Failed) + " " + t.noun.split},
		{"lost", count(t.Lost) + " " + t.noun.split},
		{"gaps", gaps},
	}
	for _, r := range t.Held {
		rows = append(rows, [2]string{"waits", fmt.Sprintf("%s. If that is meant: headrace run approve %s; if the source was not whole: headrace run cancel %[2]s", r.Error, r.UID)})
	}
	var b strings.Builder
	for _, r := range rows {
		if (r[0] == "left out" || r[0] == "failed" || r[0] == "lost") && strings.HasPrefix(r[1], "0") {
			continue
		}
		fmt.Fprintf(&b, "  %-18s%s\n", r[0], r[1])
	}
	return b.String()
}

// unwhole tells that not everything is where it should be, and that running again does not mend it.
func (t totals) unwhole() bool { return t.Dead > 0 || t.Failed > 0 || t.Lost > 0 || len(t.Held) > 0 }

// exit is the code of bounded work that came to its end.
func (t totals) exit() error {
	if t.unwhole() {
		return codeError(exitDeadLetters)
	}
	return nil
}
