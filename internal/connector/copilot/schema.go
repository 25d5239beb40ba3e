package copilot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/headrace/headrace/internal/fault"
)

// A Property is one of a connection's schema, in Microsoft Graph's words (reference graph-connectors, section 1.5.2).
type Property struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Description string   `json:"description,omitempty"`
	Searchable  bool     `json:"isSearchable,omitempty"`
	Queryable   bool     `json:"isQueryable,omitempty"`
	Retrievable bool     `json:"isRetrievable,omitempty"`
	Refinable   bool     `json:"isRefinable,omitempty"`
	Aliases     []string `json:"aliases,omitempty"`
	Labels      []string `json:"labels,omitempty"`
}

// The types that a property can have (section 1.5.4).
const (
	typeString      = "string"
	typeInt64       = "int64"
	typeDouble      = "double"
	typeDateTime    = "dateTime"
	typeBoolean     = "boolean"
	typeStrings     = "stringCollection"
	typeInt64s      = "int64Collection"
	typeDoubles     = "doubleCollection"
	typeDateTimes   = "dateTimeCollection"
	typePrincipal   = "principal"
	typePrincipals  = "principalCollection"
	schemaBase      = "microsoft.graph.externalItem"
	mostProperties  = 128
	mostNameLength  = 32
	contentProperty = "content"
)

var propertyTypes = []string{typeString, typeInt64, typeDouble, typeDateTime, typeBoolean, typeStrings, typeInt64s, typeDoubles, typeDateTimes, typePrincipal, typePrincipals}

// typed gives the service's spelling of a type; "" if it is none. The service itself takes any case.
func typed(name string) string {
	for _, t := range propertyTypes {
		if strings.EqualFold(t, name) {
			return t
		}
	}
	return ""
}

// readSchema reads a list of properties, or an object with one as Graph answers it, strictly. Types and labels get the service's spelling.
func readSchema(raw []byte) ([]Property, error) {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) > 0 && trimmed[0] == '{' {
		var whole struct {
			Properties json.RawMessage `json:"properties"`
		}
		if err := json.Unmarshal(raw, &whole); err != nil || whole.Properties == nil {
			return nil, fault.New(fault.Invalid, "must be infer, or a list of properties")
		}
		raw = whole.Properties
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var all []Property
	if err := d.Decode(&all); err != nil {
		return nil, fault.New(fault.Invalid, "must be infer, or a list of properties, each with name and type and, where wanted, isSearchable, isQueryable, isRetrievable, isRefinable, labels, aliases, description: %w", err)
	}
	for i := range all {
		if t := typed(all[i].Type); t != "" {
			all[i].Type = t
		}
		for j, l := range all[i].Labels {
			if known, ok := labelNamed(l); ok {
				all[i].Labels[j] = known.name
			}
		}
	}
	if all == nil {
		all = []Property{}
	}
	return all, nil
}

// find gives the property of a name, which differs in more than case from every other; nil: there is none.
func find(schema []Property, name string) *Property {
	for i := range schema {
		if strings.EqualFold(schema[i].Name, name) {
			return &schema[i]
		}
	}
	return nil
}

// near suggests a property for a name that is none.
func near(name string, schema []Property) string {
	for _, p := range schema {
		if a, b := strings.ToLower(name), strings.ToLower(p.Name); strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
			return fmt.Sprintf("; did you mean %s?", p.Name)
		}
	}
	return ""
}

var propertyName = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)

// badName tells what is wrong with a property's name or alias; "" if nothing is.
func badName(name string) string {
	switch {
	case name == "":
		return "is missing"
	case strings.EqualFold(name, contentProperty):
		return "content is a part of every schema already; it is set with item.content"
	case len(name) > mostNameLength:
		return fmt.Sprintf("%q has %d characters; at most %d are allowed", name, len(name), mostNameLength)
	case !propertyName.MatchString(name):
		return fmt.Sprintf("%q: only letters a-z, A-Z and digits are allowed; %q would do", name, cleanName(name))
	}
	return ""
}

// cleanName makes a legal property name of a text: last-modified_date gives lastModifiedDate.
func cleanName(text string) string {
	var b strings.Builder
	up := false
	for _, c := range text {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		switch {
		case !letter && (c < '0' || c > '9'):
			up = b.Len() > 0
		case b.Len() == mostNameLength:
		case up && c >= 'a' && c <= 'z':
			b.WriteRune(c - 'a' + 'A')
			up = false
		default:
			b.WriteRune(c)
			up = false
		}
	}
	if b.Len() == 0 {
		return "property"
	}
	return b.String()
}

