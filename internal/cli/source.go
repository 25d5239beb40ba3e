package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/source"
)

func readHalf(spec connector.Spec) func() connector.Config {
	if spec.Source == nil {
		return nil
	}
	return spec.Source.Config
}

func (s *session) sourceCommand() *cobra.Command {
	c := &cobra.Command{Use: "source", Aliases: []string{"sources"}, Short: "What is read",
		Example: examples("headrace source create contoso --connector office-365-management-api --credential contoso-audit", "", "headrace source sample contoso --count 3", "look at some records")}
	c.AddCommand(s.sourceCreate(), s.sourceList(), s.sourceShow(), s.sourceEdit(), pauseCommand(s, sourceRest), resumeCommand(s, sourceRest), s.sourceRemove(), s.sourceTest(), s.sourceSample(), s.sourceAction())
	return c
}

func (s *session) sourceCreate() *cobra.Command {
	var (
		kind, credential, description, ifExists string
		paused                                  bool
		st                                      *settings
	)
	c := &cobra.Command{Use: "create NAME", Short: "Make a source", Args: exactly(1),
		Example: examples("headrace source create contoso --connector office-365-management-api --credential contoso-audit", "",
			"headrace source create contoso --connector office-365-management-api --credential contoso-audit --content-types Audit.Exchange,Audit.SharePoint --start -2d", ""),
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
			v, err := call(s, cmd, api.SourceCreate, api.Draft{Name: args[0], Description: description, Spec: spec.raw(), Paused: paused, IfExists: ifExists})
			if err != nil {
				return err
			}
			s.done("saved  source %s (%s)", v.Name, v.ID)
			s.next("headrace destination create archive --connector file --path ./archive, then: headrace flow create %s --source %s --destination archive", v.Name, v.Name)
			return s.showSource(v, true)
		}}
	c.Flags().StringVar(&kind, "connector", "", "headrace connector list shows what there is")
	c.Flags().StringVar(&credential, "credential", "", "the credential that it signs in with")
	c.Flags().StringVar(&description, "description", "", "shown with the name")
	c.Flags().BoolVar(&paused, "paused", false, "do not begin yet")
	addIfExists(c, &ifExists)
	st = addSettings(c, s.connectors, readHalf)
	return c
}

func (s *session) sourceList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List sources", Args: noArgs, Example: examples("headrace source list", "", "headrace source list -o wide", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := call(s, cmd, api.SourceList, api.None{})
			if err != nil {
				return err
			}
			return list(s, all, func(v source.View) string { return v.ID }, "No sources yet. headrace source create makes one.", []column[source.View]{
				{head: "NAME", text: func(v source.View) string { return v.Name }},
				{head: "CONNECTOR", text: func(v source.View) string { return v.Connector }},
				{head: "CREDENTIAL", text: func(v source.View) string { return v.Credential }},
				{head: "STATE", text: func(v source.View) string { return yes(v.Paused, "paused", "on") }},
				{head: "FLOWS", text: func(v source.View) string { return strings.Join(v.UsedBy, ", ") }},
				{head: "STREAMS", text: func(v source.View) string { return strings.Join(v.Streams, ", ") }, wide: true},
				{head: "TENANT", text: func(v source.View) string { return v.Tenant }, wide: true},
				{head: "OWNER", text: func(v source.View) string { return v.Owner }, wide: true},
				{head: "ID", text: func(v source.View) string { return v.ID }, wide: true},
			})
		}}
}

var sourceRest = rest[source.View]{
	noun: "source", name: "contoso", why: "tenant migration", pauses: "Stop listing; what the service keeps is found again later, for 7 days",
	pause: api.SourcePause, resume: api.SourceResume, called: func(v source.View) string { return v.Name },
	show: func(s *session, v source.View) error { return s.showSource(v, true) },
}

