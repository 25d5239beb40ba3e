package source

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/file/bucket"
	"github.com/headrace/headrace/internal/connector/file/charset"
	"github.com/headrace/headrace/internal/fault"
)

// Config is which files are read, and how.
type Config struct {
	Path            string             `yaml:"path" doc:"Folder or file to read; or an object storage: s3://BUCKET/FOLDER, azblob://CONTAINER/FOLDER, gs://BUCKET/FOLDER, with keys from the environment" example:"./policies"`
	Include         []string           `yaml:"include" doc:"Only files whose path below the folder fits one of these patterns; ** is any number of folders" example:"**/*.md"`
	Exclude         []string           `yaml:"exclude" doc:"No files whose path fits one of these patterns; a folder that fits is not gone into" example:"drafts/**"`
	Hidden          bool               `yaml:"hidden" doc:"Also files and folders whose names begin with a dot, or with ~$ (Office's lock files)"`
	FollowSymlinks  bool               `yaml:"followSymlinks" doc:"Follow symbolic links that stay within the folder; one that leads out of it is never followed"`
	Format          string             `yaml:"format" doc:"What the files are, whatever their names end in: markdown, html, text, docx, pptx, xlsx, pdf, csv, json, ndjson; auto goes by the extension and passes over what it does not know"`
	Key             string             `yaml:"key" doc:"Of rows (CSV, JSON, NDJSON): the column that tells them apart; needed by a mirror" example:"PartNumber"`
	Delimiter       string             `yaml:"delimiter" doc:"Of CSV: what stands between values; \\t is a tab" example:";"`
	Header          bool               `yaml:"header" doc:"Of CSV: the first row names the columns"`
	Columns         []string           `yaml:"columns" doc:"Of CSV without a header: the names of the columns"`
	Charset         string             `yaml:"charset" doc:"What texts without a byte order mark are written in: utf-8, utf-16le, utf-16be, windows-1252 and its kin, iso-8859-1 and its kin"`
	MaxFile         connector.Size     `yaml:"maxFile" doc:"Larger documents become dead letters; rows are read from files of any size"`
	MaxRecord       connector.Size     `yaml:"maxRecord" doc:"Larger rows, and documents with more text, become dead letters"`
	MaxUnpacked     connector.Size     `yaml:"maxUnpacked" doc:"What a packed document (DOCX, PPTX, XLSX) may unpack to; one that wants more becomes a dead letter"`
	TimePerDocument connector.Duration `yaml:"timePerDocument" doc:"A document that takes longer to read becomes a dead letter"`
	Memory          connector.Size     `yaml:"memory" doc:"Documents that are read at the same time have at most so many bytes together"`
	Interval        connector.Duration `yaml:"interval" doc:"How long to wait between two listings"`
	Samples         string             `yaml:"samples" doc:"What is kept of a few new records for people to look at: redacted (without what tells of a person), whole, schema (only which fields there are), or off" enum:"redacted,whole,schema,off"`
}

// Default is a config that lacks only its path.
func Default() *Config {
	return &Config{
		Format:          "auto",
		Delimiter:       ",",
		Header:          true,
		Charset:         charset.UTF8,
		MaxFile:         64e6,
		MaxRecord:       32e6,
		MaxUnpacked:     1e9,
		TimePerDocument: connector.Duration(time.Minute),
		Memory:          128e6,
		Interval:        connector.Duration(time.Minute),
		Samples:         connector.SamplesRedacted,
	}
}

