package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/engine"
)

func (s *session) flowRun() *cobra.Command {
	var (
		all, dryRun bool
		samples     int
	)
	c := &cobra.Command{Use: "run NAME", Short: "Look for new content at once", Args: exactly(1),
		Long: "The flow's source is listed at once. A mirror begins a crawl: it reads what has changed, or with --all everything, and sends what differs. With --dry-run a mirror reads and compares, " +
			"sends nothing, and tells what it would create, update, delete and refuse.",
		Example: examples("headrace flow run contoso", "", "headrace flow run policies --dry-run", "what a mirror would send", "headrace flow run policies --all", "a mirror compares everything again"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dryRun {
				return s.planMirror(cmd, args[0], samples)
			}
			out, err := call(s, cmd, api.FlowRun, api.RunNow{Name: args[0], All: all})
			if err != nil {
				return err
			}
			if s.wantsJSON() {
				return s.value(out)
			}
			if out.Crawl == nil {
				s.done("the source of flow %s is listed next", args[0])
				return s.hintServe(cmd)
			}
			s.done("crawl %d of flow %s begins: %s", out.Crawl.Number, args[0], out.Crawl.UID)
			s.next("headrace run watch %s", out.Crawl.UID)
			return s.hintServe(cmd)
		}}
	c.Flags().BoolVar(&all, "all", false, "a mirror: read everything again, not only what has changed")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "a mirror: only tell what would be sent")
	c.Flags().IntVar(&samples, "samples", 10, "with --dry-run: how many things of each kind are named")
	return c
}

// planMirror tells what a mirror's crawl would do.
func (s *session) planMirror(cmd *cobra.Command, name string, samples int) error {
	p, err := call(s, cmd, api.FlowPlan, api.PlanMirror{Name: name, Samples: samples})
	if err != nil {
		return err
	}
	if s.wantsJSON() {
		return s.value(p)
	}
	if f := s.format(); f == "csv" || f == "id" {
		return list(s, p.Samples, func(i engine.Planned) string { return i.Item }, "", plannedColumns)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "A crawl of flow %s would now\n", name)
	for _, row := range []struct {
		what string
		n    int64
		more string
	}{
		{"create", p.Creates, ""}, {"update", p.Updates, ""}, {"delete", p.Deletes, ""}, {"refuse", p.Refused, "records become dead letters"},
		{"leave out", p.Dropped, "records, on purpose"}, {"not touch", p.Unchanged, "items that are as they should be"},
	} {
		if row.n > 0 || row.more == "" {
			fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("  %-10s %9s  %s", row.what, count(row.n), row.more), " "))
		}
	}
	if err := s.print(b.String()); err != nil {
		return err
	}
	if len(p.Samples) > 0 {
		s.say("")
		if err := list(s, p.Samples, func(i engine.Planned) string { return i.Item }, "", plannedColumns); err != nil {
			return err
		}
	}
	if p.Waits != "" {
		s.say("%s %s. headrace run approve RUN lets it go on.", s.yellow("!"), "It would wait for approval: "+p.Waits)
	}
	for _, doubt := range p.Doubt {
		s.say("%s nothing is deleted as absent: %s", s.yellow("!"), doubt)
	}
	return nil
}

var plannedColumns = []column[engine.Planned]{
	{head: "WHAT", text: func(i engine.Planned) string { return i.What }},
	{head: "ITEM", text: func(i engine.Planned) string { return i.Item }},
	{head: "RECORD", text: func(i engine.Planned) string { return i.Record }},
	{head: "WHY", text: func(i engine.Planned) string { return strings.Join(append([]string{i.Why}, i.Notes...), "; ") }},
}
