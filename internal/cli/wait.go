package cli

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// waitFlag is --wait[=30m]: the command ends when the work does that it began.
type waitFlag struct {
	asked bool
	most  time.Duration // 0: as long as it takes
}

func (f *waitFlag) add(c *cobra.Command) {
	c.Flags().DurationVar(&f.most, "wait", 0, "watch it until it ends, or for so long (--wait=30m)")
	c.Flags().Lookup("wait").NoOptDefVal = "0s"
	inner := c.RunE
	c.RunE = func(cmd *cobra.Command, args []string) error {
		f.asked = cmd.Flags().Changed("wait")
		return inner(cmd, args)
	}
}

// possible refuses to wait for what nobody works off.
func (f *waitFlag) possible(s *session, cmd *cobra.Command) error {
	if !f.asked {
		return nil
	}
	about, err := call(s, cmd, api.AboutServer, api.None{})
	if err != nil || about.Serving || about.Database != "sqlite" {
		return err
	}
	return (&fault.Error{Class: fault.Unavailable, Code: "no_server", Title: "no server is running with this data folder, so there would be no end to wait for"}).
		WithHint("Start it: headrace serve%s. Or leave --wait away: the run begins when a server does.", s.where())
}

// watchRuns shows runs until they have ended or wait for a person; most 0: as long as it takes. The exit code is that of the worst.
func (s *session) watchRuns(cmd *cobra.Command, most time.Duration, uids ...string) error {
	var worst error
	until := time.Now().Add(most)
	for i, uid := range uids {
		v, ended, err := s.watchRun(cmd, uid, func() bool { return most > 0 && time.Now().After(until) })
		if err != nil {
			return err
		}
		if !ended {
			s.say("Not at its end within %s; it goes on.", span(most))
			s.next("headrace run watch %s", uids[i])
			return codeError(exitTimeout)
		}
		if v.Removal() && (v.State == store.RunGoing || v.State == store.RunSucceeded) {
			s.done("removed flow %s with its items", v.Flow)
			continue
		}
		if err := s.showRun(v); err != nil {
			return err
		}
		if v.State == store.RunHolding {
			s.say("%s It waits for approval. If the deletes are meant: headrace run approve %s; if the source was not whole: headrace run cancel %[2]s", s.yellow("!"), v.UID)
		}
		if code := runExit(v); worst == nil || errors.Is(code, codeError(exitFailed)) {
			worst = code
		}
	}
	return worst
}

// watchRun shows a run's progress until it has ended or waits for a person, or late says that it was long enough.
func (s *session) watchRun(cmd *cobra.Command, uid string, late func() bool) (v api.RunView, ended bool, err error) {
	bar := s.progress()
	defer bar.end()
	for {
		last := v
		if v, err = call(s, cmd, api.RunShow, api.Named{Name: uid}); err != nil {
			if last.Removal() && fault.ClassOf(err) == fault.NotFound { // it went with its flow
				return last, true, nil
			}
			return v, false, err
		}
		bar.run(v)
		switch {
		case v.State != store.RunGoing: // or it waits for a person
			return v, true, nil
		case late():
			return v, false, nil
		}
		if err := pause(cmd.Context(), time.Second); err != nil {
			return v, false, err
		}
	}
}
