package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/store"
)

func (s *session) runCommand() *cobra.Command {
	c := s.runFile()
	c.AddCommand(s.runList(), s.runShow(), s.runWatch(), s.runCancel(), s.runApprove())
	return c
}

func (s *session) listRuns(cmd *cobra.Command, filter api.RunFilter) error {
	page, err := call(s, cmd, api.RunList, filter)
	if err != nil {
		return err
	}
	return list(s, page.Items, func(v api.RunView) string { return v.UID }, "No runs. A continuous flow has none; backfills, replays and crawls are runs.", []column[api.RunView]{
		{head: "RUN", text: func(v api.RunView) string { return v.UID }},
		{head: "KIND", text: func(v api.RunView) string { return v.Kind }},
		{head: "FLOW", text: func(v api.RunView) string { return v.Flow }},
		{head: "STATE", text: func(v api.RunView) string { return v.State }},
		{head: "DELIVERED", text: func(v api.RunView) string { return count(v.Counts.Delivered) }},
		{head: "BEGAN", text: func(v api.RunView) string { return clock(v.Created) }},
		{head: "ENDED", text: func(v api.RunView) string { return clock(v.Finished) }},
		{head: "DEAD LETTERS", text: func(v api.RunView) string { return count(v.Counts.Dead) }, wide: true},
		{head: "ERROR", text: func(v api.RunView) string { return v.Error }, wide: true},
	})
}

func (s *session) runList() *cobra.Command {
	var filter api.RunFilter
	c := &cobra.Command{Use: "list", Short: "List backfills, replays and crawls, the newest first", Args: noArgs, Example: examples("headrace run list", "", "headrace run list --flow contoso --state failed", ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return s.listRuns(cmd, filter) }}
	c.Flags().StringVar(&filter.Flow, "flow", "", "only of this flow")
	c.Flags().StringSliceVar(&filter.State, "state", nil, "only in this state: "+strings.Join([]string{store.RunGoing, store.RunSucceeded, store.RunDead, store.RunFailed, store.RunCanceled}, ", "))
	c.Flags().IntVar(&filter.Limit, "limit", 50, "at most so many")
	return c
}

func (s *session) showRun(v api.RunView) error {
	ended := clock(v.Finished)
	if v.Finished.IsZero() {
		ended = runProgress(v)
	}
	deleted, unseen := "", ""
	if v.Kind == store.Crawl {
		deleted = fmt.Sprintf("%s deleted, ", count(v.Counts.Deleted))
	}
	if v.Unseen != nil {
		unseen = fmt.Sprintf("%s items that the destination had then", count(*v.Unseen))
	}
	return one(s, v, v.UID, []pair{{"run", v.UID}, {"kind", v.Kind}, {"flow", v.Flow}, {"state", v.State}, {"began", clock(v.Created)}, {"ended", ended},
		{"asked for", settingsText(v.Spec)}, {"splits", fmt.Sprintf("%s listed, %s delivered", count(v.Counts.Listed), count(v.Counts.Splits))},
		{"records", fmt.Sprintf("%s fetched, %s delivered, %s%s repeats, %s dropped, %s dead letters", count(v.Counts.Fetched), count(v.Counts.Delivered), deleted, count(v.Counts.Repeats), count(v.Counts.Dropped), count(v.Counts.Dead))},
		{"gone from the source", unseen}, {"error", v.Error}})
}

func runProgress(v api.RunView) string {
	p := v.Progress
	text := fmt.Sprintf("not yet: %s splits wait", count(p.Pending))
	if p.Listing {
		text += fmt.Sprintf(", still listing (%d windows left)", p.Windows)
	}
	return text
}

func (s *session) runShow() *cobra.Command {
	return &cobra.Command{Use: "show RUN", Short: "Show a run", Args: exactly(1), Example: examples("headrace run show run_01j…", "", "headrace run show run_01j… --json=state,counts", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, api.RunShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			return s.showRun(v)
		}}
}

func (s *session) runWatch() *cobra.Command {
	return &cobra.Command{Use: "watch RUN", Short: "Watch a run until it ends", Args: exactly(1),
		Long:    "Watches a run until it ends. Exit code 1 if it failed, 8 if it ended with dead letters or waits for approval, 9 after --timeout.",
		Example: examples("headrace run watch run_01j…", "", "headrace run watch run_01j… --timeout 30m", ""),
		RunE:    func(cmd *cobra.Command, args []string) error { return s.watchRuns(cmd, 0, args[0]) }}
}

func runExit(v api.RunView) error {
	switch v.State {
	case store.RunDead, store.RunHolding:
		return codeError(exitDeadLetters)
	case store.RunFailed, store.RunCanceled:
		return codeError(exitFailed)
	}
	return nil
}

func (s *session) runCancel() *cobra.Command {
	var dry bool
	c := &cobra.Command{Use: "cancel RUN", Short: "Cancel a run; delivered records stay", Args: exactly(1), Example: examples("headrace run cancel run_01j…", "", "headrace run cancel run_01j… --yes", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dry {
				return s.tellCancel(cmd, args[0])
			}
			if err := s.sure("Cancel run %s? The batch in hand is finished; delivered records stay.", args[0]); err != nil {
				return err
			}
			v, err := call(s, cmd, api.RunCancel, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			s.done("canceled %s", v.UID)
			if s.wantsJSON() {
				return s.value(v)
			}
			return nil
		}}
	addDryRun(c, &dry)
	return c
}

// tellCancel tells what canceling a run would leave undone.
func (s *session) tellCancel(cmd *cobra.Command, uid string) error {
	v, err := call(s, cmd, api.RunShow, api.Named{Name: uid})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Run %s of flow %s has ended (%s); there is nothing to cancel.", v.UID, v.Flow, v.State)
	if v.State == store.RunGoing || v.State == store.RunHolding {
		text = fmt.Sprintf("Run %s of flow %s (%s) would end after the batch in hand: %s splits would not be delivered by it; %s records that it delivered stay.", v.UID, v.Flow, v.Kind, count(v.Progress.Pending), count(v.Counts.Delivered))
	}
	return s.told(text, v)
}

func (s *session) runApprove() *cobra.Command {
	return &cobra.Command{Use: "approve RUN", Short: "Approve the deletes of a crawl that its guard stopped", Args: exactly(1),
		Long:    "Approve the deletes of a crawl that its guard stopped: what the crawl did not see is deleted at the destination, whatever came back since.\nIf the source was not whole (a disk that was not mounted), cancel the run in place of approving it: headrace run cancel RUN. The next crawl lists anew.",
		Example: examples("headrace run approve run_01j…", "", "headrace run approve run_01j… --confirm=run_01j…", "without asking"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, api.RunShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			if err := s.certain(args[0], fmt.Sprintf("Flow %s waits: %s. What the crawl did not see is deleted at the destination.", v.Flow, v.Error)); err != nil {
				return err
			}
			if v, err = call(s, cmd, api.RunApprove, api.Named{Name: args[0]}); err != nil {
				return err
			}
			s.done("approved %s", v.UID)
			return nil
		}}
}
