package file

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// flush makes a file's content durable. fdatasync(2) leaves out times, but not the size.
func flush(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
