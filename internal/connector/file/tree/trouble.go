package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/headrace/headrace/internal/fault"
)

// missing says that the place itself cannot be read: nothing below it counts as gone.
func missing(err error, name string) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &fault.Error{Class: fault.Unavailable, Code: "folder_missing", Title: name + " is not there",
			Hint: "Make the folder or mount its disk. What was read from it before is not taken for deleted meanwhile."}
	case errors.Is(err, fs.ErrPermission):
		return &fault.Error{Class: fault.Denied, Code: "permission_denied", Title: "no permission to read " + name,
			Hint: fmt.Sprintf("Let the user that headrace runs as read and enter %s and the folders above it. Under systemd also see ProtectHome and ReadOnlyPaths.", name)}
	}
	return explain(err, "open", name)
}

// explain classifies an error of the operating system about one file.
func explain(err error, doing, name string) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, ok := fault.As(err); ok {
		return err
	}
	cause := fmt.Errorf("%s %s: %w", doing, name, fault.Errno(err))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return &fault.Error{Class: fault.NotFound, Code: "file_vanished", Title: "the file was removed since it was listed", Err: cause}
	case errors.Is(err, fs.ErrPermission):
		return &fault.Error{Class: fault.Invalid, Code: "permission_denied", Title: "no permission to read it", Err: cause,
			Hint: "Let the user that headrace runs as read it (chown or chmod), then touch it so that it is read again."}
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return &fault.Error{Class: fault.Unavailable, Code: "too_many_files", Title: "too many files are open", Err: cause,
			Hint: "Raise the limit of open files (ulimit -n, LimitNOFILE) of headrace."}
	case errors.Is(err, syscall.ELOOP):
		return &fault.Error{Class: fault.Conflict, Code: "link_loop", Title: "symbolic links go round in a circle", Err: cause}
	}
	return &fault.Error{Class: fault.Unavailable, Code: "file_error", Title: "the file system reports an error", Err: cause,
		Hint: "See the system's log for the disk or the network that the folder is on. It is tried again."}
}
