package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/dataset"
)

func (s *session) datasetCommand() *cobra.Command {
	c := &cobra.Command{Use: "dataset", Aliases: []string{"datasets"}, Short: "What records look like: the last ones, their fields, and what changed",
		Long: "A data set is what a source yields, and has its name. A few records of each stream are looked at while a flow delivers them.\n" +
			"The source's setting samples says what is kept of them: redacted (without what tells of a person; the default), whole, schema (only which fields there are) or off.",
		Example: examples("headrace dataset list", "", "headrace dataset schema contoso --stream Audit.Exchange", "", "headrace dataset diff contoso --since -7d", "what is new, changed or gone")}
	c.AddCommand(s.datasetList(), s.datasetShow(), s.datasetSample(), s.datasetSchema(), s.datasetDiff(), s.datasetForget())
	return c
}

func (s *session) datasetList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List data sets", Args: noArgs, Example: examples("headrace dataset list", "", "headrace dataset list --json=name,streams,changes", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := every(s, cmd, api.DatasetList)
			if err != nil {
				return err
			}
			return list(s, all, func(v dataset.View) string { return v.ID }, "No data sets yet: each source has one. headrace source create makes a source.", []column[dataset.View]{
				{head: "NAME", text: func(v dataset.View) string { return v.Name }},
				{head: "CONNECTOR", text: func(v dataset.View) string { return v.Connector }},
				{head: "STREAMS", text: func(v dataset.View) string { return fmt.Sprint(len(v.Streams)) }},
				{head: "LOOKED AT", text: func(v dataset.View) string { return count(v.Records) }},
				{head: "NEWEST", text: func(v dataset.View) string { return clock(v.Last) }},
				{head: "CHANGES, 7 DAYS", text: func(v dataset.View) string { return count(v.Changes) }},
				{head: "KEPT", text: func(v dataset.View) string { return v.Kept }},
				{head: "FLOWS", text: func(v dataset.View) string { return users(v) }, wide: true},
				{head: "TENANT", text: func(v dataset.View) string { return v.Tenant }, wide: true},
				{head: "ID", text: func(v dataset.View) string { return v.ID }, wide: true},
			})
		}}
}

