package copilot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/headrace/headrace/internal/fault"
)

// ConnectionInput names the connection again, for what can't be undone.
type ConnectionInput struct {
	Confirm string `yaml:"confirm" doc:"The connection's ID, again"`
}

// Validate wants it.
func (in *ConnectionInput) Validate() fault.Problems {
	if in.Confirm == "" {
		return fault.Problems{{Field: "confirm", Text: "is missing: the connection's ID, because its items are deleted with it"}}
	}
	return nil
}

func listConnections(ctx context.Context, d *destination, _ *NoInput) (any, error) {
	s := &source{cfg: &SourceConfig{}, graph: d.graph, env: d.env}
	all, err := s.connections(ctx)
	if all == nil {
		all = []json.RawMessage{}
	}
	return all, err
}

func showConnection(ctx context.Context, d *destination, _ *NoInput) (any, error) {
	var raw json.RawMessage
	_, err := d.graph.send(ctx, http.MethodGet, beta+d.graph.path(), nil, &raw) // beta counts the items
	if isClass(err, fault.NotFound) {
		return nil, d.absent(err)
	}
	return raw, err
}

// absent says that the connection is not there, to a person who asked for it.
func (d *destination) absent(cause error) error {
	var upstream *fault.Upstream
	if f, ok := fault.As(cause); ok {
		upstream = f.Upstream
	}
	e := noConnection(d.cfg.Connection.ID, fault.NotFound, "The first run of a flow makes it, or: headrace copilot create.")
	e.Upstream, e.Err = upstream, cause
	return e
}

// noConnection says that this app sees no connection with an ID, and how there may be one.
func noConnection(id string, class fault.Class, way string) *fault.Error {
	return &fault.Error{Class: class, Code: "connection_missing", Title: "There is no connection " + id + " that this app may see",
		Hint: way + " If it is in the admin centre, it belongs to another app: add this app's client ID to its configuration.authorizedAppIds."}
}

func createConnection(ctx context.Context, d *destination, _ *NoInput) (any, error) {
	d.cfg.Connection.Create = true
	if err := d.makeConnection(ctx, &receipt{}); err != nil {
		return nil, err
	}
	return showConnection(ctx, d, nil)
}

func removeConnection(ctx context.Context, d *destination, in *ConnectionInput) (any, error) {
	if in.Confirm != d.cfg.Connection.ID {
		return nil, fault.Problems{{Field: "confirm", Text: fmt.Sprintf("is %q; the connection is %s", in.Confirm, d.cfg.Connection.ID)}}.Err()
	}
	if _, err := d.graph.send(ctx, http.MethodDelete, d.graph.path(), nil, nil); err != nil {
		if isClass(err, fault.NotFound) {
			return nil, d.absent(err)
		}
		return nil, fmt.Errorf("remove connection %s: %w", d.cfg.Connection.ID, err)
	}
	return map[string]string{"removed": d.cfg.Connection.ID, "note": "Microsoft goes on deleting for minutes to hours; until then the ID can't be used again"}, nil
}
