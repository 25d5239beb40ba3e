package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// A disk does what changes files. The hook is nil outside tests; it sees every change before it happens and may refuse
// it, as a disk would that fails or loses its power.
type disk struct {
	hook func(op, path string) error
}

func (d disk) allow(op, path string) error {
	if d.hook == nil {
		return nil
	}
	return d.hook(op, path)
}

func (d disk) writeAt(f *os.File, b []byte, off int64) error {
	if err := d.allow("write", f.Name()); err != nil {
		return err
	}
	_, err := f.WriteAt(b, off)
	return err
}

// write appends.
func (d disk) write(f *os.File, b []byte) error {
	if err := d.allow("write", f.Name()); err != nil {
		return err
	}
	_, err := f.Write(b)
	return err
}

// sync makes a file's content durable.
func (d disk) sync(f *os.File) error {
	if err := d.allow("sync", f.Name()); err != nil {
		return err
	}
	return flush(f)
}

// syncDir makes the names in a folder durable. Windows can't and needn't.
func (d disk) syncDir(path string) error {
	if err := d.allow("syncdir", path); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// create makes a file that must not be there yet.
func (d disk) create(path string, mode fs.FileMode) (*os.File, error) {
	if err := d.allow("create", path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	_ = f.Chmod(mode) // whatever the umask is; a file system without modes refuses, which is no reason not to write
	return f, nil
}

func (d disk) truncate(f *os.File, size int64) error {
	if err := d.allow("truncate", f.Name()); err != nil {
		return err
	}
	return f.Truncate(size)
}

func (d disk) remove(path string) error {
	if err := d.allow("remove", path); err != nil {
		return err
	}
	return os.Remove(path)
}

// mkdirAll makes a folder and those above it, and gives the folders whose names have to be made durable.
func (d disk) mkdirAll(path string, mode fs.FileMode) (parents []string, err error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, nil
	case err == nil:
		return nil, &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	parent := filepath.Dir(path)
	if parent != path {
		if parents, err = d.mkdirAll(parent, mode); err != nil {
			return nil, err
		}
	}
	if err := d.allow("mkdir", path); err != nil {
		return nil, err
	}
	switch err := os.Mkdir(path, mode); {
	case err == nil:
		_ = os.Chmod(path, mode) // as in create
	case !errors.Is(err, fs.ErrExist): // another writer may have made it just now
		return nil, err
	}
	return append(parents, parent), nil
}
