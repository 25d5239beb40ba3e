package flow

import (
	"sync"

	"github.com/headrace/headrace/internal/store"
)

// writes remembers what flows write that nobody else may. Each flow of a file set is compared with all others, so with a
// thousand of them reading a destination's settings anew for each comparison took minutes.
type writes struct {
	mu    sync.Mutex
	known map[written]string
}

// written is all that what a flow writes depends on.
type written struct{ flow, destination string }

// mostWrites bounds what is remembered.
const mostWrites = 20_000

func newWrites() *writes { return &writes{known: map[written]string{}} }

func (w *writes) of(flow, destination store.Object) (what string, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	what, known = w.known[written{flow.Name, string(destination.Spec)}]
	return what, known
}

func (w *writes) remember(flow, destination store.Object, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.known) >= mostWrites {
		clear(w.known)
	}
	w.known[written{flow.Name, string(destination.Spec)}] = what
}
