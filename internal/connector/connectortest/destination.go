package connectortest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// A DestinationCase is a destination under test.
type DestinationCase struct {
	// Place makes a new, empty place to write to.
	Place func(t *testing.T) Place
	// Records makes the records number from to to (exclusive), as a source would give them, each with a key and a body
	// of its own; nil is this package's Records.
	Records func(from, to int) []connector.Record
	// Bad is a record that the destination refuses for good; nil if it takes everything.
	Bad *connector.Record
	// Forgetful destinations recognise nothing: what was never committed stays there.
	Forgetful bool
}

// A Place is where a destination writes to.
type Place struct {
	Spec   connector.DestinationSpec
	Config connector.Config
	// Held reads back the bodies of what is there, in any order; those of a keyed destination as they were sent.
	Held func(t *testing.T) []string
}

// Destination runs the contract of a destination.
func Destination(t *testing.T, c DestinationCase) {
	t.Helper()
	if c.Records == nil {
		c.Records = Records
	}
	tests := map[string]func(*testing.T, destinationRun){
		"a spec says what it can do":                      destinationSpec,
		"every record is stored and has an outcome":       storesEverything,
		"an empty batch only recovers":                    emptyOnlyRecovers,
		"what was never committed is undone":              undoesUncommitted,
		"the first batch can be the uncommitted one":      undoesFirst,
		"what was never committed is undone by the next":  undoesAfterReopening,
		"a refused record refuses no other":               refusesOne,
		"a batch of refused records only is no batch":     refusesAll,
		"the batch's memory stays the caller's":           leavesMemory,
		"a cancelled write counts for nothing":            cancelledWrite,
		"a large batch and a large record":                largeBatch,
		"a receipt that it never gave is refused":         strangeReceipt,
		"lanes do not touch each other":                   separateLanes,
		"keys overwrite and delete":                       keyedOverwrite,
		"preparing is pure":                               purePrepare,
		"whatever fails, it ends with what was committed": survivesFaults,
		"closing twice is harmless":                       closesTwice,
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tests[name](t, destinationRun{c, c.Place(t)})
		})
	}
}

// A destinationRun is one test over one place.
type destinationRun struct {
	DestinationCase
	place Place
}

func (r destinationRun) open(t *testing.T) connector.Destination {
	t.Helper()
	dst, err := r.place.Spec.Open(r.place.Config, Env(t))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = dst.Close() })
	return dst
}

// batch makes what the engine would hand over: for keyed destinations what Prepare makes of the records.
func (r destinationRun) batch(t *testing.T, after connector.Receipt, records ...connector.Record) connector.Batch {
	t.Helper()
	out := connector.Batch{ID: "batch", After: after, Records: clone(records)}
	if r.place.Spec.Prepare == nil {
		return out
	}
	prepare, err := r.place.Spec.Prepare(r.place.Config)
	if err != nil {
		t.Fatalf("prepare: %v", err)
	}
	out.Records = nil
	for _, rec := range records {
		prepared, err := prepare(rec)
		if err != nil {
			t.Fatalf("prepare %s: %v", rec.Key, err)
		}
		for _, p := range prepared {
			out.Records = append(out.Records, p.Record)
		}
	}
	return out
}

// write writes a batch whose records must all be stored.
func (r destinationRun) write(t *testing.T, dst connector.Destination, b connector.Batch) connector.Receipt {
	t.Helper()
	res, err := dst.Write(context.Background(), b)
	if err != nil {
		t.Fatalf("write %d records after %q: %v (%s)", len(b.Records), b.After, err, fault.HintOf(err))
	}
	if res.Stopped != nil {
		t.Fatalf("write stopped: %v", res.Stopped)
	}
	if len(res.Outcomes) != len(b.Records) {
		t.Fatalf("%d outcomes for %d records", len(res.Outcomes), len(b.Records))
	}
	for i, o := range res.Outcomes {
		if o.Kind != connector.Stored || o.Err != nil {
			t.Fatalf("record %d: outcome %v, %v; want stored", i, o.Kind, o.Err)
		}
	}
	return slices.Clone(res.Receipt)
}

// holds checks what stands at the place. Forgetful places may hold more.
func (r destinationRun) holds(t *testing.T, batches ...connector.Batch) {
	t.Helper()
	var want []string
	for _, b := range batches {
		want = append(want, Bodies(b.Records)...)
	}
	got := r.place.Held(t)
	slices.Sort(got)
	slices.Sort(want)
	if r.Forgetful {
		if missing := subtract(want, got); len(missing) > 0 {
			t.Fatalf("%d of %d records are not there, the first: %s", len(missing), len(want), short(missing[0]))
		}
		return
	}
	missing, surplus := subtract(want, got), subtract(got, want)
	if len(missing)+len(surplus) > 0 {
		t.Fatalf("holds %d bodies, want %d; missing %s; too many %s", len(got), len(want), shorts(missing), shorts(surplus))
	}
}

// subtract gives what a has more of than b.
func subtract(a, b []string) []string {
	count := map[string]int{}
	for _, s := range b {
		count[s]++
	}
	var out []string
	for _, s := range a {
		if count[s]--; count[s] < 0 {
			out = append(out, s)
		}
	}
	return out
}

func short(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}

func shorts(list []string) string {
	var out []string
	for _, s := range list[:min(3, len(list))] {
		out = append(out, short(s))
	}
	return fmt.Sprintf("%d %s", len(list), strings.Join(out, " "))
}
