package graph

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

var reservedIDs = []string{
	"none", "directory", "exchange", "exchangearchive", "linkedin", "mailbox", "onedrivebusiness", "sharepoint", "teams",
	"yammer", "connectors", "taskfabric", "powerbi", "assistant", "topicengine", "msft_all_connectors",
}

var contentCategories = []string{
	"uncategorized", "knowledgeBase", "wikis", "fileRepository", "qna", "crm", "dashboard", "people", "media", "email",
	"messaging", "meetingTranscripts", "taskManagement", "learningManagement",
}

// checkConnectionID holds an ID against the documented rules. Case is not what makes two IDs differ.
func checkConnectionID(id string) *refusal {
	switch {
	case len(id) < 3 || len(id) > longestConnection:
		return invalid("the connection ID %q is %d characters long; 3 to 32 are allowed", id, len(id))
	case slices.Contains(reservedIDs, lower(id)):
		return invalid("the connection ID %q is reserved", id)
	case strings.HasPrefix(lower(id), "microsoft"):
		return invalid("the connection ID %q begins with Microsoft", id)
	case !alphanumeric(id):
		return invalid("the connection ID %q has other characters than ASCII letters and digits", id)
	}
	return nil
}

// readConnectionBody reads a POST or PATCH into x, whose members stay where the body has none.
func (t *Tenant) readConnectionBody(c *call, x *connection, create bool) *refusal {
	id := x.id
	places := fields{
		"@odata.type":      typed("a connection", namespace+"externalConnection"),
		"@odata.context":   ignored,
		"id":               textInto(&id, "id"),
		"name":             textInto(&x.name, "name"),
		"description":      optionalText(&x.description, "description"),
		"connectorId":      optionalText(&x.connectorID, "connectorId"),
		"configuration":    func(raw []byte) *refusal { return readConfiguration(raw, &x.apps) },
		"activitySettings": orNull(&x.activity, checkActivitySettings),
		"searchSettings":   orNull(&x.search, checkSearchSettings),
		"state":            func([]byte) *refusal { return invalid("state is read-only") },
	}
	if !t.options.Government {
		places["contentCategory"] = textInto(&x.category, "contentCategory")
	}
	if c.beta {
		places["complianceSettings"] = orNull(&x.compliance, func([]byte) *refusal { return nil })
		places["enabledContentExperiences"] = optionalText(&x.experiences, "enabledContentExperiences")
	}
	if refused := places.read(c.body, "the connection"); refused != nil {
		return refused
	}
	if !create && id != x.id {
		return invalid("the ID of a connection can't be changed")
	}
	if create {
		if refused := checkConnectionID(id); refused != nil {
			return refused
		}
		x.id = id
	}
	return checkConnection(x, create)
}

func checkConnection(x *connection, create bool) *refusal {
	switch {
	case strings.TrimSpace(x.name) == "":
		return invalid("the connection has no name")
	case utf8.RuneCountInString(x.name) > longestName:
		return invalid("the name is longer than %d characters", longestName)
	case create && strings.TrimSpace(x.description) == "":
		return invalid("the connection has no description")
	case !slices.Contains(contentCategories, x.category):
		return invalid("%q is no contentCategory", x.category)
	case !create && x.schema != nil && (x.category == "people") != x.schema.people:
		return invalid("a connection can't become one of people data, or stop being one, once it has a schema")
	}
	return nil
}

// orNull is a place for an object that is kept as it came, once checked.
func orNull(at *json.RawMessage, check func([]byte) *refusal) func([]byte) *refusal {
	return func(raw []byte) *refusal {
		if isNull(raw) {
			*at = nil
			return nil
		}
		*at = slices.Clone(raw)
		return check(raw)
	}
}

func readConfiguration(raw []byte, apps *[]string) *refusal {
	return walk(raw, "configuration", func(name string, value []byte) (refused *refusal) {
		if name == "@odata.type" {
			return typed("configuration", namespace+"configuration")(value)
		}
		if name != "authorizedAppIds" { // an open type: the service itself shows authorizedApps
			return nil
		}
		if *apps, refused = texts(value, name); refused != nil {
			return refused
		}
		for _, app := range *apps {
			if !isGUID(app) {
				return invalid("authorizedAppIds: %q is no GUID", app)
			}
		}
		return nil
	})
}

func checkActivitySettings(raw []byte) *refusal {
	return fields{
		"@odata.type": typed("activitySettings", namespace+"activitySettings"),
		"urlToItemResolvers": func(raw []byte) *refusal {
			resolvers, refused := list(raw, "urlToItemResolvers")
			if refused == nil && len(resolvers) > mostResolvers {
				refused = invalid("there are %d urlToItemResolvers; at most %d are allowed", len(resolvers), mostResolvers)
			}
			for i := 0; i < len(resolvers) && refused == nil; i++ {
				refused = checkResolver(resolvers[i])
			}
			return refused
		},
	}.read(raw, "activitySettings")
}

