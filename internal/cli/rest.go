package cli

import (
	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/object"
)

// rest is what pausing and resuming one kind of object takes.
type rest[V any] struct {
	noun, name, why string // for the help: the kind, and an example's name and reason
	pauses          string // what a pause does
	pause           api.Operation[api.Pause, V]
	resume          api.Operation[api.Resumption, V]
	look            api.Operation[api.Named, V]
	of              func(V) object.View
	called          func(V) string
	show            func(*session, V) error
}

func pauseCommand[V any](s *session, r rest[V]) *cobra.Command {
	var (
		reason string
		dry    bool
	)
	c := &cobra.Command{Use: "pause NAME", Short: r.pauses, Args: exactly(1),
		Example: examples("headrace "+r.noun+" pause "+r.name, "", "headrace "+r.noun+" pause "+r.name+" --reason \""+r.why+"\"", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, was, err := rehearsing(s, cmd, dry, r.look, r.of, args[0], func() (V, error) {
				return call(s, cmd, r.pause, api.Pause{Name: args[0], Reason: reason, Rehearsal: api.Rehearsal{DryRun: dry}})
			})
			if err != nil {
				return err
			}
			if dry {
				return s.rehearse(was, r.of(v), "")
			}
			s.done("paused  %s %s", r.noun, r.called(v))
			return r.show(s, v)
		}}
	c.Flags().StringVar(&reason, "reason", "", "shown with the state")
	addDryRun(c, &dry)
	return c
}

func resumeCommand[V any](s *session, r rest[V]) *cobra.Command {
	var dry bool
	c := &cobra.Command{Use: "resume NAME", Short: "Let a paused " + r.noun + " go on", Args: exactly(1),
		Example: examples("headrace "+r.noun+" resume "+r.name, "", "headrace "+r.noun+" resume "+r.name+" -q", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, was, err := rehearsing(s, cmd, dry, r.look, r.of, args[0], func() (V, error) {
				return call(s, cmd, r.resume, api.Resumption{Name: args[0], Rehearsal: api.Rehearsal{DryRun: dry}})
			})
			if err != nil {
				return err
			}
			if dry {
				return s.rehearse(was, r.of(v), "")
			}
			s.done("resumed  %s %s", r.noun, r.called(v))
			return r.show(s, v)
		}}
	addDryRun(c, &dry)
	return c
}
