package object

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// A Use is one configured use of a connector: what sources and destinations have in common.
type Use struct {
	Connector connector.Spec
	Config    connector.Config
}

// A Half picks the half of a connector that a kind uses.
type Half struct {
	Verb  string                                               // "read", for messages
	Fresh func(connector.Spec) (func() connector.Config, bool) // makes a config with its defaults; false: the connector can't
}

// Judge reads a use from a spec: connector, credential, and the connector's own settings beside them. It fills o's
// spec, credential and tenant.
func (h Half) Judge(ctx context.Context, look Look, all Connectors, o *store.Object, spec *yaml.Node) error {
	own := config.Copy(spec)
	var problems fault.Problems
	name := textOf(config.Take(own, "connector"), "spec.connector", &problems)
	credential := config.Take(own, "credential")
	c, err := all.Find(name)
	if err != nil {
		return append(problems, fault.Problem{Field: "spec.connector", Line: config.LineOf(spec, "connector"), Text: err.Error()}).Err()
	}
	fresh, ok := h.Fresh(c)
	if !ok {
		return append(problems, fault.Problem{Field: "spec.connector", Line: config.LineOf(spec, "connector"), Text: fmt.Sprintf("%s can't %s", name, h.Verb)}).Err()
	}
	cfg := fresh()
	problems = append(problems, config.Decode(own, cfg, "spec")...)
	problems = More(problems, At("spec", cfg.Validate()))
	signIn, err := h.credential(ctx, look, c, textOf(credential, "spec.credential", &problems), &problems)
	if err != nil {
		return err
	}
	for i := range problems {
		if problems[i].Line == 0 {
			problems[i].Line = config.LineOf(spec, strings.TrimPrefix(problems[i].Field, "spec."))
		}
	}
	if len(problems) > 0 {
		return problems.Err()
	}
	if o.ID != 0 && o.Tenant != signIn.Tenant {
		return &fault.Error{Class: fault.Conflict, Code: "other_tenant", Title: fmt.Sprintf("%s %q can't move to another tenant", o.Kind, o.Name),
			Hint: fmt.Sprintf("make a new %s with the credential %q", o.Kind, signIn.Name)}
	}
	o.CredentialID, o.Tenant = signIn.ID, signIn.Tenant
	node := config.Mapping()
	config.Put(node, "connector", config.Text(name))
	node.Content = append(node.Content, config.Encode(cfg, fresh()).Content...)
	o.Spec, err = config.JSON(node)
	return err
}

// credential finds the credential that a use names and checks that it fits.
func (h Half) credential(ctx context.Context, look Look, c connector.Spec, name string, problems *fault.Problems) (store.Object, error) {
	add := func(format string, args ...any) (store.Object, error) {
		*problems = append(*problems, fault.Problem{Field: "spec.credential", Text: fmt.Sprintf(format, args...)})
		return store.Object{}, nil
	}
	if name == "" {
		if c.Credential != nil {
			return add("is missing: %s needs one to sign in; headrace credential list shows what there is", c.Name)
		}
		return store.Object{}, nil
	}
	if c.Credential == nil {
		return add("%s takes no credential", c.Name)
	}
	o, err := look.Object(ctx, store.Credential, name)
	if errors.Is(err, ErrUnsound) {
		return store.Object{}, nil
	}
	if fault.ClassOf(err) == fault.NotFound {
		return add("there is no credential %q%s", name, suggestion(ctx, look, store.Credential, name))
	}
	if err != nil {
		return o, err
	}
	if kind := typeOf(o); kind != c.Name {
		return add("credential %q is for %s, not for %s", name, kind, c.Name)
	}
	return o, nil
}

// typeOf reads the one setting of a credential that its users must know.
func typeOf(o store.Object) string {
	node, err := config.ParseOne(o.Spec)
	if err != nil {
		return ""
	}
	var problems fault.Problems
	return textOf(config.Take(node, "type"), "", &problems)
}

// suggestion gives the name that was probably meant.
func suggestion(ctx context.Context, look Look, kind, name string) string {
	all, err := look.Objects(ctx, kind)
	if err != nil {
		return ""
	}
	names := make([]string, len(all))
	for i, o := range all {
		names[i] = o.Name
	}
	return config.DidYouMean(name, names)
}

func textOf(node *yaml.Node, at string, problems *fault.Problems) string {
	if node == nil || node.ShortTag() == "!!null" {
		return ""
	}
	if node.Kind != yaml.ScalarNode {
		*problems = append(*problems, fault.Problem{Field: at, Line: node.Line, Text: "must be a name"})
		return ""
	}
	return node.Value
}

// Referred finds an object that a spec names, or adds a problem.
func Referred(ctx context.Context, look Look, kind, name, field string, problems *fault.Problems) (store.Object, error) {
	if name == "" {
		*problems = append(*problems, fault.Problem{Field: field, Text: "is missing: name a " + kind})
		return store.Object{}, nil
	}
	o, err := look.Object(ctx, kind, name)
	if errors.Is(err, ErrUnsound) {
		return store.Object{}, nil
	}
	if fault.ClassOf(err) == fault.NotFound {
		*problems = append(*problems, fault.Problem{Field: field, Text: fmt.Sprintf("there is no %s %q%s", kind, name, suggestion(ctx, look, kind, name))})
		return store.Object{}, nil
	}
	return o, err
}

// Read gives a stored use.
func (h Half) Read(all Connectors, o store.Object) (Use, error) {
	node, err := config.ParseOne(o.Spec)
	if err != nil {
		return Use{}, fmt.Errorf("%s %s: %w", o.Kind, o.Name, err)
	}
	var problems fault.Problems
	c, err := all.Find(textOf(config.Take(node, "connector"), "connector", &problems))
	if err != nil {
		return Use{}, fmt.Errorf("%s %s: %w", o.Kind, o.Name, err)
	}
	fresh, ok := h.Fresh(c)
	if !ok {
		return Use{}, fault.New(fault.Invalid, "%s %s: connector %s can't %s", o.Kind, o.Name, c.Name, h.Verb)
	}
	cfg := fresh()
	if err := append(problems, config.Decode(node, cfg, "spec")...).Err(); err != nil {
		return Use{}, fmt.Errorf("%s %s: %w", o.Kind, o.Name, err)
	}
	return Use{Connector: c, Config: cfg}, nil
}

// Draw writes a stored use as a person would, with its credential's name.
func (h Half) Draw(ctx context.Context, look Look, o store.Object) (*yaml.Node, error) {
	stored, err := config.ParseOne(o.Spec)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", o.Kind, o.Name, err)
	}
	node := config.Mapping()
	var problems fault.Problems
	config.Put(node, "connector", config.Text(textOf(config.Take(stored, "connector"), "connector", &problems)))
	if o.CredentialID != 0 {
		c, err := look.ObjectByID(ctx, store.Credential, o.CredentialID)
		if err != nil {
			return nil, err
		}
		config.Put(node, "credential", config.Text(c.Name))
	}
	node.Content = append(node.Content, config.Plain(stored).Content...)
	return node, nil
}
