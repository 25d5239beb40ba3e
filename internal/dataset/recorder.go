package dataset

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// How many records are looked at. A stream's first hundred are, then twelve in a minute; of all streams five in a second.
// So what a source had before headrace met it is known at once, and the rest costs next to nothing however much is read.
const (
	streamEvery = 5 * time.Second
	streamAhead = 100
	allEvery    = 200 * time.Millisecond
	allAhead    = 1000
	ofChunk     = 25        // at most of those that are offered together: neighbours are alike
	mostLooked  = 256 << 10 // bytes; larger records are not looked at
	mostQueued  = 4 << 20   // bytes of records that wait to be looked at
	mostWaiting = 256       // records that do
	idleStream  = time.Hour // then its gate is as if it were new
)

// A Learner remembers what records have shown: the store.
type Learner interface {
	Learn(ctx context.Context, l store.Lesson) error
}

// A Recorder is shown records in passing and learns what they look like. Offer may be called from several goroutines; Run
// does the work.
type Recorder struct {
	learner Learner
	log     *slog.Logger
	in      chan seen
	queued  atomic.Int64
	all     gate
	gates   sync.Map // stream → *gate
}

// stream names one of a source's.
type stream struct {
	source int64
	name   string
}

// seen is a record that waits to be looked at.
type seen struct {
	stream
	keep string // connector.SamplesWhole …
	key  string
	at   time.Time
	body []byte
}

// NewRecorder makes one that learns into the store.
func NewRecorder(l Learner, log *slog.Logger) *Recorder {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Recorder{learner: l, log: log, in: make(chan seen, mostWaiting)}
}

// Offer shows some records of one split of a source, of which its settings say what is kept (connector.SamplesWhole and so
// on). It takes a few or none, copies them, and never waits: what finds no room is not looked at.
func (r *Recorder) Offer(source int64, keep string, records []connector.Record) {
	if keep == connector.SamplesOff || len(records) == 0 {
		return
	}
	name := stream{source, records[0].Stream}
	g, ok := r.gates.Load(name)
	if !ok {
		g, _ = r.gates.LoadOrStore(name, &gate{})
	}
	now := time.Now()
	n := g.(*gate).take(now, min(ofChunk, len(records)), streamEvery, streamAhead)
	if n == 0 {
		return
	}
	for i := range r.all.take(now, n, allEvery, allAhead) {
		r.look(name, keep, records[i*len(records)/n])
	}
}

func (r *Recorder) look(name stream, keep string, record connector.Record) {
	size := int64(len(record.Body))
	if size == 0 || size > mostLooked || record.Op == connector.Delete {
		return
	}
	if r.queued.Add(size) > mostQueued {
		r.queued.Add(-size)
		return
	}
	one := seen{stream: stream{name.source, record.Stream}, keep: keep, key: record.Key, at: record.Time, body: bytes.Clone(record.Body)}
	select {
	case r.in <- one:
	default:
		r.queued.Add(-size)
	}
}

// gate lets things pass at an even pace, and some ahead of it: the time at which, at that pace, the next would pass.
type gate struct{ next atomic.Int64 }

// take gives how many of n may pass now.
func (g *gate) take(now time.Time, n int, every time.Duration, ahead int64) int {
	at, step := now.UnixNano(), int64(every)
	for {
		old := g.next.Load()
		from := max(old, at)
		may := int(min(int64(n), (at+ahead*step-from)/step))
		if may <= 0 {
			return 0
		}
		if g.next.CompareAndSwap(old, from+int64(may)*step) {
			return may
		}
	}
}

const (
	firstLesson = 2 * time.Second // a stream that was not met before is told of so soon, and of many records
	nextLesson  = time.Minute
	lastLesson  = 5 * time.Second // what is known at the end is written within
)

// Run learns until ctx ends, then writes down what it has.
func (r *Recorder) Run(ctx context.Context) error {
	class := &class{lessons: map[stream]*lesson{}, met: map[stream]bool{}}
	tick := time.NewTicker(firstLesson)
	defer tick.Stop()
	for {
		select {
		case one := <-r.in:
			r.queued.Add(-int64(len(one.body)))
			class.take(one, time.Now())
		case <-tick.C:
			r.teach(ctx, class, time.Now())
			r.forget(time.Now())
		case <-ctx.Done():
			r.end(context.WithoutCancel(ctx), class)
			return nil
		}
	}
}

