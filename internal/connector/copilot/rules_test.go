package copilot

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/fault"
)

// problemsOf gives "field: text" lines.
func problemsOf(p fault.Problems) string {
	if len(p) == 0 {
		return ""
	}
	return p.Error()
}

func TestConnectionIDs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"companypolicies": "", "abc": "", "A1B2": "", strings.Repeat("a", 32): "",
		"":                      "is missing",
		"ab":                    "has 2 characters",
		strings.Repeat("a", 33): "has 33 characters",
		"company-policies":      `only letters a-z, A-Z and digits are allowed, no hyphen, underscore or blank. "companypolicies" would do`,
		"company_policies":      "no hyphen, underscore",
		"político":              "only letters",
		"Microsoftstuff":        "begin with Microsoft",
		"microsoft365":          "begin with Microsoft",
		"SharePoint":            "keeps to itself",
		"sharepoint":            "keeps to itself",
		"TEAMS":                 "keeps to itself",
		"None":                  "keeps to itself",
		"PowerBI":               "keeps to itself",
		"TopicEngine":           "keeps to itself",
		"MSFT_All_Connectors":   "only letters",
	} {
		if got := badConnectionID(id); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}

func TestConnectionReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	c := Connection{ID: "a-b", Name: strings.Repeat("n", 129), Resolvers: []Resolver{{BaseURLs: []string{"intranet"}, URLPattern: "/p/(?<slug>.+)", ItemID: "{other}"}},
		Templates: json.RawMessage(`[{"id":"too-long-and-odd-id","priority":0,"layout":"text"},{"id":"a","priority":1,"layout":{"text":"${secret} ${ResultSnippet} ${title}"}},{"id":"b","priority":1,"layout":{}}]`)}
	got := problemsOf(c.validate()) + "\n" + problemsOf(c.validateTemplates([]Property{{Name: "title", Type: typeString, Retrievable: true}}))
	for _, want := range []string{
		"connection.id: is", "connection.name: has 129 characters", "connection.description: is missing", `"intranet" is no scheme and host`, "urlPattern has no group (?<other>",
		"searchResultTemplates: has 3 entries", "[0]: id is", "[0]: priority is 0", "[0]: layout must be an Adaptive Card", "[1]: layout shows ${secret}",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "ResultSnippet") || strings.Contains(got, "${title}") {
		t.Errorf("too much is refused:\n%s", got)
	}
}

