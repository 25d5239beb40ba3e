// Package app builds everything and starts and stops it in order. Doors get their operations from it. Start at Open.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/audit"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/dataset"
	"github.com/headrace/headrace/internal/destination"
	"github.com/headrace/headrace/internal/event"
	"github.com/headrace/headrace/internal/fileset"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/item"
	"github.com/headrace/headrace/internal/limit"
	"github.com/headrace/headrace/internal/metrics"
	"github.com/headrace/headrace/internal/microsoft"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/overview"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/vault"
	"github.com/headrace/headrace/internal/vault/reference"
)

// Options say what to open.
type Options struct {
	Data       string      // the data folder
	Database   secret.Text // a PostgreSQL URL; empty: SQLite in the data folder
	MasterKey  secret.Text // the master key's URL; empty: the file Data.key
	Init       bool        // make the keyset and the key file even on PostgreSQL
	Serving    bool        // this process collects
	Access     *Access     // nil: the defaults
	Connectors []connector.Spec
	Version    string
	Now        func() time.Time // for tests and the simulator's clock; nil: the database's
	Log        *slog.Logger
}

// Access is how long those who signed in stay signed in, and how long it is remembered what they did.
type Access struct {
	Idle      time.Duration // a session ends after this time without a request
	Absolute  time.Duration // and after this one in any case
	MaxToken  time.Duration // the longest life of a token; 0: tokens without an end are allowed
	AuditKeep time.Duration // of entries of the audit log; 0: for ever
}

// DefaultAccess is what holds where nothing else is said.
func DefaultAccess() Access {
	return Access{Idle: account.DefaultIdle, Absolute: account.DefaultAbsolute, AuditKeep: audit.DefaultKeep}
}

// App is everything, opened.
type App struct {
	Services *api.Services
	Vault    *vault.Vault

	options   Options
	store     *store.Store
	resolver  *reference.Resolver
	limits    *limit.Limits
	transport *microsoft.Shared
	audit     *audit.Log
	signIns   *signIns
	log       *slog.Logger

	events *event.Hub // nil: this process serves nobody
	looks  *dataset.Recorder

	behind atomic.Bool // the keyset was changed and can't be read
	leave  func()      // tells the other nodes that this one stops; nil: there are none

	hooksMu sync.Mutex
	hooks   map[int64]hook // webhook handlers by source
}

// Open opens database and vault and builds the services; nothing works yet. Errors are those of store.Open and
// vault.Open.
func Open(ctx context.Context, o Options) (*App, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &App{options: o, transport: microsoft.Share(newTransport()), log: o.Log}
	var err error
	if a.store, err = store.Open(ctx, store.Options{Dir: o.Data, URL: o.Database.Reveal(), Now: o.Now, Log: o.Log}); err != nil {
		return nil, err
	}
	if err := a.openVault(ctx); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	a.resolver = &reference.Resolver{Log: o.Log}
	a.limits = limit.New(limit.NewMemory())
	if a.store.Shared() {
		a.limits = limit.New(a.store.Quotas())
	}
	a.build()
	if a.store.Shared() {
		if a.leave, err = a.reporting(ctx); err != nil {
			return nil, errors.Join(err, a.Close())
		}
	}
	return a, nil
}

// KeyFile is where the key of a data folder lies: beside it, not inside, so that a copy of the folder has no key.
func KeyFile(data string) string { return strings.TrimRight(filepath.Clean(data), "/") + ".key" }

func (a *App) openVault(ctx context.Context) error {
	key := a.options.MasterKey
	if key.Empty() {
		path, err := filepath.Abs(KeyFile(a.options.Data))
		if err != nil {
			return fmt.Errorf("find the key file: %w", err)
		}
		key = secret.New("file://" + path)
	}
	var err error
	a.Vault, err = vault.Open(ctx, vault.Options{Keysets: a.store, MasterKey: key, AllowCreate: a.options.Init || !a.store.Shared(), Shared: a.store.Shared()})
	return err
}

// build makes the services.
func (a *App) build() {
	connectors := object.Connectors(a.options.Connectors)
	env := a.Env
	access := DefaultAccess()
	if a.options.Access != nil {
		access = *a.options.Access
	}
	a.audit = audit.New(audit.Options{Store: a.store, Vault: a.Vault, Keep: access.AuditKeep, Log: a.log})
	a.signIns = &signIns{log: a.audit, warn: a.log}
	credentials := credential.New(credential.Options{Store: a.store, Vault: a.Vault, Connectors: connectors, Resolver: a.resolver, Env: env, Now: a.now, Used: a.signIns.used})
	sources := source.New(a.store, connectors, credentials, env)
	destinations := destination.New(a.store, connectors, credentials, env, flow.Clash(connectors))
	flows := flow.New(a.store, connectors, sources)
	database := "sqlite"
	if a.store.Shared() {
		database = "postgres"
	}
	a.looks = dataset.NewRecorder(a.store, a.log)
	if a.options.Serving {
		a.events = event.New(a.store, nodeName(), a.log)
	}
	view := overview.New(overview.Options{Store: a.store, Credentials: credentials, Sources: sources, Flows: flows,
		Disk: func() (int64, int64, error) { return space(a.options.Data) }, Blocked: a.limits.Blocked, Log: a.log})
	a.Services = &api.Services{
		Overview:   view,
		Connectors: connectors, Credentials: credentials, Sources: sources, Destinations: destinations, Flows: flows, Store: a.store,
		Items:    &item.Service{Store: a.store, Connectors: connectors, Sources: sources, Destinations: destinations, Flows: flows},
		Datasets: &dataset.Service{Store: a.store, Sources: sources},
		Files:    &fileset.Service{Store: a.store, Credentials: credentials, Sources: sources, Destinations: destinations, Flows: flows},
		Hash:     a.Vault.Hash,
		Accounts: account.New(account.Options{Store: a.store, Audit: a.audit, Node: nodeName(), Nouns: api.Nouns(), Log: a.log,
			Idle: access.Idle, Absolute: access.Absolute, MaxToken: access.MaxToken}),
		Audit: a.audit,
		Log:   a.log,
		Keys:  keys{a},
		Plans: plans{a},
		About: api.About{Version: a.options.Version, Node: nodeName(), Data: a.options.Data, Database: database, Serving: a.options.Serving},
	}
	a.Services.Metrics = metrics.Handler(metrics.Options{Store: a.store, Limits: a.limits, Version: a.options.Version, Log: a.log})
	if a.events != nil {
		a.Services.Events = a.events
	}
}

func (a *App) now() time.Time { return a.store.Now().UTC() }

// Env is what a connector is opened with.
func (a *App) Env(name, flowName string, c *connector.Credential) connector.Env {
	return connector.Env{Name: name, Flow: flowName, Credential: c, Transport: a.transport, Limit: a.limits.Scope, Now: a.now, Log: a.log.With("name", name), Inventory: a.inventory}
}

// inventory is asked for when a connector reads, long after everything is built.
func (a *App) inventory(ctx context.Context, destination string) (connector.Inventory, error) {
	return a.Services.Destinations.Inventory(ctx, destination)
}

func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

// Conn reaches the operations in this process; closing it closes everything.
func (a *App) Conn() *api.Local { return &api.Local{Services: a.Services, Closing: a.Close} }

// Close closes vault and database.
func (a *App) Close() error {
	if a.leave != nil {
		a.leave()
	}
	a.resolver.Close()
	return errors.Join(a.Vault.Close(), a.store.Close())
}