// showSource writes a source; quietly: not for people, who were told.
func (s *session) showSource(v source.View, quietly bool) error {
	if f := s.format(); quietly && (f == "table" || f == "wide") {
		return nil
	}
	return one(s, v, v.ID, []pair{{"name", v.Name}, {"id", v.ID}, {"description", v.Description}, {"connector", v.Connector}, {"credential", v.Credential}, {"tenant", v.Tenant},
		{"state", state(v.Paused, v.Reason)}, {"streams", strings.Join(v.Streams, "\n")}, {"flows", strings.Join(v.UsedBy, ", ")}, {"settings", settingsText(v.Spec)},
		{"owner", v.Owner}, {"revision", fmt.Sprint(v.Revision)}, {"updated", clock(v.Updated)}})
}

func state(paused bool, reason string) string {
	if !paused {
		return "on"
	}
	if reason == "" {
		return "paused"
	}
	return "paused: " + reason
}

func (s *session) sourceShow() *cobra.Command {
	return &cobra.Command{Use: "show NAME", Short: "Show a source and its settings", Args: exactly(1), Example: examples("headrace source show contoso", "", "headrace source show contoso -o yaml", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, api.SourceShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			return s.showSource(v, false)
		}}
}

func (s *session) sourceEdit() *cobra.Command {
	var (
		credential, description, rename string
		edit                            editFlags
		st                              *settings
	)
	c := &cobra.Command{Use: "edit NAME", Short: "Change a source", Args: exactly(1),
		Example: examples("headrace source edit contoso --interval 5m", "", "headrace source edit contoso --unset interval", "back to the default"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec := fields{}
			if credential != "" {
				spec["credential"] = credential
			}
			if err := st.spec(cmd, spec); err != nil {
				return err
			}
			v, err := call(s, cmd, api.SourceEdit, edit.change(cmd, args[0], rename, &description, spec))
			if err != nil {
				return err
			}
			s.done("changed  source %s (revision %d)", v.Name, v.Revision)
			return s.showSource(v, true)
		}}
	c.Flags().StringVar(&credential, "credential", "", "another credential of the same tenant")
	c.Flags().StringVar(&description, "description", "", "shown with the name")
	edit.add(c, &rename)
	st = addSettings(c, s.connectors, readHalf)
	return c
}

// change makes the request of an edit.
func (f editFlags) change(cmd *cobra.Command, name, rename string, description *string, spec fields) api.Change {
	change := api.Change{Name: name, Revision: f.revision, Rename: rename, Detach: f.detach, Patch: spec.raw()}
	if cmd.Flags().Changed("description") {
		change.Description = description
	}
	return change
}

func (s *session) sourceRemove() *cobra.Command {
	return &cobra.Command{Use: "remove NAME", Short: "Remove a source that no flow uses", Args: exactly(1),
		Example: examples("headrace source remove contoso", "", "headrace source remove contoso --confirm=contoso", "without asking"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, api.SourceShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			if len(v.UsedBy) == 0 {
				if err := s.certain(v.Name, fmt.Sprintf("Source %q and what is remembered of its listing and coverage will be gone. What was delivered stays.", v.Name)); err != nil {
					return err
				}
			}
			if _, err := call(s, cmd, api.SourceRemove, api.Removal{Name: args[0], Revision: v.Revision}); err != nil {
				return err
			}
			s.done("removed source %s", v.Name)
			return nil
		}}
}

func (s *session) sourceTest() *cobra.Command {
	return &cobra.Command{Use: "test NAME", Short: "Check whether it can be read", Args: exactly(1), Example: examples("headrace source test contoso", "", "headrace source test contoso --json", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.testUntil(cmd, 0, func() (api.Checks, error) { return call(s, cmd, api.SourceTest, api.Named{Name: args[0]}) })
		}}
}

