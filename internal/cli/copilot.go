package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// copilotCommand is what can be done with a Copilot connection beside filling it: named operations of its destination.
func (s *session) copilotCommand() *cobra.Command {
	c := &cobra.Command{Use: "copilot", Short: "Connections of Microsoft 365 Copilot: schemas, items, groups, and a doctor",
		Long:    "Each command takes a destination of the connector microsoft-365-copilot: its credential signs in, its connection is meant.",
		Example: examples("headrace copilot doctor policies-in-copilot", "", "headrace copilot schema infer policies-in-copilot -o yaml", "")}
	c.AddCommand(s.copilotList(), s.copilotShow(), s.copilotCreate(), s.copilotRemove(), s.copilotQuota(), s.copilotDoctor(), s.copilotSchema(), s.copilotItem(), s.copilotGroup(), s.copilotAccess())
	return c
}

// copilotAct runs an operation of a destination and decodes its answer into v.
func (s *session) copilotAct(cmd *cobra.Command, destination, action string, input fields, v any) error {
	out, err := call(s, cmd, api.DestinationAct, api.ActionRequest{Name: destination, Action: action, Input: input.raw()})
	if f, ok := fault.As(err); ok && f.Code == "action_not_found" {
		return &fault.Error{Class: f.Class, Code: f.Code, Title: fmt.Sprintf("destination %q is not of the connector microsoft-365-copilot", destination), Hint: "headrace destination list shows which are"}
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, v); err != nil {
		return fmt.Errorf("read the answer of %s: %w", action, err)
	}
	return nil
}

// A copilotConnection is a connection as Graph shows it.
type copilotConnection struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	State       string `json:"state"`
	Category    string `json:"contentCategory"`
	Items       *int64 `json:"ingestedItemsCount,omitempty"`
}

func (c copilotConnection) items() string {
	if c.Items == nil {
		return "not counted yet"
	}
	return fmt.Sprintf("%d, counted every 15 minutes", *c.Items)
}

func (s *session) copilotList() *cobra.Command {
	return &cobra.Command{Use: "list DESTINATION", Short: "List the connections that the destination's app may see", Args: exactly(1),
		Example: examples("headrace copilot list policies-in-copilot", "", "headrace copilot list policies-in-copilot --json", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			var all []copilotConnection
			if err := s.copilotAct(cmd, args[0], "connection-list", fields{}, &all); err != nil {
				return err
			}
			return list(s, all, func(v copilotConnection) string { return v.ID }, "This app sees none. The first run of a flow makes its connection.", []column[copilotConnection]{
				{head: "ID", text: func(v copilotConnection) string { return v.ID }},
				{head: "NAME", text: func(v copilotConnection) string { return v.Name }},
				{head: "STATE", text: func(v copilotConnection) string { return v.State }},
				{head: "DESCRIPTION", text: func(v copilotConnection) string { return v.Description }, wide: true},
			})
		}}
}

func (s *session) showCopilot(c copilotConnection) error {
	return one(s, c, c.ID, []pair{{"id", c.ID}, {"name", c.Name}, {"description", c.Description}, {"state", c.State}, {"category", c.Category}, {"items", c.items()}})
}

func (s *session) copilotShow() *cobra.Command {
	return &cobra.Command{Use: "show DESTINATION", Short: "Show the connection of a destination", Args: exactly(1),
		Example: examples("headrace copilot show policies-in-copilot", "", "headrace copilot show policies-in-copilot -o yaml", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			var c copilotConnection
			if err := s.copilotAct(cmd, args[0], "connection-show", fields{}, &c); err != nil {
				return err
			}
			return s.showCopilot(c)
		}}
}

func (s *session) copilotCreate() *cobra.Command {
	return &cobra.Command{Use: "create DESTINATION", Short: "Make the connection of a destination, or set what of it is set otherwise; a flow does it by itself", Args: exactly(1),
		Example: examples("headrace copilot create policies-in-copilot", "", "headrace copilot create policies-in-copilot --json", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			var c copilotConnection
			if err := s.copilotAct(cmd, args[0], "connection-create", fields{}, &c); err != nil {
				return err
			}
			s.done("the connection %s is there, state %s", c.ID, c.State)
			s.next("headrace copilot schema register %s", args[0])
			return s.showCopilot(c)
		}}
}

func (s *session) copilotRemove() *cobra.Command {
	return &cobra.Command{Use: "remove DESTINATION", Short: "Delete the connection of a destination in the tenant, with all its items", Args: exactly(1),
		Example: examples("headrace copilot remove policies-in-copilot", "", "headrace copilot remove policies-in-copilot --confirm=companypolicies", "without asking"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var c copilotConnection
			if err := s.copilotAct(cmd, args[0], "connection-show", fields{}, &c); err != nil {
				return err
			}
			if err := s.certain(c.ID, fmt.Sprintf("Connection %s (%s) will be deleted with its schema, groups and all items. There is no way back, and its ID is taken for minutes to hours.", c.ID, c.Name)); err != nil {
				return err
			}
			var out map[string]string
			if err := s.copilotAct(cmd, args[0], "connection-remove", fields{"confirm": c.ID}, &out); err != nil {
				return err
			}
			s.done("removed the connection %s; Microsoft goes on deleting for a while", c.ID)
			s.say("  The inventory of destination %s is not right any more: remove its flow and the destination too.", args[0])
			return nil
		}}
}

