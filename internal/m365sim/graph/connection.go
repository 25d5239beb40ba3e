package graph

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A connection is an external connection in play. Its mu guards all but id and owner.
type connection struct {
	id    string
	owner string // the app that created it

	mu          sync.RWMutex
	name        string
	description string
	category    string
	connectorID string
	apps        []string // configuration.authorizedAppIds
	activity    json.RawMessage
	search      json.RawMessage
	compliance  json.RawMessage
	experiences string
	obsolete    bool
	schema      *schema // nil: draft
	operations  map[string]*operation
	pending     *operation
	items       map[string]*item
	bytes       int64 // of their bodies
	groups      map[string]*group
	counted     int64 // items, as beta shows them
	countedAt   time.Time
	gone        bool
	writes      Writes
	activities  int
}

// States of a connection.
const (
	StateDraft         = "draft"
	StateReady         = "ready"
	StateObsolete      = "obsolete"
	StateLimitExceeded = "limitExceeded"
)

// state is the connection's state as the service shows it.
func (x *connection) state(rules Rules) string {
	switch {
	case x.obsolete:
		return StateObsolete
	case x.schema == nil:
		return StateDraft
	case rules.Items > 0 && int64(len(x.items)) >= rules.Items:
		return StateLimitExceeded
	}
	return StateReady
}

// mine reports whether an app that may only come to its own connections may come to this one.
func (x *connection) mine(app string) bool {
	return strings.EqualFold(x.owner, app) || slices.ContainsFunc(x.apps, func(id string) bool { return strings.EqualFold(id, app) })
}

// open finds the call's connection and locks it, for writing if the route writes. Whoever gets it calls done. A
// connection that the caller may not see is absent.
func (t *Tenant) open(c *call) (x *connection, done func(), refused *refusal) {
	t.mu.RLock()
	x = t.connections[lower(c.connection)]
	t.mu.RUnlock()
	if x == nil {
		return nil, nil, absent("Connection", c.connection)
	}
	x.mu.Lock()
	done = x.mu.Unlock
	if x.gone || !c.everything() && !x.mine(c.caller.AppID) {
		done()
		return nil, nil, absent("Connection", c.connection)
	}
	x.settle(c.now)
	return x, done, nil
}

