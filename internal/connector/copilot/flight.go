package copilot

import (
	"context"
	"sync"
)

// flights are the requests that are on their way in this process, by app and connection. Microsoft counts them together
// whoever makes them (Learn: connectors API overview): two destinations of one connection, a read beside them, a person
// who looks at an item. So this is one for the process, and no destination's.
var flights = flightList{of: map[string]*flight{}}

type flightList struct {
	mu sync.Mutex
	of map[string]*flight
}

// flight is those of one app on one connection.
type flight struct {
	slots chan struct{}
	users int // on their way, or waiting
}

// depart waits until one more may be on its way, or for ctx's end; arrive must be called when it has ended.
func (l *flightList) depart(ctx context.Context, scope string) (arrive func(), err error) {
	l.mu.Lock()
	f := l.of[scope]
	if f == nil {
		f = &flight{slots: make(chan struct{}, mostInFlight)}
		l.of[scope] = f
	}
	f.users++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if f.users--; f.users == 0 {
			delete(l.of, scope)
		}
	}
	select {
	case f.slots <- struct{}{}:
		return func() { <-f.slots; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
