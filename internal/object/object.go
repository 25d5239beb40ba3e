// Package object is what credentials, sources, destinations and flows have in common: they are made, shown, changed,
// paused and removed in one way. What a kind is, its own package says (a Kind); this one knows names, revisions,
// owners and who uses whom. Start at Keeper.
package object

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// UI owns what people made by hand, not by a file set.
const UI = "ui"

// Look finds objects. The store is one; a plan lays what it is going to make over it.
type Look interface {
	Object(ctx context.Context, kind, name string) (store.Object, error)
	ObjectByID(ctx context.Context, kind string, id int64) (store.Object, error)
	Objects(ctx context.Context, kind string) ([]store.Object, error)
}

// ErrUnsound is what a Look answers for an object that is going to be there but has problems of its own: those are told where it
// stands, and what names it is not to blame.
var ErrUnsound = errors.New("this object has problems of its own")

// A Kind knows what one kind of object is.
type Kind interface {
	// Name is the kind's name in the store.
	Name() string
	// Judge holds a spec, as a person wrote it, against everything known and reports all problems. If there are
	// none it fills o's spec (normal form: only what differs from the defaults), references, tenant and lanes. On
	// entry o is the object as it stands, or a new one with its name alone.
	Judge(ctx context.Context, look Look, o *store.Object, spec *yaml.Node) error
	// Draw is Judge's inverse: the spec as a person would write it, with names.
	Draw(ctx context.Context, look Look, o store.Object) (*yaml.Node, error)
}

// A Draft is an object to be.
type Draft struct {
	Name        string
	Description string
	Spec        *yaml.Node
	Owner       string // "": UI
	Paused      bool
}

// A Change is what to do to an object. Nil and zero fields leave things as they are.
type Change struct {
	Revision    int64      // the one it was made from; 0: whatever is there now
	Rename      string     // the new name; identity, history and what uses it stay
	Description *string    //
	Patch       *yaml.Node // laid over the spec, as RFC 7396 does: null takes a setting back to its default
	Replace     *yaml.Node // the whole new spec; wins over Patch
	Owner       string     // who makes the change: UI or a file set
	Detach      bool       // take it from the file set that owns it
}

// Seal gives the sealed secret for an object's UID; see store.CreateObject.
type Seal func(uid string) (*store.Secret, error)

// A Keeper keeps the objects of one kind.
type Keeper struct {
	Store *store.Store
	Kind  Kind
}

// Create judges and stores a new object.
func (k Keeper) Create(ctx context.Context, d Draft, seal Seal) (store.Object, error) {
	o := store.Object{Kind: k.Kind.Name(), Name: d.Name, Description: strings.TrimSpace(d.Description), Owner: d.Owner, Paused: d.Paused}
	if o.Owner == "" {
		o.Owner = UI
	}
	if d.Paused {
		o.Reason = "made paused"
	}
	err := k.Kind.Judge(ctx, k.Store, &o, orEmpty(d.Spec))
	if text := config.CheckName(d.Name); text != "" {
		err = withProblem(err, fault.Problem{Field: "metadata.name", Text: text})
	}
	if err != nil {
		return o, err
	}
	o, err = k.Store.CreateObject(ctx, o, seal)
	if store.Rehearsing(ctx) {
		o.UID = "" // nobody will ever find it by that
	}
	return o, err
}

// withProblem puts one more problem before those of an error.
func withProblem(err error, p fault.Problem) error {
	if err == nil {
		return fault.Problems{p}.Err()
	}
	problems, ok := ProblemsOf(err)
	if !ok {
		return err
	}
	return append(fault.Problems{p}, problems...).Err()
}

// ProblemsOf gives the problems that an error is made of.
func ProblemsOf(err error) (fault.Problems, bool) {
	var p fault.Problems
	ok := errors.As(err, &p)
	return p, ok
}

func orEmpty(node *yaml.Node) *yaml.Node {
	if node == nil {
		return config.Mapping()
	}
	return node
}

