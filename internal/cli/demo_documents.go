package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/headrace/headrace/internal/app"
	"github.com/headrace/headrace/internal/m365sim/graph"
	"github.com/headrace/headrace/internal/object"
	"github.com/headrace/headrace/internal/store"
)

// demoDocuments are the files that are documents. Tables are left out: they need a key that only their owner knows.
const demoDocuments = "**/*.{md,markdown,mdx,html,htm,xhtml,txt,text,rst,adoc,docx,docm,pptx,pptm,xlsx,xlsm,pdf}"

// mostCopied bounds what the demo copies of a person's folder.
const mostCopied = 500 << 20

// documents writes the program's own reference, or copies a person's documents: the demo edits and removes some.
func (d *demo) documents(ctx context.Context, dir string) error {
	if d.own == "" {
		if err := d.s.connectorPages(filepath.Join(dir, "connectors")); err != nil {
			return err
		}
		return commandPages(d.root, filepath.Join(dir, "commands"))
	}
	root, err := os.OpenRoot(d.own)
	if err != nil {
		return fmt.Errorf("open your documents: %w", err)
	}
	defer func() { _ = root.Close() }()
	var copied int64
	found := false
	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("copy your documents: %w", err)
		case ctx.Err() != nil:
			return ctx.Err()
		case path != "." && strings.HasPrefix(entry.Name(), ".") && entry.IsDir():
			return fs.SkipDir
		case !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "~$"):
			return nil
		}
		found = found || doublestar.MatchUnvalidated(demoDocuments, path)
		n, err := copyFrom(root, path, filepath.Join(dir, filepath.FromSlash(path)), mostCopied-copied)
		if copied += n; err == nil && copied >= mostCopied {
			err = usage("--documents %s holds more than %d MiB", d.own, mostCopied>>20).WithHint("Give a smaller folder; a flow of your own has no such bound.")
		}
		return err
	})
	if err == nil && !found {
		err = usage("--documents %s holds no documents", d.own).WithHint("Markdown, HTML, text, Word, PowerPoint, Excel and PDF are documents; tables need a flow of your own, which names their key.")
	}
	return err
}

// copyFrom copies at most so many bytes of a file, with its time of change.
func copyFrom(root *os.Root, name, to string, most int64) (int64, error) {
	from, err := root.Open(name)
	if err != nil {
		return 0, fmt.Errorf("copy your documents: %w", err)
	}
	defer func() { _ = from.Close() }()
	info, err := from.Stat()
	if err != nil {
		return 0, fmt.Errorf("copy your documents: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return 0, fmt.Errorf("copy your documents: %w", err)
	}
	into, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("copy your documents: %w", err)
	}
	n, err := io.Copy(into, io.LimitReader(from, most))
	if err = cmp.Or(err, into.Close(), os.Chtimes(to, info.ModTime(), info.ModTime())); err != nil {
		return n, fmt.Errorf("copy your documents: %w", err)
	}
	return n, nil
}

// sayRefused tells which documents could not be read, and why.
func (d *demo) sayRefused(ctx context.Context, a *app.App) error {
	groups, n, err := refused(ctx, a)
	if err != nil || n == 0 {
		return err
	}
	d.s.say("! %s %s could not be read (headrace --data %s deadletter list):", count(n), plural(int(n), "document", "documents"), d.s.flags.data)
	for _, g := range groups {
		d.s.say("    %s", strings.ReplaceAll(g.Reason, "\n", " "))
		if g.Count > 1 {
			d.s.say("    … and %d like it", g.Count-1)
		}
	}
	return nil
}

// refused gives the documents that could not be read, by reason, and how many they are.
func refused(ctx context.Context, a *app.App) ([]store.LetterGroup, int64, error) {
	flow, err := object.Picked(ctx, a.Services.Store, store.Flow, demoFlow, "flow")
	if err != nil {
		return nil, 0, err
	}
	groups, n, _, err := a.Services.Store.LetterGroups(ctx, flow.ID, store.LetterOpen, 5)
	return groups, n, err
}

// pick chooses a text that is edited and a document that is removed; not ok: there are too few.
func (d *demo) pick(dir string) (edited, removed string, ok bool, err error) {
	if d.own == "" {
		return filepath.Join(dir, "commands", "headrace_demo.md"), filepath.Join(dir, "commands", "headrace_version.md"), true, nil
	}
	held, err := d.held()
	if err != nil {
		return "", "", false, err
	}
	for _, name := range slices.Sorted(maps.Keys(held)) {
		switch ext := filepath.Ext(name); {
		case edited == "" && (ext == ".md" || ext == ".txt"):
			edited = filepath.Join(dir, filepath.FromSlash(name))
		case removed == "":
			removed = filepath.Join(dir, filepath.FromSlash(name))
		}
	}
	return edited, removed, edited != "" && removed != "", nil
}

// change edits one document and removes another.
func change(edited, removed string) error {
	f, err := os.OpenFile(edited, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("edit a document: %w", err)
	}
	_, err = f.WriteString("\nThis line was added by the demo.\n")
	if err = cmp.Or(err, f.Close()); err != nil {
		return fmt.Errorf("edit a document: %w", err)
	}
	return os.Remove(removed)
}

// held gives the texts of the items in the tenant, by their documents' paths.
func (d *demo) held() (map[string]string, error) {
	t, err := d.sim.Graph(d.tenant.Name)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	if !slices.ContainsFunc(t.Connections(), func(c graph.Connection) bool { return c.ID == demoConnection }) {
		return out, nil // no document could be read
	}
	items, err := t.Items(demoConnection)
	if err != nil {
		return nil, err
	}
	for item := range items {
		var body struct {
			Properties struct {
				URL string `json:"url"`
			} `json:"properties"`
			Content struct {
				Value string `json:"value"`
			} `json:"content"`
		}
		if err := json.Unmarshal(item.Body, &body); err != nil {
			return nil, fmt.Errorf("read item %s: %w", item.ID, err)
		}
		out[strings.TrimPrefix(body.Properties.URL, demoAddress)] = body.Content.Value
	}
	return out, nil
}

// inStep holds what the tenant has against the folder: markdown and plain text word for word, of other documents that they
// are there. refused is how many documents could not be read.
func (d *demo) inStep(refused int64) error {
	held, err := d.held()
	if err != nil {
		return err
	}
	root, missing := d.path("documents"), int64(0)
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(root, path)
		name := filepath.ToSlash(below)
		if err != nil || !doublestar.MatchUnvalidated(demoDocuments, name) {
			return err
		}
		got, there := held[name]
		if !there {
			missing++
			return nil
		}
		delete(held, name)
		if ext := filepath.Ext(path); ext != ".md" && ext != ".txt" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && plainText(string(text)) != plainText(got) {
			err = d.differs("the item of %s is not what the document is", name)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case missing != refused:
		return d.differs("%d documents are not in Copilot, but %d were refused", missing, refused)
	case len(held) > 0:
		return d.differs("%d items have no document", len(held))
	}
	return nil
}

// frontMatter is what markdown may begin with.
var frontMatter = regexp.MustCompile(`(?s)\A---[ \t]*\n(?:.*?\n)??---[ \t]*(?:\n|\z)`)

// plainText is a document without front matter, a byte order mark and blanks around it.
func plainText(text string) string {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	return strings.TrimSpace(frontMatter.ReplaceAllString(text, ""))
}
