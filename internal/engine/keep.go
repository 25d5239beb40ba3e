package engine

import (
	"context"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/store"
)

// keep renews a lease until done is called. The context that it gives ends when the lease is lost: whoever works
// under it must stop.
func (e *Engine) keep(ctx context.Context, l store.Lease) (held context.Context, done func()) {
	held, cancel := context.WithCancelCause(ctx)
	stop := make(chan struct{})
	var waiting sync.WaitGroup
	waiting.Go(func() {
		ticker := time.NewTicker(e.set.Renew)
		defer ticker.Stop()
		until := time.Now().Add(e.set.Lease)
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
			}
			err := e.store.Renew(context.WithoutCancel(ctx), l, e.set.Lease)
			switch {
			case err == nil:
				until = time.Now().Add(e.set.Lease)
			case isLeaseLost(err) || time.Now().After(until.Add(-e.set.Renew)):
				cancel(store.ErrLeaseLost)
				return
			}
		}
	})
	return held, func() {
		close(stop)
		waiting.Wait()
		cancel(nil)
	}
}
