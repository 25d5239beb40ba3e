package limit_test

import (
	"testing"
	"time"

	"github.com/headrace/headrace/internal/limit"
)

func TestLease(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return now.Add(d) }
	const every = 31 * time.Millisecond // 62 s for 2,000
	cases := map[string]struct {
		row  limit.Row
		ask  limit.Ask
		want limit.Grant
		free time.Time // of the row after it
	}{
		"a new row gives half a second of credit": {
			ask:  limit.Ask{PerMinute: 2000, Want: 10},
			want: limit.Grant{Slots: 10, Wait: -time.Second / 2, Every: every}, free: at(-time.Second/2 + 10*every),
		},
		"no more than a block at a time": {
			row: limit.Row{Free: now}, ask: limit.Ask{PerMinute: 2000, Want: 1000},
			want: limit.Grant{Slots: 64, Every: every}, free: at(64 * every),
		},
		"slots that are leased already are waited for": {
			row: limit.Row{Free: at(900 * time.Millisecond)}, ask: limit.Ask{PerMinute: 2000, Want: 1},
			want: limit.Grant{Slots: 1, Wait: 900 * time.Millisecond, Every: every}, free: at(900*time.Millisecond + every),
		},
		"too far ahead: ask again": {
			row: limit.Row{Free: at(2 * time.Second)}, ask: limit.Ask{PerMinute: 2000, Want: 1},
			want: limit.Grant{Wait: time.Second}, free: at(2 * time.Second),
		},
		"blocked": {
			row: limit.Row{Free: now, Blocked: at(time.Hour)}, ask: limit.Ask{PerMinute: 2000, Want: 1},
			want: limit.Grant{Wait: time.Hour - time.Second, Silence: time.Hour}, free: now,
		},
		"a block that was is no block": {
			row: limit.Row{Free: now, Blocked: at(-time.Hour)}, ask: limit.Ask{PerMinute: 2000, Want: 1},
			want: limit.Grant{Slots: 1, Every: every}, free: at(every),
		},
		"a ledger whose clock went back an hour does not stall": {
			row: limit.Row{Free: at(time.Hour)}, ask: limit.Ask{PerMinute: 2000, Want: 1},
			want: limit.Grant{Slots: 1, Every: every}, free: at(every),
		},
		"one request a minute may lie far ahead": {
			row: limit.Row{Free: at(62 * time.Second)}, ask: limit.Ask{PerMinute: 1, Want: 1},
			want: limit.Grant{Wait: 61 * time.Second}, free: at(62 * time.Second),
		},
		"half the pace doubles the distance": {
			row: limit.Row{Free: now, Pace: 0.5, Paced: now}, ask: limit.Ask{PerMinute: 2000, Want: 1},
			want: limit.Grant{Slots: 1, Every: 2 * every}, free: at(2 * every),
		},
		"the next free slot is rounded up to what a ledger can keep": {
			row: limit.Row{Free: now}, ask: limit.Ask{PerMinute: 7, Want: 1},
			want: limit.Grant{Slots: 1, Every: 8857142858}, free: at(8857143 * time.Microsecond),
		},
		"nothing wanted counts as one, no allowance as one": {
			row: limit.Row{Free: now}, ask: limit.Ask{},
			want: limit.Grant{Slots: 1, Every: 62 * time.Second}, free: at(62 * time.Second),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row, got := c.row.Lease(now, c.ask)
			if got != c.want {
				t.Errorf("granted %+v, want %+v", got, c.want)
			}
			if !row.Free.Equal(c.free) {
				t.Errorf("the row is free from %s on, want %s", row.Free.Sub(now), c.free.Sub(now))
			}
		})
	}
}

func TestRefusalsNeverStopAScope(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	var row limit.Row
	for range 100 {
		now = now.Add(11 * time.Second)
		row, _ = row.Lease(now, limit.Ask{PerMinute: 2000, Want: 1, Slow: true})
	}
	if row.Pace < 0.05 || row.Pace > 0.06 {
		t.Errorf("pace %v after a hundred refusals, want the floor of 0.05", row.Pace)
	}
}
