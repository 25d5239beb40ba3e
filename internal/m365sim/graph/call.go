package graph

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/m365sim/wire"
)

// A call is one request, by itself or a part of a $batch, as far as it has been understood.
type call struct {
	ctx        context.Context //nolint:containedctx // a call lives no longer than its request
	caller     Caller
	now        time.Time
	method     string
	host       string // as the client knows the service: addresses in answers have it
	beta       bool
	path       []string // segments after the version, decoded
	query      url.Values
	header     http.Header
	body       []byte
	part       bool // of a $batch
	route      route
	op         string
	connection string // the IDs in the path, as they are there
	item       string
}

// A reply is what a call is answered with.
type reply struct {
	status int
	header http.Header // nil: none but the usual
	body   []byte      // JSON; nil: none
	code   string      // error.code, for the counts
	broken string      // a fault that breaks the connection, or the body
	delay  time.Duration
}

// area is what a permission is about.
type area int

const (
	areaConnection area = iota
	areaItem
	areaNobody // what an application can't be permitted to do
)

// A route is one operation of the service.
type route struct {
	op     string
	area   area
	write  bool
	handle func(*Tenant, *call) (reply, *refusal)
}

// routes are the operations by method and path, * standing for an ID, activity for the action addActivities, member for
// one member by its ID. What the service can't list, items for one, has no route.
var routes = map[string]route{
	"POST external/connections":                     {OpConnectionCreate, areaConnection, true, (*Tenant).createConnection},
	"GET external/connections":                      {OpConnectionList, areaConnection, false, (*Tenant).listConnections},
	"GET external/connections/*":                    {OpConnectionRead, areaConnection, false, (*Tenant).readConnection},
	"PATCH external/connections/*":                  {OpConnectionChange, areaConnection, true, (*Tenant).changeConnection},
	"DELETE external/connections/*":                 {OpConnectionDelete, areaConnection, true, (*Tenant).deleteConnection},
	"PATCH external/connections/*/schema":           {OpSchemaChange, areaConnection, true, (*Tenant).changeSchema},
	"POST external/connections/*/schema":            {OpSchemaChange, areaConnection, true, (*Tenant).postSchema},
	"GET external/connections/*/schema":             {OpSchemaRead, areaConnection, false, (*Tenant).readSchema},
	"GET external/connections/*/operations/*":       {OpOperationRead, areaConnection, false, (*Tenant).readOperation},
	"GET external/connections/*/quota":              {OpQuotaRead, areaConnection, false, (*Tenant).readQuota},
	"PUT external/connections/*/items/*":            {OpItemPut, areaItem, true, (*Tenant).putItem},
	"PATCH external/connections/*/items/*":          {OpItemPatch, areaItem, true, (*Tenant).patchItem},
	"GET external/connections/*/items/*":            {OpItemRead, areaItem, false, (*Tenant).readItem},
	"DELETE external/connections/*/items/*":         {OpItemDelete, areaItem, true, (*Tenant).deleteItem},
	"POST external/connections/*/items/*/activity":  {OpItemActivities, areaItem, true, (*Tenant).addActivities},
	"POST external/connections/*/groups":            {OpGroupCreate, areaItem, true, (*Tenant).createGroup},
	"GET external/connections/*/groups/*":           {OpGroupRead, areaItem, false, (*Tenant).readGroup},
	"PATCH external/connections/*/groups/*":         {OpGroupChange, areaItem, true, (*Tenant).changeGroup},
	"DELETE external/connections/*/groups/*":        {OpGroupDelete, areaItem, true, (*Tenant).deleteGroup},
	"POST external/connections/*/groups/*/members":  {OpMemberAdd, areaItem, true, (*Tenant).addMember},
	"DELETE external/connections/*/groups/*/member": {OpMemberDelete, areaItem, true, (*Tenant).deleteMember},
	"POST search/query":                             {OpSearch, areaNobody, false, nil},
	"POST copilot/retrieval":                        {OpSearch, areaNobody, false, nil},
}

// activitySegments are the two ways to write the action's name.
var activitySegments = []string{"addActivities", "microsoft.graph.externalConnectors.addActivities"}

