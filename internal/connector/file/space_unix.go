//go:build linux || darwin || freebsd

package file

import (
	"golang.org/x/sys/unix"

	"github.com/headrace/headrace/internal/connector"
)

// space is how much an ordinary user may still write to the file system of a folder.
func space(dir string) (free connector.Size, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return connector.Size(uint64(s.Bavail) * uint64(s.Bsize)), true
}
