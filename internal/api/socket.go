package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/headrace/headrace/internal/fault"
)

// SocketName is the server's socket inside the data folder.
const SocketName = "headrace.sock"

// longestPath is what fits into a socket's address on all systems (Linux has 108 bytes, others 104, with an end mark).
const longestPath = 103

// address gives a path for a socket of a folder that fits into an address, and what must be closed after using it.
// On Linux a folder with a long name is reached through its open file.
func address(dir string) (string, func(), error) {
	path := filepath.Join(dir, SocketName)
	if len(path) <= longestPath {
		return path, func() {}, nil
	}
	if runtime.GOOS != "linux" {
		return "", nil, fault.New(fault.Invalid, "the data folder's path is too long for a socket: %s", dir).WithHint("Choose a folder with a path of less than %d characters.", longestPath-len(SocketName))
	}
	f, err := os.Open(dir)
	if err != nil {
		return "", nil, fmt.Errorf("open the data folder: %w", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", f.Fd(), SocketName), func() { _ = f.Close() }, nil
}

// Listen makes the socket of a data folder, for its owner only. A socket that a killed server left behind is replaced;
// Conflict if a server answers on it.
func Listen(ctx context.Context, dir string) (net.Listener, error) {
	path, done, err := address(dir)
	if err != nil {
		return nil, err
	}
	defer done()
	if c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", path); err == nil {
		_ = c.Close()
		return nil, &fault.Error{Class: fault.Conflict, Code: "already_serving", Title: "another headrace serve is running with the data folder " + dir, Hint: "stop it first, or choose another folder with --data"}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the old socket: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", filepath.Join(dir, SocketName), err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("protect the socket: %w", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // the path may go through an open file; Cleanup removes it
	return l, nil
}

// Cleanup removes the socket of a server that has ended.
func Cleanup(dir string) { _ = os.Remove(filepath.Join(dir, SocketName)) }

// Dial reaches the server of a data folder; false if none is running.
func Dial(ctx context.Context, dir string) (*Remote, bool, error) {
	if _, err := os.Stat(filepath.Join(dir, SocketName)); err != nil {
		return nil, false, nil //nolint:nilerr // no socket, no server
	}
	dial := func(ctx context.Context) (net.Conn, error) {
		path, done, err := address(dir)
		if err != nil {
			return nil, err
		}
		defer done()
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", path)
	}
	c, err := dial(ctx)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, false, (&fault.Error{Class: fault.Denied, Code: "socket_denied", Title: "the server's socket belongs to another user"}).
			WithHint("Run the command as the user that runs headrace serve: sudo -u USER headrace …")
	case err != nil:
		return nil, false, &fault.Error{Class: fault.Unavailable, Code: "server_unreachable", Title: "the server of this data folder does not answer", Err: err}
	}
	_ = c.Close()
	return newRemote(dial), true, nil
}
