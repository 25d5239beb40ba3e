package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
)

func (s *session) itemList() *cobra.Command {
	var state string
	c := &cobra.Command{Use: "list DESTINATION", Short: "List the items that were sent, from our inventory: Graph can't list them", Args: exactly(1),
		Long:    "States: sent; sending (a crash or refusal came in between, nobody knows what arrived; it is sent again); failed (refused, with the reason).",
		Example: examples("headrace copilot item list policies-in-copilot", "", "headrace copilot item list policies-in-copilot --state failed", "", "headrace copilot item list policies-in-copilot -o ndjson > inventory.ndjson", "a backup of what can't be asked for"),
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
	ID        string `json:"id"`
	Found     bool   `json:"found"`
	Inventory bool   `json:"inventory"` // it stands in the inventory, so a crawl changes or deletes it when its time has come
}

func (s *session) itemVerify() *cobra.Command {
	var (
		ids           string
		mend, orphans bool
	)
	c := &cobra.Command{Use: "verify DESTINATION", Short: "Look the items up in the tenant one by one, and tell which are not there", Args: exactly(1),
		Long: "Asks Graph for each item of the inventory; or, after an inventory was lost, for each one of a list that was kept (copilot item list -o ndjson, or -o id): " +
			"what is there though the new inventory does not know it is an orphan, which no crawl will ever delete. Graph throttles such readings early; it takes a while.",
		Example: examples("headrace copilot item verify policies-in-copilot", "",
			"headrace copilot item verify policies-in-copilot --ids inventory.ndjson --orphans -o id > orphans.txt", "after the inventory was lost",
			"xargs -n 1 headrace copilot item delete policies-in-copilot < orphans.txt", "and they are gone"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case mend && ids != "":
				return usage("--mend is for the inventory, --ids for a list that was kept").WithHint("Only what stands in the inventory can be sent again by a crawl.")
			case orphans && ids == "":
				return usage("--orphans needs --ids: what the inventory knows is no orphan")
			}
			var all []verified
			known := map[string]bool{}
			look := func(id string) error {
				var v connector.ShownItem
				if err := s.copilotAct(cmd, args[0], "item-show", fields{"id": id}, &v); err != nil {
					return err
				}
				all = append(all, verified{ID: id, Found: v.Found, Inventory: ids == "" || known[id]})
				return nil
			}
			if ids == "" {
				if err := s.inventory(cmd, args[0], "", func(i api.Item) error { return look(i.ID) }); err != nil {
					return err
				}
				return s.verifiedInventory(cmd, args[0], all, mend)
			}
			if err := s.inventory(cmd, args[0], "", func(i api.Item) error { known[i.ID] = true; return nil }); err != nil {
				return err
			}
			if err := eachID(ids, look); err != nil {
				return err
			}
			if orphans {
				all = slices.DeleteFunc(all, func(v verified) bool { return !v.Found || v.Inventory })
			}
			return s.showVerified(all, true)
		}}
	c.Flags().BoolVar(&mend, "mend", false, "what is missing in the tenant is sent again by the next crawl")
	c.Flags().StringVar(&ids, "ids", "", "file that copilot item list wrote (ndjson, or an ID on each line), instead of the inventory")
	c.Flags().BoolVar(&orphans, "orphans", false, "with --ids: only what is in the tenant and not in the inventory")
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
	did, err := call(s, cmd, api.DestinationMissing, missing)
	if err != nil {
		return err
	}
	s.done("the next crawl sends %s items again", count(did.Known))
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
		{head: "IN THE INVENTORY", text: func(v verified) string { return yes(v.Inventory, "yes", "no") }},
	})
}

// eachID visits the IDs of a list: one on each line, or the ndjson that item list writes.
func eachID(path string, visit func(string) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fileTrouble(path, err)
	}
	defer func() { _ = f.Close() }()
	lines, n := bufio.NewScanner(f), 0
	for lines.Scan() {
		n++
		id := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(id, "{") {
			var item api.Item
			if err := json.Unmarshal([]byte(id), &item); err != nil || item.ID == "" {
				return usage("%s:%d is no item: an object with an id is expected, as headrace copilot item list -o ndjson writes them", path, n)
			}
			id = item.ID
		}
		if id == "" {
			continue
		}
		if err := visit(id); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
