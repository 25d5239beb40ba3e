package graph

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// BenchmarkPut measures the simulator by itself, without a network: items a second, and what an item costs in memory
// beside its body.
func BenchmarkPut(b *testing.B) {
	for name, hashes := range map[string]bool{"bodies kept": false, "hashes only": true} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, func(o *Options) { o.Rules.HashesOnly = hashes }).ready()
			body := strings.Replace(itemBody, "1. Check the date", strings.Repeat("Check the date. ", 100), 1)
			before := heap()
			b.ResetTimer()
			for i := range b.N {
				r.do("PUT", fmt.Sprintf("%s/items/item-%032d", runbooks, i), body)
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
			kept := len(body)
			if hashes {
				kept = 0
			}
			b.ReportMetric(float64(heap()-before)/float64(b.N)-float64(kept), "B/item")
			runtime.KeepAlive(r)
		})
	}
}

func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
