package app

import (
	"context"
	"time"

	"github.com/headrace/headrace/internal/telemetry"
)

const (
	// reportEvery is how often a process that shares its database says that it is there, and looks for a newer keyset.
	reportEvery = 2 * time.Second
	// silent is after how long without a report a node is taken for one that is down.
	silent = 15 * reportEvery
	// parting bounds the last report.
	parting = 2 * time.Second
)

// reporting tells the other nodes of this process until stop is called, which waits for it.
func (a *App) reporting(ctx context.Context) (stop func(), err error) {
	if err := a.report(ctx); err != nil {
		return nil, err
	}
	until, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if err := a.report(until); err != nil && until.Err() == nil {
					a.log.Warn("the other nodes could not be told which keyset this one has", telemetry.Err, err)
				}
			case <-until.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
		defer cancel()
		if err := a.store.ForgetNode(last, a.Services.About.Node); err != nil {
			a.log.Debug("the other nodes could not be told that this one stops", telemetry.Err, err)
		}
	}, nil
}

// report reads the keyset again if it changed and says which one this node has. With a keyset that can't be read the old
// revision is reported, so that nobody builds on this node having the new one.
func (a *App) report(ctx context.Context) error {
	err := a.Vault.Reload(ctx)
	if was := a.behind.Swap(err != nil); err != nil && !was && ctx.Err() == nil {
		a.log.Warn("the keyset was changed and can't be read; new secrets can't be saved here", telemetry.Err, err)
	}
	return a.store.ReportNode(ctx, a.Services.About.Node, a.Vault.Revision())
}