func (s *session) sourceSample() *cobra.Command {
	n := 5
	c := &cobra.Command{Use: "sample NAME", Short: "Read some records, without delivering them", Args: exactly(1),
		Example: examples("headrace source sample contoso", "", "headrace source sample contoso --count 100 -o ndjson --jq .body", "only the records"),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := call(s, cmd, api.SourceSample, api.SampleRequest{Name: args[0], Count: n})
			if err != nil {
				return err
			}
			return list(s, all, func(v source.Sample) string { return v.Key }, "The source has no records now.", []column[source.Sample]{
				{head: "TIME", text: func(v source.Sample) string { return clock(v.Time) }},
				{head: "STREAM", text: func(v source.Sample) string { return v.Stream }},
				{head: "KEY", text: func(v source.Sample) string { return v.Key }, wide: true},
				{head: "RECORD", text: func(v source.Sample) string { return string(v.Body) }},
			})
		}}
	c.Flags().IntVar(&n, "count", n, "how many records, up to 1000")
	return c
}

func (s *session) sourceAction() *cobra.Command {
	c := &cobra.Command{Use: "action NAME [ACTION] [--FIELD=VALUE…]", Short: "Run a named operation of a source's connector, or list them", Args: cobra.RangeArgs(1, 2),
		Example:            examples("headrace source action contoso", "list them", "headrace source action contoso subscription-list", "", "headrace source action contoso subscription-start --content-type=DLP.All", ""),
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		actions, err := call(s, cmd, api.SourceActions, api.Named{Name: args[0]})
		if err != nil {
			return err
		}
		if len(args) == 1 {
			return s.listActions(actions)
		}
		input, err := actionInput(actions, args[1], s.unknownFlags(cmd))
		if err != nil {
			return err
		}
		return s.act(cmd, args[0], args[1], input)
	}
	return c
}

func (s *session) act(cmd *cobra.Command, name, action string, input fields) error {
	out, err := call(s, cmd, api.SourceAct, api.ActionRequest{Name: name, Action: action, Input: input.raw()})
	if err != nil {
		return err
	}
	if s.format() == "table" || s.format() == "wide" {
		s.flags.output = "json"
	}
	if len(out) == 0 {
		out = json.RawMessage("null")
	}
	return s.value(out)
}

func (s *session) listActions(actions []api.Action) error {
	return list(s, actions, func(a api.Action) string { return a.Name }, "It has none.", []column[api.Action]{
		{head: "ACTION", text: func(a api.Action) string { return a.Name }},
		{head: "CHANGES", text: func(a api.Action) string { return yes(a.Changes, "yes", "no") }},
		{head: "TAKES", text: func(a api.Action) string {
			var names []string
			for _, f := range a.Input {
				names = append(names, "--"+flagName(f.Path))
			}
			return strings.Join(names, " ")
		}},
		{head: "WHAT", text: func(a api.Action) string { return a.Summary }},
	})
}

// unknownFlags gives the flags of the command line that the command doesn't have: an action's input.
func (s *session) unknownFlags(cmd *cobra.Command) [][2]string {
	var all [][2]string
	args := s.io.Args
	for i := 0; i < len(args); i++ {
		word, found := strings.CutPrefix(args[i], "--")
		if !found || word == "" {
			continue
		}
		name, value, hasValue := strings.Cut(word, "=")
		if cmd.Flags().Lookup(name) != nil || cmd.InheritedFlags().Lookup(name) != nil {
			continue
		}
		if !hasValue && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			i++
			value = args[i]
		}
		all = append(all, [2]string{name, value})
	}
	return all
}

func actionInput(actions []api.Action, action string, given [][2]string) (fields, error) {
	input := fields{}
	for _, a := range actions {
		if a.Name != action {
			continue
		}
		for _, g := range given {
			known := false
			for _, f := range a.Input {
				if flagName(f.Path) != g[0] && f.Path != g[0] {
					continue
				}
				v, err := typed(g[1], f)
				if err != nil {
					return nil, usage("--%s: %v", g[0], err)
				}
				input.set(f.Path, v)
				known = true
			}
			if !known {
				return nil, usage("%s takes no --%s", action, g[0]).WithHint("headrace source action NAME lists what each takes")
			}
		}
	}
	return input, nil
}
