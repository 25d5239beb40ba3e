package cli

import (
	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
)

// rest is what pausing and resuming one kind of object takes.
type rest[V any] struct {
	noun, name, why string // for the help: the kind, and an example's name and reason
	pauses          string // what a pause does
	pause           api.Operation[api.Pause, V]
	resume          api.Operation[api.Named, V]
	called          func(V) string
	show            func(*session, V) error
}

func pauseCommand[V any](s *session, r rest[V]) *cobra.Command {
	var reason string
	c := &cobra.Command{Use: "pause NAME", Short: r.pauses, Args: exactly(1),
		Example: examples("headrace "+r.noun+" pause "+r.name, "", "headrace "+r.noun+" pause "+r.name+" --reason \""+r.why+"\"", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, r.pause, api.Pause{Name: args[0], Reason: reason})
			if err != nil {
				return err
			}
			s.done("paused  %s %s", r.noun, r.called(v))
			return r.show(s, v)
		}}
	c.Flags().StringVar(&reason, "reason", "", "shown with the state")
	return c
}

func resumeCommand[V any](s *session, r rest[V]) *cobra.Command {
	return &cobra.Command{Use: "resume NAME", Short: "Let a paused " + r.noun + " go on", Args: exactly(1),
		Example: examples("headrace "+r.noun+" resume "+r.name, "", "headrace "+r.noun+" resume "+r.name+" -q", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, r.resume, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			s.done("resumed  %s %s", r.noun, r.called(v))
			return r.show(s, v)
		}}
}
