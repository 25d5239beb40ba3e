package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// Where several nodes share a database, a lane whose destination writes to a node's own disk stays with that node: its
// home. The store gives it to no other while its home is alive. When that is gone another may try, and goes on only if it
// finds the files: the disk was a shared one, or was carried over. See docs/adr/0011.

// homeRest is how long nobody else tries after one did not find the files.
const homeRest = time.Minute

// comeHome gives the home that the lane has from this turn on, and leaves in the lane the receipt to go on from. An error
// says that its files are somewhere else.
func (t *turn) comeHome(ctx context.Context) (string, error) {
	home := t.engine.store.Home()
	switch {
	case t.flow.Holds == nil:
		return "", nil // it was sent here for one turn, if it had a home
	case home == "" || t.lane.Home == home && !t.lane.Moved:
		return t.lane.Home, nil
	case t.lane.Moved && t.lane.Home != home: // by a person, whose word stands also while that node is away
		return "", t.engine.elsewhere(ctx, t.flow.Object.Name, t.lane.Home)
	case len(t.lane.Receipt) == 0 && (t.lane.Home == "" || t.lane.Moved):
		return home, nil
	}
	here, err := t.flow.Holds(t.lane.Receipt)
	switch {
	case err != nil:
		return "", err
	case here:
		if t.lane.Home != "" && t.lane.Home != home {
			t.engine.log.Info("the files of a node that is gone are here too; the flow goes on", "flow", t.flow.Object.Name, "lane", t.lane.Number, "node", home, "before", t.lane.Home)
		}
		return home, nil
	case t.lane.Moved:
		t.lane.Receipt = nil
		return home, nil
	}
	return "", t.engine.elsewhere(ctx, t.flow.Object.Name, t.lane.Home)
}

// elsewhere says whom a flow waits for.
func (e *Engine) elsewhere(ctx context.Context, flow, home string) error {
	now := e.store.Now()
	trouble := &fault.Error{Class: fault.Unavailable, Code: "files_elsewhere", RetryAt: now.Add(homeRest)}
	if home == "" {
		trouble.Title = fmt.Sprintf("the files that flow %q wrote are not on node %s", flow, e.store.Home())
		return trouble.WithHint("They are on another node's disk, or the disk is not mounted. Start headrace on the node that has them; it goes on there by itself")
	}
	h, err := e.store.HomeOf(ctx, home)
	if err != nil {
		return err
	}
	ago := ""
	if !h.Seen.IsZero() {
		ago = fmt.Sprintf(" for %s (since %s)", connector.Duration(now.Sub(h.Seen).Truncate(time.Second)), h.Seen.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	trouble.Title = fmt.Sprintf("flow %q waits for node %s, on whose disk its files are: it has not reported%s", flow, home, ago)
	return trouble.WithHint("Start headrace there again, or mount that disk on this node: the flow goes on by itself. If the node is gone for good: headrace flow move %s --to %s. "+
		"It then begins new files there. What is not delivered before the source forgets it is held, as far as the hold goes", flow, e.store.Home())
}
