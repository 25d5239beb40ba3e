package copilot

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// What the doctor looks at. What only a person can see is said with how to look.
const adminConnectors = "https://admin.microsoft.com/#/MicrosoftSearch/connectors"

// doctor looks for what keeps people from finding the content (reference graph-connectors, sections 6.1 and 6.5).
func doctor(ctx context.Context, d *destination, _ *NoInput) (any, error) {
	rows, ok := d.graph.checkSignIn(ctx)
	if !ok {
		return rows, nil
	}
	have, err := d.graph.readConnection(ctx)
	if isClass(err, fault.NotFound) {
		return append(rows, microsoft.FailedCheck(rowConnection, d.absent(err), "")), nil
	}
	if err != nil {
		return append(rows, microsoft.FailedCheck(rowConnection, err, "")), nil
	}
	rows = append(rows, examineConnection(have)...)
	schema, err := d.graph.readSchema(ctx)
	if err != nil {
		rows = append(rows, microsoft.FailedCheck(rowSchema, err, ""))
	} else {
		rows = append(rows, examineSchema(schema, d.cfg.Connection.people())...)
	}
	return append(rows, d.examineContent(), d.examineCount(ctx), connector.Check{
		Name: "Results are shown to people", Result: connector.Unknown, Text: "no API tells", Link: adminConnectors,
		Fix: "Microsoft 365 admin center › Search & intelligence › Data sources › " + have.Name + " › Include connector results must be on. Forgotten more than anything else.",
	}), nil
}

// examined makes a check of a condition.
func examined(name string, good bool, text, missing, fix string) connector.Check {
	if good {
		return connector.Check{Name: name, Result: connector.Works, Text: text}
	}
	return connector.Check{Name: name, Result: connector.Missing, Text: missing, Fix: fix}
}

// advice makes of a condition something that would be better, and that nothing hangs on.
func advice(c connector.Check) connector.Check {
	if c.Result == connector.Missing {
		c.Result = connector.NotNeeded
	}
	return c
}

func examineConnection(c connectionWire) []connector.Check {
	n := utf8.RuneCountInString(strings.TrimSpace(c.Description))
	vague := strings.EqualFold(c.Description, c.Name) || n < leastDescription || len(strings.Fields(c.Description)) < 5
	links := examined("Links that people share", c.Activity != nil && len(c.Activity.Resolvers) > 0, "recognised as items", "not recognised as items",
		"With connection.urlToItemResolvers sharing a link counts as activity and lifts the item.")
	return []connector.Check{
		examined(rowConnection, c.State == "ready", "state ready", "state "+c.State, stateFix(c.State)),
		examined("Description", !vague, fmt.Sprintf("%d characters", n), "it says too little: "+quoted(c.Description),
			"Copilot reads it to decide whether to look there. Say what is in it, which kinds of things, and which questions it answers."),
		advice(links),
	}
}

func stateFix(state string) string {
	switch state {
	case stateDraft:
		return "Its schema is not registered yet, or is being registered (5–15 minutes): run the flow."
	case stateLimitExceeded:
		return "It has no room for new items. Send less, or ask Microsoft for more."
	}
	return "It can only be read and deleted. Make a new connection with a new destination and flow."
}

func examineSchema(schema []Property, people bool) []connector.Check {
	if people {
		return []connector.Check{examined("Label personAccount", withLabel(schema, "personAccount") != nil, "set", "missing", "Without it no profile is found.")}
	}
	var rows []connector.Check
	for _, l := range []struct{ label, why string }{
		{"title", "Copilot shows it, and ranks by it first"}, {"url", "citations lead nowhere without it"}, {"iconUrl", "items may not be cited without it"}, {"lastModifiedDateTime", "fresh content ranks higher"},
	} {
		p := withLabel(schema, l.label)
		row := examined("Label "+l.label, p != nil, "", "missing: "+l.why, "Put the label "+l.label+" on a property; Microsoft allows that later too. The items are sent again then.")
		if p != nil {
			row.Text = "on " + p.Name
		}
		if l.label == "lastModifiedDateTime" {
			row = advice(row)
		}
		rows = append(rows, row)
	}
	searchable := 0
	for _, p := range schema {
		if p.Searchable {
			searchable++
		}
	}
	title := withLabel(schema, "title")
	rows = append(rows, examined("A searchable property", searchable > 0, fmt.Sprintf("%d of them", searchable), "none", "Set isSearchable on the title at least; Microsoft allows that later too."))
	if title != nil && searchable > 0 {
		rows = append(rows, examined("The title is searchable", title.Searchable, title.Name, title.Name+" is not", "Set isSearchable on it; the semantic index has title and content only."))
	}
	return rows
}

// examineContent looks at the mapping: what is not content is not understood.
func (d *destination) examineContent() connector.Check {
	return examined("Content", d.cfg.Item.Content != "", "mapped by item.content", "item.content is not set",
		"Copilot understands the title and the content; other properties match as key words only. Map the text that people ask about.")
}

// examineCount looks at how many items the service counts.
func (d *destination) examineCount(ctx context.Context) connector.Check {
	const name = "Items"
	var c connectionWire
	if _, err := d.graph.send(ctx, "GET", beta+d.graph.path(), nil, &c); err != nil {
		return microsoft.FailedCheck(name, err, "")
	}
	if c.Ingested == nil {
		return connector.Check{Name: name, Result: connector.Unknown, Text: "the service has not counted yet; it does every 15 minutes"}
	}
	return examined(name, *c.Ingested > 0, fmt.Sprintf("%d counted by the service, up to 15 minutes ago", *c.Ingested), "the service counts none", "Run the flow, and look at its dead letters.")
}
