package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/engine"
	"github.com/headrace/headrace/internal/flow"
)

func (s *session) flowRun() *cobra.Command {
	var (
		all, dryRun bool
		samples     int
		wait        waitFlag
	)
	c := &cobra.Command{Use: "run NAME", Short: "Look for new content at once", Args: exactly(1),
		Long: "The flow's source is listed at once. A mirror begins a crawl: it reads what has changed, or with --all everything, and sends what differs. With --dry-run a mirror reads and compares, " +
			"sends nothing, and tells what it would create, update, delete and refuse.\n" +
			"With --wait the exit code is the crawl's: 1 if it failed, 8 if it ended with dead letters or waits for approval, 9 if it did not end in time.",
		Example: examples("headrace flow run contoso", "", "headrace flow run policies --dry-run", "what a mirror would send", "headrace flow run policies --all", "a mirror compares everything again", "headrace flow run policies --wait=30m", "until its crawl is done"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dryRun {
				return s.planMirror(cmd, args[0], samples)
			}
			if err := s.crawls(cmd, args[0], wait); err != nil {
				return err
			}
			out, err := call(s, cmd, api.FlowRun, api.RunNow{Name: args[0], All: all})
			if err != nil {
				return err
			}
			if wait.asked && out.Crawl != nil {
				return s.watchRuns(cmd, wait.most, out.Crawl.UID)
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
	wait.add(c)
	return c
}

// crawls refuses to wait for a flow that makes no crawl, or for one that nobody works off.
func (s *session) crawls(cmd *cobra.Command, name string, wait waitFlag) error {
	if !wait.asked {
		return nil
	}
	v, err := call(s, cmd, api.FlowShow, api.Named{Name: name})
	if err != nil {
		return err
	}
	if v.Mode != flow.Mirror {
		return usage("--wait is for a mirror, whose crawl ends; flow %s goes on for ever", name).WithHint("headrace flow show %s tells how it stands; of a piece of time: headrace flow backfill %[1]s --from -1d --wait", name)
	}
	return wait.possible(s, cmd)
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
