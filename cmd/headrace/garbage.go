package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// What is alive is mostly batches of records, whose bytes the collector needn't look into. Collecting when half as much has become
// garbage, not as much again, costs some hundredths of the CPU and spares a fifth of the memory. But while little is alive, as in the
// first second, that would be a collection for every few megabytes: until the heap has leastHeap bytes there is none.
const (
	gcPercent = 50
	leastHeap = 32 << 20
)

// tuneCollector sets when garbage is collected, and after each collection anew.
func tuneCollector() { retune(percentFor(0)) }

// retune sets the percentage and looks again when the next collection finds that nothing refers to its mark.
func retune(percent int) {
	debug.SetGCPercent(percent)
	var look func(*[]metrics.Sample)
	look = func(live *[]metrics.Sample) {
		metrics.Read(*live)
		if (*live)[0].Value.Kind() == metrics.KindUint64 {
			if now := percentFor((*live)[0].Value.Uint64()); now != percent { // setting it stops everything for a moment
				percent = now
				debug.SetGCPercent(percent)
			}
		}
		runtime.AddCleanup(new(mark), look, live)
	}
	runtime.AddCleanup(new(mark), look, &[]metrics.Sample{{Name: "/gc/heap/live:bytes"}})
}

// mark is large enough to stand in memory alone.
type mark [64]byte

// percentFor is how much garbage, in percent of what is alive, may be before the next collection.
func percentFor(live uint64) int {
	const most = 1000 // 4 MB, the least that Go's collector counts from, then wait for 32 and more
	if live == 0 {
		return most
	}
	return min(most, max(gcPercent, int(100*leastHeap/live)-100))
}
