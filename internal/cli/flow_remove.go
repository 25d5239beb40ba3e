package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/flow"
)

func (s *session) flowRemove() *cobra.Command {
	var keep, remove, dry bool
	c := &cobra.Command{Use: "remove NAME", Short: "Remove a flow; what it delivered stays, unless --delete-items", Args: exactly(1),
		Long: "Removes a flow and what is remembered of its deliveries. What it delivered stays. A mirror's items can be deleted first with --delete-items: a run deletes them, and the flow goes when that has ended well. " +
			"Kept items stay known as the destination's: the next flow into it takes them over.",
		Example: examples("headrace flow remove contoso", "", "headrace flow remove contoso --confirm=contoso", "without asking", "headrace flow remove policies --delete-items", "a mirror, with all that it holds", "headrace flow remove contoso --dry-run", "only tell what would be gone"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, api.FlowShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			effect := removalEffect(v, remove)
			if !dry {
				if err := s.certain(v.Name, effect); err != nil {
					return err
				}
			}
			out, err := call(s, cmd, api.FlowRemove, api.FlowRemoval{Removal: api.Removal{Name: args[0], Revision: v.Revision, Rehearsal: api.Rehearsal{DryRun: dry}}, DeleteItems: remove})
			if err != nil {
				return err
			}
			if dry {
				return s.told(effect, map[string]any{"kind": "flow", "name": v.Name, "would": "remove", "effect": effect})
			}
			if out.Crawl == nil {
				s.done("removed flow %s", v.Name)
				return nil
			}
			s.done("run %s deletes the items of flow %s; then the flow goes", out.Crawl.UID, v.Name)
			s.next("headrace run watch %s", out.Crawl.UID)
			if s.wantsJSON() {
				return s.value(out)
			}
			return s.hintServe(cmd)
		}}
	c.Flags().BoolVar(&keep, "keep-items", false, "a mirror: leave its items at the destination (default)")
	c.Flags().BoolVar(&remove, "delete-items", false, "a mirror: delete its items at the destination first")
	addDryRun(c, &dry)
	c.MarkFlagsMutuallyExclusive("keep-items", "delete-items")
	return c
}

func removalEffect(v api.FlowStatus, items bool) string {
	effect := fmt.Sprintf("Flow %q will be gone, with the memory of what it delivered (%s records), its runs and %s open dead letters.", v.Name, count(v.Counts.Delivered), count(v.OpenLetters))
	if v.Backlog.Pending > 0 {
		effect += fmt.Sprintf(" %s splits that wait are not delivered.", count(v.Backlog.Pending))
	}
	switch {
	case items:
		return effect + fmt.Sprintf(" Everything that destination %q holds of it is deleted there first.", v.Destination)
	case v.Mode == flow.Mirror:
		return effect + fmt.Sprintf(" The items stay in destination %q.", v.Destination)
	}
	return effect + " What was delivered stays."
}
