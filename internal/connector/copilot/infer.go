package copilot

import (
	"slices"
	"strings"
)

// known are the names that properties usually have, with the label that goes with each: by section 6.2 of the reference graph-connectors.
// The first name of a label that is there gets it.
var known = []struct {
	label string
	names []string
}{
	{"title", []string{"title", "name", "subject", "headline", "displayname", "question", "summary"}},
	{"url", []string{"url", "weburl", "link", "permalink", "href", "address", "pageurl", "itemurl"}},
	{"iconUrl", []string{"iconurl", "icon", "iconlink", "thumbnailurl"}},
	{"createdBy", []string{"createdby", "creator", "author"}},
	{"lastModifiedBy", []string{"lastmodifiedby", "modifiedby", "updatedby", "editor", "lasteditor"}},
	{"authors", []string{"authors", "contributors"}},
	{"createdDateTime", []string{"createddatetime", "createdat", "createdon", "created", "datecreated", "creationdate", "published", "publishedat"}},
	{"lastModifiedDateTime", []string{"lastmodifieddatetime", "lastmodified", "modifieddatetime", "modifiedat", "modified", "updatedat", "updated", "lastupdated", "datemodified"}},
	{"fileName", []string{"filename", "file"}},
	{"fileExtension", []string{"fileextension", "extension", "filetype"}},
	{"containerName", []string{"containername", "container", "folder", "space", "site", "project", "category"}},
	{"containerUrl", []string{"containerurl", "folderurl", "spaceurl", "siteurl", "projecturl"}},
	{"assignedToPeople", []string{"assignedtopeople", "assignees", "assignedto"}},
	{"reportedBy", []string{"reportedby", "reporter"}},
	{"closedBy", []string{"closedby", "resolvedby"}},
	{"closedDate", []string{"closeddate", "closedat", "resolvedat"}},
	{"dueDate", []string{"duedate", "due"}},
	{"priority", []string{"priority"}},
	{"severity", []string{"severity"}},
	{"state", []string{"state", "status"}},
	{"sprintName", []string{"sprintname", "sprint"}},
	{"tags", []string{"tags", "keywords"}},
	{"itemPath", []string{"itempath", "path"}},
	{"itemType", []string{"itemtype", "kind"}},
	{"itemParentId", []string{"itemparentid", "parentid"}},
	{"parentUrl", []string{"parenturl"}},
	{"numberOfReactions", []string{"numberofreactions", "reactions", "likes"}},
}

// filters are the labels whose values people choose from a list, rather than search for words in them. Whether a
// property can be a filter can't be changed later; that it is searchable can be added.
var filters = []string{"createdBy", "lastModifiedBy", "authors", "fileExtension", "containerName", "assignedToPeople", "reportedBy", "closedBy", "priority", "severity", "state", "sprintName", "tags", "itemType"}

// guess gives what a property's name says of it: its label, and what follows from that. Its type is open.
func guess(name string) Property {
	p := Property{Name: name}
	for _, k := range known {
		if slices.Contains(k.names, strings.ToLower(name)) {
			p.Labels = []string{k.label}
			break
		}
	}
	return p
}

// infer makes a schema of names and the values that some records have for them. A name without any value is a text, or
// what its label wants. The result keeps every rule of checkSchema.
func infer(names []string, samples []map[string]any) []Property {
	types := map[string]string{}
	for _, name := range names {
		seen := typeSeen{}
		for _, s := range samples {
			seen.take(s[name])
		}
		types[name] = seen.result()
	}
	owner := owners(names, types)
	out := make([]Property, 0, len(names))
	for _, name := range slices.Sorted(slices.Values(names)) {
		out = append(out, shaped(Property{Name: name, Type: types[name], Labels: owner[name]}))
	}
	return out
}

// owners gives each label to one property: the one with the best name whose type fits. The type of a name without
// values becomes the label's.
func owners(names []string, types map[string]string) map[string][]string {
	out := map[string][]string{}
	for _, k := range known {
		l, ok := labelNamed(k.label)
		if !ok {
			continue
		}
		for _, wanted := range k.names {
			i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, wanted) })
			if i < 0 || out[names[i]] != nil {
				continue
			}
			name := names[i]
			if types[name] == "" {
				types[name] = l.types[0]
			}
			if slices.Contains(l.types, types[name]) {
				out[name] = []string{l.name}
				break
			}
		}
	}
	for _, name := range names {
		if types[name] == "" {
			types[name] = typeString
		}
	}
	return out
}

// shaped says what a property of a type and label is used for.
func shaped(p Property) Property {
	p.Retrievable, p.Queryable = true, true
	label := ""
	if len(p.Labels) > 0 {
		label = p.Labels[0]
	}
	_, address := p.hasAddress()
	switch {
	case address:
		p.Queryable = false
	case slices.Contains(filters, label) && p.Type != typeBoolean:
		p.Refinable = true
	case p.Type == typeString || p.Type == typeStrings:
		p.Searchable = true
	case p.Type != typeBoolean && p.Type != typePrincipal && p.Type != typePrincipals:
		p.Refinable = true
	}
	return p
}

// typeSeen is the narrowest type that takes all values of a property seen so far.
type typeSeen struct {
	kind  string
	times bool // every text was a time
	any   bool // there was a value
}

func (s *typeSeen) take(value any) {
	t, err := natural(value)
	if err != nil { // an item with such a value is refused; it says nothing of the others
		return
	}
	if text, ok := value.(string); ok && strings.TrimSpace(text) == "" {
		return
	}
	if t == "" {
		return
	}
	text, isText := value.(string)
	isTime := false
	if isText {
		_, isTime = readTime(strings.TrimSpace(text))
	}
	s.times = isTime && (s.times || !s.any)
	s.any = true
	s.kind = wider(s.kind, t)
}

func (s *typeSeen) result() string {
	if s.kind == typeString && s.times {
		return typeDateTime
	}
	return s.kind
}

// wider gives a type that takes the values of both.
func wider(a, b string) string {
	if a == "" || a == b {
		return b
	}
	ea, listA := elementOf[a]
	eb, listB := elementOf[b]
	if !listA {
		ea = a
	}
	if !listB {
		eb = b
	}
	element := typeString
	if ea == eb {
		element = ea
	} else if ea == typeInt64 && eb == typeDouble || ea == typeDouble && eb == typeInt64 {
		element = typeDouble
	}
	if !listA && !listB {
		return element
	}
	for many, one := range elementOf {
		if one == element {
			return many
		}
	}
	return typeStrings // truth values have no collection
}
