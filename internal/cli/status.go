package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/overview"
)

func (s *session) statusCommand() *cobra.Command {
	var strict bool
	c := &cobra.Command{Use: "status", Short: "How everything stands, on one screen", Args: noArgs,
		Long: "Tells in one line whether everything is well, then every problem with what to do first, the flows, and what went through in the last 24 hours.\n" +
			"Exit code 0: well, or only things to look at when there is time; 1: something does not work. With --strict also what wants attention is 1.",
		Example: examples("headrace status", "", "headrace status --strict -q && echo all well", "", "headrace status --jq '.problems[].title'", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := call(s, cmd, api.OverviewShow, api.None{})
			if err != nil {
				return err
			}
			switch s.format() {
			case "json", "yaml":
				err = s.value(o)
			case "ndjson":
				err = s.line(o)
			case "csv", "id":
				err = list(s, o.Problems, func(p overview.Problem) string { return p.Code }, "", problemColumns)
			default:
				err = s.showStatus(o)
			}
			if err != nil {
				return err
			}
			if o.Health.State == "trouble" || strict && o.Health.State == "attention" {
				return codeError(exitFailed)
			}
			return nil
		}}
	c.Flags().BoolVar(&strict, "strict", false, "exit code 1 also if something only wants attention")
	return c
}

var problemColumns = []column[overview.Problem]{
	{head: "SEVERITY", text: func(p overview.Problem) string { return p.Severity }},
	{head: "PROBLEM", text: func(p overview.Problem) string { return p.Title }},
	{head: "DETAIL", text: func(p overview.Problem) string { return p.Detail }},
	{head: "TIME LEFT", text: timeLeft},
	{head: "DO", text: func(p overview.Problem) string { return p.Action.Label }},
	{head: "CODE", text: func(p overview.Problem) string { return p.Code }},
}

func timeLeft(p overview.Problem) string {
	if left := time.Until(p.Until); !p.Until.IsZero() && left > 0 {
		return span(left)
	}
	return ""
}

func (s *session) health(h overview.Health) string {
	switch h.State {
	case "ok":
		return s.green("✓") + " " + h.Text
	case "trouble":
		return s.red("✗") + " " + h.Text
	}
	return s.yellow("!") + " " + h.Text
}

func (s *session) showStatus(o overview.Overview) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", s.health(o.Health))
	for _, p := range o.Problems {
		fmt.Fprintf(&b, "\n  %s %s%s\n", map[string]string{overview.Trouble: s.red("✗"), overview.Attention: s.yellow("!")}[p.Severity], p.Title, yes(timeLeft(p) == "", "", ", "+timeLeft(p)+" left"))
		if p.Detail != "" {
			fmt.Fprintf(&b, "    %s\n", p.Detail)
		}
		if p.Action.Label != "" {
			fmt.Fprintf(&b, "    → %s: %s %s\n", p.Action.Label, p.Action.Kind, p.Action.Name)
		}
	}
	if o.More > 0 {
		fmt.Fprintf(&b, "\n  and %s more\n", count(o.More))
	}
	d := o.Day
	fmt.Fprintf(&b, "\nLast 24 hours: %s records read, %s delivered (%s), %s dead letters, %s splits lost\n\n", count(d.In), count(d.Out), size(d.Bytes), count(d.Dead), count(d.Lost))
	if err := s.print(b.String()); err != nil {
		return err
	}
	return list(s, o.Flows, func(f overview.FlowRow) string { return f.ID }, "No flows yet. headrace flow create makes one.", []column[overview.FlowRow]{
		{head: "FLOW", text: func(f overview.FlowRow) string { return f.Name }},
		{head: "STATE", text: func(f overview.FlowRow) string { return f.State }},
		{head: "ROUTE", text: func(f overview.FlowRow) string { return f.Source + " → " + f.Destination }},
		{head: "LAG", text: func(f overview.FlowRow) string { return f.Lag }},
		{head: "LAST DELIVERY", text: func(f overview.FlowRow) string { return ago(f.Last) }},
		{head: "DEAD LETTERS", text: func(f overview.FlowRow) string { return count(f.OpenLetters) }},
		{head: "DOING", text: func(f overview.FlowRow) string { return f.Doing }, wide: true},
	})
}