func (t *Tenant) createConnection(c *call) (reply, *refusal) {
	if refused := c.wantJSON(); refused != nil {
		return reply{}, refused
	}
	draft := &connection{
		owner: c.caller.AppID, category: "uncategorized",
		operations: map[string]*operation{}, items: map[string]*item{}, groups: map[string]*group{},
	}
	if refused := t.readConnectionBody(c, draft, true); refused != nil {
		return reply{}, refused
	}
	if !slices.Contains(draft.apps, draft.owner) {
		draft.apps = append([]string{draft.owner}, draft.apps...)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := lower(draft.id)
	switch until, leaving := t.leaving[key]; {
	case t.connections[key] != nil:
		return reply{}, conflict("the connection ID %s is in use in this tenant", draft.id)
	case leaving && c.now.Before(until):
		return reply{}, conflict("the connection %s is still being deleted", draft.id)
	case t.options.Rules.Connections > 0 && len(t.connections) >= t.options.Rules.Connections:
		return reply{}, full("the tenant has %d connections", len(t.connections))
	}
	delete(t.leaving, key)
	t.connections[key] = draft
	return reply{status: http.StatusCreated, body: c.entity("external/connections/$entity", t.shape(c, draft))}, nil
}

func (t *Tenant) listConnections(c *call) (reply, *refusal) {
	name, refused := c.nameFilter()
	if refused != nil {
		return reply{}, refused
	}
	t.mu.RLock()
	var all []*connection
	for _, x := range t.connections {
		all = append(all, x)
	}
	t.mu.RUnlock()
	slices.SortFunc(all, func(a, b *connection) int { return strings.Compare(a.id, b.id) })
	value := []json.RawMessage{}
	for _, x := range all {
		x.mu.Lock()
		x.settle(c.now)
		if !x.gone && (c.everything() || x.mine(c.caller.AppID)) && (name == nil || *name == x.name) {
			value = append(value, mustJSON(t.shape(c, x)))
		}
		x.mu.Unlock()
	}
	return reply{status: http.StatusOK, body: c.entity("external/connections", members{{"value", value}})}, nil
}

// nameFilter reads the one $filter that was seen to work: name eq '…'.
func (c *call) nameFilter() (*string, *refusal) {
	if !c.query.Has("$filter") {
		return nil, c.noQuery()
	}
	literal, ok := strings.CutPrefix(c.query.Get("$filter"), "name eq '")
	literal, closed := strings.CutSuffix(literal, "'")
	if !ok || !closed || len(c.query) > 1 || strings.Contains(strings.ReplaceAll(literal, "''", ""), "'") {
		return nil, invalid("the only filter of connections is name eq '…'")
	}
	name := strings.ReplaceAll(literal, "''", "'")
	return &name, nil
}

func (t *Tenant) readConnection(c *call) (reply, *refusal) {
	x, done, refused := t.open(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	if refused := c.noQuery(); refused != nil {
		return reply{}, refused
	}
	return reply{status: http.StatusOK, body: c.entity("external/connections/$entity", t.shape(c, x))}, nil
}

func (t *Tenant) changeConnection(c *call) (reply, *refusal) {
	x, done, refused := t.open(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	if refused := c.wantJSON(); refused != nil {
		return reply{}, refused
	}
	if x.obsolete {
		return reply{}, invalid("the connection is obsolete: it can only be read and deleted")
	}
	changed := &connection{
		id: x.id, owner: x.owner, name: x.name, description: x.description, category: x.category, connectorID: x.connectorID,
		apps: x.apps, activity: x.activity, search: x.search, compliance: x.compliance, experiences: x.experiences, schema: x.schema,
	}
	if refused := t.readConnectionBody(c, changed, false); refused != nil {
		return reply{}, refused
	}
	x.name, x.description, x.category, x.connectorID = changed.name, changed.description, changed.category, changed.connectorID
	x.apps, x.activity, x.search, x.compliance, x.experiences = changed.apps, changed.activity, changed.search, changed.compliance, changed.experiences
	return reply{status: http.StatusNoContent}, nil
}

func (t *Tenant) deleteConnection(c *call) (reply, *refusal) {
	_, done, refused := t.open(c)
	if refused != nil {
		return reply{}, refused
	}
	done()
	if !t.RemoveConnection(c.connection) {
		return reply{}, absent("Connection", c.connection)
	}
	return reply{status: http.StatusNoContent}, nil
}

// RemoveConnection deletes a connection as an administrator does in the admin centre; false when there is none. Its ID
// is free again after Rules.DeleteTime.
func (t *Tenant) RemoveConnection(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := lower(id)
	x := t.connections[key]
	if x == nil {
		return false
	}
	delete(t.connections, key)
	t.leaving[key] = t.options.Now().Add(t.options.Rules.DeleteTime)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.gone = true
	t.total.Add(-int64(len(x.items)))
	t.groups.Add(-int64(len(x.groups)))
	x.items, x.groups = nil, nil
	return true
}

// shape is the connection as the service shows it.
func (t *Tenant) shape(c *call, x *connection) members {
	orNull := func(text string) any {
		if text == "" {
			return nil
		}
		return text
	}
	raw := func(value json.RawMessage) json.RawMessage {
		if value == nil {
			return json.RawMessage("null")
		}
		return value
	}
	shown := members{{"id", x.id}, {"name", x.name}, {"description", x.description}, {"state", x.state(t.options.Rules)}}
	if !t.options.Government {
		shown = append(shown, member{"contentCategory", x.category})
	}
	apps := x.apps
	if apps == nil {
		apps = []string{}
	}
	shown = append(shown, member{"connectorId", orNull(x.connectorID)}, member{"activitySettings", raw(x.activity)},
		member{"searchSettings", raw(x.search)},
		member{"configuration", members{{"authorizedAppIds", apps}, {"authorizedApps", apps}}})
	if c.beta {
		shown = append(shown, member{"complianceSettings", raw(x.compliance)},
			member{"enabledContentExperiences", orNull(x.experiences)}, member{"ingestedItemsCount", t.ingested(c, x)})
	}
	return shown
}

// ingested counts the items as beta does: now and then.
func (t *Tenant) ingested(c *call, x *connection) any {
	if x.schema == nil {
		return nil
	}
	if x.countedAt.IsZero() || c.now.Sub(x.countedAt) >= t.options.Rules.CountEvery {
		x.counted, x.countedAt = int64(len(x.items)), c.now
	}
	return x.counted
}

// readQuota answers beta's quota: how many items still have room.
func (t *Tenant) readQuota(c *call) (reply, *refusal) {
	if !c.beta {
		return reply{}, noSegment(c.method, strings.Join(c.path, "/"))
	}
	x, done, refused := t.open(c)
	if refused != nil {
		return reply{}, refused
	}
	used := int64(len(x.items))
	done()
	left := max(min(t.options.Rules.Items-used, t.options.Rules.ItemsPerTenant-t.total.Load()), 0)
	return reply{status: http.StatusOK, body: c.entity("external/connections('"+c.connection+"')/quota/$entity", members{{"itemsRemaining", left}})}, nil
}

// members are those of a JSON object, in order.
type members []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes them as an object.
func (m members) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for i, one := range m {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(text, mustJSON(one.name)...), ':')
		text = append(text, mustJSON(one.value)...)
	}
	return append(text, '}'), nil
}

// entity is an answer with its @odata.context, unless the client wants none.
func (c *call) entity(context string, shown members) []byte {
	if withoutContext(c.header.Get("Accept")) {
		return mustJSON(shown)
	}
	return mustJSON(append(members{{"@odata.context", c.context(context)}}, shown...))
}

func (c *call) context(of string) string { return c.base() + "/$metadata#" + of }

func (c *call) base() string {
	if c.beta {
		return "https://" + c.host + "/beta"
	}
	return "https://" + c.host + "/v1.0"
}
