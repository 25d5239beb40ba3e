package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// A reader hands over so many bytes or records at once. It holds at most two chunks, so what is read ahead is bounded by
// Readers times twice that, however large the splits are. A batch keeps whole chunks: in large ones, the small splits that
// the service has most of would leave much of its memory empty.
//
// Many readers hide how long a remote takes to answer; where it answers at once they would only hold memory. So none is
// begun while aheadBytes or aheadChunks wait to be taken. All of them are written before a turn ends, so where writing is
// slow they decide how long others wait for theirs.
const (
	chunkBytes   = 64 << 10
	chunkRecords = 1000
	aheadBytes   = 4 << 20
	aheadChunks  = 40
)

// Splits are begun at once up to eager readings of a lane; each further one waits until one has ended, at most for pace. A
// remote that answers within milliseconds is kept busy by few connections, and each costs a handshake; one that takes a
// quarter of a second has all its readers before the first answers.
const (
	eager = 16
	pace  = 2 * time.Millisecond
)

// chunk is some records of one split with the memory that their bodies stand in.
type chunk struct {
	arena   []byte
	records []connector.Record
	refused []error      // of records[i]; nil: fine
	made    []foreseen   // a mirror's: what becomes of records[i]
	users   atomic.Int32 // the assembler and the batches that still need the arena
}

func newChunk(size int) *chunk { return &chunk{arena: make([]byte, 0, size)} }

// add copies a record; false: it doesn't fit and the chunk is not empty.
func (c *chunk) add(r connector.Record, refused error) bool {
	if len(c.arena)+len(r.Body) > cap(c.arena) || len(c.records) == chunkRecords {
		if len(c.records) > 0 {
			return false
		}
		c.arena = make([]byte, 0, len(r.Body))
	}
	start := len(c.arena)
	c.arena = append(c.arena, r.Body...)
	r.Body = c.arena[start:len(c.arena):len(c.arena)]
	c.records = append(c.records, r)
	c.refused = append(c.refused, refused)
	return true
}

// drop ends one use of a chunk; the last one gives its memory back.
func (e *Engine) drop(c *chunk) {
	if c.users.Add(-1) == 0 {
		e.recycle(c)
	}
}

// recycle gives a chunk's memory back.
func (e *Engine) recycle(c *chunk) {
	if cap(c.arena) != chunkBytes {
		return // it was made for one large record
	}
	clear(c.records)
	clear(c.refused)
	clear(c.made)
	c.arena, c.records, c.refused, c.made = c.arena[:0], c.records[:0], c.refused[:0], c.made[:0]
	e.chunks.Put(c)
}

// reading is one split on its way in.
type reading struct {
	delivery store.Delivery
	chunks   chan *chunk // closed at the end
	err      error       // why it ended early; read it after chunks is closed

	// Of the assembler:
	taken    int64 // records that it has taken
	nameless int64 // of these, refused ones with neither key nor body
}

// feeder claims the lane's due deliveries and reads them side by side, in the order in which they are to be written.
type feeder struct {
	turn     *turn
	lane     store.Lane // as it was taken: the turn's own receipt moves on beside us
	readings chan *reading
	claims   int
	ahead    atomic.Int64  // bytes that were read and not taken yet
	waiting  atomic.Int64  // the chunks that they stand in
	taken    chan struct{} // some were taken
	reading  atomic.Int64  // readings under way
	done     chan struct{} // one of them has ended
	mu       sync.Mutex
	begun    map[int64]bool // splits of this turn that are not committed yet, or that had a setback
}

func newFeeder(t *turn, l store.Lane) *feeder {
	return &feeder{turn: t, lane: l, readings: make(chan *reading, t.engine.set.ReadAhead), taken: make(chan struct{}, 1), done: make(chan struct{}, 1), begun: map[int64]bool{}}
}

// run claims and reads until the turn is over, nothing is due any more, or ctx ends; one split at least, however long
// the turn's beginning took. It closes readings.
func (f *feeder) run(ctx context.Context) error {
	defer close(f.readings)
	var readers sync.WaitGroup
	defer readers.Wait()
	own := make(chan struct{}, 1)
	for ctx.Err() == nil {
		due, err := f.claim(ctx)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("look for due deliveries: %w", err)
		}
		if len(due) == 0 {
			return nil
		}
		for _, d := range due {
			free, ok := f.slot(ctx, own)
			if !ok {
				return nil
			}
			f.begin(d.SplitID)
			r := &reading{delivery: d, chunks: make(chan *chunk, 1)}
			f.reading.Add(1)
			readers.Go(func() {
				defer free()
				defer f.end()
				defer close(r.chunks)
				r.err = f.turn.read(ctx, r)
			})
			select {
			case f.readings <- r:
			case <-ctx.Done():
				return nil
			}
			if f.turn.over() {
				return nil
			}
		}
	}
	return nil
}

// claim gives deliveries that are due and not begun. It asks for about as many as are under way, so that looking past
// those costs no more than what it finds.
//
// From a turn's second claim on they are put together by their stream: a batch then touches few of a destination's files. A
// turn that comes so far has time for all; in one that does not, some streams would always be last.
func (f *feeder) claim(ctx context.Context) ([]store.Delivery, error) {
	e, begun := f.turn.engine, f.snapshot()
	n := max(e.set.ReadAhead, len(begun))
	if f.turn.flow.Mirror {
		return e.store.DueInOrder(ctx, f.lane, n, begun)
	}
	due, err := e.store.Due(ctx, f.lane, n, begun)
	if f.claims++; f.claims > 1 {
		slices.SortStableFunc(due, func(x, y store.Delivery) int { return cmp.Compare(x.Split.Stream, y.Split.Stream) })
	}
	return due, err
}

