package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/newfile"
)

// homeFile is the file of a data folder that names the node: its disk, that is, not the process.
const homeFile = "node"

// settle tells the other nodes of one database where this process works, before it begins.
func (a *App) settle(ctx context.Context) error {
	if !a.store.Shared() {
		return nil
	}
	name, err := homeOf(a.options.Data)
	if err != nil {
		return err
	}
	return a.store.Settle(ctx, name)
}

var homeName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,99}$`)

// homeOf reads the node's name, or gives it one: the machine's with a random end, since machines are copied and named alike.
func homeOf(data string) (string, error) {
	path := filepath.Join(data, homeFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = nameHome(path)
	}
	if err != nil {
		return "", &fault.Error{Class: fault.Denied, Code: "node_file", Title: "the name of this node cannot be kept", Err: err,
			Hint: "Let the user that headrace runs as write to the data folder, or name another with --data"}
	}
	name := strings.TrimSpace(string(raw))
	if !homeName.MatchString(name) {
		return "", &fault.Error{Class: fault.Invalid, Code: "node_file", Title: fmt.Sprintf("%s holds no name of a node", path),
			Hint: "Write one line of small letters, digits, dots and hyphens into it, the same as before if you know it: files of local disks belong to the node of that name. A new name is given if the file is removed"}
	}
	return name, nil
}

func nameHome(path string) ([]byte, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	host = strings.Trim(regexp.MustCompile(`[^a-z0-9.-]+`).ReplaceAllString(strings.ToLower(host), "-"), "-.")
	if host == "" {
		host = "node"
	}
	var end [3]byte
	if _, err := rand.Read(end[:]); err != nil {
		return nil, err
	}
	name := []byte(host[:min(len(host), 90)] + "-" + hex.EncodeToString(end[:]) + "\n")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := newfile.Make(path, name); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // another process of this folder may have been faster
}
