package copilot

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// The names of the rows that are not permissions.
const (
	rowToken      = microsoft.TokenRow
	rowLive       = "Live read"
	rowConnection = "Connection"
	rowSchema     = "Schema"
)

// checkCredential signs in, compares the permissions and lists the connections; it changes nothing.
func checkCredential(ctx context.Context, env connector.Env) []connector.Check {
	g, err := openGraph(env, "", NewConfig().(*Config).WritesPerMinute, microsoft.Timing{})
	if err != nil {
		return []connector.Check{microsoft.FailedCheck(rowToken, err, "")}
	}
	defer func() { _ = g.client.Close() }()
	rows, ok := g.checkSignIn(ctx)
	if !ok {
		return append(rows, connector.Check{Name: rowLive, Result: connector.Unknown, Text: "cannot tell without a token"})
	}
	return append(rows, g.checkLive(ctx))
}

// checkSignIn gives the rows of the token and the permissions; false: there is no token.
func (g *graph) checkSignIn(ctx context.Context) ([]connector.Check, bool) {
	g.client.Forget(ctx) // what was granted a minute ago is in the next token only
	return g.client.CheckSignIn(ctx, rights(), nil)
}

// checkLive lists the connections, which harms nothing.
func (g *graph) checkLive(ctx context.Context) connector.Check {
	began := g.env.Now()
	var list struct {
		Value []connectionWire `json:"value"`
	}
	_, err := g.send(ctx, http.MethodGet, connections, nil, &list)
	took := g.env.Now().Sub(began)
	if err != nil {
		row := microsoft.FailedCheck(rowLive, err, g.client.Cloud().AppURL(g.env.Credential.ClientID, "CallAnAPI"))
		row.Took = took
		return row
	}
	text := "listed the connections: none yet"
	if n := len(list.Value); n > 0 {
		text = fmt.Sprintf("listed the connections: %d", n)
	}
	return connector.Check{Name: rowLive, Result: connector.Works, Text: text, Took: took}
}

// mostLookedUp is how many of the things that a source names a check looks up; items are throttled early.
const mostLookedUp = 20

// checkSource also looks up what is named.
func checkSource(ctx context.Context, cfg *SourceConfig, env connector.Env) []connector.Check {
	rows := checkCredential(ctx, env)
	if rows[len(rows)-1].Result != connector.Works {
		return rows
	}
	opened, err := openSource(cfg, env)
	if err != nil {
		return append(rows, microsoft.FailedCheck("Settings", err, ""))
	}
	s := opened.(*source)
	defer func() { _ = s.Close() }()
	for _, id := range cfg.Connections {
		rows = append(rows, s.checkConnection(ctx, id))
	}
	if cfg.Inventory != "" {
		rows = append(rows, s.checkInventory(ctx))
	}
	for _, what := range []string{readOperations, readItems, readGroups} {
		if row, ok := s.checkNamed(ctx, what); ok {
			rows = append(rows, row)
		}
	}
	return rows
}

func (s *source) checkConnection(ctx context.Context, id string) connector.Check {
	row := connector.Check{Name: rowConnection + " " + id}
	have, err := s.graphOf(id).readConnection(ctx)
	switch {
	case isClass(err, fault.NotFound):
		row.Result, row.Text, row.Fix = connector.Missing, "not there, or another app's", fmt.Sprintf("Correct the ID; headrace source action %s get shows what this app may see.", s.env.Name)
	case err != nil:
		return microsoft.FailedCheck(row.Name, err, "")
	default:
		row.Result, row.Text = connector.Works, "there, state "+have.State
	}
	return row
}

func (s *source) checkInventory(ctx context.Context) connector.Check {
	row := connector.Check{Name: "Inventory of " + s.cfg.Inventory, Result: connector.Works}
	connection, held, err := s.inventory(ctx)
	if err != nil {
		return microsoft.FailedCheck(row.Name, err, "")
	}
	keys, err := held.Keys(ctx, "", 1)
	switch {
	case err != nil:
		return microsoft.FailedCheck(row.Name, err, "")
	case len(keys) == 0:
		row.Result, row.Text = connector.NotNeeded, "nothing was sent to "+connection+" yet"
	default:
		row.Text = "items of " + connection
	}
	return row
}