// Edit judges and stores a change. An edit that changes nothing keeps the revision.
func (k Keeper) Edit(ctx context.Context, name string, c Change, seal Seal) (store.Object, error) {
	o, err := k.Store.Object(ctx, k.Kind.Name(), name)
	if err != nil {
		return o, err
	}
	if err := mayChange(o, c); err != nil {
		return o, err
	}
	before := o
	spec := c.Replace
	if spec == nil {
		if spec, err = k.Kind.Draw(ctx, k.Store, o); err != nil {
			return o, err
		}
		if c.Patch != nil {
			spec = config.Merge(spec, c.Patch)
		}
	}
	if c.Rename != "" {
		if text := config.CheckName(c.Rename); text != "" {
			return o, fault.Problems{{Field: "metadata.name", Text: text}}.Err()
		}
		o.Name = c.Rename
	}
	if c.Description != nil {
		o.Description = strings.TrimSpace(*c.Description)
	}
	if c.Owner != "" || c.Detach {
		o.Owner = c.Owner
	}
	if o.Owner == "" {
		o.Owner = UI
	}
	if err := k.Kind.Judge(ctx, k.Store, &o, spec); err != nil {
		return o, err
	}
	if seal == nil && Same(before, o) {
		return before, nil
	}
	return k.Store.UpdateObject(ctx, o, seal)
}

// mayChange refuses a stale change and one of what somebody else owns.
func mayChange(o store.Object, c Change) error {
	if c.Revision != 0 && c.Revision != o.Revision {
		return &fault.Error{Class: fault.Conflict, Code: "stale_revision", Title: fmt.Sprintf("%s %q was changed in the meantime: it has revision %d, the change was made from %d", o.Kind, o.Name, o.Revision, c.Revision),
			Hint: "look at it again and repeat the change"}
	}
	if o.Owner != UI && o.Owner != c.Owner && !c.Detach {
		return &fault.Error{Class: fault.Conflict, Code: "owned_by_file_set", Title: fmt.Sprintf("%s %q belongs to the file set %q", o.Kind, o.Name, o.Owner),
			Hint: "change its file and apply it again, or take it out of the set with --detach"}
	}
	return nil
}

// Same tells whether two states of an object are equal in what a person decides.
func Same(a, b store.Object) bool {
	return a.Name == b.Name && a.Description == b.Description && a.Owner == b.Owner && string(a.Spec) == string(b.Spec) &&
		a.CredentialID == b.CredentialID && a.SourceID == b.SourceID && a.DestinationID == b.DestinationID && a.Tenant == b.Tenant && a.Lanes == b.Lanes
}

// Remove deletes an object that nothing uses.
func (k Keeper) Remove(ctx context.Context, name string, revision int64) (store.Object, error) {
	o, err := k.Removable(ctx, name, revision)
	if err != nil {
		return o, err
	}
	return o, k.Store.DeleteObject(ctx, o)
}

// Removable gives an object that may be removed: nobody uses it, and its revision is the one that was seen; 0: any.
func (k Keeper) Removable(ctx context.Context, name string, revision int64) (store.Object, error) {
	o, err := k.Store.Object(ctx, k.Kind.Name(), name)
	if err != nil {
		return o, err
	}
	if err := mayChange(o, Change{Revision: revision, Owner: o.Owner}); err != nil {
		return o, err
	}
	users, err := k.Store.Uses(ctx, o)
	if err != nil {
		return o, err
	}
	if len(users) > 0 {
		return o, &fault.Error{Class: fault.Conflict, Code: "in_use", Title: fmt.Sprintf("%s %q is in use by %s", o.Kind, o.Name, Titles(users)),
			Hint: "remove or change what uses it first"}
	}
	return o, nil
}

// Titles lists objects for a sentence: flow "a", flow "b".
func Titles(all []store.Object) string {
	parts := make([]string, len(all))
	for i, o := range all {
		parts[i] = fmt.Sprintf("%s %q", o.Kind, o.Name)
	}
	return strings.Join(parts, ", ")
}

