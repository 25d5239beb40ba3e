package fault

import (
	"errors"
	"io/fs"
	"os"
)

// Errno takes off what the standard library puts around an error of the operating system, for who says operation and path
// himself.
func Errno(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Err
	}
	return err
}
