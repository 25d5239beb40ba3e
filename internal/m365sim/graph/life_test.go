package graph

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestConnectionLives(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	made := r.do("POST", connections, connectionBody("runbooks"), "client-request-id", "mine").want(201)
	if kind := made.header.Get("Content-Type"); kind != contentType {
		t.Errorf("Content-Type is %s", kind)
	}
	if made.header.Get("client-request-id") != "mine" || !isGUID(made.header.Get("request-id")) {
		t.Errorf("IDs are %q and %q", made.header.Get("client-request-id"), made.header.Get("request-id"))
	}
	want := `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#external/connections/$entity","id":"runbooks",` +
		`"name":"Operations runbooks","description":"How to restart things","state":"draft","contentCategory":"uncategorized",` +
		`"connectorId":null,"activitySettings":null,"searchSettings":null,` +
		`"configuration":{"authorizedAppIds":["` + ours + `"],"authorizedApps":["` + ours + `"]}}`
	if made.body != want {
		t.Errorf("got  %s\nwant %s", made.body, want)
	}
	if bare := r.do("GET", runbooks, "", "Accept", "application/json;odata.metadata=none").want(200); strings.Contains(bare.body, "@odata.context") {
		t.Errorf("a context that was not wanted: %s", bare.body)
	}
	r.do("PATCH", runbooks, `{"name":"Runbooks","contentCategory":"wikis","activitySettings":{"urlToItemResolvers":[{
		"@odata.type":"#microsoft.graph.externalConnectors.itemIdResolver","priority":1,"itemId":"rb-{number}",
		"urlMatchInfo":{"baseUrls":["https://runbooks.example"],"urlPattern":"/r/(?<number>[0-9]+)"}}]},
		"searchSettings":{"searchResultTemplates":[{"id":"plain","priority":2,"rules":[],"layout":{"type":"AdaptiveCard"}}]}}`).want(204)
	read := r.do("GET", runbooks, "").want(200).object()
	if read["name"] != "Runbooks" || read["contentCategory"] != "wikis" || read["description"] != "How to restart things" || read["activitySettings"] == nil {
		t.Errorf("after a change: %v", read)
	}
	r.do("PATCH", runbooks, `{"activitySettings":null,"configuration":{"@odata.type":"#microsoft.graph.externalConnectors.configuration","more":1}}`).want(204)
	if read = r.do("GET", runbooks, "").want(200).object(); read["activitySettings"] != nil || read["searchSettings"] == nil {
		t.Errorf("after taking the resolvers away: %v", read)
	}
	if listed := r.do("GET", connections+"?$filter=name%20eq%20'Runbooks'", "").want(200).object()["value"].([]any); len(listed) != 1 {
		t.Errorf("%d connections have the name", len(listed))
	}
	r.do("DELETE", runbooks, "").want(204)
	r.do("GET", runbooks, "").want(404)
	r.do("POST", connections, connectionBody("runbooks")).want(409)
	r.advance(2 * time.Second)
	r.do("POST", connections, connectionBody("RUNBOOKS")).want(201)
}

func TestSchemaTakesItsTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.do("POST", connections, connectionBody("runbooks")).want(201)
	accepted := r.do("PATCH", runbooks+"/schema", allKinds, "Content-Type", "application/x-www-form-urlencoded").want(202)
	operation, ok := strings.CutPrefix(accepted.header.Get("Location"), "https://graph.microsoft.com/v1.0")
	if !ok || accepted.body != "" {
		t.Fatalf("Location is %q, the body %q", accepted.header.Get("Location"), accepted.body)
	}
	status := func() any { return r.do("GET", operation, "").want(200).object()["status"] }
	if got := status(); got != "inprogress" {
		t.Errorf("at once it is %v", got)
	}
	r.do("PATCH", runbooks+"/schema", allKinds).want(409)
	r.do("GET", runbooks+"/schema", "").want(404)
	r.advance(2*time.Second - 1)
	if got := status(); got != "inprogress" {
		t.Errorf("a moment before its end it is %v", got)
	}
	r.advance(1)
	if got := status(); got != "completed" {
		t.Errorf("at its end it is %v", got)
	}
	if got := r.do("GET", runbooks, "").want(200).object()["state"]; got != StateReady {
		t.Errorf("the connection is %v", got)
	}
	wider := strings.Replace(allKinds, `{"name":"price","type":"double"}`,
		`{"name":"price","type":"double","isQueryable":true,"aliases":["cost"],"labels":null},{"name":"more","type":"string"}`, 1)
	r.do("PATCH", runbooks+"/schema", wider).want(202)
	if strings.Contains(r.do("GET", runbooks+"/schema", "").want(200).body, "more") {
		t.Error("the change is in force before its operation has ended")
	}
	r.advance(2 * time.Second)
	if !strings.Contains(r.do("GET", runbooks+"/schema", "").want(200).body, "more") {
		t.Error("the change is not in force")
	}
}

