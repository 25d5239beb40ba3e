// Package fileset is config as code: it compares the objects of some files with those that are there, tells what
// would change, and changes it. What a file set made belongs to it, and only that is pruned. Start at Service.
package fileset

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/credential"
	"github.com/headrace/headrace/internal/destination"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/secret"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
)

// A Request is some files and what to do with them.
type Request struct {
	Files []config.File `json:"files"`
	Set   string        `json:"set"`             // the file set that owns what is made
	Prune bool          `json:"prune,omitempty"` // remove what the set made before and no longer names
	Adopt bool          `json:"adopt,omitempty"` // take over what others own
	Plan  *Plan         `json:"plan,omitempty"`  // apply exactly this, or nothing
}

// What a step does.
const (
	Create    = "create"
	Update    = "update"
	Remove    = "remove"
	Unchanged = "unchanged"
)

// A Step is one object of a plan.
type Step struct {
	Action   string   `json:"action"`
	Kind     string   `json:"kind"` // Credential, Source, Destination, Flow
	Name     string   `json:"name"`
	Revision int64    `json:"revision,omitempty"` // what the step starts from
	Changes  []Change `json:"changes,omitempty"`
	Note     string   `json:"note,omitempty"` // what a person should know, or has to do then
}

// A Change is one setting that a step changes.
type Change struct {
	Field string `json:"field"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
}

// A Plan is what applying some files would do.
type Plan struct {
	Set    string `json:"set"`
	Prune  bool   `json:"prune,omitempty"`
	Digest string `json:"digest"` // of the files and of the revisions that the plan was made from
	Steps  []Step `json:"steps"`
}

// Changes tells whether applying the plan changes anything.
func (p Plan) Changes() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Action != Unchanged })
}

// Service plans and applies.
type Service struct {
	Store        *store.Store
	Credentials  *credential.Service
	Sources      *source.Service
	Destinations *destination.Service
	Flows        *flow.Service
}

// base is what a plan compares with: what is there, or nothing when files are judged by themselves.
func (s *Service) base() object.Look {
	if s.Store == nil {
		return nothing{}
	}
	return s.Store
}

// Validate judges files by themselves: shape, settings, and the names that they use of each other. It needs no
// database.
func Validate(ctx context.Context, connectors object.Connectors, now func() time.Time, files []config.File) (Plan, error) {
	credentials := credential.New(credential.Options{Connectors: connectors, Now: now})
	sources := source.New(nil, connectors, nil, nil)
	s := &Service{Credentials: credentials, Sources: sources, Destinations: destination.New(nil, connectors, nil, nil, nil), Flows: flow.New(nil, connectors, sources)}
	return s.Plan(ctx, Request{Files: files, Set: "validate"})
}

var storeKind = map[string]string{"Credential": store.Credential, "Source": store.Source, "Destination": store.Destination, "Flow": store.Flow}

func (s *Service) kind(fileKind string) object.Kind {
	switch fileKind {
	case "Credential":
		return s.Credentials.Kind
	case "Source":
		return s.Sources.Kind
	case "Destination":
		return s.Destinations.Kind
	}
	return s.Flows.Kind
}

// Plan tells what Apply would do. All problems of all files are reported together.
func (s *Service) Plan(ctx context.Context, r Request) (Plan, error) {
	p, _, err := s.plan(ctx, r)
	return p, err
}

func (s *Service) plan(ctx context.Context, r Request) (Plan, []config.Document, error) {
	if text := config.CheckName(r.Set); text != "" {
		return Plan{}, nil, fault.Problems{{Field: "set", Text: "the file set's name: " + text}}.Err()
	}
	docs, problems := config.Documents(r.Files)
	over := newOverlay(s.base())
	removals, err := s.removals(ctx, r, docs, over)
	if err != nil {
		return Plan{}, nil, err
	}
	p := Plan{Set: r.Set, Prune: r.Prune, Steps: []Step{}}
	for _, doc := range docs {
		step, err := s.step(ctx, over, r, doc)
		if err == nil {
			p.Steps = append(p.Steps, step)
			continue
		}
		found := problemsOf(err)
		if len(found) == 0 {
			return Plan{}, nil, err
		}
		over.blame(storeKind[doc.Kind], doc.Name)
		problems = append(problems, place(found, doc)...)
	}
	problems = inOrder(problems, r.Files)
	if err := problems.Err(); err != nil {
		return Plan{}, nil, err
	}
	p.Steps = append(p.Steps, removals...)
	p.Digest, err = digest(r, p)
	return p, docs, err
}

// problemsOf gives what a person has to set right; none if an error is the database's, say.
func problemsOf(err error) fault.Problems {
	if found, ok := object.ProblemsOf(err); ok {
		return found
	}
	if e, ok := fault.As(err); ok && (e.Class == fault.Invalid || e.Class == fault.Conflict || e.Class == fault.NotFound) {
		return fault.Problems{{Text: strings.Trim(e.Error()+"; "+e.Hint, "; ")}}
	}
	return nil
}

// place names the object before the fields of its problems, and the file.
func place(found fault.Problems, doc config.Document) fault.Problems {
	out := config.InFile(found, doc.File)
	for i := range out {
		if out[i].Line == 0 {
			out[i].Line = doc.Line
		}
		out[i].Field = strings.TrimSuffix(doc.Title()+": "+out[i].Field, ": ")
	}
	return out
}

// inOrder sorts problems as a person reads the files.
func inOrder(problems fault.Problems, files []config.File) fault.Problems {
	index := func(p fault.Problem) int {
		return slices.IndexFunc(files, func(f config.File) bool { return f.Name == p.File })
	}
	slices.SortStableFunc(problems, func(a, b fault.Problem) int { return cmp.Or(index(a)-index(b), a.Line-b.Line) })
	return problems
}

// step compares one document with what is there.
func (s *Service) step(ctx context.Context, over *overlay, r Request, doc config.Document) (Step, error) {
	kind := s.kind(doc.Kind)
	step := Step{Action: Create, Kind: doc.Kind, Name: doc.Name}
	before, err := over.Object(ctx, kind.Name(), doc.Name)
	exists := err == nil
	if err != nil && fault.ClassOf(err) != fault.NotFound && !errors.Is(err, object.ErrUnsound) { // unsound: the files have it twice
		return step, err
	}
	o := store.Object{Kind: kind.Name(), Name: doc.Name}
	if exists {
		o, step.Action, step.Revision = before, Update, before.Revision
		if before.Owner != r.Set && before.Owner != object.UI && !r.Adopt {
			return step, fault.Problems{{Text: fmt.Sprintf("belongs to the file set %q; take it over with --adopt, or apply with --file-set %s", before.Owner, before.Owner)}}.Err()
		}
	}
	o.Description, o.Owner = doc.Description, r.Set
	if err := kind.Judge(ctx, over, &o, doc.Spec); err != nil {
		return step, err
	}
	over.put(o)
	if exists && object.Same(before, o) {
		step.Action = Unchanged
		return step, nil
	}
	step.Changes, err = s.changes(ctx, over, kind, before, o, exists)
	if err != nil && !errors.Is(err, object.ErrUnsound) { // unsound: its source or destination has problems, which are told where that stands
		return step, err
	}
	step.Note = s.note(doc, o, exists)
	return step, nil
}

// note tells what is still to be done for an object.
func (s *Service) note(doc config.Document, o store.Object, exists bool) string {
	if doc.Kind != "Credential" || exists {
		return ""
	}
	if settings, err := credential.Read(o); err == nil && settings.ClientSecret.Ref == "" {
		return "no secret in the file; then: headrace credential rotate " + doc.Name + " --client-secret-stdin"
	}
	return ""
}

// removals are the objects that the set owns and no longer names, what uses others first. They are hidden from the
// rest of the plan.
func (s *Service) removals(ctx context.Context, r Request, docs []config.Document, over *overlay) ([]Step, error) {
	if !r.Prune {
		return nil, nil
	}
	var steps []Step
	kinds := config.Kinds()
	slices.Reverse(kinds)
	for _, k := range kinds {
		all, err := s.Store.Objects(ctx, storeKind[k])
		if err != nil {
			return nil, err
		}
		for _, o := range all {
			named := slices.ContainsFunc(docs, func(d config.Document) bool { return d.Kind == k && d.Name == o.Name })
			if o.Owner != r.Set || named {
				continue
			}
			over.hide(o)
			steps = append(steps, Step{Action: Remove, Kind: k, Name: o.Name, Revision: o.Revision})
		}
	}
	return steps, nil
}

func digest(r Request, p Plan) (string, error) {
	raw, err := json.Marshal(struct {
		Files []config.File
		Plan  Plan
		Adopt bool
	}{contents(r.Files), Plan{Set: p.Set, Prune: p.Prune, Steps: p.Steps}, r.Adopt})
	if err != nil {
		return "", fmt.Errorf("write the plan: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16]), nil
}

// contents drops the names of files: a plan made of a.yaml is good for ./a.yaml.
func contents(files []config.File) []config.File {
	out := make([]config.File, len(files))
	for i, f := range files {
		out[i].Text = f.Text
	}
	return out
}

// Apply makes what is there like the files. Nothing is changed if there is a problem in any of them, or if the
// request's plan is stale.
func (s *Service) Apply(ctx context.Context, r Request) (Plan, error) {
	if r.Plan != nil {
		r.Set, r.Prune = r.Plan.Set, r.Plan.Prune
	}
	p, docs, err := s.plan(ctx, r)
	if err != nil {
		return p, err
	}
	if r.Plan != nil && r.Plan.Digest != p.Digest {
		return p, &fault.Error{Class: fault.Conflict, Code: "stale_plan", Title: "the plan is stale: the files or the objects changed since it was made", Hint: "make a new plan, look at it, and apply that"}
	}
	for _, step := range p.Steps {
		if err := s.do(ctx, r, step, docs); err != nil {
			return p, fmt.Errorf("%s %s %s: %w", step.Action, step.Kind, step.Name, err)
		}
	}
	return p, nil
}

func (s *Service) do(ctx context.Context, r Request, step Step, docs []config.Document) error {
	var doc config.Document
	if i := slices.IndexFunc(docs, func(d config.Document) bool { return d.Kind == step.Kind && d.Name == step.Name }); i >= 0 {
		doc = docs[i]
	}
	switch step.Action {
	case Create:
		return s.create(ctx, object.Draft{Name: doc.Name, Description: doc.Description, Spec: doc.Spec, Owner: r.Set}, doc.Kind)
	case Update:
		return s.update(ctx, object.Change{Revision: step.Revision, Description: &doc.Description, Replace: doc.Spec, Owner: r.Set, Detach: true}, doc)
	case Remove:
		_, err := object.Keeper{Store: s.Store, Kind: s.kind(step.Kind)}.Remove(ctx, step.Name, step.Revision)
		return err
	}
	return nil
}

func (s *Service) create(ctx context.Context, d object.Draft, kind string) error {
	var err error
	switch kind {
	case "Credential":
		_, err = s.Credentials.Add(ctx, d, secret.Text{})
	case "Flow":
		_, _, err = s.Flows.Add(ctx, d)
	default:
		_, err = object.Keeper{Store: s.Store, Kind: s.kind(kind)}.Create(ctx, d, nil)
	}
	return err
}

func (s *Service) update(ctx context.Context, c object.Change, doc config.Document) error {
	if doc.Kind == "Credential" {
		_, err := s.Credentials.Change(ctx, doc.Name, c)
		return err
	}
	_, err := object.Keeper{Store: s.Store, Kind: s.kind(doc.Kind)}.Edit(ctx, doc.Name, c, nil)
	return err
}
