package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

func benchWorlds(b *testing.B, bench func(b *testing.B, w *world)) {
	for name, fresh := range map[string]func(testing.TB) *storetest.Database{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) { bench(b, newWorld(b, fresh(b))) })
	}
}

// blobs are splits with IDs and locators as long as the activity feed's.
func blobs(from, to int) []connector.Split {
	all := make([]connector.Split, 0, to-from)
	for n := from; n < to; n++ {
		s := split(n)
		s.ID = fmt.Sprintf("20261122%06d000123456$20261122%06d000123456$audit_exchange$Audit_Exchange$na%04d", n, n, n%10_000)
		s.Locator = []byte(`{"uri":"https://manage.office.com/api/v1.0/8f3a0c1e-0000-4000-8000-000000000000/activity/feed/audit/` + s.ID + `"}`)
		s.Time = split(0).Time.Add(time.Duration(n) * 400 * time.Millisecond)
		s.Expires = s.Time.Add(7 * day)
		all = append(all, s)
	}
	return all
}

func BenchmarkCommitListingKnown10000(b *testing.B) {
	benchWorlds(b, func(b *testing.B, w *world) {
		w.flow("f", 1)
		all := blobs(0, 10_000)
		w.list(all...)
		for b.Loop() {
			w.list(all...)
		}
	})
}

func BenchmarkCommitListingNew10000(b *testing.B) {
	benchWorlds(b, func(b *testing.B, w *world) {
		w.flow("f", 1)
		for n := 0; b.Loop(); n += 10_000 {
			w.list(blobs(n, n+10_000)...)
		}
	})
}

func BenchmarkCommitBatch50Splits5000Hashes(b *testing.B) {
	benchWorlds(b, func(b *testing.B, w *world) {
		f := w.flow("f", 1)
		for n := 0; n < 20_000; n += 10_000 {
			w.list(blobs(n, n+10_000)...)
		}
		l := w.takeLane(f)
		random := rand.New(rand.NewPCG(1, 1))
		n := 20_000
		for b.Loop() {
			b.StopTimer()
			all := w.due(l, 50)
			if len(all) < 50 {
				w.list(blobs(n, n+10_000)...)
				n += 10_000
				all = w.due(l, 50)
			}
			c := w.batch(all...)
			keys := random.IntN(1 << 40)
			c.Seen = []store.SeenBlock{{Hour: int64(n / 10_000), Hashes: hashes(keys, keys+5000)}}
			b.StartTimer()
			w.ok(w.s.CommitBatch(b.Context(), l, c))
		}
	})
}

// BenchmarkTakeLane takes and gives back one of 10,000 lanes of 1,000 tenants: all of them due, and almost none.
func BenchmarkTakeLane(b *testing.B) {
	for name, all := range map[string]bool{"all due": true, "few due": false} {
		b.Run(name, func(b *testing.B) {
			benchWorlds(b, func(b *testing.B, w *world) {
				for n := range 1000 {
					w.make(store.Object{Kind: store.Flow, Name: fmt.Sprint(n), Tenant: fmt.Sprintf("tenant-%d", n), SourceID: w.source.ID, Lanes: 10})
				}
				turns, err := w.s.DueLanes(b.Context(), 20_000)
				w.ok(err)
				for _, turn := range turns {
					if all {
						break
					}
					l, _, err := w.s.TakeLane(b.Context(), "n", turn.ID, lease)
					w.ok(err)
					w.ok(w.s.ReleaseLane(b.Context(), l, time.Time{}, nil)) // nothing to do: it sleeps
				}
				for b.Loop() {
					w.clock.Add(time.Millisecond)
					l, ok, err := w.s.TakeLane(b.Context(), "n", 0, lease)
					w.ok(err)
					if ok {
						w.ok(w.s.ReleaseLane(b.Context(), l, w.clock.Now(), nil))
					}
				}
			})
		})
	}
}

// BenchmarkSeen looks 50 keys up in an hour of 830,000, as after a late repeat.
func BenchmarkSeen(b *testing.B) {
	benchWorlds(b, func(b *testing.B, w *world) {
		f := w.flow("f", 1)
		l := w.takeLane(f)
		for n := 0; n < 830_000; n += 10_000 {
			w.ok(w.s.CommitBatch(b.Context(), l, store.Committed{Keep: time.Hour, Seen: []store.SeenBlock{{Hour: 1, Hashes: hashes(n, n+10_000)}}}))
		}
		asked := hashes(400_000, 400_050)
		for b.Loop() {
			if got, err := w.s.Seen(b.Context(), f.ID, 0, 1, asked); err != nil || len(got) != 50 {
				b.Fatal(len(got), err)
			}
		}
	})
}

// BenchmarkRetention plays a day of 200,000 blobs and says what a delivered split takes on disk, how long the sweep of
// that day takes, and how long the database takes to open.
func BenchmarkRetention(b *testing.B) {
	for b.Loop() {
		d := storetest.SQLite(b)
		w := newWorld(b, d)
		f := w.flow("f", 1)
		empty, err := w.s.Size(b.Context())
		w.ok(err)
		const perDay = 200_000
		for n := 0; n < perDay; n += 1000 {
			w.list(blobs(n, n+1000)...)
			l := w.takeLane(f)
			w.deliver(l, w.due(l, 1000)...)
			w.release(l)
			w.clock.Add(7 * time.Minute)
		}
		size, err := w.s.Size(b.Context())
		w.ok(err)
		b.ReportMetric(float64(size-empty)/perDay, "bytes/split")
		start := time.Now()
		w.s = d.Open(b)
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-to-open")
		w.clock.Add(9 * day)
		start = time.Now()
		gone, err := w.s.Sweep(b.Context(), store.DefaultRetention())
		w.ok(err)
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-to-sweep")
		if gone < perDay {
			b.Fatalf("%d of %d swept", gone, perDay)
		}
	}
}
