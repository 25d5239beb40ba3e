package main

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestPercentFor(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{0: 1000, 1 << 20: 1000, 8 << 20: 300, 16 << 20: 100, 32 << 20: 50, 400 << 20: 50} {
		if got := percentFor(live); got != want {
			t.Errorf("%d bytes alive: %d, want %d", live, got, want)
		}
	}
}

var alive []byte

// TestThePercentFollowsTheHeap is not parallel: the collector is the process's own.
func TestThePercentFollowsTheHeap(t *testing.T) {
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { alive = nil; debug.SetGCPercent(before) })
	tuneCollector()
	alive = make([]byte, 100<<20)
	for range 1000 {
		runtime.GC()
		runtime.Gosched()
		if now := debug.SetGCPercent(gcPercent); now == gcPercent {
			return
		} else {
			debug.SetGCPercent(now)
		}
	}
	t.Error("with 100 MB alive the percentage is not the least")
}
