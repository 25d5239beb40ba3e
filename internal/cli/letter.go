package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/store"
)

func (s *session) letterCommand() *cobra.Command {
	c := &cobra.Command{Use: "deadletter", Aliases: []string{"deadletters"}, Short: "Records that were refused for good, with the reason",
		Example: examples("headrace deadletter list", "", "headrace deadletter replay --flow contoso", "send them again")}
	c.AddCommand(s.letterList(), s.letterShow(), s.letterReplay(), s.letterEdit(), s.letterDiscard(), s.letterExport())
	return c
}

func pickFlags(c *cobra.Command, f *api.LetterFilter) {
	c.Flags().StringVar(&f.Flow, "flow", "", "those of this flow")
	c.Flags().BoolVar(&f.All, "all", false, "those of all flows")
}

func (s *session) letterList() *cobra.Command {
	f := api.LetterFilter{State: store.LetterOpen, Limit: 100}
	c := &cobra.Command{Use: "list", Short: "List dead letters", Args: noArgs, Example: examples("headrace deadletter list", "the open ones", "headrace deadletter list --flow contoso --state replayed", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.State == "any" {
				f.State = ""
			}
			page, err := call(s, cmd, api.LetterList, f)
			if err != nil {
				return err
			}
			return list(s, page.Items, func(d api.Letter) string { return d.UID }, "Nothing was refused.", []column[api.Letter]{
				{head: "ID", text: func(d api.Letter) string { return d.UID }},
				{head: "FLOW", text: func(d api.Letter) string { return d.Flow }},
				{head: "STAGE", text: func(d api.Letter) string { return d.Stage }},
				{head: "STREAM", text: func(d api.Letter) string { return d.Stream }},
				{head: "TIME", text: func(d api.Letter) string { return clock(d.Time) }},
				{head: "SIZE", text: func(d api.Letter) string { return size(d.Size) }},
				{head: "REASON", text: func(d api.Letter) string { return d.Reason }},
				{head: "STATE", text: func(d api.Letter) string { return d.State }, wide: true},
				{head: "KEY", text: func(d api.Letter) string { return d.Key }, wide: true},
				{head: "HINT", text: func(d api.Letter) string { return d.Hint }, wide: true},
			})
		}}
	c.Flags().StringVar(&f.Flow, "flow", "", "only of this flow")
	c.Flags().StringVar(&f.State, "state", f.State, "open, replaying, replayed, discarded or any")
	c.Flags().IntVar(&f.Limit, "limit", f.Limit, "at most so many")
	return c
}

func (s *session) letterShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show a dead letter with its record", Args: exactly(1), Example: examples("headrace deadletter show dl_01j…", "", "headrace deadletter show dl_01j… --jq .body", "only the record"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := call(s, cmd, api.LetterShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			body := string(d.Body) + d.Text
			if body == "" {
				body = "not kept: it was too large, or could not be read"
			}
			return one(s, d, d.UID, []pair{{"id", d.UID}, {"flow", d.Flow}, {"state", d.State}, {"stage", d.Stage}, {"reason", d.Reason}, {"do this", d.Hint}, {"stream", d.Stream},
				{"key", d.Key}, {"time", clock(d.Time)}, {"refused", clock(d.Created)}, {"kept until", clock(d.Until)}, {"discarded by", d.By}, {"discarded because", d.Why}, {"record", body}})
		}}
}

func (s *session) letterReplay() *cobra.Command {
	var (
		f    api.LetterFilter
		dry  bool
		wait waitFlag
	)
	c := &cobra.Command{Use: "replay [ID…]", Short: "Send dead letters through their flow again", Example: examples("headrace deadletter replay dl_01j…", "", "headrace deadletter replay --flow contoso --wait", "all open ones of a flow, until it is done"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.IDs = args
			if dry {
				p, err := call(s, cmd, api.LetterPlan, f)
				if err != nil {
					return err
				}
				return s.told(letterPlanText(p, true), p)
			}
			if err := wait.possible(s, cmd); err != nil {
				return err
			}
			began, err := call(s, cmd, api.LetterReplay, f)
			if err != nil {
				return err
			}
			runs := began.Items
			for _, r := range runs {
				s.done("run %s began", r.UID)
				if !wait.asked {
					s.next("headrace run watch %s", r.UID)
				}
			}
			if wait.asked {
				var ids []string
				for _, r := range runs {
					ids = append(ids, r.UID)
				}
				return s.watchRuns(cmd, wait.most, ids...)
			}
			if t := s.format(); t != "table" && t != "wide" {
				return list(s, runs, func(r api.RunView) string { return r.UID }, "", []column[api.RunView]{{head: "RUN", text: func(r api.RunView) string { return r.UID }}})
			}
			return s.hintServe(cmd)
		}}
	pickFlags(c, &f)
	addDryRun(c, &dry)
	wait.add(c)
	return c
}

