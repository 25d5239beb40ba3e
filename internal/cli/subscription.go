package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
)

func (s *session) subscriptionCommand() *cobra.Command {
	c := &cobra.Command{Use: "subscription", Aliases: []string{"subscriptions"}, Short: "Microsoft's subscriptions of content types; a source starts its own",
		Example: examples("headrace subscription list contoso", "", "headrace subscription start contoso DLP.All", "")}
	c.AddCommand(
		&cobra.Command{Use: "list SOURCE", Short: "List the subscriptions that Microsoft has for a source's application", Args: exactly(1),
			Example: examples("headrace subscription list contoso", "", "headrace subscription list contoso --json", ""),
			RunE: func(cmd *cobra.Command, args []string) error {
				out, err := call(s, cmd, api.SourceAct, api.ActionRequest{Name: args[0], Action: "subscription-list", Input: fields{}.raw()})
				if err != nil {
					return err
				}
				return s.showSubscriptions(out)
			}},
		s.subscriptionChange("start", "Start or revive subscriptions; without types all that the source collects", "headrace subscription start contoso", "headrace subscription start contoso DLP.All"),
		s.subscriptionChange("stop", "Stop subscriptions; what is produced until the next start is lost", "headrace subscription stop contoso DLP.All", "headrace subscription stop contoso DLP.All --confirm=contoso"))
	return c
}

func (s *session) subscriptionChange(verb, short, first, second string) *cobra.Command {
	var dry bool
	c := &cobra.Command{Use: verb + " SOURCE [TYPE…]", Short: short, Example: examples(first, "", second, ""),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exactly(1)(cmd, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if dry {
				return s.tellSubscriptions(cmd, verb, args[0], args[1:])
			}
			if verb == "stop" {
				if err := s.certain(args[0], "Microsoft keeps nothing of what is produced while a subscription is stopped; it can never be read."); err != nil {
					return err
				}
			}
			input := fields{}
			if len(args) > 1 {
				input["contentTypes"] = args[1:]
			}
			out, err := call(s, cmd, api.SourceAct, api.ActionRequest{Name: args[0], Action: "subscription-" + verb, Input: input.raw()})
			if err != nil {
				return err
			}
			s.done("asked Microsoft to %s", verb)
			return s.showSubscriptions(out)
		}}
	addDryRun(c, &dry)
	return c
}

// tellSubscriptions tells which subscriptions would be started or stopped; no types: for a start all that the source collects.
func (s *session) tellSubscriptions(cmd *cobra.Command, verb, name string, types []string) error {
	src, err := call(s, cmd, api.SourceShow, api.Named{Name: name})
	if err != nil {
		return err
	}
	if len(types) == 0 && verb == "stop" {
		return usage("name the content types to stop").WithHint("headrace subscription list %s shows what runs", name)
	}
	if len(types) == 0 {
		types = src.Streams
	}
	out, err := call(s, cmd, api.SourceAct, api.ActionRequest{Name: name, Action: "subscription-list", Input: fields{}.raw()})
	if err != nil {
		return err
	}
	var all []subscription
	if err := json.Unmarshal(out, &all); err != nil {
		return fmt.Errorf("read the list of subscriptions: %w", err)
	}
	would, as := []string{}, []string{}
	for _, t := range types {
		runs := slices.ContainsFunc(all, func(v subscription) bool { return strings.EqualFold(v.ContentType, t) && v.Status == "enabled" })
		if runs == (verb == "stop") {
			would = append(would, t)
		} else {
			as = append(as, t)
		}
	}
	text := fmt.Sprintf("Microsoft would be asked to %s: %s.", verb, orNone(would))
	if len(as) > 0 {
		text += fmt.Sprintf(" %s already: %s.", yes(verb == "stop", "Not running", "Running"), strings.Join(as, ", "))
	}
	if verb == "stop" && len(would) > 0 {
		text += " What is produced until the next start could never be read."
	}
	return s.told(text, map[string][]string{"would_" + verb: would, "unchanged": as})
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// A subscription as Microsoft lists it.
type subscription struct {
	ContentType string `json:"contentType"`
	Status      string `json:"status"`
	Webhook     *struct {
		Status  string `json:"status"`
		Address string `json:"address"`
	} `json:"webhook"`
}

func (s *session) showSubscriptions(raw json.RawMessage) error {
	var all []subscription
	if f := s.format(); json.Unmarshal(raw, &all) != nil || (f != "table" && f != "wide" && f != "csv" && f != "id") {
		if s.format() == "table" || s.format() == "wide" {
			s.flags.output = "json"
		}
		return s.value(raw)
	}
	return list(s, all, func(v subscription) string { return v.ContentType }, "There are no subscriptions. headrace subscription start SOURCE", []column[subscription]{
		{head: "CONTENT TYPE", text: func(v subscription) string { return v.ContentType }},
		{head: "STATUS", text: func(v subscription) string { return v.Status }},
		{head: "WEBHOOK", text: func(v subscription) string {
			if v.Webhook == nil {
				return "none"
			}
			return v.Webhook.Address + " (" + v.Webhook.Status + ")"
		}},
	})
}
