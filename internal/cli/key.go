package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
)

func (s *session) keyCommand() *cobra.Command {
	c := &cobra.Command{Use: "key", Short: "The keys that secrets are sealed with", Example: examples("headrace key show-id", "", "headrace key rotate", "")}
	show := func(v api.KeyInfo) error {
		return one(s, v, v.KeyID, []pair{{"data key", v.KeyID}, {"data keys", fmt.Sprint(v.Keys)}, {"master key", v.MasterID}, {"master key at", v.Master}})
	}
	c.AddCommand(&cobra.Command{Use: "show-id", Short: "Name the keys; nothing secret is shown", Args: noArgs, Example: examples("headrace key show-id", "", "headrace key show-id --json=master_id", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := call(s, cmd, api.KeyShow, api.None{})
			if err != nil {
				return err
			}
			return show(v)
		}})
	var master string
	rotate := &cobra.Command{Use: "rotate", Short: "Replace the data key, or with --to the master key", Args: noArgs,
		Long:    "Makes a new data key and seals all secrets anew; the old one is retired. With --to the keyset is wrapped under another master key; the old one stays where it is, since older backups need it.",
		Example: examples("headrace key rotate", "", "headrace key rotate --to file:///etc/headrace/new.key", "another master key"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.sure("%s", yes(master == "", "Make a new data key and seal all secrets anew?", "Wrap the keyset under another master key?")); err != nil {
				return err
			}
			v, err := call(s, cmd, api.KeyRotate, api.KeyRotation{Master: master})
			if err != nil {
				return err
			}
			if master == "" {
				s.done("new data key %s; %d secrets sealed anew", v.KeyID, v.Resealed)
			} else {
				s.done("the keyset is under master key %s now", v.MasterID)
				s.say("  from now on start headrace with --master-key %s, and back it up", v.Master)
			}
			if s.wantsJSON() {
				return s.value(v)
			}
			return nil
		}}
	rotate.Flags().StringVar(&master, "to", "", "URL of the new master key: file://PATH or hashivault://KEY")
	c.AddCommand(rotate)
	return c
}
