//go:build race

package extract

import "github.com/tetratelabs/wazero"

// engine interprets WebAssembly: with the race detector compiling it takes a minute.
func engine() wazero.RuntimeConfig { return wazero.NewRuntimeConfigInterpreter() }