func TestNewMembersOfEnumsAreHidden(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	plain := r.do("GET", runbooks+"/schema", "").want(200)
	all := r.do("GET", runbooks+"/schema", "", "Prefer", "return=minimal, include-unknown-enum-members").want(200)
	if n := strings.Count(plain.body, "unknownFutureValue"); n != 5 { // iconUrl, closedBy and assignedToPeople, two of them with a type
		t.Errorf("%d values are hidden: %s", n, plain.body)
	}
	if strings.Contains(all.body, "unknownFutureValue") || !strings.Contains(all.body, `"labels":["iconUrl"]`) {
		t.Errorf("with the preference: %s", all.body)
	}
	if all.header.Get("Preference-Applied") != "include-unknown-enum-members" || plain.header.Get("Preference-Applied") != "" {
		t.Error("Preference-Applied is wrong")
	}
}

func TestItemsAreReplacedReadAndDeleted(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	const path = runbooks + "/items/one"
	want := `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#external/connections('runbooks')/items/$entity","id":"one",` +
		strings.Replace(itemBody[1:len(itemBody)-1], `"Collection(`, `"#Collection(`, 1) + `,"activities":[]}`
	if got := r.do("GET", path, "").want(200); got.body != want {
		t.Errorf("got  %s\nwant %s", got.body, want)
	}
	const all = `{"id":"one","@odata.type":"#microsoft.graph.externalConnectors.externalItem",
		"acl":[{"type":"everyone","value":"` + tenantID + `","accessType":"grant"},{"type":"externalGroup","value":"later","accessType":"deny"}],
		"properties":{"title":"a\"b","url":"https://a.example","iconUrl":"","modified":"2026-03-01T09:30:00.1234567+01:00",
		"services":[],"services@odata.type":"#Collection(String)","steps":-9223372036854775808,"price":1e3,"open":false,
		"counts@odata.type":"Collection(Int64)","counts":[1],"shares@odata.type":"Collection(Double)","shares":[0.5,1],
		"dates@odata.type":"Collection(DateTimeOffset)","dates":["2026-03-01T09:30:00Z"],"title@odata.type":"String",
		"closedBy":{"@odata.type":"#microsoft.graph.externalConnectors.principal","upn":"ada@contoso.com","email":null},
		"assigned@odata.type":"Collection(microsoft.graph.externalConnectors.principal)","assigned":[]},
		"content":{"type":"html","value":"<p>"},"informationProtectionLabel":{"sensitivityLabelId":"` + somebody + `"}}`
	r.do("PUT", path, all).want(200)
	r.do("PUT", path, all).want(200)
	item, err := r.tenant.Item("runbooks", "one")
	if err != nil || string(item.Body) != all || item.Puts != 3 {
		t.Errorf("kept %+v, %v", item, err)
	}
	properties := r.do("GET", path, "").want(200).object()["properties"].(map[string]any)
	if properties["title"] != `a"b` || properties["services@odata.type"] != "#Collection(String)" || properties["steps"] == nil {
		t.Errorf("read %v", properties)
	}
	r.do("DELETE", path, "").want(204)
	r.do("DELETE", path, "").want(404)
	r.do("GET", path, "").want(404)
	r.do("PATCH", path, itemBody).want(404)
	shown, err := r.tenant.Connection("runbooks")
	if want := (Writes{Created: 1, Replaced: 1, Unchanged: 1, Deleted: 1, Absent: 1}); err != nil || shown.Writes != want {
		t.Errorf("counted %+v (%v), want %+v", shown.Writes, err, want)
	}
	if want := map[string]int{"item-put 200": 3, "item-delete 204": 1, "item-delete 404 ItemNotFound": 1}; !includes(r.counts, want) {
		t.Errorf("counted %v, want %v among them", r.counts, want)
	}
}

