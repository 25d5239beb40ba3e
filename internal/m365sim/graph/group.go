package graph

import (
	"net/http"
	"slices"
)

// A group is an external group: people that Entra does not know as one.
type group struct {
	id          string
	name        string
	description string
	members     map[string]groupMember // by ID
	order       []string
}

type groupMember struct {
	id   string
	kind string // user, group, externalGroup
}

func (t *Tenant) createGroup(c *call) (reply, *refusal) {
	x, done, refused := t.openContent(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	g := &group{members: map[string]groupMember{}}
	if refused := c.readGroupBody(g, true); refused != nil {
		return reply{}, refused
	}
	switch {
	case x.groups[g.id] != nil:
		return reply{}, conflict("the group %s exists already", g.id)
	case t.groups.Load() >= mostGroups:
		return reply{}, full("the tenant has %d external groups", mostGroups)
	}
	x.groups[g.id] = g
	t.groups.Add(1)
	return reply{status: http.StatusCreated, body: c.entity("external/connections('"+x.id+"')/groups/$entity", g.shape())}, nil
}

func (g *group) shape() members {
	return members{{"id", g.id}, {"displayName", emptyAsNull(g.name)}, {"description", emptyAsNull(g.description)}}
}

func (c *call) readGroupBody(g *group, create bool) *refusal {
	if refused := c.wantJSON(); refused != nil {
		return refused
	}
	id := g.id
	if refused := (fields{
		"@odata.type":    typed("a group", namespace+"externalGroup"),
		"@odata.context": ignored,
		"id":             textInto(&id, "id"),
		"displayName":    optionalText(&g.name, "displayName"),
		"description":    optionalText(&g.description, "description"),
	}).read(c.body, "the group"); refused != nil {
		return refused
	}
	switch {
	case !create && id != g.id:
		return invalid("the ID of a group can't be changed")
	case !identifier(id):
		return invalid("the group ID %q is not 1 to %d characters of A-Z a-z 0-9 - _", id, longestID)
	}
	g.id = id
	return nil
}

// openGroup finds the call's group. Whoever gets it calls done.
func (t *Tenant) openGroup(c *call) (x *connection, g *group, done func(), refused *refusal) {
	if x, done, refused = t.openContent(c); refused != nil {
		return nil, nil, nil, refused
	}
	if g = x.groups[c.path[4]]; g == nil {
		done()
		return nil, nil, nil, absent("Group", c.path[4])
	}
	return x, g, done, nil
}

func (t *Tenant) readGroup(c *call) (reply, *refusal) {
	x, g, done, refused := t.openGroup(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	return reply{status: http.StatusOK, body: c.entity("external/connections('"+x.id+"')/groups/$entity", g.shape())}, nil
}

func (t *Tenant) changeGroup(c *call) (reply, *refusal) {
	_, g, done, refused := t.openGroup(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	changed := *g
	if refused := c.readGroupBody(&changed, false); refused != nil {
		return reply{}, refused
	}
	g.name, g.description = changed.name, changed.description
	return reply{status: http.StatusNoContent}, nil
}

func (t *Tenant) deleteGroup(c *call) (reply, *refusal) {
	x, g, done, refused := t.openGroup(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	delete(x.groups, g.id)
	t.groups.Add(-1)
	return reply{status: http.StatusNoContent}, nil
}

func (t *Tenant) addMember(c *call) (reply, *refusal) {
	x, g, done, refused := t.openGroup(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	if refused := c.wantJSON(); refused != nil {
		return reply{}, refused
	}
	var m groupMember
	if refused := (fields{
		"@odata.type": typed("a member", namespace+"identity"),
		"id":          textInto(&m.id, "id"),
		"type":        textInto(&m.kind, "type"),
	}).read(c.body, "the member"); refused != nil {
		return reply{}, refused
	}
	if refused := x.checkMember(g, m); refused != nil {
		return reply{}, refused
	}
	key := memberKey(m.id)
	g.members[key] = m
	g.order = append(g.order, key)
	return reply{status: http.StatusCreated, body: c.entity("external/connections('"+x.id+"')/groups('"+g.id+"')/members/$entity",
		members{{"id", m.id}, {"type", m.kind}})}, nil
}

func (x *connection) checkMember(g *group, m groupMember) *refusal {
	switch m.kind {
	case "user", "group":
		if !isGUID(m.id) {
			return invalid("the member %q is not the object ID of a %s", m.id, m.kind)
		}
	case "externalGroup":
		inner := x.groups[m.id]
		if inner == nil {
			return invalid("the external group %q is not in this connection", m.id)
		}
		if x.contains(inner, g.id, map[string]bool{}) {
			return invalid("the group %s would contain itself", g.id)
		}
	default:
		return invalid("the member's type %q is not one of user, group, externalGroup", m.kind)
	}
	if _, there := g.members[memberKey(m.id)]; there {
		return conflict("%s is a member already", m.id)
	}
	if len(g.members) >= mostMembers {
		return full("the group %s has %d members", g.id, mostMembers)
	}
	return nil
}

// contains reports whether id is the group, or in it at any depth.
func (x *connection) contains(g *group, id string, seen map[string]bool) bool {
	if g == nil || seen[g.id] {
		return false
	}
	seen[g.id] = true
	if g.id == id {
		return true
	}
	for _, m := range g.members {
		if m.kind == "externalGroup" && x.contains(x.groups[m.id], id, seen) {
			return true
		}
	}
	return false
}

func (t *Tenant) deleteMember(c *call) (reply, *refusal) {
	_, g, done, refused := t.openGroup(c)
	if refused != nil {
		return reply{}, refused
	}
	defer done()
	key := memberKey(c.path[6])
	if _, there := g.members[key]; !there {
		return reply{}, absent("Member", c.path[6])
	}
	delete(g.members, key)
	g.order = slices.DeleteFunc(g.order, func(id string) bool { return id == key })
	return reply{status: http.StatusNoContent}, nil
}

// memberKey is how a member is known: object IDs are the same in any case, IDs of external groups are not.
func memberKey(id string) string {
	if isGUID(id) {
		return lower(id)
	}
	return id
}
