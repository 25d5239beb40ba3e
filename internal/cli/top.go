package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/flow"
)

// pulse is a flow and what it did since the look before.
type pulse struct {
	flow.View
	Read      float64 `json:"read_per_second"`
	Delivered float64 `json:"delivered_per_second"`
}

func (s *session) topCommand() *cobra.Command {
	var (
		every time.Duration
		looks int
	)
	c := &cobra.Command{Use: "top", Short: "Watch the flows at work", Args: noArgs,
		Long: "Shows every flow with its records a second and its lag, again and again until Ctrl-C. On a terminal each look replaces the one before;\n" +
			"elsewhere looks follow each other, two if --count does not say otherwise: the second knows how much was done since the first.",
		Example: examples("headrace top", "", "headrace top --interval 10s --count 6 -o ndjson", "six looks in a minute, for a program"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < 200*time.Millisecond {
				return usage("--interval %s is too short", every).WithHint("Take 1s or more.")
			}
			if looks == 0 && !s.outTTY {
				looks = 2
			}
			before := map[string]flow.View{}
			last := time.Now()
			for n := 1; ; n++ {
				flows, err := everyOf(s, cmd, api.FlowList, api.FlowQuery{})
				if err != nil {
					return err
				}
				now := time.Now()
				if err := s.showPulses(pulses(flows, before, now.Sub(last)), now); err != nil {
					return err
				}
				if n == looks {
					return nil
				}
				last = now
				for _, f := range flows {
					before[f.ID] = f
				}
				if err := pause(cmd.Context(), every); err != nil {
					return err
				}
			}
		}}
	c.Flags().DurationVar(&every, "interval", 2*time.Second, "time between two looks")
	c.Flags().IntVar(&looks, "count", 0, "end after so many looks (default: never on a terminal, else 2)")
	return c
}

// pulses puts beside each flow what it did in a piece of time.
func pulses(flows []flow.View, before map[string]flow.View, in time.Duration) []pulse {
	all := make([]pulse, 0, len(flows))
	for _, f := range flows {
		p := pulse{View: f}
		if b, known := before[f.ID]; known && in > 0 {
			p.Read = float64(f.Counts.Fetched-b.Counts.Fetched) / in.Seconds()
			p.Delivered = float64(f.Counts.Delivered-b.Counts.Delivered) / in.Seconds()
		}
		all = append(all, p)
	}
	return all
}

func (s *session) showPulses(all []pulse, now time.Time) error {
	if f := s.format(); f == "table" || f == "wide" {
		head := fmt.Sprintf("%s  %d flows\n", clock(now), len(all))
		if s.outTTY {
			head = "\x1b[H\x1b[2J" + head // to the upper left, and clear what stands there
		}
		if err := s.print(head); err != nil {
			return err
		}
	}
	rate := func(n float64) string { return fmt.Sprintf("%.1f", n) }
	return list(s, all, func(p pulse) string { return p.ID }, "No flows yet. headrace flow create makes one.", []column[pulse]{
		{head: "FLOW", text: func(p pulse) string { return p.Name }},
		{head: "STATE", text: func(p pulse) string { return p.State }},
		{head: "READ/S", text: func(p pulse) string { return rate(p.Read) }},
		{head: "DELIVERED/S", text: func(p pulse) string { return rate(p.Delivered) }},
		{head: "DELIVERED", text: func(p pulse) string { return count(p.Counts.Delivered) }},
		{head: "LAG", text: func(p pulse) string { return p.Lag }},
		{head: "DEAD LETTERS", text: func(p pulse) string { return count(p.OpenLetters) }},
		{head: "DOING", text: func(p pulse) string { return p.Doing }},
	})
}
