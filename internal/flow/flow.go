// Package flow keeps flows: a source, a transform and a destination, and the rules between them. It also makes the
// bounded work that people ask for: backfills, replays. The data path itself is package engine. Start at Settings,
// then Service.
package flow

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/destination"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/transform"
)

// Settings are a flow's own.
type Settings struct {
	Source      string           `yaml:"source" doc:"The source's name"`
	Destination string           `yaml:"destination" doc:"The destination's name"`
	Mode        string           `yaml:"mode" doc:"append: records are added; mirror: the destination becomes a copy of the source" enum:"append,mirror"`
	Schedule    Schedule         `yaml:"schedule" doc:"When a mirror looks at its source again"`
	Deletes     string           `yaml:"deletes" doc:"How a mirror learns what is gone" enum:"absence,tombstone,never"`
	Guard       Percent          `yaml:"guard" doc:"A mirror that would delete a larger part than this waits for approval" example:"10%"`
	Transform   []transform.Step `yaml:"transform" doc:"Steps that keep, drop or change records, in order"`
}

// Schedule says when a mirror crawls.
type Schedule struct {
	Every connector.Duration `yaml:"every" doc:"Time between two crawls" example:"1h"`
	Full  connector.Duration `yaml:"full" doc:"Time between two crawls that read everything" example:"24h"`
}

// Modes of a flow.
const (
	Append = "append"
	Mirror = "mirror"
)

// Percent is a part of a whole, written 10%.
type Percent float64

// UnmarshalText reads 10% or 2.5%.
func (p *Percent) UnmarshalText(text []byte) error {
	number, found := strings.CutSuffix(strings.TrimSpace(string(text)), "%")
	v, err := strconv.ParseFloat(number, 64)
	if !found || err != nil || !(v >= 0 && v <= 100) {
		return fmt.Errorf("%q is not a part of a whole; write it like 10%%", string(text))
	}
	*p = Percent(v)
	return nil
}

// MarshalText writes 10%.
func (p Percent) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatFloat(float64(p), 'f', -1, 64) + "%"), nil
}

// String writes 10%.
func (p Percent) String() string { text, _ := p.MarshalText(); return string(text) }

// Defaults are the settings of a flow that says nothing.
func Defaults() *Settings { return &Settings{Mode: Append} }

// withMirrorDefaults fills what a mirror left open.
func (s Settings) withMirrorDefaults() Settings {
	if s.Mode != Mirror {
		return s
	}
	if s.Schedule.Every == 0 {
		s.Schedule.Every = connector.Duration(hour)
	}
	if s.Schedule.Full == 0 {
		s.Schedule.Full = connector.Duration(24 * hour)
	}
	if s.Deletes == "" {
		s.Deletes = "absence"
	}
	if s.Guard == 0 {
		s.Guard = 10
	}
	return s
}

type kind struct {
	connectors object.Connectors
	writes     *writes
}

func (kind) Name() string { return store.Flow }

