package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// Finish ends a run whose listing and deliveries have ended. A mirror's crawl that was complete first deletes what it
// did not see; one that would delete too much waits for approval.
func (e *Engine) Finish(ctx context.Context, runID int64) error {
	run, err := e.store.RunByID(ctx, runID)
	if err != nil || run.State != store.RunGoing {
		return err
	}
	progress, err := e.store.Progress(ctx, run)
	if err != nil || progress.Listing || progress.Pending > 0 {
		return err
	}
	counts, err := e.store.Counts(ctx, run.FlowID, run.ID)
	if err != nil {
		return err
	}
	if run.Kind == store.Crawl && !run.Deleting {
		going, err := e.finishCrawl(ctx, run, progress)
		if err != nil || going {
			return err
		}
	}
	state, reason := store.RunSucceeded, ""
	unlisted, err := e.store.Unlisted(ctx, run)
	if err != nil {
		return err
	}
	switch {
	case unlisted != nil:
		state, reason = store.RunFailed, "not all of it could be listed; begin it again when this is mended: "+unlisted.Text
	case progress.Failed > 0 || progress.Lost > 0:
		state, reason = store.RunFailed, fmt.Sprintf("%d deliveries failed, %d are lost", progress.Failed, progress.Lost)
	case counts.Dead > 0:
		state = store.RunDead
	}
	if run.Removal() && state == store.RunSucceeded {
		return e.removeFlow(ctx, run)
	}
	e.log.Info("a run has ended", "run", run.UID, "kind", run.Kind, "state", state, "delivered", counts.Delivered, "dead_letters", counts.Dead, "deleted", counts.Deleted)
	return e.store.EndRun(ctx, run.ID, state, reason)
}

// removeFlow removes a flow whose items are all gone.
func (e *Engine) removeFlow(ctx context.Context, run store.Run) error {
	flow, err := e.store.ObjectByID(ctx, store.Flow, run.FlowID)
	if err != nil {
		return err
	}
	if err := e.store.DeleteObject(ctx, flow); err != nil && fault.ClassOf(err) != fault.NotFound { // another node was first
		return fmt.Errorf("remove flow %s: %w", flow.Name, err)
	}
	e.log.Info("a flow is removed with its items", "flow", flow.Name, "run", run.UID)
	return nil
}

// FinishRuns ends the runs that have nothing left to do and that nobody ended: an approved crawl goes on, and one whose
// worker died after its last batch comes to its end.
func (e *Engine) FinishRuns(ctx context.Context) error { return e.finishRuns(ctx, 0) }

// finishRuns ends the runs of a flow that have nothing left to do; 0: of all.
func (e *Engine) finishRuns(ctx context.Context, flowID int64) error {
	const all = 100_000
	runs, err := e.store.Runs(ctx, store.RunQuery{FlowID: flowID, State: store.RunGoing, Limit: all})
	for _, run := range runs {
		if err == nil {
			err = e.Finish(ctx, run.ID)
		}
	}
	return err
}

// finishCrawl starts the deletes of a crawl; true: it has something to do or to wait for.
func (e *Engine) finishCrawl(ctx context.Context, run store.Run, progress store.RunProgress) (bool, error) {
	flow, done, err := e.open.flow(ctx, run.FlowID)
	if err != nil {
		return false, err
	}
	defer done()
	complete, err := e.store.CrawlComplete(ctx, run.ID)
	if err != nil {
		return false, err
	}
	changed, again, err := e.store.RelistCrawl(ctx, run)
	if err != nil || again {
		e.wake()
		return again, err
	}
	if !complete || progress.Failed > 0 || progress.Lost > 0 || changed > 0 {
		return false, nil // nothing is deleted on a doubt
	}
	all, unseen, err := e.store.InventorySize(ctx, store.Crawled{DestinationID: flow.Object.DestinationID, FlowID: run.FlowID, Number: run.Number})
	if err != nil {
		return false, err
	}
	if err := e.store.CountUnseen(ctx, run.ID, unseen); err != nil || unseen == 0 || flow.Rules.Deletes != "absence" {
		return false, err
	}
	if reason := guard(flow.Rules, all, unseen); reason != "" && !approved(run) {
		e.log.Error("a crawl waits for approval", "flow", flow.Object.Name, "run", run.UID, "reason", reason)
		return true, e.store.HoldCrawl(ctx, run.ID, reason)
	}
	first, err := e.store.StartDeletes(ctx, run, flow.Object.SourceID, unseen)
	if first {
		e.log.Info("deletes begin", "flow", flow.Object.Name, "run", run.UID, "keys", unseen)
		e.wake()
	}
	return true, err
}

