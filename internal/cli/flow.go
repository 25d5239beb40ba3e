package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/object"
)

func (s *session) flowCommand() *cobra.Command {
	c := &cobra.Command{Use: "flow", Aliases: []string{"flows"}, Short: "From a source through a transform to a destination",
		Example: examples("headrace flow create contoso --source contoso --destination archive", "", "headrace flow show contoso", "how its work stands")}
	c.AddCommand(s.flowCreate(), s.flowList(), s.flowShow(), s.flowEdit(), pauseCommand(s, flowRest), resumeCommand(s, flowRest), s.flowRun(), s.flowRetry(), s.flowBackfill(), s.flowHistory(), s.flowLag(), s.flowTest(), s.flowMove(), s.flowRemove())
	return c
}

// flowFlags are a flow's settings as flags.
type flowFlags struct {
	mode, every, full, deletes, guard, description string
	steps                                          []string
}

func (f *flowFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.mode, "mode", "", "append (default) or mirror")
	c.Flags().StringVar(&f.every, "every", "", "mirror: time between two crawls")
	c.Flags().StringVar(&f.full, "full", "", "mirror: time between two crawls that read everything")
	c.Flags().StringVar(&f.deletes, "deletes", "", "mirror: absence, tombstone or never")
	c.Flags().StringVar(&f.guard, "guard", "", "mirror: a larger part than this is not deleted without approval (10%)")
	c.Flags().StringVar(&f.description, "description", "", "shown with the name")
	c.Flags().StringArrayVar(&f.steps, "transform", nil, "a step, in order: keep=EXPRESSION, drop=EXPRESSION or jq=PROGRAM; none takes all away")
}

func (f flowFlags) spec(cmd *cobra.Command, into fields) error {
	for flag, path := range map[string]string{"mode": "mode", "every": "schedule.every", "full": "schedule.full", "deletes": "deletes", "guard": "guard"} {
		if g := cmd.Flags().Lookup(flag); g.Changed {
			into.set(path, g.Value.String())
		}
	}
	if !cmd.Flags().Changed("transform") {
		return nil
	}
	steps := []map[string]string{}
	for _, text := range f.steps {
		if text == "none" {
			continue
		}
		kind, program, found := strings.Cut(text, "=")
		if kinds := []string{"keep", "drop", "jq"}; !found || (kind != "keep" && kind != "drop" && kind != "jq") {
			return usage("--transform %q is not written keep=…, drop=… or jq=…%s", text, config.DidYouMean(kind, kinds))
		}
		steps = append(steps, map[string]string{kind: program})
	}
	into["transform"] = steps
	return nil
}

func (s *session) flowCreate() *cobra.Command {
	var (
		f                             flowFlags
		source, destination, ifExists string
		paused, dry                   bool
	)
	c := &cobra.Command{Use: "create NAME", Short: "Make a flow; it begins with all that the source still has", Args: exactly(1),
		Example: examples("headrace flow create contoso --source contoso --destination archive", "",
			`headrace flow create contoso-slim --source contoso --destination archive2 --transform 'keep=Workload != "OneDrive"' --transform 'jq=del(.AppAccessContext)'`, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkIfExists(ifExists); err != nil {
				return err
			}
			spec := fields{"source": source, "destination": destination}
			if err := f.spec(cmd, spec); err != nil {
				return err
			}
			was, err := flowBefore(s, cmd, dry, args[0])
			if err != nil {
				return err
			}
			v, err := call(s, cmd, api.FlowCreate, api.Draft{Name: args[0], Description: f.description, Spec: spec.raw(), Paused: paused, IfExists: ifExists, Rehearsal: api.Rehearsal{DryRun: dry}})
			if err != nil {
				return err
			}
			if dry {
				return s.rehearse(was, v.View.View, yes(v.Backfill == nil, "", "A backfill would fetch what its source still has."))
			}
			s.done("saved  flow %s (%s): %s → %s", v.Name, v.ID, v.Source, v.Destination)
			if v.Backfill != nil {
				s.say("  run %s fetches what the source had before", v.Backfill.UID)
			}
			s.next(yes(s.alone, "headrace serve, then: ", "")+"headrace flow show %s", v.Name)
			if t := s.format(); t == "table" || t == "wide" {
				return nil
			}
			return one(s, v, v.ID, flowPairs(v.View))
		}}
	c.Flags().StringVar(&source, "source", "", "the source's name")
	c.Flags().StringVar(&destination, "destination", "", "the destination's name")
	c.Flags().BoolVar(&paused, "paused", false, "do not begin yet")
	f.add(c)
	addIfExists(c, &ifExists)
	addDryRun(c, &dry)
	return c
}

