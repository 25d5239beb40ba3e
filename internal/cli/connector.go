package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/object"
)

func (s *session) connectorCommand() *cobra.Command {
	c := &cobra.Command{Use: "connector", Aliases: []string{"connectors"}, Short: "The kinds of systems we can talk to",
		Example: examples("headrace connector list", "", "headrace connector show office-365-management-api", "its settings")}
	c.AddCommand(&cobra.Command{Use: "list", Short: "List connectors", Args: noArgs, Example: examples("headrace connector list", "", "headrace connector list -o id", ""),
		RunE: func(*cobra.Command, []string) error {
			var all []api.Connector
			for _, spec := range s.connectors {
				all = append(all, api.ConnectorOf(spec, false))
			}
			return list(s, all, func(v api.Connector) string { return v.Name }, "There are none.", []column[api.Connector]{
				{head: "NAME", text: func(v api.Connector) string { return v.Name }},
				{head: "USE", text: func(v api.Connector) string { return strings.Join(v.Use, ", ") }},
				{head: "CREDENTIAL", text: func(v api.Connector) string { return yes(v.Credential, "needed", "none") }},
				{head: "SUMMARY", text: func(v api.Connector) string { return v.Summary }},
			})
		}})
	var readme bool
	show := &cobra.Command{Use: "show NAME", Short: "Show a connector and its settings", Args: exactly(1),
		Example: examples("headrace connector show office-365-management-api", "", "headrace connector show file --readme", "its page"),
		RunE: func(_ *cobra.Command, args []string) error {
			spec, err := object.Connectors(s.connectors).Find(args[0])
			if err != nil {
				return (&fault.Error{Class: fault.NotFound, Code: "connector_not_found", Title: err.Error()}).WithHint("headrace connector list shows what there is")
			}
			if readme {
				return s.print(strings.TrimRight(spec.README, "\n") + "\n")
			}
			v := api.ConnectorOf(spec, true)
			if f := s.format(); f != "table" && f != "wide" {
				return one(s, v, v.Name, nil)
			}
			var b strings.Builder
			fmt.Fprintf(&b, "%s: %s\n%s\n", s.bold(v.Name), v.Title, v.Summary)
			settingsHelp(&b, "As a source", v.Source)
			settingsHelp(&b, "As a destination", v.Destination)
			return s.print(b.String())
		}}
	show.Flags().BoolVar(&readme, "readme", false, "its page for operators: what to grant, limits, troubles")
	c.AddCommand(show)
	return c
}

func settingsHelp(b *strings.Builder, title string, fields []config.Field) {
	if len(fields) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s:\n", title)
	for _, f := range config.Spread(fields) {
		fmt.Fprintf(b, "  %s (%s)\n      %s\n", f.Path, f.Type, f.Doc)
		var more []string
		if f.Default != "" {
			more = append(more, "default "+f.Default)
		}
		if f.Example != "" {
			more = append(more, "example "+f.Example)
		}
		if len(f.Enum) > 0 {
			more = append(more, "one of "+strings.Join(f.Enum, ", "))
		}
		if len(more) > 0 {
			fmt.Fprintf(b, "      %s\n", strings.Join(more, " · "))
		}
	}
}