func (s *session) copilotQuota() *cobra.Command {
	return &cobra.Command{Use: "quota DESTINATION", Short: "Show how many items may still be added", Args: exactly(1),
		Example: examples("headrace copilot quota policies-in-copilot", "", "headrace copilot quota policies-in-copilot --json", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			var q struct {
				Remaining int64 `json:"itemsRemaining"`
			}
			if err := s.copilotAct(cmd, args[0], "quota", fields{}, &q); err != nil {
				return err
			}
			return one(s, q, fmt.Sprint(q.Remaining), []pair{{"items remaining", fmt.Sprint(q.Remaining)}})
		}}
}

func (s *session) copilotDoctor() *cobra.Command {
	return &cobra.Command{Use: "doctor DESTINATION", Short: "Look for what keeps people from finding the content", Args: exactly(1),
		Example: examples("headrace copilot doctor policies-in-copilot", "", "headrace copilot doctor policies-in-copilot --json", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			var rows []connector.Check
			if err := s.copilotAct(cmd, args[0], "doctor", fields{}, &rows); err != nil {
				return err
			}
			checks := api.Checks{Name: args[0], OK: true}
			for _, c := range rows {
				one := api.Check{Name: c.Name, Result: string(c.Result), Text: c.Text, Fix: c.Fix, Link: c.Link, TookMS: c.Took.Milliseconds(), OK: c.Result.OK()}
				checks.OK = checks.OK && (one.OK || c.Result == connector.Unknown)
				checks.Checks = append(checks.Checks, one)
			}
			if err := s.showChecks(checks); err != nil {
				return err
			}
			return failedChecks(checks)
		}}
}

// A copilotProperty is one of a schema.
type copilotProperty struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Description string   `json:"description,omitempty"`
	Searchable  bool     `json:"isSearchable,omitempty"`
	Queryable   bool     `json:"isQueryable,omitempty"`
	Retrievable bool     `json:"isRetrievable,omitempty"`
	Refinable   bool     `json:"isRefinable,omitempty"`
	Aliases     []string `json:"aliases,omitempty"`
	Labels      []string `json:"labels,omitempty"`
}

func (p copilotProperty) uses() string {
	var all []string
	for name, on := range map[string]bool{"searchable": p.Searchable, "queryable": p.Queryable, "retrievable": p.Retrievable, "refinable": p.Refinable} {
		if on {
			all = append(all, name)
		}
	}
	return strings.Join(sorted(all), " ")
}

func (s *session) showProperties(all []copilotProperty) error {
	return list(s, all, func(p copilotProperty) string { return p.Name }, "It has no properties.", []column[copilotProperty]{
		{head: "PROPERTY", text: func(p copilotProperty) string { return p.Name }},
		{head: "TYPE", text: func(p copilotProperty) string { return p.Type }},
		{head: "LABEL", text: func(p copilotProperty) string { return strings.Join(p.Labels, " ") }},
		{head: "USE", text: copilotProperty.uses},
		{head: "ALIASES", text: func(p copilotProperty) string { return strings.Join(p.Aliases, " ") }, wide: true},
		{head: "DESCRIPTION", text: func(p copilotProperty) string { return p.Description }, wide: true},
	})
}

// copilotSamples reads records to infer a schema of: from a source, or from that of the destination's flow.
func (s *session) copilotSamples(cmd *cobra.Command, destination, source string, count int) (fields, error) {
	if source == "" {
		v, err := call(s, cmd, api.DestinationShow, api.Named{Name: destination})
		if err != nil {
			return nil, err
		}
		if len(v.UsedBy) == 0 {
			return nil, usage("no flow fills %s, so there are no sample records", destination).WithHint("Name a source: --source NAME")
		}
		flow, err := call(s, cmd, api.FlowShow, api.Named{Name: v.UsedBy[0]})
		if err != nil {
			return nil, err
		}
		source = flow.Source
	}
	page, err := call(s, cmd, api.SourceSample, api.SampleRequest{Name: source, Count: count})
	if err != nil {
		return nil, fmt.Errorf("sample records of source %s: %w", source, err)
	}
	bodies := make([]json.RawMessage, 0, len(page.Items))
	for _, sample := range page.Items {
		bodies = append(bodies, sample.Body)
	}
	if len(bodies) == 0 {
		return nil, &fault.Error{Class: fault.NotFound, Code: "no_records", Title: fmt.Sprintf("source %s has no records now", source), Hint: "Look at it with headrace source test " + source}
	}
	return fields{"samples": bodies}, nil
}
