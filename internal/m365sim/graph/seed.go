package graph

import (
	"errors"
	"fmt"
	"net/http"
)

// A Seed is a connection that is there from the beginning.
type Seed struct {
	Owner           string // the app that made it: its client ID
	ID              string
	Name            string
	Description     string
	ContentCategory string           // empty: uncategorized
	Schema          []map[string]any // properties, as in Graph's JSON; none: the connection is a draft
	Items           int              // made-up items item-000001 and on, which everyone may see
}

// Plant puts a connection and its items into the tenant, by the same rules as a request; an error says which one it breaks.
// Nothing of it is counted.
func (t *Tenant) Plant(seed Seed) error {
	c := &call{
		caller: Caller{AppID: seed.Owner, Roles: []string{"ExternalConnection.ReadWrite.All", "ExternalItem.ReadWrite.All"}},
		now:    t.options.Now(), connection: seed.ID, header: http.Header{"Content-Type": {"application/json"}},
	}
	body := members{{"id", seed.ID}, {"name", seed.Name}, {"description", seed.Description}}
	if seed.ContentCategory != "" {
		body = append(body, member{"contentCategory", seed.ContentCategory})
	}
	c.route, c.body = routes["POST external/connections"], mustJSON(body)
	if _, refused := t.createConnection(c); refused != nil {
		return errors.New(refused.reason)
	}
	if len(seed.Schema) == 0 {
		if seed.Items > 0 {
			return errors.New("a connection without a schema has no items")
		}
		return nil
	}
	c.body = mustJSON(members{{"baseType", baseType}, {"properties", seed.Schema}})
	if _, refused := t.changeSchema(c); refused != nil {
		return errors.New(refused.reason)
	}
	x, done, refused := t.open(c)
	if refused != nil {
		return errors.New(refused.reason)
	}
	defer done()
	x.schema, x.pending.done, x.pending = x.pending.schema, true, nil
	for i := range seed.Items {
		body := x.schema.madeUp(i + 1)
		t.store(x, fmt.Sprintf("item-%06d", i+1), nil, &item{body: body, has: 1<<0 | 1<<1 | 1<<2})
	}
	x.writes = Writes{}
	return nil
}

// madeUp is the body of the n-th made-up item.
func (s *schema) madeUp(n int) []byte {
	properties := members{}
	for _, p := range s.properties {
		value := p.kind.madeUp(p.name, n)
		if p.kind.of != nil {
			properties = append(properties, member{p.name + annotationSuffix, p.kind.annotation})
			value = []any{p.kind.of.madeUp(p.name, n)}
		}
		properties = append(properties, member{p.name, value})
	}
	return mustJSON(members{
		{"acl", []members{{{"type", "everyone"}, {"value", "everyone"}, {"accessType", "grant"}}}},
		{"properties", properties},
		{"content", members{{"type", "text"}, {"value", fmt.Sprintf("This is item %d.", n)}}},
	})
}

func (k *kind) madeUp(name string, n int) any {
	switch k {
	case kindInt64, kindDouble:
		return n
	case kindBoolean:
		return n%2 == 0
	case kindDateTime:
		return fmt.Sprintf("2026-%02d-%02dT09:30:00Z", n%12+1, n%28+1)
	case kindPrincipal:
		return members{{annotationSuffix, "#" + namespace + "principal"}, {"upn", fmt.Sprintf("person%d@contoso.com", n%50)}}
	}
	return fmt.Sprintf("%s %d", name, n)
}
