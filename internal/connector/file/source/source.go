// Package source is the reading half of the connector `file`: it lists files below a folder or in a bucket of an object
// storage, and reads of each its text or its rows.
//
// A split is one version of one file: its ID holds path, size and time of change. A document (markdown, HTML, Office,
// PDF, text) is one record, a table (CSV, JSON, NDJSON) one for each row. Start at Open, then list.go and read.go.
package source

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/file/bucket"
	"github.com/headrace/headrace/internal/connector/file/tree"
	"github.com/headrace/headrace/internal/fault"
)

// Spec is the reading half.
func Spec() *connector.SourceSpec {
	return &connector.SourceSpec{
		Config:      func() connector.Config { return Default() },
		Open:        open,
		StableOrder: true,
		Mutable:     true,
		Interval:    func(cfg connector.Config) time.Duration { return cfg.(*Config).Interval.Std() },
		Samples:     func(cfg connector.Config) string { return cfg.(*Config).Samples },
		Find:        find,
		Check: func(ctx context.Context, cfg connector.Config, _ connector.Env) []connector.Check {
			return check(ctx, cfg.(*Config))
		},
	}
}

// source opens its tree when it is first used: a folder that is missing today may be there tomorrow.
type source struct {
	cfg  *Config
	env  connector.Env
	gate *semaphore.Weighted // bytes of documents in hand
	page int                 // splits in one enumeration

	mu   sync.Mutex
	tree tree.Tree
	walk tree.Walk // goes on where the last listing stopped
	told bool      // what is passed over was logged once
}

func open(cfg connector.Config, env connector.Env) (connector.Source, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fault.New(fault.Internal, "open file source: a config of type %T", cfg)
	}
	if err := c.Validate().Err(); err != nil {
		return nil, err
	}
	return &source{cfg: c, env: env, gate: semaphore.NewWeighted(int64(c.Memory)), page: mostSplits}, nil
}

// Close closes the folder.
func (s *source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tree == nil {
		return nil
	}
	err := s.tree.Close()
	s.tree, s.walk = nil, nil
	return err
}

// place gives the tree. A pass over the files opens it anew, so that a disk that was mounted
// meanwhile is seen, and a storage's new keys are.
func (s *source) place(ctx context.Context, anew bool) (tree.Tree, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tree != nil && !anew {
		return s.tree, nil
	}
	t, err := openTree(ctx, s.cfg)
	if err != nil {
		return nil, err
	}
	if s.tree != nil {
		_ = s.tree.Close() // it was only read
	}
	s.tree = t
	return t, nil
}

func openTree(ctx context.Context, c *Config) (tree.Tree, error) {
	path := c.Path
	if bucket.Is(path) {
		return bucket.Open(ctx, path, bucket.Options{Hidden: c.Hidden})
	}
	if strings.HasPrefix(path, "file://") {
		u, err := url.Parse(path)
		if err != nil {
			return nil, fault.New(fault.Invalid, "path: %w", err)
		}
		path = u.Path
	}
	return tree.OpenFolder(path, tree.Options{Links: c.FollowSymlinks, Hidden: c.Hidden})
}
