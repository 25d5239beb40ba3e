// Command headrace leads data into and out of Microsoft 365. Everything is in package cli.
package main

import (
	"os"
	"runtime/debug"

	"github.com/headrace/headrace/internal/cli"
)

// gcPercent: what is alive is mostly batches of records, whose bytes the collector needn't look into. Collecting when half as
// much has become garbage, not as much again, costs some hundredths of the CPU and spares a fifth of the memory. GOGC
// overrules it.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	program := func() int { return cli.Main(cli.Process()) }
	if dir := os.Getenv("HEADRACE_PROFILE"); dir != "" {
		os.Exit(profiled(dir, program))
	}
	os.Exit(program())
}
