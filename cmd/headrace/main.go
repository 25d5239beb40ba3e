// Command headrace leads data into and out of Microsoft 365. Everything is in package cli.
package main

import (
	"os"

	"github.com/headrace/headrace/internal/cli"
)

func main() { os.Exit(cli.Main(cli.Process())) }