func checkResolver(raw []byte) *refusal {
	var kind, itemID, pattern string
	var bases []string
	priority := -1
	refused := fields{
		"@odata.type": func(raw []byte) *refusal {
			kind = string(raw)
			return typed("a resolver", namespace+"itemIdResolver")(raw)
		},
		"priority": integer(&priority, "priority"),
		"itemId":   textInto(&itemID, "itemId"),
		"urlMatchInfo": func(raw []byte) *refusal {
			return fields{
				"@odata.type": typed("urlMatchInfo", namespace+"urlMatchInfo"),
				"urlPattern":  textInto(&pattern, "urlPattern"),
				"baseUrls": func(raw []byte) (refused *refusal) {
					bases, refused = texts(raw, "baseUrls")
					return refused
				},
			}.read(raw, "urlMatchInfo")
		},
	}.read(raw, "a resolver")
	switch {
	case refused != nil:
		return refused
	case kind == "":
		return unreadable("a resolver needs the @odata.type #%sitemIdResolver", namespace)
	case priority < 0 || itemID == "" || pattern == "" || len(bases) == 0:
		return invalid("a resolver needs priority, itemId, baseUrls and urlPattern")
	}
	for _, base := range bases {
		if !strings.HasPrefix(base, "https://") && !strings.HasPrefix(base, "http://") {
			return invalid("the base URL %q has no scheme", base)
		}
	}
	return checkPlaceholders(itemID, pattern)
}

// checkPlaceholders wants each {name} of itemID to be a named group of the pattern.
func checkPlaceholders(itemID, pattern string) *refusal {
	for rest := itemID; ; {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			return nil
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed || !strings.Contains(pattern, "(?<"+name+">") {
			return invalid("itemId %q names the group %q, which urlPattern does not have", itemID, name)
		}
		rest = after
	}
}

func integer(at *int, what string) func([]byte) *refusal {
	return func(raw []byte) *refusal {
		n, err := strconv.Atoi(string(raw))
		if err != nil {
			return unreadable("%s is no whole number", what)
		}
		*at = n
		return nil
	}
}

func checkSearchSettings(raw []byte) *refusal {
	return fields{
		"@odata.type": typed("searchSettings", namespace+"searchSettings"),
		"searchResultTemplates": func(raw []byte) *refusal {
			templates, refused := list(raw, "searchResultTemplates")
			if refused == nil && len(templates) > mostTemplates {
				refused = invalid("there are %d searchResultTemplates; at most %d are allowed", len(templates), mostTemplates)
			}
			seen := map[string]bool{}
			for i := 0; i < len(templates) && refused == nil; i++ {
				refused = checkTemplate(templates[i], seen)
			}
			return refused
		},
	}.read(raw, "searchSettings")
}

func checkTemplate(raw []byte, seen map[string]bool) *refusal {
	var id string
	var layout bool
	priority := 0
	refused := fields{
		"@odata.type": typed("a template", namespace+"displayTemplate"),
		"id":          textInto(&id, "id"),
		"priority":    integer(&priority, "priority"),
		"layout": func(raw []byte) *refusal {
			layout = true
			return walk(raw, "layout", func(string, []byte) *refusal { return nil })
		},
		"rules": func(raw []byte) *refusal {
			rules, refused := list(raw, "rules")
			for i := 0; i < len(rules) && refused == nil; i++ {
				refused = checkRule(rules[i])
			}
			return refused
		},
	}.read(raw, "a template")
	switch {
	case refused != nil:
		return refused
	case !alphanumeric(id) || len(id) > 16:
		return invalid("the template ID %q is not 1 to 16 letters and digits", id)
	case seen[lower(id)]:
		return invalid("the template ID %q is there twice", id)
	case priority < 1:
		return invalid("the template %s needs a positive priority", id)
	case !layout:
		return invalid("the template %s has no layout", id)
	}
	seen[lower(id)] = true
	return nil
}

func checkRule(raw []byte) *refusal {
	var property, operation, joined string
	refused := fields{
		"@odata.type":    typed("a rule", namespace+"propertyRule"),
		"property":       textInto(&property, "property"),
		"operation":      textInto(&operation, "operation"),
		"valuesJoinedBy": textInto(&joined, "valuesJoinedBy"),
		"values": func(raw []byte) *refusal {
			_, refused := texts(raw, "values")
			return refused
		},
	}.read(raw, "a rule")
	operations := []string{"null", "equals", "notEquals", "contains", "notContains", "lessThan", "greaterThan", "startsWith"}
	switch {
	case refused != nil:
		return refused
	case !alphanumeric(property):
		return invalid("a rule needs the name of a property")
	case !slices.Contains(operations, operation):
		return invalid("%q is no operation of a rule", operation)
	case joined != "or" && joined != "and":
		return invalid("valuesJoinedBy is %q, neither or nor and", joined)
	}
	return nil
}
