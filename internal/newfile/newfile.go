// Package newfile makes files that are made once and must not be half there: a key, a name.
package newfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Make makes a file, mode 0600, that is whole and durable, or not there. An existing one is never touched: if another process
// made it meanwhile, that one stays. The folder must be there.
func Make(path string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".headrace-new-*") // O_EXCL, mode 0600
	if err != nil {
		return err
	}
	defer func() {
		_ = os.Remove(file.Name())
		_ = file.Close()
	}()
	if _, err := file.Write(text); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	// A link, unlike a rename, fails if the name is taken.
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a new name durable. Windows can't, and needs it less.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir) //nolint:gosec // the new file's own folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
