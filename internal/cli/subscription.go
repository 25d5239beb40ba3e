package cli

import (
	"encoding/json"

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
	return &cobra.Command{Use: verb + " SOURCE [TYPE…]", Short: short, Example: examples(first, "", second, ""),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exactly(1)(cmd, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
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