// Each rule of the schema by itself: everything else of the schema is right.
func TestSchemaRules(t *testing.T) {
	t.Parallel()
	label := func(typ, name string) string {
		return fmt.Sprintf(`[{"name":"a","type":"%s","isRetrievable":true,"labels":["%s"]}]`, typ, name)
	}
	many := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"name":"p%d","type":"string"}`, i))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	for name, c := range map[string]struct{ schema, want string }{
		"a good one": {`[{"name":"title","type":"String","isSearchable":true,"isQueryable":true,"isRetrievable":true,"labels":["Title"]},
			{"name":"tags","type":"stringCollection","isQueryable":true,"isRetrievable":true,"isRefinable":true,"aliases":["t"]},{"name":"at","type":"datetime","isQueryable":true}]`, ""},
		"128 properties":                {many(128), ""},
		"no properties":                 {`[]`, "has 0 properties"},
		"129 properties":                {many(129), "has 129 properties"},
		"no name":                       {`[{"type":"string"}]`, "schema[0].name: is missing"},
		"a hyphen in the name":          {`[{"name":"last-modified","type":"string"}]`, `"lastModified" would do`},
		"33 characters":                 {`[{"name":"` + strings.Repeat("a", 33) + `","type":"string"}]`, "has 33 characters"},
		"content":                       {`[{"name":"Content","type":"string"}]`, "it is set with item.content"},
		"the same name twice":           {`[{"name":"a","type":"string"},{"name":"A","type":"string"}]`, "schema[1].name: A is there twice, see schema[0]"},
		"an alias like a name":          {`[{"name":"a","type":"string"},{"name":"b","type":"string","aliases":["A"]}]`, "schema[1].aliases[0]: A is there twice"},
		"an alias with a blank":         {`[{"name":"a","type":"string","aliases":["x y"]}]`, "schema[0].aliases[0]"},
		"an unknown type":               {`[{"name":"a","type":"text"}]`, "must be one of string, int64"},
		"searchable number":             {`[{"name":"a","type":"int64","isSearchable":true}]`, "only string and stringCollection can be searched"},
		"searchable and refinable":      {`[{"name":"a","type":"string","isSearchable":true,"isQueryable":true,"isRefinable":true}]`, "make two properties of it"},
		"refinable boolean":             {`[{"name":"a","type":"boolean","isQueryable":true,"isRefinable":true}]`, "RefinerShouldNotBeOfType"},
		"refinable, not queryable":      {`[{"name":"a","type":"string","isRefinable":true}]`, "set isQueryable: true"},
		"refinable principal":           {`[{"name":"a","type":"principal","isQueryable":true,"isRefinable":true,"isRetrievable":true,"labels":["closedBy"]}]`, "can't be refinable"},
		"principal without label":       {`[{"name":"a","type":"principal"}]`, "goes with a label of persons only"},
		"label, not retrievable":        {`[{"name":"a","type":"string","labels":["title"]}]`, "must be retrievable"},
		"two labels":                    {`[{"name":"a","type":"string","isRetrievable":true,"labels":["title","url"]}]`, "a property has one at most"},
		"a label twice":                 {`[{"name":"a","type":"string","isRetrievable":true,"labels":["url"]},{"name":"b","type":"string","isRetrievable":true,"labels":["url"]}]`, "the label url is on a already"},
		"an unknown label":              {label("string", "headline"), "is no label"},
		"a label of the prose":          {label("stringCollection", "assignedTo"), "did you mean assignedToPeople?"},
		"title on a number":             {label("int64", "title"), "the label title is for string"},
		"a date label on a text":        {label("string", "lastModifiedDateTime"), "is for dateTime"},
		"authors on one text":           {label("string", "authors"), "is for stringCollection"},
		"reactions on a text":           {label("string", "numberOfReactions"), "is for int64"},
		"a label of people":             {label("string", "personName"), "contentCategory people"},
		"an unsupported label":          {label("stringCollection", "personManager"), "not supported"},
		"an unknown field":              {`[{"name":"a","type":"string","searchable":true}]`, "unknown field"},
		"a text in place of a list":     {`"guess"`, "must be infer, or a list"},
		"two problems of one property":  {`[{"name":"a b","type":"int64","isSearchable":true,"isQueryable":true,"isRefinable":true}]`, "make two properties of it"},
		"an object as Graph answers it": {`{"baseType":"x","properties":[{"name":"a","type":"string","description":null}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := validConfig()
			cfg.Schema, cfg.Item.Properties = json.RawMessage(c.schema), map[string]string{}
			schema, err := readSchema(cfg.Schema)
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = problemsOf(checkSchema(schema, false))
			}
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPeopleSchemas(t *testing.T) {
	t.Parallel()
	schema := []Property{{Name: "account", Type: typeString, Labels: []string{"personAccount"}}, {Name: "skills", Type: typeStrings, Labels: []string{"personSkills"}}}
	if p := checkSchema(schema, true); len(p) > 0 {
		t.Errorf("labels of people need not be retrievable: %v", p)
	}
	got := problemsOf(checkSchema([]Property{{Name: "title", Type: typeString, Retrievable: true, Labels: []string{"title"}}, {Name: "boss", Type: typePrincipal}}, true))
	for _, want := range []string{"personAccount", "does not go with contentCategory people", "does not support"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %s", want, got)
		}
	}
}

