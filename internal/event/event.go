// Package event tells whoever looks what has changed: objects, runs, the progress of flows. An event is a hint to look
// again and says no more than what it is about; the truth stands in the store. Of one thing there is at most one event a
// second. With nobody listening nothing is done. What other nodes change is heard too. Start at Hub.
package event

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// An Event says that something is not as it was.
type Event struct {
	Seq  uint64    `json:"-"`
	Kind string    `json:"kind"` // credential, source, destination, flow, run, progress (a flow's), letters (a flow's); reset: look at everything again
	ID   string    `json:"id,omitempty"`
	Name string    `json:"name,omitempty"` // of an object; a run's flow
	At   time.Time `json:"at"`
}

// Reset is the kind of an event that says that some were missed.
const Reset = "reset"

const (
	pace    = time.Second // between two events of one thing
	kept    = 1000        // events for those who come back
	backlog = 256         // events that wait for one who is slow
)

// Store is what a hub needs of the store.
type Store interface {
	Watch(told func(store.Change))
	Notify(ctx context.Context, notice string) error
	Listen(ctx context.Context, heard func(notice string), lost func())
	ObjectsWithIDs(ctx context.Context, ids []int64) (map[int64]store.Object, error)
	RunsWithIDs(ctx context.Context, ids []int64) (map[int64]store.Run, error)
	Shared() bool
	Now() time.Time
}

// A Hub hands events on. It works while Run does.
type Hub struct {
	store Store
	node  string
	log   *slog.Logger

	ended chan struct{} // closed when Run ends: streams end with it

	mu       sync.Mutex
	wake     chan struct{}
	dirty    map[store.Change]bool // to be told; true: another node has told us
	streams  map[*Stream]bool
	listened time.Time // when somebody last did
	ring     []Event
	seq      uint64
	first    uint64 // what came before was not kept
	reset    bool
}

// New makes a hub that the store tells of its changes. node tells this process from the others.
func New(s Store, node string, log *slog.Logger) *Hub {
	h := &Hub{store: s, node: node, log: log, ended: make(chan struct{}), wake: make(chan struct{}, 1), dirty: map[store.Change]bool{}, streams: map[*Stream]bool{}, first: 1}
	s.Watch(func(c store.Change) { h.mark(c, false) })
	return h
}

// comeBack is how long events are kept for those who were cut off.
const comeBack = 2 * time.Minute

// mark notes a change. It costs a lock and, if nobody listens anywhere, nothing more.
func (h *Hub) mark(c store.Change, heard bool) {
	h.mu.Lock()
	if !h.wanted() && (heard || !h.store.Shared()) {
		h.first = h.seq + 2 // what is skipped here takes a number of its own
		h.mu.Unlock()
		return
	}
	if was, ok := h.dirty[c]; !ok || was && !heard {
		h.dirty[c] = heard
	}
	h.mu.Unlock()
	h.ringBell()
}

func (h *Hub) ringBell() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// wanted tells whether somebody listens, or may come back.
func (h *Hub) wanted() bool {
	return len(h.streams) > 0 || !h.listened.IsZero() && time.Since(h.listened) < comeBack
}

// Run hands events on until ctx ends; then the streams end too. It is called once.
func (h *Hub) Run(ctx context.Context) error {
	defer close(h.ended)
	var heard sync.WaitGroup
	heard.Go(func() { h.store.Listen(ctx, h.hear, h.missed) })
	defer heard.Wait()
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		select {
		case <-h.wake:
		case <-ctx.Done():
			return nil
		}
		h.hand(ctx)
		rest.Reset(pace)
		select {
		case <-rest.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// hand tells everybody what has changed since it did so before.
func (h *Hub) hand(ctx context.Context) {
	h.mu.Lock()
	dirty, wanted := h.dirty, h.wanted()
	h.dirty = map[store.Change]bool{}
	h.mu.Unlock()
	h.announce(ctx, dirty)
	if !wanted {
		return
	}
	events, err := h.named(ctx, dirty)
	if err != nil {
		if ctx.Err() == nil {
			h.log.Debug("what has changed can't be named", telemetry.Err, err)
		}
		h.missed()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.reset {
		h.reset = false
		events = append(events, Event{Kind: Reset, At: h.store.Now().UTC()})
	}
	for _, e := range events {
		h.seq++
		e.Seq = h.seq
		h.ring = append(h.ring, e)
		for s := range h.streams {
			s.put(e)
		}
	}
	if over := len(h.ring) - kept; over > 0 {
		h.ring = append(h.ring[:0:0], h.ring[over:]...)
		h.first = h.ring[0].Seq
	}
}

// named gives changes their IDs and names. What is gone keeps its number only to itself: then all is looked at again.
func (h *Hub) named(ctx context.Context, dirty map[store.Change]bool) ([]Event, error) {
	var objects, runs []int64
	for c := range dirty {
		if c.Kind == store.ChangedRun {
			runs = append(runs, c.ID)
		} else if c.ID > 0 {
			objects = append(objects, c.ID)
		}
	}
	foundRuns, err := h.store.RunsWithIDs(ctx, runs)
	if err != nil {
		return nil, err
	}
	for _, r := range foundRuns {
		objects = append(objects, r.FlowID)
	}
	found, err := h.store.ObjectsWithIDs(ctx, objects)
	if err != nil {
		return nil, err
	}
	now := h.store.Now().UTC()
	events := make([]Event, 0, len(dirty))
	for c := range dirty {
		e := Event{Kind: c.Kind, At: now}
		if c.Kind == store.ChangedRun {
			r := foundRuns[c.ID]
			e.ID, e.Name = r.UID, found[r.FlowID].Name
		} else {
			e.ID, e.Name = found[c.ID].UID, found[c.ID].Name
		}
		events = append(events, e)
	}
	return events, nil
}

// missed says that events may be missing.
func (h *Hub) missed() {
	h.mu.Lock()
	h.reset = true
	h.mu.Unlock()
	h.ringBell()
}

// notice is what nodes tell each other.
type notice struct {
	Node    string         `json:"n"`
	Changes []store.Change `json:"c"`
}

// announce tells the other nodes what this one has changed.
func (h *Hub) announce(ctx context.Context, dirty map[store.Change]bool) {
	if !h.store.Shared() {
		return
	}
	n := notice{Node: h.node}
	send := func() {
		raw, _ := json.Marshal(n)
		if err := h.store.Notify(ctx, string(raw)); err != nil && ctx.Err() == nil {
			h.log.Debug("the other nodes could not be told what has changed", telemetry.Err, err)
		}
		n.Changes = nil
	}
	const each = 60 // bytes of one change, at most
	for c, heard := range dirty {
		if heard {
			continue
		}
		if n.Changes = append(n.Changes, c); len(n.Changes) >= (store.LongestNotice-len(h.node)-40)/each {
			send()
		}
	}
	if len(n.Changes) > 0 {
		send()
	}
}

func (h *Hub) hear(text string) {
	var n notice
	if json.Unmarshal([]byte(text), &n) != nil || n.Node == h.node {
		return
	}
	for _, c := range n.Changes {
		h.mark(c, true)
	}
}
