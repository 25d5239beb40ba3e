package cli

import "golang.org/x/sys/unix"

// harden keeps secrets in memory from reaching a core file, or another process of the same user.
func harden() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
