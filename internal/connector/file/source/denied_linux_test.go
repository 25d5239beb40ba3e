package source_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/file/source"
	"github.com/headrace/headrace/internal/fault"
)

// asNobody runs test as a user without rights over files: root may read everything.
func asNobody(t *testing.T, test func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		test()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if err := syscall.Setfsuid(65534); err != nil {
			t.Error(err)
			return
		}
		test()
	}()
	<-done
}

func TestWhatMayNotBeRead(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"fine.md": "x", "secret.md": "x", "secret.csv": "id\n1\n", "open/a.md": "x", "closed/b.md": "x"})
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	for up := dir; len(up) > len(os.TempDir()); up = filepath.Dir(up) {
		must(os.Chmod(up, 0o755))
	}
	must(os.Chmod(filepath.Join(dir, "fine.md"), 0o644), os.Chmod(filepath.Join(dir, "open"), 0o755), os.Chmod(filepath.Join(dir, "open/a.md"), 0o644),
		os.Chmod(filepath.Join(dir, "secret.md"), 0), os.Chmod(filepath.Join(dir, "secret.csv"), 0), os.Chmod(filepath.Join(dir, "closed"), 0))
	t.Cleanup(func() { must(os.Chmod(filepath.Join(dir, "closed"), 0o755)) })
	src := open(t, config(dir))
	asNobody(t, func() {
		splits, complete, failed := list(t, src)
		if complete {
			t.Error("a listing without a folder is complete")
		}
		if len(failed) != 1 || failed[0].Stream != "closed" || fault.ClassOf(failed[0].Err) != fault.Denied || fault.HintOf(failed[0].Err) == "" {
			t.Errorf("failed: %+v", failed)
		}
		got := map[string][]one{}
		for i, path := range paths(splits) {
			got[path] = read(t, src, splits[i])
		}
		if len(got) != 4 || got["fine.md"][0].err != nil || got["open/a.md"][0].err != nil {
			t.Errorf("read %+v", got)
		}
		refused(t, got["secret.md"], "secret.md", "permission_denied")
		refused(t, got["secret.csv"], "", "permission_denied")
	})
	must(os.Chmod(dir, 0))
	t.Cleanup(func() { must(os.Chmod(dir, 0o755)) })
	asNobody(t, func() {
		other, err := source.Spec().Open(config(dir), connector.Env{})
		must(err)
		if _, err := other.Enumerate(context.Background(), nil); fault.ClassOf(err) != fault.Denied || fault.HintOf(err) == "" {
			t.Errorf("a folder that may not be read: %v, want denied", err)
		}
	})
}