func validConfig() *Config {
	c := NewConfig().(*Config)
	c.Connection.ID, c.Connection.Name, c.Connection.Description = "companypolicies", "Company policies", "Policies of the company: leave, travel, security. Ask here what is allowed."
	c.Item.Properties = map[string]string{"title": ".title", "url": `"https://intranet.contoso.com/" + .path`}
	c.Item.Content = ".text"
	c.Item.ACL = `[{accessType: "grant", type: "group", value: "1f0a3c1e-5a9b-4b0e-9d6e-6b1f2a7c9d55"}]`
	return c
}

func TestConfigReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	if p := validConfig().Validate(); len(p) > 0 {
		t.Fatalf("a right one: %v", p)
	}
	c := validConfig()
	c.Connection.ID = "x"
	c.Item.ACL, c.Item.ID, c.Item.ContentType = "", ".a |", "markdown"
	c.Item.Properties["nope"] = ".["
	c.MaxItem, c.Concurrency, c.WritesPerMinute = 40_000_000, 26, 0
	c.Schema = json.RawMessage(`[{"name":"title","type":"string"},{"name":"url","type":"string","isSearchable":true,"isRefinable":true}]`)
	got := problemsOf(c.Validate())
	for _, want := range []string{"connection.id", "item.acl: is missing", "item.id: column 5: not a jq program", "item.contentType", "item.properties.nope: column 3: not a jq", "item.properties.nope: is not in the schema",
		"maxItem", "concurrency", "writesPerMinute", "schema[1].isRefinable"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestSchemaChanges(t *testing.T) {
	t.Parallel()
	registered := []Property{
		{Name: "title", Type: typeString, Searchable: true, Queryable: true, Retrievable: true, Labels: []string{"title"}},
		{Name: "price", Type: typeDouble, Queryable: true, Retrievable: true},
		{Name: "kind", Type: typeString, Queryable: true, Retrievable: true, Refinable: true, Aliases: []string{"RefinableKind"}},
	}
	with := func(change func(p []Property) []Property) []Property {
		return change(append([]Property(nil), registered...))
	}
	for name, c := range map[string]struct {
		want   []Property
		what   string
		resend bool
	}{
		"nothing":                     {registered, "", false},
		"a new property":              {with(func(p []Property) []Property { return append(p, Property{Name: "url", Type: typeString}) }), "added", true},
		"a property less":             {registered[:2], "kept", false},
		"another type":                {with(func(p []Property) []Property { p[1].Type = typeInt64; return p }), "refused", false},
		"becomes refinable":           {with(func(p []Property) []Property { p[1].Refinable = true; return p }), "refused", false},
		"searchable beside refinable": {with(func(p []Property) []Property { p[2].Searchable = true; return p }), "refused", true},
		"becomes searchable": {with(func(p []Property) []Property {
			p[1].Type = typeDouble
			p[0].Queryable = true
			p[1].Searchable = true
			return p
		}), "applied", true},
		"not searchable any more":   {with(func(p []Property) []Property { p[0].Searchable = false; return p }), "kept", false},
		"another label":             {with(func(p []Property) []Property { p[2].Labels = []string{"itemType"}; return p }), "applied", true},
		"an alias more":             {with(func(p []Property) []Property { p[0].Aliases = []string{"name"}; return p }), "applied", false},
		"the service's own alias":   {with(func(p []Property) []Property { p[2].Aliases = nil; return p }), "", false},
		"a description":             {with(func(p []Property) []Property { p[0].Description = "Name"; return p }), "applied", false},
		"another case of the label": {with(func(p []Property) []Property { p[0].Labels = []string{"Title"}; return p }), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, merged := compareSchemas(registered, c.want)
			got, resend := "", false
			for _, one := range changes {
				got, resend = max(got, one.What), resend || one.Resend
				if one.What == changeRefused {
					got = changeRefused
				}
				if (one.What == changeRefused && one.Fix == "" && name != "searchable beside refinable") || one.Text == "" {
					t.Errorf("%+v says too little", one)
				}
			}
			if got != c.what || resend != c.resend {
				t.Errorf("got %q, resend %v: %+v", got, resend, changes)
			}
			for _, p := range registered {
				if find(merged, p.Name) == nil {
					t.Errorf("%s got lost", p.Name)
				}
			}
		})
	}
}
