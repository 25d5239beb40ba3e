package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// enough is the free space below which Check complains.
const enough = connector.Size(1 << 30)

// check looks whether records could be written. It leaves nothing behind.
func check(ctx context.Context, cfg *Config) []connector.Check {
	if err := errors.Join(cfg.Validate().Err(), ctx.Err()); err != nil {
		return []connector.Check{refusal("Settings", err)}
	}
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return []connector.Check{refusal("Folder", explain(err, "find", cfg.Path))}
	}
	there, folder := checkFolder(path)
	out := []connector.Check{folder}
	if !folder.Result.OK() {
		return out
	}
	out = append(out, checkWrite(there)...)
	return append(out, checkSpace(there))
}

// checkFolder gives the folder itself, or the nearest above it that is there.
func checkFolder(path string) (there string, c connector.Check) {
	for there = path; ; there = filepath.Dir(there) {
		info, err := os.Stat(there)
		switch {
		case errors.Is(err, fs.ErrNotExist) && there != filepath.Dir(there):
			continue
		case err != nil:
			return there, refusal("Folder", explain(err, "look at", there))
		case !info.IsDir():
			return there, connector.Check{Name: "Folder", Result: connector.Refused, Text: there + " is not a folder.", Fix: "Move it away, or set another path."}
		case there == path:
			return there, connector.Check{Name: "Folder", Result: connector.Works, Text: path + " is there."}
		}
		return there, connector.Check{Name: "Folder", Result: connector.Works, Text: fmt.Sprintf("%s will be made in %s.", path, there)}
	}
}

// checkWrite makes, writes, syncs, locks and removes a file.
func checkWrite(there string) []connector.Check {
	f, err := os.CreateTemp(there, ".headrace-check-*")
	if err != nil {
		return []connector.Check{refusal("Writing", explain(err, "create a file in", there))}
	}
	defer func() { _ = os.Remove(f.Name()) }()
	defer func() { _ = f.Close() }()
	_, err = f.WriteString("{}\n")
	if err = errors.Join(err, flush(f)); err != nil {
		return []connector.Check{refusal("Writing", explain(err, "write", f.Name()))}
	}
	return []connector.Check{{Name: "Writing", Result: connector.Works, Text: "A file can be made, written and synced."}, checkLock(f)}
}

func checkLock(f *os.File) connector.Check {
	again, err := os.Open(f.Name())
	if err != nil {
		return refusal("Locks", explain(err, "open", f.Name()))
	}
	defer func() { _ = again.Close() }()
	_, first := lock(f)
	held, second := lock(again)
	if err := errors.Join(first, second); err != nil {
		return refusal("Locks", explain(err, "lock", f.Name()))
	}
	if !held {
		return connector.Check{Name: "Locks", Result: connector.Unknown, Text: "This file system does not keep two writers apart.",
			Fix: "Make sure that only one headrace writes there."}
	}
	return connector.Check{Name: "Locks", Result: connector.Works, Text: "Two writers are kept apart."}
}

func checkSpace(there string) connector.Check {
	free, known := space(there)
	switch {
	case !known:
		return connector.Check{Name: "Space", Result: connector.Unknown, Text: "How much is free can't be seen here."}
	case free < enough:
		return connector.Check{Name: "Space", Result: connector.Missing, Text: fmt.Sprintf("Only %d MB are free.", free/1e6),
			Fix: "Free space or take another disk. When it is full, delivery waits and nothing is lost."}
	}
	return connector.Check{Name: "Space", Result: connector.Works, Text: fmt.Sprintf("%d GB are free.", free/1e9)}
}

func refusal(name string, err error) connector.Check {
	c := connector.Check{Name: name, Result: connector.Refused, Text: err.Error(), Fix: fault.HintOf(err), Err: err}
	if fault.ClassOf(err) == fault.Unavailable {
		c.Result = connector.Unknown
	}
	return c
}
