// Package file is the connector `file`. Its writing half stands here: records go to files of a folder, NDJSON, plain or
// compressed, one file for each name that a template gives, exactly once whatever crashes. Its reading half, documents
// and tables of a folder, is package source below it.
//
// Start at Spec and Config; how nothing is lost and nothing is there twice is told at destination.Write and in
// README.md. It is no log shipper: it never deletes a file that was committed.
package file

import (
	"context"
	_ "embed"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/file/source"
	"github.com/headrace/headrace/internal/fault"
)

//go:embed README.md
var readme string

// Spec is the connector.
func Spec() connector.Spec {
	return connector.Spec{
		Name:    "file",
		Title:   "Files",
		Summary: "Reads documents and tables of a folder or an object storage; writes records as NDJSON to files, plain or compressed, each exactly once.",
		README:  readme,
		Source:  source.Spec(),
		Destination: &connector.DestinationSpec{
			Config:     func() connector.Config { return Default() },
			Open:       open,
			BatchBytes: 8 << 20,
			MaxRecord:  func(cfg connector.Config) int64 { return int64(cfg.(*Config).MaxRecord) },
			Exclusive:  exclusive,
			Holds: func(cfg connector.Config, flow string, after connector.Receipt) (bool, error) {
				return holds(cfg.(*Config).Path, flow, after)
			},
			Check: func(ctx context.Context, cfg connector.Config, _ connector.Env) []connector.Check {
				return check(ctx, cfg.(*Config))
			},
		},
	}
}

// Config is where and how files are written.
type Config struct {
	Path        string         `yaml:"path" doc:"Folder that the files are written to; it is made if it is missing" example:"/var/log/headrace"`
	Name        string         `yaml:"name" label:"File name" doc:"Name of a file below path, with {stream}, {date}, {hour}, {tenant} and {flow}; date and hour are UTC of the record's time" example:"{tenant}/{stream}/{date}.ndjson"`
	Compression Compression    `yaml:"compression" doc:"none, gzip or zstd; the ending .gz or .zst is added to the name"`
	RotateSize  connector.Size `yaml:"rotateSize" doc:"Go on in another file, with a number before the ending, before a file gets larger than this; 0 is never" example:"500MB"`
	MaxRecord   connector.Size `yaml:"maxRecord" doc:"Larger records become dead letters"`
	FileMode    Mode           `yaml:"fileMode" doc:"Permission bits of new files, octal"`
	DirMode     Mode           `yaml:"dirMode" doc:"Permission bits of new folders, octal"`
}

// Default is a config that lacks only its path.
func Default() *Config {
	return &Config{
		Name:        "{stream}/{date}/{hour}.ndjson",
		Compression: None,
		RotateSize:  1e9,
		MaxRecord:   32e6,
		FileMode:    0o640,
		DirMode:     0o750,
	}
}

// Validate reports all problems.
func (c *Config) Validate() fault.Problems {
	var out fault.Problems
	add := func(field, format string, args ...any) {
		out = append(out, fault.Problem{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	switch {
	case strings.TrimSpace(c.Path) == "":
		add("path", "is missing; give the folder to write to, like /var/log/headrace")
	case strings.Contains(c.Path, "://"):
		add("path", "%q is a URL; this destination writes to a folder, like /var/log/headrace", c.Path)
	case strings.HasPrefix(c.Path, "~"):
		add("path", "%q begins with ~, which only a shell understands; write the folder out", c.Path)
	case strings.ContainsRune(c.Path, 0):
		add("path", "contains a NUL character")
	}
	if c.Compression != None && c.Compression != Gzip && c.Compression != Zstd {
		add("compression", "%q is not a compression; take none, gzip or zstd", c.Compression)
	} else if _, problem := parseTemplate(c.Name, c.Compression); problem != "" {
		add("name", "%s", problem)
	}
	if c.RotateSize != 0 && c.RotateSize < 1<<16 {
		add("rotateSize", "%s is too small; take at least 64KiB, or 0 for never", c.RotateSize)
	}
	if c.MaxRecord < 1 || c.MaxRecord > 1<<30 {
		add("maxRecord", "%s is not between 1 byte and 1GiB", c.MaxRecord)
	}
	if c.FileMode&0o600 != 0o600 || c.FileMode&0o111 != 0 {
		add("fileMode", "%s must let the owner read and write, and nobody execute, like 0640", c.FileMode)
	}
	if c.DirMode&0o700 != 0o700 {
		add("dirMode", "%s must let the owner do everything, like 0750", c.DirMode)
	}
	return out
}

// exclusive keeps two flows from writing files of the same names. That two different templates give the same name
// can't be known before; the lock on each file refuses it then.
func exclusive(cfg connector.Config, flow string) string {
	c := cfg.(*Config)
	path, err := filepath.Abs(c.Path)
	if err != nil {
		path = filepath.Clean(c.Path)
	}
	return "file " + filepath.Join(path, strings.ReplaceAll(c.Name, "{flow}", clean(flow)))
}

// Mode is permission bits, written in octal.
type Mode fs.FileMode

// UnmarshalText reads 640 or 0640.
func (m *Mode) UnmarshalText(text []byte) error {
	v, err := strconv.ParseUint(strings.TrimPrefix(string(text), "0o"), 8, 32)
	if err != nil || v > 0o777 {
		return fmt.Errorf("%q is not a mode; write permission bits in octal, like 0640", text)
	}
	*m = Mode(v)
	return nil
}

// MarshalText writes 0640.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// String is 0640.
func (m Mode) String() string { return fmt.Sprintf("%04o", uint32(m)) }

// perm gives the bits for the operating system.
func (m Mode) perm() fs.FileMode { return fs.FileMode(m) & fs.ModePerm }
