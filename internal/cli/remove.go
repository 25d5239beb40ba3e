package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/object"
)

// removal is what removing one kind of object takes.
type removal[V any] struct {
	noun, name string // for the help: the kind, and an example's name
	short      string
	show       api.Operation[api.Named, V]
	remove     api.Operation[api.Removal, api.None]
	of         func(V) object.View
	used       func(V) bool   // something uses it: the removal is refused, and says by what
	effect     func(V) string // what will be gone
	lightly    bool           // y/N is enough; else its name must be typed
}

func removeCommand[V any](s *session, r removal[V]) *cobra.Command {
	var dry bool
	answer := yes(r.lightly, "--yes", "--confirm="+r.name)
	c := &cobra.Command{Use: "remove NAME", Short: r.short, Args: exactly(1),
		Example: examples(fmt.Sprintf("headrace %s remove %s", r.noun, r.name), "", fmt.Sprintf("headrace %s remove %s %s", r.noun, r.name, answer), "without asking",
			fmt.Sprintf("headrace %s remove %s --dry-run", r.noun, r.name), "only tell what would be gone"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, r.show, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			o := r.of(v)
			if !dry && !r.used(v) {
				if err := s.agree(o.Name, r.effect(v), r.lightly); err != nil {
					return err
				}
			}
			if _, err := call(s, cmd, r.remove, api.Removal{Name: args[0], Revision: o.Revision, Rehearsal: api.Rehearsal{DryRun: dry}}); err != nil {
				return err
			}
			if dry {
				return s.told(r.effect(v), map[string]any{"kind": r.noun, "name": o.Name, "would": "remove", "effect": r.effect(v)})
			}
			s.done("removed %s %s", r.noun, o.Name)
			return nil
		}}
	addDryRun(c, &dry)
	return c
}

// agree has a person say yes to what will be gone.
func (s *session) agree(name, effect string, lightly bool) error {
	if lightly {
		return s.sure("%s Go on?", effect)
	}
	return s.certain(name, effect)
}

func addDryRun(c *cobra.Command, dry *bool) {
	c.Flags().BoolVar(dry, "dry-run", false, "only tell what would happen; nothing is changed")
}

// told ends a command that was only to tell: a sentence for people, the facts for programs.
func (s *session) told(text string, facts any) error {
	switch s.format() {
	case "json", "yaml":
		return s.value(facts)
	case "ndjson":
		return s.line(facts)
	}
	if err := s.print(text + "\n"); err != nil {
		return err
	}
	s.say("Nothing was changed.")
	return nil
}