// users names the flows of a data set.
func users(v dataset.View) string {
	var names []string
	for _, u := range v.UsedBy {
		names = append(names, u.Name+yes(u.Destination == "", "", " → "+u.Destination))
	}
	if more := v.Uses - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

func (s *session) datasetShow() *cobra.Command {
	return &cobra.Command{Use: "show NAME", Short: "Show a data set: its streams, and who uses it", Args: exactly(1),
		Example: examples("headrace dataset show contoso", "", "headrace dataset show contoso --jq '.streams[].stream'", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := call(s, cmd, api.DatasetShow, api.Named{Name: args[0]})
			if err != nil {
				return err
			}
			var streams []string
			for _, one := range v.Streams {
				streams = append(streams, fmt.Sprintf("%s: %s fields in %s records, the newest of %s%s", one.Stream, count(one.Fields), count(one.Records), clock(one.Last), yes(one.Learning, "; still learning what is usual", "")))
			}
			return one(s, v, v.ID, []pair{{"name", v.Name}, {"source", strings.TrimSuffix(v.Connector+", "+v.Credential, ", ")}, {"tenant", v.Tenant}, {"description", v.Description},
				{"looked at", fmt.Sprintf("%s records%s", count(v.Records), yes(v.Looked.IsZero(), "", ", the last "+ago(v.Looked)))}, {"streams", strings.Join(streams, "\n")}, {"fields", yes(v.Fields == 0, "", fmt.Sprint(v.Fields))},
				{"changes", fmt.Sprintf("%s in the last 7 days", count(v.Changes))}, {"kept", v.Kept}, {"flows", strings.ReplaceAll(users(v), ", ", "\n")}})
		}}
}

func (s *session) datasetSample() *cobra.Command {
	in := api.DatasetRecords{Limit: 10}
	c := &cobra.Command{Use: "sample NAME", Short: "Show the last records that are kept", Args: exactly(1),
		Long:    "Shows records that went by, as the source's setting samples lets them be kept. (headrace source sample asks the source for new ones, and keeps none.)",
		Example: examples("headrace dataset sample contoso", "", "headrace dataset sample contoso --stream Audit.Exchange --count 1 --jq '.[].body'", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			page, err := call(s, cmd, api.DatasetSample, in)
			if err != nil {
				return err
			}
			return list(s, page.Items, func(v dataset.SampleView) string { return v.Key },
				fmt.Sprintf("No record is kept. They come while a flow delivers; headrace dataset show %s tells whether the source's settings keep any, headrace source sample %s asks for new ones.", args[0], args[0]), []column[dataset.SampleView]{
					{head: "TIME", text: func(v dataset.SampleView) string { return clock(v.Time) }},
					{head: "STREAM", text: func(v dataset.SampleView) string { return v.Stream }},
					{head: "KEY", text: func(v dataset.SampleView) string { return v.Key }, wide: true},
					{head: "RECORD", text: func(v dataset.SampleView) string { return string(v.Body) }},
				})
		}}
	addStream(c, &in.DatasetPart)
	c.Flags().IntVar(&in.Limit, "count", in.Limit, "how many records, up to 100")
	return c
}

func addStream(c *cobra.Command, in *api.DatasetPart) {
	c.Flags().StringVar(&in.Stream, "stream", "", "only of this stream, like Audit.Exchange")
}

func (s *session) datasetSchema() *cobra.Command {
	var (
		in    api.DatasetPart
		match string
	)
	c := &cobra.Command{Use: "schema NAME", Short: "Show the fields of records: types, share, example, since when", Args: exactly(1),
		Long:    "Shows every field that was seen: its path as jq writes it, its types, in what part of the records it is, and an example without what tells of a person.",
		Example: examples("headrace dataset schema contoso", "", "headrace dataset schema contoso --stream Audit.SharePoint -o csv", "", "headrace dataset schema contoso --match AppAccess", "only fields with this in their path"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			v, err := call(s, cmd, api.DatasetSchema, in)
			if err != nil {
				return err
			}
			v.Fields = slices.DeleteFunc(v.Fields, func(f dataset.FieldView) bool {
				return !strings.Contains(strings.ToLower(f.Path), strings.ToLower(match))
			})
			switch s.format() {
			case "json", "yaml":
				return s.value(v)
			}
			empty := fmt.Sprintf("No field is known of %s yet. They are learned while a flow delivers.", args[0])
			if match != "" {
				empty = fmt.Sprintf("No field has %q in its path.", match)
			}
			if err := list(s, v.Fields, func(f dataset.FieldView) string { return f.Path }, empty, fieldColumns(time.Now())); err != nil {
				return err
			}
			if v.Cut {
				s.say("There are more fields than are kept.")
			}
			return nil
		}}
	addStream(c, &in)
	c.Flags().StringVar(&match, "match", "", "only fields with this in their path")
	return c
}

func fieldColumns(now time.Time) []column[dataset.FieldView] {
	return []column[dataset.FieldView]{
		{head: "FIELD", text: func(f dataset.FieldView) string { return f.Path }},
		{head: "TYPE", text: func(f dataset.FieldView) string { return strings.Join(f.Types, " or ") }},
		{head: "PRESENT", text: func(f dataset.FieldView) string {
			if f.Gone {
				return fmt.Sprintf("gone for %s", span(now.Sub(f.Last)))
			}
			return share(f.Present)
		}},
		{head: "EXAMPLE", text: func(f dataset.FieldView) string { return f.Example }},
		{head: "FIRST SEEN", text: func(f dataset.FieldView) string { return clock(f.First) }, wide: true},
		{head: "LAST SEEN", text: func(f dataset.FieldView) string { return clock(f.Last) }, wide: true},
		{head: "CHANGED", text: func(f dataset.FieldView) string { return clock(f.Changed) }, wide: true},
		{head: "STREAMS", text: func(f dataset.FieldView) string { return strings.Join(f.Streams, ", ") }, wide: true},
	}
}

func share(percent float64) string { return fmt.Sprintf("%v %%", percent) }

func (s *session) datasetDiff() *cobra.Command {
	var (
		in    api.DatasetChanges
		since string
		exit  bool
	)
	c := &cobra.Command{Use: "diff NAME", Short: "Show what changed about the fields of records", Args: exactly(1),
		Long:    "Lists fields that are new, that have a type more, that are gone, or that are back, the newest first. A stream's first day teaches what is usual; nothing counts as new in it.",
		Example: examples("headrace dataset diff contoso", "", "headrace dataset diff contoso --since -1d --exit-code", "exit code 3 if something changed in the last day"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			var err error
			if in.Since, err = moment(since, "--since"); err != nil {
				return err
			}
			all, err := everyOf(s, cmd, api.DatasetDiff, in)
			if err != nil {
				return err
			}
			if err := list(s, all, func(v dataset.ChangeView) string { return v.Path }, "Nothing changed.", []column[dataset.ChangeView]{
				{head: "SINCE", text: func(v dataset.ChangeView) string { return clock(v.Since) }},
				{head: "STREAM", text: func(v dataset.ChangeView) string { return v.Stream }},
				{head: "CHANGE", text: changed},
				{head: "NOTICED", text: func(v dataset.ChangeView) string { return clock(v.Noticed) }, wide: true},
			}); err != nil {
				return err
			}
			if exit && len(all) > 0 {
				return codeError(exitDifferent)
			}
			return nil
		}}
	addStream(c, &in.DatasetPart)
	c.Flags().StringVar(&since, "since", "", "only what was noticed since: 2026-11-20, or -7d (default: all that is known)")
	c.Flags().BoolVar(&exit, "exit-code", false, "end with exit code 3 if something changed")
	return c
}

// changed says what changed about a field.
func changed(v dataset.ChangeView) string {
	switch v.Kind {
	case dataset.FieldNew:
		return fmt.Sprintf("new field %s (%s), in %s of records", v.Path, strings.Join(v.Types, " or "), share(v.Present))
	case dataset.FieldTypes:
		return fmt.Sprintf("%s is %s, was %s", v.Path, strings.Join(v.Types, " or "), strings.Join(v.OldTypes, " or "))
	case dataset.FieldGone:
		return fmt.Sprintf("field %s is gone", v.Path)
	case dataset.FieldBack:
		return fmt.Sprintf("field %s is back", v.Path)
	}
	return v.Kind + " " + v.Path
}

func (s *session) datasetForget() *cobra.Command {
	var (
		in  api.DatasetForgetting
		dry bool
	)
	c := &cobra.Command{Use: "forget NAME", Short: "Forget the records that are kept, and what was learned of them", Args: exactly(1),
		Long:    "What comes by later is looked at again; `headrace source edit NAME --samples off` keeps that from happening.",
		Example: examples("headrace dataset forget contoso --records", "only the records; fields and changes stay", "headrace dataset forget contoso --yes", "all, without asking"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			v, err := call(s, cmd, api.DatasetShow, api.Named{Name: in.Name})
			if err != nil {
				return err
			}
			what := yes(in.Records, "The records that are kept of "+v.Name, fmt.Sprintf("The records that are kept of %s, its %d fields and what changed about them", v.Name, v.Fields))
			if dry {
				return s.told(what+" would be forgotten.", v)
			}
			if err := s.sure("Forget %s?", strings.ToLower(what[:1])+what[1:]); err != nil {
				return err
			}
			if _, err := call(s, cmd, api.DatasetForget, in); err != nil {
				return err
			}
			s.done("forgot  %s", strings.ToLower(what[:1])+what[1:])
			return nil
		}}
	c.Flags().BoolVar(&in.Records, "records", false, "only the records that are kept")
	addDryRun(c, &dry)
	return c
}
