package copilot

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/transform"
)

// SourceConfig is what is read back.
type SourceConfig struct {
	Read              []string           `yaml:"read" doc:"What to read: connections; schema, quota, operations, items and groups of the connections named below; get: the requests below" enum:"connections,schema,operations,quota,items,groups,get"`
	Connections       []string           `yaml:"connections" doc:"IDs of the connections; none: all that the app may see" example:"companypolicies"`
	Items             []string           `yaml:"items" doc:"IDs of the items, or the keys they were made of; Graph can't list items" example:"policies/leave.md"`
	Inventory         string             `yaml:"inventory" doc:"Name of a destination of this connector: the items are those that headrace sent there, and the connection is its own" example:"policies-in-copilot"`
	Operations        []string           `yaml:"operations" doc:"IDs of operations that register a schema, from the Location that Graph gave; Graph can't list operations"`
	Groups            []string           `yaml:"groups" doc:"IDs of external groups; Graph can't list groups" example:"oncall-lead"`
	Get               []Get              `yaml:"get" doc:"Any GET below /external by hand"`
	Interval          connector.Duration `yaml:"interval" doc:"How long to wait between two readings"`
	RequestsPerMinute int                `yaml:"requestsPerMinute" doc:"The most requests in a minute; reading items is throttled early"`
	Samples           string             `yaml:"samples" doc:"What is kept of a few new records for people to look at: redacted (without what tells of a person), whole, schema (only which fields there are), or off" enum:"redacted,whole,schema,off"`
}

// Get is one request by hand, and what its records are.
type Get struct {
	Name    string            `yaml:"name" doc:"The stream of its records" example:"operations"`
	Path    string            `yaml:"path" doc:"The path below /v1.0, beginning with /external; {field} is a field of the record of the request that it follows" example:"/external/connections/{id}/schema"`
	Method  string            `yaml:"method" doc:"GET, which may be left out: this reads and changes nothing"`
	Beta    bool              `yaml:"beta" doc:"Below /beta in place of /v1.0"`
	Query   map[string]string `yaml:"query" doc:"The query's parameters; {field} as in path"`
	Headers map[string]string `yaml:"headers" doc:"More request headers"`
	Records string            `yaml:"records" doc:"jq: the records in the answer; left out: the list under value, else the answer itself" example:".properties"`
	Follows string            `yaml:"follows" doc:"The name of another request: this one is made for each of its records" example:"connections"`
}

// whatToRead are the values of read.
var whatToRead = []string{readConnections, readSchemas, readOperations, readQuota, readItems, readGroups, readGet}

const (
	readConnections = "connections"
	readSchemas     = "schema"
	readOperations  = "operations"
	readQuota       = "quota"
	readItems       = "items"
	readGroups      = "groups"
	readGet         = "get"
	mostFollows     = 5 // requests in a chain
)

func newSourceConfig() connector.Config {
	return &SourceConfig{Read: []string{readConnections}, Interval: connector.Duration(time.Hour), RequestsPerMinute: 300, Samples: connector.SamplesRedacted}
}

