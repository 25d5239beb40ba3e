package copilot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// A label says what a property means. The list, its order and its types are the CSDL's of 2026-08 (reference
// graph-connectors, section 1.5.5). Where the type is not documented the likeliest is wanted.
type label struct {
	name    string
	types   []string
	gov     bool // the US government clouds know it too
	address bool // its values are absolute addresses
	useless bool // it is in the enum, and Microsoft does not support it (section 1.5.6)
}

var (
	oneText   = []string{typeString}
	oneTime   = []string{typeDateTime}
	manyTexts = []string{typeStrings}
	onePerson = []string{typeString, typePrincipal}
	persons   = []string{typeStrings, typePrincipals}
)

var labels = withPeople([]label{
	{name: "title", types: oneText, gov: true},
	{name: "url", types: oneText, gov: true, address: true},
	{name: "iconUrl", types: oneText, gov: true, address: true},
	{name: "createdBy", types: oneText, gov: true},
	{name: "lastModifiedBy", types: oneText, gov: true},
	{name: "authors", types: manyTexts, gov: true},
	{name: "createdDateTime", types: oneTime, gov: true},
	{name: "lastModifiedDateTime", types: oneTime, gov: true},
	{name: "fileName", types: oneText, gov: true},
	{name: "fileExtension", types: oneText, gov: true},
	{name: "containerName", types: oneText},
	{name: "containerUrl", types: oneText, address: true},
	{name: "assignedToPeople", types: persons},
	{name: "closedBy", types: onePerson},
	{name: "closedDate", types: oneTime},
	{name: "priority", types: oneText},
	{name: "sprintName", types: oneText},
	{name: "tags", types: manyTexts},
	{name: "severity", types: oneText},
	{name: "state", types: oneText},
	{name: "dueDate", types: oneTime},
	{name: "itemParentId", types: oneText},
	{name: "itemPath", types: oneText},
	{name: "itemType", types: oneText},
	{name: "numberOfReactions", types: []string{typeInt64}},
	{name: "parentUrl", types: oneText, address: true},
	{name: "priorityNormalized", types: oneText},
	{name: "reportedBy", types: onePerson},
	{name: "secondaryId", types: oneText},
})

// withPeople adds the labels of people's data; their values are JSON text (section 1.5.6).
func withPeople(all []label) []label {
	for _, name := range strings.Fields("Account CurrentPosition Name Note WebSite") {
		all = append(all, label{name: "person" + name, types: oneText})
	}
	for _, name := range strings.Fields("Assistants Colleagues Manager AlternateContacts EmergencyContacts") {
		all = append(all, label{name: "person" + name, types: manyTexts, useless: true})
	}
	for _, name := range strings.Fields("Emails Addresses Anniversaries Phones WebAccounts Skills Projects Awards Certifications EducationalActivities Interests Languages Publications Patents WorkPositions") {
		all = append(all, label{name: "person" + name, types: manyTexts})
	}
	return all
}

// labelNamed finds a label, in whatever case.
func labelNamed(name string) (label, bool) {
	for _, l := range labels {
		if strings.EqualFold(l.name, name) {
			return l, true
		}
	}
	return label{}, false
}

// nearLabel suggests a label for a name that is none.
func nearLabel(name string) string {
	switch strings.ToLower(name) { // the prose of Microsoft's pages has other names than the service
	case "assignedto":
		return "; did you mean assignedToPeople?"
	case "numreactions":
		return "; did you mean numberOfReactions?"
	}
	for _, l := range labels {
		if a, b := strings.ToLower(name), strings.ToLower(l.name); len(a) > 2 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) {
			return fmt.Sprintf("; did you mean %s?", l.name)
		}
	}
	return ""
}

// hasAddress tells whether a property's label wants absolute addresses, and which label that is.
func (p Property) hasAddress() (string, bool) {
	for _, name := range p.Labels {
		if l, known := labelNamed(name); known && l.address {
			return l.name, true
		}
	}
	return "", false
}

// checkCloud reports what the US government clouds' metadata does not know.
func checkCloud(cloud microsoft.Cloud, schema []Property, category string) fault.Problems {
	if cloud.Name != "gcc-high" && cloud.Name != "dod" {
		return nil
	}
	var p fault.Problems
	add := func(field, format string, args ...any) {
		p = append(p, fault.Problem{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	for i, property := range schema {
		at := fmt.Sprintf("schema[%d]", i)
		if property.Type == typePrincipal || property.Type == typePrincipals {
			add(at+".type", "%s: cloud %s has no type %s; use string or stringCollection", property.Name, cloud.Name, property.Type)
		}
		if property.Description != "" {
			add(at+".description", "%s: cloud %s has no descriptions of properties; take it out", property.Name, cloud.Name)
		}
		for _, name := range property.Labels {
			if l, known := labelNamed(name); known && !l.gov {
				add(at+".labels", "%s: cloud %s does not know the label %s; take it out", property.Name, cloud.Name, name)
			}
		}
	}
	if category != "" && category != "uncategorized" {
		add("connection.contentCategory", "cloud %s has no content categories; take it out", cloud.Name)
	}
	return p
}

// withLabel gives the property that has a label; nil: none has.
func withLabel(schema []Property, name string) *Property {
	for i := range schema {
		if slices.ContainsFunc(schema[i].Labels, func(l string) bool { return strings.EqualFold(l, name) }) {
			return &schema[i]
		}
	}
	return nil
}
