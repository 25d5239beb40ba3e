package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/fileset"
	"github.com/headrace/headrace/internal/object"
)

// What a change would do, in a word.
const (
	wouldCreate = "create"
	wouldChange = "change"
	wouldKeep   = "nothing"
)

// rehearsed is what a change would make of one object.
type rehearsed struct {
	Kind    string           `json:"kind"`
	Name    string           `json:"name"`
	Would   string           `json:"would"` // create, change, nothing
	Changes []fileset.Change `json:"changes"`
	More    string           `json:"effect,omitempty"`
}

// before gives an object as it is before a rehearsal; nil: there is none.
func before[V any](s *session, cmd *cobra.Command, show api.Operation[api.Named, V], of func(V) object.View, name string) (*object.View, error) {
	v, err := call(s, cmd, show, api.Named{Name: name})
	if fault.ClassOf(err) == fault.NotFound && err != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o := of(v)
	return &o, nil
}

// rehearsing does a change; for a dry run the object is looked at before.
func rehearsing[V any](s *session, cmd *cobra.Command, dry bool, show api.Operation[api.Named, V], of func(V) object.View, name string, do func() (V, error)) (V, *object.View, error) {
	var was *object.View
	if dry {
		var err error
		if was, err = before(s, cmd, show, of, name); err != nil {
			var none V
			return none, nil, err
		}
	}
	v, err := do()
	return v, was, err
}

// rehearse ends a dry run: it tells how an object would differ from what it is.
func (s *session) rehearse(was *object.View, is object.View, more string) error {
	r := rehearsed{Kind: is.Kind, Name: is.Name, Would: wouldCreate, More: more, Changes: []fileset.Change{}}
	old := map[string]string{}
	if was != nil {
		r.Would, r.Name, old = wouldChange, was.Name, facts(*was)
	}
	now := facts(is)
	for _, field := range slices.Sorted(maps.Keys(now)) {
		if now[field] != old[field] {
			r.Changes = append(r.Changes, fileset.Change{Field: field, Old: old[field], New: now[field]})
		}
	}
	for _, field := range slices.Sorted(maps.Keys(old)) {
		if _, stays := now[field]; !stays {
			r.Changes = append(r.Changes, fileset.Change{Field: field, Old: old[field]})
		}
	}
	if len(r.Changes) == 0 && was != nil {
		r.Would = wouldKeep
	}
	return s.told(r.text(), r)
}

// text says it to people.
func (r rehearsed) text() string {
	lines := []string{fmt.Sprintf("%s %s would be made:", r.Kind, r.Name)}
	switch r.Would {
	case wouldChange:
		lines[0] = fmt.Sprintf("%s %s would change:", r.Kind, r.Name)
	case wouldKeep:
		return fmt.Sprintf("%s %s would stay as it is.", r.Kind, r.Name)
	}
	for _, c := range r.Changes {
		switch {
		case r.Would == wouldCreate:
			lines = append(lines, fmt.Sprintf("  %s: %s", c.Field, c.New))
		case c.New == "":
			lines = append(lines, fmt.Sprintf("  %s: %s → none", c.Field, c.Old))
		default:
			lines = append(lines, fmt.Sprintf("  %s: %s → %s", c.Field, yes(c.Old == "", "none", c.Old), c.New))
		}
	}
	if r.More != "" {
		lines = append(lines, r.More)
	}
	return strings.Join(lines, "\n")
}

// facts are what a person decides of an object, by the name that it has in YAML.
func facts(v object.View) map[string]string {
	out := map[string]string{}
	for field, text := range map[string]string{"name": v.Name, "description": v.Description, "paused": yes(v.Paused, "yes", ""), "reason": v.Reason, "owner": yes(v.Owner == object.UI, "", v.Owner)} {
		if text != "" {
			out[field] = text
		}
	}
	node, err := config.ParseOne(v.Spec)
	if err != nil {
		out["spec"] = string(v.Spec)
		return out
	}
	values, _ := fileset.Flatten(node, "")
	maps.Copy(out, values)
	return out
}
