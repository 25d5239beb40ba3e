// Command headrace leads data into and out of Microsoft 365. Everything is in package cli.
package main

import (
	"os"

	"github.com/headrace/headrace/internal/cli"
)

func main() {
	if os.Getenv("GOGC") == "" { // it overrules ours
		tuneCollector()
	}
	program := func() int { return cli.Main(cli.Process()) }
	if dir := os.Getenv("HEADRACE_PROFILE"); dir != "" {
		os.Exit(profiled(dir, program))
	}
	os.Exit(program())
}
