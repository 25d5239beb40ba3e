package copilot

import (
	"fmt"
	"slices"
	"strings"
)

// What becomes of a difference between the schema that is wanted and the one that is registered.
const (
	changeAdded   = "added"   // a new property
	changeApplied = "applied" // Microsoft allows it
	changeKept    = "kept"    // it stays as it is registered; nothing breaks
	changeRefused = "refused" // Microsoft does not allow it; a person must decide
)

// A schemaChange is one difference.
type schemaChange struct {
	Property string `json:"property"`
	What     string `json:"what"` // added, applied, kept, refused
	Text     string `json:"text"`
	Fix      string `json:"fix,omitempty"`
	Resend   bool   `json:"resend,omitempty"` // items should be sent again after it
}

// compareSchemas tells what Microsoft lets become of a registered schema (reference graph-connectors, section 1.5.7), and the
// whole list of properties to register: everything that is there, and what is new.
func compareSchemas(registered, wanted []Property) (changes []schemaChange, merged []Property) {
	merged = slices.Clone(registered)
	for _, w := range wanted {
		have := find(registered, w.Name)
		if have == nil {
			changes = append(changes, schemaChange{Property: w.Name, What: changeAdded, Text: "a new property of type " + w.Type, Resend: true})
			merged = append(merged, w)
			continue
		}
		c := propertyChange{have: *have, want: w, merged: *have}
		c.compare()
		changes = append(changes, c.changes...)
		*find(merged, w.Name) = c.merged
	}
	for _, have := range registered {
		if find(wanted, have.Name) == nil {
			changes = append(changes, schemaChange{Property: have.Name, What: changeKept, Text: "is registered and not wanted any more; Microsoft can't take properties out",
				Fix: "It stays and is empty in what is sent from now on. To be rid of it make a new connection."})
		}
	}
	return changes, merged
}

const newConnection = "The way out: a new property with another name; or a new connection with the new schema, filled by a new destination and flow, and then remove the old one."

type propertyChange struct {
	have, want, merged Property
	changes            []schemaChange
}

func (c *propertyChange) add(what, fix string, resend bool, format string, args ...any) {
	c.changes = append(c.changes, schemaChange{Property: c.have.Name, What: what, Text: fmt.Sprintf(format, args...), Fix: fix, Resend: resend})
}

func (c *propertyChange) compare() {
	if !strings.EqualFold(c.have.Type, c.want.Type) {
		c.add(changeRefused, newConnection, false, "is registered as %s and wanted as %s; Microsoft can't change a property's type", c.have.Type, c.want.Type)
		return
	}
	c.flag("isSearchable", c.have.Searchable, c.want.Searchable, &c.merged.Searchable)
	c.flag("isQueryable", c.have.Queryable, c.want.Queryable, &c.merged.Queryable)
	c.flag("isRetrievable", c.have.Retrievable, c.want.Retrievable, &c.merged.Retrievable)
	switch {
	case c.want.Refinable && !c.have.Refinable:
		c.add(changeRefused, newConnection, false, "is to become refinable; Microsoft can't add that to a property that is registered")
	case !c.want.Refinable && c.have.Refinable:
		c.kept("isRefinable")
	}
	if c.merged.Searchable && c.merged.Refinable {
		c.add(changeRefused, newConnection, false, "would be searchable and refinable, which Microsoft does not allow together")
	}
	if !sameWords(c.have.Labels, c.want.Labels) {
		c.merged.Labels = c.want.Labels
		c.add(changeApplied, "", true, "labels: %s, were %s", words(c.want.Labels), words(c.have.Labels))
	}
	// A refinable property gets an alias of the service's own, which can't be taken away.
	if extra := slices.DeleteFunc(slices.Clone(c.want.Aliases), func(a string) bool { return containsFold(c.have.Aliases, a) }); len(extra) > 0 {
		c.merged.Aliases = append(slices.Clone(c.have.Aliases), extra...)
		c.add(changeApplied, "", false, "aliases: %s added", words(extra))
	}
	if c.want.Description != "" && c.want.Description != c.have.Description {
		c.merged.Description = c.want.Description
		c.add(changeApplied, "", false, "description: %s", quoted(c.want.Description))
	}
}

// flag compares an attribute that can be added and not be taken away.
func (c *propertyChange) flag(name string, have, want bool, merged *bool) {
	switch {
	case want && !have:
		*merged = true
		c.add(changeApplied, "", true, "%s is added", name)
	case have && !want:
		c.kept(name)
	}
}

func (c *propertyChange) kept(name string) {
	c.add(changeKept, "It does no harm. To be rid of it make a new connection.", false, "%s is registered and not wanted any more; Microsoft documents no way to take it away", name)
}

func sameWords(a, b []string) bool {
	lower := func(all []string) []string {
		var out []string
		for _, s := range all {
			out = append(out, strings.ToLower(s))
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(lower(a), lower(b))
}

func containsFold(all []string, one string) bool {
	return slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, one) })
}

func words(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}

// refusals are the changes that a person must decide on.
func refusals(changes []schemaChange) []schemaChange {
	return slices.DeleteFunc(slices.Clone(changes), func(c schemaChange) bool { return c.What != changeRefused })
}

// applies tells whether something is to be registered.
func applies(changes []schemaChange) bool {
	return slices.ContainsFunc(changes, func(c schemaChange) bool { return c.What == changeAdded || c.What == changeApplied })
}
