//go:build !race

package extract

import "github.com/tetratelabs/wazero"

// engine compiles WebAssembly where wazero can (amd64, arm64) and interprets it elsewhere, some fifty times slower.
func engine() wazero.RuntimeConfig { return wazero.NewRuntimeConfig() }
