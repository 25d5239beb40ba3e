package office365

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// The names of the rows that are not permissions.
const (
	rowToken = microsoft.TokenRow
	rowAudit = "Audit logging in the tenant"
	rowLive  = "Live read"
	rowClock = "Clock"
)

// check signs in, compares the permissions and lists the subscriptions; it changes nothing. cfg nil: of the credential
// alone, without a source.
func check(ctx context.Context, cfg *Config, env connector.Env) []connector.Check {
	with := cfg
	if with == nil {
		with = NewConfig().(*Config)
	}
	if err := with.Validate().Err(); err != nil {
		return []connector.Check{microsoft.FailedCheck("Settings", err, "")}
	}
	a, err := newAPI(with, env, microsoft.Timing{})
	if err != nil {
		return []connector.Check{microsoft.FailedCheck(rowToken, err, "")}
	}
	defer func() { _ = a.client.Close() }()
	c := &checker{api: a, cfg: cfg, env: env}
	return c.run(ctx)
}

type checker struct {
	api  *api
	cfg  *Config
	env  connector.Env
	rows []connector.Check
}

func (c *checker) run(ctx context.Context) []connector.Check {
	rows, ok := c.api.client.CheckSignIn(ctx, rights(), c.needs)
	c.rows = rows
	if ok {
		c.live(ctx)
	} else {
		c.rows = append(c.rows, connector.Check{Name: rowAudit, Result: connector.Unknown, Text: "cannot tell without a token"})
	}
	return append(c.rows, c.clock())
}

// needs tells whether the source uses a permission that only some do.
func (c *checker) needs(name string) bool {
	return name == dlpRight && c.cfg != nil && slices.Contains(c.cfg.streams(), "DLP.All")
}

// live lists the subscriptions, which also tells whether audit logging is on.
func (c *checker) live(ctx context.Context) {
	began := c.env.Now()
	subs, err := c.api.subscriptions(ctx)
	took := c.env.Now().Sub(began)
	audit := connector.Check{Name: rowAudit, Result: connector.Works, Text: "on: the tenant has running subscriptions"}
	if !slices.ContainsFunc(slices.Collect(maps.Values(subs)), subscription.on) {
		audit.Result, audit.Text = connector.NotNeeded, "cannot tell yet: the service says so when the first subscription is started"
	}
	live := connector.Check{Name: rowLive, Result: connector.Works, Took: took, Text: fmt.Sprintf("listed the subscriptions: %s", counted(subs))}
	if err != nil {
		live = microsoft.FailedCheck(rowLive, err, c.api.client.Cloud().AppURL(c.env.Credential.ClientID, "CallAnAPI"))
		live.Took = took
		audit = connector.Check{Name: rowAudit, Result: connector.Unknown, Text: "cannot tell while the live read fails"}
		if f, ok := fault.As(err); ok && f.Code == "audit_log_off" {
			audit = microsoft.FailedCheck(rowAudit, err, c.api.client.Cloud().AuditURL())
			audit.Result, audit.Text = connector.Missing, "off"
			live = connector.Check{Name: rowLive, Result: connector.Unknown, Text: "cannot tell until audit logging is on", Took: took}
		}
	}
	c.rows = append(c.rows, audit, live)
	if err == nil && c.cfg != nil {
		for _, name := range c.cfg.streams() {
			c.rows = append(c.rows, c.subscription(name, subs))
		}
	}
}

func (c *checker) subscription(name string, subs map[string]subscription) connector.Check {
	row := connector.Check{Name: "Subscription " + name, Result: connector.Works, Text: "enabled"}
	sub, ok := subs[name]
	switch {
	case ok && sub.on():
		return row
	case c.cfg.StartSubscriptions && !ok:
		row.Result, row.Text = connector.NotNeeded, "not started yet; the first listing starts it"
	case c.cfg.StartSubscriptions:
		row.Result, row.Text = connector.NotNeeded, "disabled; the next listing starts it again"
	default:
		row.Result, row.Text = connector.Missing, "not running, and startSubscriptions is off"
		row.Fix = "Start it with: headrace subscription start, or set startSubscriptions: true."
	}
	return row
}

// clock tells how far this machine's clock is from the service's.
func (c *checker) clock() connector.Check {
	skew, known := c.api.client.Skew()
	row := connector.Check{Name: rowClock, Result: connector.Works, Text: "agrees with the service's"}
	switch {
	case !known:
		row.Result, row.Text = connector.Unknown, "the service's time is not known"
	case skew.Abs() > 5*time.Minute:
		row.Result, row.Text = connector.Missing, fmt.Sprintf("%s %s", skew.Abs().Round(time.Second), direction(skew))
		row.Fix = "Set this machine's clock (NTP). Times are corrected meanwhile, but sign-in with certificates would fail."
	case skew.Abs() > 2*time.Second:
		row.Text = fmt.Sprintf("%s %s; corrected", skew.Abs().Round(time.Second), direction(skew))
	}
	return row
}

func direction(skew time.Duration) string {
	if skew > 0 {
		return "behind the service's"
	}
	return "ahead of the service's"
}

func counted(subs map[string]subscription) string {
	if len(subs) == 0 {
		return "none yet"
	}
	var names []string
	for name, s := range subs {
		if !s.on() {
			name += " (disabled)"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
