package dataset

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
)

// notebook is a learner in memory.
type notebook struct {
	mu      sync.Mutex
	known   map[string]store.Dataset
	samples []store.DatasetSample
	changes []store.DatasetChange
	lessons int
	err     error
}

func (n *notebook) Learn(_ context.Context, l store.Lesson) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lessons++
	if n.err != nil {
		return n.err
	}
	d, changes, err := l.Learn(n.known[l.Stream])
	if n.known == nil {
		n.known = map[string]store.Dataset{}
	}
	n.known[l.Stream] = d
	n.samples, n.changes = append(n.samples, l.Samples...), append(n.changes, changes...)
	return err
}

func (n *notebook) records(stream string) int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.known[stream].Records
}

// recording runs a test beside a recorder, in a bubble of fake time.
func recording(t *testing.T, test func(t *testing.T, r *Recorder, n *notebook)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &notebook{}
		r := NewRecorder(n, nil)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		test(t, r, n)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// pass lets time go by.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
	synctest.Wait()
}

func chunkOf(stream string, from, n int) []connector.Record {
	all := make([]connector.Record, n)
	for i := range all {
		all[i] = connector.Record{Key: fmt.Sprint(from + i), Stream: stream, Time: time.Now(), Body: fmt.Appendf(nil, `{"n":%d,"UserId":"ada@contoso.com"}`, from+i)}
	}
	return all
}

func TestFewOfManyRecordsAreLookedAt(t *testing.T) {
	recording(t, func(t *testing.T, r *Recorder, n *notebook) {
		all := chunkOf("a", 0, 1000)
		for range 200 {
			r.Offer(1, connector.SamplesWhole, all)
			synctest.Wait()
		}
		r.Offer(1, connector.SamplesWhole, chunkOf("b", 0, 3))
		pass(t, 3*time.Second)
		if a, b := n.records("a"), n.records("b"); a != streamAhead || b != 3 {
			t.Errorf("looked at %d and %d, want the first %d of a and all of b", a, b, streamAhead)
		}
		for range 60 {
			pass(t, time.Second)
			r.Offer(1, connector.SamplesWhole, all)
		}
		pass(t, 2*time.Minute)
		if a := n.records("a") - streamAhead; a < 12 || a > 13 {
			t.Errorf("%d in a minute, want 12", a)
		}
		if n.lessons > 5 {
			t.Errorf("%d lessons were written", n.lessons)
		}
	})
}

func TestManyStreamsShareWhatIsLookedAt(t *testing.T) {
	recording(t, func(t *testing.T, r *Recorder, n *notebook) {
		for range 10 {
			for source := range 500 {
				r.Offer(int64(source), connector.SamplesSchema, chunkOf("a", 0, 10))
				synctest.Wait()
			}
		}
		if next := time.Duration(r.all.next.Load() - time.Now().UnixNano()); next > allAhead*allEvery {
			t.Errorf("looked ahead by %s", next)
		}
		pass(t, time.Minute)
		if n.lessons > 500 || len(n.samples) > 0 {
			t.Errorf("%d lessons, %d records kept where only the schema may be", n.lessons, len(n.samples))
		}
	})
}

func TestWhatIsKeptIsWhatTheSettingsSay(t *testing.T) {
	recording(t, func(t *testing.T, r *Recorder, n *notebook) {
		r.Offer(1, connector.SamplesOff, chunkOf("off", 0, 1))
		r.Offer(1, connector.SamplesSchema, chunkOf("schema", 0, 1))
		r.Offer(1, connector.SamplesRedacted, chunkOf("redacted", 1, 1))
		r.Offer(1, connector.SamplesWhole, chunkOf("whole", 2, 1))
		pass(t, 5*time.Second)
		kept := map[string]string{}
		for _, one := range n.samples {
			kept[one.Key] = string(one.Body)
		}
		want := map[string]string{"1": `{"n":1,"UserId":"‹15 characters›"}`, "2": `{"n":2,"UserId":"ada@contoso.com"}`}
		if len(kept) != 2 || kept["1"] != want["1"] || kept["2"] != want["2"] {
			t.Errorf("kept %v", kept)
		}
		if n.records("off") != 0 || n.records("schema") != 1 {
			t.Errorf("off: %d, schema: %d", n.records("off"), n.records("schema"))
		}
	})
}

