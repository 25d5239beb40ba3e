package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/flow"
	"github.com/headrace/headrace/internal/overview"
)

func (s *session) flowLag() *cobra.Command {
	return &cobra.Command{Use: "lag NAME", Short: "How far behind a flow is, by stream, and what is usual", Args: exactly(1),
		Long:    "Lag is the age of the newest record that was delivered. What is usual is what nine of ten hours of the last week had; it is known after a day.",
		Example: examples("headrace flow lag contoso", "", "headrace flow lag contoso -o ndjson --jq '[.stream, .lag.seconds]'", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := call(s, cmd, api.FlowShow, api.Named{Name: args[0]}); err != nil {
				return err // an unknown name is told as by other commands
			}
			v, err := call(s, cmd, api.ActivityShow, api.ActivityQuery{Flow: args})
			if err != nil {
				return err
			}
			var all []overview.Series
			for _, one := range v.Series {
				if one.Lag != nil {
					one.Points = nil
					all = append(all, one)
				}
			}
			return list(s, all, func(o overview.Series) string { return o.Stream }, "Nothing was delivered in the last 24 hours.", []column[overview.Series]{
				{head: "STREAM", text: func(o overview.Series) string { return o.Stream }},
				{head: "LAG", text: func(o overview.Series) string { return seconds(o.Lag.Seconds) }},
				{head: "USUAL", text: func(o overview.Series) string {
					return yes(o.Lag.Known, seconds(o.Lag.Low)+" – "+seconds(o.Lag.High), "not known yet")
				}},
				{head: "NEWEST RECORD", text: func(o overview.Series) string { return clock(o.Lag.Newest) }},
			})
		}}
}

func seconds(n int64) string { return span(time.Duration(n) * time.Second) }

func (s *session) flowTest() *cobra.Command {
	n := 20
	c := &cobra.Command{Use: "test NAME", Short: "Check source, destination and transform, and send nothing", Args: exactly(1),
		Long:    "Checks that the source can be read and the destination written to, and tries the flow's transform on real records. Exit code 6: something is refused or missing; 7: a remote can't be reached.",
		Example: examples("headrace flow test contoso", "", "headrace flow test contoso --count 100 --json", "try the transform on a hundred records"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, api.FlowShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			all := api.Checks{Name: v.Name, OK: true, Checks: []api.Check{}}
			add := func(what string, some api.Checks, err error) {
				if err != nil {
					some = api.Checks{Checks: []api.Check{{Name: "test", Result: "missing", Text: err.Error(), Fix: fault.HintOf(err), Class: fault.ClassOf(err).String()}}}
				}
				for _, one := range some.Checks {
					one.Name = what + ": " + one.Name
					all.OK = all.OK && one.OK
					all.Checks = append(all.Checks, one)
				}
			}
			from, err := call(s, cmd, api.SourceTest, api.Named{Name: v.Source})
			add("source "+v.Source, from, err)
			to, toErr := call(s, cmd, api.DestinationTest, api.Named{Name: v.Destination})
			add("destination "+v.Destination, to, toErr)
			if err == nil && from.OK {
				tried, err := s.tryTransform(cmd, v.View, n)
				if cmd.Context().Err() != nil {
					return errors.Join(err, cmd.Context().Err())
				}
				add("transform", tried, err)
			}
			if err := s.showChecks(all); err != nil {
				return err
			}
			return failedChecks(all)
		}}
	c.Flags().IntVar(&n, "count", n, "how many records the transform is tried on, up to 200")
	return c
}

// tryTransform tries what a flow makes of real records, and tells it as a check.
func (s *session) tryTransform(cmd *cobra.Command, f flow.View, n int) (api.Checks, error) {
	t, err := call(s, cmd, api.TransformTry, api.TransformTrial{Flow: f.Name, Own: true, Count: n, Destination: f.Destination})
	if err != nil {
		return api.Checks{}, err
	}
	one := api.Check{Name: "records", Result: "works", OK: true}
	sums := t.Sums
	one.Text = fmt.Sprintf("%d records: %d pass as they are, %d changed, %d left out, %d refused", len(t.Records), sums.Passed, sums.Changed, sums.Dropped, sums.Refused)
	for _, r := range t.Records {
		if r.Error != "" {
			one.Fix = r.Error + yes(r.Hint == "", "", ". "+r.Hint)
			break
		}
	}
	switch {
	case len(t.Mistakes) > 0:
		one.Result, one.OK, one.Text = "missing", false, fmt.Sprint("it does not compile: ", t.Mistakes[0].Text)
	case len(t.Records) == 0:
		one.Text = "the source has no records to try it on now"
	case sums.Refused == len(t.Records):
		one.Result, one.OK = "missing", false
	}
	return api.Checks{Checks: []api.Check{one}}, nil
}