// Judge reads and checks a flow's settings: against its source and destination, and against the other flows.
func (k kind) Judge(ctx context.Context, look object.Look, o *store.Object, spec *yaml.Node) error {
	s := Defaults()
	problems := config.Decode(spec, s, "spec")
	problems = object.More(problems, object.At("spec", s.validate()))
	src, err := object.Referred(ctx, look, store.Source, s.Source, "spec.source", &problems)
	if err != nil {
		return err
	}
	dst, err := object.Referred(ctx, look, store.Destination, s.Destination, "spec.destination", &problems)
	if err != nil {
		return err
	}
	spec1, err := k.destinationSpec(dst)
	if err != nil {
		return err
	}
	if dst.Kind != "" && s.Mode == Mirror && !spec1.Keyed {
		problems = append(problems, fault.Problem{Field: "spec.mode", Text: fmt.Sprintf("destination %q can't be a mirror: it does not recognise records by key; use mode append", dst.Name)})
	}
	for i := range problems {
		if problems[i].Line == 0 {
			problems[i].Line = config.LineOf(spec, strings.TrimPrefix(problems[i].Field, "spec."))
		}
	}
	if len(problems) > 0 {
		return problems.Err()
	}
	if o.ID != 0 && (o.SourceID != src.ID || o.DestinationID != dst.ID) {
		return &fault.Error{Class: fault.Invalid, Code: "flow_ends_fixed", Title: fmt.Sprintf("flow %q keeps its source and destination: what it delivered is remembered for them", o.Name),
			Hint: "make a new flow; it begins with all that the source still has"}
	}
	o.SourceID, o.DestinationID = src.ID, dst.ID
	o.Lanes = lanesOf(spec1, s.Mode)
	if o.Tenant = src.Tenant; o.Tenant == "" {
		o.Tenant = src.UID
	}
	stored := *s
	stored.Source, stored.Destination = "", ""
	if o.Spec, err = config.JSON(config.Encode(&stored, Defaults())); err != nil {
		return err
	}
	if dst.Kind == "" { // the destination's own problems are told where it stands
		return nil
	}
	return k.alone(ctx, look, *o, dst)
}

func (k kind) destinationSpec(dst store.Object) (connector.DestinationSpec, error) {
	if dst.Kind == "" {
		return connector.DestinationSpec{}, nil
	}
	use, err := destination.Read(k.connectors, dst)
	if err != nil {
		return connector.DestinationSpec{}, err
	}
	return *use.Connector.Destination, nil
}

// lanesOf gives how many sequences of writes a flow has: several only where a record is recognised by its key.
func lanesOf(spec connector.DestinationSpec, mode string) int {
	if mode == Mirror || !spec.Keyed {
		return 1
	}
	return max(1, spec.Lanes)
}

func (s *Settings) validate() fault.Problems {
	var problems fault.Problems
	add := func(field, text string) { problems = append(problems, fault.Problem{Field: field, Text: text}) }
	if s.Mode == Append {
		const only = "is for mode mirror only"
		if s.Schedule != (Schedule{}) {
			add("schedule", only)
		}
		if s.Deletes != "" {
			add("deletes", only)
		}
		if s.Guard != 0 {
			add("guard", only)
		}
	}
	if s.Schedule.Every < 0 || s.Schedule.Full < 0 {
		add("schedule", "a time between two crawls is more than nothing")
	}
	if s.Schedule.Full != 0 && s.Schedule.Every > s.Schedule.Full {
		add("schedule.full", "is shorter than schedule.every")
	}
	if _, err := transform.Compile(s.Transform, transform.Limits{}); err != nil {
		if wrong, ok := object.ProblemsOf(err); ok {
			return append(problems, wrong...)
		}
		add("transform", err.Error())
	}
	return problems
}

// alone refuses a flow that writes what another one writes: the same files, or a second mirror of one destination.
func (k kind) alone(ctx context.Context, look object.Look, o, dst store.Object) error {
	mine, err := k.exclusive(o, dst)
	if err != nil {
		return err
	}
	flows, err := look.Objects(ctx, store.Flow)
	if err != nil {
		return err
	}
	s, _ := Read(o)
	for _, other := range flows {
		if other.ID == o.ID && o.ID != 0 || other.Name == o.Name {
			continue
		}
		if other.DestinationID == o.DestinationID && s.Mode == Mirror && mirrors(other) {
			return &fault.Error{Class: fault.Conflict, Code: "second_mirror", Title: fmt.Sprintf("destination %q is already the mirror of flow %q", dst.Name, other.Name),
				Hint: "one destination can be a copy of one source; make another destination for flow " + o.Name}
		}
		if err := k.clash(ctx, look, o, other, mine); err != nil {
			return err
		}
	}
	return nil
}