func includes(have, want map[string]int) bool {
	for name, n := range want {
		if have[name] != n {
			return false
		}
	}
	return true
}

// Members of the top level that an update leaves out keep their value; those it has are replaced whole.
func TestUpdatesKeepWhatTheyLeaveOut(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"PUT", "PATCH"} {
		r := newRig(t, nil).ready()
		answered := r.do(method, runbooks+"/items/one", `{"properties":{"url":"https://a.example"}}`).want(200)
		read := r.do("GET", runbooks+"/items/one", "").want(200)
		if answered.body != read.body {
			t.Errorf("%s answered %s\nand GET %s", method, answered.body, read.body)
		}
		properties := read.object()["properties"].(map[string]any)
		if !slices.Equal(slices.Sorted(maps.Keys(properties)), []string{"url"}) || read.object()["content"] == nil || read.object()["acl"] == nil {
			t.Errorf("after %s: %s", method, read.body)
		}
	}
}

func TestGroupsAndMembers(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	r.do("POST", runbooks+"/groups", `{"id":"all"}`).want(201)
	r.do("PATCH", runbooks+"/groups/all", `{"description":"Everybody"}`).want(204)
	if got := r.do("GET", runbooks+"/groups/all", "").want(200).object(); got["description"] != "Everybody" || got["displayName"] != nil {
		t.Errorf("the group is %v", got)
	}
	added := r.do("POST", runbooks+"/groups/all/members", `{"id":"lead","type":"externalGroup"}`).want(201).object()
	if added["id"] != "lead" || added["type"] != "externalGroup" {
		t.Errorf("added %v", added)
	}
	r.do("POST", runbooks+"/groups/all/members", `{"id":"`+somebody+`","type":"group"}`).want(201)
	r.do("DELETE", runbooks+"/groups/all/members/"+strings.ToUpper(somebody), "").want(204)
	shown, err := r.tenant.Connection("runbooks")
	want := `[{"id":"all","displayName":"","description":"Everybody","members":[{"id":"lead","type":"externalGroup"}]},` +
		`{"id":"lead","displayName":"On-call leads","description":"","members":[]}]`
	if got := string(mustJSON(shown.Groups)); err != nil || got != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
	}
	r.do("DELETE", runbooks+"/groups/all", "").want(204)
	r.do("GET", runbooks+"/groups/all", "").want(404)
}

func TestActivities(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	one := func(by string) string {
		return `{"@odata.type":"#microsoft.graph.externalConnectors.externalActivity","type":"viewed","startDateTime":"2026-03-02T08:00:00Z","performedBy":` + by + `}`
	}
	user := one(`{"type":"user","id":"` + somebody + `"}`)
	r.do("POST", runbooks+"/items/one/addActivities", `{"activities":[`+user+`]}`).want(200)
	mixed := r.do("POST", runbooks+"/items/one/microsoft.graph.externalConnectors.addActivities", `{"activities":[`+user+`,`+one(`{"type":"externalGroup","id":"none"}`)+`]}`).want(207)
	results := mixed.object()["value"].([]any)
	if results[0].(map[string]any)["error"] != nil || results[1].(map[string]any)["error"] == nil {
		t.Errorf("results are %v", results)
	}
}