// Validate reports all problems.
func (c *Config) Validate() fault.Problems {
	var out fault.Problems
	add := func(field, format string, args ...any) {
		out = append(out, fault.Problem{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	if problem := badPath(c.Path); problem != "" {
		add("path", "%s", problem)
	}
	patterns := func(field string, all []string) {
		for i, p := range all {
			switch {
			case p == "" || !doublestar.ValidatePattern(p):
				add(fmt.Sprintf("%s[%d]", field, i), "%q is not a pattern; write it like **/*.md or {hr,it}/*.pdf", p)
			case strings.HasPrefix(p, "/") || strings.HasPrefix(p, "./"):
				add(fmt.Sprintf("%s[%d]", field, i), "%q begins with a slash or dot; patterns are of the path below the folder, like **/*.md", p)
			}
		}
	}
	patterns("include", c.Include)
	patterns("exclude", c.Exclude)
	if c.Format != auto && kinds[c.Format] == 0 {
		add("format", "%q is not a format; take auto or one of %s", c.Format, strings.Join(formatNames(), ", "))
	}
	c.validateRows(add)
	if !charset.Known(c.Charset) {
		add("charset", "%q is not known; take one of %s", c.Charset, strings.Join(charset.Names(), ", "))
	}
	c.validateLimits(add)
	return out
}

// badPath says what is wrong with the path; "": nothing.
func badPath(path string) string {
	scheme, _, isURL := strings.Cut(path, "://")
	switch {
	case strings.TrimSpace(path) == "":
		return "is missing; give the folder or file to read, like ./policies"
	case strings.HasPrefix(path, "~"):
		return fmt.Sprintf("%q begins with ~, which only a shell understands; write the folder out", path)
	case strings.ContainsRune(path, 0):
		return "contains a NUL character"
	case isURL && scheme != "file":
		return bucket.Problem(path)
	case isURL:
		if u, err := url.Parse(path); err != nil || u.Host != "" || u.Path == "" {
			return "is no file URL; write it like file:///srv/policies"
		}
	}
	return ""
}

func (c *Config) validateRows(add func(field, format string, args ...any)) {
	if r, n := utf8.DecodeRuneInString(c.delimiter()); n != len(c.delimiter()) || r == utf8.RuneError || r == '"' || r == '\r' || r == '\n' {
		add("delimiter", `%q is not a delimiter; take one character like , or ; or \t`, c.Delimiter)
	}
	switch {
	case c.Header && len(c.Columns) > 0:
		add("columns", "are named by the header; say header: false if the files have none")
	case !c.Header && len(c.Columns) == 0:
		add("columns", "are missing; without a header they must be named here")
	}
	seen := map[string]bool{}
	for i, name := range c.Columns {
		if seen[name] || name == "" {
			add(fmt.Sprintf("columns[%d]", i), "%q is empty or there twice", name)
		}
		seen[name] = true
	}
	if len(c.Columns) > 0 && c.Key != "" && !seen[c.Key] {
		add("key", "%q is not one of the columns", c.Key)
	}
	if kinds[c.Format] == document && c.Key != "" {
		add("key", "is only for rows; a document is known by its path")
	}
}

func (c *Config) validateLimits(add func(field, format string, args ...any)) {
	size := func(field string, s, least, most connector.Size) {
		if s < least || s > most {
			add(field, "%s is not between %s and %s", s, least, most)
		}
	}
	size("maxFile", c.MaxFile, 1, 1<<30)
	size("maxRecord", c.MaxRecord, 1_000, 1<<30)
	size("maxUnpacked", c.MaxUnpacked, 1<<20, 1<<40)
	size("memory", c.Memory, 1<<20, 1<<40)
	if c.Memory < c.MaxFile {
		add("memory", "%s is less than maxFile (%s), so the largest documents could never be read", c.Memory, c.MaxFile)
	}
	if c.TimePerDocument.Std() < time.Millisecond || c.TimePerDocument.Std() > time.Hour {
		add("timePerDocument", "%s is not between 1ms and 1h", c.TimePerDocument)
	}
	if c.Interval.Std() < time.Second || c.Interval.Std() > 7*24*time.Hour {
		add("interval", "%s is not between 1s and 7d", c.Interval)
	}
}

// delimiter is the one that is meant.
func (c *Config) delimiter() string {
	if c.Delimiter == `\t` {
		return "\t"
	}
	return c.Delimiter
}
