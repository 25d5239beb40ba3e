package copilot

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/fault"
)

// Connection is the connection that a destination fills. The rules are those of Microsoft's page "externalConnection
// resource type" and what users met (reference graph-connectors, section 1.3).
type Connection struct {
	ID              string     `yaml:"id" doc:"Its ID in the tenant: 3 to 32 letters and digits; it can never be changed" example:"companypolicies"`
	Name            string     `yaml:"name" doc:"Its name in the admin centre; Copilot uses it to choose the source" example:"Company policies"`
	Description     string     `yaml:"description" doc:"What is in it and which questions it answers; Copilot reads this to decide whether to look there"`
	ContentCategory string     `yaml:"contentCategory" doc:"What kind of content it is" enum:"uncategorized,knowledgeBase,wikis,fileRepository,qna,crm,dashboard,people,media,email,messaging,meetingTranscripts,taskManagement,learningManagement"`
	Resolvers       []Resolver `yaml:"urlToItemResolvers" doc:"How a link that somebody shares is recognised as an item"`
	// Templates are Graph's displayTemplate objects, as they are sent.
	Templates json.RawMessage `yaml:"searchResultTemplates" doc:"At most 2 layouts of search results (Adaptive Cards), as Microsoft Graph has them"`
	Create    bool            `yaml:"create" doc:"Make the connection if it is not there"`
}

// Resolver tells which item a shared link leads to.
type Resolver struct {
	BaseURLs   []string `yaml:"baseUrls" json:"baseUrls" doc:"Scheme and host of the links" example:"https://intranet.contoso.com"`
	URLPattern string   `yaml:"urlPattern" json:"urlPattern" doc:"Regular expression with named groups over path and query" example:"/policies/(?<slug>[^/]+)"`
	ItemID     string   `yaml:"itemId" json:"itemId" doc:"The item's ID with the groups in braces" example:"{slug}"`
	Priority   int      `yaml:"priority" json:"priority" doc:"Lower ones are tried first"`
}

const (
	leastID, mostID   = 3, 32
	mostName          = 128
	mostResolvers     = 8
	mostTemplates     = 2
	mostTemplateID    = 16
	leastDescription  = 30 // shorter ones can hardly say what is in it
	peopleCategory    = "people"
	reservedBeginning = "microsoft"
)

// reservedIDs can't be used for connections, in whatever case.
var reservedIDs = []string{"None", "Directory", "Exchange", "ExchangeArchive", "LinkedIn", "Mailbox", "OneDriveBusiness", "SharePoint", "Teams", "Yammer",
	"Connectors", "TaskFabric", "PowerBI", "Assistant", "TopicEngine", "MSFT_All_Connectors"}

var lettersAndDigits = regexp.MustCompile(`^[A-Za-z0-9]+$`)

func (c Connection) people() bool { return c.ContentCategory == peopleCategory }

func (c Connection) validate() fault.Problems {
	var p fault.Problems
	add := func(field, format string, args ...any) {
		p = append(p, fault.Problem{Field: "connection." + field, Text: fmt.Sprintf(format, args...)})
	}
	if why := badConnectionID(c.ID); why != "" {
		add("id", "%s", why)
	}
	switch n := utf8.RuneCountInString(c.Name); {
	case strings.TrimSpace(c.Name) == "":
		add("name", "is missing: people see it in the admin centre, and Copilot uses it to choose the source")
	case n > mostName:
		add("name", "has %d characters; at most %d are allowed", n, mostName)
	}
	if strings.TrimSpace(c.Description) == "" {
		add("description", "is missing: say what is in the connection and which questions it answers. Copilot reads it to decide whether to look there")
	}
	for i, r := range c.Resolvers {
		for _, text := range r.problems() {
			add(fmt.Sprintf("urlToItemResolvers[%d]", i), "%s", text)
		}
	}
	if len(c.Resolvers) > mostResolvers {
		add("urlToItemResolvers", "has %d entries; at most %d are allowed", len(c.Resolvers), mostResolvers)
	}
	return p
}

