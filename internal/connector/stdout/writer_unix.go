//go:build unix

package stdout

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// atOnce is what a pipe that poll(2) calls writable takes without blocking (PIPE_BUF of Linux).
	atOnce = 4096
	// patience is how long a reader that does not read keeps us from looking at the context, in milliseconds.
	patience = 50
)

// A descriptor writes to a file descriptor past os.File, for two reasons: os.File lets the process die of SIGPIPE when
// descriptor 1 is a pipe that nobody reads, and its Write can't be interrupted while the reader is slow. The
// descriptor's own flags are left alone, since other processes share them.
type descriptor struct {
	fd   int
	file *os.File // keeps it open
}

func writerOf(w io.Writer) writer {
	f, ok := w.(*os.File)
	if !ok {
		return plain{w}
	}
	d := descriptor{fd: -1, file: f}
	if conn, err := f.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { d.fd = int(fd) }) // Fd would change the descriptor's flags
	}
	return d
}

func (d descriptor) write(ctx context.Context, p []byte) (int, error) {
	done := 0
	for done < len(p) {
		if err := d.wait(ctx); err != nil {
			return done, err
		}
		n, err := unix.Write(d.fd, p[done:min(len(p), done+atOnce)])
		done += max(n, 0)
		if err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			return done, err
		}
	}
	return done, nil
}

// wait waits until a write would not block, or ctx ends.
func (d descriptor) wait(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLOUT}}, patience)
		if ready > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			return nil // the write says what is wrong
		}
	}
}

func (d descriptor) check() error {
	fds := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLOUT}}
	if _, err := unix.Poll(fds, 0); err != nil && !errors.Is(err, unix.EINTR) {
		return err
	}
	switch {
	case fds[0].Revents&unix.POLLNVAL != 0:
		return unix.EBADF
	case fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0:
		return unix.EPIPE
	}
	return nil
}
