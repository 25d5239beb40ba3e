package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/destination"
)

func writeHalf(spec connector.Spec) func() connector.Config {
	if spec.Destination == nil {
		return nil
	}
	return spec.Destination.Config
}

func (s *session) destinationCommand() *cobra.Command {
	c := &cobra.Command{Use: "destination", Aliases: []string{"destinations"}, Short: "Where it is delivered to",
		Example: examples("headrace destination create archive --connector file --path /var/log/headrace --compression zstd", "", "headrace destination test archive", "")}
	c.AddCommand(s.destinationCreate(), s.destinationList(), s.destinationShow(), s.destinationEdit(), pauseCommand(s, destinationRest), resumeCommand(s, destinationRest), s.destinationRemove(), s.destinationTest())
	return c
}

func (s *session) destinationCreate() *cobra.Command {
	var (
		kind, credential, description, ifExists string
		paused                                  bool
		st                                      *settings
	)
	c := &cobra.Command{Use: "create NAME", Short: "Make a destination", Args: exactly(1),
		Example: examples("headrace destination create archive --connector file --path /var/log/headrace --compression zstd", "",
			"headrace destination create pipe --connector stdout", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkIfExists(ifExists); err != nil {
				return err
			}
			spec := fields{"connector": kind}
			if credential != "" {
				spec["credential"] = credential
			}
			if err := st.spec(cmd, spec); err != nil {
				return err
			}
			v, err := call(s, cmd, api.DestinationCreate, api.Draft{Name: args[0], Description: description, Spec: spec.raw(), Paused: paused, IfExists: ifExists})
			if err != nil {
				return err
			}
			s.done("saved  destination %s (%s)", v.Name, v.ID)
			s.next("headrace flow create NAME --source SOURCE --destination %s", v.Name)
			return s.showDestination(v, true)
		}}
	c.Flags().StringVar(&kind, "connector", "", "headrace connector list shows what there is")
	c.Flags().StringVar(&credential, "credential", "", "the credential that it signs in with")
	c.Flags().StringVar(&description, "description", "", "shown with the name")
	c.Flags().BoolVar(&paused, "paused", false, "do not begin yet")
	addIfExists(c, &ifExists)
	st = addSettings(c, s.connectors, writeHalf)
	return c
}

func (s *session) destinationList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List destinations", Args: noArgs, Example: examples("headrace destination list", "", "headrace destination list -o wide", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := call(s, cmd, api.DestinationList, api.None{})
			if err != nil {
				return err
			}
			return list(s, all, func(v destination.View) string { return v.ID }, "No destinations yet. headrace destination create makes one.", []column[destination.View]{
				{head: "NAME", text: func(v destination.View) string { return v.Name }},
				{head: "CONNECTOR", text: func(v destination.View) string { return v.Connector }},
				{head: "CREDENTIAL", text: func(v destination.View) string { return v.Credential }},
				{head: "STATE", text: func(v destination.View) string { return yes(v.Paused, "paused", "on") }},
				{head: "FLOWS", text: func(v destination.View) string { return strings.Join(v.UsedBy, ", ") }},
				{head: "OWNER", text: func(v destination.View) string { return v.Owner }, wide: true},
				{head: "ID", text: func(v destination.View) string { return v.ID }, wide: true},
			})
		}}
}

var destinationRest = rest[destination.View]{
	noun: "destination", name: "archive", why: "tenant migration", pauses: "Stop writing to it; its flows wait",
	pause: api.DestinationPause, resume: api.DestinationResume, called: func(v destination.View) string { return v.Name },
	show: func(s *session, v destination.View) error { return s.showDestination(v, true) },
}

// showDestination writes a destination; quietly: not for people, who were told.
func (s *session) showDestination(v destination.View, quietly bool) error {
	if f := s.format(); quietly && (f == "table" || f == "wide") {
		return nil
	}
	return one(s, v, v.ID, []pair{{"name", v.Name}, {"id", v.ID}, {"description", v.Description}, {"connector", v.Connector}, {"credential", v.Credential},
		{"state", state(v.Paused, v.Reason)}, {"flows", strings.Join(v.UsedBy, ", ")}, {"settings", settingsText(v.Spec)},
		{"owner", v.Owner}, {"revision", fmt.Sprint(v.Revision)}, {"updated", clock(v.Updated)}})
}

func (s *session) destinationShow() *cobra.Command {
	return &cobra.Command{Use: "show NAME", Short: "Show a destination and its settings", Args: exactly(1), Example: examples("headrace destination show archive", "", "headrace destination show archive -o yaml", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, api.DestinationShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			return s.showDestination(v, false)
		}}
}

func (s *session) destinationEdit() *cobra.Command {
	var (
		credential, description, rename string
		edit                            editFlags
		st                              *settings
	)
	c := &cobra.Command{Use: "edit NAME", Short: "Change a destination", Args: exactly(1),
		Example: examples("headrace destination edit archive --rotate-size 500MB", "", "headrace destination edit archive --unset rotateSize", "back to the default"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec := fields{}
			if credential != "" {
				spec["credential"] = credential
			}
			if err := st.spec(cmd, spec); err != nil {
				return err
			}
			v, err := call(s, cmd, api.DestinationEdit, edit.change(cmd, args[0], rename, &description, spec))
			if err != nil {
				return err
			}
			s.done("changed  destination %s (revision %d)", v.Name, v.Revision)
			return s.showDestination(v, true)
		}}
	c.Flags().StringVar(&credential, "credential", "", "another credential of the same tenant")
	c.Flags().StringVar(&description, "description", "", "shown with the name")
	edit.add(c, &rename)
	st = addSettings(c, s.connectors, writeHalf)
	return c
}

func (s *session) destinationRemove() *cobra.Command {
	return &cobra.Command{Use: "remove NAME", Short: "Remove a destination that no flow uses", Args: exactly(1),
		Example: examples("headrace destination remove archive", "", "headrace destination remove archive --confirm=archive", "without asking"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, api.DestinationShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			if len(v.UsedBy) == 0 {
				if err := s.certain(v.Name, fmt.Sprintf("Destination %q will be gone, and what is remembered of what it holds. What was delivered stays.", v.Name)); err != nil {
					return err
				}
			}
			if _, err := call(s, cmd, api.DestinationRemove, api.Removal{Name: args[0], Revision: v.Revision}); err != nil {
				return err
			}
			s.done("removed destination %s", v.Name)
			return nil
		}}
}

func (s *session) destinationTest() *cobra.Command {
	return &cobra.Command{Use: "test NAME", Short: "Check whether it can be written to", Args: exactly(1), Example: examples("headrace destination test archive", "", "headrace destination test archive --json", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.testUntil(cmd, 0, func() (api.Checks, error) { return call(s, cmd, api.DestinationTest, api.Named{Name: args[0]}) })
		}}
}
