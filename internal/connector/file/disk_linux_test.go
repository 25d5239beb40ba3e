package file_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// alone puts a helper into a user and mount namespace of its own, where it may mount.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	run(t, "full", t.TempDir(), alone)
}

func fullDisk() error {
	dir := os.Getenv("FILE_TEST_DIR")
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=600k"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 200_000), 0o600); err != nil {
		return err
	}
	dst, err := openBare(dir)
	if err != nil {
		return err
	}
	after, n, err := fill(dst)
	if err := said(err, fault.Unavailable, "disk_full"); err != nil {
		return err
	}
	_, err = dst.Write(context.Background(), connector.Batch{After: after, Records: big(n, n+5)})
	if err := said(err, fault.Unavailable, "disk_full"); err != nil { // it stays so, and harms nothing
		return err
	}
	return refill(dst, dir, after, n, func() error { return os.Remove(ballast) })
}

func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	run(t, "read-only", t.TempDir(), alone)
}

func readOnlyDisk() error {
	dir := os.Getenv("FILE_TEST_DIR")
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	dst, err := openBare(dir)
	if err != nil {
		return err
	}
	res, err := dst.Write(context.Background(), connector.Batch{Records: big(0, 5)})
	if err := errors.Join(err, dst.Close()); err != nil {
		return err
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("mount again: %w", err)
	}
	_, err = dst.Write(context.Background(), connector.Batch{After: res.Receipt, Records: big(5, 10)})
	if err := said(err, fault.Denied, "read_only"); err != nil {
		return err
	}
	return refill(dst, dir, res.Receipt, 5, func() error { return unix.Mount("", dir, "", unix.MS_REMOUNT, "") })
}

func TestDeniedFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	run(t, "denied", dir, nil)
}

// deniedFolder gives up root's rights, if it has them, before it writes.
func deniedFolder() error {
	dir := os.Getenv("FILE_TEST_DIR")
	if os.Geteuid() == 0 {
		if err := errors.Join(syscall.Setgid(65534), syscall.Setuid(65534)); err != nil {
			return err
		}
	} else if err := os.Chmod(dir, 0o500); err != nil {
		return err
	}
	dst, err := openBare(dir)
	if err != nil {
		return err
	}
	_, err = dst.Write(context.Background(), connector.Batch{Records: big(0, 1)})
	return said(err, fault.Denied, "permission_denied")
}

func TestLimitedFile(t *testing.T) {
	t.Parallel()
	run(t, "limit", t.TempDir(), nil)
}

// limitedFile meets a short write: the kernel writes up to the limit.
func limitedFile() error {
	dir := os.Getenv("FILE_TEST_DIR")
	signal.Ignore(syscall.SIGXFSZ)
	old := unix.Rlimit{}
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 123_456, Max: old.Max}); err != nil {
		return err
	}
	dst, err := openBare(dir)
	if err != nil {
		return err
	}
	after, n, err := fill(dst)
	if err := said(err, fault.Denied, "file_too_large"); err != nil {
		return err
	}
	return refill(dst, dir, after, n, func() error { return unix.Setrlimit(unix.RLIMIT_FSIZE, &old) })
}
