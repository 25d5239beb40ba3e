package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/store"
)

func (s *session) flowMove() *cobra.Command {
	var (
		to  string
		dry bool
	)
	c := &cobra.Command{Use: "move NAME --to NODE", Short: "Let another node write a flow's files", Args: exactly(1),
		Long: "Where several nodes share a PostgreSQL, the files of a local disk belong to the node that wrote them, and the flow waits while that node is down. " +
			"If it is gone for good, another node can go on: it begins new files on its own disk. What was delivered stays where it is; if the node was killed in the middle of a write, " +
			"at most that one batch stands in the files of both. A disk that both nodes reach needs no move: the flow goes on by itself.",
		Example: examples("headrace flow show contoso", "names the node that has the files", "headrace flow move contoso --to db2-3f9a1c", "", "headrace flow move contoso --to db2-3f9a1c --dry-run", "only tell what would happen"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, api.FlowShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			effect := moveEffect(v, to)
			if !dry {
				if err := s.sure("%s Go on?", effect); err != nil {
					return err
				}
			}
			out, err := call(s, cmd, api.FlowMove, api.Move{Name: args[0], To: to, Rehearsal: api.Rehearsal{DryRun: dry}})
			if err != nil {
				return err
			}
			if dry {
				return s.told(effect, out)
			}
			s.done("moved  flow %s to node %s", v.Name, to)
			if s.wantsJSON() {
				return s.value(out)
			}
			return nil
		}}
	c.Flags().StringVar(&to, "to", "", "the node that is to go on")
	_ = c.MarkFlagRequired("to")
	addDryRun(c, &dry)
	return c
}

func moveEffect(v api.FlowStatus, to string) string {
	effect := fmt.Sprintf("Flow %q goes on at node %s, in new files there.", v.Name, to)
	for _, l := range v.Lanes {
		if l.Home != "" && l.Home != to {
			return effect + fmt.Sprintf(" What it has written stays on node %s%s.", l.Home, yes(l.HomeGone, ", which does not report now", ""))
		}
	}
	return effect
}

// homeText names the nodes that have the files of lanes.
func homeText(lanes []store.LaneStatus) string {
	var all []string
	for _, l := range lanes {
		if l.Home == "" {
			continue
		}
		all = append(all, fmt.Sprintf("%s, last seen %s%s", l.Home, clock(l.HomeSeen), yes(l.HomeGone, "; the flow waits for it", "")))
	}
	return strings.Join(all, "\n")
}
