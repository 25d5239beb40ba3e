package app

import (
	"context"
	"errors"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/transform"
)

// guardKeys is how many items a mirror may always delete; the flow's own guard is a part of all.
const guardKeys = 10

// opener opens for the engine what people configured.
type opener struct{ a *App }

// OpenSource opens a source.
func (o opener) OpenSource(ctx context.Context, object store.Object) (*engine.Source, error) {
	opened, use, err := o.a.Services.Sources.Open(ctx, object)
	if err != nil {
		return nil, err
	}
	return &engine.Source{Source: opened, Spec: *use.Connector.Source, Config: use.Config, Object: object}, nil
}

// OpenFlow opens a flow's destination and compiles its transform.
func (o opener) OpenFlow(ctx context.Context, object, _, destination store.Object) (*engine.Flow, error) {
	settings, err := flow.Read(object)
	if err != nil {
		return nil, err
	}
	chain, err := transform.Compile(settings.Transform, transform.Limits{})
	if err != nil {
		return nil, err
	}
	opened, use, err := o.a.Services.Destinations.Open(ctx, destination, object.Name)
	if err != nil {
		return nil, err
	}
	spec := *use.Connector.Destination
	f := &engine.Flow{Destination: opened, Spec: spec, Object: object, Mirror: settings.Mode == flow.Mirror, Rules: engine.MirrorRules{
		Deletes: settings.Deletes, GuardPercent: float64(settings.Guard), GuardKeys: guardKeys, Every: settings.Schedule.Every.Std(), Full: settings.Schedule.Full.Std(),
	}}
	if spec.Holds != nil {
		f.Holds = func(after connector.Receipt) (bool, error) { return spec.Holds(use.Config, object.Name, after) }
	}
	if spec.MaxRecord != nil {
		f.MaxRecord = spec.MaxRecord(use.Config)
	}
	if len(settings.Transform) > 0 {
		f.Transform = func(ctx context.Context, r connector.Record, emit func(connector.Record) error) error {
			return chain.Apply(ctx, r, emit)
		}
	}
	if spec.Keyed && spec.Prepare != nil {
		if f.Prepare, err = spec.Prepare(use.Config); err != nil {
			_ = opened.Close()
			return nil, err
		}
	}
	return f, nil
}

// plans does what api.Plans offers, with an engine of its own: it takes no lease and works beside the one that collects.
type plans struct{ a *App }

// Plan says what a mirror's crawl would do.
func (p plans) Plan(ctx context.Context, object store.Object, samples int) (engine.Plan, error) {
	e := p.a.engine(nil)
	plan, err := e.Plan(ctx, object, samples)
	return plan, errors.Join(err, e.Close())
}
