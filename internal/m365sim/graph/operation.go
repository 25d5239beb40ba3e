package graph

import (
	"net/http"
	"time"
)

// An operation is the progress of one change of a schema.
type operation struct {
	id     string
	schema *schema
	due    time.Time
	stuck  bool
	fails  bool
	done   bool
}

// settle ends the pending operation when its time has come. The connection is locked.
func (x *connection) settle(now time.Time) {
	p := x.pending
	if p == nil || p.stuck || now.Before(p.due) {
		return
	}
	p.done = true
	if !p.fails {
		x.schema = p.schema
	}
	x.pending = nil
}

func (p *operation) status() string {
	switch {
	case !p.done:
		return "inprogress"
	case p.fails:
		return "failed"
	}
	return "completed"
}

func (t *Tenant) readOperation(c *call) (reply, *refusal) {
	x, done, refused := t.open(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	p := x.operations[c.path[4]]
	if p == nil {
		return reply{}, absent("Operation", c.path[4])
	}
	var failure any
	if p.done && p.fails {
		failure = members{
			{"code", "InternalServerError"}, {"message", "The schema could not be provisioned."}, {"target", "schema"},
			{"details", []any{}}, {"innerError", nil},
		}
	}
	return reply{status: http.StatusOK, body: c.entity("external/connections('"+x.id+"')/operations/$entity",
		members{{"id", p.id}, {"status", p.status()}, {"error", failure}})}, nil
}

// endOperation makes the pending operation of a connection fail when its time comes, or never end.
func (t *Tenant) endOperation(connection string, fails bool) {
	t.mu.RLock()
	x := t.connections[lower(connection)]
	t.mu.RUnlock()
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.pending != nil {
		x.pending.fails, x.pending.stuck = fails, !fails
	}
}
