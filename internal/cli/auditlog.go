package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/audit"
)

func (s *session) auditCommand() *cobra.Command {
	c := &cobra.Command{Use: "auditlog", Short: "Who changed what, who signed in, and with which credential",
		Long:    "Every change and every sign-in is written down and never changed. Each entry's hash is over the entry before it, by a key that is sealed with the master key, so that verify tells when something else wrote into the log.",
		Example: examples("headrace auditlog list --since -1d", "", "headrace auditlog verify", "", "headrace auditlog export > audit.ndjson", "")}
	c.AddCommand(s.auditList(), s.auditVerify(), s.auditExport())
	return c
}

// auditFlags pick entries.
type auditFlags struct {
	in           api.AuditQuery
	since, until string
}

func (f *auditFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.in.Who, "who", "", "only what this user or token did, by name or ID")
	c.Flags().StringVar(&f.in.Operation, "operation", "", "only this operation (source.pause), or all of a noun (source)")
	c.Flags().StringVar(&f.in.Object, "object", "", "only what was done to this, by name or ID")
	c.Flags().StringVar(&f.in.Kind, "kind", "", "only what was done to things of this kind")
	c.Flags().StringVar(&f.in.Result, "result", "", "ok, failed, or the code of an error")
	c.Flags().StringVar(&f.since, "since", "", "only from this time on: 2026-11-22, 2026-11-22T10:00:00Z or -2d")
	c.Flags().StringVar(&f.until, "until", "", "only before this time")
}

func (f *auditFlags) query() (api.AuditQuery, error) {
	in := f.in
	var err error
	if in.Since, err = moment(f.since, "--since"); err != nil {
		return in, err
	}
	in.Until, err = moment(f.until, "--until")
	return in, err
}

func auditWho(e audit.Entry) string {
	switch e.Who.Kind {
	case "":
		return "(nobody)"
	case "user":
		return e.Who.Name
	}
	return strings.TrimSpace(e.Who.Kind + " " + e.Who.Name)
}

func auditObject(e audit.Entry) string {
	name := e.Object.Name
	if name == "" {
		name = e.Object.ID
	}
	return strings.TrimSpace(e.Object.Kind + " " + name)
}

func (s *session) auditList() *cobra.Command {
	var f auditFlags
	c := &cobra.Command{Use: "list", Short: "List entries, the newest first", Args: noArgs,
		Example: examples("headrace auditlog list", "the last 100", "headrace auditlog list --who ada --since -7d -n 1000", "", "headrace auditlog list --result failed -o wide", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := f.query()
			if err != nil {
				return err
			}
			page, err := call(s, cmd, api.AuditList, in)
			if err != nil {
				return err
			}
			if page.Next != "" {
				defer s.say("There are more: -n, --until, or headrace auditlog export.")
			}
			return list(s, page.Items, func(e audit.Entry) string { return fmt.Sprint(e.ID) }, "There are none.", []column[audit.Entry]{
				{head: "ENTRY", text: func(e audit.Entry) string { return fmt.Sprint(e.ID) }},
				{head: "TIME", text: func(e audit.Entry) string { return e.At.Local().Format("2006-01-02 15:04:05") }},
				{head: "WHO", text: auditWho},
				{head: "OPERATION", text: func(e audit.Entry) string {
					return yes(e.Times > 1, fmt.Sprintf("%s ×%s", e.Operation, count(e.Times)), e.Operation)
				}},
				{head: "OBJECT", text: auditObject},
				{head: "RESULT", text: func(e audit.Entry) string { return e.Result }},
				{head: "FROM", text: func(e audit.Entry) string { return e.From }, wide: true},
				{head: "REQUEST", text: func(e audit.Entry) string { return e.RequestID }, wide: true},
				{head: "BEFORE", text: func(e audit.Entry) string { return string(e.Before) }, wide: true},
				{head: "AFTER", text: func(e audit.Entry) string { return string(e.After) }, wide: true},
			})
		}}
	f.add(c)
	c.Flags().IntVarP(&f.in.Limit, "limit", "n", 100, "how many, at most 1000")
	return c
}

func (s *session) auditVerify() *cobra.Command {
	return &cobra.Command{Use: "verify", Short: "Tell whether something else than headrace wrote into the log", Args: noArgs,
		Long:    "Holds every entry against its hash. Note the last entry's number and hash somewhere else from time to time: a database that is put back as a whole to an earlier state verifies too, but ends at an earlier number.",
		Example: examples("headrace auditlog verify", "", "headrace auditlog verify --json=last,hash", "to note elsewhere"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := call(s, cmd, api.AuditVerify, api.None{})
			if err != nil {
				return err
			}
			s.done("%s entries are as headrace wrote them", count(v.Entries))
			return one(s, v, v.Hash, []pair{{"entries", count(v.Entries)}, {"first", fmt.Sprint(v.First)}, {"last", fmt.Sprint(v.Last)}, {"hash", v.Hash}})
		}}
}

func (s *session) auditExport() *cobra.Command {
	var f auditFlags
	c := &cobra.Command{Use: "export", Short: "Write entries as NDJSON, the oldest first", Args: noArgs,
		Example: examples("headrace auditlog export > audit.ndjson", "", "headrace auditlog export --since -30d --kind credential > credentials.ndjson", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := f.query()
			if err != nil {
				return err
			}
			if err := s.mustExist(); err != nil {
				return err
			}
			conn, err := s.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close() }()
			for in.Order, in.Limit = "oldest", 1000; ; {
				page, err := api.Call(cmd.Context(), conn, api.AuditList, in)
				if err != nil {
					return err
				}
				for _, e := range page.Items {
					raw, err := json.Marshal(e)
					if err != nil {
						return fmt.Errorf("write entry %d: %w", e.ID, err)
					}
					if err := s.print(string(raw) + "\n"); err != nil {
						return err
					}
				}
				if in.After = page.Next; page.Next == "" {
					return nil
				}
			}
		}}
	f.add(c)
	return c
}