func (s *session) flowList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List flows with what they did", Args: noArgs, Example: examples("headrace flow list", "", "headrace flow list --json=name,state,counts", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := every(s, cmd, api.FlowList)
			if err != nil {
				return err
			}
			return list(s, all, func(v flow.View) string { return v.ID }, "No flows yet. headrace flow create makes one.", []column[flow.View]{
				{head: "NAME", text: func(v flow.View) string { return v.Name }},
				{head: "STATE", text: func(v flow.View) string { return v.State }},
				{head: "ROUTE", text: func(v flow.View) string { return v.Source + " → " + v.Destination }},
				{head: "DELIVERED", text: func(v flow.View) string { return count(v.Counts.Delivered) }},
				{head: "DEAD LETTERS", text: func(v flow.View) string { return count(v.OpenLetters) }},
				{head: "NEWEST", text: func(v flow.View) string { return v.Lag }},
				{head: "LAST", text: func(v flow.View) string { return clock(v.Counts.Last) }},
				{head: "MODE", text: func(v flow.View) string { return v.Mode }, wide: true},
				{head: "OWNER", text: func(v flow.View) string { return v.Owner }, wide: true},
				{head: "ID", text: func(v flow.View) string { return v.ID }, wide: true},
			})
		}}
}

func flowPairs(v flow.View) []pair {
	c := v.Counts
	return []pair{{"name", v.Name}, {"id", v.ID}, {"description", v.Description}, {"route", v.Source + " → " + v.Destination}, {"mode", v.Mode},
		{"state", strings.TrimSuffix(v.State+": "+v.Doing, ": ")}, {"reason", v.Reason},
		{"delivered", fmt.Sprintf("%s records, %s%s", count(c.Delivered), size(c.Bytes), yes(v.Lag == "", "", "; newest "+v.Lag+" old"))},
		{"splits", fmt.Sprintf("%s listed, %s delivered, %s lost", count(c.Listed), count(c.Splits), count(c.Lost))},
		{"left out", fmt.Sprintf("%s repeats, %s by the transform", count(c.Repeats), count(c.Dropped))},
		{"dead letters", fmt.Sprintf("%s open of %s", count(v.OpenLetters), count(c.Dead))},
		{"settings", settingsText(v.Spec)}, {"owner", v.Owner}, {"revision", fmt.Sprint(v.Revision)}, {"updated", clock(v.Updated)}}
}

// settingsText writes a spec as YAML lines.
func settingsText(spec json.RawMessage) string {
	node, err := config.ParseOne(spec)
	if err != nil {
		return string(spec)
	}
	text, err := config.YAML(config.Plain(node))
	if err != nil {
		return string(spec)
	}
	return strings.TrimSpace(string(text))
}

func (s *session) flowShow() *cobra.Command {
	return &cobra.Command{Use: "show NAME", Aliases: []string{"status"}, Short: "Show a flow and how its work stands", Args: exactly(1),
		Example: examples("headrace flow show contoso", "", "headrace flow show contoso --json=counts,backlog,troubles", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, api.FlowShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			pairs := flowPairs(v.View)
			pairs = append(pairs, pair{"backlog", fmt.Sprintf("%s splits wait, %s may be read now, %s failed, %s lost", count(v.Backlog.Pending), count(v.Backlog.Ready), count(v.Backlog.Failed), count(v.Backlog.Lost))})
			if !v.Backlog.Expires.IsZero() {
				pairs = append(pairs, pair{"recoverable", "the oldest one for " + span(time.Until(v.Backlog.Expires))})
			}
			pairs = append(pairs, pair{"node", homeText(v.Lanes)}, pair{"gaps", gapsText(v)}, pair{"trouble", troubleText(v)})
			return one(s, v, v.ID, pairs)
		}}
}

