// Package office365 reads the Office 365 Management Activity API: the audit activity of Exchange, SharePoint, Entra ID,
// Teams and everything else that a tenant's unified audit log holds.
//
// The API lists content blobs by the time at which they became available; a blob is an array of records. One split is
// one blob. Listing is not stable near now, and blobs can appear with an earlier time than ones listed before, so
// nothing here hangs on a moving position alone: see cursor.go for what is remembered and plan.go for what is asked.
// Start at Spec, then source.go.
package office365

import (
	"context"
	_ "embed" // the README
	"net/http"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// Name is the connector's name.
const Name = "office-365-management-api"

//go:embed README.md
var readme string

// Spec is what the connector is and can do.
func Spec() connector.Spec {
	return connector.Spec{
		Name:    Name,
		Title:   "Office 365 Management Activity API",
		Summary: "Audit activity of Exchange, SharePoint, Entra ID, Teams, DLP and the rest of Microsoft 365. The service keeps 7 days.",
		README:  readme,
		Source: &connector.SourceSpec{
			Config:   NewConfig,
			Open:     open,
			Interval: func(cfg connector.Config) time.Duration { return cfg.(*Config).Interval.Std() },
			Range:    rangeCursor,
			Listed:   listedBy,
			Horizon:  horizon,
			Streams:  func(cfg connector.Config) []string { return cfg.(*Config).streams() },
			Hold:     func(cfg connector.Config) int64 { return int64(cfg.(*Config).Hold.Limit) },
			Samples:  func(cfg connector.Config) string { return cfg.(*Config).Samples },
			Actions:  actions(),
			Check: func(ctx context.Context, cfg connector.Config, env connector.Env) []connector.Check {
				return check(ctx, cfg.(*Config), env)
			},
			Webhook: func(cfg connector.Config, env connector.Env, wake func()) http.Handler {
				return webhook(cfg.(*Config), env, wake)
			},
		},
		Credential: &connector.CredentialSpec{
			Permissions: permissions(),
			Guide:       guide,
			ConsentURL:  consentURL,
			Check: func(ctx context.Context, env connector.Env) []connector.Check {
				return check(ctx, nil, env)
			},
		},
	}
}

func open(cfg connector.Config, env connector.Env) (connector.Source, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fault.New(fault.Internal, "open %s: a config of type %T", Name, cfg)
	}
	if err := c.Validate().Err(); err != nil {
		return nil, err
	}
	return openTimed(c, env, microsoft.Timing{})
}

func openTimed(c *Config, env connector.Env, timing microsoft.Timing) (connector.Source, error) {
	api, err := newAPI(c, env, timing)
	if err != nil {
		return nil, err
	}
	return &source{cfg: c, api: api, env: env}, nil
}
