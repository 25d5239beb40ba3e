package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/headrace/headrace/internal/fault"
)

// A trouble is how one kind of error of the operating system is told.
type trouble struct {
	errno error
	class fault.Class
	code  string
	title string
	hint  string // %s is the path
}

// Write never gives NotFound or Conflict, which would discard deliveries, nor Invalid: whatever is wrong with a folder
// can be put right, and then the records that waited are written.
var troubles = []trouble{
	{syscall.ENOSPC, fault.Unavailable, "disk_full", "the disk is full", "Free space on the disk that holds %s, or give it more. Nothing is lost; it goes on by itself."},
	{syscall.EDQUOT, fault.Unavailable, "disk_full", "the disk quota is used up", "Free space in %s or ask for a larger quota. Nothing is lost; it goes on by itself."},
	{syscall.EFBIG, fault.Denied, "file_too_large", "the file may not get any larger", "A limit of the process (ulimit -f) or of the file system keeps %s from growing. Raise it or set a smaller rotateSize."},
	{syscall.EROFS, fault.Denied, "read_only", "the file system is read-only", "Mount the file system that holds %s for writing. If it became read-only by itself, its disk may be failing: see the system's log."},
	{fs.ErrPermission, fault.Denied, "permission_denied", "no permission", "Let the user that headrace runs as write there (chown or chmod %s and the folders above it). Under systemd also see ReadWritePaths."},
	{syscall.ENOTDIR, fault.Denied, "not_a_folder", "there is a file where a folder should be", "Move away what is in the way of %s, or set another path or name."},
	{syscall.EISDIR, fault.Denied, "not_a_file", "there is a folder where a file should be", "Move away what is in the way of %s, or set another name."},
	{syscall.ENAMETOOLONG, fault.Denied, "name_too_long", "the name is too long for the file system", "Make the path or the name template shorter: %s."},
	{syscall.ELOOP, fault.Denied, "link_loop", "symbolic links go round in a circle", "Put the links on the way to %s right."},
	{syscall.EMFILE, fault.Unavailable, "too_many_files", "too many files are open", "Raise the limit of open files (ulimit -n, LimitNOFILE) of the process that writes %s."},
	{syscall.ENFILE, fault.Unavailable, "too_many_files", "too many files are open on this machine", "Raise fs.file-max of the machine that writes %s."},
	{syscall.EIO, fault.Unavailable, "disk_error", "the disk reports an error", "See the system's log for the disk that holds %s. The batch was taken back and is written again."},
	{fs.ErrNotExist, fault.Unavailable, "folder_vanished", "a file or folder is not there any more", "Something removed it while it was written to: see what cleans up below %s."},
}

// explain classifies an error of the operating system; anything else is worth another try.
func explain(err error, doing, path string) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, ok := fault.As(err); ok {
		return err
	}
	cause := fmt.Errorf("%s %s: %w", doing, path, fault.Errno(err))
	for _, t := range troubles {
		if errors.Is(err, t.errno) {
			return &fault.Error{Class: t.class, Code: t.code, Title: t.title, Hint: fmt.Sprintf(t.hint, path), Err: cause}
		}
	}
	return &fault.Error{Class: fault.Unavailable, Code: "file_error", Title: "the file system reports an error", Err: cause,
		Hint: fmt.Sprintf("See the system's log for the file system that holds %s. It is tried again.", path)}
}