func gapsText(v api.FlowStatus) string {
	if len(v.Gaps) == 0 {
		return "none"
	}
	var lines []string
	for _, g := range v.Gaps {
		lines = append(lines, fmt.Sprintf("%s %s – %s: %s", g.Stream, clock(g.From), clock(g.To), g.Reason))
	}
	return strings.Join(lines, "\n")
}

func troubleText(v api.FlowStatus) string {
	var lines []string
	for _, l := range v.Listings {
		if l.Trouble != nil {
			lines = append(lines, "listing: "+l.Trouble.Text+hintText(l.Trouble.Hint))
		}
	}
	for _, l := range v.Lanes {
		if l.Trouble != nil {
			lines = append(lines, "delivering: "+l.Trouble.Text+hintText(l.Trouble.Hint))
		}
	}
	for _, t := range v.Trials {
		if t.Trouble != nil {
			lines = append(lines, fmt.Sprintf("%s %s %s: %s", t.State, t.Stream, t.Split, t.Trouble.Text))
		}
	}
	return strings.Join(lines, "\n")
}

func hintText(hint string) string {
	if hint == "" {
		return ""
	}
	return "\n→ " + hint
}

func (s *session) flowEdit() *cobra.Command {
	var (
		f      flowFlags
		edit   editFlags
		rename string
	)
	c := &cobra.Command{Use: "edit NAME", Short: "Change a flow; what was begun is finished as it was", Args: exactly(1),
		Example: examples(`headrace flow edit contoso --transform 'drop=Operation == "FileAccessed"'`, "", "headrace flow edit contoso --transform none", "no transform"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec := fields{}
			if err := f.spec(cmd, spec); err != nil {
				return err
			}
			was, err := flowBefore(s, cmd, edit.dry, args[0])
			if err != nil {
				return err
			}
			v, err := call(s, cmd, api.FlowEdit, edit.change(cmd, args[0], rename, &f.description, spec))
			if err != nil {
				return err
			}
			if edit.dry {
				return s.rehearse(was, v.View, "")
			}
			s.done("changed  flow %s (revision %d)", v.Name, v.Revision)
			return s.showFlow(v)
		}}
	f.add(c)
	edit.add(c, &rename)
	return c
}

func (s *session) showFlow(v flow.View) error {
	if f := s.format(); f == "table" || f == "wide" {
		return nil
	}
	return one(s, v, v.ID, flowPairs(v))
}

// flowBefore gives a flow as it is before a dry run.
func flowBefore(s *session, cmd *cobra.Command, dry bool, name string) (*object.View, error) {
	if !dry {
		return nil, nil
	}
	return before(s, cmd, api.FlowShow, func(v api.FlowStatus) object.View { return v.View.View }, name)
}

var flowRest = rest[flow.View]{
	noun: "flow", name: "contoso", why: "SIEM upgrade", pauses: "Stop delivering; what is listed waits",
	pause: api.FlowPause, resume: api.FlowResume, called: func(v flow.View) string { return v.Name },
	show: func(s *session, v flow.View) error { return s.showFlow(v) },
	of:   func(v flow.View) object.View { return v.View },
	look: api.Operation[api.Named, flow.View]{Name: api.FlowShow.Name, Route: api.FlowShow.Route, Do: func(ctx context.Context, s *api.Services, in api.Named) (flow.View, error) {
		v, err := api.FlowShow.Do(ctx, s, in)
		return v.View, err
	}},
}

// hintServe tells that nothing works unless a server runs.
func (s *session) hintServe(cmd *cobra.Command) error {
	about, err := call(s, cmd, api.AboutServer, api.None{})
	if err == nil && !about.Serving && about.Database == "sqlite" {
		s.say("  no server is running: headrace serve%s works it off", s.where())
	}
	return err
}

