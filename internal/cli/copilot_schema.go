package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/fault"
)

func sorted(all []string) []string { slices.Sort(all); return all }

func (s *session) copilotSchema() *cobra.Command {
	c := &cobra.Command{Use: "schema", Short: "The schema of a connection: show, infer, diff, register",
		Example: examples("headrace copilot schema infer policies-in-copilot -o yaml", "to paste it under schema", "headrace copilot schema diff policies-in-copilot", "")}
	c.AddCommand(&cobra.Command{Use: "show DESTINATION", Short: "Show the schema that is registered", Args: exactly(1),
		Example: examples("headrace copilot schema show policies-in-copilot", "", "headrace copilot schema show policies-in-copilot -o yaml", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			var all []copilotProperty
			if err := s.copilotAct(cmd, args[0], "schema-show", fields{}, &all); err != nil {
				return err
			}
			return s.showProperties(all)
		}},
		s.copilotSampled("infer DESTINATION", "Make a schema of sample records; -o yaml prints it to paste under schema", "headrace copilot schema infer policies-in-copilot -o yaml", s.inferSchema),
		s.copilotSampled("diff DESTINATION", "Tell what would become of the registered schema; exit code 3: something would", "headrace copilot schema diff policies-in-copilot", s.diffSchema),
		s.copilotSampled("register DESTINATION", "Register the schema, or its changes; a flow does it by itself", "headrace copilot schema register policies-in-copilot", s.registerSchema))
	return c
}

// copilotSampled is a command that may need sample records.
func (s *session) copilotSampled(use, short, example string, run func(cmd *cobra.Command, destination string, input fields) error) *cobra.Command {
	var (
		source string
		count  = 50
	)
	verb, _, _ := strings.Cut(use, " ")
	c := &cobra.Command{Use: use, Short: short, Args: exactly(1), Example: examples(example, "", "headrace copilot schema "+verb+" policies-in-copilot --source policies --count 200", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			input, err := s.copilotSamples(cmd, args[0], source, count)
			if err != nil {
				return err
			}
			return run(cmd, args[0], input)
		}}
	c.Flags().StringVar(&source, "source", "", "take sample records of this source (default: that of the destination's flow)")
	c.Flags().IntVar(&count, "count", count, "how many records, up to 1000")
	return c
}

func (s *session) inferSchema(cmd *cobra.Command, destination string, input fields) error {
	var all []copilotProperty
	if err := s.copilotAct(cmd, destination, "schema-infer", input, &all); err != nil {
		return err
	}
	return s.showProperties(all)
}

// A copilotDiff is what would become of a registered schema.
type copilotDiff struct {
	Registered bool            `json:"registered"`
	Allowed    bool            `json:"allowed"`
	Changes    []copilotChange `json:"changes"`
}

type copilotChange struct {
	Property string `json:"property"`
	What     string `json:"what"`
	Text     string `json:"text"`
	Fix      string `json:"fix,omitempty"`
	Resend   bool   `json:"resend,omitempty"`
}

// copilotMark is how a change looks in a diff.
var copilotMark = map[string]string{"added": "+", "applied": "~", "kept": "=", "refused": "✗"}

func (s *session) diffSchema(cmd *cobra.Command, destination string, input fields) error {
	var d copilotDiff
	if err := s.copilotAct(cmd, destination, "schema-diff", input, &d); err != nil {
		return err
	}
	if f := s.format(); f == "json" || f == "yaml" || f == "ndjson" {
		if err := s.value(d); err != nil {
			return err
		}
	} else if err := s.print(d.String()); err != nil {
		return err
	}
	if slices.ContainsFunc(d.Changes, func(c copilotChange) bool { return c.What != "kept" }) {
		return codeError(exitDifferent)
	}
	return nil
}

// String is the diff for people.
func (d copilotDiff) String() string {
	var b strings.Builder
	if !d.Registered {
		b.WriteString("No schema is registered yet; all of it is new.\n")
	}
	if len(d.Changes) == 0 {
		b.WriteString("No differences.\n")
	}
	for _, c := range d.Changes {
		fmt.Fprintf(&b, "%s %s: %s", copilotMark[c.What], c.Property, c.Text)
		if c.Resend && d.Registered {
			b.WriteString(" (items are to be sent again)")
		}
		b.WriteString("\n")
		if c.Fix != "" {
			fmt.Fprintf(&b, "    → %s\n", c.Fix)
		}
	}
	if !d.Allowed {
		b.WriteString("Microsoft does not allow the changes marked ✗.\n")
	}
	return b.String()
}

func (s *session) registerSchema(cmd *cobra.Command, destination string, input fields) error {
	var out struct {
		Operation string `json:"operation"`
		Note      string `json:"note"`
	}
	if err := s.copilotAct(cmd, destination, "schema-register", input, &out); err != nil {
		return err
	}
	if out.Operation == "" {
		s.done("%s", out.Note)
	} else {
		s.done("asked Microsoft to register the schema; it usually takes 5–15 minutes")
		s.next("headrace copilot show %s", destination)
	}
	return one(s, out, out.Operation, []pair{{"operation", out.Operation}})
}

// readRecord reads a record for a command: a JSON object, from a file or - for standard input.
func (s *session) readRecord(file string) (json.RawMessage, error) {
	raw, err := s.readInput(file)
	if err != nil {
		return nil, err
	}
	if !json.Valid(raw) {
		return nil, fault.New(fault.Invalid, "%s is not JSON", file).WithHint("It must be one record, as headrace source sample SOURCE -o ndjson prints them.")
	}
	return raw, nil
}

const mostRecordFile = 64 << 20

func (s *session) readInput(file string) ([]byte, error) {
	in := s.io.In
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fault.New(fault.NotFound, "read the record: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	return readAtMost(in, mostRecordFile)
}