// find resolves the call's method and path to a route.
func (c *call) find() *refusal {
	pattern := make([]string, 0, 8)
	for i, segment := range c.path {
		switch {
		case i == 2 && c.path[0] == "external":
			c.connection, segment = segment, "*"
		case i == 4 && c.path[3] == "items":
			c.item, segment = segment, "*"
		case i == 4, i == 6 && c.path[3] == "groups":
			segment = "*"
		case i == 5 && slices.Contains(activitySegments, segment):
			segment = "activity"
		}
		pattern = append(pattern, segment)
	}
	joined := strings.Join(pattern, "/")
	joined = strings.Replace(joined, "groups/*/members/*", "groups/*/member", 1)
	found, ok := routes[c.method+" "+joined]
	if !ok {
		c.op = OpOther
		return noSegment(c.method, strings.Join(c.path, "/"))
	}
	c.route, c.op = found, found.op
	return nil
}

// permit says whether the caller's roles allow the operation, and to which connections it may then come.
func (c *call) permit() *refusal {
	if c.route.area == areaNobody {
		return forbidden("only a signed-in user may search; this is an application's token")
	}
	if !c.everything() && !c.owned() {
		return forbidden("the token's roles %v have none of %v", c.caller.Roles, c.wanted())
	}
	return nil
}

func (c *call) wanted() []string {
	kind := c.kind()
	roles := []string{kind + ".ReadWrite.OwnedBy", kind + ".ReadWrite.All"}
	if !c.route.write && c.op != OpQuotaRead {
		roles = append(roles, kind+".Read.All")
	}
	return roles
}

func (c *call) kind() string {
	if c.route.area == areaItem {
		return "ExternalItem"
	}
	return "ExternalConnection"
}

// everything reports whether the caller's roles reach every connection; owned whether they reach its own.
func (c *call) everything() bool {
	return slices.ContainsFunc(c.wanted()[1:], func(role string) bool { return slices.Contains(c.caller.Roles, role) })
}

func (c *call) owned() bool { return slices.Contains(c.caller.Roles, c.wanted()[0]) }

// answer carries a call out: faults, limits, permission, then the operation.
func (t *Tenant) answer(c *call) reply {
	if refused := c.find(); refused != nil {
		return t.refuse(c, refused)
	}
	arrive, refused := t.depart(c)
	if refused != nil {
		return t.refuse(c, refused)
	}
	defer arrive()
	if !wire.Pause(c.ctx, t.options.Latency(c.op)) {
		return reply{broken: "gone"}
	}
	c.now = t.options.Now()
	fault := t.options.Fault(Target{Op: c.op, Connection: c.connection, Item: c.item})
	if fault == nil {
		return t.carryOut(c)
	}
	if refused := t.faulty(fault, c); refused != nil {
		return t.refuse(c, refused)
	}
	return t.misplay(c, fault)
}

// misplay carries a call out with a fault that is no error answer.
func (t *Tenant) misplay(c *call, fault *Fault) reply {
	switch fault.Do {
	case "reset", "html":
		return reply{status: fault.Status, broken: fault.Do}
	case "delay":
		if !wire.Pause(c.ctx, fault.Delay) {
			return reply{broken: "gone"}
		}
		return t.carryOut(c)
	case "connection-gone":
		t.RemoveConnection(c.connection)
		return t.carryOut(c)
	}
	answer := t.carryOut(c)
	switch fault.Do {
	case "schema-fails":
		t.endOperation(c.connection, true)
	case "schema-stuck":
		t.endOperation(c.connection, false)
	default:
		answer.breakOff(fault)
	}
	return answer
}

// breakOff makes an answer that was given not arrive, or not whole.
func (a *reply) breakOff(fault *Fault) {
	a.broken, a.delay = fault.Do, fault.Delay
	if fault.Do == "lost-answer" {
		a.broken = "reset"
	}
}

func (t *Tenant) carryOut(c *call) reply {
	if refused := c.permit(); refused != nil {
		return t.refuse(c, refused)
	}
	answer, refused := c.route.handle(t, c)
	if refused != nil {
		return t.refuse(c, refused)
	}
	return answer
}

// lower is strings.ToLower for ASCII: IDs of connections are compared without regard to case.
func lower(text string) string { return strings.ToLower(text) }