// checkNamed looks up the first things of a kind; false: none is named.
func (s *source) checkNamed(ctx context.Context, what string) (connector.Check, bool) {
	var named []unit
	for _, u := range s.units(s.cfg.Connections) {
		if u.Read == what && len(named) < mostLookedUp {
			named = append(named, u)
		}
	}
	if len(named) == 0 {
		return connector.Check{}, false
	}
	var absent []string
	for _, u := range named {
		for _, err := range s.records(ctx, u) {
			if isClass(err, fault.NotFound) {
				absent = append(absent, u.ID)
			} else if err != nil {
				return microsoft.FailedCheck(what, err, ""), true
			}
		}
	}
	row := connector.Check{Name: what, Result: connector.Works, Text: fmt.Sprintf("the first %d that are named are there", len(named))}
	if len(absent) > 0 {
		row.Result, row.Text = connector.Missing, fmt.Sprintf("%d of the first %d that are named are not there: %s", len(absent), len(named), strings.Join(absent, ", "))
		row.Fix = "What is not there is passed over. Correct its name, or take it out."
	}
	return row, true
}

// checkDestination also looks at the connection and holds the wanted schema against the registered one.
func checkDestination(ctx context.Context, cfg *Config, env connector.Env) []connector.Check {
	if err := cfg.Validate().Err(); err != nil {
		return []connector.Check{microsoft.FailedCheck("Settings", err, "")}
	}
	d, err := openDestination(cfg, env)
	if err != nil {
		return []connector.Check{microsoft.FailedCheck(rowToken, err, "")}
	}
	defer func() { _ = d.Close() }()
	return d.(*destination).check(ctx)
}

func (d *destination) check(ctx context.Context) []connector.Check {
	rows, ok := d.graph.checkSignIn(ctx)
	if !ok {
		return append(rows, connector.Check{Name: rowConnection, Result: connector.Unknown, Text: "cannot tell without a token"})
	}
	have, err := d.graph.readConnection(ctx)
	switch {
	case isClass(err, fault.NotFound) && d.cfg.Connection.Create:
		return append(rows, connector.Check{Name: rowConnection, Result: connector.NotNeeded, Text: "not there yet; the first run makes it and waits some 5–15 minutes for its schema"})
	case isClass(err, fault.NotFound):
		return append(rows, connector.Check{Name: rowConnection, Result: connector.Missing, Text: "not there, or another app's",
			Fix: "Set connection.create: true, or let the app that owns it add this one's client ID to configuration.authorizedAppIds."})
	case err != nil:
		return append(rows, microsoft.FailedCheck(rowConnection, err, ""))
	}
	row := connector.Check{Name: rowConnection, Result: connector.Works, Text: fmt.Sprintf("there, state %s", have.State)}
	switch have.State {
	case stateObsolete:
		row.Result, row.Fix = connector.Refused, "Microsoft withdrew a feature that it depends on: it can only be read and deleted. Make a new one."
	case stateLimitExceeded:
		row.Result, row.Fix = connector.Refused, "It has no room for new items; changes and deletes still go. Ask Microsoft for more, or send less."
	}
	return append(append(rows, row), d.checkRegistered(ctx))
}

func (d *destination) checkRegistered(ctx context.Context) connector.Check {
	have, err := d.graph.readSchema(ctx)
	switch {
	case isClass(err, fault.NotFound):
		return connector.Check{Name: rowSchema, Result: connector.NotNeeded, Text: "not registered yet; the first run does it"}
	case err != nil:
		return microsoft.FailedCheck(rowSchema, err, "")
	}
	want, err := d.wanted(have, nil)
	if err != nil {
		return microsoft.FailedCheck(rowSchema, err, "")
	}
	changes, _ := compareSchemas(have, want)
	switch refused := refusals(changes); {
	case len(refused) > 0:
		row := microsoft.FailedCheck(rowSchema, refusedChanges(d.cfg.Connection.ID, refused), "")
		row.Text = fmt.Sprintf("%s: %s %s", row.Text, refused[0].Property, refused[0].Text)
		return row
	case applies(changes):
		return connector.Check{Name: rowSchema, Result: connector.NotNeeded, Text: fmt.Sprintf("registered; the next run changes it in %d places", len(changes))}
	}
	return connector.Check{Name: rowSchema, Result: connector.Works, Text: fmt.Sprintf("registered, %d properties", len(have))}
}