func TestStatesForbid(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Rules.Items = 2 }).ready()
	r.do("PUT", runbooks+"/items/two", itemBody).want(200)
	if state := r.do("GET", runbooks, "").want(200).object()["state"]; state != StateLimitExceeded {
		t.Errorf("with all the items it can hold the connection is %v", state)
	}
	r.do("PUT", runbooks+"/items/three", itemBody).want(507)
	r.do("PUT", runbooks+"/items/two", itemBody).want(200)
	r.do("PATCH", runbooks+"/schema", allKinds).want(400)
	if left := r.do("GET", "/beta"+runbooks+"/quota", "").want(200).object()["itemsRemaining"]; left != 0.0 {
		t.Errorf("%v items remain", left)
	}
	r.do("DELETE", runbooks+"/items/two", "").want(204)
	r.do("PUT", runbooks+"/items/three", itemBody).want(200)

	if err := r.tenant.SetObsolete("runbooks", true); err != nil {
		t.Fatal(err)
	}
	r.do("GET", runbooks+"/items/one", "").want(200)
	r.do("GET", runbooks+"/schema", "").want(200)
	r.do("PUT", runbooks+"/items/one", itemBody).want(400)
	r.do("DELETE", runbooks+"/items/one", "").want(400)
	r.do("PATCH", runbooks, `{"name":"other"}`).want(400)
	r.do("POST", runbooks+"/groups", `{"id":"new"}`).want(400)
	r.do("DELETE", runbooks, "").want(204)
}

func TestBetaCountsNowAndThen(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	count := func() any { return r.do("GET", "/beta"+runbooks, "").want(200).object()["ingestedItemsCount"] }
	if got := count(); got != 1.0 {
		t.Errorf("counted %v", got)
	}
	r.do("PUT", runbooks+"/items/two", itemBody).want(200)
	if got := count(); got != 1.0 {
		t.Errorf("counted %v before it is time", got)
	}
	r.advance(15 * time.Minute)
	if got := count(); got != 2.0 {
		t.Errorf("counted %v", got)
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	call := func(app string, roles ...string) Caller { return Caller{AppID: app, Roles: roles} }
	items, all := "ExternalItem.ReadWrite.OwnedBy", "ExternalItem.ReadWrite.All"
	cases := map[string]struct {
		caller             Caller
		method, path, body string
		status             int
	}{
		"no role":                              {call(ours), "GET", runbooks, "", 403},
		"a role of the other API":              {call(ours, "ActivityFeed.Read"), "GET", runbooks, "", 403},
		"items by a role for connections":      {call(ours, "ExternalConnection.ReadWrite.All"), "PUT", runbooks + "/items/one", itemBody, 403},
		"connections by a role for items":      {call(ours, all), "GET", runbooks, "", 403},
		"writing by a role for reading":        {call(ours, "ExternalItem.Read.All"), "PUT", runbooks + "/items/one", itemBody, 403},
		"reading by a role for reading":        {call(theirs, "ExternalItem.Read.All"), "GET", runbooks + "/items/one", "", 200},
		"the quota by a role for reading":      {call(ours, "ExternalConnection.Read.All"), "GET", "/beta" + runbooks + "/quota", "", 403},
		"creating by a role for reading":       {call(ours, "ExternalConnection.Read.All"), "POST", connections, connectionBody("other"), 403},
		"somebody else's connection":           {call(theirs, "ExternalConnection.ReadWrite.OwnedBy"), "GET", runbooks, "", 404},
		"somebody else's, all being allowed":   {call(theirs, "ExternalConnection.ReadWrite.All"), "GET", runbooks, "", 200},
		"somebody else's ID":                   {call(theirs, "ExternalConnection.ReadWrite.OwnedBy"), "POST", connections, connectionBody("runbooks"), 409},
		"somebody else's items":                {call(theirs, items), "PUT", runbooks + "/items/one", itemBody, 404},
		"somebody else's items, all allowed":   {call(theirs, all), "PUT", runbooks + "/items/one", itemBody, 200},
		"our own, the ID in capitals":          {call(strings.ToUpper(ours), items), "PUT", runbooks + "/items/one", itemBody, 200},
		"a group by a role for connections":    {call(ours, "ExternalConnection.ReadWrite.All"), "GET", runbooks + "/groups/lead", "", 403},
		"a group by a role for items":          {call(ours, items), "GET", runbooks + "/groups/lead", "", 200},
		"reading both .OwnedBy and .Read.All":  {call(theirs, items, "ExternalItem.Read.All"), "GET", runbooks + "/items/one", "", 200},
		"writing with .OwnedBy and .Read.All":  {call(theirs, items, "ExternalItem.Read.All"), "PUT", runbooks + "/items/one", itemBody, 404},
		"deleting somebody else's connection":  {call(theirs, "ExternalConnection.ReadWrite.OwnedBy"), "DELETE", runbooks, "", 404},
		"changing somebody else's description": {call(theirs, "ExternalConnection.ReadWrite.OwnedBy"), "PATCH", runbooks, "{}", 404},
	}
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			if got := r.as(x.caller, x.method, x.path, x.body); got.status != x.status {
				t.Errorf("got %d %s, want %d", got.status, got.body, x.status)
			}
		})
	}
	listed := r.as(call(theirs, "ExternalConnection.ReadWrite.OwnedBy"), "GET", connections, "").want(200)
	if len(listed.object()["value"].([]any)) != 0 {
		t.Errorf("they are shown ours: %s", listed.body)
	}
	r.do("PATCH", runbooks, `{"configuration":{"authorizedAppIds":["`+theirs+`"]}}`).want(204)
	r.as(call(theirs, "ExternalConnection.ReadWrite.OwnedBy"), "GET", runbooks, "").want(200)
	r.do("GET", runbooks, "").want(200)
}

