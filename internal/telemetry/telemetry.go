// Package telemetry has the names that logs and metrics use, and a log handler that hides what looks like a secret as
// the last net: nothing should ever reach it. Start at Logger.
package telemetry

import (
	"io"
	"log/slog"
)

// Names of log attributes.
const (
	Flow        = "flow"
	Source      = "source"
	Destination = "destination"
	Credential  = "credential"
	Tenant      = "tenant"
	Stream      = "stream"
	Run         = "run"
	Connector   = "connector"
	Class       = "class"
	Op          = "op"
	Err         = "err"
	RequestID   = "request_id"
	Node        = "node"
	Took        = "took"
	Count       = "count"
	Address     = "address"
	Data        = "data"
)

// Version is the release's; the linker sets it (see the Makefile). "" in a build by hand.
var Version string

// Options say how to log.
type Options struct {
	Out   io.Writer
	JSON  bool // for machines; text for people
	Level slog.Level
}

// Logger makes a logger that redacts.
func Logger(o Options) *slog.Logger {
	opts := &slog.HandlerOptions{Level: o.Level, ReplaceAttr: redact}
	if o.JSON {
		return slog.New(slog.NewJSONHandler(o.Out, opts))
	}
	return slog.New(slog.NewTextHandler(o.Out, opts))
}
