package graph

import (
	"fmt"
	"net/http"
	"strings"
)

// A schema is what a connection's items are made of. It is not changed once it is in force.
type schema struct {
	people     bool // of a connection of people data
	properties []*property
	byName     map[string]*property // by the name as it was registered
}

// A property of a schema.
type property struct {
	name        string
	kind        *kind
	description string
	searchable  bool
	queryable   bool
	retrievable bool
	refinable   bool
	exact       bool // beta
	hint        string
	labels      []string
	aliases     []string
}

const baseType = "microsoft.graph.externalItem"

// changeSchema registers a schema, or changes one. It answers 202; the work ends SchemaTime later.
func (t *Tenant) changeSchema(c *call) (reply, *refusal) {
	x, done, refused := t.open(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	// CLI for Microsoft 365 sends its JSON as a form.
	if refused := c.wantJSON("application/x-www-form-urlencoded"); refused != nil {
		return reply{}, refused
	}
	switch state := x.state(t.options.Rules); {
	case state == StateObsolete, state == StateLimitExceeded:
		return reply{}, invalid("the connection is %s: its schema can only be read", state)
	case x.pending != nil:
		return reply{}, conflict("the operation %s is still in progress", x.pending.id)
	}
	next, refused := t.readSchemaBody(c, x.category == "people")
	if refused != nil {
		return reply{}, refused
	}
	if x.schema != nil {
		if refused := checkSchemaChange(x.schema, next); refused != nil {
			return reply{}, refused
		}
	}
	p := &operation{id: t.operationID(), schema: next, due: c.now.Add(t.options.Rules.SchemaTime)}
	x.operations[p.id], x.pending = p, p
	header := http.Header{"Location": {c.base() + "/external/connections/" + x.id + "/operations/" + p.id}}
	return reply{status: http.StatusAccepted, header: header}, nil
}

// operationID makes an ID such as the service's.
func (t *Tenant) operationID() string {
	n := t.made.Add(1)
	x := t.options.Seed + n*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return fmt.Sprintf("1.weu.%016x%08x", x^x>>31, uint32(n))
}

// postSchema refuses: registering by POST is gone from v1.0.
func (t *Tenant) postSchema(c *call) (reply, *refusal) {
	x, done, refused := t.open(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	if x.schema != nil {
		return reply{}, invalid("the schema already exists; change it with PATCH")
	}
	return reply{}, &refusal{
		status: http.StatusMethodNotAllowed, code: "MethodNotAllowed", message: "The HTTP method is not supported for this resource.",
		reason: "a schema is registered with PATCH",
	}
}

func (t *Tenant) readSchema(c *call) (reply, *refusal) {
	x, done, refused := t.open(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	if refused := c.noQuery(); refused != nil {
		return reply{}, refused
	}
	if x.schema == nil {
		return reply{}, absent("Schema", x.id)
	}
	all := c.wantsAllMembers()
	header := http.Header{}
	if all {
		header.Set("Preference-Applied", "include-unknown-enum-members")
	}
	shown := []members{}
	for _, p := range x.schema.properties {
		shown = append(shown, p.shape(c, t.options.Government, all))
	}
	body := c.entity("external/connections('"+x.id+"')/schema/$entity", members{{"baseType", baseType}, {"properties", shown}})
	return reply{status: http.StatusOK, header: header, body: body}, nil
}

// wantsAllMembers reports whether the client knows the members of an enum that came after its sentinel.
func (c *call) wantsAllMembers() bool {
	for _, prefer := range c.header.Values("Prefer") {
		for preference := range strings.SplitSeq(prefer, ",") {
			if strings.EqualFold(strings.TrimSpace(preference), "include-unknown-enum-members") {
				return true
			}
		}
	}
	return false
}

// shape is the property as the service shows it. What came after an enum's sentinel is hidden unless all is asked for.
func (p *property) shape(c *call, government, all bool) members {
	const hidden = "unknownFutureValue"
	kind := p.kind.name
	if p.kind.late && !all {
		kind = hidden
	}
	names := []string{}
	for _, name := range p.labels {
		if labels[name].late && !all {
			name = hidden
		}
		names = append(names, name)
	}
	aliases := p.aliases
	if aliases == nil {
		aliases = []string{}
	}
	shown := members{
		{"name", p.name}, {"type", kind}, {"isSearchable", p.searchable}, {"isRetrievable", p.retrievable},
		{"isQueryable", p.queryable}, {"isRefinable", p.refinable}, {"labels", names}, {"aliases", aliases},
	}
	if !government {
		shown = append(shown, member{"description", emptyAsNull(p.description)})
	}
	if c.beta {
		shown = append(shown, member{"isExactMatchRequired", p.exact})
		if p.hint != "" {
			shown = append(shown, member{"rankingHint", members{{"importanceScore", p.hint}}})
		}
	}
	return shown
}

func emptyAsNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
