package cli

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/item"
)

func (s *session) itemShow() *cobra.Command {
	var record, key string
	c := &cobra.Command{Use: "show DESTINATION [ID]", Short: "Show an item: its record at the source, what would be sent of it now, what is in the tenant, and the differences", Args: cobra.RangeArgs(1, 2),
		Long: "Looks the item up in the inventory, its record at the source of the flow that fills the destination, and the item in the tenant. What can't be had says why. " +
			"A document is looked up by its path; for a row of a table, tables are read from their beginning for up to 20 seconds. " +
			"On a terminal long texts are cut; -o json has everything. With --record a record of your own is compared in place of the source's.",
		Example: examples("headrace copilot item show policies-in-copilot policies/leave.md", "by the key or the ID", "headrace copilot item show policies-in-copilot --key policies/leave.md", "by the record's key at its source, where item.id makes another ID of it",
			"headrace copilot item show policies-in-copilot --record leave.json", "a record of your own"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id := ""
			if len(args) == 2 {
				id = args[1]
			}
			if record != "" {
				return s.itemOfRecord(cmd, args[0], fields{"id": id, "key": key}, record)
			}
			if id == "" && key == "" {
				return usage("which item? Name its ID or the key it was made of, or its record's key with --key").WithHint("headrace copilot item list %s shows what there is", args[0])
			}
			v, err := call(s, cmd, api.DestinationItem, api.WholeItemQuery{Name: args[0], ID: id, SourceKey: key})
			if err != nil {
				return err
			}
			return s.showWhole(v)
		}}
	c.Flags().StringVar(&record, "record", "", "file with a record to compare in place of the source's, - for standard input")
	c.Flags().StringVar(&key, "key", "", "the record's key at its source")
	return c
}

// itemOfRecord compares what a record of the user's own makes with what is in the tenant.
func (s *session) itemOfRecord(cmd *cobra.Command, destination string, input fields, record string) error {
	raw, err := s.readRecord(record)
	if err != nil {
		return err
	}
	input["record"] = raw
	var v connector.ShownItem
	if err := s.copilotAct(cmd, destination, connector.ItemShow, input, &v); err != nil {
		return err
	}
	return s.showItem(v)
}

func (s *session) showItem(v connector.ShownItem) error {
	return one(s, v, v.ID, []pair{{"id", v.ID}, {"in the tenant", yes(v.Found, "yes", "no")}, {"compared", compared(v.Same, v.Different)}, {"url", v.URL}, {"notes", strings.Join(v.Notes, "\n")},
		{"differences", differences(v.Different, v.Made, v.Stored)}, {"made", short(v.Made)}, {"stored", short(v.Stored)}})
}

// compared says how what is in the tenant stands to what would be sent.
func compared(same *bool, different []string) string {
	if same == nil {
		return ""
	}
	return yes(*same, "as the record makes it", "differs in "+strings.Join(different, ", "))
}

// showWhole shows all sides of an item; where one is missing it says why.
func (s *session) showWhole(v item.Whole) error {
	missing := map[string]item.Missing{}
	for _, m := range v.Missing {
		missing[m.Part] = m
	}
	side := func(part, text string) string {
		m, none := missing[part]
		switch {
		case !none:
			return text
		case m.Hint != "":
			return m.Reason + "\n" + m.Hint
		}
		return m.Reason
	}
	pairs := []pair{{"id", v.ID}, {"flow", v.Flow}, {"source", v.Source}, {"inventory", side(item.PartInventory, entryOf(v))}}
	record, made := "", short(v.Made)
	if v.Record != nil {
		record = short(v.Record.Body)
		pairs = append(pairs, pair{"record's key", v.Record.Key})
		if !v.Record.Time.IsZero() {
			pairs = append(pairs, pair{"record's time", v.Record.Time.Format(time.RFC3339)})
		}
	}
	if v.Same != nil && *v.Same {
		made = "the same as what is in the tenant"
	}
	tenant := ""
	if v.Found != nil {
		tenant = yes(*v.Found, "yes", "no")
	}
	return one(s, v, v.ID, append(pairs, pair{"in the tenant", cmp.Or(tenant, "not known")}, pair{"compared", compared(v.Same, v.Different)}, pair{"url", v.URL}, pair{"notes", strings.Join(v.Notes, "\n")},
		pair{"differences", differences(v.Different, v.Made, v.Stored)},
		pair{"record", side(item.PartRecord, record)}, pair{"transformed", short(v.After)}, pair{"would be sent", side(item.PartMade, made)}, pair{"stored", side(item.PartStored, short(v.Stored))}))
}

// entryOf says in words what the inventory knows.
func entryOf(v item.Whole) string {
	e := v.Inventory
	if e == nil {
		return ""
	}
	text := fmt.Sprintf("%s, crawl %s", e.State, count(e.Crawl))
	if e.Error != "" {
		text += ": " + e.Error
	}
	if v.Current != nil {
		text += yes(*v.Current, "; the record is as it was when it was sent", "; the record, or what is made of it, has changed since: the next crawl sends it")
	}
	return text
}