// letterPlanText tells what a replay or a discard would do.
func letterPlanText(p flow.LetterPlan, replay bool) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(p.Flows)) {
		names = append(names, fmt.Sprintf("%s of flow %s", count(p.Flows[name]), name))
	}
	text := fmt.Sprintf("%s open dead %s: %s.", count(p.Letters), plural(int(p.Letters), "letter", "letters"), strings.Join(names, ", "))
	if !replay {
		return text + " They would be given up for good; they stay to be seen until they are pruned."
	}
	text += fmt.Sprintf(" %s records (%s) would go through their flows again, in %d %s.", count(p.Letters-p.Lacking), size(p.Bytes), p.Runs, plural(p.Runs, "run", "runs"))
	if p.Lacking > 0 {
		text += fmt.Sprintf(" The records of %s were not kept; fetch their time again: headrace flow backfill FLOW --from … --again", count(p.Lacking))
	}
	return text
}

func (s *session) letterEdit() *cobra.Command {
	return &cobra.Command{Use: "edit ID", Short: "Replace the record of a dead letter by the JSON on standard input", Args: exactly(1),
		Example: examples("headrace deadletter show dl_01j… --jq .body > r.json; $EDITOR r.json; headrace deadletter edit dl_01j… < r.json", "", "headrace deadletter edit dl_01j… < fixed.json && headrace deadletter replay dl_01j…", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := io.ReadAll(io.LimitReader(s.io.In, 64<<20))
			if err != nil {
				return fmt.Errorf("read standard input: %w", err)
			}
			if !json.Valid(raw) {
				return usage("standard input is not JSON")
			}
			if _, err := call(s, cmd, api.LetterEditBody, api.LetterEdit{Name: args[0], Body: raw}); err != nil {
				return err
			}
			s.done("changed  %s", args[0])
			s.next("headrace deadletter replay %s", args[0])
			return nil
		}}
}

func (s *session) letterDiscard() *cobra.Command {
	var (
		f   api.LetterDiscarding
		dry bool
	)
	c := &cobra.Command{Use: "discard [ID…]", Short: "Give dead letters up", Example: examples("headrace deadletter discard dl_01j… --reason 'test data'", "", "headrace deadletter discard --flow contoso --yes", "", "headrace deadletter discard --all --dry-run", "only tell which"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.IDs = args
			if dry {
				p, err := call(s, cmd, api.LetterPlan, f.LetterFilter)
				if err != nil {
					return err
				}
				return s.told(letterPlanText(p, false), p)
			}
			if err := s.sure("Give %s up for good?", letterWords(f.LetterFilter)); err != nil {
				return err
			}
			out, err := call(s, cmd, api.LetterDiscard, f)
			if err != nil {
				return err
			}
			s.done("discarded %s dead letters", count(out.Letters))
			if s.wantsJSON() {
				return s.value(out)
			}
			return nil
		}}
	pickFlags(c, &f.LetterFilter)
	c.Flags().StringVar(&f.Reason, "reason", "", "why: it stands in the list and in the audit log")
	addDryRun(c, &dry)
	return c
}

func letterWords(f api.LetterFilter) string {
	switch {
	case len(f.IDs) > 0:
		return fmt.Sprintf("%d dead %s", len(f.IDs), plural(len(f.IDs), "letter", "letters"))
	case f.Flow != "":
		return "all open dead letters of flow " + f.Flow
	}
	return "all open dead letters"
}

func (s *session) letterExport() *cobra.Command {
	f := api.LetterFilter{State: store.LetterOpen}
	c := &cobra.Command{Use: "export [ID…]", Short: "Write dead letters with their records as NDJSON", Example: examples("headrace deadletter export > letters.ndjson", "", "headrace deadletter export --flow contoso --jq .body", "only the records"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.State == "any" {
				f.State = ""
			}
			f.IDs, f.Limit = args, 100
			conn, err := s.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close() }()
			for {
				page, err := api.Call(cmd.Context(), conn, api.LetterExport, f)
				if err != nil {
					return err
				}
				for _, d := range page.Items {
					if err := s.line(d); err != nil {
						return err
					}
				}
				if page.Next == "" {
					return nil
				}
				f.After = page.Next
			}
		}}
	c.Flags().StringVar(&f.Flow, "flow", "", "only of this flow")
	c.Flags().StringVar(&f.State, "state", f.State, "open, replaying, replayed, discarded or any")
	return c
}
