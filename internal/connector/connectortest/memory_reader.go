package connectortest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

type memoryLocator struct {
	ID string `json:"id"`
}

// memoryCursor says how far each stream was listed. Full is a listing that began at the zero cursor and goes on. From
// and To bound a backfill.
type memoryCursor struct {
	Version  int              `json:"v"`
	Full     bool             `json:"full,omitempty"`
	Degraded bool             `json:"degraded,omitempty"` // a stream failed since the listing began
	Gaps     int64            `json:"gaps,omitempty"`
	After    map[string]int64 `json:"after,omitempty"`
	From     time.Time        `json:"from,omitzero"`
	To       time.Time        `json:"to,omitzero"`
	Listed   time.Time        `json:"listed,omitzero"` // when the last listing ended
}

func (c memoryCursor) encode() connector.Cursor {
	text, _ := json.Marshal(c)
	return text
}

func decodeMemoryCursor(cursor connector.Cursor) (memoryCursor, error) {
	if len(cursor) == 0 {
		return memoryCursor{Version: 1, Full: true, After: map[string]int64{}}, nil
	}
	var c memoryCursor
	if err := json.Unmarshal(cursor, &c); err != nil || c.Version != 1 {
		return c, fault.New(fault.Internal, "cursor %q is not one of this source", cursor)
	}
	if c.After == nil {
		c.After = map[string]int64{}
	}
	return c, nil
}

type memoryReader struct{ m *MemorySource }

func (memoryReader) Close() error { return nil }

// Enumerate lists what changed since the cursor, each stream by itself.
func (r memoryReader) Enumerate(ctx context.Context, cursor connector.Cursor) (connector.Enumeration, error) {
	if err := ctx.Err(); err != nil {
		return connector.Enumeration{}, err
	}
	m := r.m
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listings++
	if len(m.listErrs) > 0 {
		err := m.listErrs[0]
		m.listErrs = m.listErrs[1:]
		return connector.Enumeration{}, err
	}
	c, err := decodeMemoryCursor(cursor)
	if err != nil {
		return connector.Enumeration{}, err
	}
	return m.list(c), nil
}

func (m *MemorySource) list(c memoryCursor) connector.Enumeration {
	var out connector.Enumeration
	after, fresh := maps.Clone(c.After), 0
	for _, s := range m.sorted() {
		switch {
		case m.failed[s.Stream] != nil, !c.From.IsZero() && (s.Time.Before(c.From) || !s.Time.Before(c.To)):
		case s.seq <= c.After[s.Stream]:
			if !c.Listed.IsZero() && m.newer(s, c) < m.opt.Overlap {
				out.Splits = append(out.Splits, s.Split)
			}
		case m.opt.Page > 0 && fresh == m.opt.Page:
			out.More, out.Pending = true, out.Pending+1
		default:
			fresh++
			after[s.Stream] = s.seq
			out.Splits = append(out.Splits, s.Split)
		}
	}
	for _, g := range m.gaps {
		if g.seq > c.Gaps {
			out.Lost, c.Gaps = append(out.Lost, g.gap), g.seq
		}
	}
	for _, stream := range m.streams {
		if err := m.failed[stream]; err != nil {
			out.Failed = append(out.Failed, connector.StreamError{Stream: stream, Err: err})
			c.Degraded = true
		} else if !out.More {
			out.Listed = append(out.Listed, connector.Range{Stream: stream, From: c.Listed, To: m.opt.Now()})
		}
	}
	c.After = after
	if !out.More {
		out.Complete = c.Full && !c.Degraded
		c.Full, c.Degraded, c.Listed = false, false, m.opt.Now()
	}
	out.Cursor = c.encode()
	return out
}

// newer counts the splits of s's stream between it and the cursor.
func (m *MemorySource) newer(s *memorySplit, c memoryCursor) int {
	n := 0
	for _, o := range m.splits {
		if o.Stream == s.Stream && o.seq > s.seq && o.seq <= c.After[s.Stream] {
			n++
		}
	}
	return n
}

// sorted gives the splits by their last change.
func (m *MemorySource) sorted() []*memorySplit {
	out := make([]*memorySplit, 0, len(m.splits))
	for _, s := range m.splits {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *memorySplit) int { return cmp.Compare(a.seq, b.seq) })
	return out
}

// Read yields the records, out of one buffer that every record overwrites.
func (r memoryReader) Read(ctx context.Context, split connector.Split, skip int64) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		found, broken, err := r.m.begin(split, skip)
		if err != nil {
			yield(connector.Record{}, err)
			return
		}
		var buffer []byte
		for i, rec := range found.records {
			if broken != nil && i == broken.after {
				break
			}
			if err := ctx.Err(); err != nil {
				yield(connector.Record{}, err)
				return
			}
			if int64(i) < skip {
				continue
			}
			for j := range buffer {
				buffer[j] = '#'
			}
			buffer = append(buffer[:0], rec.Body...)
			rec.Body = buffer
			if !yield(rec, found.refused[i]) {
				return
			}
		}
		if broken != nil {
			yield(connector.Record{}, broken.err)
		}
	}
}

// begin finds what Read reads: a copy, and the fault that was planned for this read.
func (m *MemorySource) begin(split connector.Split, skip int64) (memorySplit, *readFault, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads[split.ID]++
	if skip != 0 && !m.opt.StableOrder {
		return memorySplit{}, nil, fault.New(fault.Internal, "skip %d of a source whose order is not stable", skip)
	}
	found, err := m.located(split)
	if err != nil {
		return memorySplit{}, nil, err
	}
	if n := len(found.records); n > 1 && !m.opt.StableOrder && len(found.refused) == 0 {
		k := (m.reads[split.ID] - 1) % n
		found.records = slices.Concat(found.records[k:], found.records[:k])
	}
	if plan := m.readFault[split.ID]; len(plan) > 0 {
		m.readFault[split.ID] = plan[1:]
		return found, &plan[0], nil
	}
	return found, nil, nil
}

func (m *MemorySource) located(split connector.Split) (memorySplit, error) {
	if split.Inline != nil {
		return inline(split)
	}
	var at memoryLocator
	if err := json.Unmarshal(split.Locator, &at); err != nil {
		return memorySplit{}, fault.New(fault.Internal, "read locator %q: %w", split.Locator, err)
	}
	if err := m.gone[at.ID]; err != nil {
		return memorySplit{}, err
	}
	s, ok := m.splits[at.ID]
	if !ok {
		return memorySplit{}, fault.New(fault.Lost, "split %s is not at the source", at.ID)
	}
	return *s, nil
}

// inline reads a split that carries its content: a JSON array of objects, each known by its "id".
func inline(split connector.Split) (memorySplit, error) {
	var bodies []json.RawMessage
	if err := json.Unmarshal(split.Inline, &bodies); err != nil {
		return memorySplit{}, fault.New(fault.Invalid, "read inline content: %w", err)
	}
	found := memorySplit{Split: split}
	for _, body := range bodies {
		var head memoryLocator
		err := json.Unmarshal(body, &head)
		found.records = append(found.records, connector.Record{Key: head.ID, Time: split.Time, Body: bytes.Clone(body)})
		if err != nil {
			return found, errors.Join(fault.New(fault.Invalid, "inline record is no object"), err)
		}
	}
	return found, nil
}
