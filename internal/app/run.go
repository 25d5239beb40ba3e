package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"

	"golang.org/x/sync/errgroup"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/dispatch"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/telemetry"
)

// dispatcher gives turns until its context ends.
type dispatcher interface {
	Run(ctx context.Context) error
	Wake()
}

func (a *App) engine(wake func()) *engine.Engine {
	return engine.New(engine.Options{Store: a.store, Opener: opener{a}, Node: a.Services.About.Node, HoldDir: filepath.Join(a.options.Data, "hold"), Wake: wake, Sample: a.look, Log: a.log})
}

func (a *App) local() (*dispatch.Local, *engine.Engine) {
	local := dispatch.NewLocal(a.log)
	local.Engine, local.Store = a.engine(local.Wake), a.store
	return local, local.Engine
}

// dispatcher is River where several nodes share a database, else the process's own.
func (a *App) dispatcher() (dispatcher, *engine.Engine) {
	if !a.store.Shared() {
		return a.local()
	}
	shared := dispatch.NewRiver(a.log)
	shared.Engine, shared.Store = a.engine(shared.Wake), a.store
	return shared, shared.Engine
}

// Run collects until ctx ends, then finishes the steps in hand.
func (a *App) Run(ctx context.Context) error {
	if err := a.settle(ctx); err != nil {
		return err
	}
	turns, e := a.dispatcher()
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return a.audit.Run(ctx) })
	all.Go(func() error { return a.observed(ctx, turns.Run) })
	return errors.Join(all.Wait(), e.Close())
}

// Once collects until all that is available now is delivered; watch is called some times a second. It is work of this
// process alone, also where others share the database.
func (a *App) Once(ctx context.Context, watch func(store.Standing)) error {
	if err := a.settle(ctx); err != nil {
		return err
	}
	turns, e := a.local()
	writing, stop := context.WithCancel(ctx)
	var log errgroup.Group
	log.Go(func() error { return a.audit.Run(writing) })
	err := a.observed(ctx, func(ctx context.Context) error { return turns.Once(ctx, watch) })
	stop() // the sums of what was done since the last hour are written now
	return errors.Join(err, log.Wait(), e.Close())
}

// ServeOptions say what Serve listens on.
type ServeOptions struct {
	Web      *WebOptions  // nil: only the socket
	Webhooks net.Listener // nil: none
	Ready    func()       // called when everything listens; may be nil
}

// Serve collects and answers commands on the data folder's socket until ctx ends.
func (a *App) Serve(ctx context.Context, o ServeOptions) error {
	if err := os.MkdirAll(a.options.Data, 0o700); err != nil { // on PostgreSQL nobody has made it yet
		return fmt.Errorf("make the data folder: %w", err)
	}
	socket, err := api.Listen(ctx, a.options.Data)
	if err != nil {
		return err
	}
	defer api.Cleanup(a.options.Data)
	if err := a.settle(ctx); err != nil {
		return errors.Join(err, socket.Close())
	}
	turns, e := a.dispatcher()
	operations := api.Handler(a.Services, a.log)
	all, ctx := errgroup.WithContext(ctx)
	if o.Web != nil {
		door, err := a.door(*o.Web, operations)
		if err != nil {
			return errors.Join(err, socket.Close(), e.Close())
		}
		all.Go(func() error { return api.Serve(ctx, o.Web.Listener, door, a.log) })
	}
	all.Go(func() error { return a.observed(ctx, turns.Run) })
	all.Go(func() error { return a.audit.Run(ctx) })
	if a.events != nil {
		all.Go(func() error { return a.events.Run(ctx) })
	}
	all.Go(func() error { return api.Serve(ctx, socket, api.Owner(operations), a.log) })
	if o.Webhooks != nil {
		all.Go(func() error { return api.Serve(ctx, o.Webhooks, a.webhooks(turns.Wake), a.log) })
	}
	a.log.Info("serving", telemetry.Data, a.options.Data, telemetry.Node, a.Services.About.Node)
	if o.Ready != nil {
		o.Ready()
	}
	debug.FreeOSMemory() // starting leaves garbage that an idle server would keep for minutes
	return errors.Join(all.Wait(), e.Close())
}

// webhooks hands what a remote posts to /webhooks/NAME to the source of that name.
func (a *App) webhooks(wake func()) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks/{source}", func(w http.ResponseWriter, r *http.Request) {
		h, err := a.webhook(r.Context(), r.PathValue("source"), wake)
		if err != nil {
			a.log.Warn("a webhook for no source of ours", telemetry.Err, err)
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
	return mux
}

// webhook gives a source's handler. It is kept until the source or its credential changes, since it remembers what
// it was told.
func (a *App) webhook(ctx context.Context, name string, wake func()) (http.Handler, error) {
	o, err := a.store.Object(ctx, store.Source, name)
	if err != nil {
		return nil, err
	}
	made := fmt.Sprintf("%d.%d", o.ID, o.Revision)
	if o.CredentialID != 0 {
		c, err := a.store.ObjectByID(ctx, store.Credential, o.CredentialID)
		if err != nil {
			return nil, err
		}
		made += fmt.Sprintf(" %d.%d", c.ID, c.Revision)
	}
	a.hooksMu.Lock()
	defer a.hooksMu.Unlock()
	if kept, ok := a.hooks[o.ID]; ok && kept.made == made {
		return kept.handler, nil
	}
	h, err := a.openWebhook(ctx, o, wake)
	if err != nil {
		return nil, err
	}
	if a.hooks == nil {
		a.hooks = map[int64]hook{}
	}
	a.hooks[o.ID] = hook{made: made, handler: h}
	return h, nil
}

// hook is a handler with the revisions that it was made of.
type hook struct {
	made    string
	handler http.Handler
}

func (a *App) openWebhook(ctx context.Context, o store.Object, wake func()) (http.Handler, error) {
	use, err := a.Services.Sources.Read(o)
	if err != nil {
		return nil, err
	}
	if use.Connector.Source.Webhook == nil {
		return nil, fmt.Errorf("source %s takes no webhooks", o.Name)
	}
	env, err := a.Services.Sources.Env(ctx, o)
	if err != nil {
		return nil, err
	}
	later := context.WithoutCancel(ctx)
	h := use.Connector.Source.Webhook(use.Config, env, func() {
		if err := a.store.WakeSource(later, o.ID); err != nil {
			a.log.Warn("a source could not be woken", telemetry.Source, o.Name, telemetry.Err, err)
		}
		wake()
	})
	if h == nil {
		return nil, fmt.Errorf("source %s wants no webhooks", o.Name)
	}
	return h, nil
}
