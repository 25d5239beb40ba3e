package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
)

func (s *session) coverageCommand() *cobra.Command {
	c := &cobra.Command{Use: "coverage", Short: "Hour by hour: what was listed, delivered, lost", Example: examples("headrace coverage show", "", "headrace coverage show --flow contoso --from -2d", "")}
	c.AddCommand(s.coverageShow())
	return c
}

func (s *session) coverageShow() *cobra.Command {
	var (
		in       api.CoverageRequest
		from, to string
	)
	c := &cobra.Command{Use: "show", Short: "Show hour by hour what was listed and delivered", Args: noArgs,
		Long: "Shows a row for each stream and day, a sign for each hour (UTC):\n" +
			"  ● delivered   ○ nothing there   ◐ partly   … not listed yet   ✗ dead letters   × lost   blank: not asked for\nWith -o csv, json or ndjson: every cell with its numbers.",
		Example: examples("headrace coverage show", "all sources, the last 7 days", "headrace coverage show --flow contoso --from 2026-11-20 -o csv", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if in.From, err = moment(from, "--from"); err != nil {
				return err
			}
			if in.To, err = moment(to, "--to"); err != nil {
				return err
			}
			if in.To.IsZero() {
				in.To = time.Now().UTC()
			}
			v, err := s.coverage(cmd, in)
			if err != nil {
				return err
			}
			switch s.format() {
			case "table", "wide":
				return s.showCoverage(v)
			case "json", "yaml":
				return s.value(v)
			}
			return list(s, v.Cells, func(c api.CoverageCell) string { return c.Stream + " " + clock(c.Hour) }, "Nothing was listed.", coverageColumns())
		}}
	c.Flags().StringVar(&in.Flow, "flow", "", "only of this flow")
	c.Flags().StringVar(&in.Source, "source", "", "only of this source")
	c.Flags().StringVar(&from, "from", "-7d", "where to begin")
	c.Flags().StringVar(&to, "to", "", "where to end (default now)")
	return c
}

// coverage asks for all pages.
func (s *session) coverage(cmd *cobra.Command, in api.CoverageRequest) (api.Coverage, error) {
	v, err := call(s, cmd, api.CoverageShow, in)
	for next := v.Next; err == nil && next != ""; {
		in.After = next
		var more api.Coverage
		more, err = call(s, cmd, api.CoverageShow, in)
		v.Cells, v.Gaps, next = append(v.Cells, more.Cells...), append(v.Gaps, more.Gaps...), more.Next
	}
	v.Next = ""
	return v, err
}

func coverageColumns() []column[api.CoverageCell] {
	number := func(f func(api.CoverageCell) int64) func(api.CoverageCell) string {
		return func(c api.CoverageCell) string { return fmt.Sprint(f(c)) }
	}
	return []column[api.CoverageCell]{
		{head: "SOURCE", text: func(c api.CoverageCell) string { return c.Source }},
		{head: "FLOW", text: func(c api.CoverageCell) string { return c.Flow }},
		{head: "STREAM", text: func(c api.CoverageCell) string { return c.Stream }},
		{head: "HOUR", text: func(c api.CoverageCell) string { return c.Hour.Format(time.RFC3339) }},
		{head: "LISTED MINUTES", text: func(c api.CoverageCell) string { return fmt.Sprint(c.Minutes) }},
		{head: "ASKED MINUTES", text: func(c api.CoverageCell) string { return fmt.Sprint(c.Asked) }},
		{head: "SPLITS", text: number(func(c api.CoverageCell) int64 { return c.Splits })},
		{head: "RECORDS", text: number(func(c api.CoverageCell) int64 { return c.Records })},
		{head: "REPEATS", text: number(func(c api.CoverageCell) int64 { return c.Repeats })},
		{head: "DEAD LETTERS", text: number(func(c api.CoverageCell) int64 { return c.Dead })},
		{head: "LOST", text: number(func(c api.CoverageCell) int64 { return c.Lost })},
		{head: "GAP MINUTES", text: func(c api.CoverageCell) string { return fmt.Sprint(c.Gap) }},
	}
}

type coverageRow struct{ source, flow, stream, day string }

// showCoverage draws a sign for each hour.
func (s *session) showCoverage(v api.Coverage) error {
	listed := map[string]api.CoverageCell{}
	rows := map[coverageRow]*[24]string{}
	flows := map[string][]string{}
	for _, c := range v.Cells {
		if c.Flow == "" {
			listed[c.Source+"\x00"+c.Stream+"\x00"+clock(c.Hour)] = c
		} else if !slices.Contains(flows[c.Source], c.Flow) {
			flows[c.Source] = append(flows[c.Source], c.Flow)
		}
	}
	delivered := map[string]api.CoverageCell{}
	for _, c := range v.Cells {
		if c.Flow != "" {
			delivered[c.Source+"\x00"+c.Flow+"\x00"+c.Stream+"\x00"+clock(c.Hour)] = c
		}
	}
	for _, c := range listed {
		names := flows[c.Source]
		if len(names) == 0 {
			names = []string{""}
		}
		for _, f := range names {
			at := coverageRow{c.Source, f, c.Stream, c.Hour.Format(time.DateOnly)}
			if rows[at] == nil {
				rows[at] = &[24]string{}
			}
			rows[at][c.Hour.Hour()] = sign(c, delivered[c.Source+"\x00"+f+"\x00"+c.Stream+"\x00"+clock(c.Hour)])
		}
	}
	if len(rows) == 0 {
		s.say("Nothing was listed in this time.")
		return nil
	}
	return s.coverageTable(v, rows)
}

func (s *session) coverageTable(v api.Coverage, rows map[coverageRow]*[24]string) error {
	var keys []coverageRow
	for k := range rows {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b coverageRow) int {
		return strings.Compare(a.source+a.flow+a.stream+a.day, b.source+b.flow+b.stream+b.day)
	})
	var cells [][]string
	for _, k := range keys {
		line := ""
		for _, c := range rows[k] {
			if c == "" {
				c = " "
			}
			line += c
		}
		cells = append(cells, []string{k.source, k.flow, k.stream, k.day, line})
	}
	if err := s.table([]string{"SOURCE", "FLOW", "STREAM", "DAY", "00    06    12    18   23"}, cells); err != nil {
		return err
	}
	s.say("● delivered  ○ nothing there  ◐ partly  … not listed yet  ✗ dead letters  × lost")
	for _, g := range v.Gaps {
		s.say("%s lost: %s %s – %s: %s", s.red("×"), g.Stream, clock(g.From), clock(g.To), g.Reason)
	}
	return nil
}

// sign draws one hour: what the listing knows, and what a flow delivered.
func sign(listed, done api.CoverageCell) string {
	switch {
	case done.Lost > 0 || listed.Lost > 0 || listed.Gap > 0:
		return "×"
	case done.Dead > 0:
		return "✗"
	case listed.Splits > 0 && done.Splits < listed.Splits:
		return "◐"
	case listed.Minutes < listed.Asked:
		return "…"
	case listed.Splits == 0:
		return "○"
	}
	return "●"
}
