package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/destination"
	"github.com/headrace/headrace/internal/object"
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
	c.AddCommand(createUse(s, destinationUse), s.destinationList(), showUse(s, destinationUse), editUse(s, destinationUse), pauseCommand(s, destinationRest), resumeCommand(s, destinationRest), removeCommand(s, destinationRemoval), testUse(s, destinationUse))
	return c
}

var destinationUse = use[destination.View]{
	noun: "destination", name: "archive", half: writeHalf,
	making: []string{"headrace destination create archive --connector file --path /var/log/headrace --compression zstd", "",
		"headrace destination create pipe --connector stdout", ""},
	changing: []string{"headrace destination edit archive --rotate-size 500MB", "", "headrace destination edit archive --unset rotateSize", "back to the default"},
	create:   api.DestinationCreate, show: api.DestinationShow, edit: api.DestinationEdit, test: api.DestinationTest, checks: "Check whether it can be written to",
	of: func(v destination.View) object.View { return v.View },
	pairs: func(v destination.View) []pair {
		return []pair{{"name", v.Name}, {"id", v.ID}, {"description", v.Description}, {"connector", v.Connector}, {"credential", v.Credential},
			{"state", state(v.State, v.Paused, v.Reason)}, {"flows", strings.Join(v.UsedBy, ", ")}, {"settings", settingsText(v.Spec)},
			{"owner", v.Owner}, {"revision", fmt.Sprint(v.Revision)}, {"updated", clock(v.Updated)}}
	},
	next: func(name string) string { return "headrace flow create NAME --source SOURCE --destination " + name },
}

var destinationRemoval = removal[destination.View]{
	noun: "destination", name: "archive", short: "Remove a destination that no flow uses", show: api.DestinationShow, remove: api.DestinationRemove,
	of: func(v destination.View) object.View { return v.View }, used: func(v destination.View) bool { return len(v.UsedBy) > 0 },
	effect: func(v destination.View) string {
		return fmt.Sprintf("Destination %q will be gone, and what is remembered of what it holds. What was delivered stays.", v.Name)
	},
}

func (s *session) destinationList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List destinations", Args: noArgs, Example: examples("headrace destination list", "", "headrace destination list -o wide", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := every(s, cmd, api.DestinationList)
			if err != nil {
				return err
			}
			return list(s, all, func(v destination.View) string { return v.ID }, "No destinations yet. headrace destination create makes one.", []column[destination.View]{
				{head: "NAME", text: func(v destination.View) string { return v.Name }},
				{head: "CONNECTOR", text: func(v destination.View) string { return v.Connector }},
				{head: "CREDENTIAL", text: func(v destination.View) string { return v.Credential }},
				{head: "STATE", text: func(v destination.View) string { return v.State }},
				{head: "FLOWS", text: func(v destination.View) string { return strings.Join(v.UsedBy, ", ") }},
				{head: "OWNER", text: func(v destination.View) string { return v.Owner }, wide: true},
				{head: "ID", text: func(v destination.View) string { return v.ID }, wide: true},
			})
		}}
}

var destinationRest = rest[destination.View]{
	noun: "destination", name: "archive", why: "tenant migration", pauses: "Stop writing to it; its flows wait",
	pause: api.DestinationPause, resume: api.DestinationResume, called: func(v destination.View) string { return v.Name },
	show: func(s *session, v destination.View) error { return destinationUse.print(s, v, true) }, of: destinationUse.of, look: api.DestinationShow,
}