// What is said in place of a name speaks of the name, also where a record is so long that its texts are shortened.
func TestALongRecordIsRedactedOnce(t *testing.T) {
	recording(t, func(t *testing.T, r *Recorder, n *notebook) {
		r.Offer(1, connector.SamplesRedacted, []connector.Record{{Key: "k", Stream: "s", Time: time.Now(), Body: fmt.Appendf(nil, `{"UserId":"bob","text":%q}`, strings.Repeat("x", 2*mostKept))}})
		pass(t, time.Minute)
		if len(n.samples) != 1 || !strings.Contains(string(n.samples[0].Body), `{"UserId":"‹3 characters›","text":"xxx`) || !n.samples[0].Cut {
			t.Errorf("kept %+v", n.samples)
		}
	})
}

func TestWhatNobodyNeedsToLookAt(t *testing.T) {
	recording(t, func(t *testing.T, r *Recorder, n *notebook) {
		r.Offer(1, connector.SamplesWhole, nil)
		large := connector.Record{Stream: "a", Body: []byte(`{"x":"` + strings.Repeat("y", mostLooked) + `"}`)}
		for _, one := range []connector.Record{large, {Stream: "a"}, {Stream: "a", Op: connector.Delete, Body: []byte(`{}`)}, {Stream: "a", Body: []byte(`{"x":`)}} {
			r.Offer(1, connector.SamplesWhole, []connector.Record{one})
		}
		pass(t, 5*time.Second)
		if n.records("a") != 0 || len(n.samples) > 0 || r.queued.Load() != 0 {
			t.Errorf("looked at %d, kept %v, %d bytes are said to wait", n.records("a"), n.samples, r.queued.Load())
		}
	})
}

// Nobody waits for the recorder: what finds no room is left out.
func TestOfferNeverWaits(t *testing.T) {
	t.Parallel()
	r := NewRecorder(&notebook{}, nil) // nobody takes anything
	body := []byte(`{"x":"` + strings.Repeat("y", 200<<10) + `"}`)
	for source := range 1000 {
		r.Offer(int64(source), connector.SamplesWhole, []connector.Record{{Stream: "a", Body: body}})
		r.Offer(int64(source), connector.SamplesWhole, []connector.Record{{Stream: "b", Body: []byte(`{}`)}})
	}
	if r.queued.Load() > mostQueued || len(r.in) != mostWaiting {
		t.Errorf("%d bytes and %d records wait", r.queued.Load(), len(r.in))
	}
}

func TestWhatWasLookedAtIsWrittenAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &notebook{}
		r := NewRecorder(n, nil)
		r.Offer(1, connector.SamplesWhole, chunkOf("a", 0, 3))
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := r.Run(ctx); err != nil || n.records("a") != 3 {
			t.Errorf("%v, %d records", err, n.records("a"))
		}
	})
}

func TestALessonThatCantBeWrittenIsGivenUp(t *testing.T) {
	recording(t, func(t *testing.T, r *Recorder, n *notebook) {
		n.err = errors.New("disk full")
		r.Offer(1, connector.SamplesWhole, chunkOf("a", 0, 3))
		pass(t, 5*time.Second)
		n.mu.Lock()
		tries := n.lessons
		n.err = nil
		n.mu.Unlock()
		r.Offer(1, connector.SamplesWhole, chunkOf("a", 3, 1))
		pass(t, 2*time.Minute)
		if tries != 1 || n.records("a") != 1 {
			t.Errorf("%d tries, then %d records", tries, n.records("a"))
		}
	})
}

func TestSilentStreamsAreForgotten(t *testing.T) {
	recording(t, func(t *testing.T, r *Recorder, _ *notebook) {
		r.Offer(1, connector.SamplesWhole, chunkOf("a", 0, 1))
		pass(t, 2*time.Hour)
		if _, there := r.gates.Load(stream{1, "a"}); there {
			t.Error("its gate is still there")
		}
	})
}
