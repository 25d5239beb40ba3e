package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/newfile"
)

// A key file is text: comments and one line with the key. A file of exactly 32 bytes is taken as the bare key.
const keyPrefix = "headrace-master-key:"

// openKeyFile opens the key file at path, or makes it if create says so and there is none.
func openKeyFile(path string, create bool) (*master, error) {
	if path == "" {
		return nil, fault.New(fault.Invalid, "file:// names no key file").WithCode("master_key_url").WithHint("It is written file:///etc/headrace/headrace.key, or file://./headrace-data.key.")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fault.New(fault.Invalid, "find the key file: %w", err)
	}
	key, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !create {
			return nil, &noKeyFileError{path}
		}
		if err := makeKeyFile(path); err != nil {
			return nil, fault.New(fault.Invalid, "make the key file %s: %w", path, err).WithCode("key_file").
				WithHint("Is its folder there, and may this user write to it? Another place is chosen with --master-key file:///PATH.")
		}
		key, err = readKeyFile(path)
	}
	if err != nil {
		return nil, err
	}
	m := localMaster(key, "file://"+path)
	m.file = path
	return m, nil
}

// readKeyFile reads a key that only its owner can read.
func readKeyFile(path string) (key [32]byte, err error) {
	info, err := os.Stat(path) // before it is opened: that could wait for ever on a pipe
	if err != nil {
		return key, unreadable(err)
	}
	if !info.Mode().IsRegular() {
		return key, fault.New(fault.Invalid, "the key file %s is no file", path).WithCode("key_file").WithHint("Name the file itself, not the folder that it is in.")
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return key, fault.New(fault.Invalid, "the key file %s can be read or written by others than its owner (mode %04o)", path, info.Mode().Perm()).WithCode("key_file_mode").
			WithHint("Type: chmod 600 %s. In Kubernetes set the secret volume's defaultMode to 0400.", path)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return key, unreadable(err)
	}
	raw, err := parseKey(text)
	if err != nil {
		return key, fault.New(fault.Invalid, "the key file %s %w", path, err).WithCode("key_file").WithHint("Restore it from its backup. Without it the stored secrets can't be opened; they would have to be entered again.")
	}
	return raw, nil
}

// unreadable leaves a file that is not there to the caller.
func unreadable(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fault.New(fault.Invalid, "open the key file: %w", err).WithCode("key_file").WithHint("The user that headrace runs as must own it and be able to read it.")
}

// parseKey finds the key in a key file's text. Its errors never quote the text.
func parseKey(text []byte) (key [32]byte, err error) {
	if len(text) == len(key) {
		return [32]byte(text), nil
	}
	for line := range bytes.Lines(text) {
		encoded, found := bytes.CutPrefix(bytes.TrimSpace(line), []byte(keyPrefix))
		if !found {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(encoded)))
		if err != nil || len(raw) != len(key) {
			return key, errors.New("has a damaged key: it is not 32 bytes in base64")
		}
		return [32]byte(raw), nil
	}
	return key, fmt.Errorf("has no line that begins with %s, and is not a bare key of 32 bytes either (it has %d)", keyPrefix, len(text))
}

// makeKeyFile makes a key file. An existing one is never touched: if another process made it meanwhile, that one stays.
func makeKeyFile(path string) error {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return err
	}
	return newfile.Make(path, fmt.Appendf(nil, "# headrace's master key %s, made %s.\n# Without it the secrets in the database can't be opened. Keep a copy, apart from the database's backups.\n%s%s\n",
		checkValue(key), time.Now().UTC().Format(time.RFC3339), keyPrefix, base64.StdEncoding.EncodeToString(key[:])))
}
