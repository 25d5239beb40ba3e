package copilot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

func sourceActions() []connector.Action {
	return []connector.Action{
		{Name: "get", Summary: "Any GET below /external by hand.", Input: func() connector.Config { return &GetInput{Path: connections} }, Run: runSource},
	}
}

// destinationActions are what can be done with a connection beside filling it.
func destinationActions() []connector.Action {
	return []connector.Action{
		action("connection-list", "Lists the connections that the app may see.", false, &NoInput{}, listConnections),
		action("connection-show", "Shows the connection with its state.", false, &NoInput{}, showConnection),
		action("connection-create", "Makes the connection if it is not there, and sets what of it is set otherwise.", true, &NoInput{}, createConnection),
		action("connection-remove", "Deletes the connection with its schema, all items and groups. There is no way back.", true, &ConnectionInput{}, removeConnection),
		action("schema-show", "Shows the schema that is registered.", false, &NoInput{}, showSchema),
		action("schema-infer", "Makes a schema of sample records; nothing is sent.", false, &SamplesInput{}, inferSchema),
		action("schema-diff", "Tells what would become of the registered schema, and what Microsoft does not allow.", false, &SamplesInput{}, diffSchema),
		action("schema-register", "Registers the schema, or the changes that Microsoft allows, and gives the operation that does it.", true, &SamplesInput{}, registerSchema),
		action("operation-show", "Shows how far a registration of a schema has come.", false, &IDInput{}, showOperation),
		action(connector.ItemShow, "Shows an item as it is in the tenant, and what a record would make of it.", false, &ItemInput{}, showItem),
		action("item-send", "Maps one record and sends its item. The inventory of a mirror does not hear of it.", true, &RecordInput{}, sendItem),
		action("item-delete", "Deletes one item. The inventory of a mirror does not hear of it.", true, &IDInput{}, deleteItem),
		action("group-show", "Shows an external group; Graph can list neither groups nor members.", false, &GroupInput{}, showGroup),
		action("group-create", "Makes an external group.", true, &NewGroupInput{}, createGroup),
		action("group-delete", "Deletes an external group. Nobody sees by it any more.", true, &GroupInput{}, deleteGroup),
		action("member-add", "Adds a user, group or external group to an external group.", true, &MemberInput{Type: aclUser}, addMember),
		action("member-remove", "Takes one out of an external group.", true, &MemberInput{Type: aclUser}, removeMember),
		action("access-test", "Tells whether somebody can see an item, as far as its access list says.", false, &AccessInput{}, testAccess),
		action("quota", "Tells how many items may still be added (beta).", false, &NoInput{}, showQuota),
		action("doctor", "Looks for what keeps people from finding the content.", false, &NoInput{}, doctor),
	}
}

// action adapts an operation to its input's type, whose defaults stand in fresh, and opens the destination for it.
func action[In any, P interface {
	*In
	connector.Config
}](name, summary string, changes bool, fresh P, do func(context.Context, *destination, P) (any, error)) connector.Action {
	return connector.Action{Name: name, Summary: summary, Changes: changes,
		Input: func() connector.Config { c := *fresh; return P(&c) },
		Run: func(ctx context.Context, cfg connector.Config, env connector.Env, input connector.Config) (json.RawMessage, error) {
			in, ok := input.(P)
			if !ok {
				return nil, fault.New(fault.Internal, "action %s of %s with %T", name, Name, input)
			}
			if err := in.Validate().Err(); err != nil {
				return nil, err
			}
			opened, err := openDestination(cfg, env)
			if err != nil {
				return nil, err
			}
			defer func() { _ = opened.Close() }()
			out, err := do(ctx, opened.(*destination), in)
			if err != nil {
				return nil, err
			}
			return encodeJSON(out)
		}}
}

// NoInput is for actions that need nothing.
type NoInput struct{}

// Validate has nothing to say.
func (*NoInput) Validate() fault.Problems { return nil }

// GetInput is one GET by hand.
type GetInput struct {
	Path    string            `yaml:"path" doc:"The path below /v1.0, beginning with /external" example:"/external/connections"`
	Beta    bool              `yaml:"beta" doc:"Below /beta in place of /v1.0"`
	Query   map[string]string `yaml:"query" doc:"The query's parameters"`
	Headers map[string]string `yaml:"headers" doc:"More request headers"`
}

func (in *GetInput) get() Get {
	return Get{Name: "get", Path: in.Path, Beta: in.Beta, Query: in.Query, Headers: in.Headers, Records: "."}
}

// Validate keeps the request below /external and the sign-in ours.
func (in *GetInput) Validate() fault.Problems { return in.get().validate(nil) }

func runSource(ctx context.Context, cfg connector.Config, env connector.Env, input connector.Config) (json.RawMessage, error) {
	in, ok := input.(*GetInput)
	if !ok {
		return nil, fault.New(fault.Internal, "an action of %s with %T", Name, input)
	}
	if err := in.Validate().Err(); err != nil {
		return nil, err
	}
	opened, err := openSource(cfg, env)
	if err != nil {
		return nil, err
	}
	defer func() { _ = opened.Close() }()
	path, query, err := in.get().filled(nil)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	for name, value := range in.Headers {
		header.Set(name, value)
	}
	for raw, err := range opened.(*source).graph.pages(ctx, path, query, header) {
		return raw, err // the first page, whose nextLink tells the way on
	}
	return nil, nil
}

// IDInput names one thing.
type IDInput struct {
	ID string `yaml:"id" doc:"The ID of it in the connection" example:"policies-leave-md--9ff9bb941f7a28c6780ee2a2c1e05dfe"`
}

// Validate wants it.
func (in *IDInput) Validate() fault.Problems { return needed("id", in.ID) }

func needed(field, value string) fault.Problems {
	if strings.TrimSpace(value) == "" {
		return fault.Problems{{Field: field, Text: "is missing"}}
	}
	return nil
}

// remove deletes; what is not there is gone.
func (d *destination) remove(ctx context.Context, segments ...string) (any, error) {
	_, err := d.graph.send(ctx, http.MethodDelete, d.graph.path(segments...), nil, nil)
	if isClass(err, fault.NotFound) && !gone(err) {
		err = nil
	}
	return map[string]string{"removed": segments[len(segments)-1]}, err
}

// missing says of a NotFound what is not there, and what to do.
func (d *destination) missing(err error, what, hint string, args ...any) error {
	f, ok := fault.As(err)
	if !ok || f.Class != fault.NotFound {
		return err
	}
	if gone(err) {
		return d.absent(err)
	}
	return &fault.Error{Class: f.Class, Code: f.Code, Upstream: f.Upstream, Err: err,
		Title: fmt.Sprintf("there is no %s in the connection %s", what, d.cfg.Connection.ID), Hint: fmt.Sprintf(hint, args...)}
}

func showQuota(ctx context.Context, d *destination, _ *NoInput) (any, error) {
	var raw json.RawMessage
	_, err := d.graph.send(ctx, http.MethodGet, beta+d.graph.path("quota"), nil, &raw)
	return raw, d.missing(err, "quota", "")
}
