package office365

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// Config is one source of this connector.
type Config struct {
	ContentTypes       []string           `yaml:"contentTypes" doc:"The content types to collect" example:"Audit.Exchange"`
	Start              connector.Duration `yaml:"start" doc:"How far back to begin at the first start; the service keeps 7 days" example:"-7d"`
	Interval           connector.Duration `yaml:"interval" doc:"How long to wait between two listings"`
	Lag                connector.Duration `yaml:"lag" doc:"How old a time must be until its listing counts as complete; younger content is read at once and again after it"`
	Overlap            connector.Duration `yaml:"overlap" doc:"How far back listed times are listed again, for content that comes late"`
	DeepScan           DeepScan           `yaml:"deepScan" doc:"A second, longer look back"`
	Window             connector.Duration `yaml:"window" doc:"How much time one listing asks for; it grows up to maxWindow while there is little content"`
	MaxWindow          connector.Duration `yaml:"maxWindow" doc:"The most time that one listing asks for; the service allows 24h"`
	RequestsPerMinute  int                `yaml:"requestsPerMinute" doc:"The quota for each tenant and publisher, over all nodes; the service begins at 2000"`
	ListConcurrency    int                `yaml:"listConcurrency" doc:"How many listings run side by side"`
	PublisherID        string             `yaml:"publisherIdentifier" doc:"The GUID that the quota is counted under; the tenant's own if left out"`
	StartSubscriptions bool               `yaml:"startSubscriptions" doc:"Start and revive the subscriptions of the content types; they are never stopped"`
	Webhook            Webhook            `yaml:"webhook" doc:"Where the service announces new content; announcements only make the next listing earlier"`
	MaxRecord          connector.Size     `yaml:"maxRecord" doc:"Larger records become dead letters"`
	Hold               Hold               `yaml:"hold" doc:"What is kept of content that a flow has not delivered while the service is about to forget it"`
	Samples            string             `yaml:"samples" doc:"What is kept of a few new records for people to look at: redacted (without what tells of a person), whole, schema (only which fields there are), or off" enum:"redacted,whole,schema,off"`
}

// DeepScan is the long look back.
type DeepScan struct {
	Every connector.Duration `yaml:"every" doc:"How often; 0s: never"`
	To    connector.Duration `yaml:"to" doc:"How far back; the service keeps 7 days"`
}

// Webhook is where announcements are received.
type Webhook struct {
	Address string `yaml:"address" doc:"The https address that Microsoft reaches this server at; none: polling only" example:"https://headrace.example.com/webhooks/contoso"`
	AuthID  string `yaml:"authId" doc:"What Microsoft sends along to prove itself; left out, it is derived from the client secret"`
}

// Hold bounds what is kept.
type Hold struct {
	Limit connector.Size `yaml:"limit" doc:"The most bytes to keep; 0: keep nothing"`
}

const (
	day = 24 * time.Hour
	// horizon is how long the service keeps content.
	horizon = 7 * day
	// margin keeps a window inside the horizon while its request is under way.
	margin = 5 * time.Minute
)

// ContentTypes are the ones that the API has.
var contentTypes = []string{"Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"}

// NewConfig gives the defaults.
func NewConfig() connector.Config {
	return &Config{
		ContentTypes:       slices.Clone(contentTypes[:4]),
		Start:              connector.Duration(-horizon),
		Interval:           connector.Duration(time.Minute),
		Lag:                connector.Duration(15 * time.Minute),
		Overlap:            connector.Duration(day),
		DeepScan:           DeepScan{Every: connector.Duration(day), To: connector.Duration(horizon)},
		Window:             connector.Duration(6 * time.Hour),
		MaxWindow:          connector.Duration(day),
		RequestsPerMinute:  2000,
		ListConcurrency:    32,
		StartSubscriptions: true,
		MaxRecord:          32_000_000,
		Hold:               Hold{Limit: 20_000_000_000},
		Samples:            connector.SamplesRedacted,
	}
}

// Validate reports all problems.
func (c *Config) Validate() fault.Problems {
	var p fault.Problems
	add := func(field, format string, args ...any) {
		p = append(p, fault.Problem{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	c.validateTypes(add)
	span := func(field string, d connector.Duration, least, most time.Duration) {
		if d.Std() < least || d.Std() > most {
			add(field, "is %s; it must be between %s and %s", d, connector.Duration(least), connector.Duration(most))
		}
	}
	span("start", c.Start, -horizon, 0)
	span("interval", c.Interval, time.Second, 6*time.Hour)
	span("lag", c.Lag, 0, 12*time.Hour)
	span("overlap", c.Overlap, 0, horizon)
	span("window", c.Window, time.Minute, day)
	span("maxWindow", c.MaxWindow, time.Minute, day)
	if c.MaxWindow < c.Window {
		add("maxWindow", "is %s, less than window (%s)", c.MaxWindow, c.Window)
	}
	if c.DeepScan.Every != 0 {
		span("deepScan.every", c.DeepScan.Every, time.Hour, 30*day)
	}
	span("deepScan.to", c.DeepScan.To, 0, horizon)
	if c.RequestsPerMinute < 1 {
		add("requestsPerMinute", "is %d; it must be at least 1", c.RequestsPerMinute)
	}
	if c.ListConcurrency < 1 || c.ListConcurrency > 64 {
		add("listConcurrency", "is %d; it must be between 1 and 64", c.ListConcurrency)
	}
	if c.PublisherID != "" && !microsoft.IsGUID(c.PublisherID) {
		add("publisherIdentifier", "is not a GUID; leave it out to use the tenant's own")
	}
	if c.MaxRecord < 1_000 || c.MaxRecord > 1<<30 {
		add("maxRecord", "is %s; it must be between 1KB and 1GiB", c.MaxRecord)
	}
	if c.Hold.Limit < 0 {
		add("hold.limit", "is less than nothing")
	}
	c.Webhook.validate(add)
	return p
}

func (c *Config) validateTypes(add func(field, format string, args ...any)) {
	if len(c.ContentTypes) == 0 {
		add("contentTypes", "is empty; choose of %s", strings.Join(contentTypes, ", "))
	}
	for i, t := range c.ContentTypes {
		field := fmt.Sprintf("contentTypes[%d]", i)
		switch {
		case canonicalType(t) == "":
			add(field, "is %q; choose of %s", t, strings.Join(contentTypes, ", "))
		case slices.ContainsFunc(c.ContentTypes[:i], func(before string) bool { return strings.EqualFold(before, t) }):
			add(field, "is %q for the second time", t)
		}
	}
}

func (w Webhook) validate(add func(field, format string, args ...any)) {
	if w.Address == "" {
		if w.AuthID != "" {
			add("webhook.authId", "is set without webhook.address")
		}
		return
	}
	if u, err := url.Parse(w.Address); err != nil || u.Scheme != "https" || u.Host == "" {
		add("webhook.address", "must begin with https://; Microsoft announces to nothing else")
	}
}

// canonicalType gives the API's spelling of a content type; "" if it is none.
func canonicalType(name string) string {
	for _, t := range contentTypes {
		if strings.EqualFold(t, name) {
			return t
		}
	}
	return ""
}

// streams are the configured content types in the API's spelling.
func (c *Config) streams() []string {
	names := make([]string, 0, len(c.ContentTypes))
	for _, t := range c.ContentTypes {
		names = append(names, canonicalType(t))
	}
	return names
}
