package graph

import (
	"slices"
	"strings"
)

// readSchemaBody reads a schema and holds it against every rule of a schema by itself.
func (t *Tenant) readSchemaBody(c *call, people bool) (*schema, *refusal) {
	s := &schema{people: people, byName: map[string]*property{}}
	base := ""
	var given [][]byte
	refused := fields{
		"@odata.type":    typed("a schema", namespace+"schema"),
		"@odata.context": ignored,
		"baseType":       textInto(&base, "baseType"),
		"properties": func(raw []byte) (refused *refusal) {
			given, refused = list(raw, "properties")
			return refused
		},
	}.read(c.body, "the schema")
	switch {
	case refused != nil:
		return nil, refused
	case base != baseType:
		return nil, invalid("the baseType is %q, not %s", base, baseType)
	case len(given) == 0:
		return nil, invalid("the schema has no properties")
	case len(given) > mostProperties:
		return nil, invalid("the schema has %d properties; at most %d are allowed", len(given), mostProperties)
	}
	for _, raw := range given {
		p, refused := t.readProperty(c, raw)
		if refused == nil {
			refused = t.checkProperty(p, people)
		}
		if refused != nil {
			return nil, refused
		}
		s.properties = append(s.properties, p)
		s.byName[p.name] = p
	}
	return s, s.check()
}

func (t *Tenant) readProperty(c *call, raw []byte) (*property, *refusal) {
	p := &property{}
	kindName := ""
	places := fields{
		"@odata.type":   typed("a property", namespace+"property"),
		"name":          textInto(&p.name, "a property's name"),
		"type":          textInto(&kindName, "a property's type"),
		"isSearchable":  truth(&p.searchable, "isSearchable"),
		"isQueryable":   truth(&p.queryable, "isQueryable"),
		"isRetrievable": truth(&p.retrievable, "isRetrievable"),
		"isRefinable":   truth(&p.refinable, "isRefinable"),
		"labels":        textsInto(&p.labels, "labels"),
		"aliases":       textsInto(&p.aliases, "aliases"),
	}
	if !t.options.Government {
		places["description"] = optionalText(&p.description, "description")
	}
	if c.beta {
		places["isExactMatchRequired"] = truth(&p.exact, "isExactMatchRequired")
		places["rankingHint"] = func(raw []byte) *refusal {
			return fields{"importanceScore": textInto(&p.hint, "importanceScore")}.read(raw, "rankingHint")
		}
	}
	if refused := places.read(raw, "a property"); refused != nil {
		return nil, refused
	}
	p.kind = kinds[lower(kindName)]
	if p.kind == nil {
		return nil, invalid("the property %q has the type %q, which there is not", p.name, kindName)
	}
	return p, nil
}

// truth is a place for a boolean, or one written as text, as Microsoft's samples do.
func truth(at *bool, what string) func([]byte) *refusal {
	return func(raw []byte) *refusal {
		switch lower(strings.Trim(string(raw), `"`)) {
		case "true":
			*at = true
		case "false":
			*at = false
		case "null":
		default:
			return unreadable("%s is neither true nor false", what)
		}
		return nil
	}
}

func textsInto(at *[]string, what string) func([]byte) *refusal {
	return func(raw []byte) (refused *refusal) {
		if isNull(raw) {
			return nil
		}
		*at, refused = texts(raw, what)
		return refused
	}
}

