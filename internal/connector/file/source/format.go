package source

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/headrace/headrace/internal/connector/file/extract"
)

// auto goes by the extension.
const auto = "auto"

// kind tells what a format's files hold.
type kind int

const (
	document kind = iota + 1 // one record for each file
	rows                     // one record for each row
)

// kinds are the formats.
var kinds = func() map[string]kind {
	all := map[string]kind{"csv": rows, "json": rows, "ndjson": rows}
	for _, name := range extract.Formats {
		all[name] = document
	}
	return all
}()

// extensions say which format a file has.
var extensions = map[string]string{
	"md": "markdown", "markdown": "markdown", "mdx": "markdown",
	"html": "html", "htm": "html", "xhtml": "html",
	"txt": "text", "text": "text", "log": "text", "rst": "text", "adoc": "text",
	"docx": "docx", "docm": "docx", "pptx": "pptx", "pptm": "pptx", "xlsx": "xlsx", "xlsm": "xlsx", "pdf": "pdf",
	"csv": "csv", "tsv": "csv", "json": "json", "ndjson": "ndjson", "jsonl": "ndjson",
}

// packings are endings of packed tables; the format is told by what stands before them.
var packings = map[string]string{"gz": "gzip", "zst": "zstd"}

// A plan is how one file is read.
type plan struct {
	format  string // "": it is not known
	packing string // "", "gzip" or "zstd"
	tabs    bool   // a .tsv
}

// planOf says how a file of a name is read.
func (c *Config) planOf(name string) plan {
	p := plan{}
	ext := extension(name)
	if p.packing = packings[ext]; p.packing != "" {
		ext = extension(strings.TrimSuffix(name, path.Ext(name)))
	}
	p.format, p.tabs = extensions[ext], ext == "tsv"
	if c.Format != auto {
		p.format = c.Format
	}
	if p.packing != "" && kinds[p.format] != rows {
		return plan{} // a packed document is nothing that we read
	}
	return p
}

// extension is what a name ends in, in small letters and without the dot.
func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}

func formatNames() []string { return slices.Sorted(maps.Keys(kinds)) }
