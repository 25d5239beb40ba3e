package copilot

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// SamplesInput has records to infer a schema of.
type SamplesInput struct {
	Samples []json.RawMessage `yaml:"samples" doc:"Records as the source gives them, some tens; needed with schema: infer"`
}

// Validate has nothing to say.
func (*SamplesInput) Validate() fault.Problems { return nil }

// items maps samples; those that can't be are left out, but not all.
func (in *SamplesInput) items(cfg *Config) ([]connector.Record, error) {
	m, err := newMapper(cfg)
	if err != nil {
		return nil, err
	}
	var out []connector.Record
	var last error
	for _, raw := range in.Samples {
		prepared, err := m.prepare(connector.Record{Key: "sample", Body: raw})
		if err != nil {
			last = err
			continue
		}
		out = append(out, prepared[0].Record)
	}
	if len(out) == 0 && last != nil {
		return nil, fmt.Errorf("none of the samples makes an item; the last: %w", last)
	}
	return out, nil
}

// inferSchema ignores what is registered: it is what a new connection would get.
func inferSchema(_ context.Context, d *destination, in *SamplesInput) (any, error) {
	cfg := *d.cfg
	cfg.Schema = json.RawMessage(inferred)
	items, err := in.items(&cfg)
	if err != nil {
		return nil, err
	}
	fresh := *d.cfg
	return (&destination{cfg: &fresh}).wanted(nil, items)
}

func showSchema(ctx context.Context, d *destination, _ *NoInput) (any, error) {
	schema, err := d.graph.readSchema(ctx)
	if isClass(err, fault.NotFound) {
		return nil, &fault.Error{Class: fault.NotFound, Code: "schema_missing", Title: "No schema is registered for " + d.cfg.Connection.ID, Err: err,
			Hint: "The first run of a flow registers it, or: headrace copilot schema register."}
	}
	return schema, err
}

// A schemaDiff is what would become of a registered schema.
type schemaDiff struct {
	Registered bool           `json:"registered"`
	Allowed    bool           `json:"allowed"`
	Changes    []schemaChange `json:"changes"`
	merged     []Property
}

func (d *destination) diff(ctx context.Context, in *SamplesInput) (schemaDiff, error) {
	have, err := d.graph.readSchema(ctx)
	fresh := isClass(err, fault.NotFound)
	if err != nil && !fresh {
		return schemaDiff{}, err
	}
	items, err := in.items(d.cfg)
	if err != nil {
		return schemaDiff{}, err
	}
	want, err := d.wanted(have, items)
	if err != nil {
		return schemaDiff{}, err
	}
	if problems := checkCloud(d.graph.client.Cloud(), want, d.cfg.Connection.ContentCategory); len(problems) > 0 {
		return schemaDiff{}, problems.Err()
	}
	changes, merged := compareSchemas(have, want)
	if changes == nil {
		changes = []schemaChange{}
	}
	return schemaDiff{Registered: !fresh, Allowed: len(refusals(changes)) == 0, Changes: changes, merged: merged}, nil
}

func diffSchema(ctx context.Context, d *destination, in *SamplesInput) (any, error) {
	return d.diff(ctx, in)
}

func registerSchema(ctx context.Context, d *destination, in *SamplesInput) (any, error) {
	diff, err := d.diff(ctx, in)
	switch {
	case err != nil:
		return nil, err
	case !diff.Allowed:
		return nil, refusedChanges(d.cfg.Connection.ID, refusals(diff.Changes))
	case !applies(diff.Changes):
		return map[string]any{"operation": "", "note": "the registered schema is right as it is"}, nil
	}
	r := receipt{}
	if err := d.register(ctx, &r, diff.merged); err != nil && r.Operation == "" {
		return nil, err
	}
	if r.Operation == unknownOperation { // Graph did not say
		r.Operation = ""
	}
	return map[string]any{"operation": r.Operation, "changes": diff.Changes, "note": "Microsoft usually takes 5–15 minutes"}, nil
}

func showOperation(ctx context.Context, d *destination, in *IDInput) (any, error) {
	return d.graph.readOperation(ctx, in.ID)
}
