package graph

import (
	"strings"
	"testing"
)

// A rule is one request that is refused, and how.
type rule struct {
	method, path, body string
	header             []string
	status             int
	code, inner        string
	reason             string // part of it
}

func refusedAs(t *testing.T, r *rig, rules map[string]rule) {
	t.Helper()
	for name, x := range rules {
		t.Run(name, func(t *testing.T) {
			got := r.do(x.method, x.path, x.body, x.header...)
			e := got.wire().Error
			reason := got.header.Get(reasonHeader)
			if got.status != x.status || e.Code != x.code || e.InnerError.Code != x.inner || !strings.Contains(reason, x.reason) {
				t.Errorf("%s %s %s\n got %d %s (%s), because %q\nwant %d %s (%s), because %q", x.method, x.path, x.body,
					got.status, e.Code, e.InnerError.Code, reason, x.status, x.code, x.inner, x.reason)
			}
			if e.Message == "" || e.InnerError.Date != "2026-11-20T12:00:02" || e.InnerError.Request != got.header.Get("request-id") {
				t.Errorf("the body %s lacks a message, the date or the request's ID", got.body)
			}
		})
	}
}

// invalidRule is a rule that meets the service's usual answer.
func invalidRule(method, path, body, reason string) rule {
	return rule{method: method, path: path, body: body, status: 400, code: "InvalidRequest", reason: reason}
}

func unreadableRule(method, path, body, reason string) rule {
	x := invalidRule(method, path, body, reason)
	x.inner = "DeserializationError"
	return x
}

func TestConnectionsAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	create := func(body, reason string) rule { return invalidRule("POST", connections, body, reason) }
	id := func(id, reason string) rule { return create(connectionBody(id), reason) }
	patch := func(body, reason string) rule { return invalidRule("PATCH", runbooks, body, reason) }
	resolver := func(inner string) string { return `{"activitySettings":{"urlToItemResolvers":[` + inner + `]}}` }
	template := func(inner string) string { return `{"searchSettings":{"searchResultTemplates":[` + inner + `]}}` }
	const kind = `"@odata.type":"#microsoft.graph.externalConnectors.itemIdResolver"`
	refusedAs(t, r, map[string]rule{
		"a hyphen in the ID":             id("run-books", "other characters"),
		"an underscore in the ID":        id("run_books", "other characters"),
		"a letter beyond ASCII":          id("läden", "other characters"),
		"an ID of two":                   id("ab", "2 characters"),
		"an ID of 33":                    id(strings.Repeat("a", 33), "33 characters"),
		"a reserved ID":                  id("SharePoint", "reserved"),
		"a reserved ID in another case":  id("topicengine", "reserved"),
		"a reserved ID with underscores": id("MSFT_All_Connectors", "reserved"),
		"Microsoft's prefix":             id("MicrosoftDocs", "begins with Microsoft"),
		"the prefix in another case":     id("microsoftdocs", "begins with Microsoft"),
		"no ID":                          create(`{"name":"a","description":"b"}`, "0 characters"),
		"no name":                        create(`{"id":"aaa","description":"b"}`, "no name"),
		"a blank name":                   create(`{"id":"aaa","name":" ","description":"b"}`, "no name"),
		"a name of 129":                  create(`{"id":"aaa","name":"`+strings.Repeat("ä", 129)+`","description":"b"}`, "longer than 128"),
		"no description":                 create(`{"id":"aaa","name":"a"}`, "no description"),
		"an unknown category":            create(`{"id":"aaa","name":"a","description":"b","contentCategory":"stuff"}`, "no contentCategory"),
		"a state":                        create(`{"id":"aaa","name":"a","description":"b","state":"ready"}`, "read-only"),
		"an app that is no GUID":         create(`{"id":"aaa","name":"a","description":"b","configuration":{"authorizedAppIds":["me"]}}`, "no GUID"),
		"an unknown member":              unreadableRule("POST", connections, `{"id":"aaa","name":"a","description":"b","colour":"red"}`, "colour"),
		"beta's member in v1.0":          unreadableRule("POST", connections, `{"id":"aaa","name":"a","description":"b","complianceSettings":{}}`, "complianceSettings"),
		"a name that is a number":        unreadableRule("POST", connections, `{"id":"aaa","name":5,"description":"b"}`, "no text"),
		"a member twice":                 unreadableRule("POST", connections, `{"id":"aaa","id":"bbb"}`, "no JSON"),
		"no JSON":                        unreadableRule("POST", connections, `{"id":`, "no JSON"),
		"an array":                       unreadableRule("POST", connections, `[]`, "no JSON object"),
		"two bodies":                     unreadableRule("POST", connections, `{} {}`, "more after"),
		"no body":                        {method: "POST", path: connections, header: []string{"Content-Type", "application/json"}, status: 400, code: "InvalidRequest", inner: "DeserializationError"},
		"another @odata.type":            unreadableRule("POST", connections, `{"@odata.type":"#microsoft.graph.connection"}`, "not the @odata.type"),
		"no Content-Type":                {method: "POST", path: connections, body: "{}", header: []string{"Content-Type", ""}, status: 415, code: "UnsupportedMediaType"},
		"a form":                         {method: "POST", path: connections, body: "{}", header: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, code: "UnsupportedMediaType"},
		"the ID is in use":               {method: "POST", path: connections, body: connectionBody("runbooks"), status: 409, code: "Conflict", reason: "in use"},
		"it is in another case":          {method: "POST", path: connections, body: connectionBody("RunBooks"), status: 409, code: "Conflict", reason: "in use"},
		"a filter":                       invalidRule("GET", connections+"?$filter=state%20eq%20'ready'", "", "the only filter"),
		"an option of a list":            invalidRule("GET", connections+"?$top=5", "", "$top"),
		"an option":                      invalidRule("GET", runbooks+"?$select=id", "", "$select"),
		"a connection that isn't":        {method: "GET", path: connections + "/nothing", status: 404, code: "ItemNotFound", inner: "ResourceNotFound"},
		"a change of one that isn't":     {method: "PATCH", path: connections + "/nothing", body: "{}", status: 404, code: "ItemNotFound", inner: "ResourceNotFound"},
		"a deletion of one that isn't":   {method: "DELETE", path: connections + "/nothing", status: 404, code: "ItemNotFound", inner: "ResourceNotFound"},
		"another ID":                     patch(`{"id":"other"}`, "can't be changed"),
		"to no name":                     patch(`{"name":""}`, "no name"),
		"to people data, afterwards":     patch(`{"contentCategory":"people"}`, "people"),
		"nine resolvers":                 patch(resolver(strings.TrimSuffix(strings.Repeat("{},", 9), ",")), "9 urlToItemResolvers"),
		"a resolver without its type":    unreadableRule("PATCH", runbooks, resolver(`{"priority":1}`), "needs the @odata.type"),
		"a resolver without a pattern":   patch(resolver(`{`+kind+`,"priority":1,"itemId":"a"}`), "needs priority"),
		"a resolver's base":              patch(resolver(`{`+kind+`,"priority":1,"itemId":"a","urlMatchInfo":{"baseUrls":["here"],"urlPattern":"a"}}`), "no scheme"),
		"a resolver's group":             patch(resolver(`{`+kind+`,"priority":1,"itemId":"{n}","urlMatchInfo":{"baseUrls":["https://a.example"],"urlPattern":"/(?<m>.)"}}`), "group"),
		"three templates":                patch(template("{},{},{}"), "3 searchResultTemplates"),
		"a template's ID":                patch(template(`{"id":"a-b","priority":1,"layout":{}}`), "template ID"),
		"a template's priority":          patch(template(`{"id":"a","priority":0,"layout":{}}`), "positive priority"),
		"a template without layout":      patch(template(`{"id":"a","priority":1}`), "no layout"),
		"a template twice":               patch(template(`{"id":"a","priority":1,"layout":{}},{"id":"A","priority":2,"layout":{}}`), "twice"),
		"a rule's operation":             patch(template(`{"id":"a","priority":1,"layout":{},"rules":[{"property":"p","operation":"like","valuesJoinedBy":"or"}]}`), "no operation"),
		"a rule's joining":               patch(template(`{"id":"a","priority":1,"layout":{},"rules":[{"property":"p","operation":"equals","valuesJoinedBy":"xor"}]}`), "valuesJoinedBy"),
		"a layout as text":               unreadableRule("PATCH", runbooks, template(`{"id":"a","priority":1,"layout":"{}"}`), "layout is no JSON object"),
		"a rule without a property":      patch(template(`{"id":"a","priority":1,"layout":{},"rules":[{"operation":"equals","valuesJoinedBy":"or"}]}`), "name of a property"),
		"a configuration's type":         unreadableRule("PATCH", runbooks, `{"configuration":{"@odata.type":"#microsoft.graph.configuration"}}`, "not the @odata.type"),
		"quota in v1.0":                  {method: "GET", path: runbooks + "/quota", status: 404, code: "ResourceNotFound"},
		"an unknown path":                {method: "GET", path: "/external/stuff", status: 404, code: "ResourceNotFound"},
		"search with an app's token":     {method: "POST", path: "/search/query", body: "{}", status: 403, code: "Forbidden", reason: "signed-in user"},
		"retrieval likewise":             {method: "POST", path: "/copilot/retrieval", body: "{}", status: 403, code: "Forbidden", reason: "signed-in user"},
		"a method it has not":            {method: "PUT", path: runbooks, body: "{}", status: 404, code: "ResourceNotFound"},
		"a body that is no gzip":         {method: "POST", path: connections, body: "{}", header: []string{"Content-Encoding", "gzip"}, status: 400, code: "InvalidRequest", reason: "gzip"},
		"another encoding":               {method: "POST", path: connections, body: "{}", header: []string{"Content-Encoding", "br"}, status: 400, code: "InvalidRequest", reason: "br"},
	})
}

func TestSchemasAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	r.do("POST", connections, connectionBody("fresh")).want(201)
	r.do("POST", connections, `{"id":"people","name":"a","description":"b","contentCategory":"people"}`).want(201)
	const fresh, people = connections + "/fresh/schema", connections + "/people/schema"
	schema := func(properties string) string {
		return `{"baseType":"microsoft.graph.externalItem","properties":[` + properties + `]}`
	}
	with := func(properties, reason string) rule { return invalidRule("PATCH", fresh, schema(properties), reason) }
	change := func(from, to, reason string) rule {
		changed := strings.Replace(allKinds, from, to, 1)
		if changed == allKinds {
			t.Fatalf("%s is not in the schema", from)
		}
		return invalidRule("PATCH", runbooks+"/schema", changed, reason)
	}
	boolean := with(`{"name":"a","type":"boolean","isRefinable":true,"isQueryable":true}`, "boolean")
	boolean.inner = "RefinerShouldNotBeOfType"
	refusedAs(t, r, map[string]rule{
		"no properties":               with("", "no properties"),
		"129 properties":              with(strings.TrimSuffix(strings.Repeat(`{},`, 129), ","), "129 properties"),
		"another base type":           invalidRule("PATCH", fresh, `{"baseType":"externalItem","properties":[{"name":"a","type":"string"}]}`, "baseType"),
		"no name":                     with(`{"type":"string"}`, "property name"),
		"a hyphen in the name":        with(`{"name":"a-b","type":"string"}`, "property name"),
		"a name of 33":                with(`{"name":"`+strings.Repeat("a", 33)+`","type":"string"}`, "property name"),
		"no type":                     with(`{"name":"a"}`, "which there is not"),
		"an unknown type":             with(`{"name":"a","type":"text"}`, "which there is not"),
		"the sentinel as a type":      with(`{"name":"a","type":"unknownFutureValue"}`, "which there is not"),
		"content":                     with(`{"name":"Content","type":"string"}`, "content is in every schema"),
		"a searchable number":         with(`{"name":"a","type":"int64","isSearchable":true}`, "searchable"),
		"searchable and refinable":    with(`{"name":"a","type":"string","isSearchable":true,"isRefinable":true,"isQueryable":true}`, "searchable and refinable"),
		"a refinable boolean":         boolean,
		"refinable, not queryable":    with(`{"name":"a","type":"string","isRefinable":true}`, "not queryable"),
		"labelled, not retrievable":   with(`{"name":"a","type":"string","labels":["title"]}`, "not retrievable"),
		"a label's type":              with(`{"name":"a","type":"int64","isRetrievable":true,"labels":["title"]}`, "wants the type string"),
		"a label twice":               with(`{"name":"a","type":"string","isRetrievable":true,"labels":["title"]},{"name":"b","type":"string","isRetrievable":true,"labels":["title"]}`, "two properties"),
		"two labels on one":           with(`{"name":"a","type":"string","isRetrievable":true,"labels":["title","fileName"]}`, "2 labels"),
		"an unknown label":            with(`{"name":"a","type":"string","isRetrievable":true,"labels":["headline"]}`, "which there is not"),
		"a label written back":        with(`{"name":"a","type":"string","isRetrievable":true,"labels":["unknownFutureValue"]}`, "which there is not"),
		"a person's label":            with(`{"name":"a","type":"string","isRetrievable":true,"labels":["personName"]}`, "another kind"),
		"names twice":                 with(`{"name":"a","type":"string"},{"name":"A","type":"string"}`, "twice"),
		"an alias that is a name":     with(`{"name":"a","type":"string"},{"name":"b","type":"string","aliases":["A"]}`, "twice"),
		"a bad alias":                 with(`{"name":"a","type":"string","aliases":["a b"]}`, "alias"),
		"a principal without a label": with(`{"name":"a","type":"principal"}`, "persons"),
		"beta's exact match":          unreadableRule("PATCH", fresh, schema(`{"name":"a","type":"string","isExactMatchRequired":true}`), "isExactMatchRequired"),
		"exact match and searchable":  invalidRule("PATCH", "/beta"+fresh, schema(`{"name":"a","type":"string","isExactMatchRequired":true,"isSearchable":true}`), "exact"),
		"a hint, not searchable":      invalidRule("PATCH", "/beta"+fresh, schema(`{"name":"a","type":"string","rankingHint":{"importanceScore":"high"}}`), "rankingHint"),
		"an unknown importance":       invalidRule("PATCH", "/beta"+fresh, schema(`{"name":"a","type":"string","isSearchable":true,"rankingHint":{"importanceScore":"huge"}}`), "no importanceScore"),
		"a refinable principal":       with(`{"name":"a","type":"principal","isQueryable":true,"isRefinable":true,"isRetrievable":true,"labels":["closedBy"]}`, "refinable and a principal"),
		"a boolean that isn't":        unreadableRule("PATCH", fresh, schema(`{"name":"a","type":"string","isQueryable":"yes"}`), "neither true nor false"),
		"people without an account":   invalidRule("PATCH", people, schema(`{"name":"a","type":"string","labels":["personName"]}`), "personAccount"),
		"an unsupported label":        invalidRule("PATCH", people, schema(`{"name":"a","type":"stringCollection","labels":["personManager"]}`), "not supported"),
		"principals of people":        invalidRule("PATCH", people, schema(`{"name":"a","type":"principal","labels":["closedBy"]}`), "persons"),
		"reading none":                {method: "GET", path: fresh, status: 404, code: "ItemNotFound", inner: "ResourceNotFound"},
		"POST when there is one":      invalidRule("POST", runbooks+"/schema", allKinds, "already exists"),
		"POST when there is none":     {method: "POST", path: fresh, body: allKinds, status: 405, code: "MethodNotAllowed"},
		"DELETE":                      {method: "DELETE", path: runbooks + "/schema", status: 404, code: "ResourceNotFound"},
		"an unknown operation":        {method: "GET", path: runbooks + "/operations/1.weu.0", status: 404, code: "ItemNotFound", inner: "ResourceNotFound"},
		"a list of operations":        {method: "GET", path: runbooks + "/operations", status: 404, code: "ResourceNotFound"},
		"a property left out":         change(`{"name":"price","type":"double"},`, "", "price is missing"),
		"a property renamed":          change(`"name":"price"`, `"name":"cost"`, "price is missing"),
		"another type":                change(`"price","type":"double"`, `"price","type":"int64"`, "can't change"),
		"refinable later":             change(`"steps","type":"int64"`, `"steps","type":"int64","isRefinable":true`, "can't become refinable"),
		"an attribute taken away":     change(`"name":"steps","type":"int64","isQueryable":true`, `"name":"steps","type":"int64"`, "taken away"),
	})
}

func TestItemsAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Rules.ItemBytes = 10_000 }).ready()
	r.do("POST", connections, connectionBody("fresh")).want(201)
	const acl = `"acl":[{"type":"everyone","value":"everyone","accessType":"grant"}]`
	put := func(body, reason string) rule { return invalidRule("PUT", runbooks+"/items/new", body, reason) }
	bad := func(body, reason string) rule { return unreadableRule("PUT", runbooks+"/items/new", body, reason) }
	entry := func(entry, reason string) rule {
		return put(`{"acl":[`+entry+`],"properties":{"title":"a"}}`, reason)
	}
	properties := func(text string) string { return `{` + acl + `,"properties":{` + text + `}}` }
	id := func(id, reason string) rule {
		return invalidRule("PUT", runbooks+"/items/"+id, itemBody, reason)
	}
	absent := func(method, path, body string) rule {
		return rule{method: method, path: path, body: body, status: 404, code: "ItemNotFound", inner: "ResourceNotFound"}
	}
	refusedAs(t, r, map[string]rule{
		"a dot in the ID":                  id("a.b", "item ID"),
		"a slash in the ID":                id("a%2Fb", "item ID"),
		"a blank in the ID":                id("a%20b", "item ID"),
		"a letter beyond ASCII":            id("%C3%A4", "item ID"),
		"an ID of 129":                     id(strings.Repeat("a", 129), "item ID"),
		"another ID in the body":           put(`{"id":"other",`+acl+`,"properties":{"title":"a"}}`, "not"),
		"no acl":                           put(`{"properties":{"title":"a"}}`, "no acl"),
		"an empty acl":                     put(`{"acl":[],"properties":{"title":"a"}}`, "acl is empty"),
		"an acl that is null":              bad(`{"acl":null,"properties":{"title":"a"}}`, "no JSON array"),
		"no properties":                    put(`{`+acl+`}`, "no properties"),
		"empty properties":                 put(properties(""), "properties is empty"),
		"an e-mail address":                entry(`{"type":"user","value":"ada@contoso.com","accessType":"grant"}`, "object ID of a user"),
		"a group's name":                   entry(`{"type":"group","value":"Sales","accessType":"grant"}`, "object ID of a group"),
		"everyone of another tenant":       entry(`{"type":"everyone","value":"`+somebody+`","accessType":"grant"}`, "everyone"),
		"everyoneExceptGuests' word":       entry(`{"type":"everyoneExceptGuests","value":"everyone","accessType":"grant"}`, "tenant's ID"),
		"a bad external group":             entry(`{"type":"externalGroup","value":"on call","accessType":"grant"}`, "external group"),
		"an unknown type of entry":         entry(`{"type":"User","value":"`+somebody+`","accessType":"grant"}`, "not one of"),
		"no access type":                   entry(`{"type":"user","value":"`+somebody+`"}`, "accessType"),
		"an unknown access type":           entry(`{"type":"user","value":"`+somebody+`","accessType":"allow"}`, "accessType"),
		"beta's identitySource":            bad(`{"acl":[{"type":"user","value":"`+somebody+`","accessType":"grant","identitySource":"external"}]}`, "identitySource"),
		"an unknown property":              put(properties(`"titel":"a"`), "no property"),
		"a property in another case":       put(properties(`"Title":"a"`), "no property"),
		"an alias":                         put(properties(`"name":"a"`), "no property"),
		"another type of properties":       bad(properties(`"@odata.type":"#microsoft.graph.properties","title":"a"`), "not the @odata.type"),
		"additionalData":                   put(properties(`"additionalData":{"title":"a"}`), "no property"),
		"a number for a text":              put(properties(`"title":5`), "is no string"),
		"null":                             put(properties(`"title":null`), "is no string"),
		"a text for a number":              put(properties(`"steps":"5"`), "is no int64"),
		"a fraction for an int64":          put(properties(`"steps":5.5`), "is no int64"),
		"too large an int64":               put(properties(`"steps":9223372036854775808`), "is no int64"),
		"a text for a double":              put(properties(`"price":"19.99"`), "is no double"),
		"a text for a boolean":             put(properties(`"open":"true"`), "is no boolean"),
		"a date without a time":            put(properties(`"modified":"2026-03-01"`), "is no dateTime"),
		"a time without a zone":            put(properties(`"modified":"2026-03-01T09:30:00"`), "is no dateTime"),
		"eight digits of a second":         put(properties(`"modified":"2026-03-01T09:30:00.12345678Z"`), "is no dateTime"),
		"no day":                           put(properties(`"modified":"2026-02-30T09:30:00Z"`), "is no dateTime"),
		"a list without its annotation":    bad(properties(`"services":["a"]`), "without its annotation"),
		"a list's wrong annotation":        bad(properties(`"counts@odata.type":"Collection(String)","counts":[1]`), "not Collection(Int64)"),
		"Collection(DateTime)":             bad(properties(`"dates@odata.type":"Collection(DateTime)","dates":[]`), "not Collection(DateTimeOffset)"),
		"an annotation alone":              bad(properties(`"services@odata.type":"Collection(String)"`), "not there"),
		"an annotation of nothing":         put(properties(`"x@odata.type":"Collection(String)"`), "no property"),
		"a text for a list":                put(properties(`"services@odata.type":"Collection(String)","services":"a"`), "is no list"),
		"a list for a text":                put(properties(`"title":["a"]`), "is no string"),
		"a number in a list of texts":      put(properties(`"services@odata.type":"Collection(String)","services":["a",1]`), "is no string"),
		"a text in a list of numbers":      put(properties(`"counts@odata.type":"Collection(Int64)","counts":["1"]`), "is no int64"),
		"a principal as text":              put(properties(`"closedBy":"ada@contoso.com"`), "no principal"),
		"a principal without its type":     bad(properties(`"closedBy":{"upn":"ada@contoso.com"}`), "needs the @odata.type"),
		"a principal's unknown member":     bad(properties(`"closedBy":{"@odata.type":"#microsoft.graph.externalConnectors.principal","mail":"a"}`), "mail"),
		"content as text":                  bad(`{`+acl+`,"properties":{"title":"a"},"content":"text"}`, "content is no JSON object"),
		"content without a type":           put(`{`+acl+`,"properties":{"title":"a"},"content":{"value":"text"}}`, "neither text nor html"),
		"markdown":                         put(`{`+acl+`,"properties":{"title":"a"},"content":{"type":"markdown","value":"text"}}`, "neither text nor html"),
		"content without a value":          put(`{`+acl+`,"properties":{"title":"a"},"content":{"type":"text"}}`, "no value"),
		"content in a list":                bad(`{`+acl+`,"properties":{"title":"a"},"content":{"type":"text","value":["text"]}}`, "no text"),
		"activities":                       put(`{`+acl+`,"properties":{"title":"a"},"activities":[{}]}`, "addActivities"),
		"a sensitivity label":              put(`{`+acl+`,"properties":{"title":"a"},"informationProtectionLabel":{"sensitivityLabelId":"secret"}}`, "no GUID"),
		"a wrong namespace":                bad(`{"@odata.type":"#microsoft.graph.connectors.item"}`, "not the @odata.type"),
		"an unknown member":                bad(`{`+acl+`,"properties":{"title":"a"},"tags":[]}`, "tags"),
		"bad UTF-8":                        bad(properties("\"title\":\"\xff\""), "no JSON"),
		"a body over the limit":            {method: "PUT", path: runbooks + "/items/new", body: properties(`"title":"` + strings.Repeat("a", 10_000) + `"`), status: 413, code: "RequestEntityTooLarge"},
		"no Content-Type":                  {method: "PUT", path: runbooks + "/items/new", body: itemBody, header: []string{"Content-Type", "text/plain"}, status: 415, code: "UnsupportedMediaType"},
		"while the connection is a draft":  invalidRule("PUT", connections+"/fresh/items/new", itemBody, "draft"),
		"reading while it is a draft":      invalidRule("GET", connections+"/fresh/items/new", "", "draft"),
		"in no connection":                 absent("PUT", connections+"/nothing/items/new", itemBody),
		"PATCH of none":                    absent("PATCH", runbooks+"/items/new", itemBody),
		"reading none":                     absent("GET", runbooks+"/items/new", ""),
		"deleting none":                    absent("DELETE", runbooks+"/items/new", ""),
		"an option":                        invalidRule("GET", runbooks+"/items/one?$select=acl", "", "$select"),
		"the list":                         {method: "GET", path: runbooks + "/items", status: 404, code: "ResourceNotFound"},
		"POST to the list":                 {method: "POST", path: runbooks + "/items", body: itemBody, status: 404, code: "ResourceNotFound"},
		"no ID":                            {method: "PUT", path: runbooks + "/items/", body: itemBody, status: 404, code: "ResourceNotFound"},
		"activities of none":               absent("POST", runbooks+"/items/new/addActivities", "{}"),
		"no activities":                    invalidRule("POST", runbooks+"/items/one/addActivities", `{"activities":[]}`, "0 activities"),
		"21 activities":                    invalidRule("POST", runbooks+"/items/one/addActivities", `{"activities":[`+strings.TrimSuffix(strings.Repeat("{},", 21), ",")+`]}`, "21 activities"),
		"an unknown activity":              invalidRule("POST", runbooks+"/items/one/addActivities", activities(`"type":"liked"`), "no type of activity"),
		"an activity without a time":       invalidRule("POST", runbooks+"/items/one/addActivities", activities(`"type":"viewed","startDateTime":"today"`), "no time"),
		"an activity of an e-mail address": invalidRule("POST", runbooks+"/items/one/addActivities", activities(`"type":"viewed","startDateTime":"2026-03-02T08:00:00Z","performedBy":{"type":"user","id":"ada@contoso.com"}`), "object ID"),
	})
}