// checkSchema reports everything that Microsoft would refuse (section 1.5.3), by the setting schema[N].
func checkSchema(schema []Property, people bool) fault.Problems {
	c := &schemaCheck{people: people, names: map[string]string{}, labels: map[string]string{}}
	if n := len(schema); n == 0 || n > mostProperties {
		c.problems = append(c.problems, fault.Problem{Field: "schema", Text: fmt.Sprintf("has %d properties; it must have 1 to %d", n, mostProperties)})
	}
	for i, p := range schema {
		c.at = fmt.Sprintf("schema[%d]", i)
		c.property(p)
	}
	if people && c.labels["personAccount"] == "" {
		c.problems = append(c.problems, fault.Problem{Field: "schema", Text: "a connection of people needs exactly one string property with the label personAccount"})
	}
	return c.problems
}

type schemaCheck struct {
	people   bool
	at       string
	names    map[string]string // by its lower case: where it stands
	labels   map[string]string // label: the property that has it
	problems fault.Problems
}

func (c *schemaCheck) add(field, format string, args ...any) {
	c.problems = append(c.problems, fault.Problem{Field: c.at + field, Text: fmt.Sprintf(format, args...)})
}

func (c *schemaCheck) property(p Property) {
	c.name(".name", p.Name)
	for j, alias := range p.Aliases {
		c.name(fmt.Sprintf(".aliases[%d]", j), alias)
	}
	text := p.Type == typeString || p.Type == typeStrings
	if typed(p.Type) == "" {
		c.add(".type", "%s is %q; it must be one of %s", p.Name, p.Type, strings.Join(propertyTypes, ", "))
		return
	}
	if c.people && (p.Type == typePrincipal || p.Type == typePrincipals) {
		c.add(".type", "%s is %s, which a connection of people does not support; use string with JSON text", p.Name, p.Type)
	}
	if p.Searchable && !text {
		c.add(".isSearchable", "%s is %s; only string and stringCollection can be searched as text. Take isSearchable out; isQueryable finds its values", p.Name, p.Type)
	}
	if p.Searchable && p.Refinable {
		c.add(".isRefinable", "%s is searchable and refinable, which Microsoft does not allow together. To search and to filter by the same value make two properties of it", p.Name)
	}
	if p.Refinable && p.Type == typeBoolean {
		c.add(".isRefinable", "%s is a boolean, which can't be refinable (Graph: RefinerShouldNotBeOfType). Make it a string with yes and no", p.Name)
	}
	if p.Refinable && !p.Queryable {
		c.add(".isRefinable", "%s is refinable and not queryable; set isQueryable: true as well", p.Name)
	}
	if person := p.Type == typePrincipal || p.Type == typePrincipals; person && p.Refinable {
		c.add(".isRefinable", "%s is a %s, which can't be refinable", p.Name, p.Type)
	} else if person && len(p.Labels) == 0 && !c.people {
		c.add(".type", "%s is a %s, which goes with a label of persons only (assignedToPeople, reportedBy, closedBy); else use string", p.Name, p.Type)
	}
	if len(p.Labels) > 1 {
		c.add(".labels", "%s has %d labels; a property has one at most", p.Name, len(p.Labels))
	}
	for j, l := range p.Labels {
		c.label(fmt.Sprintf(".labels[%d]", j), p, l)
	}
	if len(p.Labels) > 0 && !p.Retrievable && !c.people {
		c.add(".isRetrievable", "%s has the label %s, so it must be retrievable: set isRetrievable: true", p.Name, p.Labels[0])
	}
}

func (c *schemaCheck) name(field, name string) {
	if why := badName(name); why != "" {
		c.add(field, "%s", why)
		return
	}
	key := strings.ToLower(name)
	if before, taken := c.names[key]; taken {
		c.add(field, "%s is there twice, see %s; names and aliases must differ in more than case", name, before)
		return
	}
	c.names[key] = c.at
}

func (c *schemaCheck) label(field string, p Property, name string) {
	l, known := labelNamed(name)
	if !known {
		c.add(field, "%q is no label%s; labels are %s …", name, nearLabel(name), "title, url, iconUrl, lastModifiedDateTime, createdBy")
		return
	}
	if l.useless {
		c.add(field, "the label %s is not supported by Microsoft yet", l.name)
	}
	if before, taken := c.labels[l.name]; taken {
		c.add(field, "the label %s is on %s already; each label goes on one property", l.name, before)
		return
	}
	c.labels[l.name] = p.Name
	if !slices.Contains(l.types, p.Type) {
		c.add(field, "%s is %s, but the label %s is for %s", p.Name, p.Type, l.name, strings.Join(l.types, " or "))
	}
	if strings.HasPrefix(l.name, "person") != c.people {
		if c.people {
			c.add(field, "the label %s does not go with contentCategory people", l.name)
		} else {
			c.add(field, "the label %s is for connections with contentCategory people", l.name)
		}
	}
}