func TestGovernmentKnowsLess(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Government = true })
	made := r.do("POST", connections, connectionBody("runbooks")).want(201)
	if strings.Contains(made.body, "contentCategory") {
		t.Errorf("it shows a contentCategory: %s", made.body)
	}
	r.do("POST", connections, `{"id":"other","name":"a","description":"b","contentCategory":"wikis"}`).want(400)
	schema := func(property string) string {
		return `{"baseType":"microsoft.graph.externalItem","properties":[{"name":"a",` + property + `}]}`
	}
	for _, unknown := range []string{
		`"type":"string","description":"b"`,
		`"type":"string","isRetrievable":true,"labels":["containerName"]`,
		`"type":"principal","isRetrievable":true,"labels":["closedBy"]`,
	} {
		r.do("PATCH", runbooks+"/schema", schema(unknown)).want(400)
	}
	r.do("PATCH", runbooks+"/schema", schema(`"type":"string","isRetrievable":true,"labels":["iconUrl"]`)).want(202)
	r.advance(2 * time.Second)
	r.do("PUT", runbooks+"/items/a", `{"informationProtectionLabel":{"sensitivityLabelId":"`+somebody+`"}}`).want(400)
}

func TestPeopleDataIsForEveryone(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.do("POST", connections, `{"id":"people","name":"a","description":"b","contentCategory":"people"}`).want(201)
	r.do("PATCH", connections+"/people/schema", `{"baseType":"microsoft.graph.externalItem","properties":[
		{"name":"account","type":"string","labels":["personAccount"]},{"name":"skills","type":"stringCollection","labels":["personSkills"]}]}`).want(202)
	r.advance(2 * time.Second)
	person := func(acl string) string {
		return `{"acl":[` + acl + `],"properties":{"account":"{\"userPrincipalName\":\"ada@contoso.com\"}"}}`
	}
	r.do("PUT", connections+"/people/items/a", person(`{"type":"user","value":"`+somebody+`","accessType":"grant"}`)).want(400)
	r.do("PUT", connections+"/people/items/a", person(`{"type":"everyone","value":"everyone","accessType":"grant"}`)).want(200)
}

