package api

import (
	"context"

	"github.com/headrace/headrace/internal/account"
	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/fileset"
)

// AboutServer tells which process answers.
var AboutServer = Operation[None, About]{Name: "about", Route: "GET /about", Summary: "Tell which process answers", Do: func(_ context.Context, s *Services, _ None) (About, error) { return s.About, nil }}

// A Connector is a connector as doors show it.
type Connector struct {
	Name        string         `json:"name"`
	Title       string         `json:"title"`
	Summary     string         `json:"summary"`
	Use         []string       `json:"use"` // source, destination
	Credential  bool           `json:"credential"`
	Keyed       bool           `json:"keyed,omitempty" doc:"as a destination it recognises records by their keys: a flow into it may be a mirror"`
	Forgets     bool           `json:"forgets,omitempty" doc:"as a source it has a thing for some days only: what a mirror of it holds goes with it"`
	Source      []config.Field `json:"source,omitempty"`
	Destination []config.Field `json:"destination,omitempty"`
	README      string         `json:"readme,omitempty"`
}

// ConnectorOf describes a connector; whole: with its settings and its page.
func ConnectorOf(spec connector.Spec, whole bool) Connector {
	c := Connector{Name: spec.Name, Title: spec.Title, Summary: spec.Summary, Credential: spec.Credential != nil, Use: []string{}}
	if spec.Source != nil {
		c.Use, c.Forgets = append(c.Use, "source"), spec.Source.Horizon > 0
		if whole {
			c.Source = config.Fields(spec.Source.Config())
		}
	}
	if spec.Destination != nil {
		c.Use, c.Keyed = append(c.Use, "destination"), spec.Destination.Keyed
		if whole {
			c.Destination = config.Fields(spec.Destination.Config())
		}
	}
	if whole {
		c.README = spec.README
	}
	return c
}

// ConnectorList lists connectors.
var ConnectorList = Operation[None, Page[Connector]]{Name: "connector.list", Route: "GET /connectors", Summary: "List connectors", Do: func(_ context.Context, s *Services, _ None) (Page[Connector], error) {
	all := []Connector{}
	for _, spec := range s.Connectors {
		all = append(all, ConnectorOf(spec, false))
	}
	return Page[Connector]{Items: all}, nil
}}

// ConnectorShow shows one with its settings.
var ConnectorShow = Operation[Named, Connector]{Name: "connector.show", Route: "GET /connectors/{name}", Summary: "Show a connector and its settings", Do: func(_ context.Context, s *Services, in Named) (Connector, error) {
	spec, err := s.Connectors.Find(in.Name)
	if err != nil {
		return Connector{}, &fault.Error{Class: fault.NotFound, Code: "connector_not_found", Title: err.Error(), Hint: "headrace connector list shows what there is"}
	}
	return ConnectorOf(spec, true), nil
}}

// FilesPlan tells what applying files would do.
var FilesPlan = Operation[fileset.Request, fileset.Plan]{Name: "files.plan", Route: "POST /files/plan", Role: account.Operator, Summary: "Tell what applying files would change", Do: func(ctx context.Context, s *Services, in fileset.Request) (fileset.Plan, error) {
	return s.Files.Plan(ctx, in)
}}

// FilesApply makes what is there like the files.
var FilesApply = Operation[fileset.Request, fileset.Plan]{Name: "files.apply", Route: "POST /files/apply", Role: account.Admin, Summary: "Make what is there like the files", Changes: true, Do: func(ctx context.Context, s *Services, in fileset.Request) (fileset.Plan, error) {
	return s.Files.Apply(ctx, in)
}}

// Exported is objects as a file.
type Exported struct {
	YAML string `json:"yaml"`
}

// FilesExport writes objects as a file.
var FilesExport = Operation[fileset.Selection, Exported]{Name: "files.export", Route: "POST /files/export", Summary: "Write objects as a file", Do: func(ctx context.Context, s *Services, in fileset.Selection) (Exported, error) {
	text, err := s.Files.Export(ctx, in)
	return Exported{YAML: string(text)}, err
}}

// KeyShow names the vault's keys.
var KeyShow = Operation[None, KeyInfo]{Name: "key.show-id", Route: "GET /keys", Role: account.Admin, Summary: "Name the keys that secrets are sealed with", Do: func(ctx context.Context, s *Services, _ None) (KeyInfo, error) {
	return s.Keys.Describe(ctx)
}}

// A KeyRotation says which key to replace.
type KeyRotation struct {
	Master string   `json:"master,omitempty"` // "": the data key; else the new master key's file or URL
	Gone   []string `json:"gone,omitempty"`   // nodes that will not come back
}

// KeyRotate replaces the data key or the master key.
var KeyRotate = Operation[KeyRotation, KeyInfo]{Name: "key.rotate", Route: "POST /keys/rotate", Role: account.Admin, Summary: "Replace the data key or the master key", Changes: true, Do: func(ctx context.Context, s *Services, in KeyRotation) (KeyInfo, error) {
	if in.Master != "" {
		return s.Keys.RotateMaster(ctx, in.Master)
	}
	return s.Keys.Rotate(ctx, in.Gone)
}}