func (s *session) flowRetry() *cobra.Command {
	var dry bool
	c := &cobra.Command{Use: "retry NAME", Short: "Try failed deliveries again", Args: exactly(1), Example: examples("headrace flow retry contoso", "", "headrace flow retry contoso --dry-run", "how many that would be"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dry {
				v, err := call(s, cmd, api.FlowShow, api.Named{Name: args[0]})
				if err != nil {
					return err
				}
				return s.told(fmt.Sprintf("%s failed deliveries of flow %s would be tried again.", count(v.Backlog.Failed), v.Name), api.Retried{Deliveries: v.Backlog.Failed})
			}
			out, err := call(s, cmd, api.FlowRetry, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			s.done("%s deliveries are tried again", count(out.Deliveries))
			if s.wantsJSON() {
				return s.value(out)
			}
			return nil
		}}
	addDryRun(c, &dry)
	return c
}

func (s *session) flowBackfill() *cobra.Command {
	var (
		from, to      string
		dryRun, again bool
		wait          waitFlag
	)
	c := &cobra.Command{Use: "backfill NAME --from TIME [--to TIME]", Short: "Fetch what was not delivered of a piece of time", Args: exactly(1),
		Long:    "Lists a piece of time again and delivers what was not delivered. Times are UTC: 2026-11-20, 2026-11-20T13:00, or -2d for two days ago.\nWith --wait the exit code is the run's: 1 if it failed, 8 if it ended with dead letters, 9 if it did not end in time.",
		Example: examples("headrace flow backfill contoso --from 2026-11-15 --to 2026-11-20 --dry-run", "what would be fetched", "headrace flow backfill contoso --from -3d --wait=30m", "until it is done"),
		RunE: func(cmd *cobra.Command, args []string) error {
			b := api.Backfill{Name: args[0], Again: again}
			var err error
			if b.From, err = moment(from, "--from"); err != nil {
				return err
			}
			if from == "" {
				return usage("--from is missing: where the backfill begins").WithHint("for example: --from -3d, or --from 2026-11-15")
			}
			if b.To, err = moment(to, "--to"); err != nil {
				return err
			}
			plan, err := call(s, cmd, api.FlowPlanBackfill, b)
			if err != nil {
				return err
			}
			if dryRun {
				return one(s, plan, args[0], []pair{{"", plan.String()}, {"from", clock(plan.From)}, {"to", clock(plan.To)}})
			}
			s.say("%s", plan.String())
			if err := wait.possible(s, cmd); err != nil {
				return err
			}
			if again {
				if err := s.sure("Deliver all of it again, also what was delivered before?"); err != nil {
					return err
				}
			}
			r, err := call(s, cmd, api.FlowBackfill, b)
			if err != nil {
				return err
			}
			s.done("run %s began", r.UID)
			if wait.asked {
				return s.watchRuns(cmd, wait.most, r.UID)
			}
			s.next("headrace run watch %s", r.UID)
			if s.wantsJSON() || s.format() == "id" {
				return one(s, r, r.UID, nil)
			}
			return s.hintServe(cmd)
		}}
	c.Flags().StringVar(&from, "from", "", "where it begins")
	c.Flags().StringVar(&to, "to", "", "where it ends, itself not included (default now)")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only tell what would be fetched")
	c.Flags().BoolVar(&again, "again", false, "also what was delivered before")
	wait.add(c)
	return c
}

// moment reads a time, or how long ago (-2d); "" is the zero time.
func moment(text, flag string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if text == "now" {
		return time.Now().UTC(), nil
	}
	if d, err := connector.ParseDuration(text); err == nil && strings.HasPrefix(text, "-") {
		return time.Now().UTC().Add(d), nil
	}
	t, err := config.ParseTime(text)
	if err != nil {
		return t, usage("%s: %v, or -2d for two days ago", flag, err)
	}
	return t, nil
}

func (s *session) flowHistory() *cobra.Command {
	return &cobra.Command{Use: "history NAME", Short: "List the runs of a flow", Args: exactly(1), Example: examples("headrace flow history contoso", "", "headrace flow history contoso -o ndjson", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.listRuns(cmd, api.RunFilter{Flow: args[0]})
		}}
}
