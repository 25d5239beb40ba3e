package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// A disk does what changes files. The hook is nil outside tests; it stands around every change, to fail it or to
// remember what a power cut would leave of it.
type disk struct {
	hook func(op, path string, do func() error) error
}

func (d disk) run(op, path string, do func() error) error {
	if d.hook == nil {
		return do()
	}
	return d.hook(op, path, do)
}

// overwrite writes from the begin of a file.
func (d disk) overwrite(f *os.File, b []byte) error {
	return d.run("overwrite", f.Name(), func() error {
		_, err := f.WriteAt(b, 0)
		return err
	})
}

// write appends.
func (d disk) write(f *os.File, b []byte) error {
	return d.run("write", f.Name(), func() error {
		_, err := f.Write(b)
		return err
	})
}

// sync makes a file's content durable.
func (d disk) sync(f *os.File) error {
	return d.run("sync", f.Name(), func() error { return flush(f) })
}

// syncDir makes the names in a folder durable. Windows can't and needn't.
func (d disk) syncDir(path string) error {
	return d.run("syncdir", path, func() error {
		if runtime.GOOS == "windows" {
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// create makes a file that must not be there yet.
func (d disk) create(path string, mode fs.FileMode) (f *os.File, err error) {
	err = d.run("create", path, func() (err error) {
		if f, err = os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, mode); err == nil {
			_ = f.Chmod(mode) // whatever the umask is; a file system without modes refuses, which is no reason not to write
		}
		return err
	})
	return f, err
}

func (d disk) truncate(f *os.File, size int64) error {
	return d.run("truncate", f.Name(), func() error { return f.Truncate(size) })
}

func (d disk) remove(path string) error {
	return d.run("remove", path, func() error { return os.Remove(path) })
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
	err = d.run("mkdir", path, func() error {
		err := os.Mkdir(path, mode)
		if err == nil {
			_ = os.Chmod(path, mode) // as in create
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrExist) { // another writer may have made it just now
		return nil, err
	}
	return append(parents, parent), nil
}
