package copilot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
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
		action("item-show", "Shows an item as it is in the tenant, and what a record would make of it.", false, &ItemInput{}, showItem),
		action("item-send", "Maps one record and sends its item. The inventory of a mirror does not hear of it.", true, &RecordInput{}, sendItem),
		action("item-delete", "Deletes one item. The inventory of a mirror does not hear of it.", true, &IDInput{}, deleteItem),
		action("group-show", "Shows an external group; Graph can list neither groups nor members.", false, &GroupInput{}, showGroup),
		action("group-create", "Makes an external group.", true, &NewGroupInput{}, createGroup),
		action("group-delete", "Deletes an external group. Nobody sees by it any more.", true, &GroupInput{}, deleteGroup),
		action("member-add", "Adds a user, group or external group to an external group.", true, &MemberInput{Type: aclUser}, addMember),
		action("member-remove", "Takes one out of an external group.", true, &MemberInput{Type: aclUser}, removeMember),
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
	return (&fault.Error{Class: fault.NotFound, Code: "connection_missing", Err: cause, Title: "There is no connection " + d.cfg.Connection.ID + " that this app may see"}).
		WithHint("The first run of a flow makes it, or: headrace copilot create. If it is in the admin centre, it belongs to another app.")
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
	return map[string]any{"operation": r.Operation, "changes": diff.Changes, "note": "Microsoft usually takes 5–15 minutes"}, nil
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

func showOperation(ctx context.Context, d *destination, in *IDInput) (any, error) {
	return d.graph.readOperation(ctx, in.ID)
}

// GroupInput names an external group.
type GroupInput struct {
	ID string `yaml:"id" doc:"The group's ID: at most 128 letters, digits, - and _" example:"oncall-lead"`
}

// Validate reports an ID that can't be one.
func (in *GroupInput) Validate() fault.Problems {
	if !legalGroupID.MatchString(in.ID) {
		return fault.Problems{{Field: "id", Text: fmt.Sprintf("is %q; it has 1 to 128 letters, digits, - and _", in.ID)}}
	}
	return nil
}

// NewGroupInput is an external group to be made.
type NewGroupInput struct {
	ID          string `yaml:"id" doc:"The group's ID: at most 128 letters, digits, - and _" example:"oncall-lead"`
	DisplayName string `yaml:"displayName" doc:"Its name for people"`
	Description string `yaml:"description" doc:"Where it comes from"`
}

// Validate reports an ID that can't be one.
func (in *NewGroupInput) Validate() fault.Problems { return (&GroupInput{ID: in.ID}).Validate() }

// MemberInput is one in an external group.
type MemberInput struct {
	Group string `yaml:"group" doc:"The external group's ID"`
	ID    string `yaml:"id" doc:"Object ID in Entra of the user or group, or the ID of another external group"`
	Type  string `yaml:"type" doc:"What it is" enum:"user,group,externalGroup"`
}

// Validate wants IDs as Graph takes them.
func (in *MemberInput) Validate() fault.Problems {
	p := (&GroupInput{ID: in.Group}).Validate()
	for i := range p {
		p[i].Field = "group"
	}
	add := func(field, text string) { p = append(p, fault.Problem{Field: field, Text: text}) }
	switch in.Type {
	case aclUser, aclGroup:
		if why := badObjectID(in.Type, in.ID); why != nil {
			add("id", why.Title+". "+why.Hint)
		}
	case aclExternalGroup:
		if !legalGroupID.MatchString(in.ID) {
			add("id", fmt.Sprintf("is %q; it has 1 to 128 letters, digits, - and _", in.ID))
		}
	default:
		add("type", fmt.Sprintf("is %q; it is user, group or externalGroup", in.Type))
	}
	return p
}

func showGroup(ctx context.Context, d *destination, in *GroupInput) (any, error) {
	var raw json.RawMessage
	_, err := d.graph.send(ctx, http.MethodGet, d.graph.path("groups", in.ID), nil, &raw)
	return raw, err
}

func createGroup(ctx context.Context, d *destination, in *NewGroupInput) (any, error) {
	body := map[string]string{"id": in.ID}
	if in.DisplayName != "" {
		body["displayName"] = in.DisplayName
	}
	if in.Description != "" {
		body["description"] = in.Description
	}
	if _, err := d.graph.sendJSON(ctx, http.MethodPost, d.graph.path("groups"), body); err != nil {
		return nil, err
	}
	return showGroup(ctx, d, &GroupInput{ID: in.ID})
}

// remove deletes; what is not there is gone.
func (d *destination) remove(ctx context.Context, segments ...string) (any, error) {
	_, err := d.graph.send(ctx, http.MethodDelete, d.graph.path(segments...), nil, nil)
	if isClass(err, fault.NotFound) && !gone(err) {
		err = nil
	}
	return map[string]string{"removed": segments[len(segments)-1]}, err
}

func deleteGroup(ctx context.Context, d *destination, in *GroupInput) (any, error) {
	return d.remove(ctx, "groups", in.ID)
}

