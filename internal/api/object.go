package api

import (
	"context"
	"encoding/json"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
)

// What to do when the name of a new object is taken.
const (
	IfExistsFail   = "fail"
	IfExistsOK     = "ok"     // leave it as it is
	IfExistsUpdate = "update" // give it the new settings
)

// A Draft is an object to be made.
type Draft struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Spec        json.RawMessage `json:"spec"`
	Paused      bool            `json:"paused,omitempty"`
	IfExists    string          `json:"if_exists,omitempty"`
	Rehearsal
}

// A Rehearsal does nothing but tell what would be.
type Rehearsal struct {
	DryRun bool `json:"dry_run,omitempty" doc:"only tell what would be: the answer is as if it were done, and nothing is changed"`
}

// rehearsed tells whether an input asks for no more than to know.
func (r Rehearsal) rehearsed() bool { return r.DryRun }

// rehearsing is an input with a Rehearsal.
type rehearsing interface{ rehearsed() bool }

func (d Draft) draft() (object.Draft, error) {
	node, err := mapping(d.Spec, "spec")
	return object.Draft{Name: d.Name, Description: d.Description, Spec: node, Paused: d.Paused}, err
}

// replacement is the change that gives an existing object a draft's settings.
func (d Draft) replacement() (object.Change, error) {
	node, err := mapping(d.Spec, "spec")
	return object.Change{Replace: node, Description: &d.Description}, err
}

// A Change edits an object.
type Change struct {
	Name        string          `json:"name"`
	Revision    int64           `json:"revision,omitempty"` // the one it was made from; 0: whatever is there
	Rename      string          `json:"rename,omitempty"`
	Description *string         `json:"description,omitempty"`
	Patch       json.RawMessage `json:"patch,omitempty"` // RFC 7396, over the spec
	Detach      bool            `json:"detach,omitempty"`
	Rehearsal
}

func (c Change) change() (object.Change, error) {
	out := object.Change{Revision: c.Revision, Rename: c.Rename, Description: c.Description, Detach: c.Detach}
	if len(c.Patch) == 0 {
		return out, nil
	}
	var err error
	out.Patch, err = mapping(c.Patch, "patch")
	return out, err
}

// mapping reads settings; field is what the request calls them.
func mapping(raw json.RawMessage, field string) (*yaml.Node, error) {
	node, err := config.ParseOne(raw)
	if err != nil {
		return nil, err
	}
	if node.Kind != yaml.MappingNode {
		return nil, fault.Problems{{Field: field, Text: "must be a mapping"}}.Err()
	}
	unplace(node)
	return node, nil
}

// unplace forgets the lines of a spec that nobody sees as a text.
func unplace(node *yaml.Node) {
	node.Line, node.Column = 0, 0
	for _, c := range node.Content {
		unplace(c)
	}
}

// exists tells whether an error says that a name is taken.
func exists(err error) bool {
	e, ok := fault.As(err)
	return ok && e.Code == "name_taken"
}

// A Pause stops an object.
type Pause struct {
	Name   string `json:"name"`
	Reason string `json:"reason,omitempty"`
	Rehearsal
}

// A Resumption lets a paused object go on.
type Resumption struct {
	Name string `json:"name"`
	Rehearsal
}

// A Removal removes an object.
type Removal struct {
	Name     string `json:"name"`
	Revision int64  `json:"revision,omitempty"`
	Rehearsal
}

func remove(ctx context.Context, k object.Keeper, in Removal) (None, error) {
	_, err := k.Remove(ctx, in.Name, in.Revision)
	return None{}, err
}

// A Check is connector.Check as it travels.
type Check struct {
	Name    string          `json:"name"`
	Result  string          `json:"result"`
	Text    string          `json:"text"`
	Fix     string          `json:"fix,omitempty"`
	Link    string          `json:"link,omitempty"`
	TookMS  int64           `json:"took_ms,omitempty"`
	OK      bool            `json:"ok"`
	Class   string          `json:"class,omitempty"` // of what the remote said
	Code    string          `json:"code,omitempty"`
	Service *fault.Upstream `json:"upstream,omitempty"`
}