// badConnectionID tells what is wrong with a connection's ID; "" if nothing is.
func badConnectionID(id string) string {
	switch n := len(id); {
	case id == "":
		return "is missing: choose 3 to 32 letters and digits; it can never be changed"
	case !lettersAndDigits.MatchString(id):
		return fmt.Sprintf("is %q; only letters a-z, A-Z and digits are allowed, no hyphen, underscore or blank. %q would do", id, suggestedID(id))
	case n < leastID || n > mostID:
		return fmt.Sprintf("has %d characters; it must have %d to %d", n, leastID, mostID)
	case strings.HasPrefix(strings.ToLower(id), reservedBeginning):
		return fmt.Sprintf("is %q; Microsoft keeps IDs that begin with Microsoft to itself", id)
	case slices.ContainsFunc(reservedIDs, func(r string) bool { return strings.EqualFold(r, id) }):
		return fmt.Sprintf("is %q, which Microsoft keeps to itself; add what it holds, like %q", id, strings.ToLower(id)+"docs")
	}
	return ""
}

// suggestedID makes a legal connection ID of a text.
func suggestedID(text string) string {
	var b strings.Builder
	for _, c := range []byte(strings.ToLower(text)) {
		if (c >= 'a' && c <= 'z' || c >= '0' && c <= '9') && b.Len() < mostID {
			b.WriteByte(c)
		}
	}
	if b.Len() < leastID {
		return "contosodocs"
	}
	return b.String()
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

func (r Resolver) problems() []string {
	var p []string
	for _, base := range r.BaseURLs {
		if u, err := url.Parse(base); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			p = append(p, fmt.Sprintf("baseUrls: %q is no scheme and host, like https://intranet.contoso.com", base))
		}
	}
	if len(r.BaseURLs) == 0 {
		p = append(p, "baseUrls is missing: scheme and host of the links")
	}
	if r.URLPattern == "" || r.ItemID == "" {
		p = append(p, "urlPattern and itemId are both needed")
	}
	if _, err := regexp.Compile(r.URLPattern); err != nil && !strings.Contains(err.Error(), "invalid or unsupported Perl syntax") { // ECMA has more than Go
		p = append(p, fmt.Sprintf("urlPattern is no regular expression: %s", err))
	}
	for _, m := range placeholder.FindAllStringSubmatch(r.ItemID, -1) {
		if !strings.Contains(r.URLPattern, "(?<"+m[1]+">") {
			p = append(p, fmt.Sprintf("itemId uses {%s}, but urlPattern has no group (?<%s>…)", m[1], m[1]))
		}
	}
	if r.Priority < 0 {
		p = append(p, "priority is negative")
	}
	return p
}

// A template is the part of a display template that has rules.
type template struct {
	ID       string          `json:"id"`
	Priority int             `json:"priority"`
	Layout   json.RawMessage `json:"layout"`
}

var templateField = regexp.MustCompile(`\$\{([A-Za-z0-9]+)\}`)

// validateTemplates looks at the display templates (section 1.3.3). schema nil: what they show is not known yet.
func (c Connection) validateTemplates(schema []Property) fault.Problems {
	if len(c.Templates) == 0 || string(c.Templates) == "null" {
		return nil
	}
	const field = "connection.searchResultTemplates"
	var all []template
	if err := json.Unmarshal(c.Templates, &all); err != nil {
		return fault.Problems{{Field: field, Text: "must be a list of templates, each with id, priority and layout"}}
	}
	var p fault.Problems
	add := func(i int, format string, args ...any) {
		p = append(p, fault.Problem{Field: fmt.Sprintf("%s[%d]", field, i), Text: fmt.Sprintf(format, args...)})
	}
	if len(all) > mostTemplates {
		p = append(p, fault.Problem{Field: field, Text: fmt.Sprintf("has %d entries; at most %d are allowed", len(all), mostTemplates)})
	}
	for i, t := range all {
		if !lettersAndDigits.MatchString(t.ID) || len(t.ID) > mostTemplateID {
			add(i, "id is %q; it has 1 to %d letters and digits", t.ID, mostTemplateID)
		}
		if t.Priority < 1 {
			add(i, "priority is %d; it is 1 or more, and the lowest wins", t.Priority)
		}
		if len(t.Layout) == 0 || t.Layout[0] != '{' {
			add(i, "layout must be an Adaptive Card as an object, not as text")
		}
		for _, m := range templateField.FindAllStringSubmatch(string(t.Layout), -1) {
			if property := find(schema, m[1]); schema != nil && m[1] != "ResultSnippet" && (property == nil || !property.Retrievable) {
				add(i, "layout shows ${%s}, which is no retrievable property of the schema", m[1])
			}
		}
	}
	return p
}
