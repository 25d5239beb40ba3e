package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// chunkBytes is how many bytes of records a reader hands over at once. A reader holds at most two chunks, so what is
// read ahead is bounded by Readers times twice that, however large the splits are.
const chunkBytes = 256 << 10

// chunk is some records of one split with the memory that their bodies stand in.
type chunk struct {
	arena   []byte
	records []connector.Record
	refused []error      // of records[i]; nil: fine
	users   atomic.Int32 // the assembler and the batches that still need the arena
}

func newChunk(size int) *chunk { return &chunk{arena: make([]byte, 0, size)} }

// add copies a record; false: it doesn't fit and the chunk is not empty.
func (c *chunk) add(r connector.Record, refused error) bool {
	if len(c.arena)+len(r.Body) > cap(c.arena) {
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
	c.arena, c.records, c.refused = c.arena[:0], c.records[:0], c.refused[:0]
	e.chunks.Put(c)
}

// reading is one split on its way in.
type reading struct {
	delivery store.Delivery
	chunks   chan *chunk // closed at the end
	taken    int64       // records that the assembler has taken
	err      error       // why it ended early; read it after chunks is closed
}

// feeder claims the lane's due deliveries and reads them side by side, in the order in which they are to be written.
type feeder struct {
	turn     *turn
	readings chan *reading
	mu       sync.Mutex
	begun    map[int64]bool // splits of this turn that are not committed yet, or that had a setback
}

// run claims and reads until the turn is over, nothing is due any more, or ctx ends. It closes readings.
func (f *feeder) run(ctx context.Context) error {
	defer close(f.readings)
	var readers sync.WaitGroup
	defer readers.Wait()
	for ctx.Err() == nil && !f.turn.over() {
		due, err := f.turn.engine.store.Due(ctx, f.turn.lane, f.turn.engine.set.ReadAhead, f.snapshot())
		if err != nil {
			return fmt.Errorf("look for due deliveries: %w", err)
		}
		if len(due) == 0 {
			return nil
		}
		for _, d := range due {
			if f.turn.over() {
				return nil
			}
			if err := f.turn.engine.readers.Acquire(ctx, 1); err != nil {
				return nil
			}
			f.begin(d.SplitID)
			r := &reading{delivery: d, chunks: make(chan *chunk, 1)}
			readers.Go(func() {
				defer f.turn.engine.readers.Release(1)
				defer close(r.chunks)
				r.err = f.turn.read(ctx, r)
			})
			select {
			case f.readings <- r:
			case <-ctx.Done():
				return nil
			}
		}
	}
	return nil
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
	d := r.delivery
	if now := t.engine.store.Now(); !d.Split.Expires.IsZero() && !now.Before(d.Split.Expires) && d.State != store.Held {
		return &fault.Error{Class: fault.Lost, Code: "expired", Title: fmt.Sprintf("%s of %s expired at %s before it was read", d.Split.ID, d.Split.Stream, d.Split.Expires.Format("2006-01-02 15:04:05Z")),
			Hint: "the service keeps content for a limited time. Look at Microsoft Purview's audit search for the hours concerned"}
	}
	skip := int64(0)
	if t.source.Spec.StableOrder {
		skip = d.Progress
	}
	c := t.engine.chunks.Get().(*chunk)
	flush := func() error {
		select {
		case r.chunks <- c:
			c = t.engine.chunks.Get().(*chunk)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	records := ownSplit(d.Split)
	if records == nil {
		records = t.source.Read(ctx, d.Split, skip)
	}
	for record, err := range records {
		if err != nil && !refusesRecord(err) {
			if len(c.records) > 0 && flush() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("read %s: %w", d.Split.ID, err)
		}
		if record.Tenant = t.source.Object.Tenant; record.Stream == "" {
			record.Stream = d.Split.Stream
		}
		if record.Time.IsZero() {
			record.Time = d.Split.Time
		}
		if !c.add(record, err) {
			if err := flush(); err != nil {
				return err
			}
			c.add(record, err)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if len(c.records) > 0 {
		return flush()
	}
	t.engine.recycle(c)
	return nil
}

// refusesRecord tells an error that refuses the record beside it from one that ends the split.
func refusesRecord(err error) bool {
	var e *fault.Error
	return errors.As(err, &e) && e.Class == fault.Invalid
}