// slot waits for the right to read one split. One reading of each turn needs none of the process's slots: a lane whose
// destination is slow may hold many, and must not keep the others from going on.
func (f *feeder) slot(ctx context.Context, own chan struct{}) (free func(), ok bool) {
	for f.ahead.Load() >= aheadBytes || f.waiting.Load() >= aheadChunks {
		select {
		case <-f.taken:
		case <-ctx.Done():
			return nil, false
		}
	}
	f.pace(ctx)
	all := f.turn.engine.slots
	select {
	case own <- struct{}{}:
		return func() { <-own }, true
	case all <- struct{}{}:
		return func() { <-all }, true
	case <-ctx.Done():
		return nil, false
	}
}

// pace lets a lane that has eager readings under way begin the next one when one of them has ended, or after a moment.
func (f *feeder) pace(ctx context.Context) {
	if f.reading.Load() < eager {
		return
	}
	moment := time.NewTimer(pace)
	defer moment.Stop()
	select {
	case <-f.done:
	case <-moment.C:
	case <-ctx.Done():
	}
}

// end says that a reading has ended.
func (f *feeder) end() {
	f.reading.Add(-1)
	select {
	case f.done <- struct{}{}:
	default:
	}
}

// waits says that a chunk waits to be taken.
func (f *feeder) waits(c *chunk) {
	f.ahead.Add(int64(cap(c.arena)))
	f.waiting.Add(1)
}

// took says that the assembler has taken a chunk.
func (f *feeder) took(c *chunk) {
	f.ahead.Add(-int64(cap(c.arena)))
	f.waiting.Add(-1)
	select {
	case f.taken <- struct{}{}:
	default:
	}
}

func (f *feeder) begin(split int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begun[split] = true
}

// ended says that a split's delivery no longer is pending.
func (f *feeder) ended(split int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.begun, split)
}

func (f *feeder) snapshot() map[int64]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make(map[int64]bool, len(f.begun))
	for id := range f.begun {
		all[id] = true
	}
	return all
}

// read reads one split into chunks.
func (t *turn) read(ctx context.Context, r *reading) error {
	split := r.delivery.Split
	records, err := t.content(ctx, r.delivery)
	if err != nil {
		return err
	}
	out := &chunker{engine: t.engine, feed: t.feed, out: r.chunks}
	var first error // an Invalid error beside nothing, before everything: of one record, or of the split as a whole?
	for record, err := range records {
		if err != nil && !refusesRecord(err) {
			return errors.Join(out.flush(ctx), fmt.Errorf("read %s: %w", split.ID, err))
		}
		if first != nil { // more came: it was one record's
			if err := out.add(ctx, t.complete(connector.Record{}, split), first); err != nil {
				return err
			}
			first = nil
		}
		if err != nil && out.count == 0 && record.Key == "" && len(record.Body) == 0 {
			first = err
			continue
		}
		if err := out.add(ctx, t.complete(record, split), err); err != nil {
			return err
		}
	}
	if first != nil {
		return fmt.Errorf("read %s: %w", split.ID, first)
	}
	return out.flush(ctx)
}

// content finds where a split's records come from: from itself, from the hold, or from the source.
func (t *turn) content(ctx context.Context, d store.Delivery) (iter.Seq2[connector.Record, error], error) {
	if own := t.ownSplit(ctx, d); own != nil {
		return own, nil
	}
	skip := int64(0)
	if t.source.Spec.StableOrder {
		skip = d.Progress
	}
	if held, err := t.engine.heldContent(ctx, d, skip); held != nil || err != nil {
		return held, err
	}
	if expired(d.Split, t.engine.store.Now()) {
		return nil, &fault.Error{Class: fault.Lost, Code: "expired", Title: fmt.Sprintf("%s of %s expired at %s before it was read", d.Split.ID, d.Split.Stream, d.Split.Expires.Format("2006-01-02 15:04:05Z")),
			Hint: "the service keeps content for a limited time. Look at Microsoft Purview's audit search for the hours concerned"}
	}
	return t.source.Read(ctx, d.Split, skip), nil
}

// complete says of a record what only the engine knows.
func (t *turn) complete(r connector.Record, split connector.Split) connector.Record {
	r.Tenant = t.source.Object.Tenant
	if r.Stream == "" {
		r.Stream = split.Stream
	}
	if r.Time.IsZero() {
		r.Time = split.Time
	}
	return r
}

// refusesRecord tells an error that refuses the record beside it from one that ends the split.
func refusesRecord(err error) bool {
	e, ok := fault.As(err)
	return ok && e.Class == fault.Invalid
}

// chunker fills chunks and hands them over.
type chunker struct {
	engine *Engine
	feed   *feeder
	out    chan<- *chunk
	now    *chunk
	count  int64 // records so far
}

func (c *chunker) add(ctx context.Context, r connector.Record, refused error) error {
	c.count++
	if c.now == nil {
		c.now = c.engine.chunks.Get().(*chunk)
	}
	if c.now.add(r, refused) {
		return nil
	}
	if err := c.flush(ctx); err != nil {
		return err
	}
	c.now = c.engine.chunks.Get().(*chunk)
	c.now.add(r, refused)
	return nil
}

// flush hands over what there is, and waits for the assembler to have taken what came before.
func (c *chunker) flush(ctx context.Context) error {
	if c.now == nil {
		return ctx.Err()
	}
	if err := c.feed.turn.foresee(ctx, c.now); err != nil {
		return err
	}
	c.feed.waits(c.now)
	select {
	case c.out <- c.now:
		c.now = nil
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
