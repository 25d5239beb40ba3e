package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// readAtMost reads all of a reader that has no more than so many bytes.
func readAtMost(in io.Reader, most int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(raw)) > most {
		err = fault.New(fault.Invalid, "it has more than %d bytes", most)
	}
	if err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	return raw, nil
}

func (s *session) copilotItem() *cobra.Command {
	c := &cobra.Command{Use: "item", Short: "The items of a connection: list, show, send, delete, verify",
		Example: examples("headrace copilot item show policies-in-copilot policies/leave.md", "its record, what would be sent, what is in the tenant", "headrace copilot item send policies-in-copilot --record leave.json", "")}
	c.AddCommand(s.itemList(), s.itemShow(), s.itemSend(), s.itemDelete(), s.itemVerify())
	return c
}

func (s *session) itemSend() *cobra.Command {
	var record, key string
	c := &cobra.Command{Use: "send DESTINATION --record FILE", Short: "Map one record and send its item, to try it out; a mirror's inventory does not hear of it", Args: exactly(1),
		Example: examples("headrace copilot item send policies-in-copilot --record leave.json", "", "headrace copilot item send policies-in-copilot --record - --key policies/leave.md", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if record == "" {
				return usage("--record is missing: the file with the record")
			}
			raw, err := s.readRecord(record)
			if err != nil {
				return err
			}
			var v connector.ShownItem
			if err := s.copilotAct(cmd, args[0], "item-send", fields{"record": raw, "key": key}, &v); err != nil {
				return err
			}
			s.done("sent the item %s", v.ID)
			return s.showItem(v)
		}}
	c.Flags().StringVar(&record, "record", "", "file with one record, - for standard input")
	c.Flags().StringVar(&key, "key", "", "the record's key at its source, where item.id is not set")
	return c
}

func (s *session) itemDelete() *cobra.Command {
	return &cobra.Command{Use: "delete DESTINATION ID", Short: "Delete one item; a mirror's inventory does not hear of it", Args: exactly(2),
		Example: examples("headrace copilot item delete policies-in-copilot policies/leave.md", "by the key or the ID", "headrace copilot item delete policies-in-copilot rb-0042", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.copilotRemoved(cmd, args[0], "item-delete", fields{"id": args[1]})
		}}
}

// copilotRemoved runs an operation that takes something away.
func (s *session) copilotRemoved(cmd *cobra.Command, destination, action string, input fields) error {
	var out map[string]string
	if err := s.copilotAct(cmd, destination, action, input, &out); err != nil {
		return err
	}
	s.done("removed %s", out["removed"])
	return nil
}

func (s *session) copilotGroup() *cobra.Command {
	c := &cobra.Command{Use: "group", Short: "External groups: people that Entra does not know as a group; Graph can list neither groups nor members",
		Example: examples("headrace copilot group create policies-in-copilot oncall --name \"On call\"", "", "headrace copilot group member add policies-in-copilot oncall c2b6e3a0-0b7c-4f2a-8f5e-3a9d7e1b4c66", "")}
	var name, description string
	create := &cobra.Command{Use: "create DESTINATION GROUP", Short: "Make an external group", Args: exactly(2),
		Example: examples("headrace copilot group create policies-in-copilot oncall --name \"On call\"", "", "headrace copilot group create policies-in-copilot oncall", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.copilotGroupShow(cmd, args[0], "group-create", fields{"id": args[1], "displayName": name, "description": description})
		}}
	create.Flags().StringVar(&name, "name", "", "its name for people")
	create.Flags().StringVar(&description, "description", "", "where it comes from")
	c.AddCommand(create,
		&cobra.Command{Use: "show DESTINATION GROUP", Short: "Show an external group", Args: exactly(2),
			Example: examples("headrace copilot group show policies-in-copilot oncall", "", "headrace copilot group show policies-in-copilot oncall --json", ""),
			RunE: func(cmd *cobra.Command, args []string) error {
				return s.copilotGroupShow(cmd, args[0], "group-show", fields{"id": args[1]})
			}},
		&cobra.Command{Use: "delete DESTINATION GROUP", Short: "Delete an external group; nobody sees anything by it any more", Args: exactly(2),
			Example: examples("headrace copilot group delete policies-in-copilot oncall", "", "headrace copilot group delete policies-in-copilot oncall --confirm=oncall", "without asking"),
			RunE: func(cmd *cobra.Command, args []string) error {
				if err := s.certain(args[1], "Whoever sees items by group "+args[1]+" alone will not see them any more."); err != nil {
					return err
				}
				return s.copilotRemoved(cmd, args[0], "group-delete", fields{"id": args[1]})
			}},
		s.copilotMember())
	return c
}

func (s *session) copilotGroupShow(cmd *cobra.Command, destination, action string, input fields) error {
	var g struct {
		ID          string `json:"id"`
		DisplayName string `json:"displayName"`
		Description string `json:"description"`
	}
	if err := s.copilotAct(cmd, destination, action, input, &g); err != nil {
		return err
	}
	return one(s, g, g.ID, []pair{{"id", g.ID}, {"name", g.DisplayName}, {"description", g.Description}})
}

func (s *session) copilotMember() *cobra.Command {
	c := &cobra.Command{Use: "member", Short: "Who is in an external group", Example: examples("headrace copilot group member add policies-in-copilot oncall c2b6e3a0-0b7c-4f2a-8f5e-3a9d7e1b4c66", "", "headrace copilot group member remove policies-in-copilot oncall c2b6e3a0-0b7c-4f2a-8f5e-3a9d7e1b4c66", "")}
	for verb, short := range map[string]string{"add": "Add a user, group or external group", "remove": "Take one out"} {
		kind := "user"
		one := &cobra.Command{Use: verb + " DESTINATION GROUP ID", Short: short, Args: exactly(3),
			Example: examples("headrace copilot group member "+verb+" policies-in-copilot oncall c2b6e3a0-0b7c-4f2a-8f5e-3a9d7e1b4c66", "", "headrace copilot group member "+verb+" policies-in-copilot oncall leads --type externalGroup", ""),
			RunE: func(cmd *cobra.Command, args []string) error {
				var out map[string]string
				if err := s.copilotAct(cmd, args[0], "member-"+verb, fields{"group": args[1], "id": args[2], "type": kind}, &out); err != nil {
					return err
				}
				s.done("%s %s", yes(verb == "add", "added", "removed"), args[2])
				return nil
			}}
		one.Flags().StringVar(&kind, "type", kind, "user, group or externalGroup")
		c.AddCommand(one)
	}
	return c
}
