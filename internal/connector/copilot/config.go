package copilot

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/transform"
)

// Config is one connection as a destination.
type Config struct {
	Connection      Connection      `yaml:"connection" doc:"The connection in the tenant; it is made if it is not there"`
	Schema          json.RawMessage `yaml:"schema" doc:"infer: made of the first records; or the list of properties, each with name, type, isSearchable, isQueryable, isRetrievable, isRefinable, labels, aliases and description as Microsoft Graph has them" example:"infer"`
	Item            Item            `yaml:"item" doc:"What an item is made of"`
	MaxItem         connector.Size  `yaml:"maxItem" doc:"Larger items become dead letters; the service takes 4MB everywhere, by one page of Microsoft's 30MB"`
	Concurrency     int             `yaml:"concurrency" doc:"How many items are on their way at the same time; Microsoft allows 25 operations of one app on one connection"`
	WritesPerMinute int             `yaml:"writesPerMinute" doc:"The most requests in a minute to this connection, over all nodes; below it the rate finds itself"`
}

// Item says what an item is made of: jq programs over the record.
type Item struct {
	ID          string            `yaml:"id" doc:"jq: what tells items apart; left out, it is the source's key of the record" example:".path"`
	Properties  map[string]string `yaml:"properties" doc:"jq for each property of the schema, by its name" example:"{ title: .title }"`
	Content     string            `yaml:"content" doc:"jq: the text that Copilot reads" example:".text"`
	ContentType string            `yaml:"contentType" doc:"What content gives" enum:"text,html"`
	ACL         string            `yaml:"acl" doc:"jq: the list of who may see the item, each with accessType, type and value" example:"[{accessType: \"grant\", type: \"group\", value: \"1f0a3c1e-5a9b-4b0e-9d6e-6b1f2a7c9d55\"}]"`
}

// inferred is the schema that is made of records.
const inferred = `"infer"`

// NewConfig gives the defaults.
func NewConfig() connector.Config {
	return &Config{
		Connection: Connection{ContentCategory: "uncategorized", Create: true}, Schema: json.RawMessage(inferred),
		Item: Item{ContentType: "text"}, MaxItem: 4_000_000, Concurrency: 20, WritesPerMinute: 3600,
	}
}

// Validate reports all problems.
func (c *Config) Validate() fault.Problems {
	p := slices.Concat(c.Connection.validate(), c.Item.validate())
	add := func(field, format string, args ...any) {
		p = append(p, fault.Problem{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	if c.MaxItem < 1_000 || c.MaxItem > 30_000_000 {
		add("maxItem", "is %s; it must be between 1KB and 30MB", c.MaxItem)
	}
	if c.Concurrency < 1 || c.Concurrency > mostInFlight {
		add("concurrency", "is %d; Microsoft allows 1 to %d operations of one app on one connection", c.Concurrency, mostInFlight)
	}
	if c.WritesPerMinute < 1 || c.WritesPerMinute > 100_000 {
		add("writesPerMinute", "is %d; it must be between 1 and 100000", c.WritesPerMinute)
	}
	schema, err := c.schema()
	if err != nil {
		add("schema", "%s", err)
		return p
	}
	people := c.Connection.people()
	if schema == nil {
		for _, name := range slices.Sorted(maps.Keys(c.Item.Properties)) {
			if why := badName(name); why != "" {
				add("item.properties."+name, "%s", why)
			}
		}
		return append(p, c.Connection.validateTemplates(nil)...)
	}
	p = append(p, checkSchema(schema, people)...)
	for _, name := range slices.Sorted(maps.Keys(c.Item.Properties)) {
		if find(schema, name) == nil {
			add("item.properties."+name, "is not in the schema; add it there, or take it out here%s", near(name, schema))
		}
	}
	return append(p, c.Connection.validateTemplates(schema)...)
}

// mostInFlight is how many operations of one app on one connection Microsoft allows at a time (Learn: connectors API
// overview).
const mostInFlight = 25

func (i Item) validate() fault.Problems {
	var p fault.Problems
	add := func(field, text string) { p = append(p, fault.Problem{Field: field, Text: text}) }
	if len(i.Properties) == 0 {
		add("item.properties", "is missing: an item needs at least one property; title and url let Copilot name and cite it")
	}
	if i.ACL == "" {
		add("item.acl", `is missing: say who may see the items, for example [{accessType: "grant", type: "group", value: "OBJECT ID OF AN ENTRA GROUP"}]. An item is never sent without it`)
	}
	if i.ContentType != "text" && i.ContentType != "html" {
		add("item.contentType", fmt.Sprintf("is %q; it is text or html", i.ContentType))
	}
	_, err := transform.CompileMapping(i.rules(), transform.Limits{})
	if f, ok := fault.As(err); ok {
		if wrong, ok := f.Err.(fault.Problems); ok { //nolint:errorlint // Problems.Err puts them there
			p = append(p, wrong...)
		}
	}
	return p
}

// rules are the programs in the order: id, acl, content, then the properties by name. One that is left out gives null.
func (i Item) rules() []transform.Rule {
	program := func(jq string) string {
		if jq == "" {
			return "null"
		}
		return jq
	}
	all := []transform.Rule{{Field: "item.id", JQ: program(i.ID)}, {Field: "item.acl", JQ: program(i.ACL)}, {Field: "item.content", JQ: program(i.Content)}}
	for _, name := range slices.Sorted(maps.Keys(i.Properties)) {
		all = append(all, transform.Rule{Field: "item.properties." + name, JQ: program(i.Properties[name])})
	}
	return all
}

// schema gives the schema as it is written; nil: it is to be inferred.
func (c *Config) schema() ([]Property, error) {
	if len(c.Schema) == 0 || string(c.Schema) == inferred {
		return nil, nil
	}
	return readSchema(c.Schema)
}