func addMember(ctx context.Context, d *destination, in *MemberInput) (any, error) {
	member := map[string]string{"id": in.ID, "type": in.Type}
	_, err := d.graph.sendJSON(ctx, http.MethodPost, d.graph.path("groups", in.Group, "members"), member)
	return member, err
}

func removeMember(ctx context.Context, d *destination, in *MemberInput) (any, error) {
	return d.remove(ctx, "groups", in.Group, "members", in.ID)
}

func showQuota(ctx context.Context, d *destination, _ *NoInput) (any, error) {
	var raw json.RawMessage
	_, err := d.graph.send(ctx, http.MethodGet, beta+d.graph.path("quota"), nil, &raw)
	return raw, err
}

// ItemInput names an item and, to compare it, the record it was made of.
type ItemInput struct {
	ID     string          `yaml:"id" doc:"The item's ID, or the key it was made of"`
	Record json.RawMessage `yaml:"record" doc:"The source's record, to compare what it makes with what is in the tenant"`
	Key    string          `yaml:"key" doc:"The record's key at its source"`
}

// Validate wants an ID or a record.
func (in *ItemInput) Validate() fault.Problems {
	if len(in.Record) > 0 {
		return nil
	}
	return needed("id", in.ID)
}

// RecordInput is one record.
type RecordInput struct {
	Record json.RawMessage `yaml:"record" doc:"The record, as the source gives it"`
	Key    string          `yaml:"key" doc:"Its key at the source; needed where item.id is not set"`
}

// Validate wants a record.
func (in *RecordInput) Validate() fault.Problems { return needed("record", string(in.Record)) }

// An itemView is an item as it should be and as it is.
type itemView struct {
	ID         string          `json:"id"`
	Made       json.RawMessage `json:"made,omitempty"` // of the record
	Stored     json.RawMessage `json:"stored,omitempty"`
	Found      bool            `json:"found"`
	Same       *bool           `json:"same,omitempty"`
	Different  []string        `json:"different,omitempty"` // members that differ
	Notes      []string        `json:"notes,omitempty"`
	LeadToItem string          `json:"url,omitempty"`
}

func (d *destination) made(key string, record json.RawMessage) (connector.Prepared, error) {
	m, err := newMapper(d.cfg)
	if err != nil {
		return connector.Prepared{}, err
	}
	prepared, err := m.prepare(connector.Record{Key: key, Body: record})
	if err != nil {
		return connector.Prepared{}, err
	}
	return prepared[0], nil
}

func showItem(ctx context.Context, d *destination, in *ItemInput) (any, error) {
	v := itemView{ID: namedItem(in.ID)}
	if len(in.Record) > 0 {
		p, err := d.made(in.Key, in.Record)
		if err != nil {
			return nil, err
		}
		v.ID, v.Made, v.Notes = p.Key, p.Body, p.Notes
	}
	_, err := d.graph.send(ctx, http.MethodGet, d.graph.path("items", v.ID), nil, &v.Stored)
	if isClass(err, fault.NotFound) && !gone(err) {
		v.Notes = append(v.Notes, "it is not in the tenant")
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	v.Found = true
	if u := withLabel(d.want, "url"); u != nil {
		if it, err := readItem(v.Stored); err == nil {
			v.LeadToItem, _ = it.Properties[u.Name].(string)
		}
	}
	if v.Made != nil {
		same, different := compareItems(v.Made, v.Stored)
		v.Same, v.Different = &same, different
	}
	return v, nil
}

// compareItems tells which members of an item are not what was sent.
func compareItems(made, stored json.RawMessage) (same bool, different []string) {
	a, errA := readItem(made)
	b, errB := readItem(stored)
	if errA != nil || errB != nil {
		return false, []string{"unreadable"}
	}
	if !sameJSON(a.ACL, b.ACL) {
		different = append(different, "acl")
	}
	if !sameJSON(a.Content, b.Content) {
		different = append(different, "content")
	}
	va, vb := a.values(), b.values()
	for name := range va {
		if !sameJSON(va[name], vb[name]) {
			different = append(different, "properties."+name)
		}
	}
	for name := range vb {
		if _, sent := va[name]; !sent {
			different = append(different, "properties."+name)
		}
	}
	slices.Sort(different)
	return len(different) == 0, different
}

func sendItem(ctx context.Context, d *destination, in *RecordInput) (any, error) {
	p, err := d.made(in.Key, in.Record)
	if err != nil {
		return nil, err
	}
	if d.registered, err = d.graph.readSchema(ctx); err != nil {
		return nil, err
	}
	w := &writing{destination: d}
	body, err := w.fit(p.Record)
	if err == nil {
		err = w.send(ctx, p.Record, body)
	}
	if f, ok := fault.As(err); ok && f.Class == fault.Invalid && f.Upstream != nil {
		err = w.explain(f, p.Record)
	}
	if err != nil {
		return nil, err
	}
	return itemView{ID: p.Key, Made: body, Found: true, Notes: p.Notes}, nil
}

func deleteItem(ctx context.Context, d *destination, in *IDInput) (any, error) {
	return d.remove(ctx, "items", namedItem(in.ID))
}
