package graph

import (
	"bytes"
	"slices"
	"strings"
)

// readItemBody reads an item and holds it against the schema and every rule of an item by itself.
func (t *Tenant) readItemBody(c *call, known *schema) (p payload, refused *refusal) {
	raw := func(at *[]byte, check func([]byte) *refusal) func([]byte) *refusal {
		return func(value []byte) *refusal {
			*at = value
			return check(value)
		}
	}
	places := fields{
		"@odata.type":    typed("an item", "microsoft.graph.externalItem", namespace+"externalItem"),
		"@odata.context": ignored,
		"id": func(value []byte) *refusal {
			id, refused := text(value, "id")
			if refused == nil && id != c.item {
				refused = invalid("the body's id %q is not the path's", id)
			}
			return refused
		},
		"acl":        raw(&p.acl, func(value []byte) *refusal { return t.checkACL(c, value, known.people) }),
		"properties": raw(&p.properties, known.checkValues),
		"content":    raw(&p.content, checkContent),
		"activities": func(value []byte) *refusal {
			if !isNull(value) && !bytes.Equal(bytes.Join(bytes.Fields(value), nil), []byte("[]")) {
				return invalid("activities are added with addActivities")
			}
			return nil
		},
	}
	if !t.options.Government {
		places["informationProtectionLabel"] = raw(&p.label, checkProtectionLabel)
	}
	refused = places.read(c.body, "the item")
	return p, refused
}

func checkContent(raw []byte) *refusal {
	var kind string
	var there bool
	refused := fields{
		"@odata.type": typed("content", namespace+"externalItemContent"),
		"type":        textInto(&kind, "content.type"),
		"value": func(raw []byte) *refusal {
			there = true
			if raw[0] != '"' {
				return unreadable("content.value is no text")
			}
			return nil
		},
	}.read(raw, "content")
	switch {
	case refused != nil:
		return refused
	case kind != "text" && kind != "html":
		return invalid("content.type is %q, neither text nor html", kind)
	case !there:
		return invalid("content has no value")
	}
	return nil
}

func checkProtectionLabel(raw []byte) *refusal {
	var id string
	if refused := (fields{"sensitivityLabelId": textInto(&id, "sensitivityLabelId")}).read(raw, "informationProtectionLabel"); refused != nil {
		return refused
	}
	if !isGUID(id) {
		return invalid("the sensitivityLabelId %q is no GUID", id)
	}
	return nil
}

// checkACL wants at least one entry, and of each that it names somebody as the service knows them.
func (t *Tenant) checkACL(c *call, raw []byte, people bool) *refusal {
	entries, refused := list(raw, "acl")
	if refused != nil {
		return refused
	}
	if len(entries) == 0 {
		return invalid("the acl is empty")
	}
	for _, entry := range entries {
		if refused := t.checkACLEntry(c, entry, people); refused != nil {
			return refused
		}
	}
	return nil
}

func (t *Tenant) checkACLEntry(c *call, raw []byte, people bool) *refusal {
	var kind, value, access, source string
	places := fields{
		"@odata.type": typed("an acl entry", namespace+"acl"),
		"type":        textInto(&kind, "acl.type"),
		"value":       textInto(&value, "acl.value"),
		"accessType":  textInto(&access, "acl.accessType"),
	}
	if c.beta {
		places["identitySource"] = textInto(&source, "acl.identitySource")
	}
	if refused := places.read(raw, "an acl entry"); refused != nil {
		return refused
	}
	switch {
	case access != "grant" && access != "deny":
		return invalid("acl.accessType is %q, neither grant nor deny", access)
	case source != "" && source != "azureActiveDirectory" && source != "external":
		return invalid("acl.identitySource is %q", source)
	case people && (kind != "everyone" || access != "grant"):
		return invalid("items of people data are for everyone")
	}
	switch kind {
	case "user", "group":
		if !isGUID(value) {
			return invalid("acl.value %q is not the object ID of a %s", value, kind)
		}
	case "everyone":
		if value != "everyone" && !strings.EqualFold(value, t.options.ID) {
			return invalid("acl.value %q of everyone is neither the tenant's ID nor everyone", value)
		}
	case "everyoneExceptGuests":
		if !strings.EqualFold(value, t.options.ID) {
			return invalid("acl.value %q of everyoneExceptGuests is not the tenant's ID", value)
		}
	case "externalGroup":
		if !identifier(value) {
			return invalid("acl.value %q is no ID of an external group", value)
		}
	default:
		return invalid("acl.type %q is not one of user, group, everyone, everyoneExceptGuests, externalGroup", kind)
	}
	return nil
}

// A given value of a property, and its annotation; either may come first.
type given struct {
	of         *property
	value      []byte
	annotation string
}

// checkValues holds an item's properties against the schema.
func (s *schema) checkValues(raw []byte) *refusal {
	all := make([]given, 0, len(s.properties))
	place := func(p *property) *given {
		i := slices.IndexFunc(all, func(g given) bool { return g.of == p })
		if i < 0 {
			all, i = append(all, given{of: p}), len(all)
		}
		return &all[i]
	}
	refused := walk(raw, "properties", func(name string, value []byte) (refused *refusal) {
		if name == annotationSuffix {
			return typed("properties", namespace+"properties")(value)
		}
		name, annotation := strings.CutSuffix(name, annotationSuffix)
		p := s.byName[name]
		if p == nil {
			return invalid("the schema has no property %q", name)
		}
		if annotation {
			place(p).annotation, refused = text(value, name+annotationSuffix)
			return refused
		}
		place(p).value = value
		return nil
	})
	if refused != nil {
		return refused
	}
	values := 0
	for i := range all {
		if refused := all[i].check(); refused != nil {
			return refused
		}
		values++
	}
	if values == 0 {
		return invalid("properties is empty")
	}
	return nil
}

func (g *given) check() *refusal {
	kind := g.of.kind
	annotation := strings.TrimPrefix(g.annotation, "#")
	switch {
	case g.value == nil:
		return unreadable("%s is annotated and not there", g.of.name)
	case annotation == "" && kind.of != nil:
		return unreadable("%s is a collection without its annotation %s%s: %s", g.of.name, g.of.name, annotationSuffix, kind.annotation)
	case annotation != "" && annotation != kind.annotation:
		return unreadable("the annotation of %s is %q, not %s", g.of.name, g.annotation, kind.annotation)
	}
	if kind.of == nil {
		return kind.checkValue(g.of.name, g.value)
	}
	if g.value[0] != '[' {
		return invalid("%s is no list", g.of.name)
	}
	entries, refused := list(g.value, g.of.name)
	for i := 0; i < len(entries) && refused == nil; i++ {
		refused = kind.of.checkValue(g.of.name, entries[i])
	}
	return refused
}
