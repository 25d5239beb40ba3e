package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/store/storetest"
)

// BenchmarkUnchangedCrawl is a mirror's crawl in which nothing changed: of rows, all of which are read again and
// compared with the inventory because their file's version is new, and of documents, none of which needs reading.
func BenchmarkUnchangedCrawl(b *testing.B) {
	for name, fresh := range map[string]func(testing.TB) *storetest.Database{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name+"/rows", func(b *testing.B) { benchCrawl(b, fresh(b), 40_000, 20_000) })
		b.Run(name+"/documents", func(b *testing.B) { benchCrawl(b, fresh(b), 5_000, 1) })
	}
}

// benchCrawl mirrors keys that stand in splits of so many rows.
func benchCrawl(b *testing.B, d *storetest.Database, keys, rows int) {
	r := newRig(b, d, connectortest.SourceOptions{Mutable: true}, true)
	r.set.Linger, r.set.Turn = 200*time.Millisecond, 5*time.Second
	version := 0
	write := func() {
		for at := 0; at < keys; at += rows {
			var all []connector.Record
			for n := at; n < at+rows; n++ {
				all = append(all, record(fmt.Sprintf("row-%08d", n), fmt.Sprintf(`{"id":"row-%08d","title":"Row number %d of a table","acl":["all"]}`, n, n)))
			}
			r.file(fmt.Sprint("f", at), version, all...)
		}
		if rows > 1 {
			version++
		}
	}
	write()
	r.crawl()
	b.ResetTimer()
	for b.Loop() {
		b.StopTimer()
		write()
		b.StartTimer()
		r.crawl()
	}
	b.ReportMetric(float64(keys)*float64(b.N)/b.Elapsed().Seconds(), "keys/s")
	if n := len(r.keyed.Items()); n != keys {
		b.Fatalf("%d items", n)
	}
	if n := r.keyed.Puts("row-00000000"); n != 1 {
		b.Fatalf("an unchanged item was put %d times", n)
	}
}
