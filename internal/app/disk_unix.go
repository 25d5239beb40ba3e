//go:build linux || darwin || freebsd

package app

import "golang.org/x/sys/unix"

// space tells how much an ordinary user may still write to the file system of a folder, and how large that is, in bytes.
func space(dir string) (free, total int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	size := int64(s.Bsize)                                     //nolint:unconvert // another type on other systems
	return int64(s.Bavail) * size, int64(s.Blocks) * size, nil //nolint:gosec // a disk fits
}
