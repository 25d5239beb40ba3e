package outage

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/m365sim"
	"github.com/headrace/headrace/internal/store"
)

// collected are the content types of the source under test.
var collected = []string{"Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General"}

func TestADestinationThatIsDownForLongerThanTheServiceRemembersLosesNothing(t *testing.T) {
	t.Parallel()
	p := newPlay(t, content())
	p.run(12*time.Hour, time.Hour)
	if n := len(p.harvest()); n == 0 {
		t.Fatal("nothing was collected before the outage")
	}
	before := p.counts().Delivered

	away := p.out + ".away" // the disk is gone, and something else stands in its place
	must(t, os.Rename(p.out, away))
	must(t, os.WriteFile(p.out, nil, 0o600))
	p.run(9*day, 6*time.Hour, "not_all_delivered") // the service keeps seven: what it forgets is held
	if n := p.counts().Delivered; n != before {
		t.Errorf("%d records count as delivered to a destination that is not there", n-before)
	}

	must(t, os.Remove(p.out))
	must(t, os.Rename(away, p.out))
	p.run(2*time.Hour, 30*time.Minute)
	p.compare(m365sim.Comparison{ContentTypes: collected, Until: p.clock.Now().Add(-time.Hour)})
	if gaps, c := p.gaps(), p.counts(); len(gaps) > 0 || c.Lost > 0 || c.Dead > 0 {
		t.Errorf("gaps %+v, counts %+v", gaps, c)
	}
}

func TestACollectorThatWasOffForAlmostAWeekLosesNothing(t *testing.T) {
	t.Parallel()
	feed := content()
	feed.Late = m365sim.Late{Share: 0.1, By: m365sim.Duration(20 * time.Hour)}
	p := newPlay(t, feed)
	p.run(30*time.Hour, time.Hour)
	off := p.clock.Now()
	p.off()
	p.run(6*day+20*time.Hour, 6*day)
	p.on()
	back := p.clock.Now()
	p.collect()
	// What was there while it was off is all to be had. But what came late for the hours before, and went again meanwhile, nobody
	// can have: those hours are named.
	gaps := p.gaps()
	if len(gaps) != len(collected) {
		t.Errorf("%d gaps for %d content types: %+v", len(gaps), len(collected), gaps)
	}
	for _, g := range gaps {
		if !strings.Contains(g.Reason, "came late") || g.From.Before(off.Add(-25*time.Hour)) || g.To.After(back.Add(-7*day+2*time.Hour)) {
			t.Errorf("%s: lost from %s to %s (%s)", g.Stream, g.From, g.To, g.Reason)
		}
	}
	p.run(26*time.Hour, time.Hour) // the deep scan finds what came late meanwhile
	// All that came before, and all that the service still had when the deep scan went by, two hours after the return. What
	// came late and went again meanwhile nobody can have.
	p.compare(m365sim.Comparison{ContentTypes: collected, Until: off.Add(-2 * time.Hour)})
	p.compare(m365sim.Comparison{ContentTypes: collected, Since: back.Add(3 * time.Hour), Until: back})
	for _, lost := range p.lost() {
		if lost.Time.Add(7 * day).After(back) {
			t.Errorf("%s of %s, created %s, is reported as lost, though it could be had until %s", lost.Split, lost.Stream, lost.Time, lost.Time.Add(7*day))
		}
	}
}

func TestACollectorThatWasOffForLongerReportsExactlyWhatIsLost(t *testing.T) {
	t.Parallel()
	feed := content()
	feed.Repeat.Share = 0 // a record that comes again outlives its own blob
	p := newPlay(t, feed)
	p.run(24*time.Hour, time.Hour)
	off := p.clock.Now()
	p.off()
	p.run(9*day, 9*day)
	p.on()
	back := p.clock.Now()
	p.collect()
	p.run(2*time.Hour, 30*time.Minute)
	gaps := slices.DeleteFunc(p.gaps(), func(g store.Gap) bool { return strings.Contains(g.Reason, "came late") })
	if len(gaps) != len(collected) {
		t.Errorf("%d gaps for %d content types: %+v", len(gaps), len(collected), gaps)
	}
	p.told(gaps, back)
	const lag, margin = 15 * time.Minute, 10 * time.Minute
	for _, g := range gaps {
		if g.From.Before(off.Add(-lag-time.Minute)) || g.From.After(off) || g.To.Before(back.Add(-7*day)) || g.To.After(back.Add(-7*day+margin)) || g.Reason == "" {
			t.Errorf("%s: lost from %s to %s (%q); it was off from %s to %s, and the service has seven days", g.Stream, g.From, g.To, g.Reason, off, back)
		}
	}
	p.missingOnlyIn(gaps)
	// What was there before, and what was still there after: all of it, once.
	p.compare(m365sim.Comparison{ContentTypes: collected, Until: off.Add(-time.Hour)})
	p.compare(m365sim.Comparison{ContentTypes: collected, Since: back.Add(margin), Until: p.clock.Now().Add(-time.Hour)})
}

func TestContentThatComesLateIsCollected(t *testing.T) {
	t.Parallel()
	feed := content()
	feed.Late = m365sim.Late{Share: 0.3, By: m365sim.Duration(4 * day)}
	p := newPlay(t, feed)
	p.run(8*day, 2*time.Hour)
	end := p.clock.Now()
	p.run(50*time.Hour, 2*time.Hour) // until the next deep scan has gone by
	p.compare(m365sim.Comparison{ContentTypes: collected, Until: end})
	if gaps, c := p.gaps(), p.counts(); len(gaps) > 0 || c.Lost > 0 || c.Dead > 0 || c.Repeats == 0 {
		t.Errorf("gaps %+v, counts %+v; some records came again, and none is lost", gaps, c)
	}
}

func TestWhoRunsOnceADayCollectsWhatCameLate(t *testing.T) {
	t.Parallel()
	feed := content()
	feed.Late = m365sim.Late{Share: 0.3, By: m365sim.Duration(20 * time.Hour)}
	p := newPlay(t, feed)
	p.run(7*day, day)
	// A deep scan that is not due again by a hair waits for the day after.
	p.compare(m365sim.Comparison{ContentTypes: collected, Until: p.clock.Now().Add(-2*day - time.Hour)})
}

// Content of the hours before, that came late and went again while the collector was off, is in no listing at all: only the
// hours can be named.
func TestWhatCameLateAndWentWhileTheCollectorWasOffIsNamed(t *testing.T) {
	t.Parallel()
	feed := content()
	feed.Repeat.Share = 0
	feed.Late = m365sim.Late{Share: 0.4, By: m365sim.Duration(20 * time.Hour)}
	p := newPlay(t, feed)
	p.run(36*time.Hour, time.Hour)
	p.off()
	p.run(8*day, 8*day)
	p.on()
	back := p.clock.Now()
	p.collect()
	p.run(2*time.Hour, 30*time.Minute)
	gaps := p.gaps()
	if len(gaps) != 2*len(collected) {
		t.Errorf("%d gaps: %+v", len(gaps), gaps)
	}
	p.missingOnlyIn(gaps)
	p.told(gaps, back)
	again := len(gaps)
	p.run(6*time.Hour, time.Hour)
	if n := len(p.gaps()); n != again {
		t.Errorf("%d gaps are reported later", n-again)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
