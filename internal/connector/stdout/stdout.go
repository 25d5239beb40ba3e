// Package stdout writes records to standard output, one JSON value a line, for pipes and for looking at things.
//
// It is the connector `stdout`. It gives no receipts: what a pipe has taken can't be taken back, so a crash repeats at
// most a batch. Start at Spec.
package stdout

import (
	"context"
	_ "embed"
	"io"
	"os"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

//go:embed README.md
var readme string

// standard is the process's own output: there is one, and all flows share it line by line.
var standard = newOutput(writerOf(os.Stdout))

// Spec is the connector, writing to the process's standard output.
func Spec() connector.Spec { return spec(standard) }

// SpecTo is the connector, writing elsewhere. If w is not an *os.File, its Write can't be interrupted.
func SpecTo(w io.Writer) connector.Spec { return spec(newOutput(writerOf(w))) }

func spec(out *output) connector.Spec {
	return connector.Spec{
		Name:    "stdout",
		Title:   "Standard output",
		Summary: "Writes records to standard output, one JSON value a line. A crash repeats at most a batch.",
		README:  readme,
		Destination: &connector.DestinationSpec{
			Config: func() connector.Config { return &Config{} },
			Open: func(connector.Config, connector.Env) (connector.Destination, error) {
				return destination{out}, nil
			},
			BatchBytes: 1 << 20,
			Check: func(context.Context, connector.Config, connector.Env) []connector.Check {
				return []connector.Check{out.check()}
			},
		},
	}
}

// Config has no settings.
type Config struct{}

// Validate finds no problems.
func (*Config) Validate() fault.Problems { return nil }

type destination struct{ out *output }

// Write prints the records. A cancelled one says how many whole lines it printed.
func (d destination) Write(ctx context.Context, batch connector.Batch) (connector.Result, error) {
	if err := ctx.Err(); err != nil {
		return connector.Result{}, err
	}
	text, ends, outcomes := render(batch.Records)
	if len(batch.Records) == 0 {
		return connector.Result{Outcomes: outcomes}, nil
	}
	n, err := d.out.print(ctx, text)
	done := 0
	for i, o := range outcomes {
		switch {
		case o.Kind != connector.Stored:
		case ends[i] <= n:
			done++
		default:
			outcomes[i].Kind = connector.NotTried
		}
	}
	if err != nil && (done == 0 || ctx.Err() == nil) {
		return connector.Result{}, err
	}
	return connector.Result{Outcomes: outcomes, Stopped: err}, nil
}

// Close leaves standard output open: it is not ours.
func (destination) Close() error { return nil }
