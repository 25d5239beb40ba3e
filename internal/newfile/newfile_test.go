package newfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/headrace/headrace/internal/newfile"
)

// Of many that make a file at once, one wins, and nobody finds it empty or in parts.
func TestOneOfManyMakesIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "name")
	found := make([]string, 20)
	var all sync.WaitGroup
	for i := range found {
		all.Go(func() {
			if err := newfile.Make(path, fmt.Appendf(nil, "made by %02d\n", i)); err != nil {
				t.Error(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Error(err)
			}
			found[i] = string(text)
		})
	}
	all.Wait()
	for _, text := range found {
		if text != found[0] || len(text) != len("made by 00\n") {
			t.Errorf("found %q and %q", found[0], text)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestWhatCantBeMade(t *testing.T) {
	t.Parallel()
	if err := newfile.Make(filepath.Join(t.TempDir(), "no", "folder"), []byte("x")); err == nil {
		t.Error("a file in a folder that is not there was made")
	}
}
