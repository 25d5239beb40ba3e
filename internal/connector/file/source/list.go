package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/file/tree"
)

const (
	// mostSplits and longest bound one call of Enumerate.
	mostSplits = 2000
	longest    = 10 * time.Second
)

// locator is what Read needs: the file as it was listed.
type locator struct {
	Path     string `json:"path"`
	Odd      bool   `json:"odd,omitempty"` // the name is no UTF-8; path is only how it looks
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"` // nanoseconds since 1970
	Tag      string `json:"tag,omitempty"`
}

// Enumerate lists some files. See connector.Source.
func (s *source) Enumerate(ctx context.Context, raw connector.Cursor) (connector.Enumeration, error) {
	c, err := readCursor(raw)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return connector.Enumeration{}, err
	}
	walk, err := s.resume(ctx, c)
	if err != nil {
		return connector.Enumeration{}, err
	}
	out, ended, err := s.list(ctx, walk, &c)
	if err != nil {
		s.keep(nil)
		return connector.Enumeration{}, err
	}
	out.More = !ended
	if ended {
		s.sayPassed(walk)
		out.Complete = c.Full && !c.Failed
		c, walk = cursor{Version: cursorVersion}, nil
	} else {
		c.After = []byte(walk.Place())
	}
	s.keep(walk)
	out.Cursor, err = c.raw()
	return out, err
}

// resume goes on with the walk in hand if it stands where the cursor does; else it begins one there.
func (s *source) resume(ctx context.Context, c cursor) (tree.Walk, error) {
	s.mu.Lock()
	walk := s.walk
	s.walk = nil
	s.mu.Unlock()
	after := string(c.After)
	if walk != nil && after != "" && walk.Place() == after {
		return walk, nil
	}
	place, err := s.place(ctx, after == "")
	if err != nil {
		return nil, err
	}
	return place.Walk(after, s.cfg.enters), nil
}

func (s *source) keep(walk tree.Walk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.walk = walk
}

// list goes on until there is a page full, the time is up or the walk has ended.
func (s *source) list(ctx context.Context, walk tree.Walk, c *cursor) (out connector.Enumeration, ended bool, err error) {
	failed := map[string]error{}
	for until := time.Now().Add(longest); len(out.Splits) < s.page; {
		f, err := walk.Next(ctx)
		var folder *tree.FolderError
		switch {
		case errors.Is(err, io.EOF):
			out.Failed = streamErrors(failed)
			return out, true, nil
		case errors.As(err, &folder):
			if folder.Path == "" {
				return out, false, folder.Err // the place itself
			}
			failed[stream(folder.Path+"/")] = folder
			c.Failed = true
			continue
		case err != nil:
			return out, false, err
		}
		if s.cfg.wants(f.Path) {
			split, err := splitOf(f)
			if err != nil {
				return out, false, err
			}
			out.Splits = append(out.Splits, split)
		}
		if time.Now().After(until) {
			break
		}
	}
	out.Failed = streamErrors(failed)
	return out, false, nil
}

func streamErrors(failed map[string]error) []connector.StreamError {
	var out []connector.StreamError
	for name, err := range failed {
		out = append(out, connector.StreamError{Stream: name, Err: err})
	}
	return out
}

// sayPassed tells once what nobody reads.
func (s *source) sayPassed(walk tree.Walk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := walk.Passed(); n > 0 && !s.told {
		s.told = true
		s.env.Log.Info("links and special files are passed over", "source", s.env.Name, "count", n)
	}
}

// nameOf is a file's path, readable if it is no UTF-8: what a document is known by.
func nameOf(f tree.File) string {
	if utf8.ValidString(f.Path) {
		return f.Path
	}
	return strconv.QuoteToASCII(f.Path)
}

// splitOf makes the split of one version of a file.
func splitOf(f tree.File) (connector.Split, error) {
	name := nameOf(f)
	odd := name != f.Path
	at, err := json.Marshal(locator{Path: name, Odd: odd, Size: f.Size, Modified: f.Modified.UnixNano(), Tag: f.Tag})
	if err != nil {
		return connector.Split{}, fmt.Errorf("locate %s: %w", f.Path, err)
	}
	id := name + "@" + f.Modified.Format("20060102T150405.999999999Z") + "-" + strconv.FormatInt(f.Size, 10)
	if f.Tag != "" {
		id += "-" + f.Tag
	}
	return connector.Split{ID: id, Locator: at, Stream: stream(name), Time: f.Modified}, nil
}

// rootStream is the stream of what lies directly in the folder.
const rootStream = "root"

// stream is the first folder of a path.
func stream(name string) string {
	if first, _, deeper := strings.Cut(name, "/"); deeper {
		return first
	}
	return rootStream
}

// wants tells whether a file is read.
func (c *Config) wants(name string) bool {
	if c.planOf(name).format == "" {
		return false
	}
	if !strings.Contains(name, "/") && name == path.Base(c.Path) {
		return true // the one file that the path names
	}
	return c.fits(name)
}

func (c *Config) fits(name string) bool {
	return (len(c.Include) == 0 || matches(c.Include, name)) && !matches(c.Exclude, name)
}

// enters tells whether a folder is gone into: not if all in it is left out.
func (c *Config) enters(folder string) bool {
	for _, p := range c.Exclude {
		if dir, all := strings.CutSuffix(p, "/**"); all && doublestar.MatchUnvalidated(dir, folder) || doublestar.MatchUnvalidated(p, folder) {
			return false
		}
	}
	return true
}

func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		if doublestar.MatchUnvalidated(p, name) {
			return true
		}
	}
	return false
}
