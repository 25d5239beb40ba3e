package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headrace/headrace/internal/api"
	"github.com/headrace/headrace/internal/config"
	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/overview"
)

// The exit codes of plugins for Nagios and its kin (Monitoring Plugins Development Guidelines, "Plugin Return Codes"). Only
// `headrace check` has these.
const (
	nagiosOK = iota
	nagiosWarning
	nagiosCritical
	nagiosUnknown
)

var nagiosWords = []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

// judged is what a check found.
type judged struct {
	Code   int      `json:"code"`
	Status string   `json:"status"` // OK, WARNING, CRITICAL, UNKNOWN
	Text   string   `json:"text"`
	Reason []string `json:"reasons"`

	flows, paused, letters, lost int64
	trouble, attention           int
	worst                        int64 // lag in seconds
}

// lagBounds are from when a flow's lag is a reason; 0: never.
type lagBounds struct{ warn, crit time.Duration }

func (s *session) checkCommand() *cobra.Command {
	var format, warn, crit string
	formats := []string{"nagios", "prometheus", "json", "text"}
	c := &cobra.Command{Use: "check", Short: "One answer for a monitoring system", Args: noArgs,
		Long: "Nagios, Icinga and their kin: exit code 0 is OK, 1 WARNING (something wants attention), 2 CRITICAL (something does not work), 3 UNKNOWN (nobody answers).\n" +
			"--format prometheus writes metrics for node_exporter's textfile collector; a running server has many more at /metrics.",
		Example: examples("headrace check", "", "headrace check --lag-warn 4h --lag-crit 1d", "also when a flow falls behind",
			"headrace check --format prometheus > /var/lib/node_exporter/headrace.prom", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(formats, format) {
				return usage("--format %q is not one of %s%s", format, strings.Join(formats, ", "), config.DidYouMean(format, formats))
			}
			bounds, err := readBounds(warn, crit)
			if err != nil {
				return err
			}
			o, err := call(s, cmd, api.OverviewShow, api.None{})
			found := judge(o, bounds)
			if err != nil {
				found = judged{Code: nagiosUnknown, Status: nagiosWords[nagiosUnknown], Text: err.Error(), Reason: []string{}}
			}
			if err := s.showJudged(found, format); err != nil {
				return err
			}
			return codeError(found.Code)
		}}
	c.Flags().StringVar(&format, "format", "nagios", "nagios, prometheus, json or text")
	c.Flags().StringVar(&warn, "lag-warn", "", "WARNING when a flow's newest record is older (4h)")
	c.Flags().StringVar(&crit, "lag-crit", "", "CRITICAL when it is older (1d)")
	return c
}

func readBounds(warn, crit string) (lagBounds, error) {
	var b lagBounds
	for _, f := range []struct {
		flag, text string
		to         *time.Duration
	}{{"--lag-warn", warn, &b.warn}, {"--lag-crit", crit, &b.crit}} {
		if f.text == "" {
			continue
		}
		d, err := connector.ParseDuration(f.text)
		if err != nil || d <= 0 {
			return b, usage("%s %q is no time like 90m, 4h or 1d", f.flag, f.text)
		}
		*f.to = d
	}
	return b, nil
}

// judge holds how everything stands against the bounds.
func judge(o overview.Overview, b lagBounds) judged {
	j := judged{Reason: []string{}, flows: o.Numbers.Flows, paused: o.Numbers.PausedFlows, lost: o.Day.Lost, Text: o.Health.Text}
	because := func(code int, reason string) {
		j.Code = max(j.Code, code)
		j.Reason = append(j.Reason, reason)
	}
	for _, p := range o.Problems {
		switch p.Severity {
		case overview.Trouble:
			j.trouble++
			because(nagiosCritical, p.Title)
		case overview.Attention:
			j.attention++
			because(nagiosWarning, p.Title)
		}
	}
	for _, f := range o.Flows {
		j.letters += f.OpenLetters
		if f.Mode == "mirror" || f.State == "paused" {
			continue
		}
		j.worst = max(j.worst, f.LagSeconds)
		lag := time.Duration(f.LagSeconds) * time.Second
		switch reason := fmt.Sprintf("the newest record of %s is %s old", f.Name, f.Lag); {
		case b.crit > 0 && lag >= b.crit:
			because(nagiosCritical, reason)
		case b.warn > 0 && lag >= b.warn:
			because(nagiosWarning, reason)
		}
	}
	if o.Health.State == "trouble" { // problems that are not in the list count too
		j.Code = nagiosCritical
	}
	j.Status = nagiosWords[j.Code]
	return j
}

func (s *session) showJudged(j judged, format string) error {
	text := j.Text
	if len(j.Reason) > 0 && j.Code != nagiosUnknown {
		text = strings.Join(j.Reason, "; ")
	}
	text = strings.NewReplacer("|", "/", "\n", " ").Replace(text) // what follows a bar is numbers
	switch {
	case format == "json" || s.wantsJSON():
		return s.value(j)
	case format == "text":
		return s.print(strings.Join(append([]string{j.Status + ": " + j.Text}, j.Reason...), "\n  ") + "\n")
	case format == "prometheus":
		return s.print(j.metrics())
	}
	return s.print(fmt.Sprintf("HEADRACE %s - %s | flows=%d paused=%d problems=%d;;;0 attention=%d;;;0 dead_letters=%d;;;0 lost=%d;;;0 lag=%ds;;;0\n", j.Status, text, j.flows, j.paused, j.trouble, j.attention, j.letters, j.lost, j.worst))
}

// metrics writes Prometheus' text format.
func (j judged) metrics() string {
	var b strings.Builder
	for _, m := range []struct {
		name, help string
		value      int64
	}{
		{"headrace_check_code", "0 well, 1 wants attention, 2 does not work, 3 nobody answers", int64(j.Code)},
		{"headrace_check_flows", "Flows that there are", j.flows},
		{"headrace_check_paused_flows", "Flows that are paused", j.paused},
		{"headrace_check_troubles", "Problems because of which something does not work", int64(j.trouble)},
		{"headrace_check_attentions", "Problems that want attention", int64(j.attention)},
		{"headrace_check_dead_letters", "Open dead letters of the flows that the overview names", j.letters},
		{"headrace_check_lost_splits", "Splits lost in the last 24 hours", j.lost},
		{"headrace_check_lag_seconds", "Age of the newest record of the flow that is furthest behind", j.worst},
	} {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n%s %d\n", m.name, m.help, m.name, m.name, m.value)
	}
	return b.String()
}