// Validate reports all problems.
func (c *SourceConfig) Validate() fault.Problems {
	var p fault.Problems
	add := func(field, format string, args ...any) {
		p = append(p, fault.Problem{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	if len(c.Read) == 0 {
		add("read", "is empty; choose of %s", strings.Join(whatToRead, ", "))
	}
	for i, what := range c.Read {
		if slices.Contains(c.Read[:i], what) {
			add(fmt.Sprintf("read[%d]", i), "is %q for the second time", what)
		}
		if !slices.Contains(whatToRead, what) {
			add(fmt.Sprintf("read[%d]", i), "is %q; choose of %s", what, strings.Join(whatToRead, ", "))
		}
	}
	c.validateNamed(add)
	for i, id := range c.Connections {
		if why := badConnectionID(id); why != "" {
			add(fmt.Sprintf("connections[%d]", i), "%s", why)
		}
	}
	if c.Interval.Std() < time.Minute {
		add("interval", "is %s; it must be at least 1m: Graph throttles readers early", c.Interval)
	}
	if c.RequestsPerMinute < 1 || c.RequestsPerMinute > 10_000 {
		add("requestsPerMinute", "is %d; it must be between 1 and 10000", c.RequestsPerMinute)
	}
	for i, g := range c.Get {
		at := fmt.Sprintf("get[%d].", i)
		for _, problem := range g.validate(c.Get) {
			add(at+problem.Field, "%s", problem.Text)
		}
		if slices.ContainsFunc(c.Get[:i], func(b Get) bool { return b.Name == g.Name }) {
			add(at+"name", "is %q for the second time", g.Name)
		}
	}
	return p
}

// streams are the names under which records come: what is read, and of requests by hand their own.
func (c *SourceConfig) streams() []string {
	var all []string
	for _, what := range c.Read {
		if what != readGet {
			all = append(all, what)
			continue
		}
		for _, g := range c.Get {
			all = append(all, g.Name)
		}
	}
	return all
}

// named are the IDs of what of a kind is read: Graph can't list these.
func (c *SourceConfig) named(what string) []string {
	switch what {
	case readItems:
		return c.Items
	case readOperations:
		return c.Operations
	case readGroups:
		return c.Groups
	}
	return nil
}

// validateNamed looks at what can only be read by its name.
func (c *SourceConfig) validateNamed(add func(field, format string, args ...any)) {
	reads := func(what string) bool { return slices.Contains(c.Read, what) }
	if reads(readItems) && len(c.Items) == 0 && c.Inventory == "" {
		add("items", "is empty; Graph can't list items, so name them, or set inventory to the destination that headrace sent them to")
	}
	for _, what := range []string{readGroups, readOperations} {
		if reads(what) && len(c.named(what)) == 0 {
			add(what, "is empty; Graph can't list %s, so name them", what)
		}
	}
	if len(c.Items) > 0 && reads(readItems) || reads(readGroups) || reads(readOperations) {
		if len(c.Connections) != 1 {
			add("connections", "must name the one connection that the items, groups or operations are in")
		}
	}
	if c.Inventory != "" && !reads(readItems) {
		add("inventory", "says which items are read, but read does not name items")
	}
	if slices.Contains(c.Read, readGet) && len(c.Get) == 0 {
		add("get", "is empty; write at least one request, with name and path")
	}
	for i, id := range c.Groups {
		if !legalGroupID.MatchString(id) {
			add(fmt.Sprintf("groups[%d]", i), "is %q; such IDs have at most 128 letters, digits, - and _", id)
		}
	}
	for _, what := range []string{readItems, readOperations} {
		for i, id := range c.named(what) {
			if id == "" {
				add(fmt.Sprintf("%s[%d]", what, i), "is empty")
			}
		}
	}
}

func (g Get) validate(all []Get) fault.Problems {
	var p fault.Problems
	add := func(field, format string, args ...any) {
		p = append(p, fault.Problem{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	if strings.TrimSpace(g.Name) == "" || len(g.Name) > 100 {
		add("name", "is missing, or longer than 100 characters")
	}
	if g.Method != "" && g.Method != http.MethodGet {
		add("method", "is %q; only GET: this source reads and changes nothing", g.Method)
	}
	if why := badPath(g.Path); why != "" {
		add("path", "%s", why)
	}
	for name, value := range g.Headers {
		if slices.ContainsFunc([]string{"Authorization", "Host", "Cookie", "Content-Length", "Accept-Encoding", "Proxy-Authorization"}, func(h string) bool { return strings.EqualFold(h, name) }) {
			add("headers."+name, "is set by headrace")
		}
		if name == "" || strings.ContainsAny(name, " :\t") || !printable(name+value) {
			add("headers."+name, "is no header")
		}
	}
	if g.Records != "" {
		if _, err := transform.CompileMapping([]transform.Rule{{Field: "records", JQ: g.Records}}, transform.Limits{}); err != nil {
			add("records", "%s", err)
		}
	}
	if g.Follows == "" {
		if strings.Contains(g.Path, "{") {
			add("path", "has a {field}, but the request follows no other: set follows")
		}
		return p
	}
	return append(p, chainProblems(g, all)...)
}

// chainProblems follows a request to the one that begins its chain.
func chainProblems(g Get, all []Get) fault.Problems {
	at := g
	for range mostFollows {
		if at.Follows == "" {
			return nil
		}
		i := slices.IndexFunc(all, func(other Get) bool { return other.Name == at.Follows })
		if i < 0 {
			return fault.Problems{{Field: "follows", Text: fmt.Sprintf("there is no request %q", at.Follows)}}
		}
		at = all[i]
	}
	return fault.Problems{{Field: "follows", Text: fmt.Sprintf("the requests follow each other in a circle, or more than %d deep", mostFollows)}}
}

// badPath keeps a request below /external; "": it is there.
func badPath(p string) string {
	plain, err := url.PathUnescape(strings.NewReplacer("{", "", "}", "").Replace(p))
	switch {
	case err != nil || strings.ContainsAny(p, "?#\\") || !printable(p):
		return "must hold neither ? nor #; parameters go into query"
	case plain != "/external" && !strings.HasPrefix(plain, "/external/"):
		return "must begin with /external, like /external/connections"
	case strings.Contains(plain, "\\") || slices.Contains(strings.Split(plain, "/"), "..") || path.Clean(plain) != strings.TrimSuffix(plain, "/"):
		return "must not lead out of /external: no .., no //"
	}
	return ""
}

func printable(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) < 0
}