func (k kind) clash(ctx context.Context, look object.Look, o, other store.Object, mine string) error {
	if mine == "" {
		return nil
	}
	theirDst, err := look.ObjectByID(ctx, store.Destination, other.DestinationID)
	if err != nil {
		return err
	}
	their, err := k.exclusive(other, theirDst)
	if err != nil || their != mine {
		return nil //nolint:nilerr // a flow that can't be read writes nothing
	}
	return &fault.Error{Class: fault.Conflict, Code: "same_files", Title: fmt.Sprintf("flows %q and %q would write the same %s", o.Name, other.Name, mine),
		Hint: "give one of them a destination with another path or name; {flow} in the name keeps flows apart"}
}

// mirrors tells whether a flow is a mirror; one that can't be read is none.
func mirrors(o store.Object) bool {
	s, _ := Read(o)
	return s.Mode == Mirror
}

func (k kind) exclusive(o, dst store.Object) (string, error) {
	if what, known := k.writes.of(o, dst); known {
		return what, nil
	}
	use, err := destination.Read(k.connectors, dst)
	if err != nil {
		return "", err
	}
	what := ""
	if use.Connector.Destination.Exclusive != nil {
		what = use.Connector.Destination.Exclusive(use.Config, o.Name)
	}
	k.writes.remember(o, dst, what)
	return what, nil
}

// Clash tells whether a destination's new settings make flows write the same.
func Clash(connectors object.Connectors) destination.Clash {
	k := kind{connectors, newWrites()}
	return func(ctx context.Context, look object.Look, changed store.Object) error {
		flows, err := look.Objects(ctx, store.Flow)
		if err != nil {
			return err
		}
		over := withDestination{look, changed}
		for _, f := range flows {
			if f.DestinationID != changed.ID {
				continue
			}
			if err := k.alone(ctx, over, f, changed); err != nil {
				return err
			}
		}
		return nil
	}
}

// withDestination shows one destination as it is going to be.
type withDestination struct {
	object.Look
	changed store.Object
}

func (w withDestination) ObjectByID(ctx context.Context, kind string, id int64) (store.Object, error) {
	if kind == store.Destination && id == w.changed.ID {
		return w.changed, nil
	}
	return w.Look.ObjectByID(ctx, kind, id)
}

// Read gives a stored flow's settings; its source and destination stand in the object.
func Read(o store.Object) (Settings, error) {
	s := Defaults()
	node, err := config.ParseOne(o.Spec)
	if err != nil {
		return *s, fmt.Errorf("flow %s: %w", o.Name, err)
	}
	if err := config.Decode(node, s, "spec").Err(); err != nil {
		return *s, fmt.Errorf("flow %s: %w", o.Name, err)
	}
	return s.withMirrorDefaults(), nil
}

// Draw writes the settings as a person would.
func (k kind) Draw(ctx context.Context, look object.Look, o store.Object) (*yaml.Node, error) {
	src, err := look.ObjectByID(ctx, store.Source, o.SourceID)
	if err != nil {
		return nil, err
	}
	dst, err := look.ObjectByID(ctx, store.Destination, o.DestinationID)
	if err != nil {
		return nil, err
	}
	stored, err := config.ParseOne(o.Spec)
	if err != nil {
		return nil, fmt.Errorf("flow %s: %w", o.Name, err)
	}
	node := config.Mapping()
	config.Put(node, "source", config.Text(src.Name))
	config.Put(node, "destination", config.Text(dst.Name))
	config.Put(node, "mode", config.Text(Append))
	node.Content = append(node.Content, config.Plain(stored).Content...)
	return dedupe(node), nil
}

// dedupe keeps the last value of a field that was put twice, at its first place.
func dedupe(node *yaml.Node) *yaml.Node {
	out := config.Mapping()
	for i := 0; i+1 < len(node.Content); i += 2 {
		config.Put(out, node.Content[i].Value, node.Content[i+1])
	}
	return out
}