// guard says why a crawl may not delete on its own, or "".
func guard(rules MirrorRules, all, unseen int64) string {
	switch {
	case unseen == all:
		return fmt.Sprintf("the crawl saw nothing: it would delete all %d items", all)
	case unseen > rules.GuardKeys && float64(unseen)*100 > rules.GuardPercent*float64(all):
		return fmt.Sprintf("the crawl would delete %d of %d items, more than %g %% and more than %d", unseen, all, rules.GuardPercent, rules.GuardKeys)
	}
	return ""
}

func approved(run store.Run) bool {
	var spec struct {
		Approved bool `json:"approved"`
	}
	return json.Unmarshal(run.Spec, &spec) == nil && spec.Approved
}

// StartCrawls begins the crawls that are due. Crawls of a flow rise in number, and one is open at a time.
func (e *Engine) StartCrawls(ctx context.Context) error { return e.startCrawls(ctx, false) }

// CrawlNow begins a crawl of every mirror that is not paused and has none open, due or not: a person asked.
func (e *Engine) CrawlNow(ctx context.Context) error { return e.startCrawls(ctx, true) }

func (e *Engine) startCrawls(ctx context.Context, now bool) error {
	flows, err := e.store.Objects(ctx, store.Flow)
	if err != nil {
		return err
	}
	for _, object := range flows {
		if object.Paused || !mirrors(object) {
			continue
		}
		if to, err := e.store.ObjectByID(ctx, store.Destination, object.DestinationID); err == nil && to.Paused {
			continue // what it would find would be old when it may be written
		}
		if err := e.startCrawl(ctx, object, now); err != nil {
			e.log.Warn("a crawl could not begin", "flow", object.Name, "err", err, "hint", fault.HintOf(err))
		}
	}
	return nil
}

// mirrors tells whether a flow's spec says so; what a flow is otherwise, only the opener understands.
func mirrors(flow store.Object) bool {
	var spec struct {
		Mode string `json:"mode"`
	}
	return json.Unmarshal(flow.Spec, &spec) == nil && spec.Mode == "mirror"
}

// startCrawl begins a crawl if one is due, or asked for.
func (e *Engine) startCrawl(ctx context.Context, object store.Object, asked bool) error {
	last, any, err := e.store.LastCrawl(ctx, object.ID)
	if err != nil || any && last.Finished.IsZero() {
		return err
	}
	if any && last.Removal() && last.State != store.RunCanceled {
		return nil // it could not delete all; whoever removes the flow tries again, or begins a crawl and keeps it
	}
	flow, done, err := e.open.flow(ctx, object.ID)
	if err != nil {
		return err
	}
	defer done()
	every := flow.Rules.Every
	if every <= 0 {
		every = time.Hour
	}
	now := e.store.Now()
	if any && !asked && now.Before(last.Created.Add(every)) {
		return nil
	}
	full, err := e.store.LastFullCrawl(ctx, object.ID)
	if err != nil {
		return err
	}
	all := full.IsZero() || flow.Rules.Full > 0 && !now.Before(full.Add(flow.Rules.Full))
	_, err = e.store.StartCrawl(ctx, object, all)
	if fault.ClassOf(err) == fault.Conflict && err != nil {
		return nil // another node was first
	}
	if err == nil {
		e.wake()
	}
	return err
}
