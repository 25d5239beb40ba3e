package event

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	heartbeat = 10 * time.Second
	// longest is how long one answer lasts: whoever asks again is looked at again, whether he still may.
	longest = 10 * time.Minute
	retry   = 2 * time.Second
)

// ServeHTTP answers with a stream of server-sent events (HTML standard, section 9.2). ?kind= picks kinds, several with
// commas. Last-Event-ID goes on where a stream broke off; where that is not possible a reset comes first. An event of the kind here,
// without an ID, comes every ten seconds: who hears nothing for longer has lost the server, though the connection may stand. The answer
// ends after ten minutes, for the client to ask again.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var kinds []string
	if text := r.URL.Query().Get("kind"); text != "" {
		kinds = strings.Split(text, ",")
	}
	after := h.number(r.Header.Get("Last-Event-ID"))
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no") // a proxy must not wait for more
	out := http.NewResponseController(w)
	s := h.Listen(after)
	defer s.Close()
	if _, err := fmt.Fprintf(w, "retry: %d\n\n", retry.Milliseconds()); err != nil || out.Flush() != nil {
		return
	}
	beat, end := time.NewTicker(heartbeat), time.NewTimer(longest)
	defer beat.Stop()
	defer end.Stop()
	for {
		var err error
		select {
		case e := <-s.C:
			if len(kinds) > 0 && e.Kind != Reset && !slices.Contains(kinds, e.Kind) {
				continue
			}
			err = h.write(w, e)
		case <-beat.C:
			_, err = w.Write([]byte("event: here\ndata: {}\n\n"))
		case <-end.C:
			return
		case <-h.ended:
			return
		case <-r.Context().Done():
			return
		}
		if err != nil || len(s.C) == 0 && out.Flush() != nil {
			return
		}
	}
}

func (h *Hub) write(w http.ResponseWriter, e Event) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "id: %s.%d\nevent: %s\ndata: %s\n\n", h.node, e.Seq, e.Kind, raw)
	return err
}

// number reads an event's ID; 0 for none. One of another process can't be gone on from: it gives a number that is not kept.
func (h *Hub) number(id string) uint64 {
	if id == "" {
		return 0
	}
	place := strings.LastIndexByte(id, '.')
	n, err := strconv.ParseUint(id[place+1:], 10, 64)
	if err != nil || place < 0 || id[:place] != h.node {
		return 1<<64 - 1
	}
	return n
}