func TestCompareFindsEveryDifference(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).ready()
	for _, id := range []string{"same", "other", "extra"} {
		r.do("PUT", runbooks+"/items/"+id, itemBody).want(200)
	}
	want := map[string]string{
		"one": "", "missing": itemBody,
		"same":  strings.Replace(itemBody, `"title":"Renew",`, "", 1),
		"other": strings.Replace(itemBody, "Renew", "Renewed", 1),
	}
	// The same members in another order are the same item.
	want["same"] = strings.Replace(want["same"], `"steps":7`, `"steps":7, "title":"Renew"`, 1)
	got, err := r.tenant.Compare("runbooks", func(yield func(string, []byte) bool) {
		for id, body := range want {
			var bytes []byte
			if body != "" {
				bytes = []byte(body)
			}
			if !yield(id, bytes) {
				return
			}
		}
	})
	text, _ := json.Marshal(got)
	if err != nil || string(text) != `{"want":4,"have":4,"missing":["missing"],"extra":["extra"],"changed":["other"]}` || got.Perfect() {
		t.Errorf("%v: %s", err, text)
	}
	if _, err := r.tenant.Compare("nothing", nil); err == nil {
		t.Error("a connection that isn't there is compared")
	}
}

// What is made up keeps the rules that everything else has to keep.
func TestPlantedItemsAreGood(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	var schema struct{ Properties []map[string]any }
	if err := json.Unmarshal([]byte(allKinds), &schema); err != nil {
		t.Fatal(err)
	}
	if err := r.tenant.Plant(Seed{Owner: ours, ID: "runbooks", Name: "a", Description: "b", Schema: schema.Properties, Items: 30}); err != nil {
		t.Fatal(err)
	}
	items, err := r.tenant.Items("runbooks")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for item := range items {
		r.do("PUT", runbooks+"/items/"+item.ID, string(item.Body)).want(200)
		n++
	}
	shown, err := r.tenant.Connection("runbooks")
	if err != nil || n != 30 || shown.Writes != (Writes{Unchanged: 30}) || shown.State != StateReady {
		t.Errorf("%d items, %+v (%v)", n, shown.Writes, err)
	}
	if err := r.tenant.Plant(Seed{Owner: ours, ID: "runbooks", Name: "a", Description: "b"}); err == nil {
		t.Error("a connection is planted where there is one")
	}
}

func TestBetaHasMore(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	made := r.do("POST", "/beta"+connections, `{"id":"runbooks","name":"a","description":"b","complianceSettings":{"eDiscoveryResultTemplates":[]},"enabledContentExperiences":"search"}`).want(201)
	if object := made.object(); object["enabledContentExperiences"] != "search" || object["ingestedItemsCount"] != nil || object["complianceSettings"] == nil ||
		object["@odata.context"] != "https://graph.microsoft.com/beta/$metadata#external/connections/$entity" {
		t.Errorf("made %s", made.body)
	}
	accepted := r.do("PATCH", "/beta"+runbooks+"/schema", `{"baseType":"microsoft.graph.externalItem","properties":[
		{"name":"a","type":"string","isExactMatchRequired":true},{"name":"b","type":"string","isSearchable":true,"rankingHint":{"importanceScore":"high"}}]}`).want(202)
	if location := accepted.header.Get("Location"); !strings.HasPrefix(location, "https://graph.microsoft.com/beta/") {
		t.Errorf("Location is %s", location)
	}
	r.advance(2 * time.Second)
	shown := r.do("GET", "/beta"+runbooks+"/schema", "").want(200).body
	if !strings.Contains(shown, `"isExactMatchRequired":true`) || !strings.Contains(shown, `"importanceScore":"high"`) {
		t.Errorf("the schema is %s", shown)
	}
	if plain := r.do("GET", runbooks+"/schema", "").want(200).body; strings.Contains(plain, "isExactMatchRequired") {
		t.Errorf("v1.0 shows %s", plain)
	}
	acl := `{"acl":[{"type":"user","value":"` + somebody + `","accessType":"grant","identitySource":"%s"}],"properties":{"a":"b"}}`
	r.do("PUT", "/beta"+runbooks+"/items/a", strings.Replace(acl, "%s", "azureActiveDirectory", 1)).want(200)
	r.do("PUT", "/beta"+runbooks+"/items/a", strings.Replace(acl, "%s", "active", 1)).want(400)
}
