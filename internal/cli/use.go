package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/object"
)

// use is what the commands of sources and destinations differ in: both are a connector's settings under a name.
type use[V any] struct {
	noun, name string                                       // for the help: the kind, and an example's name
	half       func(connector.Spec) func() connector.Config // the connector's settings for it; nil if it can't be one
	making     []string                                     // examples of create
	changing   []string                                     // examples of edit
	create     api.Operation[api.Draft, V]
	show       api.Operation[api.Named, V]
	edit       api.Operation[api.Change, V]
	test       api.Operation[api.Named, api.Checks]
	checks     string // what test checks
	of         func(V) object.View
	pairs      func(V) []pair
	next       func(name string) string // the command after create
}

// print writes one; quietly: not for people, who were told.
func (u use[V]) print(s *session, v V, quietly bool) error {
	if f := s.format(); quietly && (f == "table" || f == "wide") {
		return nil
	}
	return one(s, v, u.of(v).ID, u.pairs(v))
}

func createUse[V any](s *session, u use[V]) *cobra.Command {
	var (
		kind, credential, description, ifExists string
		paused, dry                             bool
		st                                      *settings
	)
	c := &cobra.Command{Use: "create NAME", Short: "Make a " + u.noun, Args: exactly(1), Example: examples(u.making...),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkIfExists(ifExists); err != nil {
				return err
			}
			spec := fields{"connector": kind}
			if err := st.specWith(cmd, credential, spec); err != nil {
				return err
			}
			v, was, err := rehearsing(s, cmd, dry, u.show, u.of, args[0], func() (V, error) {
				return call(s, cmd, u.create, api.Draft{Name: args[0], Description: description, Spec: spec.raw(), Paused: paused, IfExists: ifExists, Rehearsal: api.Rehearsal{DryRun: dry}})
			})
			if err != nil {
				return err
			}
			o := u.of(v)
			if dry {
				return s.rehearse(was, o, "")
			}
			s.done("saved  %s %s (%s)", u.noun, o.Name, o.ID)
			s.next("%s", u.next(o.Name))
			return u.print(s, v, true)
		}}
	c.Flags().StringVar(&kind, "connector", "", "headrace connector list shows what there is")
	c.Flags().StringVar(&credential, "credential", "", "the credential that it signs in with")
	c.Flags().StringVar(&description, "description", "", "shown with the name")
	c.Flags().BoolVar(&paused, "paused", false, "do not begin yet")
	addIfExists(c, &ifExists)
	addDryRun(c, &dry)
	st = addSettings(c, s.connectors, u.half)
	return c
}

func showUse[V any](s *session, u use[V]) *cobra.Command {
	return &cobra.Command{Use: "show NAME", Short: "Show a " + u.noun + " and its settings", Args: exactly(1),
		Example: examples(fmt.Sprintf("headrace %s show %s", u.noun, u.name), "", fmt.Sprintf("headrace %s show %s -o yaml", u.noun, u.name), ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, u.show, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			return u.print(s, v, false)
		}}
}

func editUse[V any](s *session, u use[V]) *cobra.Command {
	var (
		credential, description, rename string
		edit                            editFlags
		st                              *settings
	)
	c := &cobra.Command{Use: "edit NAME", Short: "Change a " + u.noun, Args: exactly(1), Example: examples(u.changing...),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec := fields{}
			if err := st.specWith(cmd, credential, spec); err != nil {
				return err
			}
			v, was, err := rehearsing(s, cmd, edit.dry, u.show, u.of, args[0], func() (V, error) {
				return call(s, cmd, u.edit, edit.change(cmd, args[0], rename, &description, spec))
			})
			if err != nil {
				return err
			}
			o := u.of(v)
			if edit.dry {
				return s.rehearse(was, o, "")
			}
			s.done("changed  %s %s (revision %d)", u.noun, o.Name, o.Revision)
			return u.print(s, v, true)
		}}
	c.Flags().StringVar(&credential, "credential", "", "another credential of the same tenant")
	c.Flags().StringVar(&description, "description", "", "shown with the name")
	edit.add(c, &rename)
	st = addSettings(c, s.connectors, u.half)
	return c
}

func testUse[V any](s *session, u use[V]) *cobra.Command {
	return &cobra.Command{Use: "test NAME", Short: u.checks, Args: exactly(1),
		Example: examples(fmt.Sprintf("headrace %s test %s", u.noun, u.name), "", fmt.Sprintf("headrace %s test %s --json", u.noun, u.name), ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.testUntil(cmd, 0, func() (api.Checks, error) { return call(s, cmd, u.test, api.Named{Name: args[0]}) })
		}}
}

// specWith adds the credential and the settings that were given to a spec.
func (st *settings) specWith(cmd *cobra.Command, credential string, into fields) error {
	if credential != "" {
		into["credential"] = credential
	}
	return st.spec(cmd, into)
}