// checkProperty holds one property against the rules.
func (t *Tenant) checkProperty(p *property, people bool) *refusal {
	if !alphanumeric(p.name) || len(p.name) > longestProperty {
		return invalid("the property name %q is not 1 to %d ASCII letters and digits", p.name, longestProperty)
	}
	for _, alias := range p.aliases {
		if !alphanumeric(alias) || len(alias) > longestProperty {
			return invalid("the alias %q of %s is not 1 to %d ASCII letters and digits", alias, p.name, longestProperty)
		}
	}
	switch {
	case strings.EqualFold(p.name, "content"):
		return invalid("content is in every schema and can't be declared")
	case t.options.Government && p.kind.principal():
		return invalid("the type %s of %s is not known in this cloud", p.kind.name, p.name)
	case p.searchable && !p.kind.text():
		return invalid("%s is searchable and a %s; only string and stringCollection can be", p.name, p.kind.name)
	case p.searchable && p.refinable:
		return invalid("%s is searchable and refinable", p.name)
	case p.refinable && p.kind == kindBoolean:
		return invalidFor("RefinerShouldNotBeOfType", "Schema", "the property %s is refinable and of type boolean", p.name)
	case p.refinable && !p.queryable:
		return invalid("%s is refinable and not queryable", p.name)
	case p.refinable && p.kind.principal():
		return invalid("%s is refinable and a %s", p.name, p.kind.name)
	case p.exact && (!p.kind.text() || p.searchable):
		return invalid("%s wants exact matches: only a string or stringCollection that is not searchable can", p.name)
	case p.hint != "" && !slices.Contains([]string{"low", "medium", "high", "veryHigh"}, p.hint):
		return invalid("%q is no importanceScore", p.hint)
	case p.hint != "" && !p.searchable:
		return invalid("%s has a rankingHint and is not searchable", p.name)
	case p.kind.principal() && (people || len(p.labels) == 0):
		return invalid("%s is a %s; those are for labels of persons outside people data", p.name, p.kind.name)
	case len(p.labels) > 1:
		return invalid("%s has %d labels", p.name, len(p.labels))
	case len(p.labels) == 1:
		return t.checkLabel(p, p.labels[0], people)
	}
	return nil
}

func (t *Tenant) checkLabel(p *property, name string, people bool) *refusal {
	known, ok := labels[name]
	switch {
	case !ok:
		return invalid("%s has the label %q, which there is not", p.name, name)
	case t.options.Government && !known.government:
		return invalid("the label %s is not known in this cloud", name)
	case known.useless:
		return invalid("the label %s is not supported", name)
	case known.people != people:
		return invalid("the label %s belongs to another kind of connection (contentCategory people or not)", name)
	case !slices.Contains(known.kinds, p.kind.name):
		return invalid("the label %s on %s wants the type %s, not %s", name, p.name, strings.Join(known.kinds, " or "), p.kind.name)
	case !people && !p.retrievable:
		return invalid("%s has the label %s and is not retrievable", p.name, name)
	}
	return nil
}

// check holds the properties against each other.
func (s *schema) check() *refusal {
	names, taken := map[string]bool{}, map[string]bool{}
	for _, p := range s.properties {
		for _, name := range append([]string{p.name}, p.aliases...) {
			if names[lower(name)] {
				return invalid("the name or alias %q is there twice", name)
			}
			names[lower(name)] = true
		}
		for _, name := range p.labels {
			if taken[name] {
				return invalid("two properties have the label %s", name)
			}
			taken[name] = true
		}
	}
	if s.people && !taken["personAccount"] {
		return invalid("a connection of people data needs a property with the label personAccount")
	}
	return nil
}

// checkSchemaChange says whether a schema may become another: what the service doesn't document is refused.
func checkSchemaChange(from, to *schema) *refusal {
	for _, was := range from.properties {
		is := to.byName[was.name]
		switch {
		case is == nil:
			return invalid("the property %s is missing: the whole list must be sent, and none can be deleted or renamed", was.name)
		case is.kind != was.kind:
			return invalid("the type of %s can't change from %s to %s", was.name, was.kind.name, is.kind.name)
		case is.refinable && !was.refinable:
			return invalid("%s can't become refinable; add another property", was.name)
		case was.refinable && !is.refinable, was.searchable && !is.searchable, was.queryable && !is.queryable,
			was.retrievable && !is.retrievable, was.exact != is.exact:
			return invalid("an attribute of %s can't be taken away", was.name)
		}
	}
	return nil
}