// end writes down all that is there.
func (r *Recorder) end(ctx context.Context, c *class) {
	ctx, cancel := context.WithTimeout(ctx, lastLesson)
	defer cancel()
	for more := true; more; {
		select {
		case one := <-r.in:
			c.take(one, time.Now())
		default:
			more = false
		}
	}
	r.teach(ctx, c, time.Now().Add(nextLesson))
}

// teach writes down the lessons that are due. What can't be written is given up: records will be seen again.
func (r *Recorder) teach(ctx context.Context, c *class, now time.Time) {
	for name, l := range c.lessons {
		if now.Sub(l.began) < c.wait(name, l) {
			continue
		}
		delete(c.lessons, name)
		c.wrote(name)
		if err := r.learner.Learn(ctx, l.of(name)); err != nil && ctx.Err() == nil {
			r.log.Warn("what records look like could not be written down", telemetry.Source, name.source, "stream", name.name, telemetry.Err, err)
		}
	}
}

// forget lets go of the gates of streams that are silent.
func (r *Recorder) forget(now time.Time) {
	r.gates.Range(func(name, g any) bool {
		if g.(*gate).next.Load() < now.Add(-idleStream).UnixNano() {
			r.gates.Delete(name)
		}
		return true
	})
}

// class is what was looked at and not written down yet.
type class struct {
	lessons map[stream]*lesson
	met     map[stream]bool // streams that were written down before
}

// mostMet bounds how many streams are known to be written down; the others are only written sooner.
const mostMet = 100_000

// wait is how long a lesson grows before it is written down.
func (c *class) wait(name stream, l *lesson) time.Duration {
	if c.met[name] && l.shape.Records < keepOf {
		return nextLesson
	}
	return firstLesson
}

// wrote notes that a stream was written down.
func (c *class) wrote(name stream) {
	if len(c.met) >= mostMet {
		clear(c.met)
	}
	c.met[name] = true
}

func (c *class) take(one seen, now time.Time) {
	l := c.lessons[one.stream]
	if l == nil {
		l = &lesson{began: now, shape: NewShape()}
		c.lessons[one.stream] = l
	}
	if one.at.IsZero() {
		one.at = now
	}
	if l.shape.AddAt(one.body, one.at.UTC()) {
		l.keep(one)
	}
}

// lesson is what some records of a stream have shown.
type lesson struct {
	began time.Time
	shape *Shape
	last  []keepsake
}

// A keepsake is a record of which something is kept: as it came, or what is kept of it.
type keepsake struct {
	seen
	made *store.DatasetSample
}

// keepOf is how many records of one lesson are kept at most; the store keeps no more of a stream.
const keepOf = 20

// keep keeps a record as it came, until the lesson is written down: what tells of a person need only be taken out of the last
// ones. A large one is made smaller at once.
func (l *lesson) keep(one seen) {
	if one.keep == connector.SamplesSchema {
		return
	}
	k := keepsake{seen: one}
	if len(one.body) > mostKept {
		sample, ok := one.sample()
		if !ok {
			return
		}
		k = keepsake{made: &sample}
	}
	l.last = append(l.last, k)
	if over := len(l.last) - keepOf; over > 0 {
		l.last = slices.Delete(l.last, 0, over)
	}
}

// sample makes what is kept of a record; false: nothing can be.
func (s seen) sample() (store.DatasetSample, bool) {
	whole := s.keep == connector.SamplesWhole
	body, cut, ok := kept(s.body, whole)
	if !whole {
		s.key = Redact(s.key)
	}
	return store.DatasetSample{Time: s.at, Key: s.key, Body: body, Whole: whole, Cut: cut}, ok
}

// samples gives what is kept of the last records.
func (l *lesson) samples() []store.DatasetSample {
	var all []store.DatasetSample
	for _, k := range l.last {
		if k.made != nil {
			all = append(all, *k.made)
		} else if sample, ok := k.sample(); ok {
			all = append(all, sample)
		}
	}
	return all
}

func (l *lesson) of(name stream) store.Lesson {
	return store.Lesson{SourceID: name.source, Stream: name.name, Samples: l.samples(), Learn: func(d store.Dataset) (store.Dataset, []store.DatasetChange, error) {
		known, err := open(d)
		if err != nil {
			return d, nil, err
		}
		changes := known.Add(l.shape)
		d, err = known.write(d)
		return d, changes, err
	}}
}