func activities(inner string) string { return `{"activities":[{` + inner + `}]}` }

func TestGroupsAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	r.do("POST", connections, connectionBody("fresh")).want(201)
	r.do("POST", runbooks+"/groups", `{"id":"inner"}`).want(201)
	r.do("POST", runbooks+"/groups/lead/members", `{"id":"inner","type":"externalGroup"}`).want(201)
	r.do("POST", runbooks+"/groups/lead/members", `{"id":"`+somebody+`","type":"user"}`).want(201)
	groups, members := runbooks+"/groups", runbooks+"/groups/lead/members"
	refusedAs(t, r, map[string]rule{
		"no ID":                      invalidRule("POST", groups, `{"displayName":"a"}`, "group ID"),
		"a blank in the ID":          invalidRule("POST", groups, `{"id":"a b"}`, "group ID"),
		"an ID of 129":               invalidRule("POST", groups, `{"id":"`+strings.Repeat("a", 129)+`"}`, "group ID"),
		"an unknown member":          unreadableRule("POST", groups, `{"id":"a","members":[]}`, "members"),
		"one that is there":          {method: "POST", path: groups, body: `{"id":"lead"}`, status: 409, code: "Conflict"},
		"in a draft":                 invalidRule("POST", connections+"/fresh/groups", `{"id":"a"}`, "draft"),
		"another ID":                 invalidRule("PATCH", groups+"/lead", `{"id":"other"}`, "can't be changed"),
		"reading none":               {method: "GET", path: groups + "/none", status: 404, code: "ItemNotFound", inner: "ResourceNotFound"},
		"changing none":              {method: "PATCH", path: groups + "/none", body: "{}", status: 404, code: "ItemNotFound", inner: "ResourceNotFound"},
		"deleting none":              {method: "DELETE", path: groups + "/none", status: 404, code: "ItemNotFound", inner: "ResourceNotFound"},
		"a list of groups":           {method: "GET", path: groups, status: 404, code: "ResourceNotFound"},
		"a list of members":          {method: "GET", path: members, status: 404, code: "ResourceNotFound"},
		"a member of none":           {method: "POST", path: groups + "/none/members", body: "{}", status: 404, code: "ItemNotFound", inner: "ResourceNotFound"},
		"an e-mail address":          invalidRule("POST", members, `{"id":"ada@contoso.com","type":"user"}`, "object ID"),
		"an unknown type":            invalidRule("POST", members, `{"id":"`+theirs+`","type":"device"}`, "not one of"),
		"an old identitySource":      unreadableRule("POST", members, `{"id":"`+theirs+`","type":"user","identitySource":"external"}`, "identitySource"),
		"an external group, missing": invalidRule("POST", members, `{"id":"none","type":"externalGroup"}`, "not in this connection"),
		"itself":                     invalidRule("POST", members, `{"id":"lead","type":"externalGroup"}`, "contain itself"),
		"itself by another":          invalidRule("POST", groups+"/inner/members", `{"id":"lead","type":"externalGroup"}`, "contain itself"),
		"a member twice":             {method: "POST", path: members, body: `{"id":"` + strings.ToUpper(somebody) + `","type":"user"}`, status: 409, code: "Conflict"},
		"deleting no member":         {method: "DELETE", path: members + "/" + theirs, status: 404, code: "ItemNotFound", inner: "ResourceNotFound"},
	})
}
