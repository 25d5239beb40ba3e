package cli

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/config"
)

func (s *session) itemList() *cobra.Command {
	var state string
	c := &cobra.Command{Use: "list DESTINATION", Short: "List the items that were sent, from our inventory: Graph can't list them", Args: exactly(1),
		Long:    "States: sent; sending (a crash or refusal came in between, nobody knows what arrived; it is sent again); failed (refused, with the reason).",
		Example: examples("headrace copilot item list policies-in-copilot", "", "headrace copilot item list policies-in-copilot --state failed", "", "headrace copilot item list policies-in-copilot -o id > ids.txt", "a list to keep"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if states := []string{"sent", "sending", "failed"}; state != "" && !slices.Contains(states, state) {
				return usage("--state %q is not one of %s%s", state, strings.Join(states, ", "), config.DidYouMean(state, states))
			}
			var all []api.Item
			if err := s.inventory(cmd, args[0], state, func(i api.Item) error { all = append(all, i); return nil }); err != nil {
				return err
			}
			return list(s, all, func(i api.Item) string { return i.ID }, "No items.", []column[api.Item]{
				{head: "ITEM", text: func(i api.Item) string { return i.ID }},
				{head: "STATE", text: func(i api.Item) string { return i.State }},
				{head: "CRAWL", text: func(i api.Item) string { return count(i.Crawl) }},
				{head: "ERROR", text: func(i api.Item) string { return i.Error }},
			})
		}}
	c.Flags().StringVar(&state, "state", "", "only sent, sending or failed ones")
	return c
}

// inventory visits the items of a destination.
func (s *session) inventory(cmd *cobra.Command, destination, state string, visit func(api.Item) error) error {
	q := api.ItemQuery{Name: destination, State: state}
	for {
		page, err := call(s, cmd, api.DestinationItems, q)
		if err != nil {
			return err
		}
		for _, i := range page.Items {
			if err := visit(i); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// A verified item is one that was looked up in the tenant.
type verified struct {
	ID    string `json:"id"`
	Found bool   `json:"found"`
}

func (s *session) itemVerify() *cobra.Command {
	var (
		ids  string
		mend bool
	)
	c := &cobra.Command{Use: "verify DESTINATION", Short: "Look the items up in the tenant one by one, and tell which are not there", Args: exactly(1),
		Long: "Asks Graph for each item of the inventory; or, after an inventory was lost, for each ID of a list that was kept (copilot item list -o id): those that are there can be deleted with copilot item delete. " +
			"Graph throttles such readings early; it takes a while.",
		Example: examples("headrace copilot item verify policies-in-copilot", "", "headrace copilot item verify policies-in-copilot --ids ids.txt -o ndjson", "after the inventory was lost"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var all []verified
			look := func(id string) error {
				var v copilotItem
				if err := s.copilotAct(cmd, args[0], "item-show", fields{"id": id}, &v); err != nil {
					return err
				}
				all = append(all, verified{ID: id, Found: v.Found})
				return nil
			}
			var err error
			if ids == "" {
				err = s.inventory(cmd, args[0], "", func(i api.Item) error { return look(i.ID) })
			} else {
				err = eachLine(ids, look)
			}
			if err != nil {
				return err
			}
			if ids != "" {
				return s.showVerified(all, true)
			}
			return s.verifiedInventory(cmd, args[0], all, mend)
		}}
	c.Flags().BoolVar(&mend, "mend", false, "what is missing in the tenant is sent again by the next crawl")
	c.Flags().StringVar(&ids, "ids", "", "file with an item's ID on each line, instead of the inventory")
	c.MarkFlagsMutuallyExclusive("ids", "mend")
	return c
}

// verifiedInventory tells what of the inventory is missing in the tenant, and has it sent again if asked to.
func (s *session) verifiedInventory(cmd *cobra.Command, destination string, all []verified, mend bool) error {
	if err := s.showVerified(all, false); err != nil {
		return err
	}
	missing := api.MissingItems{Name: destination}
	for _, v := range all {
		if !v.Found {
			missing.IDs = append(missing.IDs, v.ID)
		}
	}
	switch {
	case len(missing.IDs) == 0:
		return nil
	case !mend:
		s.say("  --mend has what is missing sent again by the next crawl")
		return codeError(exitDeadLetters)
	}
	if _, err := call(s, cmd, api.DestinationMissing, missing); err != nil {
		return err
	}
	s.done("the next crawl sends %s items again", count(int64(len(missing.IDs))))
	return nil
}

// showVerified shows the items that were found, or those that were not; in JSON all.
func (s *session) showVerified(all []verified, found bool) error {
	there := 0
	var tell []verified
	for _, v := range all {
		if v.Found {
			there++
		}
		if v.Found == found || s.wantsJSON() {
			tell = append(tell, v)
		}
	}
	s.say("%s of %s items are in the tenant", count(int64(there)), count(int64(len(all))))
	return list(s, tell, func(v verified) string { return v.ID }, "", []column[verified]{
		{head: "ITEM", text: func(v verified) string { return v.ID }},
		{head: "IN THE TENANT", text: func(v verified) string { return yes(v.Found, "yes", "no") }},
	})
}

func eachLine(path string, visit func(string) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fileTrouble(path, err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if id := strings.TrimSpace(lines.Text()); id != "" {
			if err := visit(id); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
