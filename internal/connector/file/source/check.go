package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/file/bucket"
	"github.com/headrace/headrace/internal/connector/file/tree"
	"github.com/headrace/headrace/internal/fault"
)

// mostChecked is how many files a check looks at.
const mostChecked = 10_000

// check lists a part of the files and opens one. It changes nothing.
func check(ctx context.Context, cfg *Config) []connector.Check {
	if err := errors.Join(cfg.Validate().Err(), ctx.Err()); err != nil {
		return []connector.Check{refusal("Settings", err)}
	}
	name := "Folder"
	if bucket.Is(cfg.Path) {
		name = "Bucket"
	}
	place, err := openTree(ctx, cfg)
	if err != nil {
		return []connector.Check{refusal(name, err)}
	}
	defer func() { _ = place.Close() }()
	out := []connector.Check{{Name: name, Result: connector.Works, Text: cfg.Path + " can be read."}}
	found := &findings{formats: map[string]int{}, unknown: map[string]int{}}
	if err := found.look(ctx, cfg, place); err != nil {
		return append(out, refusal("Files", err))
	}
	return append(out, found.rows(ctx, cfg, place)...)
}

// findings are what a check saw.
type findings struct {
	formats, unknown map[string]int // by format; by extension
	files, left      int            // that are read; that a pattern leaves out
	first            string
	cut              bool
	folders          []error
	passed           int
}

func (f *findings) look(ctx context.Context, cfg *Config, place tree.Tree) error {
	walk := place.Walk("", cfg.enters)
	for n := 0; ; n++ {
		file, err := walk.Next(ctx)
		f.passed = walk.Passed()
		var folder *tree.FolderError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &folder):
			f.folders = append(f.folders, folder)
			continue
		case err != nil:
			return err
		case n == mostChecked:
			f.cut = true
			return nil
		}
		format := cfg.planOf(file.Path).format
		switch {
		case format == "" && cfg.fits(file.Path):
			f.unknown[cmp.Or(path.Ext(file.Path), "no extension")]++
		case !cfg.wants(file.Path):
			f.left++
		default:
			f.files++
			f.formats[format]++
			f.first = cmp.Or(f.first, file.Path)
		}
	}
}

func (f *findings) rows(ctx context.Context, cfg *Config, place tree.Tree) []connector.Check {
	more := ""
	if f.cut {
		more = " at least"
	}
	files := connector.Check{Name: "Files", Result: connector.Works, Text: fmt.Sprintf("%d%s: %s.", f.files, more, counts(f.formats))}
	if f.files == 0 {
		files.Result, files.Text = connector.Missing, "no file is read."
		files.Fix = "Are path, include and exclude right? Patterns are of the path below the folder: **/*.md finds files in every folder, *.md only those directly in it."
	}
	out := []connector.Check{files}
	if len(f.unknown)+f.left+f.passed > 0 {
		var parts []string
		if f.left > 0 {
			parts = append(parts, fmt.Sprintf("%d left out by include and exclude", f.left))
		}
		if len(f.unknown) > 0 {
			parts = append(parts, "of no known format: "+counts(f.unknown))
		}
		if f.passed > 0 {
			parts = append(parts, fmt.Sprintf("%d links and special files", f.passed))
		}
		out = append(out, connector.Check{Name: "Passed over", Result: connector.NotNeeded, Text: strings.Join(parts, "; ") + "."})
	}
	for _, err := range f.folders {
		out = append(out, refusal("Subfolder", err))
	}
	if f.first != "" {
		out = append(out, open1(ctx, place, f.first))
	}
	if cfg.Key == "" && f.formats["csv"]+f.formats["json"]+f.formats["ndjson"] > 0 {
		out = append(out, connector.Check{Name: "Key of rows", Result: connector.NotNeeded, Text: "not set; only a mirror needs one.", Fix: "For a mirror name the column that tells rows apart with key:."})
	}
	return out
}

// open1 opens one file.
func open1(ctx context.Context, place tree.Tree, name string) connector.Check {
	content, err := place.Open(ctx, name)
	if err != nil {
		return refusal("Reading", fmt.Errorf("%s: %w", name, err))
	}
	_ = content.Close()
	return connector.Check{Name: "Reading", Result: connector.Works, Text: name + " can be opened."}
}

// counts lists numbers, the largest first.
func counts(all map[string]int) string {
	names := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(all[b]-all[a], strings.Compare(a, b)) })
	var parts []string
	for i, name := range names {
		if i == 8 {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, fmt.Sprintf("%s %d", name, all[name]))
	}
	return strings.Join(parts, ", ")
}

func refusal(name string, err error) connector.Check {
	return connector.Check{Name: name, Result: connector.Refused, Text: err.Error(), Fix: fault.HintOf(err), Err: err}
}
