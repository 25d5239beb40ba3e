package m365sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// A Duration is written 90s, 15m, 36h or 7d in a scenario.
type Duration time.Duration

// UnmarshalYAML reads a duration.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	parsed, err := parseDuration(node.Value)
	if err != nil {
		return lineError(node, err)
	}
	*d = Duration(parsed)
	return nil
}

// String writes the duration as Go does.
func (d Duration) String() string { return time.Duration(d).String() }

func (d Duration) ms() int64 { return time.Duration(d).Milliseconds() }

func parseDuration(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil {
			return time.Duration(n * 24 * float64(time.Hour)), nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration; write 90s, 15m, 36h or 7d", text)
	}
	return d, nil
}

// Bytes is a size, written 500, 64kB, 25MB or 2GB in a scenario (decimal multiples).
type Bytes int64

// UnmarshalYAML reads a size.
func (b *Bytes) UnmarshalYAML(node *yaml.Node) error {
	text, unit := node.Value, int64(1)
	for suffix, multiple := range map[string]int64{"kB": 1e3, "MB": 1e6, "GB": 1e9} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = strings.TrimSpace(number), multiple
			break
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 0 {
		return lineError(node, fmt.Errorf("%q is not a size; write 500, 64kB, 25MB or 2GB", node.Value))
	}
	*b = Bytes(n * float64(unit))
	return nil
}

// A Span is a number or a range, written 100 or 1-3000 in a scenario.
type Span struct{ Min, Max int }

// Exactly is the span that holds n alone.
func Exactly(n int) Span { return Span{n, n} }

// UnmarshalYAML reads a span.
func (s *Span) UnmarshalYAML(node *yaml.Node) error {
	low, high, ranged := strings.Cut(node.Value, "-")
	if !ranged {
		high = low
	}
	lowest, err1 := strconv.Atoi(strings.TrimSpace(low))
	highest, err2 := strconv.Atoi(strings.TrimSpace(high))
	if err1 != nil || err2 != nil {
		return lineError(node, fmt.Errorf("%q is neither a number nor a range such as 1-3000", node.Value))
	}
	s.Min, s.Max = lowest, highest
	return nil
}

// pick takes a number of the span; small ones are the likelier the wider it is, as with real blobs.
func (s Span) pick(x uint64) int {
	if s.Max <= s.Min {
		return s.Min
	}
	share := chance(x)
	return s.Min + int(share*share*share*float64(s.Max-s.Min+1))
}

// lineError is an error that the YAML decoder collects beside its own, so that all come at once.
func lineError(node *yaml.Node, err error) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %v", node.Line, err)}}
}