// Pause stops an object's work until Resume; what was begun is finished.
func (k Keeper) Pause(ctx context.Context, name, reason string) (store.Object, error) {
	return k.setPaused(ctx, name, true, reason)
}

// Resume lets it work again.
func (k Keeper) Resume(ctx context.Context, name string) (store.Object, error) {
	return k.setPaused(ctx, name, false, "")
}

func (k Keeper) setPaused(ctx context.Context, name string, paused bool, reason string) (store.Object, error) {
	o, err := k.Store.Object(ctx, k.Kind.Name(), name)
	if err != nil || o.Paused == paused && o.Reason == reason {
		return o, err
	}
	o.Paused, o.Reason = paused, reason
	return k.Store.UpdateObject(ctx, o, nil)
}

// A View is an object as every door shows it.
type View struct {
	ID          string          `json:"id"`
	Kind        string          `json:"kind"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Revision    int64           `json:"revision"`
	Owner       string          `json:"owner"`
	Paused      bool            `json:"paused"`
	Reason      string          `json:"reason,omitempty"`
	Tenant      string          `json:"tenant,omitempty"`
	Created     time.Time       `json:"created"`
	Updated     time.Time       `json:"updated"`
	Spec        json.RawMessage `json:"spec"`
}

// View draws an object.
func (k Keeper) View(ctx context.Context, o store.Object) (View, error) {
	return k.view(ctx, k.Store, o)
}

func (k Keeper) view(ctx context.Context, look Look, o store.Object) (View, error) {
	node, err := k.Kind.Draw(ctx, look, o)
	if err != nil {
		return View{}, err
	}
	spec, err := config.JSON(node)
	return stored(o, spec), err
}

// stored is an object's view with a spec.
func stored(o store.Object, spec json.RawMessage) View {
	return View{ID: o.UID, Kind: o.Kind, Name: o.Name, Description: o.Description, Revision: o.Revision, Owner: o.Owner, Paused: o.Paused,
		Reason: o.Reason, Tenant: o.Tenant, Created: o.Created, Updated: o.Updated, Spec: spec}
}

// Connectors are the connectors that this program has.
type Connectors []connector.Spec

// Find gives a connector by name; Invalid with a suggestion if there is none.
func (all Connectors) Find(name string) (connector.Spec, error) {
	names := make([]string, len(all))
	for i, s := range all {
		if s.Name == name {
			return s, nil
		}
		names[i] = s.Name
	}
	if name == "" {
		return connector.Spec{}, fault.New(fault.Invalid, "is missing: choose one of %s", strings.Join(names, ", "))
	}
	return connector.Spec{}, fault.New(fault.Invalid, "there is no connector %q%s", name, cmp.Or(config.DidYouMean(name, names), "; choose one of "+strings.Join(names, ", ")))
}

// Names are the names of the connectors that pass.
func (all Connectors) Names(pass func(connector.Spec) bool) []string {
	var names []string
	for _, s := range all {
		if pass(s) {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Env makes what a connector gets when it is opened.
type Env func(name, flow string, credential *connector.Credential) connector.Env

// More adds problems of what was decoded, but for fields that could not be decoded at all: those have been told.
func More(told, found fault.Problems) fault.Problems {
	for _, p := range found {
		if !slices.ContainsFunc(told, func(t fault.Problem) bool {
			return t.Field == p.Field || strings.HasPrefix(t.Field, p.Field+".") || strings.HasPrefix(t.Field, p.Field+"[")
		}) {
			told = append(told, p)
		}
	}
	return told
}

// At puts a prefix before the fields of problems ("spec").
func At(prefix string, problems fault.Problems) fault.Problems {
	out := slices.Clone(problems)
	for i := range out {
		if out[i].Field == "" {
			out[i].Field = prefix
			continue
		}
		out[i].Field = prefix + "." + out[i].Field
	}
	return out
}
