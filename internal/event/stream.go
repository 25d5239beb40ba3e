package event

import "time"

// A Stream is the events for one who listens. Close ends it.
type Stream struct {
	C <-chan Event // closed by nobody; after a Reset all is to be looked at again

	hub    *Hub
	c      chan Event
	behind bool // some did not fit
}

// Listen begins a stream: with what came after the event of that number, as far as it is kept; 0: with what comes now.
func (h *Hub) Listen(after uint64) *Stream {
	c := make(chan Event, backlog)
	s := &Stream{C: c, c: c, hub: h}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams[s] = true
	h.listened = time.Now()
	if after == 0 || after == h.seq && after+1 >= h.first {
		return s
	}
	if after > h.seq || after+1 < h.first || h.seq-after > backlog/2 {
		s.put(Event{Seq: h.seq, Kind: Reset, At: h.store.Now().UTC()})
		return s
	}
	for _, e := range h.ring {
		if e.Seq > after {
			s.put(e)
		}
	}
	return s
}

// Close ends the stream.
func (s *Stream) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	delete(s.hub.streams, s)
	s.hub.listened = time.Now()
}

// put hands an event on, under the hub's lock. One who is too slow for it gets a Reset as soon as there is room.
func (s *Stream) put(e Event) {
	if s.behind {
		e = Event{Seq: e.Seq, Kind: Reset, At: e.At}
	}
	select {
	case s.c <- e:
		s.behind = false
	default:
		s.behind = true
	}
}
