// Package copilot fills Microsoft 365 Copilot and Microsoft Search with content, and reads back what can be read: Microsoft
// Graph's external connections.
//
// A connection is one data source in the tenant; it has a schema and holds items, each with properties, a text and a
// list of who may see it. As a destination this connector makes of every record one item: prepare.go maps and checks
// it without talking to anybody, destination.go sends it, ready.go brings the connection and its schema up before. Graph cannot list items, so
// the engine's inventory is the only memory of what was sent. As a source it reads connections, schemas, quotas, and
// items and groups that are named. Start at Spec, then prepare.go and destination.go.
package copilot

import (
	"context"
	_ "embed" // the README
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// Name is the connector's name.
const Name = "microsoft-365-copilot"

//go:embed README.md
var readme string

// Spec is what the connector is and can do.
func Spec() connector.Spec {
	return connector.Spec{
		Name:    Name,
		Title:   "Microsoft 365 Copilot",
		Summary: "Content for Copilot and Microsoft Search: Microsoft Graph external connections, kept in step with a source, and read back.",
		README:  readme,
		Source: &connector.SourceSpec{
			Config:   newSourceConfig,
			Open:     openSource,
			Mutable:  true,
			Interval: func(cfg connector.Config) time.Duration { return cfg.(*SourceConfig).Interval.Std() },
			Streams:  func(cfg connector.Config) []string { return cfg.(*SourceConfig).streams() },
			Samples:  func(cfg connector.Config) string { return cfg.(*SourceConfig).Samples },
			Actions:  sourceActions(),
			Check: func(ctx context.Context, cfg connector.Config, env connector.Env) []connector.Check {
				return checkSource(ctx, cfg.(*SourceConfig), env)
			},
		},
		Destination: &connector.DestinationSpec{
			Config:       NewConfig,
			Open:         openDestination,
			Keyed:        true,
			Lanes:        1,
			BatchRecords: batchRecords,
			Prepare:      prepare,
			Actions:      destinationActions(),
			Check: func(ctx context.Context, cfg connector.Config, env connector.Env) []connector.Check {
				return checkDestination(ctx, cfg.(*Config), env)
			},
		},
		Credential: &connector.CredentialSpec{
			Permissions: permissions(),
			Guide:       guide,
			ConsentURL:  microsoft.ConsentURL,
			Check:       checkCredential,
		},
	}
}

// batchRecords is as many items as are written in well under the time that a batch may take after a stop request, at
// the rate that connections have been seen to allow (some 30 a second: reference of limits, in the README).
const batchRecords = 400

func openDestination(cfg connector.Config, env connector.Env) (connector.Destination, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fault.New(fault.Internal, "open %s: a config of type %T", Name, cfg)
	}
	if err := c.Validate().Err(); err != nil {
		return nil, err
	}
	return openTimed(c, env, microsoft.Timing{})
}

func openTimed(c *Config, env connector.Env, timing microsoft.Timing) (*destination, error) {
	schema, err := c.schema()
	if err != nil {
		return nil, err
	}
	g, err := openGraph(env, c.Connection.ID, c.WritesPerMinute, timing)
	if err != nil {
		return nil, err
	}
	return &destination{cfg: c, want: schema, graph: g, env: env, pace: newPace()}, nil
}
