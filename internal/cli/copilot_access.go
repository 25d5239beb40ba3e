package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// copilotAccess is an answer to who can see an item.
type copilotAccess struct {
	ID     string   `json:"id"`
	Sees   bool     `json:"sees"`
	Why    string   `json:"why"`
	Unless []string `json:"unless,omitempty"`
	// Missing are external groups in the list that are not there.
	Missing []string `json:"missing_groups,omitempty"`
	ACL     []any    `json:"acl"`
}

func (s *session) copilotAccess() *cobra.Command {
	c := &cobra.Command{Use: "access", Short: "Who can see an item", Example: examples("headrace copilot access test policies-in-copilot --item policies/leave.md --user c2b6e3a0-0b7c-4f2a-8f5e-3a9d7e1b4c66", "",
		"headrace copilot item show policies-in-copilot policies/leave.md", "its access list, among the rest")}
	var (
		item, user string
		groups     []string
		guest      bool
	)
	test := &cobra.Command{Use: "test DESTINATION --item ID --user ID", Short: "Tell whether somebody can see an item, as far as its access list says", Args: exactly(1),
		Long: "Reads the item's access list from the tenant. Graph does not tell an app who is in a group: name the person's groups with --group; an answer that hangs on others says so. " +
			"People find an item only if an admin has switched the connection's results on, too.",
		Example: examples("headrace copilot access test policies-in-copilot --item policies/leave.md --user c2b6e3a0-0b7c-4f2a-8f5e-3a9d7e1b4c66", "",
			"headrace copilot access test policies-in-copilot --item policies/leave.md --user c2b6e3a0-0b7c-4f2a-8f5e-3a9d7e1b4c66 --group oncall --guest", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if item == "" || user == "" {
				return usage("--item and --user are both needed")
			}
			var a copilotAccess
			if err := s.copilotAct(cmd, args[0], "access-test", fields{"id": item, "user": user, "groups": groups, "guest": guest}, &a); err != nil {
				return err
			}
			for _, group := range a.Missing {
				s.say("! the external group %s is not there, so nobody gets in by it. Make it with: headrace copilot group create %s %s", group, args[0], group)
			}
			return one(s, a, a.ID, []pair{{"item", a.ID}, {"can see it", yes(a.Sees, "yes", "no")}, {"why", a.Why}, {"unless in", strings.Join(a.Unless, "\n")}})
		}}
	test.Flags().StringVar(&item, "item", "", "the item's ID, or the key it was made of")
	test.Flags().StringVar(&user, "user", "", "the person's object ID in Entra")
	test.Flags().StringArrayVar(&groups, "group", nil, "a group that the person is in; may be repeated")
	test.Flags().BoolVar(&guest, "guest", false, "the person is a guest of the tenant")
	c.AddCommand(test)
	return c
}
