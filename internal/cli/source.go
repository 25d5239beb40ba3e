package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/source"
	"github.com/headrace/headrace/internal/store"
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
	c.AddCommand(createUse(s, sourceUse), s.sourceList(), showUse(s, sourceUse), editUse(s, sourceUse), pauseCommand(s, sourceRest), resumeCommand(s, sourceRest), removeCommand(s, sourceRemoval), testUse(s, sourceUse), s.sourceSample(), s.sourceAction())
	return c
}

var sourceUse = use[source.View]{
	noun: "source", name: "contoso", half: readHalf,
	making: []string{"headrace source create contoso --connector office-365-management-api --credential contoso-audit", "",
		"headrace source create contoso --connector office-365-management-api --credential contoso-audit --content-types Audit.Exchange,Audit.SharePoint --start -2d", ""},
	changing: []string{"headrace source edit contoso --interval 5m", "", "headrace source edit contoso --unset interval", "back to the default"},
	create:   api.SourceCreate, show: api.SourceShow, edit: api.SourceEdit, test: api.SourceTest, checks: "Check whether it can be read",
	of: func(v source.View) object.View { return v.View },
	pairs: func(v source.View) []pair {
		var t store.Trouble
		if v.Trouble != nil {
			t = *v.Trouble
		}
		return []pair{{"name", v.Name}, {"id", v.ID}, {"description", v.Description}, {"connector", v.Connector}, {"credential", v.Credential}, {"tenant", v.Tenant},
			{"state", state(v.State, v.Paused, v.Reason)}, {"trouble", firstOf(t.Title, t.Text)}, {"do this", t.Hint}, {"tried again", clock(t.Until)}, {"listed", clock(v.Listed)}, {"streams", strings.Join(v.Streams, "\n")}, {"flows", strings.Join(v.UsedBy, ", ")}, {"settings", settingsText(v.Spec)},
			{"owner", v.Owner}, {"revision", fmt.Sprint(v.Revision)}, {"updated", clock(v.Updated)}}
	},
	next: func(name string) string {
		return fmt.Sprintf("headrace destination create archive --connector file --path ./archive, then: headrace flow create %s --source %s --destination archive", name, name)
	},
}

var sourceRemoval = removal[source.View]{
	noun: "source", name: "contoso", short: "Remove a source that no flow uses", show: api.SourceShow, remove: api.SourceRemove,
	of: func(v source.View) object.View { return v.View }, used: func(v source.View) bool { return len(v.UsedBy) > 0 },
	effect: func(v source.View) string {
		return fmt.Sprintf("Source %q and what is remembered of its listing and coverage will be gone. What was delivered stays.", v.Name)
	},
}

func (s *session) sourceList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List sources", Args: noArgs, Example: examples("headrace source list", "", "headrace source list -o wide", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := every(s, cmd, api.SourceList)
			if err != nil {
				return err
			}
			return list(s, all, func(v source.View) string { return v.ID }, "No sources yet. headrace source create makes one.", []column[source.View]{
				{head: "NAME", text: func(v source.View) string { return v.Name }},
				{head: "CONNECTOR", text: func(v source.View) string { return v.Connector }},
				{head: "CREDENTIAL", text: func(v source.View) string { return v.Credential }},
				{head: "STATE", text: func(v source.View) string { return v.State }},
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
	show: func(s *session, v source.View) error { return sourceUse.print(s, v, true) }, of: sourceUse.of, look: api.SourceShow,
}

func state(now string, paused bool, reason string) string {
	if !paused || reason == "" {
		return now
	}
	return now + ": " + reason
}

// change makes the request of an edit.
func (f editFlags) change(cmd *cobra.Command, name, rename string, description *string, spec fields) api.Change {
	change := api.Change{Name: name, Revision: f.revision, Rename: rename, Detach: f.detach, Patch: spec.raw(), Rehearsal: api.Rehearsal{DryRun: f.dry}}
	if cmd.Flags().Changed("description") {
		change.Description = description
	}
	return change
}

func (s *session) sourceSample() *cobra.Command {
	n := 5
	c := &cobra.Command{Use: "sample NAME", Short: "Read some records, without delivering them", Args: exactly(1),
		Example: examples("headrace source sample contoso", "", "headrace source sample contoso --count 100 -o ndjson --jq .body", "only the records"),
		RunE: func(cmd *cobra.Command, args []string) error {
			page, err := call(s, cmd, api.SourceSample, api.SampleRequest{Name: args[0], Count: n})
			if err != nil {
				return err
			}
			return list(s, page.Items, func(v source.Sample) string { return v.Key }, "The source has no records now.", []column[source.Sample]{
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
		known, err := call(s, cmd, api.SourceActions, api.Named{Name: args[0]})
		if err != nil {
			return err
		}
		actions := known.Items
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
