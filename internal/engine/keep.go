package engine

import (
	"context"
	"sync"
	"time"

	"github.com/headrace/headrace/internal/store"
)

// tenure is the time in which a lease is ours.
type tenure struct {
	work  context.Context         //nolint:containedctx // the two lives of one lease; ends when we are asked to stop, and with the lease: nothing new is begun then
	lease context.Context         //nolint:containedctx // ends with the lease alone: a step that has begun may finish under it
	lose  context.CancelCauseFunc // gives the lease up
	end   func()                  // renews no more; call it before the lease is given back
}

// lost tells whether somebody else may have taken over.
func (t tenure) lost() bool { return t.lease.Err() != nil }

// keep renews a lease until end is called.
func (e *Engine) keep(ctx context.Context, l store.Lease) tenure {
	lease, lose := context.WithCancelCause(context.WithoutCancel(ctx))
	work, stop := context.WithCancelCause(ctx)
	unlink := context.AfterFunc(lease, func() { stop(context.Cause(lease)) })
	ended := make(chan struct{})
	var renewer sync.WaitGroup
	renewer.Go(func() { e.renew(lease, l, ended, lose) })
	return tenure{work: work, lease: lease, lose: lose, end: func() {
		close(ended)
		renewer.Wait()
		unlink()
		stop(nil)
	}}
}

// renew makes the lease last, and gives it up in time if the store doesn't answer: what is being written must end
// before somebody else begins.
func (e *Engine) renew(ctx context.Context, l store.Lease, ended <-chan struct{}, lose context.CancelCauseFunc) {
	ticker := time.NewTicker(e.set.Renew)
	defer ticker.Stop()
	for until := time.Now().Add(e.set.Lease); ; {
		select {
		case <-ended:
			return
		case <-ticker.C:
		}
		asked := time.Now()
		one, cancel := context.WithTimeout(ctx, e.set.Renew)
		err := e.store.Renew(one, l, e.set.Lease)
		cancel()
		switch {
		case err == nil:
			until = asked.Add(e.set.Lease)
		case isLeaseLost(err) || time.Now().After(until.Add(-2*e.set.Renew)):
			lose(store.ErrLeaseLost)
			return
		}
	}
}
