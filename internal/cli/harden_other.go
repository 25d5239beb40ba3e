//go:build !linux

package cli

import "golang.org/x/sys/unix"

// harden keeps secrets in memory from reaching a core file.
func harden() { _ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }
