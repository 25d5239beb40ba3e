package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
)

func (s *session) keyCommand() *cobra.Command {
	c := &cobra.Command{Use: "key", Short: "The keys that secrets are sealed with", Example: examples("headrace key show-id", "", "headrace key rotate", "")}
	c.AddCommand(s.keyShow(), s.keyRotate())
	return c
}

func (s *session) keyShow() *cobra.Command {
	return &cobra.Command{Use: "show-id", Short: "Name the keys; nothing secret is shown", Args: noArgs, Example: examples("headrace key show-id", "", "headrace key show-id --json=master_id", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := call(s, cmd, api.KeyShow, api.None{})
			if err != nil {
				return err
			}
			return one(s, v, v.KeyID, []pair{{"data key", v.KeyID}, {"data keys", fmt.Sprint(v.Keys)}, {"master key", v.MasterID}, {"master key at", v.Master},
				{"keyset", fmt.Sprintf("revision %d", v.Revision)}, {"nodes", keyNodes(v)}})
		}}
}

// keyNodes tells which processes use the keyset, and which of them have not got its last change.
func keyNodes(v api.KeyInfo) string {
	var lines []string
	for _, n := range v.Nodes {
		line := n.Name + ", reported " + ago(n.Seen)
		switch {
		case n.Silent:
			line += ": down?"
		case n.Revision < v.Revision:
			line += fmt.Sprintf(": has revision %d", n.Revision)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func (s *session) keyRotate() *cobra.Command {
	var in api.KeyRotation
	c := &cobra.Command{Use: "rotate", Short: "Replace the data key, or with --to the master key", Args: noArgs,
		Long: "Makes a new data key and seals all secrets anew; the old one is retired. Several nodes on one PostgreSQL are waited for at each step; if one does not report, it is named, and the same command goes on later. " +
			"With --to the keyset is wrapped under another master key; the old one stays where it is, since older backups need it.",
		Example: examples("headrace key rotate", "", "headrace key rotate --to file:///etc/headrace/new.key", "another master key", "headrace key rotate --forget-node db1-4711", "a node that will not come back"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return s.rotateKey(cmd, in) }}
	c.Flags().StringVar(&in.Master, "to", "", "URL of the new master key: file://PATH or hashivault://KEY")
	c.Flags().StringArrayVar(&in.Gone, "forget-node", nil, "do not wait for this node: it was stopped for good; may be repeated")
	return c
}

func (s *session) rotateKey(cmd *cobra.Command, in api.KeyRotation) error {
	if err := s.sure("%s", yes(in.Master == "", "Make a new data key and seal all secrets anew?", "Wrap the keyset under another master key?")); err != nil {
		return err
	}
	v, err := call(s, cmd, api.KeyRotate, in)
	if err != nil {
		return err
	}
	switch {
	case in.Master != "":
		s.done("the keyset is under master key %s now", v.MasterID)
		s.say("  from now on start headrace with --master-key %s, and back it up", v.Master)
		if len(v.Nodes) > 1 {
			s.say("  %d other processes use the keyset; start them anew with it, else they can't follow its next change", len(v.Nodes)-1)
		}
	case v.Resumed:
		s.done("the rotation that was stopped is at its end: data key %s; %d secrets sealed anew", v.KeyID, v.Resealed)
	default:
		s.done("new data key %s; %d secrets sealed anew", v.KeyID, v.Resealed)
	}
	if s.wantsJSON() {
		return s.value(v)
	}
	return nil
}
